//! One contiguous block of bytes: a head, then sections of plain rows, each aligned to 16 bytes.
//!
//! The head holds a magic word, a version, the place of each section, and a checksum over all of that and the sections that are always
//! read. The sections behind those are cold: most readers never touch them, so whoever does checks what it takes by itself. Whatever is off
//! (length, magic, version, checksum, a section outside the file or out of step with its row's size) makes the image unusable, never unsafe:
//! rows are plain old data, and every index in them is checked where it is used.
//!
//! What is mapped is checked by reading the file piece by piece, not through the map: so only what is used takes memory.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::thread;

use xxhash_rust::xxh3::xxh3_64;

/// The bytes of an image: built in memory, or mapped from a file.
#[derive(Clone)]
pub enum Bytes {
    /// Built in memory; `u64`s, so that rows are aligned.
    Owned(Arc<Vec<u128>>),
    /// Mapped from this file, which is only ever replaced as a whole: reading it gives what the map does.
    Mapped(Arc<(memmap2::Mmap, File)>),
}

impl Bytes {
    /// Returns the bytes, aligned to 16.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Owned(words) => bytemuck::cast_slice(words),
            Bytes::Mapped(mapped) => &mapped.0,
        }
    }

    /// Returns a checksum of some of the bytes; `None` if the file has no such bytes any more.
    fn checksum(&self, range: Range<usize>) -> Option<u64> {
        match self {
            Bytes::Owned(words) => checksum_of(bytemuck::cast_slice(words), range),
            Bytes::Mapped(mapped) => checksum(range, |piece, buffer| {
                buffer.resize(piece.len(), 0);
                mapped.1.read_exact_at(buffer, piece.start as u64).ok()?;
                Some(xxh3_64(buffer))
            }),
        }
    }
}

/// Returns the checksum of the checksums of all pieces, which two threads find out where there are many. `hash`: that of one piece, with a
/// buffer that is at hand.
fn checksum(range: Range<usize>, hash: impl Fn(Range<usize>, &mut Vec<u8>) -> Option<u64> + Sync) -> Option<u64> {
    let pieces: Vec<Range<usize>> = range.clone().step_by(PIECE).map(|start| start..range.end.min(start + PIECE)).collect();
    let hashes = |pieces: &[Range<usize>]| -> Option<Vec<u64>> {
        let mut buffer = Vec::new();
        pieces.iter().map(|piece| hash(piece.clone(), &mut buffer)).collect()
    };
    let (first, second) = pieces.split_at(if pieces.len() < MANY { pieces.len() } else { pieces.len() / 2 });
    let all = thread::scope(|scope| {
        let beside = (!second.is_empty()).then(|| thread::Builder::new().spawn_scoped(scope, || hashes(second)).ok()).flatten();
        let first = hashes(first)?;
        let second = beside.and_then(|beside| beside.join().ok()).unwrap_or_else(|| hashes(second))?;
        Some([first, second].concat())
    });
    all.map(|all| xxh3_64(bytemuck::cast_slice(&all)))
}

fn checksum_of(bytes: &[u8], range: Range<usize>) -> Option<u64> {
    checksum(range, |piece, _| bytes.get(piece).map(xxh3_64))
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

/// Why some bytes are no image that this version can use. The remedy is always the same: build it again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ImageError {
    /// Another magic word or version.
    #[error("it was written by another version")]
    Version,
    /// The checksum or a length is off.
    #[error("it is damaged")]
    Damaged,
}

const ALIGN: usize = 16;
const HEAD: usize = 32;

/// How many bytes are hashed at a time: so few that they are still in a processor's cache when they have been read.
const PIECE: usize = 128 << 10;

/// From how many pieces on it is worth a thread.
const MANY: usize = 32;

/// Joins sections, each of which is there in pieces, into an image; the checksum covers the first `warm` of them.
pub fn build(magic: [u8; 8], version: u32, sections: &[&[&[u8]]], warm: usize) -> Bytes {
    let size = |section: &[&[u8]]| section.iter().map(|piece| piece.len()).sum::<usize>();
    let start = (HEAD + sections.len() * 16).next_multiple_of(ALIGN);
    let length = start + sections.iter().map(|section| size(section).next_multiple_of(ALIGN)).sum::<usize>();
    let mut words = vec![0u128; length / ALIGN];
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
    let (mut place, mut checked) = (start, start);
    for (index, section) in sections.iter().enumerate() {
        let row = HEAD + index * 16;
        bytes[row..row + 8].copy_from_slice(&(place as u64).to_le_bytes());
        bytes[row + 8..row + 16].copy_from_slice(&(size(section) as u64).to_le_bytes());
        for piece in *section {
            bytes[place..place + piece.len()].copy_from_slice(piece);
            place += piece.len();
        }
        place = place.next_multiple_of(ALIGN);
        if index < warm {
            checked = place;
        }
    }
    bytes[..8].copy_from_slice(&magic);
    bytes[8..12].copy_from_slice(&version.to_le_bytes());
    bytes[12..16].copy_from_slice(&(sections.len() as u32).to_le_bytes());
    bytes[16..24].copy_from_slice(&(length as u64).to_le_bytes());
    let checksum = checksum_of(bytes, HEAD..checked).unwrap_or_default();
    bytes[24..32].copy_from_slice(&checksum.to_le_bytes());
    Bytes::Owned(Arc::new(words))
}

/// Checks an image, but for what stands in its cold sections, and returns where each section stands.
///
/// # Errors
/// When anything about it is not as [`build`] leaves it.
pub fn open(bytes: &Bytes, magic: [u8; 8], version: u32, sections: usize, warm: usize) -> Result<Vec<std::ops::Range<usize>>, ImageError> {
    let image = bytes;
    let bytes = image.as_slice();
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap_or_default());
    if bytes.len() < HEAD + sections * 16 {
        return Err(ImageError::Damaged);
    }
    let head = u64::from(version) | (sections as u64) << 32;
    if bytes[..8] != magic || word(8) != head {
        return Err(ImageError::Version);
    }
    if word(16) != bytes.len() as u64 {
        return Err(ImageError::Damaged);
    }
    let places = (0..sections)
        .map(|index| {
            let start = word(HEAD + index * 16) as usize;
            let end = start.checked_add(word(HEAD + index * 16 + 8) as usize).ok_or(ImageError::Damaged)?;
            if !start.is_multiple_of(ALIGN) || end > bytes.len() { Err(ImageError::Damaged) } else { Ok(start..end) }
        })
        .collect::<Result<Vec<_>, _>>()?;
    let checked = match warm.checked_sub(1).and_then(|last| places.get(last)) {
        Some(last) => last.end.next_multiple_of(ALIGN).min(bytes.len()),
        None => (HEAD + sections * 16).next_multiple_of(ALIGN),
    };
    if checked < HEAD || Some(word(24)) != image.checksum(HEAD..checked) {
        return Err(ImageError::Damaged);
    }
    Ok(places)
}

/// Returns what tells an image from others: its length, and the checksum of what is always read.
pub fn mark(bytes: &Bytes) -> [u64; 2] {
    let word = |at: usize| bytes.as_slice().get(at..at + 8).map_or(0, |word| u64::from_le_bytes(word.try_into().unwrap_or_default()));
    [word(16), word(24)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: [u8; 8] = *b"ORKTEST\n";

    fn copy(bytes: &[u8]) -> Bytes {
        let mut words = vec![0u128; bytes.len() / ALIGN];
        bytemuck::cast_slice_mut(&mut words).copy_from_slice(&bytes[..bytes.len() / ALIGN * ALIGN]);
        Bytes::Owned(Arc::new(words))
    }

    #[test]
    fn sections_come_back() {
        let image = build(MAGIC, 3, &[&[b"one"], &[], &[b"th", b"ree"]], 3);
        let places = open(&image, MAGIC, 3, 3, 3).unwrap();
        assert_eq!(&image.as_slice()[places[2].clone()], b"three");
        assert_eq!(places[1].len(), 0);
        assert_eq!(open(&image, MAGIC, 4, 3, 3).unwrap_err(), ImageError::Version);
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_is_noticed() {
        let image = build(MAGIC, 1, &[&[b"some ", b"bytes"], &[b"more"]], 2);
        let whole = image.as_slice();
        for at in 0..whole.len() * 8 {
            let mut bytes = whole.to_vec();
            bytes[at / 8] ^= 1 << (at % 8);
            assert!(open(&copy(&bytes), MAGIC, 1, 2, 2).is_err(), "bit {at}");
        }
        for length in (0..whole.len()).step_by(ALIGN) {
            assert!(open(&copy(&whole[..length]), MAGIC, 1, 2, 2).is_err(), "length {length}");
        }
    }

    #[test]
    fn a_flipped_bit_in_any_piece_of_a_large_image_is_noticed() {
        let image = build(MAGIC, 1, &[&[&vec![7; PIECE * MANY + 5]]], 1);
        let mut bytes = image.as_slice().to_vec();
        assert!(open(&copy(&bytes), MAGIC, 1, 1, 1).is_ok());
        for at in (HEAD + PIECE - 1..bytes.len()).step_by(PIECE).chain([bytes.len() - 1]) {
            bytes[at] ^= 1;
            assert_eq!(open(&copy(&bytes), MAGIC, 1, 1, 1).unwrap_err(), ImageError::Damaged, "byte {at}");
            bytes[at] ^= 1;
        }
    }

    #[test]
    fn what_is_cold_is_left_to_its_reader() {
        let image = build(MAGIC, 1, &[&[b"warm"], &[b"cold"]], 1);
        let places = open(&image, MAGIC, 1, 2, 1).unwrap();
        let mut bytes = image.as_slice().to_vec();
        bytes[places[1].start] ^= 1;
        assert_eq!(open(&copy(&bytes), MAGIC, 1, 2, 1).unwrap(), places);
        assert_eq!(open(&copy(&bytes), MAGIC, 1, 2, 2).unwrap_err(), ImageError::Damaged);
        bytes[places[0].start] ^= 1;
        assert_eq!(open(&copy(&bytes), MAGIC, 1, 2, 1).unwrap_err(), ImageError::Damaged);
    }
}
