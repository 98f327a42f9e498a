//! How a task ended for good.

use std::time::Duration;

use crate::base::{Digest, RelPath};
use crate::rebuild::Yield;

/// How a task ended for good.
pub(super) struct Ran {
    pub verdict: Verdict,
    pub attempts: u32,
    pub duration: Duration,
    pub status: Option<String>,
    pub code: Option<i32>,
    /// What a shell would say of it.
    pub shell_code: Option<i32>,
    pub output: Vec<u8>,
    pub output_size: u64,
    pub log: Option<String>,
    pub stored: Option<Digest>,
    pub command: Option<String>,
    pub withheld: Vec<String>,
    pub flaky: bool,
    pub notices: Vec<String>,
    /// Whether its failure calls for its remedy.
    pub remedy: bool,
}

pub(super) enum Verdict {
    Succeeded {
        yielded: Yield,
        unchanged: bool,
    },
    Failed,
    Cancelled,
    /// The person said no.
    Declined,
    Refused,
    /// Orket or its surroundings failed.
    Broken,
}

impl Ran {
    pub(super) fn new(verdict: Verdict) -> Ran {
        Ran {
            verdict,
            attempts: 0,
            duration: Duration::ZERO,
            status: None,
            code: None,
            shell_code: None,
            output: Vec::new(),
            output_size: 0,
            log: None,
            stored: None,
            command: None,
            withheld: Vec::new(),
            flaky: false,
            notices: Vec::new(),
            remedy: true,
        }
    }

    pub(super) fn stopped(verdict: Verdict, status: impl Into<String>) -> Ran {
        Ran { status: Some(status.into()), ..Ran::new(verdict) }
    }
}

/// Says what a run has taken away of the tasks that it leaves out, in one sentence; `None` if that is nothing.
pub(super) fn taken_away(paths: &[RelPath]) -> Option<String> {
    let names = |shown: &[RelPath]| shown.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    Some(match paths {
        [] => return None,
        [path] => format!("1 output of tasks that are skipped was removed: `{path}`"),
        [first @ .., _] if paths.len() > 4 => {
            format!("{} outputs of tasks that are skipped were removed: {} and {} more", paths.len(), names(&first[..3]), paths.len() - 3)
        }
        all => format!("{} outputs of tasks that are skipped were removed: {}", all.len(), names(all)),
    })
}

/// Says what a run has moved out of the way, in one sentence; `None` if that is nothing.
pub(super) fn moved_aside(displaced: &[(RelPath, RelPath)], run: &str) -> Option<String> {
    let names = |shown: &[(RelPath, RelPath)]| shown.iter().map(|(from, _)| format!("`{from}`")).collect::<Vec<_>>().join(", ");
    Some(match displaced {
        [] => return None,
        [(from, to)] => format!("`{from}` was in the place of an output; it was moved to `{to}`"),
        [first @ .., _] if displaced.len() > 4 => {
            let (count, named) = (displaced.len(), names(&first[..3]));
            format!(
                "{count} files were in the place of outputs; they were moved to `.orket/displaced/{run}/`: {named} and {} more",
                count - 3
            )
        }
        all => format!("{} files were in the place of outputs; they were moved to `.orket/displaced/{run}/`: {}", all.len(), names(all)),
    })
}
