//! The seat on this machine.

use std::io::{self, ErrorKind};
use std::time::Instant;

use super::redacted::Redacted;
use super::{Attempt, Executor, Request, Tell, Upkeep, service};
use crate::process::{self, Cancel, Ended, Limits, OutputSink, Reaper};

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
        let mut printed = Printed {
            output: Redacted::new(&request.secrets, &request.log_file),
            errors: request.spawns.iter().any(|spawn| spawn.apart).then(|| {
                let beside = request.log_file.with_extension("err");
                Redacted::new(&request.secrets, &beside)
            }),
        };
        let mut attempt = (Ended::Exit(0), 0, None);
        for (index, spawn) in request.spawns.iter().enumerate() {
            let timeout = request.limits.timeout.map(|timeout| timeout.saturating_sub(began.elapsed()));
            if cancel.stopped() {
                attempt = (Ended::Cancelled, index, None);
                break;
            }
            match process::run(spawn, &Limits { timeout, ..request.limits }, cancel, &mut printed) {
                // The time is for all commands together.
                Ok(Ended::TimedOut(_)) => attempt = (Ended::TimedOut(request.limits.timeout.unwrap_or_default()), index, None),
                Ok(ended) => attempt = (ended, index, None),
                Err(error) => {
                    let code = if error.source.kind() == ErrorKind::NotFound { 127 } else { 126 };
                    attempt = (Ended::Exit(code), index, Some(error.to_string()));
                    break;
                }
            }
            if !attempt.0.success() {
                break;
            }
        }
        let Printed { mut output, errors } = printed;
        let errors = errors.map(|errors| output.append(errors.finish(false)));
        let (ended, command, error) = attempt;
        // What failed is read in full sooner or later.
        let keep = error.is_some() || !ended.success();
        Attempt { ended, command, log: output.finish(keep), errors, duration: began.elapsed(), error, strayed: Vec::new() }
    }

    fn serve(&self, upkeep: Upkeep, tell: Tell) -> io::Result<Cancel> {
        service::keep(upkeep, tell)
    }
}

/// What commands print, where standard error may be told apart.
struct Printed {
    output: Redacted,
    errors: Option<Redacted>,
}

impl OutputSink for Printed {
    fn bytes(&mut self, bytes: &[u8]) {
        self.output.bytes(bytes);
    }

    fn errors(&mut self, bytes: &[u8]) {
        self.errors.as_mut().unwrap_or(&mut self.output).bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::{Output, Spawn, Stdin};

    fn shell(script: &str, timeout: Option<Duration>) -> (Attempt, String) {
        printing(script, timeout, false)
    }

    fn printing(script: &str, timeout: Option<Duration>, apart: bool) -> (Attempt, String) {
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
            apart,
            group: true,
        };
        let request = Request {
            spawns: vec![spawn],
            commands: vec![script.to_owned()],
            limits: Limits { timeout, grace: Duration::from_millis(200), signal: Limits::TERM },
            mark,
            secrets: vec![b"hunter2".to_vec()],
            log_file: folder.path().join("log"),
            confine: None,
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
    fn standard_error_that_is_told_apart_stands_behind_the_rest_and_is_bounded() {
        let (attempt, output) = printing("echo one >&2; printf 'hunter2'; echo two hunter2 >&2", None, true);
        assert_eq!((output.as_str(), attempt.errors), ("(secret)one\ntwo (secret)\n", Some(17)));
        let (attempt, _) = printing("echo out; head -c 100000000 /dev/zero >&2", None, true);
        assert_eq!((attempt.errors, attempt.log.tail().len()), (Some(100_000_000), 64 << 10));
        assert!(attempt.log.size() < (64 << 20) + (128 << 10), "{} bytes are kept", attempt.log.size());
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
