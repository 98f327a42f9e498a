//! A repository as it stands: its folder, what its history depends on, and texts by their ids.

use std::io::{self, BufRead, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustc_hash::FxHashSet;

use super::VcsError;
use super::attributes::Asked;
use super::blobs::Blobs;
use super::git::{Git, STANDINS};
use super::parse::{bytes_of, date};
use super::program::Program;
use crate::base::{Digest, RelPath};

/// How many texts are asked for one after the other at most: more are streamed.
const FEW: usize = 64;

/// A repository.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(super) git: Git,
    pub(super) top: PathBuf,
    /// Whether `top` is a work tree.
    pub(super) has_tree: bool,
    prefix: RelPath,
    /// Git's own folder: of this work tree, and of all.
    pub(super) own: PathBuf,
    pub(super) common: PathBuf,
    head: Option<String>,
    shallow: bool,
    /// What history depends on beside commits, where it was asked for when the repository was found.
    pub(super) surroundings: Option<Surroundings>,
    /// A git that hands out single objects, once it was started.
    objects: Arc<Mutex<Option<Blobs>>>,
    /// What is known of paths from asking.
    pub(super) attributes: Arc<Mutex<Asked>>,
}

/// What commits are compared by, beside themselves.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    /// Which git it is, and settings.
    pub(super) settings: Vec<u8>,
    /// Whether it is certain which git it is.
    pub(super) certain: bool,
    /// Whether settings name a mail map.
    mailmap: bool,
    /// Commits that stand for others: names of references, and what they are.
    replaced: Vec<u8>,
}

/// Where a folder stands.
struct Place {
    own: PathBuf,
    common: PathBuf,
    prefix: Vec<u8>,
    top: Option<PathBuf>,
    head: Option<String>,
    replaced: Option<Vec<u8>>,
}

/// A commit whose parents are not here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// Its id, in bytes.
    pub id: Box<[u8]>,
    /// When it was committed, in seconds since 1970.
    pub at: i64,
}

impl Repository {
    /// Finds the repository that a folder stands in. `remembering`: what was read is kept, so that it is asked at once what that depends on.
    ///
    /// # Errors
    /// When git or the folder is not there, the folder stands in no repository, or git does not trust it.
    pub fn open(folder: &Path, remembering: bool) -> Result<Repository, VcsError> {
        if !folder.is_dir() {
            return Err(VcsError::NoFolder(folder.to_path_buf()));
        }
        let git = Git::new(folder);
        // These do not depend on each other, and starting them is what they cost.
        let (place, settings) = thread::scope(|scope| {
            let settings = remembering.then(|| scope.spawn(|| Ok::<_, VcsError>((configured(&git)?, Program::of(&git)?))));
            let place = at_once(&git, folder).map_or_else(|| one_by_one(&git, folder), Ok);
            (place, settings.and_then(|settings| settings.join().ok()?.ok()))
        });
        let place = place?;
        if place.head.is_none()
            && let Some(named) = git.line(&[b"rev-parse", b"--verify", b"--quiet", b"HEAD"])?
        {
            return Err(VcsError::NoHead(String::from_utf8_lossy(&named).into_owned()));
        }
        let surroundings =
            settings.and_then(|(configured, program)| Some(Surroundings::new(&program, &configured, place.replaced.clone()?)));
        let shallow = place.common.join("shallow").exists();
        let has_tree = place.top.is_some();
        let (top, prefix) = (place.top.unwrap_or_else(|| place.own.clone()), RelPath::parse(place.prefix).unwrap_or_default());
        let git = Git::of(&top, place.own.clone(), has_tree);
        let Place { own, common, head, .. } = place;
        let (objects, attributes) = Default::default();
        Ok(Repository { git, top, has_tree, prefix, own, common, head, shallow, surroundings, objects, attributes })
    }

    /// Returns the folder of the work tree; of a bare repository, the repository's own.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// Returns the id of the commit that is checked out, in hexadecimal digits; `None` before the first.
    pub fn head(&self) -> Option<&str> {
        self.head.as_deref()
    }

    /// Returns the commits behind the newest at which the history is cut off, since older ones were left out when it was cloned.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn cuts(&self) -> Result<Vec<Cut>, VcsError> {
        if !self.shallow || self.head.is_none() {
            return Ok(Vec::new());
        }
        let listed = std::fs::read_to_string(self.common.join("shallow"))?;
        let listed: FxHashSet<&str> = listed.lines().collect();
        // Git knows no parents of theirs.
        let roots = self.git.told(&[b"rev-list", b"--max-parents=0", b"--timestamp", b"HEAD", b"--"])?;
        let mut cuts = Vec::new();
        for line in roots.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
            let Some((at, id)) = line.split_once(' ').filter(|(_, id)| listed.contains(id)) else { continue };
            // The first commit of all is listed, too, where a clone is just as deep as that.
            let commit = self.object(id, u64::MAX)?.unwrap_or_default();
            if commit.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty()).any(|line| line.starts_with(b"parent ")) {
                cuts.extend(bytes_of(id.as_bytes()).map(|id| Cut { id, at: date(at.as_bytes()) }));
            }
        }
        Ok(cuts)
    }

    /// Whether a mail map stands in the work tree.
    pub fn mailmap(&self) -> bool {
        self.top.join(".mailmap").is_file()
    }

    /// Returns a path that was typed in the folder the repository was opened from as one from the repository's folder.
    ///
    /// # Errors
    /// When it leads out.
    pub fn scope(&self, typed: &Path) -> Result<RelPath, VcsError> {
        let outside = || VcsError::Outside(typed.display().to_string(), self.top.clone());
        let bytes = typed.as_os_str().as_bytes();
        if !typed.is_absolute() {
            return RelPath::parse_in(&self.prefix, bytes).map_err(|_| outside());
        }
        let real = typed.canonicalize().unwrap_or_else(|_| typed.to_path_buf());
        let below = real.strip_prefix(&self.top).or_else(|_| typed.strip_prefix(&self.top)).map_err(|_| outside())?;
        RelPath::parse(below.as_os_str().as_bytes()).map_err(|_| outside())
    }

    /// Whether any commit ever touched a path, under the name it had then.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn knows(&self, path: &RelPath) -> Result<bool, VcsError> {
        if self.head.is_none() {
            return Ok(false);
        }
        let path = path.as_path().as_os_str().as_bytes();
        let answer = self.git.ask(&[b"log", b"-1", b"--full-history", b"--no-show-signature", b"--format=%H", b"HEAD", b"--", path])?;
        if answer.good { Ok(!answer.out.is_empty()) } else { Err(VcsError::refused(answer.err)) }
    }

    /// Returns the bytes of one object as they are stored; `None` if it is not there, or has more than `limit` bytes.
    pub(super) fn object(&self, id: &str, limit: u64) -> Result<Option<Vec<u8>>, VcsError> {
        self.of_objects(|objects| objects.within(id, limit))
    }

    /// Returns how many bytes an object has; `None` if it is not there.
    pub(super) fn size(&self, id: &str) -> Result<Option<u64>, VcsError> {
        self.of_objects(|objects| objects.size(id))
    }

    fn of_objects<T>(&self, ask: impl FnOnce(&mut Blobs) -> io::Result<Option<T>>) -> Result<Option<T>, VcsError> {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        if objects.is_none() {
            *objects = Some(Blobs::start(&self.git)?);
        }
        let found = objects.as_mut().map(ask).transpose();
        if found.is_err() {
            *objects = None;
        }
        Ok(found?.flatten())
    }

    /// Reads texts by the ids of their blobs, in that order; one that is not there or has more than `limit` bytes is none.
    ///
    /// # Errors
    /// When git cannot read them.
    pub fn texts(&self, blobs: &[&str], limit: u64, mut each: impl FnMut(usize, Option<&[u8]>)) -> Result<(), VcsError> {
        if blobs.is_empty() {
            return Ok(());
        }
        if blobs.len() <= FEW {
            let found: Result<Vec<Option<Vec<u8>>>, VcsError> = blobs.iter().map(|blob| self.object(blob, limit)).collect();
            // A stream tells why git has ended.
            if let Ok(found) = found {
                found.iter().enumerate().for_each(|(index, text)| each(index, text.as_deref()));
                return Ok(());
            }
        }
        let input = blobs.iter().map(|blob| format!("{blob}\n")).collect::<String>().into_bytes();
        let mut stream = self.git.stream(&[b"cat-file", b"--batch", b"--buffer"], Some(input))?;
        let (mut line, mut text) = (Vec::new(), Vec::new());
        for index in 0..blobs.len() {
            line.clear();
            if stream.out.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let words = String::from_utf8_lossy(&line).into_owned();
            let Some(size) = words.split_ascii_whitespace().nth(2).and_then(|size| size.parse::<u64>().ok()) else {
                each(index, None);
                continue;
            };
            let mut rest = stream.out.by_ref().take(size + 1);
            if size > limit {
                std::io::copy(&mut rest, &mut std::io::sink())?;
                each(index, None);
                continue;
            }
            text.clear();
            rest.read_to_end(&mut text)?;
            text.pop();
            each(index, Some(&text));
        }
        stream.end()
    }

    /// Returns a digest of what objects are read as beside themselves; nothing where none stands for another.
    ///
    /// # Errors
    /// When git cannot say.
    pub fn replacements(&self) -> Result<Option<[u8; 32]>, VcsError> {
        let none = match &self.surroundings {
            Some(surroundings) => surroundings.replaced.is_empty(),
            None => replaced(&self.git)?.is_empty(),
        };
        if none { Ok(None) } else { self.stamp(false).map(|(stamp, _)| Some(stamp)) }
    }

    /// Returns a digest of all that a commit's changes depend on beside the commit: git itself, its settings, grafts and boundaries; and
    /// one of what the names of authors depend on, where that is the mail map of the work tree alone.
    pub(super) fn stamp(&self, renames: bool) -> Result<([u8; 32], Option<[u8; 32]>), VcsError> {
        let asked;
        let surroundings = match &self.surroundings {
            Some(surroundings) => surroundings,
            None => {
                asked = Surroundings::new(&Program::of(&self.git)?, &configured(&self.git)?, replaced(&self.git)?);
                &asked
            }
        };
        let mut all = format!("{renames}\n").into_bytes();
        let elsewhere = surroundings.mailmap || !self.top.join(".git").exists();
        for part in [&surroundings.settings, &surroundings.replaced] {
            all.extend(part);
            all.push(0);
        }
        for name in STANDINS {
            all.extend(std::env::var_os(name).map(|value| value.into_encoded_bytes()).unwrap_or_default());
            all.push(0);
        }
        let elsewhere_or = |name: &str, file: &str| std::env::var_os(name).map_or_else(|| self.common.join(file), |led| self.top.join(led));
        let (shallow, grafts) = (elsewhere_or("GIT_SHALLOW_FILE", "shallow"), elsewhere_or("GIT_GRAFT_FILE", "info/grafts"));
        for file in [shallow, grafts, self.top.join(".gitmodules")] {
            all.extend(std::fs::read(file).unwrap_or_default());
            all.push(0);
        }
        let people = std::fs::read(self.top.join(".mailmap")).unwrap_or_default();
        Ok((Digest::of(&all).hash, (!elsewhere).then(|| Digest::of(&people).hash)))
    }
}

impl Surroundings {
    fn new(program: &Program, configured: &[u8], replaced: Vec<u8>) -> Surroundings {
        let mailmap = configured.split(|byte| *byte == 0).any(|setting| setting.starts_with(b"mailmap."));
        Surroundings { settings: [&program.identity, &b"\0"[..], configured].concat(), certain: program.certain, mailmap, replaced }
    }
}

/// Returns the settings that have a say in what changes are.
fn configured(git: &Git) -> Result<Vec<u8>, VcsError> {
    let names: &[u8] = b"^(attr|diff|submodule|core[.](attributesfile|bigfilethreshold|ignorecase|usereplacerefs)|extensions|mailmap)";
    Ok(git.ask(&[b"config", b"-z", b"--get-regexp", names])?.out)
}

/// Returns below what the references stand that replace objects.
fn replacing() -> Vec<u8> {
    std::env::var_os("GIT_REPLACE_REF_BASE").map_or_else(|| b"refs/replace/".to_vec(), |base| base.into_encoded_bytes())
}

/// Returns what stands for other objects, in the form of [`at_once`].
fn replaced(git: &Git) -> Result<Vec<u8>, VcsError> {
    let base = replacing();
    let of = |format: &[u8]| git.ask(&[b"for-each-ref", format, &base]).map(|answer| answer.out);
    Ok([of(b"--format=%(objectname)")?, of(b"--format=%(refname)")?].concat())
}

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// Asks all questions about a place in one call; `None` where that has no plain answer, as outside a repository and without a work tree.
fn at_once(git: &Git, folder: &Path) -> Option<Place> {
    let base = replacing();
    let replacements = [&b"--glob="[..], &base].concat();
    let questions: [&[u8]; 9] = [
        b"rev-parse",
        b"--absolute-git-dir",
        b"--git-common-dir",
        b"--show-prefix",
        &replacements,
        b"--show-toplevel",
        b"HEAD^{commit}",
        b"--symbolic-full-name",
        &replacements,
    ];
    let answer = git.ask(&questions).ok()?;
    let mut lines = answer.out.strip_suffix(b"\n")?.split(|byte| *byte == b'\n');
    let (own, common, prefix) = (path(lines.next()?), folder.join(path(lines.next()?)), lines.next()?.to_vec());
    let is_id = |line: &&[u8]| line.len() >= 40 && line.iter().all(u8::is_ascii_hexdigit);
    let mut replaced = Vec::new();
    let mut lines = lines.peekable();
    let mut count = 0;
    while let Some(id) = lines.next_if(is_id) {
        replaced.extend_from_slice(id);
        replaced.push(b'\n');
        count += 1;
    }
    let top = path(lines.next()?);
    let head = lines.next()?;
    // Before the first commit it comes back as it was asked for, and git ends there.
    let head = if is_id(&head) { Some(String::from_utf8_lossy(head).into_owned()) } else { None };
    for name in lines.by_ref().take(if head.is_some() { count } else { 0 }) {
        replaced.extend_from_slice(name.strip_prefix(&base[..]).map(|_| name)?);
        replaced.push(b'\n');
    }
    // A folder whose name has two lines has shifted all answers.
    let plain = lines.next().is_none() && answer.good == head.is_some() && own.is_dir() && common.is_dir() && top.is_dir();
    let replaced = head.is_some().then_some(replaced);
    plain.then_some(Place { own, common, prefix, top: Some(top), head, replaced })
}

/// Asks one question about a place after the other.
fn one_by_one(git: &Git, folder: &Path) -> Result<Place, VcsError> {
    let answer = git.ask(&[b"rev-parse", b"--absolute-git-dir"])?;
    if !answer.good {
        let none = answer.err.contains("not a git repository");
        return Err(if none { VcsError::NoRepository(folder.to_path_buf()) } else { VcsError::refused(answer.err) });
    }
    let own = path(answer.out.strip_suffix(b"\n").unwrap_or(&answer.out));
    let top = git.line(&[b"rev-parse", b"--show-toplevel"])?.filter(|top| !top.is_empty()).map(|top| path(&top));
    let prefix = git.line(&[b"rev-parse", b"--show-prefix"])?.unwrap_or_default();
    let common = git.line(&[b"rev-parse", b"--git-common-dir"])?.map_or(own.clone(), |common| folder.join(path(&common)));
    let head = git.line(&[b"rev-parse", b"--verify", b"--quiet", b"HEAD^{commit}"])?;
    let head = head.map(|id| String::from_utf8_lossy(&id).into_owned());
    Ok(Place { own, common, prefix, top, head, replaced: None })
}
