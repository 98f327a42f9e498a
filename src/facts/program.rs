//! Programs whose names have no ending: their first line says what runs them, and so what they are written in.

use std::io::Read;

use super::Language;
use crate::base::RelPath;
use crate::disk::Tree;

/// How much of a first line the systems heed that start programs by it; what is longer is none of a program.
const LINE: u64 = 256;

/// What runs programs, without a version.
const RUNNERS: [(&str, Language); 13] = [
    ("python", Language::Python),
    ("pypy", Language::Python),
    ("uv", Language::Python),
    ("node", Language::Javascript),
    ("nodejs", Language::Javascript),
    ("bun", Language::Typescript),
    ("deno", Language::Typescript),
    ("tsx", Language::Typescript),
    ("ts-node", Language::Typescript),
    ("ruby", Language::Ruby),
    ("jruby", Language::Ruby),
    ("truffleruby", Language::Ruby),
    ("php", Language::Php),
];

/// Whether programs in a language are told by their first line.
pub(super) fn tells(language: Language) -> bool {
    RUNNERS.iter().any(|(_, told)| language.reads(*told))
}

/// Whether only the text of a file can tell its language: no ending does, and nothing is hidden.
pub(super) fn is_untold(path: &RelPath) -> bool {
    Language::of(path).is_none() && !path.name().contains(&b'.')
}

/// Returns the language of a program by its first line.
pub(super) fn of(tree: &Tree, path: &RelPath) -> Option<Language> {
    let mut first = Vec::new();
    tree.open_file(path).ok()?.take(LINE).read_to_end(&mut first).ok()?;
    spoken(&first)
}

/// Returns the language of a program that begins so.
pub(super) fn spoken(text: &[u8]) -> Option<Language> {
    let line = text.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(&line[..line.len().min(LINE as usize)]).ok()?;
    let mut words = line.split_whitespace();
    let first = words.next()?;
    let program = if base(first) == "env" { started(words)? } else { first };
    let name = base(program);
    // `python3.13t` is Python.
    let name = name[..name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len())].trim_end_matches('-');
    RUNNERS.iter().find(|(runner, _)| *runner == name).map(|(_, language)| *language)
}

fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Returns what `env` starts that is given these words.
fn started<'t>(mut words: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    while let Some(word) = words.next() {
        let split = word.strip_prefix("--split-string=").or_else(|| {
            let (flags, rest) = word.strip_prefix('-')?.split_once('S')?;
            (!rest.is_empty() && flags.chars().all(|flag| matches!(flag, 'i' | 'v' | '0'))).then_some(rest)
        });
        match split.unwrap_or(word).trim_matches(['"', '\'']) {
            "-u" | "-C" | "--unset" | "--chdir" => drop(words.next()),
            word if word.starts_with('-') || word.contains('=') => {}
            program => return Some(program),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::sample::{holds, project, told, unresolved};
    use super::*;

    #[test]
    fn a_first_line_tells_what_runs_a_program() {
        let told = |lines: &[&str], language: Option<Language>| {
            lines.iter().for_each(|line| assert_eq!(spoken(line.as_bytes()), language, "{line}"));
        };
        told(
            &[
                "#!/usr/bin/python\n",
                "#! /usr/bin/python3 -u\r\n",
                "#!/opt/python3.13t/bin/python3.13t",
                "#!/usr/bin/env python3.12\nimport os\n",
                "#!/usr/bin/env -S python3 -u\n",
                "#!/usr/bin/env -Spython3 -u\n",
                "#!/usr/bin/env -vS PYTHONPATH=lib python3\n",
                "#!/usr/bin/env --split-string=python3 -u\n",
                "#!/usr/bin/env -iS -u HOME -- pypy3\n",
                "#!/usr/bin/env -S uv run --script\n",
            ],
            Some(Language::Python),
        );
        told(&["#!/usr/bin/env node\n", "#!/usr/bin/nodejs --no-warnings\n", "#!/usr/bin/node-20\n"], Some(Language::Javascript));
        told(&["#!/usr/bin/env -S deno run --allow-net\n", "#!/usr/bin/env ts-node\n"], Some(Language::Typescript));
        told(&["#!/usr/bin/ruby3.2 -w\n", "#!/usr/bin/env jruby\n"], Some(Language::Ruby));
        told(&["#!/usr/bin/php8.3\n<?php\n", "#!/usr/bin/env php\n"], Some(Language::Php));
        let none = [
            "",
            "#!",
            "#!\npython",
            "python\n",
            " #!/usr/bin/python\n",
            "#!/bin/sh\n",
            "#!/usr/bin/env\n",
            "#!/usr/bin/env -S\n",
            "#!/x/pythonic\n",
        ];
        told(&none, None);
    }

    #[test]
    fn programs_are_read_as_their_language() {
        let files = [
            ("bin/cart", "#!/usr/bin/env python3\nimport os\nimport near\nfrom shop.cart import Cart\n"),
            ("bin/near.py", "\n"),
            ("shop/__init__.py", ""),
            ("shop/cart.py", ""),
            ("js/cli", "#!/usr/bin/env node\nconst fs = require('node:fs');\nrequire('./cli.js');\n"),
            ("js/cli.js", "import './low.js';\n"),
            ("js/low.js", ""),
            ("rb/exe/till", "#!/usr/bin/env -S ruby -w\nrequire_relative '../lib/till'\nrequire_relative 'till.rb'\n"),
            ("rb/exe/till.rb", ""),
            ("rb/lib/till.rb", ""),
            ("php/console", "#!/usr/bin/php8.3\n<?php require __DIR__ . '/boot.php'; require __DIR__ . '/console.php';\n"),
            ("php/boot.php", "<?php\n"),
            ("php/console.php", "<?php\n"),
            ("LICENSE", "import nothing\n"),
            ("run.sh", "#!/usr/bin/env python3\nimport nothing\n"),
            ("build", "#!/bin/sh\nimport nothing\n"),
        ];
        let found = project(&files, "", None);
        assert_eq!(
            told(&found),
            [
                "./js/cli -> fs (stdlib)",
                "./js/cli -> js/cli",
                "./php/console -> php/boot",
                "./php/console -> php/console",
                "./rb/exe/till -> rb/exe/till",
                "./rb/exe/till -> rb/lib/till",
                "bin/cart -> bin.near",
                "bin/cart -> os (stdlib)",
                "bin/cart -> shop.cart",
                "js/cli -> js/low",
            ]
        );
        assert_eq!(unresolved(&found), [""; 0]);
    }

    #[test]
    fn a_program_may_be_called_as_what_it_starts() {
        holds(&[("shop", "#!/usr/bin/python3\nimport shop\n"), ("src/shop/__init__.py", "")], &["./shop -> shop"]);
        holds(&[("till", "#!/usr/bin/ruby\nrequire 'till'\n"), ("lib/till.rb", "")], &["./till -> till"]);
    }

    #[test]
    fn a_root_reads_programs_of_its_language_alone() {
        let files = [("a", "#!/usr/bin/node\nrequire('fs')\n"), ("b", "#!/usr/bin/python3\nimport os\n")];
        assert_eq!(told(&project(&files, "", Some(Language::Typescript))), ["a -> fs (stdlib)"]);
        assert_eq!(told(&project(&files, "", Some(Language::Python))), ["b -> os (stdlib)"]);
        assert_eq!(told(&project(&files, "", Some(Language::Go))), [""; 0]);
    }
}
