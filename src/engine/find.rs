//! Which manifest is the project's, and which package orket was started in.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::load::{Stamp, kept};
use super::manifests::Little;
use super::{OpenError, Surroundings};
use crate::base::RelPath;
use crate::disk::Tree;
use crate::graph::Graph;
use crate::manifest;

/// Returns the project's folder and its manifest. `most`: how many bytes of manifests may be read to find out which one is whole.
pub(super) fn find(surroundings: &Surroundings, upward: bool, most: u64) -> Result<(PathBuf, RelPath), OpenError> {
    let broken = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => OpenError::NoFolder(surroundings.folder.clone()),
        _ => OpenError::Broken(format!("open `{}`", surroundings.folder.display()), error),
    };
    let start = fs::canonicalize(&surroundings.folder).map_err(broken)?;
    if let Some(given) = &surroundings.manifest {
        let path = start.join(given);
        if let Some(what) = no_file(&path) {
            return Err(OpenError::NoFile(given.clone(), what));
        }
        let folder = path
            .parent()
            .map(fs::canonicalize)
            .transpose()
            .ok()
            .flatten()
            .filter(|_| path.is_file())
            .ok_or_else(|| OpenError::NotThere(given.clone()))?;
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        return Ok((folder, RelPath::from_normal(name)));
    }
    let mut found: Option<PathBuf> = None;
    let mut odd = None;
    for folder in start.ancestors().take(if upward { usize::MAX } else { 1 }) {
        if folder.join("orket.kdl").is_file() {
            // A package's manifest is found first; the one that includes it stands above, and is the project's.
            let whole = found.as_ref().is_none_or(|inner| includes(&folder.join("orket.kdl"), folder, inner, most));
            if whole {
                found = Some(folder.to_path_buf());
            }
        } else if odd.is_none() {
            odd = no_file(&folder.join("orket.kdl")).map(|what| OpenError::NoFile(folder.join("orket.kdl"), what));
        }
    }
    found.map(|root| (root, RelPath::from_normal(&b"orket.kdl"[..]))).ok_or(odd.unwrap_or(OpenError::NoManifest(start)))
}

/// Returns what stands at a path, if something does that is no file.
fn no_file(path: &Path) -> Option<&'static str> {
    let link = fs::symlink_metadata(path).ok()?.is_symlink();
    let Ok(found) = fs::metadata(path) else { return link.then_some("a link to nothing that can be opened") };
    let kind = found.file_type();
    match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some("a folder"),
        () if kind.is_fifo() => Some("a pipe"),
        () if kind.is_socket() => Some("a socket"),
        () => Some("a device"),
    }
}

/// Whether a manifest includes the package in `inner`, directly or not. Only read where a package is entered from below.
fn includes(manifest: &Path, root: &Path, inner: &Path, most: u64) -> bool {
    let text = fs::read(manifest).unwrap_or_default();
    if !String::from_utf8_lossy(&text).contains("include") {
        return false;
    }
    let Ok(tree) = Tree::open(root) else { return false };
    let name = RelPath::from_normal(&b"orket.kdl"[..]);
    let kept = kept(&root.join(".orket"), &tree, &name).map(|(graph, _)| graph);
    let wanted = inner.join("orket.kdl");
    match kept.and_then(|graph| postcard::from_bytes::<Stamp>(&graph.header().trail).ok()) {
        Some(stamp) => stamp.trail.manifests.iter().any(|path| path.under(root) == wanted),
        // A mistake anywhere in the project does not make a package a project of its own.
        None => wanted.strip_prefix(root).is_ok_and(|wanted| {
            let wanted = RelPath::from_normal(wanted.as_os_str().as_bytes());
            manifest::includes(&Little::new(&tree, most), &name, &wanted)
        }),
    }
}

/// Returns the folder of the package that the surroundings stand in; empty for the root.
pub(super) fn package(graph: &Graph, root: &Path, surroundings: &Surroundings) -> String {
    let inside = fs::canonicalize(&surroundings.folder).ok();
    let inside = inside.and_then(|folder| folder.strip_prefix(root).map(Path::to_path_buf).ok()).unwrap_or_default();
    let folders = graph.header().packages.iter().map(|package| package.folder.to_string());
    folders.filter(|folder| folder != "." && inside.starts_with(folder)).max_by_key(String::len).unwrap_or_default()
}
