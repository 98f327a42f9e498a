//! The files that a person would call the project's: what version control does not ignore, and no installed packages.

use std::io;
use std::path::Path;

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
    // Packages that were installed are no sources of the project, also where nobody ignores them.
    let foreign = |entry: &DirEntry| {
        let name = entry.file_name().as_encoded_bytes();
        entry.depth() > 0
            && entry.file_type().is_some_and(|kind| kind.is_dir())
            && (is_installed(name) || entry.path().join("pyvenv.cfg").exists())
    };
    let (sender, receiver) = crossbeam_channel::unbounded();
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
    let passed = move |entry: &DirEntry| {
        let below = entry.path().strip_prefix(own.root()).ok();
        below.is_some_and(|below| own.passes_over(&RelPath::from_normal(below.as_os_str().as_encoded_bytes())))
    };
    let walker = walk
        .hidden(!hidden)
        .parents(inside)
        .require_git(inside)
        .filter_entry(move |entry| !foreign(entry) && !passed(entry))
        .build_parallel();
    walker.run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            let told = match entry {
                Ok(entry) => match entry.file_type() {
                    Some(kind) if kind.is_file() || kind.is_symlink() => Ok((entry.into_path(), kind.is_symlink())),
                    _ => return WalkState::Continue,
                },
                Err(error) => Err(error.into_io_error().unwrap_or_else(|| io::Error::other("a folder cannot be read"))),
            };
            let _ = sender.send(told);
            WalkState::Continue
        })
    });
    drop(sender);
    let (mut found, root) = (Sources::default(), tree.root().as_os_str().as_encoded_bytes());
    for path in receiver {
        let (path, is_link) = match path {
            // Something went away meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            path => path?,
        };
        if let Some(below) = path.as_os_str().as_encoded_bytes().strip_prefix(root) {
            let path = RelPath::from_normal(below.strip_prefix(b"/").unwrap_or(below));
            if is_link { found.links.push(path) } else { found.files.push(path) }
        }
    }
    Ok(found)
}
