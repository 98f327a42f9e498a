//! Secrets taken out of a stream, however it is cut into pieces.

use std::collections::BTreeSet;

const MARK: &[u8] = b"(secret)";

/// Shorter values would make holes in ordinary words.
const SHORTEST: usize = 4;

/// Replaces secrets, and their common encodings (base64, hexadecimal, percent, JSON), by `(secret)`.
pub struct Redactor {
    needles: Vec<Vec<u8>>,
    held: Vec<u8>,
    longest: usize,
}

impl Redactor {
    /// A redactor for these values; those of less than 4 bytes are left alone.
    pub fn new(secrets: &[Vec<u8>]) -> Redactor {
        let mut needles: BTreeSet<Vec<u8>> = BTreeSet::new();
        for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
            needles.insert(secret.clone());
            needles.insert(secret.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
            needles.insert(secret.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect());
            needles.insert(percent(secret));
            if let Ok(text) = std::str::from_utf8(secret) {
                let json = serde_json::to_string(text).unwrap_or_default();
                needles.insert(json.trim_matches('"').as_bytes().to_vec());
            }
            needles.extend(base64(secret));
        }
        let mut needles: Vec<Vec<u8>> = needles.into_iter().filter(|needle| needle.len() >= SHORTEST).collect();
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        let longest = needles.first().map_or(0, Vec::len);
        Redactor { needles, held: Vec::new(), longest }
    }

    /// Takes more of the stream and adds to `out` what is certain by now.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.needles.is_empty() {
            out.extend_from_slice(bytes);
            return;
        }
        self.held.extend_from_slice(bytes);
        let mut at = 0;
        while at < self.held.len() {
            let rest = &self.held[at..];
            if let Some(needle) = self.needles.iter().find(|needle| rest.starts_with(needle)) {
                out.extend_from_slice(MARK);
                at += needle.len();
            } else if rest.len() < self.longest && self.needles.iter().any(|needle| needle.starts_with(rest)) {
                break;
            } else {
                out.push(rest[0]);
                at += 1;
            }
        }
        self.held.drain(..at);
    }

    /// Adds what was held back, at the end of the stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
    }
}

fn percent(secret: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    secret.iter().flat_map(|byte| if plain(byte) { vec![*byte] } else { format!("%{byte:02X}").into_bytes() }).collect()
}

/// The part of a base64 text that is the same whatever stands before and behind the secret, for each of the three alignments.
fn base64(secret: &[u8]) -> Vec<Vec<u8>> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..3)
        .map(|shift| {
            let mut bits: Vec<u8> = vec![0; shift];
            bits.extend_from_slice(secret);
            let letters: Vec<u8> = bits
                .chunks(3)
                .flat_map(|chunk| {
                    let word = chunk.iter().chain([&0, &0]).take(3).fold(0u32, |word, byte| word << 8 | u32::from(*byte));
                    (0..=chunk.len()).map(move |index| LETTERS[(word >> (18 - 6 * index) & 63) as usize])
                })
                .collect();
            let skip = [0, 2, 3][shift];
            let cut = usize::from(!bits.len().is_multiple_of(3));
            letters.get(skip..letters.len() - cut).unwrap_or_default().to_vec()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(secret: &str, pieces: &[&str]) -> String {
        let mut redactor = Redactor::new(&[secret.as_bytes().to_vec()]);
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| redactor.push(piece.as_bytes(), &mut out));
        redactor.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn however_it_is_cut() {
        let text = "token=hunter2! done";
        for cut in 0..text.len() {
            assert_eq!(redacted("hunter2!", &[&text[..cut], &text[cut..]]), "token=(secret) done");
        }
    }

    #[test]
    fn however_it_is_written() {
        // `user:hunter2!` and `x:hunter2!` and `ab:hunter2!` in base64, so that the secret starts at each of the three alignments.
        for text in ["68756e74657232", "hunter2", "dXNlcjpodW50ZXIyCg==", "eDpodW50ZXIyIQ==", "OmFodW50ZXIy"] {
            assert!(redacted("hunter2", &[text]).contains("(secret)"), "{text}");
        }
        assert_eq!(redacted("a b&c", &["a%20b%26c"]), "(secret)");
        assert_eq!(redacted("abc", &["abc"]), "abc");
    }
}
