//! What `.gitattributes` say of paths. Git is asked; its answers are kept with what they rest on, and hold as long as that does.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::git::Git;
use super::names;
use super::{Repository, VcsError};
use crate::base::Digest;

/// The file of a folder.
const NAME: &str = ".gitattributes";

/// What leads git to other files than those that are looked at here.
const LEADS: [&str; 2] = ["GIT_ATTR_SOURCE", "GIT_INDEX_FILE"];

/// What `.gitattributes` say of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Attributes {
    /// `linguist-generated`.
    pub generated: bool,
    /// A digest of what `diff` is set to, 0 where it is not.
    pub(super) diff: u64,
}

/// Files that may speak of attributes: where they stand, and a digest of what those say that are there.
type Speakers = BTreeMap<PathBuf, Option<[u8; 32]>>;

/// What was asked.
#[derive(Debug, Default)]
pub(super) struct Asked {
    known: FxHashMap<Box<[u8]>, Attributes>,
    /// Where git has the attributes of the machine; empty where it does not say.
    machine: Option<PathBuf>,
    /// What all that is known rests on; `None` where that cannot be told.
    speakers: Option<Speakers>,
}

/// Answers that are kept.
#[derive(Serialize, Deserialize, Default)]
pub(super) struct Answers {
    /// [`Asked::machine`], in bytes.
    machine: Option<Vec<u8>>,
    /// A digest of [`Asked::speakers`].
    ground: Option<[u8; 32]>,
    /// Paths that have attributes, by their numbers.
    set: Vec<(u32, Attributes)>,
}

impl Answers {
    /// Whether paths are compared in the same way by these.
    pub(super) fn compare_as(&self, other: &Answers) -> bool {
        let compared = |answers: &Answers| -> Vec<(u32, u64)> {
            answers.set.iter().filter(|(_, said)| said.diff != 0).map(|(path, said)| (*path, said.diff)).collect()
        };
        compared(self) == compared(other)
    }
}

impl Repository {
    /// Returns what `.gitattributes` say of paths, in their order. Each path is asked for once.
    ///
    /// # Errors
    /// When git cannot say.
    pub fn attributes<'a>(&self, paths: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Attributes>, VcsError> {
        let paths: Vec<&[u8]> = paths.collect();
        let mut asked = self.asked();
        let new: Vec<&[u8]> = paths.iter().copied().filter(|path| !asked.known.contains_key(*path)).collect();
        if !new.is_empty() {
            // What they rest on is read first: what is changed meanwhile is then found out the next time.
            let speakers = self.speakers(&mut asked.machine, &new);
            let said = match &speakers {
                Some(speakers) if speakers.values().all(Option::is_none) => vec![Attributes::default(); new.len()],
                _ => self.ask_attributes(&new)?,
            };
            let first = asked.known.is_empty();
            asked.speakers = match (asked.speakers.take(), speakers) {
                (None, speakers) if first => speakers,
                (Some(before), Some(mut speakers))
                    if before.iter().all(|(file, said)| speakers.get(file).is_none_or(|new| new == said)) =>
                {
                    speakers.extend(before);
                    Some(speakers)
                }
                _ => None,
            };
            asked.known.extend(new.into_iter().map(Box::from).zip(said));
        }
        Ok(paths.into_iter().map(|path| asked.known.get(path).copied().unwrap_or_default()).collect())
    }

    /// Takes answers that were kept for those of git, if they rest on what is there now. `paths` are all that they are about.
    pub(super) fn recall(&self, answers: &Answers, paths: &[Vec<u8>]) {
        let (mut asked, paths) = (self.asked(), paths.iter().map(|path| &path[..]).collect::<Vec<_>>());
        asked.machine = answers.machine.as_deref().map(path);
        if answers.ground.is_none() || asked.machine.is_none() {
            return;
        }
        let Some(speakers) = self.speakers(&mut asked.machine, &paths).filter(|now| ground(now) == answers.ground) else { return };
        let set: FxHashMap<u32, Attributes> = answers.set.iter().copied().collect();
        asked.known = (0..).zip(&paths).map(|(number, path)| (Box::from(*path), set.get(&number).copied().unwrap_or_default())).collect();
        asked.speakers = Some(speakers);
    }

    /// Returns what is said of paths, to be kept.
    ///
    /// # Errors
    /// When git cannot say.
    pub(super) fn answers<'a>(&self, paths: impl Iterator<Item = &'a [u8]>) -> Result<Answers, VcsError> {
        let said = self.attributes(paths)?;
        let asked = self.asked();
        let set = (0..).zip(said).filter(|(_, said)| *said != Attributes::default()).collect();
        let machine = asked.machine.as_ref().map(|file| file.as_os_str().as_bytes().to_vec());
        Ok(Answers { machine, ground: asked.speakers.as_ref().and_then(ground), set })
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.attributes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns all files that have a say in the attributes of paths; `None` where git looks elsewhere, or that cannot be told.
    fn speakers(&self, machine: &mut Option<PathBuf>, paths: &[&[u8]]) -> Option<Speakers> {
        let surroundings = self.surroundings.as_ref().filter(|surroundings| surroundings.certain && self.has_tree)?;
        let mut settings = surroundings.settings.split(|byte| *byte == 0);
        let leads = settings.any(|setting| setting.starts_with(b"core.attributesfile") || setting.starts_with(b"attr."));
        if leads || LEADS.iter().any(|name| std::env::var_os(name).is_some()) || !self.tracked_are_there()? {
            return None;
        }
        let mut found = Speakers::new();
        for folder in folders(paths) {
            let file = self.top.join(OsStr::from_bytes(folder)).join(NAME);
            match file.symlink_metadata() {
                Ok(there) if there.is_file() => drop(found.insert(file.clone(), said(&file)?)),
                // Git does not follow a link.
                Ok(_) => return None,
                Err(error) if is_absent(&error) => drop(found.insert(file, None)),
                Err(_) => return None,
            }
        }
        if machine.is_none() {
            let named = self.git.line(&[b"var", b"GIT_ATTR_SYSTEM"]).ok()?;
            *machine = Some(named.as_deref().map(path).unwrap_or_default());
        }
        let machine = machine.clone().filter(|file| !file.as_os_str().is_empty())?;
        let own = [user(|name| std::env::var_os(name)), Some(machine)];
        let own = own.into_iter().flatten().map(|file| self.top.join(file));
        for file in own.chain([&self.own, &self.common].map(|folder| folder.join("info/attributes"))) {
            let said = said(&file)?;
            found.insert(file, said);
        }
        Some(found)
    }

    /// Whether each file of attributes that the index tracks is in the work tree: git takes one from there that is not.
    fn tracked_are_there(&self) -> Option<bool> {
        let bytes = match fs::read(self.own.join("index")) {
            Err(error) if is_absent(&error) => return Some(true),
            read => read.ok()?,
        };
        let names = names::parse(&bytes, b"")?;
        let mut tracked = names.iter().filter(|name| name.rsplit(|byte| *byte == b'/').next() == Some(NAME.as_bytes()));
        Some(tracked.all(|name| self.top.join(OsStr::from_bytes(name)).is_file()))
    }

    fn ask_attributes(&self, paths: &[&[u8]]) -> Result<Vec<Attributes>, VcsError> {
        let mut said = said_by(&self.git, paths)?;
        if self.tracked_are_there() != Some(true) || LEADS.iter().any(|name| std::env::var_os(name).is_some()) {
            // Where git compares, it reads no index: what is missing in the work tree says nothing of that.
            let seen = said_by(&self.git.clone().with_index(self.own.join("none")), paths)?;
            said.iter_mut().zip(seen).for_each(|(said, seen)| said.diff = seen.diff);
        }
        Ok(said)
    }
}

/// Asks git what it has of paths.
fn said_by(git: &Git, paths: &[&[u8]]) -> Result<Vec<Attributes>, VcsError> {
    let input = paths.iter().flat_map(|path| [path, &b"\0"[..]]).collect::<Vec<_>>().concat();
    let mut found = Vec::with_capacity(paths.len());
    let mut stream = git.stream(&[b"check-attr", b"--stdin", b"-z", b"linguist-generated", b"diff"], Some(input))?;
    let mut piece = Vec::new();
    for _ in 0..paths.len() {
        let mut attributes = Attributes::default();
        for which in 0..2 {
            for _ in 0..3 {
                piece.clear();
                if stream.out.read_until(0, &mut piece)? == 0 {
                    return Err(stream.end().err().unwrap_or_else(|| VcsError::Strange(String::from("attributes are missing"))));
                }
            }
            match (which, &piece[..piece.len() - 1]) {
                (0, value) => attributes.generated = matches!(value, b"set" | b"true"),
                (_, b"unspecified") => {}
                (_, value) => attributes.diff = u64::from_le_bytes(Digest::of(value).hash[..8].try_into().unwrap_or([1; 8])) | 1,
            }
        }
        found.push(attributes);
    }
    stream.end()?;
    Ok(found)
}

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// Returns the folders above paths, each once; the repository's own is the empty one.
fn folders<'a>(paths: &[&'a [u8]]) -> FxHashSet<&'a [u8]> {
    let mut found: FxHashSet<&[u8]> = FxHashSet::default();
    found.insert(b"");
    for path in paths {
        let mut rest = *path;
        while let Some(slash) = memchr::memrchr(b'/', rest) {
            rest = &rest[..slash];
            if !found.insert(rest) {
                break;
            }
        }
    }
    found
}

/// Returns where git has a user's own attributes.
fn user(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let folder = set("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(Path::new(&variable("HOME")?).join(".config")))?;
    Some(folder.join("git/attributes"))
}

/// Returns a digest of a file's text, nothing where there is none; `None` if it cannot be read.
fn said(file: &Path) -> Option<Option<[u8; 32]>> {
    match fs::read(file) {
        Ok(text) => Some(Some(Digest::of(&text).hash)),
        Err(error) if is_absent(&error) => Some(None),
        Err(_) => None,
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Returns a digest of the files that are there and what they say, and of whether those of the machine count.
fn ground(speakers: &Speakers) -> Option<[u8; 32]> {
    let counts = std::env::var_os("GIT_ATTR_NOSYSTEM").map(OsString::into_encoded_bytes);
    let there: Vec<(&[u8], [u8; 32])> = speakers.iter().filter_map(|(file, said)| Some((file.as_os_str().as_bytes(), (*said)?))).collect();
    Some(Digest::of(&postcard::to_stdvec(&(counts, there)).ok()?).hash)
}
