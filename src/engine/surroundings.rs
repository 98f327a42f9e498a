//! What orket was started with, and what that says about the store.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::OpenError;
use super::find::find;
use crate::base::quantity;
use crate::decisions::{OWN_STORE, Registry, Starting};

/// How much the store may hold unless `ORKET_CACHE_LIMIT` or `cache gc` say otherwise, in bytes.
const STORE_LIMIT: u64 = 20 << 30;

/// What orket was started with.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// Where.
    pub folder: PathBuf,
    /// `-f`.
    pub manifest: Option<PathBuf>,
    /// All variables.
    pub variables: Vec<(OsString, OsString)>,
    /// `--strategy SEAM=NAME`, each as it was typed.
    pub strategies: Vec<String>,
    /// Strategies that an embedder brings.
    pub registry: Registry,
}

/// Who keeps watch for builds, so that they need not look at every file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Watching {
    /// Nobody: `ORKET_WATCHER` is `off`.
    Never,
    /// Only who does nothing else, `orket watch --no-build`: there are changes that a watcher is told of late, so it has to be asked for.
    Kept,
    /// `orket watch`, too: `ORKET_WATCHER` is `on`.
    Always,
}

impl Surroundings {
    fn variable(&self, name: &str) -> Option<&OsString> {
        self.variables.iter().find(|(key, _)| key == name).map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// Returns a variable as text; a blank one counts as not set.
    pub fn text(&self, name: &str) -> Option<String> {
        self.variable(name).map(|value| value.to_string_lossy().trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// Returns what `ORKET_WATCHER` says.
    pub(super) fn watching(&self) -> Result<Watching, OpenError> {
        match self.text("ORKET_WATCHER").as_deref() {
            None => Ok(Watching::Kept),
            Some("on") => Ok(Watching::Always),
            Some("off") => Ok(Watching::Never),
            Some(other) => Err(OpenError::Undecided(format!("ORKET_WATCHER is `{other}`; it has to be `on` or `off`"))),
        }
    }

    /// Returns where the user's store is, whatever a project says: `ORKET_CACHE_DIR`, else the user's cache folder, else the project's own.
    pub fn store(&self) -> PathBuf {
        let question = self.starting(&self.folder);
        let users = question.cache_dir.or_else(|| question.user_cache.map(|cache| format!("{cache}/orket")));
        let root = || find(self, true, u64::MAX).map_or_else(|_| self.folder.clone(), |(root, _)| root);
        users.map_or_else(|| root().join(OWN_STORE), PathBuf::from)
    }

    /// Whether the user has no folder for caches, so that each project has a store of its own.
    pub fn has_no_home(&self) -> bool {
        let Starting { cache_dir, user_cache, .. } = self.starting(&self.folder);
        cache_dir.is_none() && user_cache.is_none()
    }

    /// Returns what `engine_runtime` is asked.
    pub(super) fn starting(&self, root: &Path) -> Starting {
        let folder = |path: PathBuf| path.to_string_lossy().into_owned();
        let cache = self.variable("XDG_CACHE_HOME").map(PathBuf::from);
        Starting {
            root: folder(root.to_path_buf()),
            cache_dir: self.variable("ORKET_CACHE_DIR").map(|cache| folder(self.folder.join(cache))),
            user_cache: cache.or_else(|| Some(PathBuf::from(self.variable("HOME")?).join(".cache"))).map(folder),
        }
    }

    /// Returns how many bytes the store may hold: `ORKET_CACHE_LIMIT`, else 20 GiB; all there are where that is `none`.
    ///
    /// # Errors
    /// A sentence, when the variable holds no size.
    pub fn store_limit(&self) -> Result<u64, String> {
        let Some(value) = self.variable("ORKET_CACHE_LIMIT").map(|value| value.to_string_lossy()) else { return Ok(STORE_LIMIT) };
        match value.trim() {
            "none" => Ok(u64::MAX),
            text => {
                quantity::size(text).ok_or_else(|| format!("ORKET_CACHE_LIMIT is `{text}`; it has to be a size such as `20GiB`, or `none`"))
            }
        }
    }
}
