//! Wires history, the files of the newest commit and the counting of churn into one report.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use rustc_hash::FxHashMap;

use super::symbols::{self, SymbolsWanted};
use crate::base::{Digest, FileKind, RelPath};
use crate::churn::{Busy, Ground, Report, Standing, Tally, complexity};
use crate::facts::{FactFile, Forgetful, Known};
use crate::vcs::{Newest, RENAME_LIMIT, Repository, SIMILARITY, VcsError, Wanted};

/// The complexity of so many files is read, the most often touched: the others cannot be hot.
const TEXTS: usize = 2000;

/// A larger file, in bytes, is not looked at.
const TEXT_LIMIT: u64 = 1 << 20;

/// Which churn is wanted.
#[derive(Clone, Debug, Default)]
pub struct ChurnWanted {
    /// The folder that the repository is looked for from, and that `scope` is relative to.
    pub folder: PathBuf,
    /// A folder or file; nothing for the whole repository.
    pub scope: Option<PathBuf>,
    /// Nothing committed before, in seconds since 1970.
    pub since: Option<i64>,
    /// Whether files are followed through renames.
    pub renames: bool,
    /// Whether a commit does not count whose parents are not here: what it changed is not known, and git takes it for having made all files.
    pub sure: bool,
    /// Of which files the symbols are counted.
    pub symbols: SymbolsWanted,
    /// The name of the project; left out, that of the repository's folder.
    pub project: Option<String>,
    /// The day on which the report is made, in UTC.
    pub made: String,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ChurnError {
    /// The history cannot be read.
    #[error(transparent)]
    Vcs(#[from] VcsError),
    /// No commit ever touched the scope.
    #[error(
        "no commit touches `{0}`\nhint: `--scope` names a folder or file, from where you stand; it has to be committed to have a history"
    )]
    NoScope(String),
    /// All that was in the scope has moved out of it.
    #[error(
        "nothing is in `{0}` any more: what was there was renamed\nhint: `--no-renames` counts every file under the names it had; or name the folder where it is now"
    )]
    Moved(String),
}

/// Reads the history and returns what it says. Where the checkout has a folder `.orket`, what was read is kept there for the next time;
/// nothing else is written, and nothing of the repository's is run.
///
/// # Errors
/// When there is no history to read, or the scope is not in it.
pub fn churn(wanted: &ChurnWanted) -> Result<Report, ChurnError> {
    let folder = wanted.folder.canonicalize().unwrap_or_else(|_| wanted.folder.clone());
    let remembering = folder.ancestors().any(|folder| is_state(&folder.join(".orket")));
    let repository = Repository::open(&folder, remembering)?;
    let scope = wanted.scope.as_deref().map(|scope| repository.scope(scope)).transpose()?;
    let kept = kept(&folder, repository.top());
    let part = Wanted { scope: scope.clone(), since: wanted.since, renames: wanted.renames };
    let known = kept.as_ref().map(|folder| folder.join(if wanted.renames { "followed" } else { "named" }));
    // Git reads either on its own.
    let (newest, history) = thread::scope(|scope| {
        let newest = scope.spawn(|| repository.newest(kept.as_ref().map(|folder| folder.join("newest")).as_deref()));
        let history = repository.history(&part, known.as_deref());
        (newest.join(), history)
    });
    let Newest { files: present, at: until } = newest.unwrap_or_else(|panic| resume_unwind(panic))?;
    let mut tally = Tally::new(scope.clone().unwrap_or_default(), until, present.iter().map(|file| file.path.clone()));
    tally.keep_touches(symbols::is_source);
    let cuts = repository.cuts()?;
    let told = history?.read(|commit, paths| {
        if !wanted.sure || cuts.iter().all(|cut| *cut.id != *commit.id) {
            tally.add(commit, paths);
        }
    })?;
    tracing::debug!(commits = told.commits, known = told.known, paths = told.paths.len(), "the history was read");

    let ground = Ground {
        project: wanted.project.clone().unwrap_or_else(|| name(repository.top())),
        made: wanted.made.clone(),
        scope: scope.as_ref().map(|scope: &RelPath| scope.as_bytes().to_vec()).filter(|scope| !scope.is_empty()),
        asked_from: folder.strip_prefix(repository.top()).map(|below| below.as_os_str().as_encoded_bytes().to_vec()).unwrap_or_default(),
        since: wanted.since,
        renames: wanted.renames,
        similarity: SIMILARITY,
        rename_limit: RENAME_LIMIT,
        head: repository.head().map(str::to_owned),
        until,
        cut: cuts.iter().map(|cut| cut.at).max(),
        mailmap: repository.mailmap(),
        texts: TEXTS,
        text_limit: TEXT_LIMIT,
        ..Ground::default()
    };
    let busiest = tally.busiest(&told.paths);
    if let Some(scope) = scope.as_ref().filter(|_| busiest.is_empty() && repository.head().is_some()) {
        let shown = wanted.scope.as_deref().unwrap_or(Path::new(".")).display().to_string();
        if !repository.knows(scope)? {
            return Err(ChurnError::NoScope(shown));
        }
        if wanted.renames && wanted.since.is_none() && !(wanted.sure && ground.is_cut()) {
            return Err(ChurnError::Moved(shown));
        }
    }
    let replaced = if kept.is_some() { repository.replacements()? } else { None }.unwrap_or_default();
    let shelf = Shelf { folder: kept.as_deref(), replaced };
    let standings = standings(&repository, &busiest, &present, &shelf)?;
    let standing = |path: &[u8]| standings.get(path).copied().unwrap_or_default();
    let plain = |path: &[u8]| !standing(path).generated;
    let source = symbols::Source { repository: &repository, present: &present, told: &told, renames: wanted.renames, shelf: &shelf };
    let (symbols, how) = source.symbols(wanted.symbols, &busiest, plain, tally.touches(), until)?;
    let ground = Ground { symbols: how, ..ground };
    let report = tally.report(ground, &told.paths, &told.authors, standing);
    Ok(Report { symbols, ..report })
}

/// Where that is kept which was found out about texts.
pub(super) struct Shelf<'a> {
    folder: Option<&'a Path>,
    /// What stands for other objects: what is read under a blob's id is another text then.
    replaced: [u8; 32],
}

impl Shelf<'_> {
    /// Opens what is kept of one kind.
    pub fn open(&self, kind: &str) -> Box<dyn Known> {
        match self.folder {
            Some(folder) => Box::new(FactFile::open(folder.join(kind))),
            None => Box::new(Forgetful),
        }
    }

    /// Returns under what name it is kept what was found out about the texts that `parts` tell.
    pub fn name(&self, parts: &[&[u8]]) -> Digest {
        Digest::of(&[&parts.concat()[..], &self.replaced].concat())
    }
}

/// Asks what is known of files as they are now.
fn standings(
    repository: &Repository,
    busiest: &[Busy<'_>],
    present: &[crate::vcs::Present],
    shelf: &Shelf<'_>,
) -> Result<FxHashMap<Box<[u8]>, Standing>, VcsError> {
    let attributes = repository.attributes(busiest.iter().map(|busy| busy.path))?;
    let mut standings: FxHashMap<Box<[u8]>, Standing> = FxHashMap::default();
    for (busy, attributes) in busiest.iter().zip(&attributes).filter(|(_, attributes)| attributes.generated) {
        standings.insert(busy.path.into(), Standing { generated: attributes.generated, complexity: None });
    }
    let blobs: FxHashMap<&[u8], &str> = present
        .iter()
        .filter(|file| file.kind == FileKind::File && file.size <= TEXT_LIMIT)
        .map(|file| (&*file.path, &*file.blob))
        .collect();
    let looked_at: Vec<(&[u8], &str)> = busiest
        .iter()
        .filter(|busy| !standings.contains_key(busy.path))
        .filter_map(|busy| Some((busy.path, *blobs.get(busy.path)?)))
        .take(TEXTS)
        .collect();
    let known = shelf.open("complexity");
    let name = |blob: &str| shelf.name(&[b"complexity 1\0", blob.as_bytes()]);
    let mut new: Vec<(&[u8], &str)> = Vec::new();
    for (path, blob) in looked_at {
        match known.get(&name(blob)).and_then(|bytes| postcard::from_bytes(&bytes).ok()) {
            Some(complexity) => drop(standings.insert(path.into(), Standing { generated: false, complexity })),
            None => new.push((path, blob)),
        }
    }
    let ids: Vec<&str> = new.iter().map(|(_, blob)| *blob).collect();
    repository.texts(&ids, TEXT_LIMIT, |at, text| {
        let (path, blob) = new[at];
        let complexity = text.and_then(complexity);
        // That a text is not here may be otherwise the next time.
        if let (Some(_), Ok(bytes)) = (text, postcard::to_stdvec(&complexity)) {
            known.put(&name(blob), &bytes);
        }
        standings.insert(path.into(), Standing { generated: false, complexity });
    })?;
    known.keep();
    Ok(standings)
}

/// Returns the folder that keeps what was read, in the nearest state folder between here and the repository's folder.
fn kept(folder: &Path, top: &Path) -> Option<PathBuf> {
    let inside = folder.ancestors().take_while(|folder| folder.starts_with(top));
    let state = inside.map(|folder| folder.join(".orket")).find(|state| is_state(state))?;
    Some(state.join("churn"))
}

fn is_state(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn name(top: &Path) -> String {
    top.file_name().map_or_else(|| String::from("project"), |name| name.to_string_lossy().into_owned())
}
