//! Orket's own tools, for the tool strategy `portable`: they do the same on every machine.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
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
    let done = match name.as_str() {
        "probe" => Some(probe::probe(&texts())),
        "sqlite" => Some(probe::sqlite(&texts())),
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
                    _ => copy(from, &to, is('r') || is('R'))?,
                }
            }
            Ok(())
        }
        "rm" => paths.iter().try_for_each(|path| {
            let removed = match fs::symlink_metadata(path) {
                Ok(found) if found.is_dir() && (is('r') || is('R')) => fs::remove_dir_all(path),
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

fn copy(from: &Path, to: &Path, deep: bool) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", from.display());
    if !from.is_dir() {
        return fs::copy(from, to).map(drop).map_err(failed);
    }
    if !deep {
        return Err(format!("{} is a folder; -r copies it", from.display()));
    }
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        copy(&entry.path(), &to.join(entry.file_name()), deep)?;
    }
    Ok(())
}
