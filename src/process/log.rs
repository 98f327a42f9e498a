//! What a command printed: its end in memory, the whole in a file once it is large, and a bound on that file.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::base::quantity::WHOLE_LOG;

/// How much of the end is kept in memory.
const TAIL: usize = 64 << 10;

/// How much may be printed before a file is made.
const SMALL: u64 = 16 << 10;

/// Captured output.
pub struct Log {
    path: PathBuf,
    tail: Vec<u8>,
    size: u64,
    file: Option<File>,
    written: u64,
    head: u64,
}

impl Log {
    /// Nothing yet; `path` is where the whole goes if it becomes large: its first 64 MiB, a line that counts what is left out, its last 64 KiB.
    pub fn new(path: &Path) -> Log {
        Log::with_head(path, WHOLE_LOG)
    }

    /// The same with a head of so many bytes.
    pub fn with_head(path: &Path, head: u64) -> Log {
        Log { path: path.to_path_buf(), tail: Vec::new(), size: 0, file: None, written: 0, head }
    }

    /// Adds output.
    pub fn push(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        if self.size > SMALL && self.tail.len() as u64 + bytes.len() as u64 == self.size {
            self.make_file();
        }
        if let Some(file) = &mut self.file {
            let room = self.head.saturating_sub(self.written).min(bytes.len() as u64) as usize;
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
        // What the memory no longer holds in full would be told wrongly.
        if self.size > 0 && self.tail.len() as u64 == self.size {
            self.make_file();
        }
    }

    fn make_file(&mut self) {
        if self.file.is_some() {
            return;
        }
        let made = self.path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(&self.path));
        // Without a file the end is still there: output is told, never the reason why a task fails.
        if let Ok(mut file) = made
            && let head = &self.tail[..self.tail.len().min(self.head as usize)]
            && file.write_all(head).is_ok()
        {
            self.written = head.len() as u64;
            self.file = Some(file);
        }
    }

    /// Ends the file: says what was left out, and gives the end.
    pub fn finish(&mut self) {
        if let Some(file) = &mut self.file
            && self.size > self.written
        {
            let end = self.tail.len().min(TAIL).min((self.size - self.written) as usize);
            let left_out = self.size - self.written - end as u64;
            if left_out > 0 {
                let _ = write!(file, "\n… {left_out} bytes left out …\n");
            }
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

    /// Returns where the whole is, if it is more than 16 KiB and a file could be made.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(|_| self.path.as_path())
    }

    /// Hands all of it to `each`, piece by piece, as far as the file holds it; after [`Log::finish`].
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn pour(&self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let Some(path) = self.file() else {
            each(self.tail());
            return Ok(());
        };
        let (mut file, mut buffer) = (File::open(path)?, vec![0; TAIL]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(()),
                count => each(&buffer[..count]),
            }
        }
    }

    /// Returns all of it, as far as the file holds it; after [`Log::finish`].
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_output_makes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::new(&folder.path().join("a/log"));
        log.push(&[b'x'; SMALL as usize]);
        log.finish();
        assert_eq!((log.file(), log.size(), log.tail().len()), (None, SMALL, SMALL as usize));
        assert_eq!(log.whole().unwrap(), [b'x'; SMALL as usize]);
        assert!(!folder.path().join("a").exists());
    }

    #[test]
    fn a_file_has_its_head_and_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::with_head(&folder.path().join("log"), 100_000);
        let all: Vec<u8> = (0..1_000_000u32).map(|at| b'a' + (at % 23) as u8).collect();
        all.chunks(777).for_each(|piece| log.push(piece));
        log.finish();
        let left_out = 1_000_000 - 100_000 - TAIL;
        let marker = format!("\n… {left_out} bytes left out …\n");
        let wanted = [&all[..100_000], marker.as_bytes(), &all[1_000_000 - TAIL..]].concat();
        assert!(log.whole().unwrap() == wanted);
        assert!(log.tail() == &all[1_000_000 - TAIL..]);
        assert_eq!(log.size(), 1_000_000);
    }

    #[test]
    fn what_the_end_still_holds_is_not_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::with_head(&folder.path().join("log"), 20_000);
        let all = vec![b'x'; 30_000];
        all.chunks(1000).for_each(|piece| log.push(piece));
        log.finish();
        assert!(log.whole().unwrap() == all);
    }

    #[test]
    fn without_a_place_for_the_file_the_end_is_there() {
        let mut log = Log::new(Path::new("/dev/null/log"));
        (0..100).for_each(|_| log.push(&[b'x'; 4096]));
        log.finish();
        assert_eq!((log.file(), log.size(), log.tail().len()), (None, 409_600, TAIL));
    }
}
