//! Secrets taken out of a stream, however it is cut into pieces.

use std::collections::BTreeSet;

use super::spelling::{Found, Spelling};

const MARK: &[u8] = b"(secret)";

/// Shorter values would make holes in ordinary words: they are looked for as whole words only.
const SHORTEST: usize = 4;

/// Replaces secrets, and their common encodings (base64, hexadecimal, JSON, and as in a URL, whichever characters that leaves), by `(secret)`.
///
/// Where two of them start at one place, the longer one counts.
pub struct Redactor {
    needles: Vec<Vec<u8>>,
    /// Secrets as they stand in a URL and in JSON.
    spellings: Vec<Spelling>,
    /// Which bytes one of these starts with.
    starts: [bool; 256],
    held: Vec<u8>,
    /// The last byte that was dealt with.
    last: Option<u8>,
}

/// Returns a text without these secrets.
pub fn redacted(secrets: &[Vec<u8>], text: &str) -> String {
    if secrets.is_empty() {
        return text.to_owned();
    }
    let mut redactor = Redactor::new(secrets);
    let mut out = Vec::new();
    redactor.push(text.as_bytes(), &mut out);
    redactor.finish(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

impl Redactor {
    /// A redactor for these values, and for each line of those that have several. Values of less than 4 bytes are only found where neither
    /// a letter, a digit nor `_` touches them; such lines are left.
    pub fn new(secrets: &[Vec<u8>]) -> Redactor {
        let (mut needles, mut spellings, mut seen) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        let lines = secrets.iter().flat_map(|secret| secret.split(|byte| *byte == b'\n')).map(<[u8]>::trim_ascii);
        for secret in secrets.iter().map(Vec::as_slice).chain(lines).filter(|secret| secret.len() >= SHORTEST) {
            if !seen.insert(secret) {
                continue;
            }
            needles.insert(secret.to_vec());
            spellings
                .extend([Some(Spelling::in_url(secret)), std::str::from_utf8(secret).ok().map(Spelling::in_json)].into_iter().flatten());
            for upper in [false, true] {
                needles.insert(secret.iter().flat_map(|byte| hex(*byte, upper)).collect());
            }
            for letters in base64(secret) {
                needles.insert(
                    letters
                        .iter()
                        .map(|letter| match letter {
                            b'+' => b'-',
                            b'/' => b'_',
                            other => *other,
                        })
                        .collect(),
                );
                needles.insert(letters);
            }
        }
        let mut needles: Vec<Vec<u8>> = needles.into_iter().filter(|needle| needle.len() >= SHORTEST).collect();
        needles.extend(secrets.iter().filter(|secret| (1..SHORTEST).contains(&secret.len())).cloned());
        let mut starts = [false; 256];
        let first = needles.iter().map(|needle| needle[0]).chain(spellings.iter().flat_map(Spelling::starts));
        first.for_each(|byte| starts[usize::from(byte)] = true);
        Redactor { needles, spellings, starts, held: Vec::new(), last: None }
    }

    /// Whether there is nothing to look for.
    pub fn is_idle(&self) -> bool {
        self.needles.is_empty()
    }

    /// Takes more of the stream and adds to `out` what is certain by now.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.needles.is_empty() {
            out.extend_from_slice(bytes);
        } else if self.held.is_empty() {
            let certain = self.replace(bytes, out, true);
            self.held.extend_from_slice(&bytes[certain..]);
        } else {
            let mut held = std::mem::take(&mut self.held);
            held.extend_from_slice(bytes);
            let certain = self.replace(&held, out, true);
            held.drain(..certain);
            self.held = held;
        }
    }

    /// Adds what was held back, at the end of the stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        self.replace(&held, out, false);
    }

    /// Returns how many bytes were dealt with; where `more` may come, a needle that could still become whole is left.
    fn replace(&mut self, bytes: &[u8], out: &mut Vec<u8>, more: bool) -> usize {
        let dealt = self.deal(bytes, out, more);
        self.last = bytes[..dealt].last().copied().or(self.last);
        dealt
    }

    fn deal(&self, bytes: &[u8], out: &mut Vec<u8>, more: bool) -> usize {
        let mut at = 0;
        loop {
            let plain = bytes[at..].iter().position(|byte| self.starts[usize::from(*byte)]).unwrap_or(bytes.len() - at);
            out.extend_from_slice(&bytes[at..at + plain]);
            at += plain;
            let rest = &bytes[at..];
            if rest.is_empty() {
                return at;
            }
            let before = bytes[..at].last().copied().or(self.last);
            let plain = self.needles.iter().map(|needle| found(needle, before, rest, more));
            let spelled = self.spellings.iter().map(|spelling| spelling.found(rest, more));
            match plain.chain(spelled).max().unwrap_or(Found::No) {
                Found::Open => return at,
                Found::Whole(length) => {
                    out.extend_from_slice(MARK);
                    at += length;
                }
                Found::No => {
                    out.push(rest[0]);
                    at += 1;
                }
            }
        }
    }
}

/// Whether a needle stands at the start of `rest`.
fn found(needle: &[u8], before: Option<u8>, rest: &[u8], more: bool) -> Found {
    let word = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let whole = needle.len() < SHORTEST;
    if whole && word(before) {
        return Found::No;
    }
    if !rest.starts_with(needle) {
        return if more && needle.starts_with(rest) { Found::Open } else { Found::No };
    }
    match rest.get(needle.len()) {
        None if whole && more => Found::Open,
        next if whole && word(next.copied()) => Found::No,
        _ => Found::Whole(needle.len()),
    }
}

fn hex(byte: u8, upper: bool) -> Vec<u8> {
    if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }.into_bytes()
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
        // As JavaScript, PHP, Go, and one with large digits have it, in pieces, and half of it.
        let secret = r#"<pä"ß/\ 😀>"#;
        let jsons = [
            r#"<pä\"ß/\\ 😀>"#,
            r#"<p\u00e4\"\u00df\/\\ \ud83d\ude00>"#,
            r#"\u003cpä\"ß/\\ 😀\u003e"#,
            r#"<p\u00E4\u0022\u00DF/\u005C \uD83D\uDE00>"#,
        ];
        for json in jsons {
            for cut in (0..json.len()).filter(|cut| json.is_char_boundary(*cut)) {
                assert_eq!(redacted(secret, &[&json[..cut], &json[cut..], r"\u00"]), r"(secret)\u00", "{json} cut at {cut}");
                assert_eq!(redacted(secret, &[&json[..cut], "-"]), format!("{}-", &json[..cut]));
            }
        }
        // As Python, JavaScript and forms have it, each of which leaves other characters as they are, in pieces, and half of it.
        let urls =
            ["p%40ss/word%20one", "p%40ss%2Fword+one", "p@ss/word%20one", "p%40ss%2fword%20one", "%70%40%73%73%2F%77%6f%72%64%20%6F%6E%65"];
        for url in urls {
            for cut in 0..url.len() {
                assert_eq!(redacted("p@ss/word one", &[&url[..cut], &url[cut..], "&x=%2"]), "(secret)&x=%2", "{url} cut at {cut}");
                assert_eq!(redacted("p@ss/word one", &[&url[..cut], "-"]), format!("{}-", &url[..cut]));
            }
        }
        assert_eq!(redacted("100%25", &["100%25 100%2525"]), "(secret) (secret)");
        assert_eq!(redacted("p w%25zz", &["p+w%25zz p w%2525zz"]), "(secret) (secret)");
        // One that another one comes to in base64 has its own forms, too.
        let both = [b"~~?p~~?p~~?x".to_vec(), b"fn4/cH5+P3B+fj94".to_vec()];
        for text in ["fn4%2FcH5%2BP3B%2Bfj94", "Zm40L2NINStQM0IrZmo5NA=="] {
            assert!(super::redacted(&both, text).starts_with("(secret)"), "{text}");
        }
        assert_eq!(redacted("abc", &["616263 YWJj"]), "616263 YWJj");
    }

    #[test]
    fn each_line_of_one_that_has_several() {
        let key = "-----BEGIN KEY-----\r\n  MIIEow\n}\nlast line\n";
        assert_eq!(redacted(key, &["x MIIEow y} ", "last", " line\n"]), "x (secret) y} (secret)\n");
        assert_eq!(redacted(key, &["<", key, ">"]), "<(secret)>");
    }

    #[test]
    fn a_short_one_is_found_as_a_whole_word() {
        let text = "pin=42! 420 x42 42";
        for cut in 0..text.len() {
            assert_eq!(redacted("42", &[&text[..cut], &text[cut..]]), "pin=(secret)! 420 x42 (secret)");
        }
        assert_eq!(redacted("", &["abc"]), "abc");
    }

    #[test]
    fn the_longer_of_two_that_start_alike() {
        let mut redactor = Redactor::new(&[b"hunter".to_vec(), b"hunter2hunter2".to_vec()]);
        let mut out = Vec::new();
        for piece in ["hunter", "2hunt", "er2 hunter", "2hun"] {
            redactor.push(piece.as_bytes(), &mut out);
        }
        redactor.finish(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "(secret) (secret)2hun");
    }
}
