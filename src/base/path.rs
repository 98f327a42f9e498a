//! A path inside the project.

use std::borrow::{Borrow, Cow};
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::str::Utf8Chunk;

use serde::{Deserialize, Serialize};

/// A path relative to the project's root: parts joined by `/`, no `.`, no `..`, no empty part, no leading or trailing slash.
///
/// The root itself is the empty path. Names are bytes, since file names are; printing shows what is not UTF-8 as `\xff`.
/// Ordered by bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct RelPath(#[serde(with = "serde_bytes")] Box<[u8]>);

/// Why a text is no path inside the project.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PathError {
    /// It starts with `/`.
    #[error("it is absolute; paths are relative to the manifest's folder")]
    Absolute,
    /// It leaves the project through `..`.
    #[error("it leaves the project")]
    Outside,
    /// It has a NUL byte.
    #[error("it has a NUL byte")]
    Nul,
}

impl RelPath {
    /// The project's root.
    pub fn root() -> RelPath {
        RelPath(Box::default())
    }

    /// Reads a path that stands in the folder `base`, folding `.`, `..` and repeated slashes.
    ///
    /// # Errors
    /// When the path is absolute, leaves the project, or has a NUL byte.
    pub fn parse_in(base: &RelPath, text: &[u8]) -> Result<RelPath, PathError> {
        if text.first() == Some(&b'/') {
            return Err(PathError::Absolute);
        }
        if text.contains(&0) {
            return Err(PathError::Nul);
        }
        let text = text.strip_suffix(b"/").unwrap_or(text);
        if base.is_root() && is_normal(text) {
            return Ok(RelPath(text.into()));
        }
        let mut parts: Vec<&[u8]> = base.parts().collect();
        for part in text.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    parts.pop().ok_or(PathError::Outside)?;
                }
                name => parts.push(name),
            }
        }
        Ok(RelPath(parts.join(&b'/').into_boxed_slice()))
    }

    /// Reads a path relative to the root; see [`RelPath::parse_in`].
    ///
    /// # Errors
    /// As [`RelPath::parse_in`].
    pub fn parse(text: impl AsRef<[u8]>) -> Result<RelPath, PathError> {
        RelPath::parse_in(&RelPath::root(), text.as_ref())
    }

    /// Reads a path relative to the root as [`RelPath::parse`] does, and returns it as a text: a part of `text`, if that is in normal form.
    ///
    /// # Errors
    /// As [`RelPath::parse_in`].
    pub fn fold(text: &str) -> Result<Cow<'_, str>, PathError> {
        let bare = text.strip_suffix('/').unwrap_or(text);
        if is_normal(bare.as_bytes()) && !bare.contains('\0') {
            return Ok(Cow::Borrowed(bare));
        }
        RelPath::parse(text).map(|path| Cow::Owned(String::from_utf8_lossy(&path.0).into_owned()))
    }

    /// Reads a path that stands in the folder `base` of the project at `root`, wherever it leads: what is outside of the project is absolute.
    ///
    /// # Errors
    /// When it has a NUL byte.
    pub fn anywhere(root: &Path, base: &RelPath, text: &[u8]) -> Result<RelPath, PathError> {
        let absolute = match RelPath::parse_in(base, text) {
            Err(PathError::Absolute) => text.to_vec(),
            Err(PathError::Outside) => [root.as_os_str().as_bytes(), base.as_bytes(), text].join(&b'/'),
            inside => return inside,
        };
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in absolute.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => drop(parts.pop()),
                name => parts.push(name),
            }
        }
        let normal = [&b"/"[..], &parts.join(&b'/')].concat();
        if normal.contains(&0) {
            return Err(PathError::Nul);
        }
        let inside = normal.strip_prefix(root.as_os_str().as_bytes()).filter(|rest| rest.first().is_none_or(|byte| *byte == b'/'));
        Ok(RelPath::from_normal(inside.map_or(&normal[..], |rest| rest.strip_prefix(b"/").unwrap_or(rest))))
    }

    /// Whether it is the absolute path of something outside of the project; see [`RelPath::anywhere`].
    pub fn is_outside(&self) -> bool {
        self.0.first() == Some(&b'/')
    }

    /// Takes bytes that are known to be in normal form: they come from a walk, or from a `RelPath` that was stored.
    pub fn from_normal(bytes: impl Into<Box<[u8]>>) -> RelPath {
        RelPath(bytes.into())
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the path as the operating system takes it, still relative.
    pub fn as_path(&self) -> &Path {
        if self.0.is_empty() { Path::new(".") } else { Path::new(OsStr::from_bytes(&self.0)) }
    }

    /// Returns the path below `root`.
    pub fn under(&self, root: &Path) -> PathBuf {
        if self.0.is_empty() { root.to_path_buf() } else { root.join(OsStr::from_bytes(&self.0)) }
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the parts in order.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'/').filter(|part| !part.is_empty())
    }

    /// Returns the folder it stands in; `None` for the root.
    pub fn parent(&self) -> Option<RelPath> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Some(RelPath(self.0[..end].into()))
    }

    /// Returns the last part; empty for the root.
    pub fn name(&self) -> &[u8] {
        let start = self.0.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        &self.0[start..]
    }

    /// Returns this folder's `name`, which is one part or several, in normal form.
    pub fn join(&self, name: &[u8]) -> RelPath {
        if self.0.is_empty() {
            return RelPath(name.into());
        }
        if name.is_empty() {
            return self.clone();
        }
        let mut bytes = Vec::with_capacity(self.0.len() + 1 + name.len());
        bytes.extend_from_slice(&self.0);
        bytes.push(b'/');
        bytes.extend_from_slice(name);
        RelPath(bytes.into())
    }

    /// Whether it is `folder` itself or stands somewhere below it.
    pub fn is_in(&self, folder: &RelPath) -> bool {
        folder.is_root() || (self.0.starts_with(&folder.0) && (self.0.len() == folder.0.len() || self.0[folder.0.len()] == b'/'))
    }
}

/// Whether a path has no part that means nothing, or another folder; the root is not in this form.
fn is_normal(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."))
}

/// A path and its bytes are equal, ordered and hashed alike.
impl Borrow<[u8]> for RelPath {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

/// Returns bytes as text: what is no UTF-8 shows as `\xff`.
pub fn show_bytes(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let chunk = |chunk: Utf8Chunk<'_>| format!("{}{}", chunk.valid(), chunk.invalid().escape_ascii());
            Cow::Owned(bytes.utf8_chunks().map(chunk).collect())
        }
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str(".") } else { f.write_str(&show_bytes(&self.0)) }
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_slashes_are_folded() {
        let base = RelPath::parse("services/pay").unwrap();
        assert_eq!(RelPath::parse_in(&base, b"./src//a.rs").unwrap().to_string(), "services/pay/src/a.rs");
        assert_eq!(RelPath::parse_in(&base, b"../x/").unwrap().to_string(), "services/x");
        assert_eq!(RelPath::parse_in(&base, b"../../..").unwrap_err(), PathError::Outside);
        assert_eq!(RelPath::parse("/etc").unwrap_err(), PathError::Absolute);
        assert!(RelPath::parse(".").unwrap().is_root());
        for text in ["a/b", "a/b/", "a//b", "./a", "a/../b", "", ".", "/", "..", "a\0b", "\u{e4}/b"] {
            assert_eq!(
                RelPath::fold(text).map(|path| path.as_bytes().to_vec()),
                RelPath::parse(text).map(|path| path.0.to_vec()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_path_may_lead_out_of_the_project_and_back() {
        let anywhere = |base: &str, text: &str| {
            RelPath::anywhere(Path::new("/home/me/shop"), &RelPath::parse(base).unwrap(), text.as_bytes()).unwrap().to_string()
        };
        assert_eq!(anywhere("out", "../src/a.c"), "src/a.c");
        assert_eq!(anywhere("out", "../../lib/a.c"), "/home/me/lib/a.c");
        assert_eq!(anywhere("", "/home/me/shop/./src//a.c"), "src/a.c");
        assert_eq!(anywhere("", "/home/me/shopping/a.c"), "/home/me/shopping/a.c");
        assert_eq!(anywhere("", "../shop/a.c"), "a.c");
        assert_eq!(anywhere("", "/usr/include/../lib/"), "/usr/lib");
    }

    #[test]
    fn a_folder_holds_what_stands_below_it() {
        let path = RelPath::parse("a/bc/d").unwrap();
        assert!(path.is_in(&RelPath::parse("a/bc").unwrap()));
        assert!(path.is_in(&path));
        assert!(path.is_in(&RelPath::root()));
        assert!(!path.is_in(&RelPath::parse("a/b").unwrap()));
        assert_eq!(path.parent().unwrap().to_string(), "a/bc");
        assert_eq!(path.name(), b"d");
    }

    #[test]
    fn names_that_are_no_utf8_survive_a_state_file() {
        let path = RelPath::parse([b'a', b'/', 0xff]).unwrap();
        let stored = postcard::to_stdvec(&path).unwrap();
        assert_eq!(postcard::from_bytes::<RelPath>(&stored).unwrap(), path);
    }
}
