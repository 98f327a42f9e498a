//! Starting orket once more.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use crossbeam_channel::{Receiver, bounded, select};
#[cfg(target_os = "linux")]
use rustix::process::Signal;

use super::signals::end_process;

/// Tells an orket the number of the one that it ends with.
const STARTER: &str = "ORKET_STARTER";

/// Where Linux keeps the program that runs, also when its file was replaced since.
const RUNNING: &str = "/proc/self/exe";

/// Returns where this very program is, whatever became of its file.
///
/// # Errors
/// When the system does not say which program this is.
pub fn own_program() -> io::Result<PathBuf> {
    match Path::new(RUNNING).exists() || std::fs::read_link(RUNNING).is_ok() {
        true => Ok(PathBuf::from(RUNNING)),
        false => std::env::current_exe(),
    }
}

/// Returns a command that starts this very program.
///
/// # Errors
/// When the system does not say which program this is.
pub fn own_command() -> io::Result<Command> {
    let mut command = Command::new(own_program()?);
    command.arg0("orket");
    Ok(command)
}

/// Returns the variable that lets an orket which this one starts end when this one does, whatever ends it; where the system cannot say so, it
/// goes on.
pub fn ends_with_this() -> (OsString, OsString) {
    (STARTER.into(), std::process::id().to_string().into())
}

/// Sets [`ends_with_this`].
pub fn end_with_this(command: &mut Command) {
    command.envs([ends_with_this()]);
}

/// Lets this orket end, as by a signal to end, when the one has ended that has asked for it.
pub fn end_with_starter() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Pid, getppid, set_parent_process_death_signal, test_kill_process};
        let Some(starter) = std::env::var(STARTER).ok().and_then(|number| Pid::from_raw(number.parse().ok()?)) else { return };
        let _ = set_parent_process_death_signal(Some(Signal::TERM));
        if getppid() != Some(starter) {
            // Either it has ended before it could be listened to, or the variable came here by others.
            let _ = set_parent_process_death_signal(None);
            if test_kill_process(starter) == Err(rustix::io::Errno::SRCH) {
                std::process::exit(128 + Signal::TERM.as_raw());
            }
        }
    }
}

/// Whether this orket was started by another one, with which it ends.
pub(super) fn has_starter() -> bool {
    std::env::var_os(STARTER).is_some()
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
