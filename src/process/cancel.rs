//! Telling running commands to stop.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

/// How far a switch is thrown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CancelState {
    /// Not at all.
    GoOn,
    /// What runs is asked to end (`SIGTERM`), and killed when its grace is over; nothing new starts.
    Stop,
    /// What runs is killed at once.
    Kill,
}

/// A switch that everybody who waits for a command also waits on. It is only ever thrown further.
#[derive(Clone)]
pub struct Cancel {
    shared: Arc<Shared>,
}

struct Shared {
    state: AtomicU8,
    /// Never read, so that they stay readable for everybody who polls them.
    stop: OwnedFd,
    kill: OwnedFd,
    /// How many are at work until they are told to stop.
    held: Mutex<usize>,
    released: Condvar,
}

/// Somebody is at work who stops when the switch is thrown; until this is dropped.
pub struct Held(Arc<Shared>);

impl Drop for Held {
    fn drop(&mut self) {
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.released.notify_all();
    }
}

impl Cancel {
    /// A switch that is not thrown.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn new() -> io::Result<Cancel> {
        let event = || eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        let (held, released) = Default::default();
        Ok(Cancel { shared: Arc::new(Shared { state: AtomicU8::new(0), stop: event()?, kill: event()?, held, released }) })
    }

    /// Begins work that stops when the switch is thrown; `None` if it is.
    pub fn hold(&self) -> Option<Held> {
        let mut held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stopped() {
            return None;
        }
        *held += 1;
        Some(Held(self.shared.clone()))
    }

    /// Waits until nobody is at work, or the time is over; returns whether nobody is. Once the switch is thrown, that stays so.
    pub fn is_released(&self, time: Duration) -> bool {
        let held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        *self.shared.released.wait_timeout_while(held, time, |held| *held > 0).unwrap_or_else(PoisonError::into_inner).0 == 0
    }

    /// Asks everything that runs to end, and lets nothing new start.
    pub fn stop(&self) {
        self.throw(1);
    }

    /// Ends everything at once.
    pub fn kill(&self) {
        self.throw(2);
        let _ = rustix::io::write(&self.shared.kill, &1u64.to_ne_bytes());
    }

    /// Returns how far it is thrown.
    pub fn state(&self) -> CancelState {
        match self.shared.state.load(Ordering::SeqCst) {
            0 => CancelState::GoOn,
            1 => CancelState::Stop,
            _ => CancelState::Kill,
        }
    }

    /// Whether it is thrown at all.
    pub fn stopped(&self) -> bool {
        self.state() >= CancelState::Stop
    }

    /// Whether [`Cancel::kill`] was called.
    pub fn killed(&self) -> bool {
        self.state() == CancelState::Kill
    }

    /// Waits; returns `false` at once if or when the switch is thrown, `true` when the time is over.
    pub fn wait(&self, time: Duration) -> bool {
        let began = std::time::Instant::now();
        while !self.stopped() {
            let left = time.saturating_sub(began.elapsed());
            if left.is_zero() {
                return true;
            }
            let mut fds = [PollFd::new(&self.shared.stop, PollFlags::IN)];
            let _ = poll(&mut fds, Timespec::try_from(left).ok().as_ref());
        }
        false
    }

    /// Waits until something can be read from `input`; returns `false` if the switch is thrown before.
    pub fn wait_for(&self, input: BorrowedFd<'_>) -> bool {
        while !self.stopped() {
            let mut fds = [PollFd::new(&self.shared.stop, PollFlags::IN), PollFd::from_borrowed_fd(input, PollFlags::IN)];
            if poll(&mut fds, None).is_ok_and(|_| !fds[1].revents().is_empty()) {
                return true;
            }
        }
        false
    }

    fn throw(&self, state: u8) {
        self.shared.state.fetch_max(state, Ordering::SeqCst);
        let _ = rustix::io::write(&self.shared.stop, &1u64.to_ne_bytes());
    }

    /// Returns what becomes readable when [`Cancel::stop`] or [`Cancel::kill`] is called.
    pub(super) fn on_stop(&self) -> BorrowedFd<'_> {
        self.shared.stop.as_fd()
    }

    /// Returns what becomes readable when [`Cancel::kill`] is called.
    pub(super) fn on_kill(&self) -> BorrowedFd<'_> {
        self.shared.kill.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_only_ever_thrown_further() {
        let cancel = Cancel::new().unwrap();
        assert_eq!(cancel.state(), CancelState::GoOn);
        cancel.clone().kill();
        cancel.stop();
        assert_eq!(cancel.state(), CancelState::Kill);
        assert!(!cancel.wait(Duration::from_secs(1000)));
    }

    #[test]
    fn who_is_at_work_is_waited_for_and_nobody_begins_anew() {
        let cancel = Cancel::new().unwrap();
        let held = cancel.hold().unwrap();
        cancel.stop();
        assert!(cancel.hold().is_none() && !cancel.is_released(Duration::ZERO));
        drop(held);
        assert!(cancel.is_released(Duration::ZERO));
    }

    #[test]
    fn a_wait_that_nobody_disturbs_is_waited_out() {
        assert!(Cancel::new().unwrap().wait(Duration::from_millis(1)));
    }
}
