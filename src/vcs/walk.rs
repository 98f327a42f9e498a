//! The order in which git goes through a history: of the commits that it has met and not passed, the newest comes next, and of those made at
//! the same time the one that was met first.
//!
//! What is behind a commit never changes. So where a history has grown, or its tip is elsewhere, git is asked for the commits that are new
//! alone, and the order of all follows from what is known of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::parse::Head;

/// All commits behind one, with merges, in their order. Commits are numbered as they stand here.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Walk {
    /// Their ids, in one piece.
    ids: Vec<u8>,
    steps: Vec<Step>,
    /// The numbers of their parents, one commit's behind the other's.
    parents: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Step {
    at: i64,
    author: u32,
    /// Where in [`Walk::parents`] its own end; they begin where those of the commit before it end.
    end: u32,
}

impl Walk {
    /// Returns the walk from `tip`, where each commit behind it is in this walk or among `new`; `None` where one is not.
    pub(super) fn onward(&self, tip: &[u8], new: &[Head]) -> Option<Walk> {
        let mut numbers: FxHashMap<&[u8], u32> = self.ids().zip(0..).collect();
        let mut fresh: Vec<&Head> = Vec::new();
        for head in new {
            let next = numbers.len() as u32;
            numbers.entry(&head.id).or_insert_with(|| {
                fresh.push(head);
                next
            });
        }
        let mut all = self.clone();
        for head in fresh {
            for parent in &head.parents {
                all.parents.push(*numbers.get(&**parent)?);
            }
            all.push(&head.id, head.at, head.author);
        }
        Some(all.walked_from(*numbers.get(tip)?))
    }

    /// Returns these commits in the order of a walk that begins with one of them, without those that are not behind it.
    fn walked_from(&self, first: u32) -> Walk {
        let mut open = BinaryHeap::new();
        let mut met = vec![false; self.steps.len()];
        let mut count = 0;
        let mut meet = |number: u32, open: &mut BinaryHeap<_>| {
            if !std::mem::replace(&mut met[number as usize], true) {
                open.push((self.steps[number as usize].at, Reverse(count), number));
                count += 1;
            }
        };
        meet(first, &mut open);
        let mut order = Vec::with_capacity(self.steps.len());
        while let Some((.., number)) = open.pop() {
            order.push(number);
            self.parents(number).iter().for_each(|parent| meet(*parent, &mut open));
        }
        let mut renumbered = vec![0; self.steps.len()];
        for (new, old) in (0..).zip(&order) {
            renumbered[*old as usize] = new;
        }
        let mut walk = Walk::default();
        for number in order {
            walk.parents.extend(self.parents(number).iter().map(|parent| renumbered[*parent as usize]));
            let step = self.steps[number as usize];
            walk.push(self.id(number), step.at, step.author);
        }
        walk
    }

    /// Appends a commit, whose parents were appended just before.
    fn push(&mut self, id: &[u8], at: i64, author: u32) {
        self.ids.extend_from_slice(id);
        self.steps.push(Step { at, author, end: self.parents.len() as u32 });
    }

    /// Whether it holds together, with authors among so many.
    pub(super) fn is_sound(&self, authors: usize) -> bool {
        let count = self.steps.len();
        matches!(self.ids.len().checked_div(count), Some(20 | 32))
            && self.ids.len().is_multiple_of(count)
            && self.steps.iter().all(|step| (step.author as usize) < authors)
            && self.steps.is_sorted_by_key(|step| step.end)
            && self.steps.last().is_some_and(|step| step.end as usize == self.parents.len())
            && self.parents.iter().all(|parent| (*parent as usize) < count)
    }

    /// Returns the id of the commit that it begins with.
    pub(super) fn tip(&self) -> Option<&[u8]> {
        self.ids().next()
    }

    /// Returns the commits that are no merges.
    pub(super) fn heads(&self) -> Vec<Head> {
        let head = |(number, (step, id)): (u32, (&Step, &[u8]))| {
            (self.parents(number).len() < 2).then(|| Head { id: id.into(), author: step.author, at: step.at, parents: Vec::new() })
        };
        (0..).zip(self.steps.iter().zip(self.ids())).filter_map(head).collect()
    }

    fn ids(&self) -> impl Iterator<Item = &[u8]> {
        self.ids.chunks(self.width())
    }

    fn id(&self, number: u32) -> &[u8] {
        let start = number as usize * self.width();
        &self.ids[start..start + self.width()]
    }

    /// How long an id is.
    fn width(&self) -> usize {
        self.ids.len().checked_div(self.steps.len()).unwrap_or(1)
    }

    fn parents(&self, number: u32) -> &[u32] {
        let start = number.checked_sub(1).map_or(0, |before| self.steps[before as usize].end);
        &self.parents[start as usize..self.steps[number as usize].end as usize]
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

    fn onward(known: &Walk, new: &str) -> Option<Walk> {
        let new = heads(new);
        let tip = new.first().map(|head| head.id.clone()).unwrap_or_default();
        known.onward(&tip, &new)
    }

    fn order(walk: &Walk) -> &str {
        std::str::from_utf8(&walk.ids).unwrap()
    }

    #[test]
    fn the_newest_that_was_met_comes_next() {
        let whole = |text: &str| onward(&Walk::default(), text).map(|walk| order(&walk).to_owned()).unwrap_or_default();
        assert_eq!(whole("d@4<b,c b@2<a c@3<a a@1"), "dcba", "branches side by side");
        assert_eq!(whole("d@3<b,c c@3<a b@3<a a@1"), "dbca", "of the same time: the first parent was met first");
        assert_eq!(whole("c@1<b b@9<a a@5"), "cba", "a clock that went wrong puts no parent before its child");
        assert_eq!(whole("c@3<b b@2<a"), "", "nothing is known of a parent");
    }

    #[test]
    fn what_is_new_comes_where_it_would_in_a_walk_through_all() {
        let known = onward(&Walk::default(), "d@6<c c@4<a a@1").unwrap();
        for (new, expected) in [
            ("e@7<d", "edca"),
            ("e@7<d,x x@5<y y@3<a", "edxcya"),
            ("e@7<d,x x@6<a", "edxca"),
            ("e@7<d,x x@6<a d@6<c", "edxca"),
            ("x@5<c", "xca"),
            ("e@2<d", "edca"),
            ("z@1", "z"),
        ] {
            let walk = onward(&known, new).unwrap();
            let all = [new, "d@6<c c@4<a a@1"].join(" ");
            assert_eq!(order(&walk), expected, "{new}");
            assert_eq!(Some(walk), onward(&Walk::default(), &all), "{new}");
        }
        assert_eq!(known.onward(b"c", &[]).as_ref().map(order), Some("ca"), "back");
        assert_eq!(known.onward(b"x", &[]), None);
    }

    #[test]
    fn merges_are_passed_over() {
        let walk = onward(&Walk::default(), "d@4<b,c b@2<a c@3<a a@1").unwrap();
        let ids: Vec<u8> = walk.heads().iter().flat_map(|head| head.id.iter().copied()).collect();
        assert_eq!(ids, b"cba");
    }

    #[test]
    fn what_does_not_hold_together_is_not_sound() {
        let id = |byte: u8| Box::<[u8]>::from([byte; 20]);
        let heads = [Head { id: id(2), author: 0, at: 2, parents: vec![id(1)] }, Head { id: id(1), author: 0, at: 1, parents: Vec::new() }];
        let walk = Walk::default().onward(&id(2), &heads).unwrap();
        assert!(walk.is_sound(1) && !walk.is_sound(0) && !Walk::default().is_sound(1));
        let broken: [fn(&mut Walk); 4] =
            [|walk| walk.parents[0] = 2, |walk| walk.parents.push(0), |walk| walk.ids.truncate(39), |walk| walk.steps[0].end = 2];
        for harm in broken {
            let mut walk = walk.clone();
            harm(&mut walk);
            assert!(!walk.is_sound(1), "{walk:?}");
        }
    }
}
