//! Which files tasks put out: what is no source, whatever globs over sources say.

use rustc_hash::FxHashMap;

use super::{Graph, flag};
use crate::base::{RelPath, TargetId, glob, glob::Glob};

/// The outputs that all tasks declare, as far as they are known before anything runs.
pub(super) struct Made {
    named: FxHashMap<RelPath, TargetId>,
    globs: Vec<Glob>,
}

impl Made {
    pub fn of(graph: &Graph) -> Made {
        let mut made = Made { named: FxHashMap::default(), globs: Vec::new() };
        for id in graph.ids().filter(|id| graph.has(*id, flag::OUTPUTS)) {
            let Some(task) = graph.task(id) else { continue };
            for text in task.outputs.iter().filter(|pattern| !pattern.negated).filter_map(|pattern| pattern.text.as_literal()) {
                match glob::plain(text).map(|name| RelPath::parse(&*name)) {
                    Some(Ok(path)) => {
                        made.named.insert(path, id);
                    }
                    Some(Err(_)) => {}
                    None => {
                        let whole = text.strip_suffix('/').map(|folder| format!("{folder}/**"));
                        made.globs.extend(Glob::new(whole.as_deref().unwrap_or(text)));
                    }
                }
            }
        }
        made
    }

    /// Returns the task that names this path, or a folder above it, among its outputs.
    pub fn maker(&self, path: &RelPath) -> Option<TargetId> {
        let bytes = path.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).chain([bytes.len()]);
        ends.filter_map(|end| self.named.get(&bytes[..end])).next().copied()
    }

    /// Whether it is among the outputs of any task.
    pub fn holds(&self, path: &RelPath) -> bool {
        self.maker(path).is_some() || self.globs.iter().any(|glob| glob.matches(path))
    }
}
