//! Starting, watching and ending processes.
//!
//! Start from [`run()`]: it starts one command, reads what it prints, and returns when it has ended and nothing of it is left.

mod cancel;
mod command;
mod find;
mod groups;
mod jobs;
mod log;
mod own;
mod reaper;
mod redact;
mod sign;
mod signals;
mod spawn;
mod spelling;
mod status;
mod stragglers;
mod terminal;

pub use cancel::{Cancel, CancelState, Held};
pub use command::{MARK, Output, Spawn, Stdin};
pub use find::{NotFound, find_program, locate_program};
pub use groups::around_pauses;
pub use jobs::{Jobs, Tokens};
pub use log::Log;
pub use own::{end_with_starter, end_with_this, ends_with_this, own_command, own_program, wait_for};
pub use reaper::Reaper;
pub use redact::{Redactor, redacted};
pub use sign::{Sign, meets};
pub use signals::{OUTDATED, end_process, listen_to_signals, survive_size_limit};
pub use spawn::{Limits, OutputSink, SpawnError, run};
pub use status::{Ended, signal_name};
pub use stragglers::{end_stragglers, is_stopped, is_within, lives};

#[cfg(test)]
mod tests;
