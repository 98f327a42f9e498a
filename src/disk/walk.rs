//! Which files patterns mean.

use std::collections::BTreeSet;
use std::io;

use super::{Kind, Signature, Tree};
use crate::base::{RelPath, glob, glob::Glob};

/// Patterns that include and patterns that exclude; what is excluded stays excluded, in whatever order they were written.
#[derive(Clone, Debug, Default)]
pub struct PatternSet {
    included: Patterns,
    excluded: Patterns,
}

#[derive(Clone, Debug, Default)]
struct Patterns {
    exact: BTreeSet<RelPath>,
    folders: Vec<RelPath>,
    globs: Vec<Glob>,
    /// Folders that a glob means whole: `dir/**`.
    whole: Vec<RelPath>,
}

impl Patterns {
    fn new(texts: &[String]) -> Result<Patterns, String> {
        let mut patterns = Patterns::default();
        for text in texts {
            let folder = text.strip_suffix('/');
            let plain = folder.unwrap_or(text);
            let Some(name) = glob::plain(plain) else {
                let whole = if folder.is_some() { format!("{plain}/**") } else { plain.to_owned() };
                if let Some(base) = whole.strip_suffix("/**").and_then(glob::plain)
                    && let Ok(base) = RelPath::parse(&*base)
                {
                    patterns.whole.push(base);
                    continue;
                }
                patterns.globs.push(Glob::new(&whole).map_err(|error| format!("`{text}`: {error}"))?);
                continue;
            };
            let path = RelPath::parse(&*name).map_err(|error| format!("`{text}`: {error}"))?;
            if folder.is_some() || path.is_root() {
                patterns.folders.push(path);
            } else {
                patterns.exact.insert(path);
            }
        }
        Ok(patterns)
    }

    fn matches(&self, path: &RelPath) -> bool {
        self.exact.contains(path)
            || self.folders.iter().any(|folder| path.is_in(folder))
            || self.whole.iter().any(|folder| path != folder && path.is_in(folder))
            || self.globs.iter().any(|glob| glob.matches(path))
            || (!self.exact.is_empty() && self.below_exact(path))
    }

    /// Whether all that stands below this folder is meant.
    fn holds(&self, folder: &RelPath) -> bool {
        let mut whole = self.folders.iter().chain(&self.whole);
        whole.any(|whole| folder.is_in(whole)) || self.exact.contains(folder) || (!self.exact.is_empty() && self.below_exact(folder))
    }

    /// A plain name may be that of a folder: then all below it is meant.
    fn below_exact(&self, path: &RelPath) -> bool {
        let bytes = path.as_bytes();
        bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').any(|(at, _)| self.exact.contains(&RelPath::from_normal(&bytes[..at])))
    }
}

impl PatternSet {
    /// Compiles patterns that are relative to the root: paths, globs, or folders with a slash at the end.
    ///
    /// # Errors
    /// A sentence that names the pattern and says what is wrong with it.
    pub fn new(includes: &[String], excludes: &[String]) -> Result<PatternSet, String> {
        Ok(PatternSet { included: Patterns::new(includes)?, excluded: Patterns::new(excludes)? })
    }

    /// Whether a path is included and not excluded.
    pub fn matches(&self, path: &RelPath) -> bool {
        self.included.matches(path) && !self.excluded.matches(path)
    }

    /// Whether something that is included may stand below a folder: whether [`expand`] looks into it.
    pub fn leads_into(&self, folder: &RelPath) -> bool {
        let meets = |base: &RelPath| base.is_in(folder) || folder.is_in(base);
        let Patterns { exact, folders, globs, whole } = &self.included;
        let bases = exact.iter().chain(folders).chain(whole).chain(globs.iter().map(Glob::base));
        !self.excluded.holds(folder) && bases.into_iter().any(meets)
    }
}

/// Returns the files and links that a set means, sorted. Folders named `.git` or `.orket` are passed over, and folders behind links are not entered.
///
/// # Errors
/// When a folder cannot be read. A pattern that matches nothing is no error.
pub fn expand(tree: &Tree, set: &PatternSet) -> io::Result<Vec<RelPath>> {
    look_for(tree, set, None)
}

/// What the answer of [`expand`] rests on: while every one of these paths has the same stamp (`None`: nothing is there), so it is the same.
pub type Noted = Vec<(RelPath, Option<Signature>)>;

/// As [`expand`], and adds to `noted` every place that was looked at, with its stamp from before.
///
/// # Errors
/// As [`expand`].
pub fn expand_noting(tree: &Tree, set: &PatternSet, noted: &mut Noted) -> io::Result<Vec<RelPath>> {
    look_for(tree, set, Some(noted))
}

fn look_for(tree: &Tree, set: &PatternSet, mut noted: Option<&mut Noted>) -> io::Result<Vec<RelPath>> {
    let mut found = BTreeSet::new();
    let mut bases: Vec<RelPath> = set.included.folders.clone();
    bases.extend(set.included.whole.iter().chain(set.included.globs.iter().map(Glob::base)).cloned());
    for path in &set.included.exact {
        let signature = tree.stat(path)?;
        if let Some(noted) = &mut noted {
            noted.push((path.clone(), signature));
        }
        match signature {
            Some(signature) if signature.is_dir() => bases.push(path.clone()),
            Some(_) if !set.excluded.matches(path) => {
                found.insert(path.clone());
            }
            _ => {}
        }
    }
    bases.sort();
    bases.dedup_by(|later, earlier| later.is_in(earlier));
    let mut folders = bases;
    while let Some(folder) = folders.pop() {
        if tree.passes_over(&folder) {
            continue;
        }
        if let Some(noted) = &mut noted {
            noted.push((folder.clone(), tree.stat(&folder)?));
        }
        let names = match tree.list(&folder) {
            Ok(names) => names,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(io::Error::new(error.kind(), format!("`{folder}`: {error}"))),
        };
        for (name, kind) in names {
            let path = folder.join(&name);
            match kind {
                Kind::Folder if set.excluded.holds(&path) => {}
                Kind::Folder => folders.push(path),
                Kind::File | Kind::Link if set.matches(&path) => {
                    found.insert(path);
                }
                _ => {}
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Returns everything below a folder, sorted, folders included; links are named, not followed.
///
/// # Errors
/// When a folder cannot be read.
pub fn walk_folder(tree: &Tree, folder: &RelPath) -> io::Result<Vec<(RelPath, Kind)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(folder) = folders.pop() {
        for (name, kind) in tree.list(&folder)? {
            let path = folder.join(&name);
            if kind == Kind::Folder {
                folders.push(path.clone());
            }
            found.push((path, kind));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(files: &[&str], includes: &[&str], excludes: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let owned = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
        let set = PatternSet::new(&owned(includes), &owned(excludes)).unwrap();
        expand(&Tree::open(folder.path()).unwrap(), &set).unwrap().iter().map(RelPath::to_string).collect()
    }

    #[test]
    fn patterns_mean_files() {
        let files = ["a.rs", "src/b.rs", "src/gen/c.rs", "src/.hidden.rs", ".git/d.rs", "src/.orket/e.rs"];
        assert_eq!(expanded(&files, &["**/*.rs"], &[]), ["a.rs", "src/.hidden.rs", "src/b.rs", "src/gen/c.rs"]);
        assert_eq!(expanded(&files, &["src/**"], &["src/gen/**"]), ["src/.hidden.rs", "src/b.rs"]);
        assert_eq!(expanded(&files, &["src"], &["src/gen"]), ["src/.hidden.rs", "src/b.rs"]);
        assert_eq!(expanded(&files, &["src/"], &[]), ["src/.hidden.rs", "src/b.rs", "src/gen/c.rs"]);
        assert_eq!(expanded(&files, &["missing/*", "nothing"], &[]), [] as [&str; 0]);
        assert_eq!(expanded(&files, &["a.rs", "*.rs"], &[]), ["a.rs"]);
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let name = "x".repeat(300);
        let set = PatternSet::new(&[format!("{name}/*.c")], &[]).unwrap();
        let error = expand(&Tree::open(folder.path()).unwrap(), &set).unwrap_err();
        assert!(error.to_string().starts_with(&format!("`{name}`: ")), "{error}");
    }

    #[test]
    fn a_folder_that_is_excluded_whole_is_not_entered() {
        let holds = |pattern: &str, folder: &str| Patterns::new(&[pattern.to_owned()]).unwrap().holds(&RelPath::parse(folder).unwrap());
        for pattern in ["gen/**", "gen/", "gen"] {
            assert!(holds(pattern, "gen") && holds(pattern, "gen/sub"), "{pattern}");
            assert!(!holds(pattern, "generic"), "{pattern}");
        }
        for pattern in ["gen/*", "*/**/x", "gen/**/*.rs"] {
            assert!(!holds(pattern, "gen"), "{pattern}");
        }
    }
}
