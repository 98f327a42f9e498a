//! What can happen to outputs: taken away, changed, or something else in their place.

use std::fs::{self, File, FileTimes};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::case::Play;
use super::random::Random;

/// Does to an output what the name of a step says.
///
/// # Errors
/// When the file system does not let it.
pub fn spoil(play: &mut Play, random: &mut Random, how: &str) -> io::Result<()> {
    let outputs: Vec<String> = play.world.evaluate().into_values().flat_map(|one| one.outputs.into_keys()).collect();
    let Some(output) = outputs.get(random.below(outputs.len().max(1))) else { return Ok(()) };
    play.placed.clear();
    let path = play.project.at(output);
    let meta = match path.symlink_metadata() {
        Ok(meta) if !meta.is_dir() => meta,
        // An earlier step took the output away or put a folder in its place, and no build has followed yet.
        _ => return Ok(()),
    };
    match how {
        "tamper_output" if !meta.is_symlink() => {
            // A file that shares its bytes with the store must not take the store along.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
            fs::remove_file(&path)?;
            fs::write(path, "tampered")
        }
        "mode_output" if !meta.is_symlink() => fs::set_permissions(&path, fs::Permissions::from_mode(meta.permissions().mode() ^ 0o111)),
        "replace_output" => {
            fs::remove_file(&path)?;
            fs::create_dir(&path)?;
            fs::write(path.join("mine"), "mine")
        }
        "link_output" => {
            fs::remove_file(&path)?;
            let targets =
                [play.project.at("s/0"), play.project.at("o/bystander"), play.outside().join("file"), play.outside(), "gone".into()];
            symlink(&targets[random.below(targets.len())], path)
        }
        "link_folder" => {
            let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
            if folder == play.project.at("o") {
                return Ok(());
            }
            fs::remove_dir_all(&folder)?;
            symlink(play.outside(), folder)
        }
        "fifo_output" => {
            fs::remove_file(&path)?;
            Ok(mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o644), 0)?)
        }
        "stale_output" if !meta.is_symlink() => stale(&play.project.base().join("stale"), &path, &meta),
        "swap_outputs" => {
            let other = play.project.at(&outputs[random.below(outputs.len())]);
            if other.symlink_metadata().is_ok_and(|meta| !meta.is_dir()) && other != path {
                swap(&path, &other)?;
            }
            Ok(())
        }
        _ => fs::remove_file(path),
    }
}

/// Moves a file of the same size and the same time of change into an output's place.
fn stale(spare: &Path, path: &Path, meta: &fs::Metadata) -> io::Result<()> {
    fs::write(spare, vec![b'f'; meta.len() as usize])?;
    fs::set_permissions(spare, meta.permissions())?;
    File::open(spare)?.set_times(FileTimes::new().set_modified(meta.modified()?))?;
    fs::rename(spare, path)
}

/// Lets two files change places, with all their stamps.
///
/// # Errors
/// When the file system does not let it.
pub fn swap(one: &Path, other: &Path) -> io::Result<()> {
    let aside = one.with_extension("aside");
    fs::rename(one, &aside)?;
    fs::rename(other, one)?;
    fs::rename(aside, other)
}
