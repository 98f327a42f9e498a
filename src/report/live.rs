//! A run at a terminal: what ended scrolls up for good, what runs is drawn below it and drawn again.
//!
//! The drawing is a few lines that never wrap, with the cursor left at the end of the last one. Before anything else is written they are erased
//! one by one, from the last to the first, so the drawing leaves no trace; a terminal that is told to erase all that is below puts that into
//! its history where it is the whole screen. Each change is one write: a terminal never shows
//! half of it. Lasting lines wait for the next tick, a tenth of a second at most, unless they are urgent; a run that is over before the first
//! tick draws nothing at all.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::chars::width;
use super::lines::Teller;
use super::paint::Paint;
use super::progress::Progress;
use super::sink::Out;
use super::{Names, Screen, Sink};
use crate::event::Event;

/// What a screen of unknown measures is taken for.
const COLUMNS: usize = 80;
const ROWS: usize = 24;

/// How long lasting lines may wait for a tick.
const PATIENCE: Duration = Duration::from_millis(100);

const HIDE_CURSOR: &str = "\u{1b}[?25l";
const SHOW_CURSOR: &str = "\u{1b}[?25h";
const ERASE_ROW: &str = "\u{1b}[2K";
const UP: &str = "\u{1b}[A";

/// Returns a format that keeps a live drawing at the bottom of a terminal. Quiet screens get no drawing.
pub fn live(names: Arc<dyn Names>, screen: Screen, out: Box<dyn Write + Send>) -> Box<dyn Sink> {
    let mut live = Live {
        teller: Teller::new(names, screen, None),
        paint: Paint { color: screen.color },
        out: Out::new(out),
        columns: 0,
        rows: 0,
        pending: String::new(),
        drawn: Vec::new(),
        hidden: false,
        taken: false,
        now: Duration::ZERO,
        flushed: Duration::ZERO,
        progress: Progress::default(),
    };
    live.measure(screen.width, screen.height);
    Box::new(live)
}

struct Live {
    teller: Teller,
    paint: Paint,
    out: Out,
    columns: usize,
    rows: usize,
    /// Lasting lines that are not written yet.
    pending: String,
    /// The columns of each line of the drawing that is on the screen.
    drawn: Vec<usize>,
    hidden: bool,
    /// Whether a task has the terminal.
    taken: bool,
    now: Duration,
    flushed: Duration,
    progress: Progress,
}

impl Sink for Live {
    fn event(&mut self, event: &Event) {
        if matches!(event, Event::TerminalReturned | Event::RunFinished(_)) {
            self.taken = false;
        }
        let told = self.teller.tell(event);
        self.pending.push_str(&told.text);
        let at = self.progress.follow(event, &self.teller);
        self.now = self.now.max(at.unwrap_or_default());
        if matches!(event, Event::TerminalTaken { .. }) && !self.taken {
            self.clear();
            self.taken = true;
        }
        let late = !self.pending.is_empty() && self.now >= self.flushed + PATIENCE;
        if told.urgent || late {
            self.frame();
        }
    }

    fn tick(&mut self, now: Duration) {
        self.now = self.now.max(now);
        self.frame();
    }

    fn resize(&mut self, width: usize, height: usize) {
        self.measure(width, height);
        self.frame();
    }

    fn pause(&mut self) {
        self.clear();
    }

    fn finish(&mut self) {
        self.taken = false;
        self.progress.over = true;
        self.clear();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Live {
    fn measure(&mut self, width: usize, height: usize) {
        self.columns = if width == 0 { COLUMNS } else { width };
        self.rows = if height == 0 { ROWS } else { height };
        self.teller.set_room(self.columns);
    }

    /// Writes what is pending and draws again below it.
    fn frame(&mut self) {
        if self.taken {
            return;
        }
        if self.progress.over || self.teller.screen.verbosity < 0 {
            self.write(&[]);
        } else {
            self.write(&self.progress.drawing(self.columns, self.rows, self.now, self.paint));
        }
    }

    /// Writes what is pending and leaves no drawing.
    fn clear(&mut self) {
        if !self.taken {
            self.write(&[]);
        }
    }

    fn write(&mut self, lines: &[String]) {
        let mut text = self.erasure();
        text.push_str(&std::mem::take(&mut self.pending));
        if lines.is_empty() == self.hidden {
            text.push_str(if self.hidden { SHOW_CURSOR } else { HIDE_CURSOR });
            self.hidden = !self.hidden;
        }
        text.push_str(&lines.join("\n"));
        self.drawn = lines.iter().map(|line| width(line)).collect();
        self.flushed = self.now;
        self.out.write(text.as_bytes());
    }

    /// Returns what takes the drawing off the screen, also one that a narrower terminal has wrapped since.
    fn erasure(&self) -> String {
        if self.drawn.is_empty() {
            return String::new();
        }
        let rows: usize = self.drawn.iter().map(|columns| columns.div_ceil(self.columns).max(1)).sum();
        format!("\r{ERASE_ROW}{}", format!("{UP}{ERASE_ROW}").repeat(rows - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::chars::cut;
    use super::super::invented::*;
    use super::super::plain;
    use super::*;
    use crate::base::{Place, TargetId};
    use crate::event::{Outcome, Totals};

    /// A live run and the terminal that it is seen on.
    struct Seen {
        sink: Box<dyn Sink>,
        out: Screenful,
        terminal: Terminal,
        read: usize,
    }

    impl Seen {
        fn new(width: usize, height: usize) -> Seen {
            let out = Screenful::default();
            let sink = live(names(), Screen { width, height, ..screen() }, out.writer());
            Seen { sink, out, terminal: Terminal::new(width), read: 0 }
        }

        fn event(&mut self, event: &Event) -> &mut Seen {
            self.sink.event(event);
            self
        }

        fn tick(&mut self, ms: u64) -> &mut Seen {
            self.sink.tick(Duration::from_millis(ms));
            self
        }

        fn screen(&mut self) -> String {
            let text = self.out.text();
            self.terminal.write(&text[self.read..]);
            self.read = text.len();
            self.terminal.text()
        }
    }

    #[test]
    fn while_it_runs() {
        let mut seen = Seen::new(80, 24);
        seen.event(&run_started(34, Some(10_000))).event(&expected(0, 100, 3000)).event(&started(1, 200, 1)).tick(1500);
        assert_eq!(seen.screen(), "  app/compile  1.4 s of ~3.0 s\n  app/link  1.3 s\n0/34 done, 2 running, ~9 s left");
        assert!(!seen.terminal.cursor);
        seen.event(&finished(0, 1600, Outcome::Done)).tick(2000);
        assert_eq!(seen.screen(), "done    app/compile  300 ms\n  app/link  1.8 s\n1/34 done, 1 running, ~8 s left");
        seen.event(&finished(1, 2100, Outcome::Done)).event(&run_finished(2400, 0, Totals { done: 2, fresh: 32, ..Totals::default() }));
        assert_eq!(seen.screen(), "done    app/compile  300 ms\ndone    app/link  300 ms\nbuilt 34 tasks: 2 done, 32 fresh (2.4 s)\n");
        assert!(seen.terminal.cursor);
        seen.tick(2500).sink.finish();
        assert!(seen.screen().ends_with("(2.4 s)\n"));
    }

    #[test]
    fn while_it_stands_still() {
        let mut seen = Seen::new(80, 24);
        seen.event(&run_started(2, None)).event(&finished(1, 100, Outcome::Done)).event(&started(0, 200, 1)).tick(1500);
        let drawn = seen.screen();
        seen.sink.pause();
        assert_eq!((seen.screen().as_str(), seen.terminal.cursor), ("done    app/link  300 ms\n", true));
        seen.tick(1500);
        assert_eq!((seen.screen(), seen.terminal.cursor), (drawn, false));
    }

    #[test]
    fn agrees_with_plain_and_leaves_no_trace_at_any_width() {
        for width in [40, 80, 200] {
            let mut seen = Seen::new(width, 24);
            let mut expected = Terminal::new(width);
            let lasting = Screenful::default();
            let mut plain = plain(names(), screen(), lasting.writer());
            for (index, event) in a_bad_run().iter().enumerate() {
                plain.event(event);
                seen.event(event).tick(index as u64 * 130);
                seen.screen();
            }
            for line in lasting.text().lines() {
                let about_a_task = ["done ", "cached ", "skipped ", "retry "].iter().any(|verb| line.starts_with(verb));
                expected.write(&if about_a_task { cut(line, width) } else { line.to_owned() });
                expected.write("\n");
            }
            assert_eq!(seen.screen(), expected.text(), "{width}");
            assert_eq!(seen.terminal.wrapped, expected.wrapped, "{width}: only lasting lines wrap");
            assert!(seen.terminal.cursor);
        }
    }

    #[test]
    fn a_narrow_screen() {
        let mut seen = Seen::new(24, 24);
        seen.event(&run_started(5, Some(9000))).event(&expected(0, 0, 3000)).event(&expected(6, 0, 3000)).tick(1000);
        seen.event(&finished(3, 1000, Outcome::Done)).tick(1200);
        insta::assert_snapshot!(seen.screen(), @r"
        done    docs  300 ms
          app/compile  1.2 s
          a\u{1b}…日本語  1.2 s
        1/5 done, 2 running
        ");
        assert_eq!(seen.terminal.wrapped, 0);
        for width in 1..12 {
            let mut seen = Seen::new(width, 24);
            seen.event(&run_started(5, Some(9000))).event(&expected(6, 0, 3000)).tick(1000).tick(1100);
            seen.screen();
            assert_eq!(seen.terminal.wrapped, 0, "{width}");
        }
    }

    #[test]
    fn a_long_name_leaves_room_for_what_stands_behind_it() {
        struct Long;
        impl Names for Long {
            fn address(&self, _: TargetId) -> String {
                "app/a_task_with_quite_a_long_name_日本語".into()
            }
            fn place(&self, _: TargetId) -> Option<Place> {
                None
            }
            fn is_task(&self, _: TargetId) -> bool {
                true
            }
            fn count(&self) -> usize {
                1
            }
        }
        let shown = |width: usize| {
            let out = Screenful::default();
            let mut sink = live(Arc::new(Long), Screen { width, height: 24, ..screen() }, out.writer());
            [run_started(1, None), finished(0, 900, Outcome::Done)].iter().for_each(|event| sink.event(event));
            sink.tick(Duration::from_secs(1));
            out.text().lines().next().unwrap().to_owned()
        };
        assert_eq!(shown(80), "done    app/a_task_with_quite_a_long_name_日本語  300 ms");
        assert_eq!(shown(40), "done    app/a_task_w…name_日本語  300 ms");
        assert_eq!(shown(20), "done    app/a_task_…");
    }

    #[test]
    fn a_low_screen() {
        let mut seen = Seen::new(80, 6);
        seen.event(&run_started(7, None));
        for task in 0..5 {
            seen.event(&started(task, 0, task));
        }
        assert_eq!(seen.tick(1000).screen(), "  app/compile  1.0 s\n  app/link  1.0 s\n  and 3 more\n0/7 done, 5 running");
        let mut seen = Seen::new(80, 1);
        assert_eq!(seen.event(&run_started(7, None)).event(&started(0, 0, 0)).tick(1).screen(), "0/7 done, 1 running");
    }

    #[test]
    fn a_screen_that_becomes_narrower() {
        let mut seen = Seen::new(80, 24);
        seen.event(&run_started(7, None)).event(&expected(0, 0, 3000)).tick(1000);
        assert_eq!(seen.screen(), "  app/compile  1.0 s of ~3.0 s\n0/7 done, 1 running");
        seen.terminal = Terminal::new(20);
        seen.terminal.write("  app/compile  1.0 s of ~3.0 s\n0/7 done, 1 running");
        seen.sink.resize(20, 24);
        assert_eq!(seen.screen(), "  app/c…pile  1.0 s\n0/7 done, 1 running");
    }

    #[test]
    fn a_failure_is_seen_at_once_and_the_rest_at_the_next_tick() {
        let mut seen = Seen::new(80, 24);
        seen.event(&run_started(3, None)).event(&started(0, 0, 0)).tick(100).event(&finished(3, 110, Outcome::Done));
        assert_eq!(seen.screen(), "  app/compile  100 ms\n0/3 done, 1 running");
        let mut compile = failed(0, 1);
        compile.at = Duration::from_millis(120);
        seen.event(&Event::Finished(Box::new(compile)));
        insta::assert_snapshot!(seen.screen(), @"
        done    docs  300 ms
        failed  app/compile (orket.kdl:10)
          command: cc -c src/a.c
          exit status 2 after 300 ms
        line 1
          whole log: .orket/logs/1.log
          again: orket build app/compile
        2/3 done, 1 failed, 0 running
        ");
    }

    #[test]
    fn a_short_run_draws_nothing() {
        let mut seen = Seen::new(80, 24);
        seen.event(&run_started(34, None)).event(&run_finished(38, 0, Totals { fresh: 34, ..Totals::default() })).sink.finish();
        assert_eq!(seen.out.text(), "nothing to do: 34 tasks fresh (38 ms)\n");
    }

    #[test]
    fn gives_the_terminal_away() {
        let mut seen = Seen::new(80, 24);
        seen.event(&run_started(3, None)).event(&started(0, 0, 0)).event(&started(1, 0, 0)).tick(100);
        seen.event(&Event::TerminalTaken { task: id(1) });
        assert_eq!(seen.screen(), "");
        assert!(seen.terminal.cursor);
        seen.event(&finished(0, 900, Outcome::Done)).tick(1000);
        assert_eq!(seen.screen(), "");
        seen.event(&Event::TerminalReturned).tick(1100);
        assert_eq!(seen.screen(), "done    app/compile  300 ms\n  app/link  1.1 s\n1/3 done, 1 running");
    }

    #[test]
    fn waits_between_attempts() {
        let mut seen = Seen::new(80, 24);
        let wait = Duration::from_secs(2);
        let retrying = Event::Retrying { task: id(0), at: Duration::from_secs(1), attempt: 1, wait, status: "exit status 1".into() };
        seen.event(&run_started(1, None)).event(&started(0, 0, 0)).event(&retrying).tick(1500);
        assert_eq!(
            seen.screen(),
            "retry   app/compile  exit status 1, attempt 2 in 2.0 s\n  app/compile  waits for its next attempt, 500 ms\n0/1 done, 1 running"
        );
    }

    #[test]
    fn no_guess_without_history() {
        let mut seen = Seen::new(80, 24);
        seen.event(&run_started(2, None)).event(&expected(0, 0, 5000)).tick(1000);
        assert!(seen.screen().ends_with("0/2 done, 1 running"));
        seen.event(&expected(1, 1000, 9000)).tick(1100);
        assert!(seen.screen().ends_with("0/2 done, 2 running, ~9 s left"));
        seen.tick(20_000);
        assert!(seen.screen().ends_with("0/2 done, 2 running"));
    }

    #[test]
    fn restores_the_cursor_when_dropped_and_survives_a_closed_pipe() {
        let mut seen = Seen::new(80, 24);
        seen.event(&run_started(2, None)).event(&started(0, 0, 0)).tick(100);
        seen.sink = live(names(), screen(), Box::new(Closed::default()));
        assert_eq!(seen.screen(), "");
        assert!(seen.terminal.cursor);
        for event in a_bad_run() {
            seen.event(&event);
        }
    }
}
