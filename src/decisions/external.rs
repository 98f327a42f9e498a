//! A strategy of the user's: a program that is asked in lines of JSON, one question, one answer.
//!
//! First line to it: `{"orket":1,"seam":"planner","strategy":"NAME","options":{}}`, to be answered with `{"orket":1}`. Then
//! `{"id":1,"ask":{…}}`, answered with `{"id":1,"answer":…}` or `{"id":1,"error":"why not"}`. The shapes of questions and answers are
//! those of each seam's file. When its standard input ends, it ends; what it writes to standard error is shown as it is.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use serde_json::{Value, json};

use super::{Options, Question, Seam, Strategy, StrategyError};
use crate::base::Place;
use crate::base::quantity::show_duration;
use crate::model::UserStrategy;

/// The version of the protocol.
const PROTOCOL: u64 = 1;
/// What one answer may be long, in bytes.
const LONGEST: u64 = 1 << 20;
/// How long it may take to start.
const START: Duration = Duration::from_secs(10);

/// A program that answers.
pub(super) struct External {
    seam: Seam,
    name: String,
    /// Where it is declared.
    place: Place,
    exec: Vec<String>,
    within: Duration,
    options: Value,
    root: PathBuf,
    talk: Mutex<Option<Talk>>,
}

struct Talk {
    child: Child,
    /// What is sent here is written to the program: it need not read, and then nobody waits for it.
    questions: Sender<Vec<u8>>,
    lines: Receiver<Vec<u8>>,
    asked: u64,
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl External {
    pub(super) fn new(seam: Seam, own: &UserStrategy, options: &Options, root: &Path) -> External {
        External {
            seam,
            name: own.name.to_string(),
            place: own.place.clone(),
            exec: own.exec.iter().map(ToString::to_string).collect(),
            within: own.within,
            options: options.to_json(),
            root: root.to_path_buf(),
            talk: Mutex::new(None),
        }
    }

    fn start(&self) -> Result<Talk, String> {
        let (program, words) = self.exec.split_first().ok_or("names no program")?;
        let mut child = Command::new(program)
            .args(words)
            .current_dir(&self.root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot be started: `{program}`: {error}"))?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { return Err(String::from("has no pipes")) };
        let (sender, lines) = bounded(1);
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while std::io::Read::take(&mut output, LONGEST).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                if sender.send(std::mem::take(&mut line)).is_err() {
                    break;
                }
            }
        });
        let (questions, asked) = bounded::<Vec<u8>>(1);
        thread::spawn(move || {
            // Whoever has ended cannot be asked, and may have said something before.
            while let Ok(question) = asked.recv() {
                if input.write_all(&question).and_then(|()| input.flush()).is_err() {
                    break;
                }
            }
        });
        let mut talk = Talk { child, questions, lines, asked: 0 };
        let hello = json!({ "orket": PROTOCOL, "seam": self.seam.name(), "strategy": self.name, "options": self.options });
        let answer = talk.say(&hello, START.max(self.within))?;
        match answer.get("orket").and_then(Value::as_u64) {
            Some(PROTOCOL) => Ok(talk),
            Some(other) => Err(format!("speaks version {other} of the protocol, and orket version {PROTOCOL}")),
            None => Err(format!("answered the greeting with {}; it has to be {{\"orket\":{PROTOCOL}}}", shown(&answer))),
        }
    }

    fn answer(&self, question: &Value) -> Result<Value, String> {
        let mut talk = self.talk.lock().expect("no holder panics");
        if talk.is_none() {
            *talk = Some(self.start()?);
        }
        let Some(open) = talk.as_mut() else { return Err(String::from("is not there")) };
        open.asked += 1;
        let id = open.asked;
        let answer = open.say(&json!({ "id": id, "ask": question }), self.within).inspect_err(|_| *talk = None)?;
        if let Some(error) = answer.get("error").and_then(Value::as_str) {
            return Err(format!("says: {error}"));
        }
        match (answer.get("id").and_then(Value::as_u64), answer.get("answer")) {
            (Some(found), Some(answer)) if found == id => Ok(answer.clone()),
            _ => Err(format!("answered {}; it has to be {{\"id\":{id},\"answer\":…}}", shown(&answer))),
        }
    }
}

impl Talk {
    fn say(&mut self, value: &Value, within: Duration) -> Result<Value, String> {
        let mut line = value.to_string().into_bytes();
        line.push(b'\n');
        let _ = self.questions.send_timeout(line, within);
        match self.lines.recv_timeout(within) {
            Ok(line) if line.len() as u64 >= LONGEST => Err(String::from("answered with more than 1 MiB on one line")),
            Ok(line) => serde_json::from_slice(&line).map_err(|error| {
                let line = String::from_utf8_lossy(&line);
                format!("answered what is no JSON ({error}): {}", cut(line.trim_end()))
            }),
            Err(RecvTimeoutError::Timeout) => Err(format!("gave no answer within {}", show_duration(within))),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    /// Says how a program that says nothing more has ended. One that lives on without its output is ended.
    fn ended(&mut self) -> String {
        let _ = self.child.kill();
        match self.child.wait() {
            Ok(status) if status.signal().is_none() => format!("ended by itself ({status})"),
            _ => String::from("closed its output without an answer, or was ended"),
        }
    }
}

fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

impl<Q: Question> Strategy<Q> for External {
    fn decide(&self, question: &Q) -> Result<Q::Answer, StrategyError> {
        let way_out = format!("({}; `--strategy {}=default` does without it)", self.place, self.seam.name());
        let failed = |trouble| StrategyError { seam: self.seam, strategy: self.name.clone(), trouble: format!("{trouble} {way_out}") };
        let question = serde_json::to_value(question).map_err(|error| failed(format!("cannot be asked: {error}")))?;
        let answer = self.answer(&question).map_err(failed)?;
        let text = shown(&answer);
        serde_json::from_value(answer).map_err(|error| failed(format!("gave an answer that orket does not understand ({error}): {text}")))
    }
}
