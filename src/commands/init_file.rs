//! A file that `orket init` writes: never over one that is there.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::{Failure, Ui};

/// Writes a file that must not be there yet.
///
/// # Errors
/// When it is there, or the disk refuses.
pub(super) fn write_new(ui: &Ui, name: &str, text: &str) -> Result<(), Failure> {
    let path = ui.surroundings.folder.join(name);
    let broken = |error: io::Error| Failure::Broken(format!("cannot write `{name}`: {error}"));
    fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(broken)?;
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map_err(broken)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Failure::Wrong(format!("error: `{name}` is there already, and stays as it is\nhint: move it away first")));
        }
        Err(error) => return Err(broken(error)),
    }
    ui.say(&format!("wrote {name}"));
    Ok(())
}
