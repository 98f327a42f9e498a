//! An append-only file of records: length, checksum, bytes. A torn or damaged tail ends it; what stands before is good.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 8] = b"ORKETJ1\n";

/// A journal that is being written.
pub struct Journal {
    file: File,
    length: u64,
}

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
        Ok(Journal { file, length })
    }

    /// Appends one record, in one write.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, record: &[u8]) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(12 + record.len());
        bytes.extend_from_slice(&(record.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&xxh3_64(record).to_le_bytes());
        bytes.extend_from_slice(record);
        self.file.write_all(&bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Returns how many bytes it has.
    pub fn length(&self) -> u64 {
        self.length
    }
}

/// Hands every good record in `bytes` to `each` and returns where the last one ends; 0 if the file is none of this version's.
pub fn read<'a>(bytes: &'a [u8], mut each: impl FnMut(&'a [u8])) -> u64 {
    if !bytes.starts_with(MAGIC) {
        return 0;
    }
    let mut at = MAGIC.len();
    while let Some(head) = bytes.get(at..at + 12) {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let checksum = u64::from_le_bytes(head[4..].try_into().unwrap_or_default());
        match bytes.get(at + 12..at + 12 + length) {
            Some(record) if xxh3_64(record) == checksum => each(record),
            _ => break,
        }
        at += 12 + length;
    }
    at as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_tail_is_cut_and_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::open(&path, 0).unwrap();
        journal.append(b"one").unwrap();
        journal.append(b"two").unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in 8..whole.len() {
            let mut found = Vec::new();
            let good = read(&whole[..cut], |record| found.push(record.to_vec()));
            assert_eq!(found.len(), usize::from(cut >= 23));
            std::fs::write(&path, &whole[..cut]).unwrap();
            Journal::open(&path, good).unwrap().append(b"new").unwrap();
            let now = std::fs::read(&path).unwrap();
            let mut last = Vec::new();
            read(&now, |record| last = record.to_vec());
            assert_eq!(last, b"new");
        }
    }
}
