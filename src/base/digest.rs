//! What bytes are called: their hash and their size.

use std::fmt;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

/// The BLAKE3 hash of some bytes, and how many they are. Prints as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Digest {
    /// BLAKE3, 256 bits.
    pub hash: [u8; 32],
    /// The length in bytes.
    pub size: u64,
}

impl Digest {
    /// The digest of no bytes at all.
    pub fn empty() -> Digest {
        Digest::of(b"")
    }

    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest { hash: *blake3::hash(bytes).as_bytes(), size: bytes.len() as u64 }
    }

    /// Returns the digest of everything that `reader` gives, or the first error it gives.
    pub fn of_reader(reader: &mut impl Read) -> io::Result<Digest> {
        let mut hasher = blake3::Hasher::new();
        let mut buffer = [0u8; 65536];
        let mut size = 0;
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(Digest { hash: *hasher.finalize().as_bytes(), size }),
                Ok(n) => {
                    hasher.update(&buffer[..n]);
                    size += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns 128 bits of the hash, as much as it takes to tell any two digests apart.
    pub fn mark(&self) -> [u64; 2] {
        [0, 8].map(|at| u64::from_le_bytes(self.hash[at..at + 8].try_into().unwrap_or_default()))
    }

    /// Returns the hash as 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.hash).to_hex().to_string()
    }

    /// Returns the first 12 hexadecimal digits, enough for a person to tell two digests apart.
    pub fn short(&self) -> String {
        blake3::Hash::from_bytes(self.hash).to_hex()[..12].to_owned()
    }

    /// Returns all of it as one text: the hash, a slash, the size.
    pub fn name(&self) -> String {
        format!("{}/{}", self.hex(), self.size)
    }

    /// Reads what [`Digest::name`] returns; `None` for anything else.
    pub fn from_name(text: &str) -> Option<Digest> {
        let (hash, size) = text.split_once('/')?;
        Digest::from_hex(hash, size.parse().ok()?)
    }

    /// Reads 64 hexadecimal digits; `None` for anything else. The size is not part of the text and is handed in.
    pub fn from_hex(text: &str, size: u64) -> Option<Digest> {
        let text = text.as_bytes();
        if text.len() != 64 {
            return None;
        }
        let digit = |byte: u8| (byte as char).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
        let mut hash = [0u8; 32];
        for (index, byte) in hash.iter_mut().enumerate() {
            *byte = (digit(text[2 * index])? * 16 + digit(text[2 * index + 1])?) as u8;
        }
        Some(Digest { hash, size })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.short(), self.size)
    }
}

/// Builds a digest piece by piece. Every piece is written with its length, so that no two sequences of pieces look alike.
pub struct Hasher {
    inner: blake3::Hasher,
    /// Pieces that were not handed on yet: most are a few bytes long, and each hand-over has its price.
    waiting: Vec<u8>,
    size: u64,
}

/// How many bytes are handed on at once: what blake3 digests as one chunk.
const CHUNK: usize = 1024;

impl Default for Hasher {
    fn default() -> Self {
        Hasher::new()
    }
}

impl Hasher {
    /// Starts with nothing.
    pub fn new() -> Hasher {
        Hasher { inner: blake3::Hasher::new(), waiting: Vec::with_capacity(CHUNK), size: 0 }
    }

    /// Adds one piece.
    pub fn piece(&mut self, bytes: &[u8]) -> &mut Hasher {
        if self.waiting.len() + 8 + bytes.len() > CHUNK {
            self.inner.update(&self.waiting);
            self.waiting.clear();
        }
        self.waiting.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        if bytes.len() <= CHUNK - 8 {
            self.waiting.extend_from_slice(bytes);
        } else {
            self.inner.update(&self.waiting).update(bytes);
            self.waiting.clear();
        }
        self.size += 8 + bytes.len() as u64;
        self
    }

    /// Adds a digest as one piece.
    pub fn digest(&mut self, digest: &Digest) -> &mut Hasher {
        self.piece(bytemuck::bytes_of(digest))
    }

    /// Returns the digest of all pieces so far; its size counts the pieces and their lengths.
    pub fn finish(&self) -> Digest {
        let hash = match self.inner.count() {
            0 => blake3::hash(&self.waiting),
            _ => self.inner.clone().update(&self.waiting).finalize(),
        };
        Digest { hash: *hash.as_bytes(), size: self.size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_of_pieces_is_that_of_all_their_bytes() {
        for lengths in [&[0, 3][..], &[1000, 8, 0], &[1016], &[1017, 5], &[500, 508, 1], &[500, 509, 1], &[4000, 1, 3000]] {
            let (mut hasher, mut whole) = (Hasher::new(), Vec::new());
            for length in lengths {
                let piece = vec![7u8; *length];
                hasher.piece(&piece);
                whole.extend_from_slice(&(*length as u64).to_le_bytes());
                whole.extend_from_slice(&piece);
                assert_eq!(hasher.finish(), Digest::of(&whole), "{lengths:?}");
            }
        }
    }

    #[test]
    fn hex_goes_there_and_back() {
        let digest = Digest::of(b"orket");
        assert_eq!(Digest::from_hex(&digest.hex(), 5), Some(digest));
        assert_eq!(Digest::from_hex(&digest.hex().to_uppercase(), 5), None);
        assert_eq!(Digest::from_hex("12", 5), None);
        assert_eq!(Digest::from_name(&digest.name()), Some(digest));
        assert_eq!(Digest::from_name(&digest.hex()), None);
    }

    #[test]
    fn pieces_do_not_run_together() {
        let one = Hasher::new().piece(b"ab").piece(b"c").finish();
        let two = Hasher::new().piece(b"a").piece(b"bc").finish();
        assert_ne!(one, two);
    }
}
