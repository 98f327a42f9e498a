//! Patterns over paths: `*` and `?` stay within one part, `**` crosses folders, `[a-z]` is one of, `{a,b}` is either.
//!
//! Patterns are anchored: `*.rs` means the files beside it, `**/*.rs` those at any depth. A backslash takes the next
//! character as it is. Hidden files match. The matching is `globset`'s.

use std::borrow::Cow;

use globset::{GlobBuilder, GlobMatcher};

use super::RelPath;

/// One compiled pattern, relative to the root of the project.
#[derive(Clone, Debug)]
pub struct Glob {
    matcher: GlobMatcher,
    base: RelPath,
}

/// Whether `text` is a pattern rather than the name of one file: it holds a special character that no backslash takes as it is.
pub fn is_glob(text: &str) -> bool {
    plain(text).is_none()
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
        let matcher = GlobBuilder::new(pattern)
            .literal_separator(true)
            .empty_alternates(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| error.kind().to_string())?
            .compile_matcher();
        let literal: Vec<&str> = pattern.split('/').take_while(|part| !is_glob(part) && !part.contains('\\')).collect();
        let folders = if literal.len() == pattern.split('/').count() { &literal[..literal.len() - 1] } else { &literal[..] };
        Ok(Glob { matcher, base: RelPath::from_normal(folders.join("/").into_bytes()) })
    }

    /// Whether the pattern matches this path as a whole.
    pub fn matches(&self, path: &RelPath) -> bool {
        path.is_in(&self.base) && self.matcher.is_match(path.as_path())
    }

    /// Returns the deepest folder that all matches are certain to stand in: where a walk has to begin.
    pub fn base(&self) -> &RelPath {
        &self.base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
