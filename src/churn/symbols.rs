//! Counts what a history did to functions, classes and methods.
//!
//! A file's symbols are counted from its touches, newest first. A symbol is known by its file and its key. Where only the types of its
//! parameters changed, older commits speak of it by an older key, as they do of a file that was renamed.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Recent, Share, ownership};
use crate::base::{AuthorId, PathId, Paths, SymbolChanges, SymbolKey, SymbolKind};

/// A commit that touched a file with symbols.
#[derive(Clone, Debug)]
pub struct Touch {
    /// The file, by its latest name.
    pub file: PathId,
    /// Its path behind the commit, or before it if it went.
    pub path: PathId,
    /// The commit, as an index into [`Touches::commits`].
    pub commit: u32,
    /// Who made it.
    pub author: AuthorId,
    /// When, in seconds since 1970.
    pub at: i64,
    /// Whether the file had no lines to count.
    pub binary: bool,
}

/// The touches of files that may have symbols, newest first.
#[derive(Clone, Debug, Default)]
pub struct Touches {
    /// All of them.
    pub all: Vec<Touch>,
    /// The ids of their commits.
    pub commits: Vec<Box<[u8]>>,
}

/// What became of one function, class or method.
#[derive(Clone, PartialEq, Debug)]
pub struct SymbolChurn {
    /// The latest name of its file, from the repository's folder.
    pub path: Box<[u8]>,
    /// Its name, with those of what it stands in, and what tells it from others of that name.
    pub symbol: String,
    /// What it was when it was touched last.
    pub kind: SymbolKind,
    /// The language of its file.
    pub language: &'static str,
    /// Commits that touch it.
    pub touches: u32,
    /// Lines.
    pub adds: u64,
    /// Lines.
    pub deletes: u64,
    /// Who touched it, who did most first.
    pub authors: Vec<Share>,
    /// When it was touched first, in seconds since 1970.
    pub first: i64,
    /// When it was touched last.
    pub last: i64,
    /// Touches in the time before the newest commit.
    pub recent: Recent,
    /// Whether the newest commit has it no more.
    pub gone: bool,
}

/// How the symbols were come by.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SymbolGround {
    /// How many files have symbols to count.
    pub files: usize,
    /// In how many of them they were counted, the most often touched.
    pub counted: usize,
    /// How many touches of those files were looked at.
    pub changes: u64,
    /// How many of them were left out, since a text is binary or too large.
    pub left_out: u64,
    /// In how many syntax errors came or went.
    pub doubtful: u64,
    /// The most touches that a file has whose symbols were not counted: no symbol of such a file has more.
    pub beyond: u32,
}

/// The counts.
#[derive(Default)]
pub struct SymbolTally {
    keys: FxHashMap<SymbolKey, u32>,
    later: FxHashMap<(PathId, u32), u32>,
    rows: FxHashMap<(PathId, u32), Row>,
}

struct Row {
    kind: SymbolKind,
    touches: u32,
    adds: u64,
    deletes: u64,
    first: i64,
    last: i64,
    recent: Recent,
    authors: FxHashMap<AuthorId, (u32, u64)>,
    commit: u32,
    /// Whether it was there behind the newest commit that touched it.
    there: bool,
}

impl SymbolTally {
    fn key(&mut self, key: &SymbolKey) -> u32 {
        let next = self.keys.len() as u32;
        match self.keys.get(key) {
            Some(id) => *id,
            None => *self.keys.entry(key.clone()).or_insert(next),
        }
    }

    /// Counts what a commit did to the symbols of a file; `until` is when the newest commit was made.
    pub fn add(&mut self, touch: &Touch, until: i64, changes: &SymbolChanges) {
        for change in &changes.touched {
            let key = self.key(&change.key);
            let symbol = self.later.get(&(touch.file, key)).copied().unwrap_or(key);
            let row = self.rows.entry((touch.file, symbol)).or_insert_with(|| Row {
                kind: change.key.kind,
                touches: 0,
                adds: 0,
                deletes: 0,
                first: touch.at,
                last: touch.at,
                recent: Recent::default(),
                authors: FxHashMap::default(),
                commit: u32::MAX,
                there: change.there.1,
            });
            row.adds += u64::from(change.adds);
            row.deletes += u64::from(change.deletes);
            row.first = row.first.min(touch.at);
            row.last = row.last.max(touch.at);
            let share = row.authors.entry(touch.author).or_default();
            share.1 += u64::from(change.adds) + u64::from(change.deletes);
            if row.commit != touch.commit {
                row.commit = touch.commit;
                row.touches += 1;
                row.recent.add(until - touch.at);
                share.0 += 1;
            }
            if !change.there.0 {
                self.later.remove(&(touch.file, key));
            }
            if let Some(from) = &change.from {
                let from = self.key(from);
                self.later.remove(&(touch.file, key));
                if from != symbol {
                    self.later.insert((touch.file, from), symbol);
                }
            }
        }
    }

    /// Returns the symbols, the most often touched first, those that are alike by path and name. `now` tells what the newest commit has of a
    /// file: nothing where that is not known.
    pub fn report<'a>(
        self,
        paths: &Paths,
        authors: &Paths,
        language: impl Fn(&[u8]) -> &'static str,
        now: impl Fn(PathId) -> Option<&'a SymbolChanges>,
    ) -> Vec<SymbolChurn> {
        let mut keys: Vec<(SymbolKey, u32)> = self.keys.into_iter().collect();
        keys.sort_unstable_by_key(|(_, id)| *id);
        let key = |id: u32| &keys[id as usize].0;
        let mut alike: FxHashMap<(PathId, &str, SymbolKind), FxHashSet<&str>> = FxHashMap::default();
        for (file, symbol) in self.rows.keys() {
            let key = key(*symbol);
            alike.entry((*file, &key.name, key.kind)).or_default().insert(&key.apart);
        }
        let mut present: FxHashMap<PathId, Option<(FxHashSet<&SymbolKey>, bool)>> = FxHashMap::default();
        for (file, _) in self.rows.keys() {
            present
                .entry(*file)
                .or_insert_with(|| now(*file).map(|now| (now.touched.iter().map(|change| &change.key).collect(), now.flawed)));
        }
        let mut symbols: Vec<SymbolChurn> = Vec::with_capacity(self.rows.len());
        for ((file, symbol), row) in &self.rows {
            let key = key(*symbol);
            let path = paths.bytes(file.0);
            let several = alike.get(&(*file, &*key.name, key.kind)).is_some_and(|aparts| aparts.len() > 1);
            let number = if key.number > 0 { format!("#{}", key.number + 1) } else { String::new() };
            let gone = match present.get(file).and_then(Option::as_ref) {
                Some((keys, _)) if keys.contains(key) => false,
                // That a text with errors does not show it proves nothing.
                Some((_, true)) | None => !row.there,
                Some((_, false)) => true,
            };
            let name = |author: AuthorId| String::from_utf8_lossy(authors.bytes(author.0)).into_owned();
            symbols.push(SymbolChurn {
                path: path.into(),
                symbol: format!("{}{}{number}", key.name, if several { &*key.apart } else { "" }),
                kind: row.kind,
                language: language(path),
                touches: row.touches,
                adds: row.adds,
                deletes: row.deletes,
                authors: ownership::shares(
                    row.authors.iter().map(|(author, (touches, lines))| (name(*author), *touches, *lines)).collect(),
                ),
                first: row.first,
                last: row.last,
                recent: row.recent,
                gone,
            });
        }
        symbols.sort_by(|one, other| {
            (other.touches, &one.path, &one.symbol, one.kind).cmp(&(one.touches, &other.path, &other.symbol, other.kind))
        });
        symbols
    }
}
