//! The order in which git goes through a history, carried on when there are new commits.
//!
//! Git pops the newest of the commits that it has met and not passed. What is new since the last time comes first where it is newer than all
//! that is old; behind it, old commits come as they did, unless one of them is met so early, as a parent of a new one, that it passes another.
//! Where dates leave that open, git is asked for all.

use rustc_hash::FxHashMap;

use super::parse::{Head, Id};

/// All commits behind one, with merges.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Walk {
    /// The newest.
    pub(super) tip: Id,
    /// In git's order; of their parents only those of merges need be told apart from one.
    pub(super) commits: Vec<Head>,
}

impl Walk {
    /// Returns all commits of a history that has these new ones before the old ones; `None` where the order is not certain, or the old tip is
    /// no longer a part of it.
    pub(super) fn after(self, new: Vec<Head>) -> Option<Vec<Head>> {
        let newest_old = self.commits.iter().map(|head| head.at).max()?;
        let fresh: rustc_hash::FxHashSet<&Id> = new.iter().map(|head| &head.id).collect();
        let met: Vec<&Id> = new.iter().flat_map(|head| &head.parents).filter(|id| !fresh.contains(id)).collect();
        if new.iter().any(|head| head.at <= newest_old) || !met.contains(&&self.tip) {
            return None;
        }
        let mut early: FxHashMap<&Id, bool> = met.into_iter().filter(|id| **id != self.tip).map(|id| (id, false)).collect();
        let mut oldest_passed = i64::MAX;
        for head in &self.commits {
            if let Some(certain) = early.get_mut(&head.id) {
                *certain = head.at < oldest_passed;
            }
            oldest_passed = oldest_passed.min(head.at);
        }
        early.into_values().all(|certain| certain).then_some(())?;
        Some([new, self.commits].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commits as `id@date<parents`: `c@3<b`.
    fn heads(text: &str) -> Vec<Head> {
        let id = |text: &str| text.as_bytes().into();
        let head = |word: &str| {
            let (name, rest) = word.split_once('@').unwrap();
            let (at, parents) = rest.split_once('<').unwrap_or((rest, ""));
            let parents = parents.split(',').filter(|name| !name.is_empty()).map(id).collect();
            Head { id: id(name), author: 0, at: at.parse().unwrap(), parents }
        };
        text.split_whitespace().map(head).collect()
    }

    fn after(old: &str, new: &str) -> Option<String> {
        let commits = heads(old);
        let all = Walk { tip: commits[0].id.clone(), commits }.after(heads(new))?;
        Some(all.iter().map(|head| String::from_utf8_lossy(&head.id).into_owned()).collect())
    }

    #[test]
    fn new_commits_come_before_the_old_ones() {
        assert_eq!(after("c@3<b b@2<a a@1", "e@5<d d@4<c").as_deref(), Some("edcba"));
        assert_eq!(after("c@3<b b@2<a a@1", "f@6<d,e e@5<b d@4<c").as_deref(), Some("fedcba"), "a branch that left earlier");
    }

    #[test]
    fn where_the_order_is_not_certain_git_is_asked() {
        assert_eq!(after("c@3<b b@2<a a@1", "d@3<c"), None, "as old as the tip");
        assert_eq!(after("c@3<b b@2<a a@1", "d@4<b"), None, "the tip is gone");
        assert_eq!(after("c@3<b b@1<a a@2", "e@5<c,d d@4<a"), None, "a clock that went wrong: the parent may pass its child");
    }
}
