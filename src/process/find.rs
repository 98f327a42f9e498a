//! Which file a program's name means.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::base::did_you_mean;

/// A program is not there.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct NotFound {
    /// What was looked for.
    pub name: OsString,
    /// A file of that name that cannot be executed.
    pub not_executable: Option<PathBuf>,
    /// A program with a similar name.
    pub similar: Option<String>,
}

impl NotFound {
    fn sentence(&self) -> String {
        let name = self.name.to_string_lossy();
        let place = if name.contains('/') { "" } else { " in PATH" };
        match (&self.not_executable, &self.similar) {
            (Some(file), _) => format!("the program `{name}` cannot be executed: `{}` is not executable", file.display()),
            (None, Some(similar)) => format!("there is no program `{name}`{place}; did you mean `{similar}`?"),
            (None, None) => format!("there is no program `{name}`{place}"),
        }
    }
}

/// Finds a program as `execvp` does: a name with a slash is a path relative to `folder`, any other is looked up in `path`, where an empty
/// entry means `folder`.
///
/// # Errors
/// When there is none that can be executed.
pub fn find_program(name: &OsStr, path: &OsStr, folder: &Path) -> Result<PathBuf, NotFound> {
    locate_program(name, path, folder).map_err(|not_executable| {
        let slash = name.as_encoded_bytes().contains(&b'/');
        let names: Vec<String> = if slash {
            Vec::new()
        } else {
            std::env::split_paths(path)
                .filter_map(|entry| std::fs::read_dir(folder.join(entry)).ok())
                .flatten()
                .flatten()
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect()
        };
        let similar = did_you_mean(&name.to_string_lossy(), names.iter().map(String::as_str)).map(str::to_owned);
        NotFound { name: name.to_owned(), not_executable, similar }
    })
}

/// As [`find_program`], for who does not tell a person what else there is.
///
/// # Errors
/// When there is none that can be executed: a file of that name that cannot be, if there is one.
pub fn locate_program(name: &OsStr, path: &OsStr, folder: &Path) -> Result<PathBuf, Option<PathBuf>> {
    let mut not_executable = None;
    let mut usable = |file: &Path| match std::fs::metadata(file) {
        Ok(metadata) if metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 => true,
        Ok(metadata) if metadata.is_file() => {
            not_executable.get_or_insert(file.to_path_buf());
            false
        }
        _ => false,
    };
    let slash = name.as_encoded_bytes().contains(&b'/');
    let found = if slash {
        Some(folder.join(name)).filter(|file| usable(file))
    } else {
        std::env::split_paths(path).map(|entry| folder.join(entry).join(name)).find(|file| usable(file))
    };
    found.ok_or(not_executable)
}
