//! Telling running commands to stop.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

const GO_ON: u8 = 0;
const STOP: u8 = 1;
const KILL: u8 = 2;

/// A switch that everybody who waits for a command also waits on. Once thrown it stays so.
#[derive(Clone)]
pub struct Cancel {
    state: Arc<AtomicU8>,
    event: Arc<OwnedFd>,
}

impl Cancel {
    /// A switch that is not thrown.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn new() -> io::Result<Cancel> {
        Ok(Cancel { state: Arc::new(AtomicU8::new(GO_ON)), event: Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?) })
    }

    /// Asks everything that runs to end, and lets nothing new start.
    pub fn stop(&self) {
        self.throw(STOP);
    }

    /// Ends everything at once.
    pub fn kill(&self) {
        self.throw(KILL);
    }

    /// Whether [`Cancel::stop`] or [`Cancel::kill`] was called.
    pub fn stopped(&self) -> bool {
        self.state.load(Ordering::SeqCst) >= STOP
    }

    /// Whether [`Cancel::kill`] was called.
    pub fn killed(&self) -> bool {
        self.state.load(Ordering::SeqCst) >= KILL
    }

    /// Waits; returns `false` at once if or when the switch is thrown.
    pub fn wait(&self, time: Duration) -> bool {
        let mut fds = [PollFd::new(&*self.event, PollFlags::IN)];
        let _ = poll(&mut fds, Timespec::try_from(time).ok().as_ref());
        !self.stopped()
    }

    fn throw(&self, state: u8) {
        self.state.fetch_max(state, Ordering::SeqCst);
        // Never read, so that it stays readable for everybody who polls it.
        let _ = rustix::io::write(&*self.event, &1u64.to_ne_bytes());
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}
