//! Processes that got away: they left their group or session, or outlived who started them.
//!
//! Orket makes itself the one to whom such processes fall (`PR_SET_CHILD_SUBREAPER`, Linux 3.4). They are then children of its first
//! thread, while commands are children of the threads that started them: so the list of the first thread's children is nearly always
//! empty, and reading it after each command is cheap. Whose child it was says the mark in its environment.

use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, set_child_subreaper, waitpid};

/// The variable that carries the mark.
pub const MARK: &str = "ORKET_MARK";

/// Ends what got away.
#[derive(Clone)]
pub struct Reaper {
    children: Option<PathBuf>,
}

impl Reaper {
    /// Makes this process the one to whom orphans fall. Where the system has no such thing, orphans that left their group survive.
    pub fn install() -> Reaper {
        let me = rustix::process::getpid();
        let had = set_child_subreaper(Some(me)).is_ok();
        Reaper { children: had.then(|| PathBuf::from(format!("/proc/self/task/{}/children", me.as_raw_nonzero()))) }
    }

    /// Whether orphans can be found here.
    pub fn works(&self) -> bool {
        self.children.as_ref().is_some_and(|children| children.exists())
    }

    /// Ends all orphans that carry `mark`, and what they started.
    pub fn sweep(&self, mark: &str) {
        let wanted = format!("{MARK}={mark}");
        self.end(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|pair| pair == wanted.as_bytes())
        });
    }

    /// Ends all orphans, and reaps them.
    pub fn end_all(&self) {
        self.end(|_| true);
    }

    fn end(&self, is_wanted: impl Fn(i32) -> bool) {
        // What is killed may leave orphans of its own, which fall to us in turn.
        for _ in 0..64 {
            let orphans: Vec<i32> = self.orphans().into_iter().filter(|pid| is_wanted(*pid)).collect();
            if orphans.is_empty() {
                return;
            }
            for pid in orphans.into_iter().filter_map(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
                let _ = waitpid(Some(pid), WaitOptions::empty());
            }
        }
    }

    fn orphans(&self) -> Vec<i32> {
        let text = self.children.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
    }
}
