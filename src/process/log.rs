//! What a command printed: its end in memory, the whole in a file once it is large, and a bound on that file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How much of the end is kept in memory, and how much may be printed before a file is made.
const TAIL: usize = 64 << 10;

/// How large a log file may become; what comes after is counted and left out, but for its end.
const BOUND: u64 = 64 << 20;

/// Captured output.
pub struct Log {
    path: PathBuf,
    tail: Vec<u8>,
    size: u64,
    file: Option<File>,
    written: u64,
}

impl Log {
    /// Nothing yet; `path` is where the whole goes if it becomes large.
    pub fn new(path: &Path) -> Log {
        Log { path: path.to_path_buf(), tail: Vec::new(), size: 0, file: None, written: 0 }
    }

    /// Adds output.
    pub fn push(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        if self.size > TAIL as u64 {
            self.keep();
        }
        if let Some(file) = &mut self.file {
            let room = BOUND.saturating_sub(self.written).min(bytes.len() as u64) as usize;
            if room > 0 && file.write_all(&bytes[..room]).is_ok() {
                self.written += room as u64;
            }
        }
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 2 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
    }

    /// Puts what was printed so far into the file, and from now on everything, however little it is.
    pub fn keep(&mut self) {
        if self.file.is_some() || self.size == 0 {
            return;
        }
        let made = self.path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(&self.path));
        // Without a file the end is still there: output is told, never the reason why a task fails.
        if let Ok(mut file) = made
            && file.write_all(&self.tail).is_ok()
        {
            self.written = self.tail.len() as u64;
            self.file = Some(file);
        }
    }

    /// Ends the file: says what was left out, and gives the end.
    pub fn finish(&mut self) {
        if let Some(file) = &mut self.file
            && self.size > self.written
        {
            let end = self.tail.len().min((self.size - self.written) as usize);
            let left_out = self.size - self.written - end as u64;
            let _ = writeln!(file, "\n... {left_out} bytes left out ...");
            let _ = file.write_all(&self.tail[self.tail.len() - end..]);
        }
    }

    /// Returns the end, at most 64 KiB.
    pub fn tail(&self) -> &[u8] {
        &self.tail[self.tail.len().saturating_sub(TAIL)..]
    }

    /// Returns how many bytes were printed.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns where the whole is, if it was too large for memory.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(|_| self.path.as_path())
    }

    /// Returns all of it, up to the bound of the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn whole(&self) -> io::Result<Vec<u8>> {
        match self.file() {
            Some(path) => fs::read(path),
            None => Ok(self.tail().to_vec()),
        }
    }
}
