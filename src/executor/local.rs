//! The seat on this machine.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::{Attempt, Executor, Request, Tell, Upkeep, service};
use crate::process::{self, Cancel, Ended, Limits, Log, OutputSink, Reaper, Redactor, Spawn};

/// Runs commands on this machine, as they are.
pub struct Local {
    /// There is one before there is a seat, so that orphans have somewhere to fall.
    _reaper: Reaper,
}

impl Local {
    /// A seat whose orphans fall to `reaper`.
    pub fn new(reaper: Reaper) -> Local {
        Local { _reaper: reaper }
    }
}

impl Executor for Local {
    fn execute(&self, request: &Request, cancel: &Cancel) -> Attempt {
        let began = Instant::now();
        let mut output = Redacted::new(&request.secrets, &request.log_file);
        let mut attempt = (Ended::Exit(0), 0, None);
        let mut started = false;
        // Without a file the streams stay together, and nothing is claimed of either.
        let apart = if request.apart { tempfile::tempfile().ok().map(Arc::new) } else { None };
        for (index, spawn) in request.spawns.iter().enumerate() {
            let timeout = request.limits.timeout.map(|timeout| timeout.saturating_sub(began.elapsed()));
            if cancel.stopped() {
                attempt = (Ended::Cancelled, index, None);
                break;
            }
            let own = apart.as_ref().map(|errors| Spawn { errors: Some(errors.clone()), ..spawn.clone() });
            match process::run(own.as_ref().unwrap_or(spawn), &Limits { timeout, ..request.limits }, cancel, &mut output) {
                // The time is for all commands together.
                Ok(Ended::TimedOut(_)) => attempt = (Ended::TimedOut(request.limits.timeout.unwrap_or_default()), index, None),
                Ok(ended) => attempt = (ended, index, None),
                Err(error) => {
                    let code = if error.source.kind() == ErrorKind::NotFound { 127 } else { 126 };
                    attempt = (Ended::Exit(code), index, Some(error.to_string()));
                    break;
                }
            }
            started = true;
            if !attempt.0.success() {
                break;
            }
        }
        let errors = apart.and_then(|errors| output.append(&errors).ok());
        let (ended, command, error) = attempt;
        // What failed is read in full sooner or later.
        let keep = error.is_some() || !ended.success();
        Attempt { ended, command, log: output.finish(keep), errors, duration: began.elapsed(), started, error }
    }

    fn serve(&self, upkeep: Upkeep, tell: Tell) -> io::Result<Cancel> {
        service::keep(upkeep, tell)
    }
}

/// What commands print, on its way into the log.
pub(super) struct Redacted {
    redactor: Redactor,
    log: Log,
    clean: Vec<u8>,
}

impl Redacted {
    pub(super) fn new(secrets: &[Vec<u8>], log_file: &Path) -> Redacted {
        Redacted { redactor: Redactor::new(secrets), log: Log::new(log_file), clean: Vec::new() }
    }

    /// Lets the file hold everything, from now on.
    pub(super) fn keep(&mut self) {
        self.log.keep();
    }

    /// Adds what stands in a file; returns how many bytes that are.
    fn append(&mut self, mut file: &File) -> io::Result<u64> {
        file.rewind()?;
        let (mut buffer, mut total) = (vec![0; 64 << 10], 0);
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(total);
            }
            total += read as u64;
            self.bytes(&buffer[..read]);
        }
    }

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::{Output, Stdin};

    fn shell(script: &str, timeout: Option<Duration>) -> (Attempt, String) {
        let folder = tempfile::tempdir().unwrap();
        let mark = format!("test-{}-{}", std::process::id(), crate::base::Digest::of(script.as_bytes()).short());
        let spawn = Spawn {
            program: "/bin/sh".into(),
            arg0: "sh".into(),
            args: vec!["-c".into(), script.into()],
            dir: folder.path().into(),
            env: vec![("PATH".into(), std::env::var_os("PATH").unwrap()), ("ORKET_MARK".into(), mark.clone().into())],
            stdin: Stdin::Null,
            output: Output::Capture,
            errors: None,
            group: true,
        };
        let request = Request {
            spawns: vec![spawn],
            commands: vec![script.to_owned()],
            limits: Limits { timeout, grace: Duration::from_millis(200), signal: Limits::TERM },
            mark,
            secrets: vec![b"hunter2".to_vec()],
            log_file: folder.path().join("log"),
            apart: false,
        };
        let attempt = Local::new(Reaper::install()).execute(&request, &Cancel::new().unwrap());
        let output = String::from_utf8_lossy(attempt.log.tail()).into_owned();
        (attempt, output)
    }

    #[test]
    fn output_is_in_order_and_redacted() {
        let (attempt, output) = shell("echo one; echo two >&2; printf hunt; printf er2", None);
        assert!(attempt.ended.success());
        assert_eq!(output, "one\ntwo\n(secret)");
    }

    #[test]
    fn the_status_is_told() {
        assert_eq!(shell("exit 3", None).0.ended, Ended::Exit(3));
        assert_eq!(shell("kill -SEGV $$", None).0.ended.to_string(), "killed by SIGSEGV");
    }

    #[test]
    fn a_command_that_ignores_being_asked_is_killed_with_all_it_started() {
        let (attempt, _) = shell("trap '' TERM; sleep 1000 & sleep 1000; sleep 1000", Some(Duration::from_millis(100)));
        assert_eq!(attempt.ended.to_string(), "timed out (limit 100 ms)");
    }

    #[test]
    fn a_kept_pipe_is_not_waited_for_and_no_orphan_survives() {
        let (attempt, output) = shell("setsid sh -c 'echo $$ > pid; exec sleep 1000' & while ! [ -s pid ]; do :; done; cat pid", None);
        assert!(attempt.ended.success());
        assert!(!std::path::Path::new(&format!("/proc/{}", output.trim())).exists(), "process {output} survived");
    }

    #[test]
    fn much_output_stays_bounded_in_memory() {
        let (attempt, _) = shell("head -c 20000000 /dev/zero", None);
        assert_eq!(attempt.log.size(), 20_000_000);
        assert!(attempt.log.tail().len() <= 64 << 10);
    }
}
