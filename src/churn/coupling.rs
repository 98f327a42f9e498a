//! Files that change together.
//!
//! Each pair of files of a commit is counted. A commit that touches very many files says nothing of any two of them (a move, a licence,
//! a formatter), and would count millions of pairs, so it is left out. Where the table of pairs gets too large all the same, the pairs
//! that were seen least are dropped; what is left is then a lower bound.

use rustc_hash::FxHashMap;

use crate::base::PathId;

/// A commit that touches more files than this is left out.
pub const LARGEST: usize = 30;

/// Two files have to change together in so many commits at least.
pub const LEAST_SUPPORT: u32 = 3;

/// And that has to be so large a part of the changes of the one that changes less.
pub const LEAST_CONFIDENCE: f64 = 0.3;

/// So many pairs are reported at most.
pub const MOST_PAIRS: usize = 500;

/// So many pairs are counted at a time.
const ROOM: usize = 1 << 21;

/// Two files that change together.
#[derive(Clone, PartialEq, Debug)]
pub struct Pair {
    /// The first, by path.
    pub a: Box<[u8]>,
    /// The second.
    pub b: Box<[u8]>,
    /// In how many commits both change.
    pub support: u32,
    /// The part of the changes of `a` in which `b` changes too, 0 to 1.
    pub a_to_b: f64,
    /// The part of the changes of `b` in which `a` changes too, 0 to 1.
    pub b_to_a: f64,
}

impl Pair {
    /// Returns the larger of the two parts: of the file that changes less.
    pub fn confidence(&self) -> f64 {
        self.a_to_b.max(self.b_to_a)
    }
}

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Coupling {
    pairs: FxHashMap<(PathId, PathId), u32>,
    alone: FxHashMap<PathId, u32>,
    dropped: u32,
    /// How many commits were too large.
    pub(super) left_out: u64,
}

impl Coupling {
    /// Counts the files of a commit, each of which stands there once.
    pub(super) fn add(&mut self, files: &mut [PathId]) {
        self.add_within(files, ROOM);
    }

    fn add_within(&mut self, files: &mut [PathId], room: usize) {
        if files.len() > LARGEST {
            self.left_out += 1;
            return;
        }
        files.sort_unstable();
        for (at, one) in files.iter().enumerate() {
            *self.alone.entry(*one).or_default() += 1;
            for other in &files[at + 1..] {
                *self.pairs.entry((*one, *other)).or_default() += 1;
            }
        }
        let mut least = 1;
        while self.pairs.len() > room {
            self.pairs.retain(|_, count| *count > least);
            self.dropped = self.dropped.max(least);
            least += 1;
        }
    }

    /// Whether pairs were dropped.
    pub(super) fn bounded(&self) -> bool {
        self.dropped > 0
    }

    /// Returns the pairs that are worth a word, strongest first. `join` tells which file one is, `path` its name unless it is to be left out.
    pub(super) fn pairs<'a>(&self, join: impl Fn(PathId) -> PathId, path: impl Fn(PathId) -> Option<&'a [u8]>) -> Vec<Pair> {
        let mut alone: FxHashMap<PathId, u32> = FxHashMap::default();
        for (file, count) in &self.alone {
            *alone.entry(join(*file)).or_default() += count;
        }
        let mut joined: FxHashMap<(PathId, PathId), u32> = FxHashMap::default();
        for ((one, other), count) in &self.pairs {
            let (one, other) = (join(*one), join(*other));
            if one != other {
                *joined.entry((one.min(other), one.max(other))).or_default() += count;
            }
        }
        let mut found = Vec::new();
        for ((one, other), support) in joined {
            let part = |file| f64::from(support) / f64::from(alone.get(&file).copied().unwrap_or(support).max(1));
            if support < LEAST_SUPPORT || part(one).max(part(other)) < LEAST_CONFIDENCE {
                continue;
            }
            let (Some(a), Some(b)) = (path(one), path(other)) else { continue };
            let (a, b, a_to_b, b_to_a) = if a < b { (a, b, part(one), part(other)) } else { (b, a, part(other), part(one)) };
            found.push(Pair { a: a.into(), b: b.into(), support, a_to_b, b_to_a });
        }
        let weight = |pair: &Pair| f64::from(pair.support) * pair.confidence();
        found.sort_by(|one, other| weight(other).total_cmp(&weight(one)).then_with(|| (&one.a, &one.b).cmp(&(&other.a, &other.b))));
        found.truncate(MOST_PAIRS);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::Range<u32>) -> Vec<PathId> {
        range.map(PathId).collect()
    }

    fn names(file: PathId) -> Option<&'static [u8]> {
        [Some(&b"c"[..]), Some(b"a"), Some(b"b"), None][file.0 as usize]
    }

    #[test]
    fn what_changes_together() {
        let mut coupling = Coupling::default();
        for _ in 0..3 {
            coupling.add(&mut ids(0..4));
        }
        coupling.add(&mut [PathId(1)]);
        let found = coupling.pairs(|file| file, names);
        let pairs: Vec<String> = found
            .iter()
            .map(|pair| {
                let names = [&pair.a, &pair.b].map(|name| String::from_utf8_lossy(name));
                format!("{} {} {} {} {}", names[0], names[1], pair.support, pair.a_to_b, pair.b_to_a)
            })
            .collect();
        assert_eq!(pairs, ["a b 3 0.75 1", "a c 3 0.75 1", "b c 3 1 1"]);
    }

    #[test]
    fn too_seldom_or_beside_too_much_else() {
        let mut coupling = Coupling::default();
        for round in 0..20 {
            coupling.add(&mut if round < 3 { ids(0..2) } else { ids(round % 2..round % 2 + 1) });
        }
        assert_eq!(coupling.pairs(|file| file, names), [], "3 of about 11");
    }

    #[test]
    fn a_commit_of_very_many_files_is_left_out() {
        let mut coupling = Coupling::default();
        coupling.add(&mut ids(0..LARGEST as u32 + 1));
        assert_eq!((coupling.left_out, coupling.pairs.len()), (1, 0));
    }

    #[test]
    fn the_table_stays_in_its_room() {
        let mut coupling = Coupling::default();
        for _ in 0..3 {
            coupling.add_within(&mut [PathId(0), PathId(1)], 10);
        }
        for round in 1..50 {
            coupling.add_within(&mut ids(round * 5..round * 5 + 4), 10);
            assert!(coupling.pairs.len() <= 10);
        }
        assert!(coupling.bounded());
        assert_eq!(coupling.pairs.get(&(PathId(0), PathId(1))), Some(&3));
    }

    #[test]
    fn files_that_turned_out_to_be_one() {
        let mut coupling = Coupling::default();
        for other in [1, 2, 1] {
            coupling.add(&mut [PathId(0), PathId(other)]);
        }
        let found = coupling.pairs(|file| if file == PathId(2) { PathId(1) } else { file }, names);
        assert_eq!((found.len(), found[0].support, found[0].confidence()), (1, 3, 1.0));
    }
}
