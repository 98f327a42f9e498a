//! The builds that were asked for: each an orket of its own, whose events and words are kept for whoever asks.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::end_process;

/// How many builds are remembered.
const KEPT: usize = 50;

/// How much of what a build says is kept, in bytes: the end.
const TAIL: usize = 256 << 10;

/// The signal that ends a build, as Ctrl-C does.
const INTERRUPT: i32 = 2;

/// All builds since the server began.
#[derive(Clone, Default)]
pub(super) struct Builds(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    next: u64,
    list: Vec<Build>,
}

struct Build {
    id: u64,
    targets: Vec<String>,
    /// The process, while it is not reaped.
    process: Option<u32>,
    /// The exit status; `None` while it runs, or if a signal ended it.
    exit: Option<i32>,
    said: Vec<u8>,
    cut: bool,
}

impl Build {
    fn state(&self) -> &'static str {
        match (self.process, self.exit) {
            (Some(_), _) => "running",
            (None, Some(0)) => "succeeded",
            (None, Some(129..=143)) | (None, None) => "ended",
            (None, Some(_)) => "failed",
        }
    }

    fn json(&self, with_output: bool) -> Value {
        let mut value = json!({ "id": self.id, "targets": self.targets, "state": self.state(), "exit": self.exit });
        if with_output {
            value["output"] = json!(String::from_utf8_lossy(&self.said));
            value["output_cut"] = json!(self.cut);
        }
        value
    }
}

impl Builds {
    /// Starts a build; returns what there is to say of it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, mut command: Command, targets: Vec<String>) -> io::Result<Value> {
        let (mut reader, writer) = io::pipe()?;
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.spawn()?;
        drop(command);
        let mut table = self.table();
        table.next += 1;
        let id = table.next;
        let build = Build { id, targets, process: Some(child.id()), exit: None, said: Vec::new(), cut: false };
        let told = build.json(false);
        table.list.push(build);
        let running = |build: &Build| build.process.is_some();
        while table.list.len() > KEPT && table.list.iter().any(|build| !running(build)) {
            let oldest = table.list.iter().position(|build| !running(build)).unwrap_or_default();
            table.list.remove(oldest);
        }
        drop(table);
        let builds = self.clone();
        thread::spawn(move || builds.listen(id, &mut reader, &mut child));
        Ok(told)
    }

    fn listen(&self, id: u64, reader: &mut dyn Read, child: &mut Child) {
        let mut bytes = [0; 8192];
        while let Ok(count) = reader.read(&mut bytes) {
            if count == 0 {
                break;
            }
            self.with(id, |build| {
                build.said.extend_from_slice(&bytes[..count]);
                let over = build.said.len().saturating_sub(TAIL);
                if over > TAIL / 4 {
                    build.said.drain(..over);
                    build.cut = true;
                }
            });
        }
        // Nobody may send a signal to a number that is not the build's any more: it is reaped under the lock.
        let mut reaped = |build: &mut Build| match child.try_wait() {
            Ok(None) => false,
            ended => {
                build.process = None;
                build.exit = ended.ok().flatten().and_then(|status| status.code());
                true
            }
        };
        while self.with(id, &mut reaped) == Some(false) {
            thread::park_timeout(Duration::from_millis(2));
        }
    }

    /// Returns all builds, the newest first.
    pub fn all(&self) -> Value {
        let table = self.table();
        json!({ "version": 1, "builds": table.list.iter().rev().map(|build| build.json(false)).collect::<Vec<_>>() })
    }

    /// Returns one build with what it said.
    pub fn one(&self, id: u64) -> Option<Value> {
        self.with(id, |build| build.json(true))
    }

    /// Ends a build, as Ctrl-C does; `None` if there is none of that number.
    pub fn end(&self, id: u64) -> Option<Value> {
        self.with(id, |build| {
            // Reaped or not is known under the lock, so that the number is still its own.
            build.process.into_iter().for_each(|process| end_process(process, INTERRUPT));
            build.json(false)
        })
    }

    /// Ends all that run, and waits for them.
    pub fn end_all(&self) {
        let running = |table: &Table| table.list.iter().filter_map(|build| build.process).collect::<Vec<u32>>();
        running(&self.table()).into_iter().for_each(|process| end_process(process, INTERRUPT));
        while !running(&self.table()).is_empty() {
            thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn with<T>(&self, id: u64, act: impl FnOnce(&mut Build) -> T) -> Option<T> {
        self.table().list.iter_mut().find(|build| build.id == id).map(act)
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.lock().expect("no holder panics")
    }
}
