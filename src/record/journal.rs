//! An append-only file of records: length, checksum, bytes. A torn or damaged tail ends it; what stands before is good.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 8] = b"ORKETJ5\n";

/// A journal that is being written.
pub struct Journal {
    file: File,
    length: u64,
    waiting: Vec<u8>,
}

/// From how many bytes on waiting records are written.
const FULL: usize = 64 << 10;

impl Journal {
    /// Opens a journal to append behind its last good record, or starts one.
    ///
    /// # Errors
    /// When the file cannot be opened or written.
    pub fn open(path: &Path, good: u64) -> io::Result<Journal> {
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        let length = if good < MAGIC.len() as u64 {
            file.set_len(0)?;
            file.write_all(MAGIC)?;
            MAGIC.len() as u64
        } else {
            file.set_len(good)?;
            io::Seek::seek(&mut file, io::SeekFrom::Start(good))?;
            good
        };
        Ok(Journal { file, length, waiting: Vec::new() })
    }

    /// Appends one record. It is written at the latest by [`Journal::flush`].
    ///
    /// # Errors
    /// When the file cannot be written: what was waiting is lost then.
    pub fn append(&mut self, record: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(&(record.len() as u32).to_le_bytes());
        self.waiting.extend_from_slice(&xxh3_64(record).to_le_bytes());
        self.waiting.extend_from_slice(record);
        if self.waiting.len() < FULL { Ok(()) } else { self.flush() }
    }

    /// Writes what is waiting, in one write.
    ///
    /// # Errors
    /// When the file cannot be written: what was waiting is lost then.
    pub fn flush(&mut self) -> io::Result<()> {
        self.flush_by(|file, bytes| file.write_all(bytes))
    }

    fn flush_by(&mut self, write: impl FnOnce(&mut File, &[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.waiting);
        if let Err(error) = write(&mut self.file, &bytes) {
            // Half a record would hide all that is appended behind it.
            self.file.set_len(self.length)?;
            io::Seek::seek(&mut self.file, io::SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += bytes.len() as u64;
        bytes.clear();
        self.waiting = bytes;
        Ok(())
    }

    /// Returns how many bytes it has.
    pub fn length(&self) -> u64 {
        self.length
    }
}

/// How far a journal can be believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Good {
    /// Where the last good record ends; 0 if there is no journal of this version.
    pub end: u64,
    /// Whether what follows is damaged or of another version, and not just a record that was not written to its end.
    pub damaged: bool,
}

/// Hands the records in `bytes` to `each`, up to the first that is torn or damaged, or that `each` says it cannot read.
pub fn read<'a>(bytes: &'a [u8], mut each: impl FnMut(&'a [u8]) -> bool) -> Good {
    if !bytes.starts_with(MAGIC) {
        return Good { end: 0, damaged: !MAGIC.starts_with(bytes) };
    }
    let mut damaged = false;
    let mut at = MAGIC.len();
    while let Some(head) = bytes.get(at..at + 12) {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let checksum = u64::from_le_bytes(head[4..].try_into().unwrap_or_default());
        let Some(record) = bytes.get(at + 12..at + 12 + length) else { break };
        if xxh3_64(record) != checksum || !each(record) {
            damaged = true;
            break;
        }
        at += 12 + length;
    }
    Good { end: at as u64, damaged }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal with one record, in a folder that lives as long as the test.
    fn begun() -> (tempfile::TempDir, Journal) {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal"), 0).unwrap();
        journal.append(b"one").unwrap();
        (folder, journal)
    }

    fn records(bytes: &[u8]) -> (Vec<Vec<u8>>, Good) {
        let mut found = Vec::new();
        let good = read(bytes, |record| {
            found.push(record.to_vec());
            true
        });
        (found, good)
    }

    #[test]
    fn a_torn_tail_is_cut_and_written_over() {
        let (folder, mut journal) = begun();
        journal.append(b"two").unwrap();
        journal.flush().unwrap();
        let path = folder.path().join("journal");
        let whole = std::fs::read(&path).unwrap();
        for cut in 8..whole.len() {
            let (found, good) = records(&whole[..cut]);
            assert_eq!(found.len(), usize::from(cut >= 23));
            assert!(!good.damaged, "cut at {cut}");
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut journal = Journal::open(&path, good.end).unwrap();
            journal.append(b"new").unwrap();
            journal.flush().unwrap();
            assert_eq!(records(&std::fs::read(&path).unwrap()).0.last().unwrap(), b"new");
        }
    }

    #[test]
    fn another_version_a_changed_record_and_one_nobody_can_read_are_damage() {
        let (folder, mut journal) = begun();
        journal.append(b"two").unwrap();
        journal.flush().unwrap();
        let whole = std::fs::read(folder.path().join("journal")).unwrap();
        assert_eq!(read(&whole, |_| true), Good { end: 38, damaged: false });
        assert_eq!(read(&whole, |record| record != b"two"), Good { end: 23, damaged: true });
        assert_eq!(read(b"ORKETJ9\n", |_| true), Good { end: 0, damaged: true });
        for at in [0, 12, 20] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert_eq!(read(&bytes, |_| true), Good { end: if at == 0 { 0 } else { 8 }, damaged: true }, "byte {at}");
        }
    }

    #[test]
    fn a_write_that_fails_leaves_the_journal_as_it_was() {
        let (folder, mut journal) = begun();
        journal.flush().unwrap();
        journal.append(b"half a record").unwrap();
        let full = journal.flush_by(|file, bytes| {
            file.write_all(&bytes[..4])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);
        journal.append(b"two").unwrap();
        journal.flush().unwrap();
        let (found, good) = records(&std::fs::read(folder.path().join("journal")).unwrap());
        assert_eq!(found, [b"one", b"two"]);
        assert_eq!(good, Good { end: journal.length(), damaged: false });
    }
}
