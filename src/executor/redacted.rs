//! What commands print, without secrets.

use std::path::Path;

use crate::process::{Log, OutputSink, Redactor};

/// What commands print, on its way into the log.
pub(super) struct Redacted {
    redactor: Redactor,
    log: Log,
    clean: Vec<u8>,
}

impl Redacted {
    /// Takes `secrets` out of what goes into a log file.
    pub(super) fn new(secrets: &[Vec<u8>], log_file: &Path) -> Redacted {
        Redacted { redactor: Redactor::new(secrets), log: Log::new(log_file), clean: Vec::new() }
    }

    /// Lets the file hold everything, from now on.
    pub(super) fn keep(&mut self) {
        self.log.keep();
    }

    /// Adds what another log holds, behind all that came before, and takes its file away; returns how much was printed to it.
    pub(super) fn append(&mut self, other: Log) -> u64 {
        self.clean.clear();
        self.redactor.finish(&mut self.clean);
        self.log.push(&self.clean);
        // What cannot be read back is missing in the log: no reason for a task to fail.
        if let Err(error) = other.pour(&mut |piece| self.log.push(piece)) {
            self.log.lacks(error);
        }
        let size = other.size();
        other.discard();
        size
    }

    /// Ends the log, and returns it. `keep`: let the file hold everything.
    pub(super) fn finish(mut self, keep: bool) -> Log {
        self.clean.clear();
        self.redactor.finish(&mut self.clean);
        self.log.push(&self.clean);
        if keep {
            self.log.keep();
        }
        self.log.finish();
        self.log
    }
}

impl OutputSink for Redacted {
    fn bytes(&mut self, bytes: &[u8]) {
        if self.redactor.is_idle() {
            return self.log.push(bytes);
        }
        self.clean.clear();
        self.redactor.push(bytes, &mut self.clean);
        self.log.push(&self.clean);
    }
}
