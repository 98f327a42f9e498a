//! Processes that got away: they left their group or session, or outlived who started them.
//!
//! Orket makes itself the one to whom such processes fall (`PR_SET_CHILD_SUBREAPER`, Linux 3.4). They are then children of its first
//! thread, while commands are children of the threads that started them: so the list of the first thread's children
//! (`/proc/self/task/TID/children`) is nearly always empty, and reading it after each command is one system call. Whose such a child
//! is says the mark in its environment. One that wiped its environment is ended with the marked process above it, or else by
//! [`Reaper::end_all`] when the run is over.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, getpgid, kill_process, set_child_subreaper, waitpid};

use super::Cancel;
use super::command::MARK;

/// Rounds of killing, since what is killed may leave orphans of its own, which fall to orket in turn.
const ROUNDS: usize = 64;

/// How long is waited for what was killed to be gone. What orket may not signal, since it runs as another user, or what the system does not
/// let go of, is left then.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The same where a person has asked a second time to end everything.
const IMPATIENCE: Duration = Duration::from_millis(250);

static INSTALLED: OnceLock<Reaper> = OnceLock::new();

/// Ends what got away.
#[derive(Clone)]
pub struct Reaper {
    /// The list of the first thread's children, where orphans fall to orket and the list can be read.
    list: Option<Arc<File>>,
}

impl Reaper {
    /// Makes this process the one to whom orphans fall; [`run()`](super::run()) ends those of its command from then on.
    ///
    /// Where the system has no such thing, orphans that left their group survive; see [`Reaper::works`].
    pub fn install() -> Reaper {
        INSTALLED
            .get_or_init(|| {
                let me = rustix::process::getpid();
                let list = set_child_subreaper(Some(me))
                    .ok()
                    .and_then(|()| File::open(format!("/proc/self/task/{}/children", me.as_raw_nonzero())).ok());
                Reaper { list: list.map(Arc::new) }
            })
            .clone()
    }

    pub(super) fn installed() -> Option<&'static Reaper> {
        INSTALLED.get()
    }

    /// Whether orphans can be found here.
    pub fn works(&self) -> bool {
        self.list.is_some()
    }

    /// Ends and reaps all orphans that carry `mark`, and what they started. Also reaps orphans that have ended by themselves. Returns one
    /// that could not be ended, if there is one.
    pub(super) fn sweep_bytes(&self, mark: &[u8]) -> Option<i32> {
        for _ in 0..ROUNDS {
            let mut found = false;
            for pid in self.orphans() {
                match carries(pid, mark) {
                    Carries::Yes => {
                        if let left @ Some(_) = end_tree(pid) {
                            return left;
                        }
                        found = true;
                    }
                    Carries::Ended => reap_stranger(pid),
                    Carries::Unclear => found = true,
                    Carries::No => {}
                }
            }
            if !found {
                break;
            }
        }
        None
    }

    /// Ends and reaps every child of this process, whoever started it, and all below. For the end of a run. Returns those that could not be
    /// ended.
    pub fn end_all(&self) -> Vec<i32> {
        let mut left: Vec<i32> = Vec::new();
        for _ in 0..ROUNDS {
            let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
            let children = threads.flat_map(|thread| pids(&fs::read_to_string(thread.path().join("children")).unwrap_or_default()));
            let children: Vec<i32> = children.filter(|pid| !left.contains(pid)).collect();
            if children.is_empty() {
                break;
            }
            left.extend(children.into_iter().filter_map(end_tree));
        }
        left
    }

    /// As [`Reaper::end_all`], if [`Reaper::install`] was called before.
    pub fn end_all_if_installed() {
        if let Some(reaper) = Reaper::installed() {
            reaper.end_all();
        }
    }

    /// Returns an orphan of a group.
    pub(super) fn orphan_in(&self, group: Pid) -> Option<i32> {
        self.orphans().into_iter().find(|pid| Pid::from_raw(*pid).is_some_and(|pid| getpgid(Some(pid)) == Ok(group)))
    }

    fn orphans(&self) -> Vec<i32> {
        let Some(list) = &self.list else { return Vec::new() };
        let mut text = vec![0; 1 << 10];
        loop {
            match list.read_at(&mut text, 0) {
                Ok(0) | Err(_) => return Vec::new(),
                Ok(count) if count + 32 > text.len() => text.resize(text.len() * 4, 0),
                Ok(count) => return pids(&String::from_utf8_lossy(&text[..count])),
            }
        }
    }
}

enum Carries {
    Yes,
    No,
    /// It has ended, and its environment with it.
    Ended,
    /// It is in the middle of an `execve`: its old environment is gone, the new one not there yet.
    Unclear,
}

fn carries(pid: i32, mark: &[u8]) -> Carries {
    let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).ok();
    let Some(mut environment) = read("environ") else { return Carries::No };
    if environment.is_empty() {
        match (state(pid), read("cmdline")) {
            (None | Some(b'Z' | b'X'), _) => return Carries::Ended,
            (_, Some(words)) if words.is_empty() => {
                std::thread::yield_now();
                return Carries::Unclear;
            }
            // Wiped, or the new one has just come.
            _ => environment = read("environ").unwrap_or_default(),
        }
    }
    let is_mark = |pair: &[u8]| pair.strip_prefix(MARK.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")) == Some(mark);
    if environment.split(|byte| *byte == 0).any(is_mark) { Carries::Yes } else { Carries::No }
}

/// Kills a child and all below it, from the top down, and reaps them: each falls to orket when the one above it is gone. Returns the first
/// that could not be ended; what stands below it is not waited for.
fn end_tree(pid: i32) -> Option<i32> {
    let mut tree = vec![pid];
    let mut next = 0;
    while next < tree.len() {
        let threads = fs::read_dir(format!("/proc/{}/task", tree[next])).into_iter().flatten().flatten();
        for thread in threads {
            tree.extend(pids(&fs::read_to_string(thread.path().join("children")).unwrap_or_default()));
        }
        next += 1;
    }
    let tree: Vec<Pid> = tree.into_iter().filter_map(Pid::from_raw).collect();
    for pid in &tree {
        let _ = kill_process(*pid, Signal::KILL);
    }
    let ended = |pid: Pid| loop {
        match waitpid(Some(pid), WaitOptions::NOHANG) {
            Err(rustix::io::Errno::INTR) => {}
            waited => return !matches!(waited, Ok(None)),
        }
    };
    tree.into_iter().find(|pid| !gone(None, || ended(*pid))).map(|pid| pid.as_raw_nonzero().get())
}

/// Asks whether something is gone that was killed, until it is or the time for that is over; returns whether it is.
pub(super) fn gone(cancel: Option<&Cancel>, mut is_gone: impl FnMut() -> bool) -> bool {
    if is_gone() {
        return true;
    }
    let (began, mut pause) = (Instant::now(), Duration::from_micros(50));
    while began.elapsed() < if cancel.is_some_and(Cancel::killed) { IMPATIENCE } else { PATIENCE } {
        thread::sleep(pause);
        if is_gone() {
            return true;
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    false
}

/// Reaps a child that has ended, if it is of another session: orket's own threads start none, so nobody else waits for it.
fn reap_stranger(pid: i32) {
    let ours = rustix::process::getsid(None).ok();
    if let Some(pid) = Pid::from_raw(pid)
        && rustix::process::getsid(Some(pid)).ok().is_some_and(|session| Some(session) != ours)
    {
        let _ = waitpid(Some(pid), WaitOptions::NOHANG);
    }
}

/// Returns the letter of a process's state, as `ps` has it.
pub(super) fn state(pid: i32) -> Option<u8> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let behind = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(behind + 2).copied()
}

fn pids(text: &str) -> Vec<i32> {
    text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
