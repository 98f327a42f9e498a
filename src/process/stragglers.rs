//! What an orket that was killed has left running.

use std::fs;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, getpid, getppid, pidfd_open, pidfd_send_signal, test_kill_process};

use super::reaper::state;

/// How long they may take to end after they were asked to.
const GRACE: Duration = Duration::from_secs(2);

/// Rounds of killing, since what is told to end may start something else.
const ROUNDS: usize = 64;

/// Ends all processes of this user in whose environment all of `pairs` (each `NAME=value`) stand, but for this one and those above it: asks them first,
/// and kills what is there 2 seconds later, with all that has been started meanwhile. Returns how many there were. Where the system has no `/proc`,
/// none is found.
pub fn end_stragglers(pairs: &[&str]) -> usize {
    let mut spared = ancestors();
    let above = spared.len();
    let mut signal = Signal::TERM;
    let mut found: Vec<OwnedFd> = Vec::new();
    for _ in 0..ROUNDS {
        let new = marked(pairs, &spared);
        spared.extend(new.iter().map(|(pid, _)| pid));
        found.extend(new.into_iter().map(|(_, handle)| handle));
        found.retain(|handle| stays(handle, Duration::ZERO));
        if found.is_empty() {
            break;
        }
        for handle in &found {
            let _ = pidfd_send_signal(handle, signal);
        }
        let until = Instant::now() + GRACE;
        let all = found.iter().all(|handle| !stays(handle, until.saturating_duration_since(Instant::now())));
        if !all && signal == Signal::KILL {
            break;
        }
        signal = Signal::KILL;
    }
    spared.len() - above
}

/// Returns the processes of this user in whose environment all of `pairs` stand, but for some.
fn marked(pairs: &[&str], spared: &[i32]) -> Vec<(i32, OwnedFd)> {
    let look = |entry: fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse::<i32>().ok().filter(|pid| !spared.contains(pid))?;
        // Opened before it is looked at, so that what is ended is what was looked at.
        let handle = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let stands = |pair: &&str| environment.split(|byte| *byte == 0).any(|one| one == pair.as_bytes());
        pairs.iter().all(stands).then_some((pid, handle))
    };
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(look).collect()
}

/// Whether this process was started by that one, or by one that it started. Where the system has no `/proc`, only its parent is known.
pub fn is_within(pid: u32) -> bool {
    ancestors().iter().skip(1).any(|above| u32::try_from(*above) == Ok(pid))
}

/// Whether there is a process with this number.
pub fn lives(pid: u32) -> bool {
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    process.is_some_and(|process| test_kill_process(process) != Err(Errno::SRCH))
}

/// Whether a process stands still, as by Ctrl-Z. Where the system does not say, it does not.
pub fn is_stopped(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| state(pid) == Some(b'T'))
}

/// Whether a process has not ended, after waiting for that.
fn stays(handle: &OwnedFd, wait: Duration) -> bool {
    let mut fds = [PollFd::new(handle, PollFlags::IN)];
    let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos().into() };
    poll(&mut fds, Some(&wait)).is_ok_and(|ended| ended == 0)
}

/// Returns this process and all above it.
pub(super) fn ancestors() -> Vec<i32> {
    let mut all = vec![getpid().as_raw_nonzero().get()];
    all.extend(getppid().map(|parent| parent.as_raw_nonzero().get()));
    while let Some(parent) = all.last().and_then(|pid| parent(*pid)).filter(|pid| *pid > 0 && !all.contains(pid)) {
        all.push(parent);
    }
    all
}

fn parent(pid: i32) -> Option<i32> {
    kin(pid).map(|[parent, ..]| parent)
}

/// Returns the parent, the group and the session of a process, 0 for what cannot be seen from here; `None` where the system does not say.
pub(super) fn kin(pid: i32) -> Option<[i32; 3]> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut words = stat.rsplit(')').next()?.split_whitespace().skip(1).map(|word| word.parse().ok());
    Some([words.next()??, words.next()??, words.next()??])
}
