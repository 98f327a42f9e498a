//! What modules are called where a language leaves that open.

use rustc_hash::{FxHashMap, FxHashSet};

use super::program::is_untold;
use crate::base::RelPath;

/// Returns the name of each file: the one that its language has for it, if it has one and no other file is called so, else its path
/// without the ending; that of a [`program`].
pub(super) fn names<'a>(files: impl Iterator<Item = (&'a RelPath, Option<String>)>) -> Vec<String> {
    let files: Vec<(&RelPath, Option<String>)> = files.collect();
    let mut counts: FxHashMap<String, usize> = FxHashMap::default();
    for name in files.iter().filter_map(|(_, name)| name.as_ref()) {
        *counts.entry(name.clone()).or_default() += 1;
    }
    let name = |(path, name): &(&RelPath, Option<String>)| {
        let own = name.clone().filter(|name| counts[name] == 1);
        own.unwrap_or_else(|| bare(path))
    };
    let mut names: Vec<String> = files.iter().map(name).collect();
    let programs: Vec<usize> = (0..files.len()).filter(|at| is_untold(files[*at].0)).collect();
    if !programs.is_empty() {
        let others = files.iter().zip(&names).filter(|((path, _), _)| !is_untold(path));
        let others: FxHashSet<String> = others.map(|(_, name)| name.clone()).collect();
        programs.into_iter().for_each(|at| names[at] = program(files[at].0, &|name| others.contains(name)));
    }
    names
}

/// Returns what a program without an ending is called, which nothing can import: its path, with `./` before it where a module is called so.
pub(super) fn program(path: &RelPath, is_taken: &dyn Fn(&str) -> bool) -> String {
    let name = path.to_string();
    if is_taken(&name) { format!("./{name}") } else { name }
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
