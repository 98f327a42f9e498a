//! Facts by content: what was extracted once need not be parsed again.

use std::fs;
use std::path::PathBuf;

use crate::base::Digest;
use crate::disk::write_beside;

/// Keeps facts under the digest of what they were extracted from.
pub trait Known: Sync {
    /// Returns what was put under `key`, if it is still there.
    fn get(&self, key: &Digest) -> Option<Vec<u8>>;
    /// Keeps facts; losing them costs time only.
    fn put(&self, key: &Digest, facts: &[u8]);
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl Known for Forgetful {
    fn get(&self, _: &Digest) -> Option<Vec<u8>> {
        None
    }

    fn put(&self, _: &Digest, _: &[u8]) {}
}

/// Keeps facts in a folder, a file for each content; several processes may use it at once.
#[derive(Clone, Debug)]
pub struct FactFolder(PathBuf);

impl FactFolder {
    /// Returns the facts kept in `folder`, which is made when something is put there.
    pub fn new(folder: PathBuf) -> FactFolder {
        FactFolder(folder)
    }

    fn path(&self, key: &Digest) -> PathBuf {
        let hex = key.hex();
        self.0.join(&hex[..2]).join(&hex[2..])
    }
}

impl Known for FactFolder {
    /// What was torn or damaged counts as not there: a checksum of the facts stands before them.
    fn get(&self, key: &Digest) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.path(key)).ok()?;
        let (sum, facts) = bytes.split_at_checked(8)?;
        if sum != xxhash_rust::xxh3::xxh3_64(facts).to_le_bytes() {
            return None;
        }
        Some(bytes.split_off(8))
    }

    fn put(&self, key: &Digest, facts: &[u8]) {
        let path = self.path(key);
        let mut bytes = xxhash_rust::xxh3::xxh3_64(facts).to_le_bytes().to_vec();
        bytes.extend_from_slice(facts);
        if path.parent().is_some_and(|folder| fs::create_dir_all(folder).is_ok()) {
            let _ = write_beside(&path, &bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_and_damaged_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let (known, key) = (FactFolder::new(folder.path().join("facts")), Digest::of(b"x"));
        assert_eq!(known.get(&key), None);
        known.put(&key, b"facts");
        assert_eq!(known.get(&key).as_deref(), Some(&b"facts"[..]));
        fs::write(known.path(&key), b"01234567facts").unwrap();
        assert_eq!(known.get(&key), None);
    }
}
