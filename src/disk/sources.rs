//! The files that a person would call the project's: what version control does not ignore, and no installed packages.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ignore::gitignore::Gitignore;
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::Tree;
use crate::base::RelPath;

/// The files of a project, and the links beside them.
#[derive(Default)]
pub struct Sources {
    /// The files.
    pub files: Vec<RelPath>,
    /// The links: what they lead to is no file of theirs.
    pub links: Vec<RelPath>,
}

/// Whether a folder of this name holds what was installed, or is git's own or orket's own: nothing below it is a source of the project.
pub fn is_installed(name: &[u8]) -> bool {
    matches!(name, b"node_modules" | b"site-packages" | b".git" | b".orket")
}

/// Returns the repository around a project, or in it, of which the project is a part: what is ignored above it counts then. A folder that
/// is ignored there as a whole, such as a workspace below `.orket`, is no part.
pub fn repository_of(root: &Path) -> Option<&Path> {
    let repository = root.ancestors().find(|folder| folder.join(".git").exists())?;
    let mut above = root.ancestors().skip(1).take_while(|folder| folder.starts_with(repository));
    let said = |folder: &Path| {
        let (patterns, _) = Gitignore::new(folder.join(".gitignore"));
        let said = patterns.matched_path_or_any_parents(root, true);
        (!said.is_none()).then(|| said.is_ignore())
    };
    let ignored = above.find_map(said).unwrap_or(false);
    (!ignored).then_some(repository)
}

/// Returns where a project stands in the repository that it is a part of; the root, if it is in none.
pub fn below_repository(root: &Path) -> RelPath {
    let below = repository_of(root).and_then(|top| root.strip_prefix(top).ok());
    below.map_or_else(RelPath::root, |below| RelPath::from_normal(below.as_os_str().as_encoded_bytes()))
}

/// Returns the files below `folder` that nobody ignores, in no order; hidden ones (but never git's own and orket's own) if `hidden`.
///
/// Ignored is what `.gitignore`, `.ignore` and git's own exclude files say, as ripgrep has it; those above the project only where it is a
/// part of their repository. A tree inside of `.git` is a copy of what git tracks: of that nothing is ignored.
///
/// # Errors
/// When a folder cannot be read.
pub fn sources(tree: &Tree, folder: &RelPath, hidden: bool) -> io::Result<Vec<RelPath>> {
    sources_without(tree, folder, hidden, None)
}

/// As [`sources`]; `excludes` is the file of patterns that is read instead of the user's own one (`core.excludesFile` of a repository).
///
/// # Errors
/// As [`sources`].
pub fn sources_without(tree: &Tree, folder: &RelPath, hidden: bool, excludes: Option<&Path>) -> io::Result<Vec<RelPath>> {
    sources_and_links(tree, folder, hidden, excludes).map(|sources| sources.files)
}

/// As [`sources_without`], with the links.
///
/// # Errors
/// As [`sources`].
pub fn sources_and_links(tree: &Tree, folder: &RelPath, hidden: bool, excludes: Option<&Path>) -> io::Result<Sources> {
    let top = folder.under(tree.root());
    // What a repository around this one ignores is not said of this one's files.
    let repository = repository_of(tree.root());
    let inside = repository.is_some();
    let copy = tree.root().components().any(|part| part.as_os_str() == ".git");
    let mut walk = WalkBuilder::new(&top);
    // Such files are meant from the top of the repository, wherever orket was started.
    walk.current_dir(repository.unwrap_or(tree.root()));
    if copy {
        walk.standard_filters(false);
    } else if let Some(excludes) = excludes {
        walk.git_global(false);
        // One that cannot be read says nothing.
        let _ = walk.add_ignore(excludes);
    }
    let own = tree.clone();
    let is_ours = move |entry: &DirEntry| {
        let Some(path) = below(own.root(), entry.path()) else { return true };
        // Packages that were installed are no sources of the project, also where nobody ignores them.
        let is_foreign = || {
            entry.depth() > 0
                && entry.file_type().is_some_and(|kind| kind.is_dir())
                && (is_installed(path.name()) || matches!(own.stat_follow(&path.join(b"pyvenv.cfg")), Ok(Some(_))))
        };
        !own.passes_over(&path) && !is_foreign()
    };
    let walker = walk.hidden(!hidden).parents(inside).require_git(inside).filter_entry(is_ours).build_parallel();
    let shares = Mutex::default();
    walker.run(|| {
        let mut share = Share { root: tree.root(), found: Ok(Sources::default()), shares: &shares };
        Box::new(move |entry| {
            share.take(entry);
            WalkState::Continue
        })
    });
    let mut found = Sources::default();
    for share in shares.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let Sources { files, links } = share?;
        found.files.extend(files);
        found.links.extend(links);
    }
    Ok(found)
}

/// What one thread of a walk finds; it is added to the shares of the others when the thread is done.
struct Share<'a> {
    root: &'a Path,
    found: io::Result<Sources>,
    shares: &'a Mutex<Vec<io::Result<Sources>>>,
}

impl Share<'_> {
    fn take(&mut self, entry: Result<DirEntry, ignore::Error>) {
        let Ok(Sources { files, links }) = &mut self.found else { return };
        match entry {
            Ok(entry) => match (entry.file_type(), below(self.root, entry.path())) {
                (Some(kind), Some(path)) if kind.is_file() => files.push(path),
                (Some(kind), Some(path)) if kind.is_symlink() => links.push(path),
                _ => {}
            },
            Err(error) => match error.into_io_error() {
                // Something went away meanwhile.
                Some(error) if error.kind() == io::ErrorKind::NotFound => {}
                Some(error) => self.found = Err(error),
                None => self.found = Err(io::Error::other("a folder cannot be read")),
            },
        }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let found = std::mem::replace(&mut self.found, Ok(Sources::default()));
        self.shares.lock().unwrap_or_else(PoisonError::into_inner).push(found);
    }
}

/// Returns a path that a walk from below `root` came to, relative to that.
fn below(root: &Path, path: &Path) -> Option<RelPath> {
    let below = path.as_os_str().as_encoded_bytes().strip_prefix(root.as_os_str().as_encoded_bytes())?;
    Some(RelPath::from_normal(below.strip_prefix(b"/").unwrap_or(below)))
}
