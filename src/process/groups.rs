//! The process groups that run now, so that stopping orket at the terminal (`SIGTSTP`) stops them, too.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, RawPid, Signal, getpid, kill_process_group};

use super::stragglers::kin;

struct Groups {
    running: BTreeSet<RawPid>,
    paused: Duration,
}

static GROUPS: Mutex<Groups> = Mutex::new(Groups { running: BTreeSet::new(), paused: Duration::ZERO });

fn groups() -> MutexGuard<'static, Groups> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A group that is stopped and continued with orket, until this is dropped.
pub(super) struct Member(RawPid);

impl Member {
    pub(super) fn new(group: Pid) -> Member {
        let raw = group.as_raw_nonzero().get();
        groups().running.insert(raw);
        Member(raw)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        groups().running.remove(&self.0);
    }
}

/// Returns how long orket has stood still since it was started; no command's time limit counts that.
pub(super) fn paused() -> Duration {
    groups().paused
}

/// What is done around standing still: it calls what it is given, once.
type Around = Arc<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

static AROUND: Mutex<Option<Around>> = Mutex::new(None);

/// Says what is done around standing still from now on, as is taking a drawing off the terminal.
pub fn around_pauses(around: Around) {
    *AROUND.lock().unwrap_or_else(PoisonError::into_inner) = Some(around);
}

/// Stops every group, calls `halt`, which returns when orket is continued, and continues the groups. No group comes or goes meanwhile. Where
/// nobody could continue orket, nothing is done, as the system has it for programs that leave it to the system.
pub(super) fn pause(halt: impl FnOnce()) {
    if is_orphaned() {
        return;
    }
    let around = AROUND.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut halt = Some(halt);
    let mut once = || halt.take().map_or((), stand_still);
    match around {
        Some(around) => around(&mut once),
        None => once(),
    }
}

/// Whether the group of this process is what POSIX calls orphaned: no process of it has a parent of another group in this session, as a shell
/// is. Where that cannot be seen, it is not.
fn is_orphaned() -> bool {
    let Some([_, group, session]) = kin(getpid().as_raw_nonzero().get()) else { return false };
    let Ok(all) = std::fs::read_dir("/proc") else { return false };
    let others = all.flatten().filter_map(|entry| kin(entry.file_name().to_str()?.parse().ok()?));
    let mut parents = others.filter(|[_, of, _]| *of == group).map(|[parent, ..]| parent).filter(|parent| *parent > 0);
    !parents.any(|parent| kin(parent).is_none_or(|[_, of, within]| of != group && within == session))
}

fn stand_still(halt: impl FnOnce()) {
    let mut groups = groups();
    let began = Instant::now();
    let tell = |signal| {
        for group in groups.running.iter().filter_map(|raw| Pid::from_raw(*raw)) {
            let _ = kill_process_group(group, signal);
        }
    };
    tell(Signal::STOP);
    halt();
    tell(Signal::CONT);
    groups.paused += began.elapsed();
}
