//! A run for a pipe or a continuous-integration log: stable lines, each written once and for good.

use std::io::Write;
use std::sync::Arc;

use super::lines::Teller;
use super::sink::Out;
use super::{Names, Screen, Sink};
use crate::event::Event;

/// Returns a format that writes one line for each task that did something, failures in full, and a last line.
///
/// Lines are as long as what they say; the width of the screen changes nothing.
pub fn plain(names: Arc<dyn Names>, screen: Screen, out: Box<dyn Write + Send>) -> Box<dyn Sink> {
    Box::new(Plain { teller: Teller::new(names, screen, None), out: Out::new(out), held: None })
}

struct Plain {
    teller: Teller,
    out: Out,
    /// What is to be written when a task gives the terminal back.
    held: Option<String>,
}

impl Sink for Plain {
    fn event(&mut self, event: &Event) {
        match event {
            Event::TerminalTaken { .. } if self.held.is_none() => self.held = Some(String::new()),
            Event::TerminalReturned | Event::RunFinished(_) => self.finish(),
            _ => {}
        }
        let told = self.teller.tell(event);
        match &mut self.held {
            Some(held) => held.push_str(&told.text),
            None => self.out.write(told.text.as_bytes()),
        }
    }

    fn finish(&mut self) {
        if let Some(held) = self.held.take() {
            self.out.write(held.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::invented::*;
    use super::*;
    use crate::event::{Finished, Notice, Outcome, Totals};

    fn written(screen: Screen, events: &[Event]) -> String {
        let out = Screenful::default();
        let mut sink = plain(names(), screen, out.writer());
        events.iter().for_each(|event| sink.event(event));
        sink.finish();
        out.text()
    }

    #[test]
    fn a_bad_run_in_full() {
        let text = written(screen(), &a_bad_run());
        insta::assert_snapshot!(text, @r#"
        skipped docs  because of channel
        cached  a\u{1b}[2J日本語
        done    app/compile  300 ms
        warning: unused
        retry   app/link  exit status 1, attempt 2 in 500 ms
        failed  app/link (orket.kdl:11)
          command: cc -c src/a.c
          exit status 2 after 300 ms, 2 attempts
        line 1
        line 2
          whole log: .orket/logs/1.log
          the output mentions JAVA_HOME, which this task cannot see; to let it: env { pass "JAVA_HOME" }
          again: orket build app/link
        failed: 1 failed, 1 done, 1 cached, 1 skipped, 1 not reached (1.4 s)
        "#);
        for width in [40, 200] {
            assert_eq!(written(Screen { width, ..screen() }, &a_bad_run()), text);
        }
    }

    #[test]
    fn a_log_from_the_store_says_that_its_middle_was_never_kept() {
        let told = |size: u64| {
            let cached = Finished { output: b"end\n".to_vec(), output_size: size, ..ended(0, 5, Outcome::Cached) };
            written(screen(), &[Event::Finished(Box::new(cached))])
        };
        assert!(told((64 << 20) + 70_000).contains("left out; its middle was never kept"));
        assert!(!told(64 << 20).contains("middle"));
    }

    #[test]
    fn every_verbosity() {
        let events = a_bad_run();
        let all = written(screen(), &events);
        assert_eq!(written(Screen { verbosity: -1, ..screen() }, &events), all[all.find("failed  app/link").unwrap()..]);
        insta::assert_snapshot!(written(Screen { verbosity: 2, ..screen() }, &events[..8]), @r"
        start   app/compile  (input src/a.c changed)
        skipped docs  because of channel
        cached  a\u{1b}[2J日本語
        start   app/link  (input src/a.c changed)
        done    app/compile  300 ms  (input src/a.c changed)
        warning: unused
        retry   app/link  exit status 1, attempt 2 in 500 ms
        start   app/link  attempt 2  (input src/a.c changed)
        ");
        insta::assert_snapshot!(written(Screen { explain: true, ..screen() }, &events[..8]), @r"
        skipped docs  because of channel
        cached  a\u{1b}[2J日本語
        done    app/compile  300 ms  (input src/a.c changed)
        warning: unused
        retry   app/link  exit status 1, attempt 2 in 500 ms
        ");
    }

    #[test]
    fn colour() {
        insta::assert_snapshot!(written(Screen { color: true, ..screen() }, &a_bad_run()).replace('\u{1b}', "^"), @r#"
        ^[33mskipped^[0m ^[36mdocs^[0m  because of channel
        ^[32mcached^[0m  ^[36ma\u{1b}[2J日本語^[0m
        ^[32mdone^[0m    ^[36mapp/compile^[0m  300 ms
        warning: unused
        ^[33mretry^[0m   ^[36mapp/link^[0m  exit status 1, attempt 2 in 500 ms
        ^[31mfailed^[0m  ^[36mapp/link^[0m (orket.kdl:11)
          command: cc -c src/a.c
          ^[31mexit status 2^[0m after 300 ms, 2 attempts
        line 1
        line 2
          whole log: .orket/logs/1.log
          the output mentions JAVA_HOME, which this task cannot see; to let it: ^[36menv { pass "JAVA_HOME" }^[0m
          again: ^[36morket build app/link^[0m
        ^[31mfailed^[0m: 1 failed, 1 done, 1 cached, 1 skipped, 1 not reached (1.4 s)
        "#);
    }

    #[test]
    fn github_folds_and_annotates() {
        insta::assert_snapshot!(written(Screen { github: true, ..screen() }, &a_bad_run()), @r#"
        skipped docs  because of channel
        cached  a\u{1b}[2J日本語
        ::group::done    app/compile  300 ms
        warning: unused
        ::endgroup::
        retry   app/link  exit status 1, attempt 2 in 500 ms
        failed  app/link (orket.kdl:11)
          command: cc -c src/a.c
          exit status 2 after 300 ms, 2 attempts
        line 1
        line 2
          whole log: .orket/logs/1.log
          the output mentions JAVA_HOME, which this task cannot see; to let it: env { pass "JAVA_HOME" }
          again: orket build app/link
        ::error file=orket.kdl,line=11,title=app/link failed::exit status 2
        failed: 1 failed, 1 done, 1 cached, 1 skipped, 1 not reached (1.4 s)
        "#);
    }

    #[test]
    fn a_quiet_success_says_nothing() {
        let events = [run_started(1, None), printed(0, 100, b"hello\n"), run_finished(200, 0, Totals { done: 1, ..Totals::default() })];
        assert_eq!(written(Screen { verbosity: -1, ..screen() }, &events), "");
    }

    #[test]
    fn epics_have_no_lines_and_fresh_tasks_neither() {
        let events = [finished(4, 1, Outcome::Done), finished(0, 1, Outcome::Fresh), finished(5, 1, Outcome::Skipped)];
        let events = events.map(|event| match event {
            Event::Finished(mut finished) => {
                finished.attempts = 0;
                Event::Finished(finished)
            }
            event => event,
        });
        assert_eq!(written(screen(), &events), "");
    }

    #[test]
    fn flaky_and_unchanged() {
        let mut ended = ended(0, 1, Outcome::Done);
        (ended.flaky, ended.unchanged, ended.attempts) = (true, true, 2);
        let text = written(Screen { verbosity: 1, ..screen() }, &[Event::Finished(Box::new(ended))]);
        assert_eq!(text, "done    app/compile  300 ms  flaky: passed on attempt 2  same outputs as before  (input src/a.c changed)\n");
    }

    #[test]
    fn notices_come_once() {
        let notice = |task| Event::Notice(Notice { task, text: "the state was damaged".into(), hint: Some("run `orket doctor`".into()) });
        let text = written(screen(), &[notice(None), notice(Some(id(0))), notice(None)]);
        assert_eq!(
            text,
            "note: the state was damaged\nhint: run `orket doctor`\nnote: app/compile: the state was damaged\nhint: run `orket doctor`\n"
        );
    }

    #[test]
    fn nothing_is_written_over_a_task_that_has_the_terminal() {
        let out = Screenful::default();
        let mut sink = plain(names(), screen(), out.writer());
        sink.event(&Event::TerminalTaken { task: id(1) });
        sink.event(&finished(0, 1, Outcome::Done));
        assert_eq!(out.text(), "");
        sink.event(&Event::TerminalReturned);
        assert_eq!(out.text(), "done    app/compile  300 ms\n");
    }

    #[test]
    fn a_closed_pipe_is_tried_once() {
        let closed = Closed::default();
        let mut sink = plain(names(), screen(), Box::new(closed.clone()));
        a_bad_run().iter().for_each(|event| sink.event(event));
        assert_eq!(*closed.0.lock().unwrap(), 1);
    }
}
