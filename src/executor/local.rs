//! The seat on this machine.

use std::time::Instant;

use super::{Attempt, Executor, Request};
use crate::process::{self, Cancel, Ended, Limits, Log, Reaper, Redactor};

/// Runs commands on this machine, as they are.
pub struct Local {
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
        let mut log = Log::new(&request.log_file);
        let mut redactor = Redactor::new(&request.secrets);
        let attempt = |ended, command, error, log| Attempt { ended, command, log, duration: began.elapsed(), error };
        let mut last = (Ended::Exit(0), 0);
        for (index, spawn) in request.spawns.iter().enumerate() {
            if cancel.stopped() {
                last = (Ended::Cancelled, index);
                break;
            }
            let timeout = request.limits.timeout.map(|timeout| timeout.saturating_sub(began.elapsed()));
            let limits = Limits { timeout, ..request.limits };
            let mut clean = Vec::new();
            let mut sink = |bytes: &[u8]| {
                clean.clear();
                redactor.push(bytes, &mut clean);
                log.push(&clean);
            };
            match process::run(spawn, &limits, cancel, &mut sink) {
                Ok(Ended::TimedOut(_)) => last = (Ended::TimedOut(request.limits.timeout.unwrap_or_default()), index),
                Ok(ended) => last = (ended, index),
                Err(error) => return attempt(Ended::Exit(127), index, Some(error.to_string()), log),
            }
            if !last.0.success() {
                break;
            }
        }
        let mut rest = Vec::new();
        redactor.finish(&mut rest);
        log.push(&rest);
        log.finish();
        attempt(last.0, last.1, None, log)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::{Output, Spawn, Stdin};

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
            group: true,
        };
        let request = Request {
            spawns: vec![spawn],
            commands: vec![script.to_owned()],
            limits: Limits { timeout, grace: Duration::from_millis(200) },
            mark,
            secrets: vec![b"hunter2".to_vec()],
            log_file: folder.path().join("log"),
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
        assert_eq!(attempt.ended.to_string(), "timed out after 100 ms");
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
