//! Orket's own tools, for the tool strategy `portable`: they do the same on every machine.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Failure, Ui, probe};

/// Runs a tool; its words are those of the tool of this name everywhere else, as far as tasks need them.
///
/// # Errors
/// When it fails, with what a person has to know.
pub fn tool(ui: &Ui, words: &[OsString]) -> Result<(), Failure> {
    let name = words.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let words = words.get(1..).unwrap_or_default();
    let texts = || words.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<String>>();
    let status = |code: i32| if code == 0 { Ok(()) } else { Err(Failure::Exit(code)) };
    if name == "within" {
        return probe::within(&texts()).map_or_else(
            |text| {
                ui.say(&text);
                Err(Failure::Failed)
            },
            status,
        );
    }
    let done = match name.as_str() {
        "probe" => Some(probe::probe(&texts())),
        "sqlite" => Some(probe::sqlite(&texts())),
        "whole" => Some(probe::whole(&texts())),
        _ => None,
    };
    if let Some(done) = done {
        return done.map_err(|text| {
            ui.say(&format!("{name}: {text}"));
            Failure::Failed
        });
    }
    let (flags, paths) = match name.as_str() {
        // What is no flag of its own is text.
        "echo" if words.first().is_some_and(|word| word == "-n") => (vec!['n'], words[1..].iter().map(PathBuf::from).collect()),
        "echo" => (Vec::new(), words.iter().map(PathBuf::from).collect()),
        _ => split(words),
    };
    run(&name, &flags, &paths).map_err(|text| {
        ui.say(&format!("{name}: {text}"));
        Failure::Failed
    })
}

/// Flags as letters, and everything else.
fn split(words: &[OsString]) -> (Vec<char>, Vec<PathBuf>) {
    let (mut flags, mut paths, mut open) = (Vec::new(), Vec::new(), true);
    for word in words {
        match word.to_str() {
            Some("--") if open => open = false,
            Some(text) if open && text.len() > 1 && text.starts_with('-') && !text.starts_with("--") => flags.extend(text[1..].chars()),
            _ => paths.push(PathBuf::from(word)),
        }
    }
    (flags, paths)
}

fn run(name: &str, flags: &[char], paths: &[PathBuf]) -> Result<(), String> {
    let knows: &[char] = match name {
        "cp" => &['r', 'R', 'f', 'p'],
        "mv" | "touch" => &['f'],
        "rm" => &['r', 'R', 'f'],
        "mkdir" => &['p'],
        "echo" => &['n'],
        _ => &[],
    };
    if let Some(flag) = flags.iter().find(|flag| !knows.contains(flag)) {
        return Err(format!("orket's own `{name}` has no flag -{flag}"));
    }
    let is = |flag: char| flags.contains(&flag);
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| format!("{path}: {error}")
    };
    match name {
        "cat" => {
            let mut out = io::stdout().lock();
            for path in paths {
                let mut file = File::open(path).map_err(failed(path))?;
                io::copy(&mut file, &mut out).map_err(failed(path))?;
            }
            out.flush().map_err(|error| error.to_string())
        }
        "echo" => {
            let mut text = paths.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
            if !is('n') {
                text.push('\n');
            }
            io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())
        }
        "cp" | "mv" => {
            let [from @ .., to] = paths else { return Err(String::from("it takes what and where to")) };
            if from.is_empty() {
                return Err(String::from("it takes what and where to"));
            }
            if from.len() > 1 && !to.is_dir() {
                return Err(format!("{} is no folder", to.display()));
            }
            for from in from {
                let to = if to.is_dir() { to.join(from.file_name().unwrap_or_default()) } else { to.clone() };
                match name {
                    "mv" => fs::rename(from, &to).map_err(failed(from))?,
                    _ => Copying { deep: is('r') || is('R'), keep: is('p') }.given(from, &to)?,
                }
            }
            Ok(())
        }
        "rm" => paths.iter().try_for_each(|path| {
            // With a slash behind it, the name of a link means what it leads to.
            let (named, path) = (path, &path.components().collect::<PathBuf>());
            let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
            if is_link && named.as_os_str().as_encoded_bytes().ends_with(b"/") {
                return Err(format!("{} is not removed: it is a link; without `/` it is removed itself", named.display()));
            }
            let removed = match fs::symlink_metadata(path) {
                Ok(found) if found.is_dir() && (is('r') || is('R')) => {
                    if let Some(why) = holds_us(named) {
                        return Err(format!("{} is not removed: {why}", path.display()));
                    }
                    fs::remove_dir_all(path)
                }
                Ok(_) => fs::remove_file(path),
                Err(error) if error.kind() == io::ErrorKind::NotFound && is('f') => Ok(()),
                Err(error) => Err(error),
            };
            removed.map_err(failed(path))
        }),
        "mkdir" => {
            paths.iter().try_for_each(|path| if is('p') { fs::create_dir_all(path) } else { fs::create_dir(path) }.map_err(failed(path)))
        }
        "touch" => paths.iter().try_for_each(|path| {
            let file = fs::OpenOptions::new().create(true).append(true).open(path);
            file.and_then(|file| file.set_modified(std::time::SystemTime::now())).map_err(failed(path))
        }),
        other => Err(format!("orket has no tool `{other}` of its own")),
    }
}

/// Returns why a folder is not removed, which nobody can mean.
fn holds_us(path: &Path) -> Option<&'static str> {
    let text = path.as_os_str().as_encoded_bytes();
    let last = text.rsplit(|byte| *byte == b'/').find(|part| !part.is_empty());
    if matches!(last, Some(b"." | b"..")) {
        return Some("`.` and `..` name no folder to remove");
    }
    let whole = path.canonicalize().ok()?;
    let here = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok());
    match here {
        _ if whole.parent().is_none() => Some("it is the root of everything"),
        Some(here) if here.starts_with(&whole) => Some("it is the folder that the task runs in, or one around that"),
        _ => None,
    }
}

/// How `cp` copies.
#[derive(Clone, Copy)]
struct Copying {
    /// Folders with all that is in them; links stay links.
    deep: bool,
    /// With the times that files have.
    keep: bool,
}

impl Copying {
    /// Copies what was named.
    fn given(self, from: &Path, to: &Path) -> Result<(), String> {
        let failed = |error: io::Error| format!("{}: {error}", from.display());
        let kind = if self.deep { fs::symlink_metadata(from) } else { fs::metadata(from) };
        if !kind.map_err(failed)?.is_dir() {
            return self.file(from, to);
        }
        if !self.deep {
            return Err(format!("{} is a folder; -r copies it", from.display()));
        }
        let whole = from.canonicalize().map_err(failed)?;
        let around = to.ancestors().find_map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above }.canonicalize().ok());
        if around.is_some_and(|around| around.starts_with(&whole)) {
            return Err(format!("{} cannot be copied into itself, to {}", from.display(), to.display()));
        }
        self.folder(from, to)
    }

    fn folder(self, from: &Path, to: &Path) -> Result<(), String> {
        let failed = |error: io::Error| format!("{}: {error}", from.display());
        fs::create_dir_all(to).map_err(failed)?;
        for entry in fs::read_dir(from).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            match entry.file_type().map_err(failed)?.is_dir() {
                true => self.folder(&from, &to)?,
                false => self.file(&from, &to)?,
            }
        }
        Ok(())
    }

    /// Copies a file, or a link if folders are copied.
    fn file(self, from: &Path, to: &Path) -> Result<(), String> {
        let failed = |error: io::Error| format!("{}: {error}", from.display());
        let there = if self.deep { fs::symlink_metadata(from) } else { fs::metadata(from) }.map_err(failed)?;
        let same = |other: io::Result<fs::Metadata>| other.is_ok_and(|other| (other.dev(), other.ino()) == (there.dev(), there.ino()));
        if same(fs::metadata(to)) || same(fs::symlink_metadata(to)) {
            return Err(format!("{} and {} are the same file", from.display(), to.display()));
        }
        if there.is_symlink() {
            let replaced = match fs::symlink_metadata(to) {
                Ok(old) if !old.is_dir() => fs::remove_file(to),
                _ => Ok(()),
            };
            let linked = replaced.and_then(|()| fs::read_link(from)).and_then(|target| std::os::unix::fs::symlink(target, to));
            return linked.map_err(failed);
        }
        if !there.is_file() {
            return Err(format!("{} is neither a file nor a folder", from.display()));
        }
        fs::copy(from, to).map_err(failed)?;
        match self.keep {
            true => File::open(to).and_then(|file| file.set_modified(there.modified()?)).map_err(failed),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_mean_is_not_removed() {
        let here = std::env::current_dir().unwrap();
        let above = here.parent().unwrap();
        for path in [Path::new("/"), Path::new("//"), Path::new("."), Path::new("src/.."), Path::new("src/./"), &here, above] {
            assert!(holds_us(path).is_some(), "{}", path.display());
        }
        assert_eq!(holds_us(Path::new("src")), None);
    }
}
