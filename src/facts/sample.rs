//! Small projects for the tests of this folder.

use std::fs;

use super::{Forgetful, Imports, Language, Root, imports};
use crate::base::RelPath;
use crate::disk::{Tree, sources};

/// Returns what is known of the imports of some files, a path and its text each.
pub(super) fn project(files: &[(&str, &str)], root: &str, language: Option<Language>) -> Imports {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let root = Root::whole(RelPath::parse(root).unwrap(), language);
    let tree = Tree::open(folder.path()).unwrap();
    let mut listed = sources(&tree, &RelPath::root(), false).unwrap();
    listed.sort();
    imports(&tree, &listed, &[root], &Forgetful).unwrap()
}

/// Returns the edges between modules, each as `from -> to`, with `(kind)` if it is none of the usual ones and `(external)` or `(stdlib)`.
pub(super) fn edges(files: &[(&str, &str)]) -> Vec<String> {
    told(&project(files, "", None))
}

/// As [`edges`], of what was found already.
pub(super) fn told(found: &Imports) -> Vec<String> {
    assert_eq!(found.unreadable, [], "every file can be read");
    let told = found.edges().map(|import| {
        let kind = match import.kind.word() {
            "import" => String::new(),
            word => format!(" ({word})"),
        };
        let whence = if import.stdlib {
            " (stdlib)"
        } else if import.external {
            " (external)"
        } else {
            ""
        };
        format!("{} -> {}{kind}{whence}", import.from, import.to)
    });
    let mut told: Vec<String> = told.collect();
    told.dedup();
    told
}

/// Returns the edges that have both ends in the tree, each as the two files.
pub(super) fn between_files(files: &[(&str, &str)]) -> Vec<String> {
    let found = project(files, "", None);
    assert_eq!(found.unreadable, [], "every file can be read");
    found.edges().filter_map(|import| Some(format!("{} -> {}", import.from_file, import.to_file?))).collect()
}

/// Returns what could not be resolved, each as `file:line name`.
pub(super) fn unresolved(found: &Imports) -> Vec<String> {
    found.unresolved.iter().map(|one| format!("{}:{} {}", one.file, one.line, one.name)).collect()
}

/// Asserts the exact edges of a project.
#[track_caller]
pub(super) fn holds(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(edges(files), expected);
}
