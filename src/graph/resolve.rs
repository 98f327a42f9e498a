//! From the names that a manifest uses to targets.

use rustc_hash::FxHashMap;

use crate::base::{RelPath, TargetId, did_you_mean, glob::Glob};
use crate::model::Need;

/// All addresses, and the families of matrix variants.
#[derive(Default)]
pub(super) struct Names<'a> {
    exact: FxHashMap<&'a str, TargetId>,
    families: FxHashMap<&'a str, Vec<TargetId>>,
}

impl<'a> Names<'a> {
    pub fn add(&mut self, address: &'a str, id: TargetId) {
        self.exact.insert(address, id);
        if let Some(bracket) = address.find('[') {
            self.families.entry(&address[..bracket]).or_default().push(id);
        }
    }

    /// Returns the targets that one address means: itself, all its variants, or what a pattern matches.
    pub fn find(&self, address: &str) -> Vec<TargetId> {
        if let Some(id) = self.exact.get(address) {
            return vec![*id];
        }
        if let Some(ids) = self.families.get(address) {
            return ids.clone();
        }
        if !address.contains(['*', '?']) {
            return Vec::new();
        }
        let Ok(glob) = Glob::new(&address.replace('[', "\\[").replace('{', "\\{")) else { return Vec::new() };
        let mut found: Vec<TargetId> =
            self.exact.iter().filter(|(name, _)| glob.matches(&RelPath::from_normal(name.as_bytes()))).map(|(_, id)| *id).collect();
        found.sort_unstable();
        found
    }

    /// Returns what a need means; the nearest of its candidates that means anything.
    pub fn resolve(&self, need: &Need) -> Result<Vec<TargetId>, Option<String>> {
        let found = need.candidates.iter().map(|candidate| self.find(candidate.as_str())).find(|found| !found.is_empty());
        found.ok_or_else(|| {
            let nearest = need.candidates.iter().find_map(|candidate| did_you_mean(candidate.as_str(), self.exact.keys().copied()));
            let bare = || {
                let wanted = need.text.rsplit('/').next().unwrap_or(&need.text);
                self.exact.keys().copied().filter(|name| name.rsplit(['/', ':']).next() == Some(wanted)).min()
            };
            nearest.or_else(bare).map(str::to_owned)
        })
    }
}
