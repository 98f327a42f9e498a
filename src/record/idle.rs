//! Runs in which there was nothing to do: a line each in one file, so that they cost no file of their own and push no other run out.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use super::RunRecord;
use crate::disk::write_beside;

/// How large the file may grow, in bytes; then the older half of it goes.
const FULL: u64 = 32 << 10;

/// The file.
pub(super) struct Idle(pub PathBuf);

impl Idle {
    /// Adds a run.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn add(&self, record: &RunRecord) -> io::Result<()> {
        let mut line = serde_json::to_vec(record).map_err(io::Error::other)?;
        line.push(b'\n');
        let open = || OpenOptions::new().create(true).append(true).open(&self.0);
        let mut file = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.0.parent().map_or(Ok(()), fs::create_dir_all)?;
                open()?
            }
            opened => opened?,
        };
        file.write_all(&line)?;
        if file.metadata()?.len() > FULL {
            let lines = fs::read(&self.0)?;
            let half = lines.len() / 2;
            let from = memchr::memchr(b'\n', &lines[half..]).map_or(lines.len(), |at| half + at + 1);
            write_beside(&self.0, &lines[from..])?;
        }
        Ok(())
    }

    /// Returns the runs, oldest first; a line that cannot be read is left out.
    pub fn all(&self) -> Vec<RunRecord> {
        let lines = fs::read(&self.0).unwrap_or_default();
        lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}
