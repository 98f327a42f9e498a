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
    /// No names yet, and room for so many.
    pub fn with_capacity(count: usize) -> Names<'a> {
        Names { exact: FxHashMap::with_capacity_and_hasher(count, Default::default()), ..Names::default() }
    }

    pub fn add(&mut self, address: &'a str, id: TargetId) {
        self.exact.insert(address, id);
        if let Some(bracket) = address.find('[') {
            self.families.entry(&address[..bracket]).or_default().push(id);
        }
    }

    /// Returns the target with exactly this address.
    pub fn exact(&self, address: &str) -> Option<TargetId> {
        self.exact.get(address).copied()
    }

    /// Returns the targets that one address means: itself, all its variants, or what a pattern matches.
    pub fn find(&self, address: &str) -> Vec<TargetId> {
        if let Some(id) = self.exact.get(address) {
            return vec![*id];
        }
        if let Some(ids) = self.families.get(address) {
            return ids.clone();
        }
        let Some(glob) = AddressGlob::new(address) else { return Vec::new() };
        let mut found: Vec<TargetId> = self.exact.iter().filter(|(name, _)| glob.matches(name)).map(|(_, id)| *id).collect();
        found.sort_unstable();
        found
    }

    /// Returns the one target that a need means by its address; `None` where it may mean several, or none.
    pub fn one(&self, need: &Need) -> Option<TargetId> {
        for address in need.candidates.iter().map(|candidate| candidate.as_str()) {
            if let Some(id) = self.exact.get(address) {
                return Some(*id);
            }
            if self.families.contains_key(address) || address.contains(['*', '?']) {
                return None;
            }
        }
        None
    }

    /// Returns what a need means; the nearest of its candidates that means anything.
    ///
    /// # Errors
    /// The address that was likely meant, when there is none of that name.
    pub fn resolve(&self, need: &Need) -> Result<Vec<TargetId>, Option<String>> {
        let found = need.candidates.iter().map(|candidate| self.find(candidate.as_str())).find(|found| !found.is_empty());
        found.ok_or_else(|| {
            let written = need.candidates.iter().map(|candidate| candidate.as_str()).chain([&*need.text]);
            let nearest = written.filter_map(|text| did_you_mean(text, self.exact.keys().copied())).next();
            let by_bare_name = || {
                let wanted = did_you_mean(bare(&need.text), self.exact.keys().map(|name| bare(name)))?;
                self.exact.keys().copied().filter(|name| bare(name) == wanted).min()
            };
            nearest.or_else(by_bare_name).map(str::to_owned)
        })
    }
}

/// Returns an address without package and epic.
pub(super) fn bare(address: &str) -> &str {
    let name = address.find('[').map_or(address, |at| &address[..at]);
    let start = name.rfind(['/', ':']).map_or(0, |at| at + 1);
    &address[start..]
}

/// A pattern over addresses: `*` and `?` stay within one part, and the package is a part of its own. As a name does, it means all variants
/// where it speaks of none.
pub(super) struct AddressGlob {
    /// `None`: the root package.
    package: Option<Glob>,
    local: Glob,
}

impl AddressGlob {
    /// Compiles a pattern; `None` where the text holds no `*` or `?`. All other characters mean themselves.
    pub fn new(text: &str) -> Option<AddressGlob> {
        if !text.contains(['*', '?']) {
            return None;
        }
        let compile = |part: &str| Glob::new(&part.replace('[', "\\[").replace('{', "\\{")).ok();
        let (package, local) = text.split_once(':').unwrap_or(("", text));
        let package = if package.is_empty() { None } else { Some(compile(package)?) };
        Some(AddressGlob { package, local: compile(local)? })
    }

    pub fn matches(&self, address: &str) -> bool {
        let (package, local) = address.split_once(':').unwrap_or(("", address));
        let fits = |glob: &Glob, text: &str| glob.matches(&RelPath::from_normal(text.as_bytes()));
        let family = || local.split_once('[').is_some_and(|(family, _)| fits(&self.local, family));
        (fits(&self.local, local) || family())
            && self.package.as_ref().map_or(package.is_empty(), |glob| !package.is_empty() && fits(glob, package))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::need;

    const ADDRESSES: [&str; 6] = ["app", "app/lint", "app/wheel[py=3.11]", "app/wheel[py=3.12]", "pay:lint", "libs/core:lint"];

    fn names() -> Names<'static> {
        let mut names = Names::default();
        ADDRESSES.iter().enumerate().for_each(|(at, address)| names.add(address, TargetId(at as u32)));
        names
    }

    fn found(address: &str) -> Vec<&'static str> {
        names().find(address).into_iter().map(|id| ADDRESSES[id.index()]).collect()
    }

    #[test]
    fn an_address_a_family_or_a_pattern() {
        assert_eq!(found("app"), ["app"]);
        assert_eq!(found("app/wheel[py=3.12]"), ["app/wheel[py=3.12]"]);
        assert_eq!(found("app/wheel"), ["app/wheel[py=3.11]", "app/wheel[py=3.12]"]);
        assert_eq!(found("app/wheel[*2]"), ["app/wheel[py=3.12]"]);
        for pattern in ["*/wheel", "app/whee?", "app/w*l"] {
            assert_eq!(found(pattern), ["app/wheel[py=3.11]", "app/wheel[py=3.12]"], "{pattern}");
        }
        assert_eq!(found("wheel"), [] as [&str; 0]);
    }

    #[test]
    fn a_star_stays_within_its_part() {
        assert_eq!(found("*"), ["app"]);
        assert_eq!(found("app/*"), ["app/lint", "app/wheel[py=3.11]", "app/wheel[py=3.12]"]);
        assert_eq!(found("*:lint"), ["pay:lint"]);
        assert_eq!(found("libs/*:l?nt"), ["libs/core:lint"]);
    }

    #[test]
    fn the_first_candidate_that_means_anything_wins() {
        let ids = names().resolve(&need("lint", &["other/lint", "app/lint", "pay:lint"]));
        assert_eq!(ids, Ok(vec![TargetId(1)]));
    }

    #[test]
    fn an_unknown_name_brings_the_nearest() {
        let nearest = |text: &str| names().resolve(&need(text, &[text])).unwrap_err();
        assert_eq!(nearest("app/lnit").as_deref(), Some("app/lint"));
        assert_eq!(nearest("lint").as_deref(), Some("app/lint"));
        assert_eq!(nearest("shop/lnit").as_deref(), Some("app/lint"));
        assert_eq!(nearest("zebra"), None);
    }
}
