//! The names of all files that git tracks in a folder, read once. Git's index is read here, since starting git costs more than most tasks
//! do; git itself is asked where the index has a form that is not known here, or where variables lead to another one.

use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use super::git::{ELSEWHERE, Git};
use crate::base::RelPath;

/// Before the flags of an entry: times, device, inode, mode, owner, size and a SHA-1.
const FIXED: usize = 60;
/// Set in the flags of an entry that has two bytes more.
const EXTENDED: u16 = 0x4000;
/// The checksum at the end.
const CHECKSUM: usize = 20;

/// What git tracks in a folder. Without git, or outside a repository, that is nothing.
pub struct TrackedNames {
    sorted: Vec<Box<[u8]>>,
}

impl TrackedNames {
    /// Reads what git tracks below `root`. Nothing of the repository's configuration that starts programs is honoured.
    pub fn of(root: &Path) -> TrackedNames {
        let led = ELSEWHERE.iter().any(|name| std::env::var_os(name).is_some());
        let known = if led { None } else { fs::canonicalize(root).ok().and_then(|root| read(&root)) };
        let mut sorted = known.unwrap_or_else(|| {
            let listed = Git::new(root).told(&[b"ls-files", b"-z"]).unwrap_or_default();
            listed.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(Box::from).collect()
        });
        sorted.sort();
        TrackedNames { sorted }
    }

    /// Returns the names that are not among `files`, which are sorted.
    pub fn beside(&self, files: &[RelPath]) -> Vec<RelPath> {
        let others = self.sorted.iter().filter(|name| files.binary_search_by(|file| file.as_bytes().cmp(name)).is_err());
        others.map(|name| RelPath::from_normal(&**name)).collect()
    }

    /// Whether git tracks a path, or something below it.
    pub fn holds(&self, path: &RelPath) -> bool {
        let name = path.as_bytes();
        let below = [name, b"/"].concat();
        let at = self.sorted.partition_point(|tracked| **tracked < *below);
        self.sorted.binary_search_by(|tracked| (**tracked).cmp(name)).is_ok()
            || self.sorted.get(at).is_some_and(|tracked| tracked.starts_with(&below))
    }
}

/// What git tracks in a folder and in the repositories below it: submodules, and such as just stand there.
pub struct Tracked {
    root: PathBuf,
    /// By the folder of the repository; read when the first question about it comes.
    repositories: Mutex<FxHashMap<RelPath, Arc<TrackedNames>>>,
}

impl Tracked {
    /// Nothing is read yet.
    pub fn new(root: PathBuf) -> Tracked {
        Tracked { root, repositories: Mutex::default() }
    }

    /// Whether one of the repositories that a path stands in tracks it, or something below it, but for those whose folder is `own`: what a
    /// task has cloned is not a person's.
    pub fn holds(&self, path: &RelPath, own: &dyn Fn(&RelPath) -> bool) -> bool {
        let is_repository = |folder: &RelPath| folder.join(b".git").under(&self.root).symlink_metadata().is_ok();
        let around = std::iter::successors(Some(path.clone()), RelPath::parent);
        let mut repositories = around.filter(|folder| folder.is_root() || (is_repository(folder) && !own(folder)));
        repositories.any(|repository| self.in_repository(&repository, path))
    }

    fn in_repository(&self, repository: &RelPath, path: &RelPath) -> bool {
        let mut known = self.repositories.lock().expect("no holder panics");
        let names = known.entry(repository.clone()).or_insert_with(|| Arc::new(TrackedNames::of(&repository.under(&self.root)))).clone();
        drop(known);
        let from = if repository.is_root() { 0 } else { repository.as_bytes().len() };
        let below = path.as_bytes()[from..].strip_prefix(b"/").unwrap_or(&path.as_bytes()[from..]);
        if below.is_empty() { !names.sorted.is_empty() } else { names.holds(&RelPath::from_normal(below)) }
    }
}

/// Reads the index of the repository that `root` stands in; `None` where that is git's business.
fn read(root: &Path) -> Option<Vec<Box<[u8]>>> {
    let Some(top) = root.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok()) else { return Some(Vec::new()) };
    let folder = own_folder(&top.join(".git"))?;
    // Anything else that is called `.git` is passed over by git.
    if !folder.join("HEAD").exists() {
        return None;
    }
    let bytes = match fs::read(folder.join("index")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(Vec::new()),
        read => read.ok()?,
    };
    let mut prefix = root.strip_prefix(top).ok()?.as_os_str().as_bytes().to_vec();
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    parse(&bytes, &prefix)
}

/// Returns the folder that `.git` is or names.
pub(super) fn own_folder(dot_git: &Path) -> Option<PathBuf> {
    if dot_git.is_dir() {
        return Some(dot_git.to_path_buf());
    }
    let text = fs::read(dot_git).ok()?;
    let named = text.strip_prefix(b"gitdir: ")?.trim_ascii_end().to_vec();
    Some(dot_git.parent()?.join(std::ffi::OsString::from_vec(named)))
}

/// Returns the names that begin with `prefix`, without it; `None` unless all of the index is understood. Its form is that of git's
/// `index-format` page, versions 2 to 4, with SHA-1.
pub(super) fn parse(bytes: &[u8], prefix: &[u8]) -> Option<Vec<Box<[u8]>>> {
    let word = |at: usize| bytes.get(at..at + 4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
    let version = word(4).filter(|version| bytes.starts_with(b"DIRC") && (2..=4).contains(version))?;
    let (mut at, mut name, mut names) = (12, Vec::new(), Vec::new());
    for _ in 0..word(8)? {
        let start = at;
        let flags = bytes.get(start + FIXED..start + FIXED + 2).map(|flags| u16::from_be_bytes([flags[0], flags[1]]))?;
        at += FIXED + if flags & EXTENDED == 0 { 2 } else { 4 };
        let before = std::mem::take(&mut name);
        if version == 4 {
            let dropped = number(bytes, &mut at)?;
            name.extend_from_slice(before.get(..before.len().checked_sub(dropped)?)?);
        }
        let end = at + memchr::memchr(0, bytes.get(at..)?)?;
        name.extend_from_slice(&bytes[at..end]);
        // Its length is told beside it: an index of another form does not get past this.
        if name < before || name.is_empty() || usize::from(flags & 0xfff) != name.len().min(0xfff) {
            return None;
        }
        at = if version == 4 { end + 1 } else { start + ((end - start) / 8 + 1) * 8 };
        names.extend(name.strip_prefix(prefix).map(Box::from));
    }
    while at + CHECKSUM < bytes.len() {
        // One with a small letter changes what the entries mean, as that of an index in two files.
        if bytes[at].is_ascii_lowercase() {
            return None;
        }
        at += 8 + word(at + 4)? as usize;
    }
    (at + CHECKSUM == bytes.len()).then_some(names)
}

/// Reads a number of git's own form: seven bits a byte, the largest first.
fn number(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0usize;
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value = value.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        value = value.checked_add(1)?;
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn git(folder: &Path, words: &str) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(words.split_whitespace());
        for name in ELSEWHERE {
            command.env_remove(name);
        }
        let output = command.current_dir(folder).output().unwrap();
        assert!(output.status.success(), "git {words}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), "init -q");
        for name in ["a", "sub/b", "sub/deep/c", "sub.d", "sub-e/f"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        git(folder.path(), "add .");
        folder
    }

    fn names(root: &Path) -> Option<Vec<String>> {
        Some(read(&fs::canonicalize(root).unwrap())?.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    #[test]
    fn every_version_of_the_index_is_read_as_git_does() {
        let folder = repository();
        fs::write(folder.path().join("late"), "").unwrap();
        // What is only announced needs more flags, and with them version 3.
        for (version, words) in [(2, "update-index --index-version 2"), (4, "update-index --index-version 4"), (3, "add -N late")] {
            if version == 3 {
                git(folder.path(), "update-index --index-version 2");
            }
            git(folder.path(), words);
            assert_eq!(fs::read(folder.path().join(".git/index")).unwrap()[7], version);
            let late = if version == 3 { Some("late") } else { None };
            let all: Vec<&str> = ["a"].into_iter().chain(late).chain(["sub-e/f", "sub.d", "sub/b", "sub/deep/c"]).collect();
            assert_eq!(names(folder.path()).unwrap(), all);
            assert_eq!(names(&folder.path().join("sub")).unwrap(), ["b", "deep/c"]);
        }
    }

    #[test]
    fn what_is_not_understood_is_asked_of_git() {
        let folder = repository();
        git(folder.path(), "update-index --split-index");
        assert_eq!(names(folder.path()), None);
        let tracked = TrackedNames::of(folder.path());
        let holds = |text: &str| tracked.holds(&RelPath::parse(text).unwrap());
        assert_eq!(["a", "sub", "sub/deep", "sub/deep/c", "sub-e"].map(holds), [true; 5]);
        assert_eq!(["b", "su", "sub/de", "a/x", "sub/deep/c/d"].map(holds), [false; 5]);
        for cut in 0..60 {
            assert_eq!(parse(&fs::read(folder.path().join(".git/index")).unwrap()[..cut], b""), None);
        }
    }

    #[test]
    fn a_second_work_tree_has_an_index_of_its_own_and_no_repository_has_none() {
        let (folder, other) = (repository(), tempfile::tempdir().unwrap());
        assert_eq!(names(other.path()).unwrap(), [""; 0]);
        git(folder.path(), "commit -qm x");
        git(folder.path(), &format!("worktree add -q {}", other.path().join("tree").display()));
        git(&other.path().join("tree"), "rm -q a");
        assert_eq!(names(&other.path().join("tree")).unwrap().len(), 4);
        assert_eq!(names(folder.path()).unwrap().len(), 5);
    }
}
