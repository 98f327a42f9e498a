//! A text as it stands inside another one that escapes some of its characters, whichever these are: that differs from tool to tool.

/// What stands at one place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Found {
    No,
    /// So many bytes are a secret.
    Whole(usize),
    /// It could still turn out to be one when more comes.
    Open,
}

/// A text, as a sequence of characters each of which may be written in several ways.
pub(super) struct Spelling(Vec<[Piece; 3]>);

/// A few bytes; none at all where there are fewer ways. In those of an escape, which are more than two, hexadecimal digits may be large or small.
#[derive(Clone, Copy, Default)]
struct Piece {
    bytes: [u8; 12],
    length: u8,
}

impl Spelling {
    /// In a URL: each byte as it is or as `%XX`, a blank also as `+` (RFC 3986, 2.1; `application/x-www-form-urlencoded`).
    pub(super) fn in_url(text: &[u8]) -> Spelling {
        let ways = |byte: &u8| {
            let blank = if *byte == b' ' { Piece::of(b"+") } else { Piece::default() };
            [Piece::of(format!("%{byte:02x}").as_bytes()), Piece::of(&[*byte]), blank]
        };
        Spelling(text.iter().map(ways).collect())
    }

    /// In a JSON string: each character as it is, unless JSON forbids that, behind a backslash, or as `\uXXXX` (RFC 8259, 7).
    pub(super) fn in_json(text: &str) -> Spelling {
        let ways = |character: char| {
            let units: String = character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let short = match character {
                '"' | '\\' | '/' => Some(character),
                '\u{8}' => Some('b'),
                '\u{c}' => Some('f'),
                '\n' => Some('n'),
                '\r' => Some('r'),
                '\t' => Some('t'),
                _ => None,
            };
            let plain = (!matches!(character, '"' | '\\' | '\0'..='\u{1f}')).then(|| character.to_string());
            [Some(units), short.map(|short| format!("\\{short}")), plain].map(|way| Piece::of(way.unwrap_or_default().as_bytes()))
        };
        Spelling(text.chars().map(ways).collect())
    }

    /// Returns the bytes that it can start with.
    pub(super) fn starts(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.first().into_iter().flatten().filter(|piece| piece.length > 0).map(|piece| piece.bytes[0])
    }

    /// Whether it stands at the start of `rest`, to which `more` may come; of several ways that fit the longest.
    pub(super) fn found(&self, rest: &[u8], more: bool) -> Found {
        // Where what is read so far may end: `%25` is a `%`, or one of three characters.
        let (mut ends, mut open) = (vec![0], false);
        for ways in &self.0 {
            let mut next = Vec::new();
            for (at, piece) in ends.iter().flat_map(|at| ways.iter().filter(|piece| piece.length > 0).map(move |piece| (*at, piece))) {
                match piece.matches(&rest[at..]) {
                    length if length == piece.bytes().len() => next.push(at + length),
                    length => open |= more && length == rest.len() - at,
                }
            }
            next.sort_unstable();
            next.dedup();
            ends = next;
            if ends.is_empty() {
                break;
            }
        }
        match ends.last() {
            _ if open => Found::Open,
            Some(end) => Found::Whole(*end),
            None => Found::No,
        }
    }
}

impl Piece {
    fn of(text: &[u8]) -> Piece {
        let mut bytes = [0; 12];
        bytes[..text.len()].copy_from_slice(text);
        Piece { bytes, length: text.len() as u8 }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Returns how many bytes at the start of `rest` are as in this.
    fn matches(&self, rest: &[u8]) -> usize {
        let digits = self.length > 2;
        let same = |one: u8, other: u8| one == other || (digits && one.is_ascii_hexdigit() && one.eq_ignore_ascii_case(&other));
        self.bytes().iter().zip(rest).take_while(|(one, other)| same(**one, **other)).count()
    }
}
