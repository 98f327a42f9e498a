//! How orket ends: the only place that knows exit codes. They are part of what users are promised.

/// All that was asked for holds.
pub const HOLDS: u8 = 0;
/// A task failed, a gate found violations, or what was asked about does not hold (`build --check`, `fmt --check`, `cache verify`).
pub const FAILED: u8 = 1;
/// The command line or the manifest is wrong; nothing ran.
pub const WRONG: u8 = 2;
/// Orket itself or its surroundings failed: the disk is full, the cache cannot be read.
pub const BROKEN: u8 = 3;
/// No target matched.
pub const NO_TARGET: u8 = 4;
/// Refused: a `confirm` with nobody to ask, or a sandbox that is not to be had here.
pub const REFUSED: u8 = 5;
/// Added to the number of the signal that ended orket, after every child was ended and reaped.
pub const SIGNAL: u8 = 128;

/// How orket ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Exit {
    /// See [`HOLDS`].
    Holds,
    /// See [`FAILED`].
    Failed,
    /// See [`WRONG`].
    Wrong,
    /// See [`BROKEN`].
    Broken,
    /// See [`NO_TARGET`].
    NoTarget,
    /// See [`REFUSED`].
    Refused,
    /// Ended by the signal with this number; see [`SIGNAL`].
    Signal(i32),
    /// `orket run` started a program, and this is the program's own status.
    Program(i32),
}

impl Exit {
    /// Returns the status for the system, 0 to 255; of a program's status only the low 8 bits are left, as everywhere on unix.
    pub fn code(self) -> u8 {
        match self {
            Exit::Holds => HOLDS,
            Exit::Failed => FAILED,
            Exit::Wrong => WRONG,
            Exit::Broken => BROKEN,
            Exit::NoTarget => NO_TARGET,
            Exit::Refused => REFUSED,
            Exit::Signal(number) => SIGNAL.wrapping_add(number as u8),
            Exit::Program(status) => status as u8,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        std::process::ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        let exits = [Exit::Holds, Exit::Failed, Exit::Wrong, Exit::Broken, Exit::NoTarget, Exit::Refused];
        assert_eq!(exits.map(Exit::code), [0, 1, 2, 3, 4, 5]);
        assert_eq!([1, 2, 3, 15].map(|number| Exit::Signal(number).code()), [129, 130, 131, 143]);
        assert_eq!(Exit::Program(42).code(), 42);
        assert_eq!(Exit::Program(256 + 7).code(), 7);
    }
}
