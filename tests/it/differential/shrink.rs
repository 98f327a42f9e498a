//! Makes a sequence that fails as small as it gets.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::case::Case;

/// How long shrinking may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Plays a sequence; a panic is a failure like others.
pub fn failure(case: &Case) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| case.play())) {
        Ok(played) => played.err(),
        Err(panic) => Some(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned())),
    }
}

/// Returns the smallest sequence that was found to fail, and how it fails.
pub fn shrink(case: Case, why: String) -> (Case, String) {
    let begin = Instant::now();
    let mut best = (case, why);
    let mut size = best.0.steps.len().max(1);
    while size > 0 && begin.elapsed() < LIMIT {
        let mut at = 0;
        while at < best.0.steps.len() && begin.elapsed() < LIMIT {
            let mut smaller = best.0.clone();
            smaller.steps.drain(at..(at + size).min(best.0.steps.len()));
            match failure(&smaller) {
                Some(why) => best = (smaller, why),
                None => at += size,
            }
        }
        size /= 2;
    }
    for number in best.0.tasks().into_iter().rev() {
        if begin.elapsed() > LIMIT {
            break;
        }
        let mut smaller = best.0.clone();
        smaller.dropped.push(number);
        if let Some(why) = failure(&smaller) {
            best = (smaller, why);
        }
    }
    best
}
