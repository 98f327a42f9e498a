//! Signals that ask orket to end or to stand still.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::groups;
use super::own::has_starter;

/// How long the threads of a program that was killed take to end, at most: a few milliseconds, and more where every processor is busy.
const AT_ONCE: Duration = Duration::from_millis(200);

/// The signal by which a build is told that it has become stale, and ends as by Ctrl-C.
pub const OUTDATED: i32 = SIGUSR1;

/// Signals that would end orket before it could end what it has started.
const ENDING: [i32; 10] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU];

/// Listens to the signals that people and systems end programs with, whose numbers the channel brings, and to `SIGTSTP` (Ctrl-Z), which stops the
/// groups of running commands, then orket; when orket is continued, they are.
///
/// A `SIGHUP` that was ignored when orket was started stays so: `nohup` asks for that. A `SIGINT` is heard in any case: a script that starts
/// orket behind itself (`orket build &`) ignores it for it, and whoever then sends one means it.
///
/// `SIGPIPE` stays ignored in orket, as the standard library has it, and is not in what orket starts.
///
/// # Errors
/// When a signal cannot be listened to.
pub fn listen_to_signals() -> io::Result<Receiver<i32>> {
    // Two are of interest, "end" and "end at once"; who sends more than that by the dozen is not waited for.
    let (sender, receiver) = bounded(16);
    let heard = ENDING.into_iter().filter(|signal| *signal != SIGHUP || !is_ignored(SIGHUP));
    let mut signals = Signals::new(heard.chain([SIGTSTP]))?;
    thread::Builder::new().name(String::from("signals")).spawn(move || {
        let mut told: Option<Instant> = None;
        for signal in signals.forever() {
            let before = told;
            told = told.or_else(|| (signal == SIGTERM && has_starter()).then(Instant::now));
            if signal == SIGTSTP {
                groups::pause(|| drop(emulate_default_handler(SIGTSTP)));
            } else if signal == SIGTERM && before.is_some_and(|first| first.elapsed() < AT_ONCE) {
                // Linux tells the end of the starter once for each of its threads; that is no wish to end at once.
            } else if matches!(sender.try_send(signal), Err(crossbeam_channel::TrySendError::Disconnected(_))) {
                return;
            }
        }
    })?;
    Ok(receiver)
}

/// Lets a file that grows beyond what the system allows (`ulimit -f`) be an error of who writes it, and not the end of orket. What orket starts
/// ends by it, as elsewhere.
pub fn survive_size_limit() {
    // A handler, which what is started does not inherit, and no wish to ignore it, which it would. Without one, orket ends as other programs do.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}

/// Whether a signal was ignored when this program was started. Where the system does not say, it was not.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Sends a signal to a process that was started here and is not reaped yet; one that has ended is past caring.
pub fn end_process(id: u32, signal: i32) {
    let process = i32::try_from(id).ok().and_then(Pid::from_raw);
    if let (Some(process), Some(signal)) = (process, Signal::from_named_raw(signal)) {
        let _ = kill_process(process, signal);
    }
}
