//! `--verify-determinism`: one action, run twice, has to put out the same bytes.

use super::bench::Bench;
use super::request::How;
use crate::action::{Output, OutputKind};
use crate::executor::Request;
use crate::process::Ended;
use crate::rebuild::{self, Own, Prepared};

/// How many differing outputs are named.
const NAMED: usize = 4;

impl Bench<'_> {
    /// Compares what a task has just put out with what the same action is known to have put out; where nothing is known, runs it a second
    /// time from nothing.
    ///
    /// # Errors
    /// A sentence: which outputs differ, or why there is nothing to compare.
    pub(super) fn verify(&self, prepared: &Prepared, request: &Request, how: &How) -> Result<(), String> {
        let world = self.world;
        let outputs = || rebuild::capture(world, &prepared.outputs, &prepared.excluded, false).map_err(|error| error.to_string());
        let (first, _) = outputs()?;
        if let Some(known) = rebuild::known(world, prepared) {
            return same(&known.outputs, &first);
        }
        let made = Own::all(world, prepared.target, &prepared.outputs, &prepared.excluded)?;
        rebuild::clear_outputs(world, &prepared.outputs, &prepared.excluded, &|_| false, &made)?;
        self.make_way(prepared).map_err(|error| error.to_string())?;
        let attempt = self.executor.execute(request, &how.cancel);
        match (&attempt.error, &attempt.ended) {
            (Some(error), _) => return Err(format!("it is not deterministic: its second run could not be started: {error}")),
            (None, Ended::Cancelled) => return Err(String::from("its second run was cancelled")),
            (None, ended) if !ended.success() => return Err(format!("it is not deterministic: its second run ended with {ended}")),
            _ => {}
        }
        let (second, _) = outputs().map_err(|error| format!("it is not deterministic: in its second run, {error}"))?;
        same(&first, &second)
    }
}

fn same(before: &[Output], now: &[Output]) -> Result<(), String> {
    let find = |outputs: &[Output], output: &Output| {
        outputs.binary_search_by(|one| one.path.cmp(&output.path)).ok().map(|index| show(&outputs[index].kind))
    };
    let mut different: Vec<String> = before
        .iter()
        .filter_map(|old| match find(now, old) {
            None => Some(format!("`{}` was put out before and is not now", old.path)),
            Some(new) if new != show(&old.kind) => Some(format!("`{}` was {} and is now {new}", old.path, show(&old.kind))),
            Some(_) => None,
        })
        .collect();
    different.extend(now.iter().filter(|new| find(before, new).is_none()).map(|new| format!("`{}` was not put out before", new.path)));
    if different.is_empty() {
        return Ok(());
    }
    let more = different.len().saturating_sub(NAMED);
    different.truncate(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Err(format!("it is not deterministic, two runs of one action differ: {}{more}", different.join("; ")))
}

fn show(kind: &OutputKind) -> String {
    match kind {
        OutputKind::File { digest, executable: false } => digest.short(),
        OutputKind::File { digest, executable: true } => format!("{} (executable)", digest.short()),
        OutputKind::Link(target) => format!("a link to `{}`", String::from_utf8_lossy(target)),
        OutputKind::Folder => String::from("a folder"),
    }
}
