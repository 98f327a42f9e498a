//! What commands write to files that they are told: where they may, so that nothing is lost that a person wrote.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Failure, Ui};
use crate::base::RelPath;
use crate::disk::write_whole;
use crate::report::ReportKind;
use crate::vcs::TrackedNames;

/// Returns the file that `--output` names: `-` is standard output, as if there was no such word.
pub(super) fn written(output: Option<&Path>) -> Option<&Path> {
    output.filter(|path| *path != Path::new("-"))
}

impl Ui {
    /// Fails where a file may not be written: a manifest, what is git's own, and what git tracks unless it is an earlier report of the kind.
    ///
    /// # Errors
    /// When it may not, with what to do.
    pub(super) fn spare(&self, output: Option<&Path>, kind: ReportKind) -> Result<(), Failure> {
        written(output).map_or(Ok(()), |output| self.spare_at(output, &self.surroundings.folder.join(output), kind))
    }

    /// As [`Ui::spare`], of a file that is called `shown` and stands at `path`.
    ///
    /// # Errors
    /// As [`Ui::spare`].
    pub(super) fn spare_at(&self, shown: &Path, path: &Path, kind: ReportKind) -> Result<(), Failure> {
        let path = whole(path);
        let shown = shown.display();
        let refused = |what: &str, hint: &str| Err(Failure::Wrong(format!("error: `{shown}` is {what}, and stays as it is\nhint: {hint}")));
        if path.components().any(|part| part.as_os_str() == ".git") {
            return refused("git's own", "name a file outside of `.git`");
        }
        if !path.is_file() {
            return Ok(());
        }
        let given = self.surroundings.manifest.as_ref().map(|given| whole(&self.surroundings.folder.join(given)));
        if path.extension().is_some_and(|end| end == "kdl") || given.is_some_and(|given| given == path) {
            return refused("a manifest", "name another file");
        }
        let is_earlier = || fs::read(&path).is_ok_and(|text| text.is_empty() || kind.is(&text));
        match is_tracked(&path) && !is_earlier() {
            true => refused("tracked by git and no earlier report of this kind", "name another file, or remove this one first"),
            false => Ok(()),
        }
    }

    /// Writes a file as a whole, where it may be written.
    ///
    /// # Errors
    /// When it may not, or cannot.
    pub(super) fn write(&self, output: &Path, kind: ReportKind, text: &str) -> Result<(), Failure> {
        self.spare(Some(output), kind)?;
        write_whole(&self.surroundings.folder.join(output), text.as_bytes())
            .map_err(|error| Failure::Broken(format!("cannot write `{}`: {error}", output.display())))
    }
}

/// Returns where a path leads, also where nothing stands there yet.
fn whole(path: &Path) -> PathBuf {
    let around = path.ancestors().find_map(|folder| Some((folder, folder.canonicalize().ok()?)));
    around.map_or_else(
        || path.to_path_buf(),
        |(folder, found)| match path.strip_prefix(folder) {
            Ok(rest) if !rest.as_os_str().is_empty() => found.join(rest),
            _ => found,
        },
    )
}

fn is_tracked(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| RelPath::parse(name.as_encoded_bytes()).ok());
    let found = path.parent().zip(name).map(|(folder, name)| TrackedNames::of(folder).holds(&name));
    found.unwrap_or(false)
}
