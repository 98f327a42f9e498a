//! Signals that ask orket to end or to stand still.

use std::io;
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::groups;

/// Listens to `SIGHUP`, `SIGINT`, `SIGQUIT` and `SIGTERM`, whose numbers the channel brings, and to `SIGTSTP` (Ctrl-Z), which stops the
/// groups of running commands, then orket; when orket is continued, they are.
///
/// `SIGPIPE` stays ignored in orket, as the standard library has it, and is not in what orket starts.
///
/// # Errors
/// When a signal cannot be listened to.
pub fn listen_to_signals() -> io::Result<Receiver<i32>> {
    // Two are of interest, "end" and "end at once"; who sends more than that by the dozen is not waited for.
    let (sender, receiver) = bounded(16);
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP])?;
    thread::Builder::new().name(String::from("signals")).spawn(move || {
        for signal in signals.forever() {
            if signal == SIGTSTP {
                groups::pause(|| drop(emulate_default_handler(SIGTSTP)));
            } else if matches!(sender.try_send(signal), Err(crossbeam_channel::TrySendError::Disconnected(_))) {
                return;
            }
        }
    })?;
    Ok(receiver)
}

/// Sends a signal to a process that was started here and is not reaped yet; one that has ended is past caring.
pub fn end_process(id: u32, signal: i32) {
    let process = i32::try_from(id).ok().and_then(Pid::from_raw);
    if let (Some(process), Some(signal)) = (process, Signal::from_named_raw(signal)) {
        let _ = kill_process(process, signal);
    }
}
