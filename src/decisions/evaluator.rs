//! `evaluator`: what the end of a command means.

use serde::{Deserialize, Serialize};

use super::{Options, Question, Seam, Strategy};

/// What does the end of an attempt mean?
#[derive(Clone, Debug, Serialize)]
pub struct Attempted {
    /// The task's address.
    pub task: String,
    /// Which attempt it was, from 1 on.
    pub attempt: u32,
    /// The exit status; `None` if a signal or the clock ended it.
    pub code: Option<i32>,
    /// How it ended, in words.
    pub status: String,
    /// Whether it went beyond its time.
    pub timed_out: bool,
    /// How many bytes it printed.
    pub printed: u64,
    /// How many of them to standard error; `None` where that was not told apart.
    pub errors: Option<u64>,
    /// The first 20 files that it left in the checkout, new or changed, and that no task declares; `None` where nobody looked.
    pub undeclared: Option<Vec<String>>,
    /// How often the task may be tried again, as the manifest says.
    pub retries: u32,
    /// How long it waits before it is tried again for the first time, in milliseconds.
    pub backoff_ms: u64,
    /// How long the attempt took, in milliseconds.
    pub duration_ms: u64,
}

/// What it means.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Verdict {
    /// It succeeded.
    Success,
    /// It failed, for good.
    Failure {
        /// Why, if the exit status does not say it.
        because: Option<String>,
        /// Whether `on_failure` is to be started.
        remedy: bool,
    },
    /// It is tried once more.
    Retry {
        /// After this many milliseconds.
        wait_ms: u64,
    },
}

impl Question for Attempted {
    type Answer = Verdict;

    const SEAM: Seam = Seam::Evaluator;
}

impl Attempted {
    /// How long to wait: twice as long each time.
    fn wait_ms(&self) -> u64 {
        self.backoff_ms.saturating_mul(1 << (self.attempt - 1).min(16))
    }

    fn read(&self, retries: u32) -> Verdict {
        match self.code {
            Some(0) if !self.timed_out => Verdict::Success,
            _ if self.attempt <= retries => Verdict::Retry { wait_ms: self.wait_ms() },
            _ => Verdict::Failure { because: None, remedy: true },
        }
    }
}

pub(super) fn brought(name: &str, options: &Options) -> Box<dyn Strategy<Attempted>> {
    let because = |text: &str| Verdict::Failure { because: Some(text.to_owned()), remedy: true };
    match name {
        "strict" => Box::new(move |end: &Attempted| match end.read(end.retries) {
            Verdict::Success if end.attempt > 1 => {
                because("it passed only on a further attempt, which the evaluator `strict` counts as a failure")
            }
            Verdict::Success if end.errors.is_some_and(|bytes| bytes > 0) => {
                because("it printed to standard error, which the evaluator `strict` counts as a failure")
            }
            Verdict::Success => match end.undeclared.as_deref() {
                None | Some([]) => Verdict::Success,
                Some(files) => because(&format!(
                    "it left `{}`, which no task declares as its output; the evaluator `strict` counts that as a failure",
                    files.join("`, `")
                )),
            },
            verdict => verdict,
        }),
        "flaky_tolerant" => {
            let least = options.count("retries").map_or(1, |count| count as u32);
            Box::new(move |end: &Attempted| end.read(end.retries.max(least)))
        }
        _ => Box::new(|end: &Attempted| end.read(end.retries)),
    }
}
