//! The texts that a file has had.

use std::io::{self, BufRead};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::VcsError;
use super::blobs::Blobs;
use super::git::Git;
use super::past::{SHALLOW, commit, meant};
use crate::base::RelPath;

/// Returns the texts that a file below `root` had in the commits of a range, without those that came twice in a row. Without `since` that is
/// the newest commit alone; with it, the commit or commits at which `HEAD` left the revision `since`, and each after them in which the file
/// is another than before. A file that was renamed since then is found under its former name. Before the first commit there are none.
///
/// # Errors
/// When there is no repository or no such revision, when it has no commit in common with `HEAD`, or when a shallow clone holds only a part
/// of the range.
pub fn earlier(root: &Path, path: &RelPath, since: Option<&str>) -> Result<Vec<Vec<u8>>, VcsError> {
    let git = Git::around(root);
    let (mut names, shallow) = place(&git, root, path)?;
    let hint = |name: &str| if shallow.is_some() { String::from(SHALLOW) } else { meant(&git, name) };
    let missing = |name: &str| VcsError::NoRevision { name: name.to_owned(), hint: hint(name) };
    let head = commit(&git, "HEAD");
    let mut commits = Vec::new();
    if let Some(since) = since {
        let then = commit(&git, since).ok_or_else(|| missing(since))?;
        let head = head.ok_or_else(|| missing("HEAD"))?;
        let bases = git.ask(&[b"merge-base", b"--all", then.as_bytes(), head.as_bytes()])?;
        commits.extend(lines(&bases.out));
        if commits.is_empty() {
            let hint = if shallow.is_some() { SHALLOW } else { "" };
            return Err(VcsError::Apart { name: since.to_owned(), hint });
        }
        let range = format!("{then}..{head}");
        if let Some(cut) = shallow {
            let cut: Vec<String> = lines(&std::fs::read(cut)?).collect();
            if lines(&git.told(&[b"rev-list", range.as_bytes(), b"--"])?).any(|commit| cut.contains(&commit)) {
                return Err(VcsError::CutOff { name: since.to_owned(), hint: SHALLOW });
            }
        }
        for base in commits.clone() {
            names.extend(former(&git, &base, &head, &names[0])?);
        }
        let mut words: Vec<&[u8]> = vec![b"rev-list", b"--full-history", b"--topo-order", b"--reverse", range.as_bytes(), b"--"];
        words.extend(names.iter().map(Vec::as_slice));
        commits.extend(lines(&git.told(&words)?));
        commits.push(head);
    } else {
        commits.extend(head);
    }
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut blobs = Blobs::start(&git)?;
    for commit in &commits {
        for name in &names {
            match blobs.named(&[commit.as_bytes(), b":", name].concat()) {
                Ok(text) if texts.last() != Some(&text) => texts.push(text),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
    }
    Ok(texts)
}

/// Returns the name that a file has from the folder of its repository, and, in a shallow clone, the file that lists where it is cut off.
fn place(git: &Git, root: &Path, path: &RelPath) -> Result<(Vec<Vec<u8>>, Option<PathBuf>), VcsError> {
    let questions: [&[u8]; 4] = [b"--absolute-git-dir", b"--git-common-dir", b"--is-inside-work-tree", b"--show-prefix"];
    let said = git.told(&[&[&b"rev-parse"[..]], &questions[..]].concat())?;
    let said: Vec<&[u8]> = said.split(|byte| *byte == b'\n').collect();
    let [own, common, inside, prefix, ..] = said[..] else { return Err(VcsError::Strange(String::from("too few answers"))) };
    let folder = |bytes: &[u8]| root.join(std::ffi::OsStr::from_bytes(bytes));
    let prefix = match inside {
        b"true" => RelPath::from_normal(prefix.strip_suffix(b"/").unwrap_or(prefix)),
        // A copy of an index, which stands among git's own files.
        _ => {
            let copy = super::Mirror::below(&folder(own)).tree();
            let below = root.canonicalize()?.strip_prefix(copy.canonicalize()?).map(Path::to_path_buf);
            let below = below.map_err(|_| VcsError::NoRepository(root.to_path_buf()))?;
            RelPath::parse(below.as_os_str().as_bytes()).unwrap_or_default()
        }
    };
    let shallow = Some(folder(common).join("shallow")).filter(|list| list.exists());
    Ok((vec![prefix.join(path.as_bytes()).as_bytes().to_vec()], shallow))
}

/// Returns the name that a file had in an older commit, if it was renamed between the two.
fn former(git: &Git, older: &str, newer: &str, name: &[u8]) -> Result<Option<Vec<u8>>, VcsError> {
    let there = git.told(&[b"ls-tree", b"-z", b"--name-only", b"--full-tree", older.as_bytes(), b"--", name])?;
    if !there.is_empty() {
        return Ok(None);
    }
    let moved = [&b"diff-tree"[..], b"-r", b"-z", b"-M", b"--diff-filter=R", b"--name-status", older.as_bytes(), newer.as_bytes()];
    let moved = git.told(&moved)?;
    let words: Vec<&[u8]> = moved.split(|byte| *byte == 0).collect();
    Ok(words.chunks_exact(3).find(|row| row[2] == name).map(|row| row[1].to_vec()))
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.lines().map_while(Result::ok).filter(|line| !line.is_empty())
}
