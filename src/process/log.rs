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
    /// Why the file does not hold what it should.
    trouble: Option<io::Error>,
    /// Whether something never came here.
    gap: bool,
}

impl Log {
    /// Nothing yet; `path` is where the whole goes if it becomes large: its first 64 MiB, a line that counts what is left out, its last 64 KiB.
    pub fn new(path: &Path) -> Log {
        Log::with_head(path, WHOLE_LOG)
    }

    /// The same with a head of so many bytes.
    pub fn with_head(path: &Path, head: u64) -> Log {
        Log { path: path.to_path_buf(), tail: Vec::new(), size: 0, file: None, written: 0, head, trouble: None, gap: false }
    }

    /// Adds output.
    pub fn push(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        if self.size > SMALL && self.tail.len() as u64 + bytes.len() as u64 == self.size {
            self.make_file();
        }
        if let Some(file) = &mut self.file {
            let room = self.head.saturating_sub(self.written).min(bytes.len() as u64) as usize;
            if room > 0 && self.trouble.is_none() {
                match file.write_all(&bytes[..room]) {
                    Ok(()) => self.written += room as u64,
                    Err(error) => self.trouble = Some(error),
                }
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
        let head = &self.tail[..self.tail.len().min(self.head as usize)];
        let made = self.path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(&self.path));
        // Without a file the end is still there: output is told, never the reason why a task fails.
        match made.and_then(|mut file| file.write_all(head).map(|()| file)) {
            Ok(file) => (self.written, self.file) = (head.len() as u64, Some(file)),
            Err(error) => self.trouble = Some(error),
        }
    }

    /// Ends the file: says what was left out, and gives the end.
    pub fn finish(&mut self) {
        if let Some(file) = &mut self.file
            && self.size > self.written
            && self.trouble.is_none()
        {
            let end = self.tail.len().min(TAIL).min((self.size - self.written) as usize);
            let left_out = self.size - self.written - end as u64;
            let marked = if left_out > 0 { write!(file, "\n… {left_out} bytes left out …\n") } else { Ok(()) };
            self.trouble = marked.and_then(|()| file.write_all(&self.tail[self.tail.len() - end..])).err();
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

    /// Returns where the whole is, if it is more than 16 KiB and could be written.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_ref().filter(|_| self.trouble.is_none()).map(|_| self.path.as_path())
    }

    /// Returns why the whole is nowhere, if that is so.
    pub fn trouble(&self) -> Option<&io::Error> {
        self.trouble.as_ref().filter(|_| self.gap || self.tail().len() as u64 != self.size)
    }

    /// Says that something is missing in it.
    pub fn lacks(&mut self, why: io::Error) {
        self.trouble.get_or_insert(why);
        self.gap = true;
    }

    /// Removes its file.
    pub fn discard(self) {
        let _ = self.file.map(|_| fs::remove_file(&self.path));
    }

    /// Hands all of it to `each`, piece by piece, as far as the file holds it; after [`Log::finish`].
    ///
    /// # Errors
    /// When the file cannot be read, or could not be written; then `each` has the end.
    pub fn pour(&self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let Some(path) = self.file() else {
            each(self.tail());
            return self.whole().map(drop);
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
    /// When the file cannot be read, or could not be written.
    pub fn whole(&self) -> io::Result<Vec<u8>> {
        match (self.trouble(), self.file()) {
            (Some(error), _) => Err(io::Error::new(error.kind(), error.to_string())),
            (None, Some(path)) => fs::read(path),
            (None, None) => Ok(self.tail().to_vec()),
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
        assert!(log.whole().is_err() && log.trouble().is_some());
    }

    #[test]
    fn what_a_full_disk_does_not_take_is_not_called_whole() {
        let printed = |count: usize| {
            let mut log = Log::new(Path::new("/dev/full"));
            (0..count).for_each(|_| log.push(&[b'x'; 4096]));
            log.finish();
            log
        };
        assert!(printed(10).whole().is_ok_and(|all| all.len() == 40_960), "the end is all of it");
        let log = printed(100);
        assert_eq!((log.file(), log.size(), log.tail().len()), (None, 409_600, TAIL));
        assert_eq!(log.trouble().map(io::Error::kind), Some(io::ErrorKind::StorageFull));
        let (mut other, mut poured) = (Log::new(Path::new("/dev/null/log")), 0);
        other.lacks(log.whole().unwrap_err());
        assert!(log.pour(&mut |piece| poured += piece.len()).is_err() && other.whole().is_err());
        assert_eq!(poured, TAIL);
    }
}
