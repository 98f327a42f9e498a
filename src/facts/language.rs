//! The languages whose imports are understood, and the endings of their files.

use crate::base::RelPath;

/// A language.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Language {
    /// Python, 3.14.
    Python,
    /// Rust, 2024.
    Rust,
    /// JavaScript, also with JSX.
    Javascript,
    /// TypeScript, also with JSX.
    Typescript,
    /// Go.
    Go,
    /// Java.
    Java,
    /// Kotlin.
    Kotlin,
    /// C.
    C,
    /// C++.
    Cpp,
    /// C#.
    Csharp,
    /// PHP.
    Php,
    /// Ruby.
    Ruby,
}

/// Each language with its name, the endings of its sources, and those of the files that tell where its imports lead.
const TABLE: &[(Language, &str, &[&str], &[&str])] = &[
    (Language::Python, "python", &["py", "pyi"], &["toml", "cfg"]),
    (Language::Rust, "rust", &["rs"], &["toml"]),
    (Language::Javascript, "javascript", &["js", "jsx", "mjs", "cjs"], &["json", "jsonc", "yaml", "yml"]),
    (Language::Typescript, "typescript", &["ts", "tsx", "mts", "cts"], &["json", "jsonc", "yaml", "yml"]),
    (Language::Go, "go", &["go"], &["mod", "work"]),
    (Language::Java, "java", &["java"], &[]),
    (Language::Kotlin, "kotlin", &["kt", "kts"], &[]),
    (Language::C, "c", &["c", "h"], &["json"]),
    (
        Language::Cpp,
        "cpp",
        &["cc", "cpp", "cxx", "c++", "C", "hh", "hpp", "hxx", "h++", "H", "ipp", "inl", "tpp", "tcc", "cu", "cuh", "mm", "cppm", "ixx"],
        &["json"],
    ),
    (Language::Csharp, "csharp", &["cs"], &["csproj", "props"]),
    (Language::Php, "php", &["php"], &["json"]),
    (Language::Ruby, "ruby", &["rb", "rake"], &["gemspec"]),
];

impl Language {
    /// Returns the name that manifests use: `python`, `rust`, `javascript` and so on.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|(language, ..)| *language == self).map_or("", |(_, name, ..)| name)
    }

    /// Returns the language of that name.
    pub fn find(name: &str) -> Option<Language> {
        TABLE.iter().find(|(_, known, ..)| *known == name).map(|(language, ..)| *language)
    }

    /// Returns all languages, in the order in which they are declared.
    pub fn all() -> impl Iterator<Item = Language> {
        TABLE.iter().map(|(language, ..)| *language)
    }

    /// Returns the language that the ending of a file's name tells.
    pub fn of(path: &RelPath) -> Option<Language> {
        let ending = ending(path)?;
        TABLE.iter().find(|(_, _, sources, _)| sources.contains(&ending)).map(|(language, ..)| *language)
    }

    /// As [`Language::heeds`], of any language.
    pub fn heeded(path: &RelPath) -> bool {
        ending(path)
            .is_some_and(|ending| TABLE.iter().any(|(_, _, sources, settings)| sources.contains(&ending) || settings.contains(&ending)))
    }

    /// Whether what stands in a file may tell where imports of this language lead: it is a source, or one of the settings, of this language
    /// or of one that it needs to know. No other file is read for that.
    pub fn heeds(self, path: &RelPath) -> bool {
        ending(path).is_some_and(|ending| {
            TABLE
                .iter()
                .any(|(other, _, sources, settings)| self.needs(*other) && (sources.contains(&ending) || settings.contains(&ending)))
        })
    }

    /// Whether files of `other` belong to this language's sources: the two dialects of a pair import each other's files.
    pub(super) fn reads(self, other: Language) -> bool {
        let pair = |language| match language {
            Language::Typescript => Language::Javascript,
            Language::Cpp => Language::C,
            language => language,
        };
        pair(self) == pair(other)
    }

    /// Whether files of `other` have to be known to tell where this language's imports lead.
    pub(super) fn needs(self, other: Language) -> bool {
        let family = |language| if language == Language::Kotlin { Language::Java } else { language };
        self.reads(other) || family(self) == family(other)
    }
}

/// Returns what stands behind the last dot of a file's name, unless the name begins with it. A `Rakefile` is one of rake's, too.
fn ending(path: &RelPath) -> Option<&str> {
    let name = path.name();
    if name == b"Rakefile" {
        return Some("rake");
    }
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0)?;
    std::str::from_utf8(&name[dot + 1..]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_endings_lead_to_languages() {
        for language in Language::all() {
            assert_eq!(Language::find(language.name()), Some(language));
        }
        let of = |path: &str| Language::of(&RelPath::parse(path).unwrap());
        assert_eq!(of("a/b.pyi"), Some(Language::Python));
        assert_eq!(of("a/b.d.ts"), Some(Language::Typescript));
        assert_eq!([of("a/Rakefile"), of("a/b.rake"), of("a/Makefile")], [Some(Language::Ruby), Some(Language::Ruby), None]);
        assert_eq!([of("a/py"), of("a/.py"), of("a/b.pyc")], [None; 3]);
    }
}
