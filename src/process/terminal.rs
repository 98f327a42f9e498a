//! The terminal, lent to a command that runs in the foreground.
//!
//! A command with a group of its own may only read the terminal while its group is the terminal's foreground group. Giving that away is
//! simple; taking it back is not: whoever does so from the background is stopped by `SIGTTOU`, unless it ignores that signal, which
//! cannot be asked for without unsafe code. So orket joins the foreground group for a moment (its first process is not reaped yet, so the
//! group is there), gives the terminal from there to the group it came from, and goes back. A session leader cannot change its group:
//! then, and when orket is in the background itself, the command stays in orket's group and nothing needs to be lent.

use std::io::{self, Stdin};

use rustix::process::{Pid, Signal, getpgrp, getpid, getsid, kill_process_group, setpgid, test_kill_process_group};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr, tcsetpgrp};

/// What standard input is to a command that inherits it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// No terminal of ours.
    None,
    /// A terminal that orket can lend.
    Lendable,
    /// A terminal that the command can only share.
    Shared,
}

pub(super) fn standing() -> Standing {
    let Ok(foreground) = tcgetpgrp(io::stdin()) else { return Standing::None };
    if foreground == getpgrp() && getsid(None).is_ok_and(|session| session != getpid()) { Standing::Lendable } else { Standing::Shared }
}

/// The terminal belongs to a group, until this is dropped; the group's first process must not be reaped before.
pub(super) struct Lent {
    stdin: Stdin,
    before: Pid,
    settings: Termios,
}

impl Lent {
    /// Gives the terminal to `group`, and continues what of it was too early.
    pub(super) fn to(group: Pid) -> Option<Lent> {
        let stdin = io::stdin();
        let settings = tcgetattr(&stdin).ok()?;
        tcsetpgrp(&stdin, group).ok()?;
        let _ = kill_process_group(group, Signal::CONT);
        Some(Lent { stdin, before: getpgrp(), settings })
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // The command may have lent it on, as shells do; where that group is gone, only the shell above can take the terminal back.
        let Ok(foreground) = tcgetpgrp(&self.stdin) else { return };
        if foreground == self.before {
            let _ = tcsetattr(&self.stdin, OptionalActions::Now, &self.settings);
        } else if setpgid(None, Some(foreground)).is_ok() {
            let there = self.before == getpid() || test_kill_process_group(self.before).is_ok();
            if there && tcsetpgrp(&self.stdin, self.before).is_ok() {
                let _ = setpgid(None, Some(self.before));
            }
            let _ = tcsetattr(&self.stdin, OptionalActions::Now, &self.settings);
        }
    }
}
