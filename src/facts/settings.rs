//! Files of settings: what they say, or the line at which that cannot be understood.

use serde::de::DeserializeOwned;
use toml::Table;

use super::syntax::{Extracted, Wrong};

/// Reads JSON.
pub(super) fn json<T: DeserializeOwned>(text: &str) -> Extracted<T> {
    serde_json::from_str(text).map_err(|error| {
        // The place stands beside it already.
        let said = error.to_string();
        let why = said.split(" at line ").next().unwrap_or(&said);
        Wrong { line: error.line().max(1) as u32, why: format!("it is not the JSON that is expected: {why}") }
    })
}

/// Reads TOML.
pub(super) fn toml(text: &str) -> Extracted<Table> {
    text.parse::<Table>().map_err(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let line = 1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
        Wrong { line: line as u32, why: format!("it is no TOML: {}", error.message().lines().next().unwrap_or_default()) }
    })
}

/// Returns the line of the first place where `word` stands.
pub(super) fn line_of(text: &str, word: &str) -> u32 {
    1 + text.lines().position(|line| line.contains(word)).unwrap_or(0) as u32
}

#[cfg(test)]
mod tests {
    use crate::facts::sample::{project, unresolved};

    /// Returns what cannot be read of a project, each as `file:line why`.
    fn unreadable(root: &str, files: &[(&str, &str)]) -> Vec<String> {
        let found = project(files, root, None);
        found.unreadable.iter().map(|one| format!("{}:{} {}", one.file, one.line, one.why)).collect()
    }

    #[test]
    fn broken_settings_are_told_where_imports_need_them() {
        let ts = ("web/a.ts", "import '@/low/b';");
        let broken = |files: &[(&str, &str)]| unreadable("web", files);
        assert_eq!(
            broken(&[ts, ("tsconfig.json", "{ /* x\n */ \"compilerOptions\": {},\n  \"paths\": {\n")]),
            ["tsconfig.json:4 it is not the JSON that is expected: EOF while parsing an object"]
        );
        assert_eq!(broken(&[ts, ("tsconfig.json", " \n")]), [] as [&str; 0]);
        assert_eq!(
            broken(&[ts, ("web/tsconfig.json", "{\n\"extends\": [\"../base\", \"./nope.json\"]}"), ("base.json", "{}")]),
            ["web/tsconfig.json:2 it extends `./nope.json`, which is not there"]
        );
        assert_eq!(
            broken(&[ts, ("tsconfig.json", r#"{"extends": "./base.json"}"#), ("base.json", r#"{"extends": ["./base", "./tsconfig"]}"#)]),
            ["base.json:1 what it extends never ends"]
        );
        assert_eq!(
            broken(&[
                ("package.json", r#"{"workspaces": ["low", "web"]}"#),
                ("web/a.js", "import 'low';"),
                ("low/package.json", "{\"name\": \"low\",\n}"),
                ("else/package.json", "{"),
            ]),
            ["low/package.json:2 it is not the JSON that is expected: trailing comma"]
        );
        assert_eq!(
            broken(&[("web/a.js", "import './x';"), ("web/x/package.json", "{"), ("web/x/index.js", "")]).len(),
            1,
            "a package that is imported by its folder"
        );
        assert_eq!(
            broken(&[("go.mod", "modul ex.com/m\n"), ("web/a.go", "package web\n"), ("testdata/go.mod", "")]),
            ["go.mod:1 it names no module: expected `module example.com/name`"]
        );
        assert_eq!(
            broken(&[("build/compile_commands.json", "[{"), ("web/a.c", "#include <b.h>\n"), ("low/x/compile_commands.json", "[{")]),
            ["build/compile_commands.json:1 it is not the JSON that is expected: EOF while parsing an object"]
        );
        assert_eq!(
            broken(&[("composer.json", "{\"autoload\": }"), ("web/A.php", "<?php new B;"), ("low/composer.json", "{")]),
            ["composer.json:1 it is not the JSON that is expected: expected value"]
        );
        let rust = |own, other| {
            broken(&[
                ("web/Cargo.toml", own),
                ("web/src/lib.rs", "use low::X;"),
                ("low/Cargo.toml", other),
                ("low/src/lib.rs", "pub struct X;"),
            ])
        };
        let (web, low) = ("[package]\nname = \"web\"\n[dependencies]\nlow = { path = \"../low\" }\n", "[package]\nname = \"low\"\n");
        assert_eq!(rust(web, low), [] as [&str; 0]);
        assert_eq!(rust(web, "[package]\nname = \n").len(), 1);
        assert_eq!(rust("[package]\nname = \"web\"\n", "[package]\nname = \n"), [] as [&str; 0], "no one needs it");
        assert!(rust("[package]\nname = \"web\"\n[dependencies\n", low)[0].starts_with("web/Cargo.toml:3 it is no TOML: "));
    }

    #[test]
    fn an_extended_package_that_is_not_installed_leads_nowhere() {
        let files = [("a.ts", ""), ("tsconfig.json", "{\n  \"extends\": \"@tsconfig/node24/tsconfig.json\"\n}\n")];
        let found = project(&files, "", None);
        assert_eq!((found.unreadable.len(), unresolved(&found)), (0, vec!["tsconfig.json:2 @tsconfig/node24/tsconfig.json".to_owned()]));
    }
}
