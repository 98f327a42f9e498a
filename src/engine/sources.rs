//! The files that belong to a project.

use std::io;

use rayon::prelude::*;

use crate::base::RelPath;
use crate::disk::{self, Sources, Tree, is_installed};
use crate::vcs::{TrackedNames, excludes_file};

/// Returns, sorted, the files of a project: those that nobody ignores, and those that git tracks whoever ignores them; hidden ones only if
/// `hidden`.
///
/// # Errors
/// When a folder cannot be read.
pub fn sources(tree: &Tree, hidden: bool) -> io::Result<Vec<RelPath>> {
    sources_and_links(tree, hidden).map(|sources| sources.files)
}

/// As [`sources`], with the links that nobody ignores, sorted.
///
/// # Errors
/// When a folder cannot be read.
pub fn sources_and_links(tree: &Tree, hidden: bool) -> io::Result<Sources> {
    let excludes = excludes_file(tree.root());
    let Sources { mut files, mut links } = disk::sources_and_links(tree, &RelPath::root(), hidden, excludes.as_deref())?;
    files.par_sort_unstable();
    links.sort_unstable();
    let ours = |path: &RelPath| !path.parts().any(|part| is_installed(part) || (!hidden && part.starts_with(b".")));
    let mut tracked = TrackedNames::of(tree.root()).beside(&files);
    tracked.retain(|path| ours(path) && tree.stat(path).is_ok_and(|there| there.is_some_and(|there| there.is_file())));
    if !tracked.is_empty() {
        files.extend(tracked);
        files.par_sort_unstable();
    }
    Ok(Sources { files, links })
}
