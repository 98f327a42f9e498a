//! Names, events and a screen for the tests of this folder.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Names, Screen};
use crate::base::{Place, TargetId};
use crate::event::{Change, Ending, Event, Finished, Headline, Outcome, Reason, Started, Subject, Totals};

/// Target 4 is an epic, target 5 a service, 6 has a name that no manifest could give.
const NAMES: [&str; 7] = ["app/compile", "app/link", "app/test", "docs", "app", "db", "a\u{1b}[2J日本語"];

pub(super) fn names() -> Arc<dyn Names> {
    struct Invented;
    impl Names for Invented {
        fn address(&self, target: TargetId) -> String {
            NAMES[target.index()].to_owned()
        }
        fn place(&self, target: TargetId) -> Option<Place> {
            Some(place(target.0 + 10))
        }
        fn is_task(&self, target: TargetId) -> bool {
            !matches!(target.0, 4 | 5)
        }
        fn count(&self) -> usize {
            NAMES.len()
        }
    }
    Arc::new(Invented)
}

pub(super) fn id(index: u32) -> TargetId {
    TargetId(index)
}

pub(super) fn place(line: u32) -> Place {
    Place { file: "orket.kdl".into(), line, column: 1 }
}

pub(super) fn screen() -> Screen {
    Screen { width: 80, height: 24, color: false, verbosity: 0, explain: false, github: false }
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(super) fn run_started(tasks: usize, critical_path: Option<u64>) -> Event {
    Event::RunStarted(Headline {
        run: "0a1b2c3d".into(),
        began: 1_700_000_000_000,
        goal: vec!["app".into()],
        tasks,
        jobs: 4,
        critical_path: critical_path.map(millis),
        strategies: Vec::new(),
    })
}

pub(super) fn changed() -> Reason {
    let change =
        Change { subject: Subject::Input, name: "src/a.c".into(), old: Some("0123456789ab".into()), new: Some("ba9876543210".into()) };
    Reason::Changed(vec![change])
}

pub(super) fn started(task: u32, at: u64, slot: u32) -> Event {
    Event::Started(Started { task: id(task), at: millis(at), attempt: 1, slot, reason: changed(), expected: None })
}

pub(super) fn expected(task: u32, at: u64, expected: u64) -> Event {
    Event::Started(Started { task: id(task), at: millis(at), attempt: 1, slot: 0, reason: changed(), expected: Some(millis(expected)) })
}

/// How a target ended that says nothing.
pub(super) fn ended(task: u32, at: u64, outcome: Outcome) -> Finished {
    let ran = matches!(outcome, Outcome::Done | Outcome::Failed);
    Finished {
        at: millis(at),
        reason: ran.then(changed),
        duration: if ran { millis(300) } else { Duration::ZERO },
        attempts: u32::from(ran),
        ..Finished::new(id(task), outcome)
    }
}

pub(super) fn finished(task: u32, at: u64, outcome: Outcome) -> Event {
    Event::Finished(Box::new(ended(task, at, outcome)))
}

/// A task that succeeded and printed something.
pub(super) fn printed(task: u32, at: u64, output: &[u8]) -> Event {
    let mut finished = ended(task, at, Outcome::Done);
    finished.output = output.to_vec();
    finished.output_size = output.len() as u64;
    Event::Finished(Box::new(finished))
}

/// A task that failed after so many lines of output.
pub(super) fn failed(task: u32, lines: usize) -> Finished {
    let output: String = (1..=lines).map(|line| format!("line {line}\n")).collect();
    let mut finished = ended(task, 1300, Outcome::Failed);
    finished.status = Some("exit status 2".into());
    finished.code = Some(2);
    finished.output_size = output.len() as u64;
    finished.output = output.into_bytes();
    finished.log = Some(".orket/logs/1.log".into());
    finished.command = Some("cc -c src/a.c".into());
    finished
}

pub(super) fn run_finished(at: u64, exit: i32, totals: Totals) -> Event {
    Event::RunFinished(Ending { at: millis(at), exit, signal: None, totals })
}

/// One done, one that failed at the second attempt, one not reached, one from the store, one left out.
pub(super) fn a_bad_run() -> Vec<Event> {
    let mut link = failed(1, 2);
    link.attempts = 2;
    link.withheld = vec!["JAVA_HOME".into()];
    let mut test = ended(2, 1300, Outcome::Cancelled);
    test.because = Some("app/link".into());
    let mut docs = ended(3, 120, Outcome::Skipped);
    docs.because = Some("channel".into());
    vec![
        run_started(5, Some(3000)),
        started(0, 100, 0),
        Event::Finished(Box::new(docs)),
        finished(6, 150, Outcome::Cached),
        started(1, 200, 1),
        printed(0, 400, b"warning: unused\n"),
        Event::Retrying { task: id(1), at: millis(500), attempt: 1, wait: millis(500), status: "exit status 1".into() },
        Event::Started(Started { task: id(1), at: millis(1000), attempt: 2, slot: 0, reason: changed(), expected: Some(millis(400)) }),
        Event::Finished(Box::new(link)),
        Event::Finished(Box::new(test)),
        run_finished(1400, 1, Totals { done: 1, cached: 1, skipped: 1, failed: 1, cancelled: 1, ..Totals::default() }),
    ]
}

/// What was written, shared with the test.
#[derive(Clone, Default)]
pub(super) struct Screenful(Arc<Mutex<Vec<u8>>>);

impl Screenful {
    pub(super) fn writer(&self) -> Box<dyn Write + Send> {
        Box::new(self.clone())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Screenful {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe that nobody reads any more; counts what was tried.
#[derive(Clone, Default)]
pub(super) struct Closed(pub(super) Arc<Mutex<usize>>);

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        *self.0.lock().unwrap() += 1;
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal as far as the live drawing needs one: it wraps, moves up, erases a row, hides its cursor; anything else is an error.
pub(super) struct Terminal {
    columns: usize,
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
    pub(super) cursor: bool,
    /// How many lines were longer than the screen.
    pub(super) wrapped: usize,
}

impl Terminal {
    pub(super) fn new(columns: usize) -> Terminal {
        Terminal { columns, lines: vec![Vec::new()], row: 0, column: 0, cursor: true, wrapped: 0 }
    }

    pub(super) fn write(&mut self, text: &str) {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\n' => self.down(),
                '\r' => self.column = 0,
                '\u{1b}' => {
                    assert_eq!(chars.next(), Some('['), "not a control sequence");
                    let mut parameters = String::new();
                    let last = chars
                        .by_ref()
                        .find(|c| {
                            if c.is_ascii_alphabetic() {
                                true
                            } else {
                                parameters.push(*c);
                                false
                            }
                        })
                        .unwrap();
                    self.control(&parameters, last);
                }
                c => {
                    assert!(!c.is_control(), "{c:?} reached the screen");
                    self.put(c);
                }
            }
        }
    }

    /// Returns what is seen, without blanks at the ends of lines.
    pub(super) fn text(&self) -> String {
        let lines: Vec<String> =
            self.lines.iter().map(|line| line.iter().filter(|c| **c != '\0').collect::<String>().trim_end().to_owned()).collect();
        lines.join("\n")
    }

    fn down(&mut self) {
        self.row += 1;
        self.column = 0;
        if self.row == self.lines.len() {
            self.lines.push(Vec::new());
        }
    }

    fn control(&mut self, parameters: &str, last: char) {
        match (parameters, last) {
            ("?25", 'l') => self.cursor = false,
            ("?25", 'h') => self.cursor = true,
            ("", 'A') => {
                self.row = self.row.checked_sub(1).expect("above the screen");
                if self.lines.last().is_some_and(|line| line.is_empty()) {
                    self.lines.truncate(self.lines.len() - 1);
                }
            }
            ("2", 'K') => self.lines[self.row].clear(),
            (_, 'm') => {}
            other => panic!("unknown control sequence {other:?}"),
        }
    }

    fn put(&mut self, c: char) {
        let width = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if self.column + width > self.columns {
            self.wrapped += 1;
            self.down();
        }
        let line = &mut self.lines[self.row];
        line.resize(line.len().max(self.column + width), ' ');
        line[self.column] = c;
        line[self.column + 1..self.column + width].fill('\0');
        self.column += width;
    }
}
