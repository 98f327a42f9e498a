//! Commands that start programs of the project, and how they end when they are told to.

use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, select};

use super::Failure;
use crate::process::{Cancel, Reaper, listen_to_signals};
use crate::shell::exit;

/// How often is looked for a further signal.
const GLANCE: Duration = Duration::from_millis(50);

/// Does a command's work; all that it starts ends with it. The first signal that ends programs throws the switch, the second one kills what runs.
/// Orket then ends when nothing runs that holds the switch: work that starts nothing is not waited for.
///
/// # Errors
/// Those of the work, or when a signal cannot be listened to.
pub(super) fn guarded(work: impl FnOnce(&Cancel) -> Result<(), Failure>) -> Result<(), Failure> {
    let broken = |error: std::io::Error| Failure::Broken(format!("cannot listen to signals: {error}"));
    let reaper = Reaper::install();
    let cancel = Cancel::new().map_err(broken)?;
    let signals = listen_to_signals().map_err(broken)?;
    let (done, over) = bounded::<()>(0);
    let guard = {
        let (cancel, reaper) = (cancel.clone(), reaper.clone());
        thread::spawn(move || {
            let signal = select! {
                recv(signals) -> signal => signal.unwrap_or_default(),
                recv(over) -> _ => return,
            };
            end(signal, &signals, &cancel, &reaper)
        })
    };
    let result = work(&cancel);
    drop(done);
    let _ = guard.join();
    reaper.end_all();
    result
}

/// Ends all that runs, then orket.
fn end(signal: i32, signals: &Receiver<i32>, cancel: &Cancel, reaper: &Reaper) -> ! {
    cancel.stop();
    while !cancel.is_released(GLANCE) && !cancel.killed() {
        if signals.try_recv().is_ok() {
            cancel.kill();
        }
    }
    reaper.end_all();
    std::process::exit(i32::from(exit::SIGNAL) + signal)
}

/// Fails where the switch is thrown, so that nothing is said or written of what was not done.
///
/// # Errors
/// When it is.
pub(super) fn go_on(cancel: &Cancel) -> Result<(), Failure> {
    if cancel.stopped() { Err(Failure::Failed) } else { Ok(()) }
}
