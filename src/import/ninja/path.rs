//! Paths as ninja writes them, folded as ninja folds them, and words for the shell.

use std::borrow::Cow;

/// Folds `.`, `..` and repeated slashes, as ninja does: `..` at the beginning stays.
pub(super) fn canonical(path: Cow<'_, str>) -> Cow<'_, str> {
    let odd = |part: &str| matches!(part, "" | "." | "..");
    let bare = path.strip_prefix('/').unwrap_or(&path);
    if !bare.split('/').any(odd) {
        return path;
    }
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if absolute => {}
            name => parts.push(name),
        }
    }
    let joined = parts.join("/");
    Cow::Owned(match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => String::from("."),
        (false, false) => joined,
    })
}

/// Adds a path to a command as one word of the shell, quoted where that is needed.
pub(super) fn quoted(path: &str, out: &mut String) {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-' | b'.' | b'/');
    if path.bytes().all(safe) {
        out.push_str(path);
        return;
    }
    out.push('\'');
    for (index, piece) in path.split('\'').enumerate() {
        if index > 0 {
            out.push_str("'\\''");
        }
        out.push_str(piece);
    }
    out.push('\'');
}

/// Returns a path as the name of a target: what names may not hold is written as `%` and two digits, and so is `%`.
pub(super) fn name(path: &str) -> Cow<'_, str> {
    let odd = |c: char| {
        matches!(c, '%' | ':' | '[' | ']' | ',' | '*' | '?' | '"' | '\\' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || c.is_control()
    };
    let edge = path.starts_with(['-', '/']) || path != path.trim();
    if !edge && !path.contains(odd) {
        return Cow::Borrowed(path);
    }
    let (inner, last) = (path.len() - path.trim_start().len(), path.trim_end().len());
    let mut name = String::with_capacity(path.len() + 8);
    let mut buffer = [0; 4];
    for (at, c) in path.char_indices() {
        let escaped = odd(c) || (at == 0 && matches!(c, '-' | '/')) || at < inner || at >= last;
        match escaped {
            true => c.encode_utf8(&mut buffer).bytes().for_each(|byte| name.push_str(&format!("%{byte:02X}"))),
            false => name.push(c),
        }
    }
    Cow::Owned(name)
}

/// Returns a path as a pattern that means this one file.
pub fn pattern(path: &str) -> Cow<'_, str> {
    if !path.contains(['*', '?', '[', '{', '\\']) {
        return Cow::Borrowed(path);
    }
    let escape = |c: char| matches!(c, '*' | '?' | '[' | '{' | '\\').then_some('\\').into_iter().chain([c]);
    Cow::Owned(path.chars().flat_map(escape).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Address, glob};

    #[test]
    fn paths_are_folded_as_ninja_does() {
        let folded = |path: &'static str| canonical(Cow::Borrowed(path)).into_owned();
        // From ninja's own tests of CanonicalizePath.
        assert_eq!(folded("foo.h"), "foo.h");
        assert_eq!(folded("./foo.h"), "foo.h");
        assert_eq!(folded("./foo/./bar.h"), "foo/bar.h");
        assert_eq!(folded("./x/foo/../bar.h"), "x/bar.h");
        assert_eq!(folded("./x/foo/../../bar.h"), "bar.h");
        assert_eq!(folded("foo//bar"), "foo/bar");
        assert_eq!(folded("foo//.//..///bar"), "bar");
        assert_eq!(folded("./x/../foo/../../bar.h"), "../bar.h");
        assert_eq!(folded("foo/./."), "foo");
        assert_eq!(folded("foo/bar/.."), "foo");
        assert_eq!(folded("foo/.hidden_bar"), "foo/.hidden_bar");
        assert_eq!(folded("/foo"), "/foo");
        assert_eq!(folded("../../foo/bar.h"), "../../foo/bar.h");
        assert_eq!(folded(".."), "..");
        assert_eq!(folded("foo/.."), ".");
    }

    #[test]
    fn words_for_the_shell() {
        let word = |path: &str| {
            let mut out = String::new();
            quoted(path, &mut out);
            out
        };
        assert_eq!(word("some/sensible/path/without/crazy/characters.c++"), "some/sensible/path/without/crazy/characters.c++");
        assert_eq!(word("foo bar\"/'$@d!st!c'/path'"), "'foo bar\"/'\\''$@d!st!c'\\''/path'\\'''");
    }

    #[test]
    fn names_are_valid_and_differ() {
        for (path, expected) in [
            ("a/b.o", "a/b.o"),
            ("a:b", "a%3Ab"),
            ("a%3Ab", "a%253Ab"),
            ("-x", "%2Dx"),
            ("/abs/x", "%2Fabs/x"),
            (" a ", "%20a%20"),
            ("../x", "../x"),
        ] {
            assert_eq!(name(path), expected);
            assert_eq!(Address::check_name(&name(path)), Ok(()), "{path}");
        }
    }

    #[test]
    fn a_pattern_means_one_file() {
        assert_eq!(glob::plain(&pattern("a[1]*{x}\\")).as_deref(), Some("a[1]*{x}\\"));
    }
}
