//! Patterns over paths: `*` and `?` stay within one part, `**` crosses folders, `[a-z]` is one of, `{a,b}` is either.
//!
//! Patterns are anchored: `*.rs` means the files beside it, `**/*.rs` those at any depth. A backslash takes the next
//! character as it is. Hidden files match. The matching is `globset`'s.

use std::borrow::Cow;

use std::os::unix::ffi::OsStrExt;

use globset::GlobBuilder;
use regex::bytes::{Regex, RegexBuilder};

use super::RelPath;

/// What patterns use for themselves.
const SPECIAL: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// One compiled pattern, relative to the root of the project.
#[derive(Clone, Debug)]
pub struct Glob {
    matcher: Regex,
    base: RelPath,
}

/// Whether `text` is a pattern rather than the name of one file: it holds a special character that no backslash takes as it is.
pub fn is_glob(text: &str) -> bool {
    plain(text).is_none()
}

/// Returns the pattern that means the one file or folder of this name.
pub fn literal(name: &str) -> Cow<'_, str> {
    if !name.contains(SPECIAL) {
        return Cow::Borrowed(name);
    }
    let with = |c: char| if SPECIAL.contains(&c) { vec!['\\', c] } else { vec![c] };
    Cow::Owned(name.chars().flat_map(with).collect())
}

/// Returns the name of the one file or folder that `text` means; `None` if it is a pattern.
pub fn plain(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['*', '?', '[', '{', '\\']) {
        return Some(Cow::Borrowed(text));
    }
    let mut name = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '*' | '?' | '[' | '{' => return None,
            '\\' => name.push(characters.next().unwrap_or('\\')),
            c => name.push(c),
        }
    }
    Some(Cow::Owned(name))
}

impl Glob {
    /// Compiles a pattern that is relative to the root.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it, from `globset`.
    pub fn new(pattern: &str) -> Result<Glob, String> {
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .empty_alternates(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| error.kind().to_string())?;
        let matcher =
            RegexBuilder::new(&by_characters(glob.regex())).dot_matches_new_line(true).build().map_err(|error| error.to_string())?;
        let literal: Vec<&str> = pattern.split('/').take_while(|part| !is_glob(part) && !part.contains('\\')).collect();
        let folders = if literal.len() == pattern.split('/').count() { &literal[..literal.len() - 1] } else { &literal[..] };
        Ok(Glob { matcher, base: RelPath::from_normal(folders.join("/").into_bytes()) })
    }

    /// Whether the pattern matches this path as a whole.
    pub fn matches(&self, path: &RelPath) -> bool {
        path.is_in(&self.base) && self.matcher.is_match(path.as_path().as_os_str().as_bytes())
    }

    /// Returns the deepest folder that all matches are certain to stand in: where a walk has to begin.
    pub fn base(&self) -> &RelPath {
        &self.base
    }
}

/// Returns a regular expression of `globset`'s, which is one over bytes, in which `?` and `[…]` are one character each; `*` still takes
/// names that are no text.
fn by_characters(regex: &str) -> String {
    let mut text = String::with_capacity(regex.len() + 16);
    let mut rest = regex;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '[' => class_length(rest),
            c => c.len_utf8(),
        };
        let (piece, behind) = rest.split_at(length);
        match c {
            '[' if !(piece == "[^/]" && behind.starts_with('*')) => text.push_str(&format!("(?u:[{}&&[^/]])", as_text(piece))),
            _ => text.push_str(piece),
        }
        rest = behind;
    }
    text
}

/// Returns a class with bytes such as `\xC3\xA9` as the characters that they are.
fn as_text(class: &str) -> String {
    let (mut text, mut rest) = (String::new(), class);
    while let Some(c) = rest.chars().next() {
        let mut bytes = Vec::new();
        while let Some(byte) = rest.strip_prefix("\\x").and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok()) {
            bytes.push(byte);
            rest = &rest[4..];
        }
        if !bytes.is_empty() {
            text.push_str(&regex::escape(&String::from_utf8_lossy(&bytes)));
            continue;
        }
        // What a backslash takes as it is stays behind it.
        let length = if c == '\\' { 1 + rest[1..].chars().next().map_or(0, char::len_utf8) } else { c.len_utf8() };
        text.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    text
}

/// Returns how long the class is that a regular expression begins with, in bytes.
fn class_length(regex: &str) -> usize {
    let mut escaped = false;
    let mut characters = regex.char_indices().skip(1);
    let end = characters.find(|(_, c)| {
        let ends = *c == ']' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(regex.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_one_whatever_bytes_it_has() {
        assert!(matches("a/?.c", "a/é.c") && !matches("a/?.c", "a/éé.c") && matches("a/??.c", "a/éx.c"));
        assert!(matches("a/[!0-9].c", "a/é.c") && matches("[à-é]", "é") && !matches("[à-é]", "z") && matches("[]x]", "]"));
        assert!(!matches("a[!b]c", "a/c") && matches("a*c", "aéc") && matches("[a\\]]x", "\\]x"));
        assert!(matches("d/[\\xab]*", "d/x1") && matches("d/[\\xab]*", "d/\\") && !matches("d/[\\xab]*", "d/c"));
        let odd = RelPath::from_normal(&b"a/\xff.c"[..]);
        assert!(Glob::new("a/*.c").unwrap().matches(&odd));
    }

    fn matches(pattern: &str, path: &str) -> bool {
        Glob::new(pattern).unwrap().matches(&RelPath::parse(path).unwrap())
    }

    #[test]
    fn stars_and_folders() {
        assert!(matches("src/**/*.rs", "src/a.rs"));
        assert!(matches("src/**/*.rs", "src/b/c/a.rs"));
        assert!(!matches("src/*.rs", "src/b/a.rs"));
        assert!(!matches("*.rs", "src/a.rs"));
        assert!(matches("src/**", "src/.hidden"));
        assert!(matches("src/*.{c,h}", "src/a.h"));
        assert!(matches("src/{,b/}*.c", "src/a.c") && matches("src/{,b/}*.c", "src/b/a.c"));
        assert!(matches("a[0-9]", "a7"));
        assert!(matches("a\\*", "a*"));
    }

    #[test]
    fn a_walk_begins_at_the_last_certain_folder() {
        let base = |pattern| Glob::new(pattern).unwrap().base().to_string();
        assert_eq!(base("src/gen/**/*.rs"), "src/gen");
        assert_eq!(base("**/*.rs"), ".");
        assert_eq!(base("src/a?/x"), "src");
    }

    #[test]
    fn a_backslash_takes_a_special_character_as_it_is() {
        assert_eq!(plain("out/[x].o"), None);
        assert_eq!(plain("out/\\[x\\].o").as_deref(), Some("out/[x].o"));
        assert_eq!(plain("out/\\[*\\].o"), None);
        assert_eq!(plain("a\\\\*"), None);
        assert_eq!(plain("a\\\\b").as_deref(), Some("a\\b"));
        assert_eq!(plain("plain/").as_deref(), Some("plain/"));
    }

    #[test]
    fn a_broken_pattern_says_why() {
        assert!(Glob::new("a[").unwrap_err().contains("class"));
    }
}
