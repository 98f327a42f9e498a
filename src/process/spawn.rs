//! One command, from its start until nothing of it is left.
//!
//! It is started with `posix_spawn` (nothing is done between fork and exec), and one `poll` waits for all there is to wait for: its
//! end (a pidfd), its output (one pipe for standard output and error, so that their order is kept), being cancelled, and the clock.
//! What ends a command is the end of its first process. What else is in its group then is killed, and so are orphans that left the
//! group (see `reaper`); whoever still holds the pipe is not waited for. What cannot be killed is waited for a while, and told.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, kill_process_group, pidfd_open, waitid, waitpgid,
};

use super::groups::{self, Member};
use super::reaper::{PATIENCE, gone};
use super::terminal::{Lent, Standing, standing};
use super::{Cancel, Ended, Output, Reaper, Spawn, Stdin};

/// What is read at once.
const BUFFER: usize = 64 << 10;

/// Buffers read before time and cancellation are looked at again.
const TURN: usize = 8;

/// Buffers read after the end: more than a pipe can hold (1 MiB for an ordinary user), so that a writer who got away keeps nobody here.
const LAST_TURN: usize = 17;

/// How often something is looked at that nothing wakes us for.
const GLANCE: Duration = Duration::from_millis(50);

/// A standard input in which nothing is, opened once.
static NOTHING: LazyLock<io::Result<File>> = LazyLock::new(|| File::open("/dev/null"));

/// How long a command may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until it is asked to end.
    pub timeout: Option<Duration>,
    /// After that, until it is killed.
    pub grace: Duration,
    /// The number of the signal that asks it to end.
    pub signal: i32,
}

impl Limits {
    /// What ends most programs: `SIGTERM`.
    pub const TERM: i32 = Signal::TERM.as_raw();
}

/// Takes what a command prints.
pub trait OutputSink {
    /// More output, at most 64 KiB.
    fn bytes(&mut self, bytes: &[u8]);

    /// The same of standard error, where that has a pipe of its own.
    fn errors(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
    }

    /// The command has been started, as the process with this number.
    fn started(&mut self, _pid: u32) {}

    /// Whether nothing more is taken: a command that goes on printing is ended, as if it was cancelled.
    fn is_full(&self) -> bool {
        false
    }
}

impl<F: FnMut(&[u8])> OutputSink for F {
    fn bytes(&mut self, bytes: &[u8]) {
        self(bytes);
    }
}

/// A command could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start `{}`: {}", program.display(), reason(source, dir, program))]
pub struct SpawnError {
    /// The program.
    pub program: PathBuf,
    /// Where it should have run.
    pub dir: PathBuf,
    /// Why.
    pub source: io::Error,
}

fn reason(error: &io::Error, dir: &Path, program: &Path) -> String {
    match Errno::from_io_error(error) {
        Some(Errno::TOOBIG) => String::from("its words and variables are longer than the system allows; hand them over in a file"),
        Some(Errno::NOEXEC) => String::from("it is no program that this machine can run; a script needs a first line like `#!/bin/sh`"),
        Some(Errno::NOENT | Errno::NOTDIR) if !dir.is_dir() => format!("there is no folder `{}` to run it in", dir.display()),
        Some(Errno::NOENT) if program.exists() => {
            String::from("the interpreter that it names (in its `#!` line, or its loader) is not there")
        }
        Some(Errno::NOENT | Errno::NOTDIR) => String::from("it is not there"),
        Some(Errno::ACCESS) => String::from("it may not be executed; `chmod +x` makes a file of your own a program"),
        Some(Errno::AGAIN) => String::from("the system allows no more processes; a lower `-j` needs fewer"),
        Some(Errno::MFILE | Errno::NFILE) => String::from("the system allows no more open files; a lower `-j` needs fewer"),
        _ => error.to_string(),
    }
}

/// Starts a command and waits until it has ended; then ends what is left of its group, and orphans that carry its mark.
///
/// A command whose time is over, or that is cancelled, is sent the signal of `limits`, and `SIGKILL` after the grace; it counts as such even if it
/// then ends with status 0. Where something of it cannot be killed, that is what is told. Blocks; called from many threads.
///
/// # Errors
/// When it cannot be started.
pub fn run(spawn: &Spawn, limits: &Limits, cancel: &Cancel, out: &mut dyn OutputSink) -> Result<Ended, SpawnError> {
    let Some(_held) = cancel.hold() else { return Ok(Ended::Cancelled) };
    let failed = |source| SpawnError { program: spawn.program.clone(), dir: spawn.dir.clone(), source };
    let mut running = Running::start(spawn, out).map_err(failed)?;
    running.out.started(running.child.id());
    let told = running.watch(limits, cancel);
    let stuck = matches!(told, Some(Ended::Left(_)));
    let (status, left) = running.finish(spawn, cancel, stuck).map_err(failed)?;
    let own = status.map(|status| match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exit(code),
        (None, signal) => Ended::Signal(signal.unwrap_or_default()),
    });
    Ok(left.map(Ended::Left).or(told).or(own).unwrap_or(Ended::Cancelled))
}

fn nothing() -> io::Result<Stdio> {
    NOTHING.as_ref().map_or_else(|_| Ok(Stdio::null()), |file| file.try_clone().map(Stdio::from))
}

struct Running<'a> {
    child: Child,
    pid: Pid,
    /// `None` where the system has none.
    end: Option<OwnedFd>,
    pipe: Option<PipeReader>,
    /// Standard error, where it is told apart.
    errors: Option<PipeReader>,
    out: &'a mut dyn OutputSink,
    buffer: Vec<u8>,
    group: Option<Member>,
    lent: Option<Lent>,
}

impl<'a> Running<'a> {
    fn start(spawn: &Spawn, out: &'a mut dyn OutputSink) -> io::Result<Running<'a>> {
        let standing = if spawn.stdin == Stdin::Inherit { standing() } else { Standing::None };
        let group = spawn.group && standing != Standing::Shared;
        let mut command = Command::new(&spawn.program);
        command
            .arg0(&spawn.arg0)
            .args(&spawn.args)
            .current_dir(&spawn.dir)
            .env_clear()
            .envs(spawn.env.iter().map(|(name, value)| (name, value)))
            .stdin(if spawn.stdin == Stdin::Null { nothing()? } else { Stdio::inherit() });
        let (mut pipe, mut errors) = (None, None);
        if spawn.output == Output::Aside {
            command.stdout(io::stderr().as_fd().try_clone_to_owned()?);
        }
        if spawn.output == Output::Capture {
            let (reader, writer) = capturing()?;
            pipe = Some(reader);
            if spawn.apart {
                let (reader, other) = capturing()?;
                errors = Some(reader);
                command.stdout(writer).stderr(other);
            } else {
                command.stdout(writer.try_clone()?).stderr(writer);
            }
        }
        if group {
            command.process_group(0);
        }
        let child = command.spawn()?;
        let pid = Pid::from_child(&child);
        Ok(Running {
            child,
            pid,
            end: pidfd_open(pid, PidfdFlags::empty()).ok(),
            pipe,
            errors,
            out,
            buffer: Vec::new(),
            group: group.then(|| Member::new(pid)),
            lent: if group && standing == Standing::Lendable { Lent::to(pid) } else { None },
        })
    }

    /// Waits until the first process has ended, and ends it when it must; returns why it was told to end, if it was, or that it cannot be ended.
    fn watch(&mut self, limits: &Limits, cancel: &Cancel) -> Option<Ended> {
        let began = Instant::now();
        let still = groups::paused();
        let spent = || began.elapsed().saturating_sub(groups::paused().saturating_sub(still));
        let mut told: Option<(Duration, Ended)> = None;
        let mut killed: Option<Duration> = None;
        loop {
            let left = |time: Duration, since: Duration| time.saturating_sub(spent().saturating_sub(since));
            let wait = match (killed, told) {
                (Some(since), _) => Some(left(PATIENCE, since)),
                (None, Some((since, _))) => Some(left(limits.grace, since)),
                (None, None) => limits.timeout.map(|timeout| timeout.saturating_sub(spent())),
            };
            let thrown = killed.is_none().then(|| if told.is_some() { cancel.on_kill() } else { cancel.on_stop() });
            if self.wait(wait, thrown) {
                return told.map(|(_, why)| why);
            }
            if killed.is_some_and(|since| left(PATIENCE, since).is_zero()) {
                return Some(Ended::Left(self.pid.as_raw_nonzero().get()));
            }
            if told.is_none() {
                let late = limits.timeout.filter(|timeout| spent() >= *timeout);
                let why = if cancel.stopped() || self.out.is_full() { Some(Ended::Cancelled) } else { late.map(Ended::TimedOut) };
                if let Some(why) = why {
                    told = Some((spent(), why));
                    self.signal(Signal::from_named_raw(limits.signal).unwrap_or(Signal::TERM));
                    // What is stopped takes a signal only once it goes on.
                    self.signal(Signal::CONT);
                }
            }
            if let Some((since, _)) = told
                && killed.is_none()
                && (cancel.killed() || left(limits.grace, since).is_zero())
            {
                killed = Some(spent());
                self.signal(Signal::KILL);
            }
        }
    }

    /// Waits for the end, output, `thrown` or the time; reads what was printed. Returns whether the first process has ended.
    fn wait(&mut self, time: Option<Duration>, thrown: Option<std::os::fd::BorrowedFd<'_>>) -> bool {
        let glance = self.end.is_none() || self.lent.is_some();
        let time = if glance { Some(time.unwrap_or(GLANCE).min(GLANCE)) } else { time };
        let time = time.and_then(|time| Timespec::try_from(time).ok());
        // The first entry stands in for those that are not there.
        let first = match (&self.end, &self.pipe, thrown) {
            (Some(end), ..) => PollFd::new(end, PollFlags::IN),
            (None, Some(pipe), _) => PollFd::new(pipe, PollFlags::IN),
            (None, None, Some(thrown)) => PollFd::from_borrowed_fd(thrown, PollFlags::IN),
            (None, None, None) => return self.has_ended(time.as_ref()),
        };
        let mut fds = [first.clone(), first.clone(), first.clone(), first];
        if let Some(pipe) = &self.pipe {
            fds[1] = PollFd::new(pipe, PollFlags::IN);
        }
        if let Some(errors) = &self.errors {
            fds[3] = PollFd::new(errors, PollFlags::IN);
        }
        if let Some(thrown) = thrown {
            fds[2] = PollFd::from_borrowed_fd(thrown, PollFlags::IN);
        }
        let _ = poll(&mut fds, time.as_ref());
        let end = !fds[0].revents().is_empty();
        let printed = !fds[1].revents().is_empty() || !fds[3].revents().is_empty();
        if printed {
            self.read(TURN);
        }
        if self.lent.is_some() {
            self.follow_stops();
        }
        // What stands behind a pidfd that can be read has ended.
        if self.end.is_some() { end } else { self.has_ended(None) }
    }

    fn has_ended(&self, time: Option<&Timespec>) -> bool {
        if time.is_some() {
            let _ = poll(&mut [], time);
        }
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.pid), how), Ok(None) | Err(Errno::INTR))
    }

    /// Where the terminal is lent, a person's Ctrl-Z stops the command alone: orket takes the terminal back and stops, too, so that the
    /// shell above sees it. When the shell continues orket, the command is continued.
    fn follow_stops(&mut self) {
        let how = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        if let Ok(Some(status)) = waitid(WaitId::Pid(self.pid), how) {
            let at_will = [Signal::TSTP, Signal::STOP].map(|signal| Some(signal.as_raw())).contains(&status.stopping_signal());
            if at_will {
                self.lent = None;
                groups::pause(|| drop(signal_hook::low_level::raise(signal_hook::consts::SIGSTOP)));
                self.lent = Lent::to(self.pid);
            }
            self.signal(Signal::CONT);
        }
    }

    fn signal(&self, signal: Signal) {
        let _ = if self.group.is_some() { kill_process_group(self.pid, signal) } else { kill_process(self.pid, signal) };
    }

    /// Ends what is left and reads the rest; returns also what could not be ended. The group is killed before its first process is reaped,
    /// whose number is the group's. `stuck`: the first process has not ended, and will not.
    fn finish(mut self, spawn: &Spawn, cancel: &Cancel, stuck: bool) -> io::Result<(Option<ExitStatus>, Option<i32>)> {
        let group = self.group.take();
        if group.is_some() {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
        self.lent = None;
        let status = if stuck { None } else { Some(self.child.wait()?) };
        let mut left = stuck.then(|| self.pid.as_raw_nonzero().get());
        let reaper = Reaper::installed();
        // Those of its group that it left behind, which have fallen to orket.
        if group.is_some() && !stuck && !gone(Some(cancel), || no_child_in(self.pid)) {
            left = Some(reaper.and_then(|reaper| reaper.orphan_in(self.pid)).unwrap_or(self.pid.as_raw_nonzero().get()));
        }
        if let (Some(reaper), Some(mark)) = (reaper, spawn.mark()) {
            left = left.or(reaper.sweep_bytes(mark.as_encoded_bytes()));
        }
        self.read(LAST_TURN);
        Ok((status, left))
    }

    /// Reads what is there, at most `turns` buffers of each pipe.
    fn read(&mut self, turns: usize) {
        let out = &mut *self.out;
        drain(&mut self.pipe, &mut self.buffer, turns, &mut |bytes| out.bytes(bytes));
        drain(&mut self.errors, &mut self.buffer, turns, &mut |bytes| out.errors(bytes));
    }
}

/// A pipe whose reading end never makes anybody wait.
fn capturing() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    Ok((reader, writer))
}

/// Reads what is in a pipe, and lets go of one that has ended.
fn drain(from: &mut Option<PipeReader>, buffer: &mut Vec<u8>, turns: usize, each: &mut dyn FnMut(&[u8])) {
    let Some(pipe) = from else { return };
    // Not filled with zeros first: most commands print little.
    buffer.reserve_exact(BUFFER);
    for _ in 0..turns {
        buffer.clear();
        match rustix::io::read(&*pipe, spare_capacity(buffer)) {
            Ok(0) => {
                *from = None;
                return;
            }
            Ok(_) => each(buffer),
            Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// Reaps what has ended of a group; whether nothing of it is left that is a child of this process.
fn no_child_in(group: Pid) -> bool {
    loop {
        match waitpgid(group, WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}
