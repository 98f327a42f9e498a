//! What a task may touch, where it runs in a box.

use std::collections::HashSet;

use super::bench::Bench;
use super::ran::Verdict;
use super::request::How;
use crate::base::RelPath;
use crate::disk::sources;
use crate::executor::{Confine, STRAYED};
use crate::model::Sandbox;
use crate::rebuild::{self, Prepared};
use crate::sandbox::Reach;

/// How many files are named that a command has not seen.
const NAMED: usize = 5;

impl Bench<'_> {
    /// Returns the box that a task runs in; `None` for no box. `scratch`: its commands name the run's scratch folder.
    ///
    /// # Errors
    /// With what comes of the task and why, when there is no such box.
    pub(super) fn confine(&self, prepared: &Prepared, how: &How, scratch: bool) -> Result<Option<Confine>, (Verdict, String)> {
        let world = self.world;
        let strict = prepared.task.confined.sandbox.map_or(world.boxed.strict, |sandbox| sandbox == Sandbox::Strict);
        if !strict {
            return Ok(None);
        }
        let boxer = world.bubblewrap.program().map_err(|why| (Verdict::Refused, format!("it runs in a box only: {why}")))?;
        let (mut reach, keeps) = rebuild::reach(world, prepared).map_err(|text| (Verdict::Failed, text))?;
        if scratch {
            reach.folders.push(world.scratch());
        }
        if let Some(log) = how.remedy.as_ref().and_then(|failed| failed.log.as_ref()) {
            reach.files.push(RelPath::from_normal(log.as_bytes()));
        }
        reach.folders.sort();
        reach.files.sort();
        reach.files.dedup();
        Ok(Some(Confine { boxer: boxer.to_path_buf(), reach, keeps }))
    }

    /// Returns what is said of files that are there, that a command's output names, and that it could not see.
    pub(super) fn unseen(&self, prepared: &Prepared, reach: &Reach, output: &[u8]) -> Option<String> {
        let tree = &self.world.tree;
        let text = String::from_utf8_lossy(output);
        let root = format!("{}/", tree.root().display());
        let words =
            text.split(|c: char| c.is_whitespace() || "'\"`:;,()[]<>=".contains(c)).map(|word| word.strip_prefix(&root).unwrap_or(word));
        // Tools name a file from where they stand, or from where they looked.
        let places: Vec<RelPath> = words
            .filter(|word| word.contains(['.', '/']))
            .filter_map(|word| RelPath::parse_in(&prepared.dir, word.as_bytes()).ok())
            .collect();
        let names: HashSet<&[u8]> = places.iter().map(RelPath::name).filter(|name| !name.is_empty()).collect();
        let hidden = |path: &RelPath| {
            let seen = reach.files.binary_search(path).is_ok() || reach.folders.iter().any(|folder| path.is_in(folder));
            !seen && !reach.writes.matches(path)
        };
        let meant = |path: &RelPath| {
            let from = |place: &RelPath| {
                path == place || path.as_bytes().strip_suffix(place.as_bytes()).is_some_and(|above| above.ends_with(b"/"))
            };
            names.contains(path.name()) && places.iter().any(from)
        };
        let mut unseen = sources(tree, &RelPath::root(), true).ok()?;
        unseen.retain(|path| meant(path) && hidden(path));
        unseen.sort();
        let named: Vec<String> = unseen.iter().take(NAMED).map(|path| format!("`{path}`")).collect();
        (!named.is_empty()).then(|| {
            format!(
                "it runs in a box and does not see {}, which its output names: if it reads that, add it to its inputs",
                named.join(", ")
            )
        })
    }
}

/// Returns why a task fails that wrote what it may not.
pub(super) fn lost(strayed: &[RelPath]) -> String {
    let names: Vec<String> = strayed.iter().map(|path| format!("`{path}`")).collect();
    let more = if strayed.len() == STRAYED { ", perhaps more" } else { "" };
    format!("in its box it wrote {}{more}, which it does not declare: add it to `outputs` or `allow_undeclared`", names.join(", "))
}
