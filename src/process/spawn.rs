//! One command, from its start until nothing of it is left.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use rustix::termios::{tcgetpgrp, tcsetpgrp};

use super::{Cancel, Ended, Output, Reaper, Spawn, Stdin};

/// How long a command may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until it is asked to end.
    pub timeout: Option<Duration>,
    /// After that, until it is killed.
    pub grace: Duration,
}

/// Takes what a command prints.
pub trait OutputSink {
    /// More output.
    fn bytes(&mut self, bytes: &[u8]);
}

impl<F: FnMut(&[u8])> OutputSink for F {
    fn bytes(&mut self, bytes: &[u8]) {
        self(bytes);
    }
}

/// A command could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start `{}`: {}", program.display(), reason(source))]
pub struct SpawnError {
    /// The program.
    pub program: PathBuf,
    /// Why.
    pub source: io::Error,
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(7) => String::from("its words and variables are longer than the system allows; hand them over in a file"),
        Some(8) => String::from("it is no program this machine can run (a script needs a `#!` line)"),
        Some(2) => String::from("it, the interpreter that it names, or the folder to run in is not there"),
        _ => error.to_string(),
    }
}

/// Starts a command and waits until it has ended; then ends what is left of its process group, and orphans that carry `mark`.
///
/// What background processes keep open is not waited for: the command is over when its first process is.
///
/// # Errors
/// When it cannot be started.
pub fn run(
    spawn: &Spawn,
    limits: &Limits,
    cancel: &Cancel,
    out: &mut dyn OutputSink,
) -> Result<Ended, SpawnError> {
    let failed = |source: io::Error| SpawnError { program: spawn.program.clone(), source };
    let mut command = Command::new(&spawn.program);
    command
        .arg0(&spawn.arg0)
        .args(&spawn.args)
        .current_dir(&spawn.dir)
        .env_clear()
        .envs(spawn.env.iter().map(|(name, value)| (name, value)));
    command.stdin(if spawn.stdin == Stdin::Null { Stdio::null() } else { Stdio::inherit() });
    let mut pipe = None;
    if spawn.output == Output::Capture {
        let (reader, writer) = io::pipe().map_err(failed)?;
        command.stdout(writer.try_clone().map_err(failed)?).stderr(writer);
        pipe = Some(reader);
    }
    if spawn.group {
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(failed)?;
    drop(command);
    let pid = Pid::from_child(&child);
    let terminal = (spawn.group && spawn.stdin == Stdin::Inherit).then(|| Foreground::hand_over(pid)).flatten();
    if let Some(pipe) = &pipe {
        rustix::io::ioctl_fionbio(pipe, true).map_err(|error| failed(error.into()))?;
    }

    let began = Instant::now();
    let watch = pidfd_open(pid, PidfdFlags::empty());
    let mut asked: Option<(Instant, Ended)> = None;
    let mut killed = false;
    let mut buffer = vec![0u8; 64 << 10];
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        let group = |signal| if spawn.group { kill_process_group(pid, signal) } else { rustix::process::kill_process(pid, signal) };
        if asked.is_none() {
            let why = if cancel.stopped() {
                Some(Ended::Cancelled)
            } else {
                limits.timeout.filter(|timeout| began.elapsed() >= *timeout).map(Ended::TimedOut)
            };
            if let Some(why) = why {
                asked = Some((Instant::now(), why));
                let _ = group(Signal::TERM);
                // A stopped process takes a signal only once it goes on.
                let _ = group(Signal::CONT);
            }
        }
        if let Some((since, _)) = asked
            && !killed
            && (cancel.killed() || since.elapsed() >= limits.grace)
        {
            killed = true;
            let _ = group(Signal::KILL);
        }
        let wait = match (asked, limits.timeout) {
            _ if killed => Some(Duration::from_millis(50)),
            (Some((since, _)), _) => Some(limits.grace.saturating_sub(since.elapsed()).min(Duration::from_millis(200))),
            (None, Some(timeout)) => Some(timeout.saturating_sub(began.elapsed())),
            (None, None) => None,
        };
        let wait = if watch.is_err() { Some(wait.unwrap_or(Duration::from_millis(20)).min(Duration::from_millis(20))) } else { wait };
        let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(3);
        if let Ok(watch) = &watch {
            fds.push(PollFd::new(watch, PollFlags::IN));
        }
        if asked.is_none() {
            fds.push(PollFd::from_borrowed_fd(cancel.on_stop(), PollFlags::IN));
        }
        if let Some(pipe) = &pipe {
            fds.push(PollFd::new(pipe, PollFlags::IN));
        }
        let _ = poll(&mut fds, wait.and_then(|wait| Timespec::try_from(wait).ok()).as_ref());
        drop(fds);
        if let Some(reader) = &mut pipe
            && drain(reader, &mut buffer, out, 16)
        {
            pipe = None;
        }
    };
    // What the ended command wrote is in the pipe by now; at most a pipe's size, so that a background writer cannot keep us here.
    if let Some(reader) = &mut pipe {
        drain(reader, &mut buffer, out, 32);
    }
    if spawn.group {
        let _ = kill_process_group(pid, Signal::KILL);
    }
    drop(terminal);
    if let (Some(reaper), Some(mark)) = (Reaper::installed(), spawn.mark()) {
        reaper.sweep_bytes(mark.as_encoded_bytes());
    }
    Ok(match asked {
        Some((_, why)) if !status.success() || why == Ended::Cancelled => why,
        _ => match (status.code(), status.signal()) {
            (Some(code), _) => Ended::Exit(code),
            (None, signal) => Ended::Signal(signal.unwrap_or_default()),
        },
    })
}

/// Reads what is there, at most `rounds` buffers; returns whether the pipe has ended.
fn drain(reader: &mut io::PipeReader, buffer: &mut [u8], out: &mut dyn OutputSink, rounds: usize) -> bool {
    for _ in 0..rounds {
        match reader.read(buffer) {
            Ok(0) => return true,
            Ok(count) => out.bytes(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
    false
}

/// The terminal belongs to a command, until this is dropped.
struct Foreground {
    before: Pid,
    settings: rustix::termios::Termios,
}

impl Foreground {
    fn hand_over(group: Pid) -> Option<Foreground> {
        let stdin = io::stdin();
        let settings = rustix::termios::tcgetattr(&stdin).ok()?;
        let before = tcgetpgrp(&stdin).ok()?;
        if before != rustix::process::getpgrp() {
            return None;
        }
        tcsetpgrp(&stdin, group).ok()?;
        let _ = kill_process_group(group, Signal::CONT);
        Some(Foreground { before, settings })
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        let stdin = io::stdin();
        // Taking the terminal back from the background raises SIGTTOU, which the program ignores (see the signals of `commands`).
        let _ = tcsetpgrp(&stdin, self.before);
        let _ = rustix::termios::tcsetattr(&stdin, rustix::termios::OptionalActions::Now, &self.settings);
    }
}
