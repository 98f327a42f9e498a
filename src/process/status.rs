//! How a process ended.

use std::fmt;
use std::time::Duration;

use crate::base::quantity::show_duration;

/// How a process ended. Prints as a person reads it: `exit status 2`, `killed by SIGSEGV`, `timed out (limit 10.0 s)`, `cancelled`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// By itself.
    Exit(i32),
    /// By a signal that orket did not send.
    Signal(i32),
    /// It took longer than it may.
    TimedOut(Duration),
    /// Orket was told to stop.
    Cancelled,
}

impl Ended {
    /// Whether it ended by itself with status 0.
    pub fn success(&self) -> bool {
        *self == Ended::Exit(0)
    }

    /// Returns the exit status, where there is one.
    pub fn code(&self) -> Option<i32> {
        match self {
            Ended::Exit(code) => Some(*code),
            _ => None,
        }
    }

    /// Returns what a shell says of a process that ended by itself or by a signal.
    pub fn shell_code(&self) -> Option<i32> {
        match self {
            Ended::Signal(signal) => Some(128 + signal),
            ended => ended.code(),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Exit(code) => write!(f, "exit status {code}"),
            Ended::Signal(signal) => write!(f, "killed by {}", signal_name(*signal)),
            Ended::TimedOut(limit) => write!(f, "timed out (limit {})", show_duration(*limit)),
            Ended::Cancelled => f.write_str("cancelled"),
        }
    }
}

/// Returns a signal's name (`SIGTERM`), or its number.
pub fn signal_name(signal: i32) -> String {
    signal_hook::low_level::signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned)
}
