//! Processes under a time limit, with what they printed.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

/// How long one call of orket may take, unless somebody says otherwise.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A call of orket that is under way. It is killed when it is dropped.
pub struct Background {
    child: Option<Child>,
    out: PathBuf,
    err: PathBuf,
    told: String,
    limit: Duration,
}

/// How a call ended and what it printed.
pub struct Ended {
    pub status: ExitStatus,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

impl Background {
    /// Starts a command in a process group of its own. Its output goes to files, so that nobody waits for a pipe that an orphan keeps.
    pub fn start(mut command: Command, folder: PathBuf) -> Background {
        let told = format!("{command:?}");
        let (out, err) = (folder.join("out"), folder.join("err"));
        command.stdin(Stdio::null()).stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap()).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {told}: {error}"));
        Background { child: Some(child), out, err, told, limit: LIMIT }
    }

    /// With another limit.
    pub fn within(mut self, limit: Duration) -> Background {
        self.limit = limit;
        self
    }

    /// Sends a signal to orket alone.
    pub fn signal(&self, signal: Signal) -> &Background {
        let _ = kill_process(self.pid(), signal);
        self
    }

    /// Returns its process id.
    pub fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().unwrap())
    }

    /// Whether it has ended.
    pub fn is_over(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }

    /// Returns what it has said so far.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.printed(&self.err)).into_owned()
    }

    /// Returns what it has written to standard output so far.
    pub fn wrote(&self) -> String {
        String::from_utf8_lossy(&self.printed(&self.out)).into_owned()
    }

    /// Waits until it has ended; after the limit, kills it and fails with all that it printed.
    pub fn end(mut self) -> Ended {
        let group = self.pid();
        let mut child = self.child.take().unwrap();
        let (send, receive) = channel();
        thread::spawn(move || send.send(child.wait()));
        let status = match receive.recv_timeout(self.limit) {
            Ok(status) => status.unwrap(),
            Err(RecvTimeoutError::Timeout) => {
                let _ = kill_process_group(group, Signal::KILL);
                let (out, err) = (self.printed(&self.out), self.printed(&self.err));
                panic!(
                    "{} took longer than {:?}\n{}{}",
                    self.told,
                    self.limit,
                    String::from_utf8_lossy(&out),
                    String::from_utf8_lossy(&err)
                );
            }
            Err(RecvTimeoutError::Disconnected) => panic!("nobody waits for {}", self.told),
        };
        Ended { status, out: self.printed(&self.out), err: self.printed(&self.err) }
    }

    fn printed(&self, file: &PathBuf) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = File::open(file).and_then(|file| file.take(64 << 20).read_to_end(&mut bytes));
        bytes
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
            let _ = child.wait();
        }
    }
}

impl Ended {
    /// Returns the exit status as a shell would: 128 and the signal's number where a signal ended it.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }
}

/// Whether a process is there and no zombie.
pub fn alive(pid: &str) -> bool {
    let Some(id) = pid.trim().parse().ok().and_then(Pid::from_raw) else { return false };
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let zombie = state.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'));
    test_kill_process(id).is_ok() && !zombie
}

/// Waits until something holds, at most 30 seconds; returns whether it does.
pub fn wait_until(mut holds: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(30) {
        if holds() {
            return true;
        }
        thread::park_timeout(Duration::from_millis(2));
    }
    holds()
}
