//! The texts that a file has had, whatever it was called.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::VcsError;
use super::blobs::Blobs;
use super::git::Git;
use super::past::{SHALLOW, commit, meant};
use crate::base::RelPath;

/// What a file was before.
#[derive(Default, Debug)]
pub struct Earlier {
    /// The texts that it had, without those that came twice in a row.
    pub texts: Vec<Vec<u8>>,
    /// Where a commit at which it was to be found has it under no name that is known: the names and texts of what is there, has the same ending, and is gone
    /// since. It may have been one of these.
    pub lost: Vec<(String, Vec<u8>)>,
}

/// A file in its repository.
struct Place {
    /// Its name from the folder of the repository, and that folder.
    name: Vec<u8>,
    top: PathBuf,
    /// In a shallow clone, the file that lists where it is cut off.
    shallow: Option<PathBuf>,
}

/// Returns what a file below `root` was in the commits of a range. Without `since` that is the newest commit alone; with it, the commit or commits at
/// which `HEAD` left the revision `since`, and each after them in which the file is another than before. A file that was renamed since then, in a commit
/// or in the work tree, is found under its former names. Before the first commit there is nothing.
///
/// # Errors
/// When there is no repository or no such revision, when it has no commit in common with `HEAD`, or when a shallow clone holds only a part
/// of the range.
pub fn earlier(root: &Path, path: &RelPath, since: Option<&str>) -> Result<Earlier, VcsError> {
    let around = Git::around(root);
    let Place { name, top, shallow } = place(&around, root, path)?;
    let hint = |name: &str| if shallow.is_some() { String::from(SHALLOW) } else { meant(&around, name) };
    let missing = |name: &str| VcsError::NoRevision { name: name.to_owned(), hint: hint(name) };
    let head = match (commit(&around, "HEAD"), since) {
        (Some(head), _) => head,
        (None, Some(_)) => return Err(missing("HEAD")),
        (None, None) => return Ok(Earlier::default()),
    };
    let (mut bases, mut range) = (vec![head.clone()], None);
    if let Some(since) = since {
        let then = commit(&around, since).ok_or_else(|| missing(since))?;
        bases = lines(&around.ask(&[b"merge-base", b"--all", then.as_bytes(), head.as_bytes()])?.out).collect();
        if bases.is_empty() {
            let hint = if shallow.is_some() { SHALLOW } else { "" };
            return Err(VcsError::Apart { name: since.to_owned(), hint });
        }
        let between = format!("{then}..{head}");
        if let Some(cut) = shallow {
            let cut: Vec<String> = lines(&fs::read(cut)?).collect();
            if lines(&around.told(&[b"rev-list", between.as_bytes(), b"--"])?).any(|commit| cut.contains(&commit)) {
                return Err(VcsError::CutOff { name: since.to_owned(), hint: SHALLOW });
            }
        }
        range = Some(between);
    }
    // Names are meant from the folder that git stands in.
    let git = if top.join(".git").exists() { Git::around(&top) } else { around };
    let mut blobs = Blobs::start(&git)?;
    let mut names = vec![name.clone()];
    if text(&mut blobs, &head, &name)?.is_none() {
        names.extend(moved_here(&git, &mut blobs, &head, &name, &top)?);
    }
    if let Some(range) = &range {
        former(&git, range, &mut names)?;
    }
    let mut earlier = Earlier::default();
    for base in &bases {
        let mut known = false;
        for name in &names {
            known |= text(&mut blobs, base, name)?.is_some();
        }
        if !known {
            earlier.lost.extend(gone(&git, &mut blobs, base, &name, &top)?);
        }
    }
    let mut commits = bases;
    if let Some(range) = &range {
        let words = [&b"rev-list"[..], b"--full-history", b"--topo-order", b"--reverse", range.as_bytes(), b"--"];
        let words: Vec<&[u8]> = words.into_iter().chain(names.iter().map(Vec::as_slice)).collect();
        commits.extend(lines(&git.told(&words)?));
        commits.push(head);
    }
    for commit in &commits {
        for name in &names {
            if let Some(text) = text(&mut blobs, commit, name)?.filter(|text| earlier.texts.last() != Some(text)) {
                earlier.texts.push(text);
            }
        }
    }
    Ok(earlier)
}

fn text(blobs: &mut Blobs, commit: &str, name: &[u8]) -> Result<Option<Vec<u8>>, VcsError> {
    match blobs.named(&[commit.as_bytes(), b":", name].concat()) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn place(git: &Git, root: &Path, path: &RelPath) -> Result<Place, VcsError> {
    let questions: [&[u8]; 4] = [b"--absolute-git-dir", b"--git-common-dir", b"--is-inside-work-tree", b"--show-prefix"];
    let said = git.told(&[&[&b"rev-parse"[..]], &questions[..]].concat())?;
    let said: Vec<&[u8]> = said.split(|byte| *byte == b'\n').collect();
    let [own, common, inside, prefix, ..] = said[..] else { return Err(VcsError::Strange(String::from("too few answers"))) };
    let folder = |bytes: &[u8]| root.join(OsStr::from_bytes(bytes));
    let (prefix, top) = match inside {
        b"true" => {
            let prefix = RelPath::from_normal(prefix.strip_suffix(b"/").unwrap_or(prefix));
            let up = prefix.parts().filter(|part| !part.is_empty()).map(|_| "..").collect::<PathBuf>();
            (prefix, root.join(up))
        }
        // A copy of an index, which stands among git's own files.
        _ => {
            let copy = super::Mirror::below(&folder(own)).tree();
            let below = root.canonicalize()?.strip_prefix(copy.canonicalize()?).map(Path::to_path_buf);
            let below = below.map_err(|_| VcsError::NoRepository(root.to_path_buf()))?;
            (RelPath::parse(below.as_os_str().as_bytes()).unwrap_or_default(), copy)
        }
    };
    let shallow = Some(folder(common).join("shallow")).filter(|list| list.exists());
    Ok(Place { name: prefix.join(path.as_bytes()).as_bytes().to_vec(), top, shallow })
}

/// Adds the names from which, in any commit of a range, something was renamed to one of `names`.
fn former(git: &Git, range: &str, names: &mut Vec<Vec<u8>>) -> Result<(), VcsError> {
    let mut at = 0;
    while let Some(name) = names.get(at).cloned() {
        let words =
            [&b"log"[..], b"--format=", b"--full-history", b"--full-diff", b"-m", b"-M", b"--diff-filter=R", b"--name-status", b"-z"];
        let renamed = git.told(&[&words[..], &[range.as_bytes(), b"--", &name]].concat())?;
        for (from, to) in renames(&renamed) {
            if to == name && !names.iter().any(|known| known == from) {
                names.push(from.to_vec());
            }
        }
        at += 1;
    }
    Ok(())
}

/// Returns the pairs of names that git tells as `R100`, old and new.
fn renames(told: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut words = told.split(|byte| *byte == 0).map(|word| word.strip_prefix(b"\n").unwrap_or(word)).filter(|word| !word.is_empty());
    std::iter::from_fn(move || {
        words.next()?;
        Some((words.next()?, words.next()?))
    })
}

/// Returns the name in the newest commit of a file that was renamed since, in the index or in the work tree alone.
fn moved_here(git: &Git, blobs: &mut Blobs, head: &str, name: &[u8], top: &Path) -> Result<Option<Vec<u8>>, VcsError> {
    let gone = gone(git, blobs, head, name, top)?;
    let Ok(now) = fs::read(top.join(OsStr::from_bytes(name))) else { return Ok(None) };
    if gone.is_empty() {
        return Ok(None);
    }
    // Git tells what was renamed of what it tracks only, and between any two folders.
    let scene = tempfile::tempdir()?;
    let (before, after) = (scene.path().join("a"), scene.path().join("b"));
    fs::create_dir(&before)?;
    fs::create_dir(&after)?;
    for (at, (_, text)) in gone.iter().enumerate() {
        fs::write(before.join(at.to_string()), text)?;
    }
    fs::write(after.join("now"), now)?;
    let words = [&b"diff"[..], b"--no-index", b"-M", b"--diff-filter=R", b"--name-status", b"-z", b"--"];
    let told = git.ask(&[&words[..], &[before.as_os_str().as_bytes(), after.as_os_str().as_bytes()]].concat())?.out;
    let from = renames(&told).next().and_then(|(from, _)| Path::new(OsStr::from_bytes(from)).file_name()?.to_str()?.parse::<usize>().ok());
    Ok(from.and_then(|at| gone.get(at)).map(|(name, _)| name.clone().into_bytes()))
}

/// Returns the names and texts of what a commit has, ends as `name` does, and is not there any more.
fn gone(git: &Git, blobs: &mut Blobs, commit: &str, name: &[u8], top: &Path) -> Result<Vec<(String, Vec<u8>)>, VcsError> {
    let ending = |name: &[u8]| Path::new(OsStr::from_bytes(name)).extension().map(OsStr::to_owned);
    let there = git.told(&[b"ls-tree", b"-r", b"-z", b"--name-only", b"--full-tree", commit.as_bytes()])?;
    let mut gone = Vec::new();
    for one in there.split(|byte| *byte == 0).filter(|one| !one.is_empty() && ending(one) == ending(name)) {
        // Of two lines git cannot be asked.
        if one.contains(&b'\n') || fs::symlink_metadata(top.join(OsStr::from_bytes(one))).is_ok() {
            continue;
        }
        if let Some(text) = text(blobs, commit, one)? {
            gone.push((String::from_utf8_lossy(one).into_owned(), text));
        }
    }
    Ok(gone)
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.lines().map_while(Result::ok).filter(|line| !line.is_empty())
}
