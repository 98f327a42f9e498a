//! Starting orket once more.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use crossbeam_channel::{Receiver, bounded, select};

use super::signals::end_process;

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

/// Waits for an orket that was started here, and hands the first signal on to it; returns how it ended, and that signal. `terminal`: what is
/// typed there reaches both.
///
/// # Errors
/// When it cannot be waited for.
pub fn wait_for(child: &mut Child, signals: &Receiver<i32>, terminal: bool) -> io::Result<(ExitStatus, Option<i32>)> {
    let (id, mut signal) = (child.id(), None);
    let (sender, ended) = bounded(1);
    std::thread::scope(|scope| {
        scope.spawn(move || drop(sender.send(child.wait())));
        loop {
            select! {
                recv(ended) -> status => return Ok((status.map_err(io::Error::other)??, signal)),
                recv(signals) -> given => if let Ok(given) = given {
                    let typed = terminal && matches!(given, 2 | 3);
                    if signal.replace(given).is_none() && !typed {
                        end_process(id, given);
                    }
                },
            }
        }
    })
}
