//! What modules are called where a language leaves that open.

use rustc_hash::FxHashMap;

use crate::base::RelPath;

/// Returns the name of each file: the one that its language has for it, if it has one and no other file is called so, else its path
/// without the ending.
pub(super) fn names<'a>(files: impl Iterator<Item = (&'a RelPath, Option<String>)>) -> Vec<String> {
    let files: Vec<(&RelPath, Option<String>)> = files.collect();
    let mut counts: FxHashMap<String, usize> = FxHashMap::default();
    for name in files.iter().filter_map(|(_, name)| name.as_ref()) {
        *counts.entry(name.clone()).or_default() += 1;
    }
    let name = |(path, name): (&RelPath, Option<String>)| name.filter(|name| counts[name] == 1).unwrap_or_else(|| bare(path));
    files.into_iter().map(name).collect()
}

/// Returns a path without the ending of its last part.
pub(super) fn bare(path: &RelPath) -> String {
    let text = path.to_string();
    match text.rfind('.') {
        Some(dot) if dot > text.rfind('/').map_or(0, |slash| slash + 1) => text[..dot].to_owned(),
        _ => text,
    }
}

/// Returns the last part of a path, without its ending.
pub(super) fn stem(path: &RelPath) -> String {
    let bare = bare(path);
    bare.rsplit('/').next().unwrap_or(&bare).to_owned()
}

/// Returns how many folders two paths have in common, from the top.
pub(super) fn shared(one: &RelPath, other: &RelPath) -> usize {
    let folders = |path: &RelPath| path.parent().unwrap_or_default();
    let (one, other) = (folders(one), folders(other));
    let both = one.parts().zip(other.parts());
    both.take_while(|(one, other)| one == other && !one.is_empty()).count()
}
