//! From what may be read to the fewest pieces that show just that.
//!
//! A folder of which everything may be read is shown as it is; it costs one mount, whatever it holds. Of any other folder, what may be read
//! is put into an empty one: large files as mounts, since these cost no reading; small ones as copies, since the cost of mounts grows with
//! the square of their number.

use std::io;
use std::ops::Range;

use super::Reach;
use crate::base::RelPath;
use crate::disk::{Kind, Tree};

/// From how many bytes on a file is mounted and not copied.
const LARGE: u64 = 64 << 10;

/// What stands where: the file system, or a test's picture of one.
pub trait Ground {
    /// Returns the names in a folder.
    ///
    /// # Errors
    /// When it cannot be read.
    fn names(&self, folder: &RelPath) -> io::Result<Vec<(Box<[u8]>, Kind)>>;

    /// Returns what stands at a path, and how many bytes it has.
    ///
    /// # Errors
    /// When that cannot be told, or nothing is there.
    fn kind(&self, path: &RelPath) -> io::Result<(Kind, u64)>;
}

/// The pieces of a box.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Arranged {
    /// Files, and folders with all that is in them, shown as they are; nothing in them can be written.
    pub shown: Vec<RelPath>,
    /// Folders that are shared: what is written there is written.
    pub shared: Vec<RelPath>,
    /// Files to be copied.
    pub copied: Vec<RelPath>,
    /// Links to be made anew.
    pub linked: Vec<RelPath>,
}

/// Arranges a box; each list is sorted, and nothing in it stands inside of what another one shows or shares.
///
/// # Errors
/// When a folder cannot be read, or a file of `reach` is gone.
pub fn arrange(reach: &Reach, ground: &dyn Ground) -> io::Result<Arranged> {
    let mut arranging = Arranging { reach, ground, arranged: Arranged { shared: reach.folders.clone(), ..Arranged::default() } };
    arranging.open(&RelPath::root(), 0..reach.files.len())?;
    // A link may be named by itself, and by what it leads to.
    arranging.arranged.linked.sort();
    arranging.arranged.linked.dedup();
    Ok(arranging.arranged)
}

struct Arranging<'a> {
    reach: &'a Reach,
    ground: &'a dyn Ground,
    arranged: Arranged,
}

impl Arranging<'_> {
    /// Puts what may be read of a folder, those of the files, into the box.
    fn open(&mut self, folder: &RelPath, files: Range<usize>) -> io::Result<()> {
        let mut next = files.start;
        while next < files.end {
            let file = &self.reach.files[next];
            let Some(below) = child(folder, file) else {
                self.place(next)?;
                next += 1;
                continue;
            };
            let inside = self.below(&below);
            match self.ground.kind(&below)?.0 {
                _ if self.reach.folders.binary_search(&below).is_ok() => {}
                // What it leads to is among the files, too.
                Kind::Link => self.arranged.linked.push(below),
                _ if self.is_whole(&below, inside.clone())? => self.arranged.shown.push(below),
                _ => self.open(&below, inside.clone())?,
            }
            next = inside.end;
        }
        Ok(())
    }

    fn place(&mut self, index: usize) -> io::Result<()> {
        let file = &self.reach.files[index];
        let list = match self.ground.kind(file)? {
            (Kind::Link, _) => &mut self.arranged.linked,
            (Kind::File, size) if size < LARGE => &mut self.arranged.copied,
            _ => &mut self.arranged.shown,
        };
        list.push(file.clone());
        Ok(())
    }

    /// Whether everything in a folder may be read, and nothing has to be written there.
    fn is_whole(&self, folder: &RelPath, files: Range<usize>) -> io::Result<bool> {
        let has_own = |place: &RelPath| place.is_in(folder);
        if self.reach.stand.iter().chain(&self.reach.folders).any(has_own) || self.reach.writes.leads_into(folder) {
            return Ok(false);
        }
        for (name, kind) in self.ground.names(folder)? {
            let path = folder.join(&name);
            let whole = match kind {
                Kind::Folder => {
                    let inside = self.below(&path);
                    match inside.is_empty() {
                        true => self.ground.names(&path)?.is_empty(),
                        false => self.is_whole(&path, inside)?,
                    }
                }
                _ => self.reach.files[files.clone()].binary_search(&path).is_ok(),
            };
            if !whole {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns which of the files stand below a folder.
    fn below(&self, folder: &RelPath) -> Range<usize> {
        let prefix = [folder.as_bytes(), b"/"].concat();
        let files = &self.reach.files;
        let start = files.partition_point(|file| file.as_bytes() < &prefix[..]);
        start..start + files[start..].partition_point(|file| file.as_bytes().starts_with(&prefix))
    }
}

/// Returns the folder in `folder` on the way to `file`; `None` if the file stands in `folder` itself.
fn child(folder: &RelPath, file: &RelPath) -> Option<RelPath> {
    let from = if folder.is_root() { 0 } else { folder.as_bytes().len() + 1 };
    let end = memchr::memchr(b'/', &file.as_bytes()[from..])?;
    Some(RelPath::from_normal(&file.as_bytes()[..from + end]))
}

impl Ground for Tree {
    fn names(&self, folder: &RelPath) -> io::Result<Vec<(Box<[u8]>, Kind)>> {
        self.list(folder)
    }

    fn kind(&self, path: &RelPath) -> io::Result<(Kind, u64)> {
        let there = self.stat(path)?.ok_or(io::ErrorKind::NotFound)?;
        let kind = match (there.is_file(), there.is_symlink(), there.is_dir()) {
            (true, ..) => Kind::File,
            (_, true, _) => Kind::Link,
            (.., true) => Kind::Folder,
            _ => Kind::Other,
        };
        Ok((kind, there.size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::PatternSet;

    /// Files with their sizes; a name that ends with `@` is a link, one with `/` a folder.
    struct Picture<'a>(&'a [(&'static str, u64)]);

    impl Ground for Picture<'_> {
        fn names(&self, folder: &RelPath) -> io::Result<Vec<(Box<[u8]>, Kind)>> {
            let prefix = if folder.is_root() { String::new() } else { format!("{folder}/") };
            let mut names: Vec<(Box<[u8]>, Kind)> = Vec::new();
            for (path, _) in self.0 {
                let Some(rest) = path.strip_prefix(&prefix).filter(|rest| !rest.is_empty()) else { continue };
                let (name, kind) = match (rest.split_once('/'), rest.strip_suffix('@')) {
                    (Some((name, _)), _) => (name, Kind::Folder),
                    (_, Some(name)) => (name, Kind::Link),
                    _ => (rest, Kind::File),
                };
                if !names.iter().any(|(there, _)| **there == *name.as_bytes()) {
                    names.push((name.as_bytes().into(), kind));
                }
            }
            Ok(names)
        }

        fn kind(&self, path: &RelPath) -> io::Result<(Kind, u64)> {
            kind_of(self.0, &path.to_string()).ok_or_else(|| io::ErrorKind::NotFound.into())
        }
    }

    /// The kind of a place, which a folder has that is named by what stands in it.
    fn kind_of(there: &[(&'static str, u64)], path: &str) -> Option<(Kind, u64)> {
        let exact = there.iter().find(|(name, _)| name.trim_end_matches('@') == path);
        match exact {
            Some((name, size)) => Some((if name.ends_with('@') { Kind::Link } else { Kind::File }, *size)),
            None => there.iter().any(|(name, _)| name.starts_with(&format!("{path}/"))).then_some((Kind::Folder, 0)),
        }
    }

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).unwrap()
    }

    fn arranged(there: &'static [(&'static str, u64)], files: &[&str], folders: &[&str], stand: &[&str]) -> [String; 4] {
        let paths = |texts: &[&str]| texts.iter().map(|text| path(text)).collect::<Vec<_>>();
        let mut files = paths(files);
        files.sort();
        let reach = Reach { files, folders: paths(folders), stand: paths(stand), ..Reach::default() };
        let Arranged { shown, shared, copied, linked } = arrange(&reach, &Picture(there)).unwrap();
        [shown, shared, copied, linked].map(|paths| paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_is_read_as_a_whole_is_shown_as_a_whole() {
        let there = &[("a/b/c", 1), ("a/b/d", 1), ("a/b/e/", 0), ("a/f", 1), ("a-b", 1), ("x/y", 1), ("x/z@", 1)];
        assert_eq!(arranged(there, &["a/b/c", "a/b/d"], &[], &[]), ["a/b", "", "", ""]);
        assert_eq!(arranged(there, &["a/b/c", "a/b/d", "a/f", "a-b"], &[], &[]), ["a", "", "a-b", ""]);
        assert_eq!(arranged(there, &["a/b/d", "a/f", "x/y", "x/z"], &[], &[]), ["x", "", "a/b/d a/f", ""]);
        assert_eq!(arranged(there, &["x/z"], &[], &[]), ["", "", "", "x/z"]);
        assert_eq!(arranged(there, &[], &[], &["a"]), [""; 4]);
    }

    #[test]
    fn where_something_is_written_nothing_is_shown_as_a_whole() {
        let there = &[("a/b", 1), ("a/out/o", 1), ("c/d", 1), ("c/e/f", 1)];
        assert_eq!(arranged(there, &["a/b", "a/out/o"], &["a/out"], &[]), ["", "a/out", "a/b", ""]);
        assert_eq!(arranged(there, &["c/d", "c/e/f"], &[], &["c"]), ["c/e", "", "c/d", ""]);
        assert_eq!(arranged(there, &["c/d", "c/e/f"], &[], &["c/e"]), ["", "", "c/d c/e/f", ""]);
    }

    #[test]
    fn a_link_to_a_folder_stands_for_itself() {
        let there = &[("link@", 1), ("real/x", 1), ("real/y", 1)];
        assert_eq!(arranged(there, &["link", "link/x", "real/x"], &[], &[]), ["", "", "real/x", "link"]);
        assert_eq!(arranged(there, &["link/x", "real/x", "real/y"], &[], &[]), ["real", "", "", "link"]);
    }

    #[test]
    fn a_folder_that_a_pattern_writes_into_is_not_shown_as_a_whole() {
        let there: &[(&str, u64)] = &[("src/a/m.c", 1), ("lib/x", 1)];
        let files = ["lib/x", "src/a/m.c"].map(path).to_vec();
        let writes = PatternSet::new(&[String::from("src/**/*.o")], &[]).unwrap();
        let reach = Reach { files, writes, stand: vec![path("src")], ..Reach::default() };
        let arranged = arrange(&reach, &Picture(there)).unwrap();
        assert_eq!((arranged.shown, arranged.copied), (vec![path("lib")], vec![path("src/a/m.c")]));
    }

    #[test]
    fn large_files_are_not_copied() {
        let there = &[("a", LARGE), ("b", LARGE - 1), ("c", 0)];
        assert_eq!(arranged(there, &["a", "b"], &[], &[]), ["a", "", "b", ""]);
    }

    #[test]
    fn what_is_gone_is_an_error() {
        let reach = Reach { files: vec![path("gone")], ..Reach::default() };
        assert_eq!(arrange(&reach, &Picture(&[])).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
