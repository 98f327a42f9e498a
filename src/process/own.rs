//! Starting orket once more.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Where Linux keeps the program that runs, also when its file was replaced since.
const RUNNING: &str = "/proc/self/exe";

/// Returns a command that starts this very program, whatever became of its file.
///
/// # Errors
/// When the system does not say which program this is.
pub fn own_command() -> io::Result<Command> {
    let mut command = match Path::new(RUNNING).exists() || std::fs::read_link(RUNNING).is_ok() {
        true => Command::new(RUNNING),
        false => Command::new(std::env::current_exe()?),
    };
    command.arg0("orket");
    Ok(command)
}
