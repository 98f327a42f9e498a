//! The bytes of one recorded result: magic, key, the digests it needs, payload, checksum over all of it.

use crate::base::Digest;

const MAGIC: &[u8; 8] = b"ORKETA1\n";

/// A recorded result as it was read.
pub(super) struct Entry<'a> {
    pub blobs: Vec<Digest>,
    pub payload: &'a [u8],
}

pub(super) fn encode(key: &Digest, payload: &[u8], blobs: &[Digest]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + 40 + 4 + blobs.len() * 40 + payload.len() + 32);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(bytemuck::bytes_of(key));
    bytes.extend_from_slice(&(blobs.len() as u32).to_le_bytes());
    blobs.iter().for_each(|digest| bytes.extend_from_slice(bytemuck::bytes_of(digest)));
    bytes.extend_from_slice(payload);
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes
}

/// Reads what [`encode`] wrote for this key; `None` for anything else.
pub(super) fn decode<'a>(bytes: &'a [u8], key: Option<&Digest>) -> Option<Entry<'a>> {
    let (body, checksum) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if blake3::hash(body).as_bytes() != checksum {
        return None;
    }
    let rest = body.strip_prefix(MAGIC)?;
    let (own_key, rest) = rest.split_at_checked(40)?;
    if key.is_some_and(|key| bytemuck::bytes_of(key) != own_key) {
        return None;
    }
    let (count, rest) = rest.split_at_checked(4)?;
    let count = u32::from_le_bytes(count.try_into().ok()?) as usize;
    let (digests, payload) = rest.split_at_checked(count.checked_mul(40)?)?;
    let blobs = digests.chunks_exact(40).map(bytemuck::pod_read_unaligned).collect();
    Some(Entry { blobs, payload })
}
