//! Where links lead, as the system follows them: part by part, and `..` is above where a link has led, not above the link.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::Tree;
use crate::base::{PathError, RelPath};

/// How many links are followed on one way: as many as Linux follows.
const LINKS: usize = 40;

/// A way through the file system.
#[derive(Clone)]
struct Way {
    /// The links on it, in order.
    links: Vec<RelPath>,
    /// Where it ends, free of links; or the first place on it where nothing is.
    end: PathBuf,
}

impl Tree {
    /// Returns what reading the link at `link`, which holds `target`, comes by: every further link on the way, and where it ends, be there
    /// something or not. What is outside of the tree is absolute.
    ///
    /// # Errors
    /// When the file system refuses to say.
    pub fn follow(&self, link: &RelPath, target: &[u8]) -> io::Result<Vec<RelPath>> {
        let folder = link.parent().unwrap_or_default();
        let root = fs::canonicalize(self.root())?;
        let Way { mut links, end } = self.way(&root, fs::canonicalize(folder.under(self.root()))?, target)?;
        links.push(place(&root, &end));
        Ok(links)
    }

    /// Returns where something in the tree stands, free of links; `None` if nothing does, or it stands outside.
    pub fn real(&self, path: &RelPath) -> Option<RelPath> {
        let root = fs::canonicalize(self.root()).ok()?;
        let whole = fs::canonicalize(path.under(&root)).ok()?;
        RelPath::parse(whole.strip_prefix(root).ok()?.as_os_str().as_bytes()).ok()
    }

    fn way(&self, root: &Path, from: PathBuf, text: &[u8]) -> io::Result<Way> {
        let (mut links, mut at) = (Vec::new(), from);
        let mut left: Vec<Vec<u8>> = Vec::new();
        let go = |at: &mut PathBuf, left: &mut Vec<Vec<u8>>, text: &[u8]| {
            if text.first() == Some(&b'/') {
                *at = PathBuf::from("/");
            }
            left.extend(text.split(|byte| *byte == b'/').rev().filter(|part| !matches!(*part, b"" | b".")).map(<[u8]>::to_vec));
        };
        go(&mut at, &mut left, text);
        while let Some(part) = left.pop() {
            if part == b".." {
                at.pop();
                continue;
            }
            let next = at.join(OsStr::from_bytes(&part));
            match fs::symlink_metadata(&next) {
                Ok(found) if found.is_symlink() && links.len() < LINKS => {
                    links.push(place(root, &next));
                    let target = fs::read_link(&next)?.into_os_string().into_vec();
                    go(&mut at, &mut left, &target);
                }
                Ok(_) => at = next,
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    return Ok(Way { links, end: next });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Way { links, end: at })
    }
}

fn place(root: &Path, path: &Path) -> RelPath {
    RelPath::from_normal(path.strip_prefix(root).unwrap_or(path).as_os_str().as_bytes())
}

/// Names as programs write them that run in one folder: relative to it or absolute, with `..` behind links.
pub struct Names<'a> {
    tree: &'a Tree,
    folder: &'a RelPath,
    /// The ways to the folders of names that climb, which are few for many names.
    climbs: FxHashMap<Vec<u8>, Option<Way>>,
}

impl<'a> Names<'a> {
    /// Names that mean files as seen from `folder`.
    pub fn new(tree: &'a Tree, folder: &'a RelPath) -> Names<'a> {
        Names { tree, folder, climbs: FxHashMap::default() }
    }

    /// Adds the file that is meant to `found`, and the links that a name climbs out of by `..`; what is outside of the tree is absolute.
    ///
    /// # Errors
    /// When the name has a NUL byte.
    pub fn look_up(&mut self, name: &[u8], found: &mut Vec<RelPath>) -> Result<(), PathError> {
        let climbs = name.split(|byte| *byte == b'/').any(|part| part == b"..");
        let slash = name.iter().rposition(|byte| *byte == b'/').filter(|_| climbs && !name.contains(&0));
        if let Some(slash) = slash
            && let (way, file) = (&name[..=slash], &name[slash + 1..])
            && !matches!(file, b"" | b"." | b"..")
            && let Some(way) = self.climb(way)
        {
            let root = self.tree.root();
            found.extend(way.links);
            found.push(place(&fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf()), &way.end.join(OsStr::from_bytes(file))));
            return Ok(());
        }
        found.push(RelPath::anywhere(self.tree.root(), self.folder, name)?);
        Ok(())
    }

    /// Returns a way that leads somewhere.
    fn climb(&mut self, way: &[u8]) -> Option<Way> {
        if let Some(known) = self.climbs.get(way) {
            return known.clone();
        }
        let tree = self.tree;
        let root = fs::canonicalize(tree.root()).ok();
        let from = fs::canonicalize(self.folder.under(tree.root())).ok();
        let found = root.zip(from).and_then(|(root, from)| tree.way(&root, from, way).ok()).filter(|way| way.end.is_dir());
        self.climbs.insert(way.to_vec(), found.clone());
        found
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree(folder: &Path) -> Tree {
        for path in ["root/a/b", "root/e/f", "root/include", "beside"] {
            fs::create_dir_all(folder.join(path)).unwrap();
        }
        Tree::open(&folder.join("root")).unwrap()
    }

    fn texts(paths: &[RelPath]) -> Vec<String> {
        paths.iter().map(RelPath::to_string).collect()
    }

    #[test]
    fn a_link_behind_a_link_to_a_folder_leads_from_where_that_led() {
        let folder = tempfile::tempdir().unwrap();
        let tree = tree(folder.path());
        symlink("e/f", folder.path().join("root/d")).unwrap();
        symlink("../x", folder.path().join("root/e/f/l")).unwrap();
        fs::write(folder.path().join("root/e/x"), "").unwrap();
        assert_eq!(texts(&tree.follow(&RelPath::parse("d/l").unwrap(), b"../x").unwrap()), ["e/x"]);
        symlink("l", folder.path().join("root/e/f/m")).unwrap();
        assert_eq!(texts(&tree.follow(&RelPath::parse("d/m").unwrap(), b"l").unwrap()), ["e/f/l", "e/x"]);
    }

    #[test]
    fn what_is_outside_or_not_there_is_told_too() {
        let folder = tempfile::tempdir().unwrap();
        let tree = tree(folder.path());
        let outside = fs::canonicalize(folder.path()).unwrap().join("beside/x").to_string_lossy().into_owned();
        assert_eq!(texts(&tree.follow(&RelPath::parse("l").unwrap(), b"../beside/x").unwrap()), [outside]);
        assert_eq!(texts(&tree.follow(&RelPath::parse("l").unwrap(), b"none/x/y").unwrap()), ["none"]);
        symlink("ring", folder.path().join("root/ring")).unwrap();
        assert!(tree.follow(&RelPath::parse("ring").unwrap(), b"ring").unwrap().len() <= LINKS + 1);
    }

    #[test]
    fn names_that_climb_are_looked_up_as_the_system_does() {
        let folder = tempfile::tempdir().unwrap();
        let tree = tree(folder.path());
        symlink("a/b", folder.path().join("root/k")).unwrap();
        let root = RelPath::root();
        let mut names = Names::new(&tree, &root);
        let mut look = |name: &str| {
            let mut found = Vec::new();
            names.look_up(name.as_bytes(), &mut found).unwrap();
            texts(&found)
        };
        assert_eq!(look("k/../h.h"), ["k", "a/h.h"]);
        assert_eq!(look("k/../i.h"), ["k", "a/i.h"]);
        assert_eq!(look("a/../include/h.h"), ["include/h.h"]);
        assert_eq!(look("k/h.h"), ["k/h.h"]);
        assert_eq!(look("none/../h.h"), ["h.h"]);
    }
}
