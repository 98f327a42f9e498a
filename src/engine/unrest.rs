//! Telling what a person changes under a build from what the build changes itself.

use std::collections::BTreeMap;

use crate::base::RelPath;
use crate::disk::Changes;

/// Under how many builds one after the other something may change and still begin another one.
const ROUNDS: u32 = 2;

/// What changed under the last builds. The system does not tell who wrote a file; what changes under one build after the other is written by a
/// task of theirs, as far as can be known.
#[derive(Default)]
pub struct Unrest {
    /// Under how many builds it changed, up to the last.
    rounds: BTreeMap<RelPath, u32>,
}

impl Unrest {
    /// Returns what of `changes` may end the build that goes on: files that did not change under the build before. Where the system has lost
    /// count, nothing does, since a build that writes a lot brings that about itself.
    pub fn news(&self, changes: &Changes) -> Changes {
        Changes { paths: changes.paths.iter().filter(|path| !self.rounds.contains_key(*path)).cloned().collect(), ..Changes::default() }
    }

    /// Takes all that changed under a build that is over; returns what of that calls for another one.
    pub fn over(&mut self, under: &Changes) -> Changes {
        let again = |paths: &mut dyn Iterator<Item = &RelPath>| -> Vec<(RelPath, u32)> {
            paths.map(|path| (path.clone(), self.rounds.get(path).copied().unwrap_or(0).saturating_add(1))).collect()
        };
        let (paths, folders) = (again(&mut under.paths.iter()), again(&mut under.folders.iter()));
        let calls = |all: &[(RelPath, u32)]| all.iter().filter(|(_, rounds)| *rounds <= ROUNDS).map(|(path, _)| path.clone()).collect();
        let calling = Changes { paths: calls(&paths), folders: calls(&folders) };
        self.rounds = paths.into_iter().chain(folders).collect();
        calling
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(paths: &[&str], folders: &[&str]) -> Changes {
        let all = |texts: &[&str]| texts.iter().map(|text| RelPath::parse(text).unwrap()).collect();
        Changes { paths: all(paths), folders: all(folders) }
    }

    #[test]
    fn what_changes_under_every_build_ends_one_of_them_and_calls_for_two_more() {
        let (mut unrest, log) = (Unrest::default(), changes(&["log"], &[]));
        assert_eq!(unrest.news(&log), log);
        assert_eq!(unrest.over(&log), log);
        assert!(unrest.news(&log).is_empty());
        assert_eq!(unrest.over(&log), log);
        assert!(unrest.over(&log).is_empty());
        let both = changes(&["log", "src/a"], &[]);
        assert_eq!(unrest.news(&both), changes(&["src/a"], &[]), "another file is another matter");
        assert_eq!(unrest.over(&both), changes(&["src/a"], &[]));
        assert!(unrest.over(&changes(&[], &[])).is_empty());
        assert_eq!(unrest.news(&log), log, "a build without it, and it is news again");
    }

    #[test]
    fn a_lost_count_ends_no_build_and_calls_for_others_in_measure() {
        let (mut unrest, lost) = (Unrest::default(), Changes { folders: [RelPath::root()].into(), ..Changes::default() });
        assert!(unrest.news(&lost).is_empty());
        assert_eq!(unrest.over(&lost), lost);
        assert_eq!(unrest.over(&lost), lost);
        assert!(unrest.over(&lost).is_empty());
    }
}
