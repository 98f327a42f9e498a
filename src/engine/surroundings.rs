//! What orket was started with, and what that says about the store.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::base::quantity;

/// How much the store may hold unless `ORKET_CACHE_LIMIT` or `cache gc` say otherwise, in bytes.
const STORE_LIMIT: u64 = 20 << 30;

/// What orket was started with.
pub struct Surroundings {
    /// Where.
    pub folder: PathBuf,
    /// `-f`.
    pub manifest: Option<PathBuf>,
    /// All variables.
    pub variables: Vec<(OsString, OsString)>,
}

impl Surroundings {
    fn variable(&self, name: &str) -> Option<&OsString> {
        self.variables.iter().find(|(key, _)| key == name).map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// Returns where the store is: `ORKET_CACHE_DIR`, else the user's cache folder.
    pub fn store(&self) -> PathBuf {
        if let Some(folder) = self.variable("ORKET_CACHE_DIR") {
            return self.folder.join(folder);
        }
        match self.variable("XDG_CACHE_HOME") {
            Some(folder) => PathBuf::from(folder).join("orket"),
            None => self.variable("HOME").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from).join(".cache/orket"),
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
