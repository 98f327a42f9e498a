//! What a process says of itself to those below it, however they were started: a file in memory, which they find among its descriptors.
//! Variables of the environment can be wiped, and files stay behind; a descriptor is there exactly as long as whoever opened it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::OnceLock;

use rustix::fs::{MemfdFlags, memfd_create};

use super::stragglers::ancestors;

/// The name of such a file.
const NAME: &str = "orket-sign";

/// How many bytes at its beginning are the number of the process that it is for.
const HEAD: usize = size_of::<u32>();

/// What stands behind its text once somebody has met it.
const MET: u8 = b'!';

/// A sign that can be met by what this process starts, until it is dropped.
pub struct Sign {
    file: File,
    length: u64,
}

impl Sign {
    /// Raises a sign with a text.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub fn raise(text: &str) -> io::Result<Sign> {
        let mut file = File::from(memfd_create(NAME, MemfdFlags::CLOEXEC)?);
        file.write_all(&[&[0; HEAD], text.as_bytes()].concat())?;
        Ok(Sign { file, length: (HEAD + text.len()) as u64 })
    }

    /// Says which child of this process it is for: those below another one do not meet it.
    pub fn is_for(&self, pid: u32) {
        // Until then, it is for all.
        let _ = self.file.write_all_at(&pid.to_ne_bytes(), 0);
    }

    /// Whether somebody has met it.
    pub fn was_met(&self) -> bool {
        self.file.metadata().is_ok_and(|there| there.len() > self.length)
    }
}

/// Whether a process above this one has raised a sign with this text for what this one is below; it then knows that it was met. Where the
/// system has no `/proc`, none is.
pub fn meets(text: &str) -> bool {
    let meant = above().iter().filter(|(said, _)| said == text.as_bytes());
    meant.filter(|(_, file)| file.write_all_at(&[MET], (HEAD + text.len()) as u64).is_ok()).count() > 0
}

/// Returns the signs that this process is below: what they say, and where that can be answered. They were raised before it was started. Who has
/// left its parents is below all of those that the process has raised to which it fell.
fn above() -> &'static [(Vec<u8>, File)] {
    static ABOVE: OnceLock<Vec<(Vec<u8>, File)>> = OnceLock::new();
    let meant = |pair: &[i32]| {
        let is_own = |pid: u32| i32::try_from(pid) == Ok(pair[0]);
        let signs = signs_of(pair[1]);
        let own = signs.iter().any(|(pid, ..)| is_own(*pid));
        signs.into_iter().filter(|(pid, ..)| !own || is_own(*pid)).map(|(_, said, file)| (said, file)).collect::<Vec<_>>()
    };
    ABOVE.get_or_init(|| ancestors().windows(2).flat_map(meant).collect())
}

/// Returns the signs that a process has raised: for whom, what they say, and where that can be answered.
fn signs_of(pid: i32) -> Vec<(u32, Vec<u8>, File)> {
    let read = |path: PathBuf| {
        let name = fs::read_link(&path).ok()?;
        name.to_string_lossy().starts_with(&format!("/memfd:{NAME}")).then_some(())?;
        let mut file = fs::OpenOptions::new().read(true).write(true).open(path).ok()?;
        let mut said = Vec::new();
        file.read_to_end(&mut said).ok()?;
        let (head, text) = said.split_first_chunk()?;
        let text = text.strip_suffix(&[MET]).unwrap_or(text);
        Some((u32::from_ne_bytes(*head), text.to_vec(), file))
    };
    let all = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    all.filter_map(|entry| read(entry.path())).collect()
}
