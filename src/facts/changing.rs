//! What is kept of imports gives the same answers as looking at everything anew, whatever was changed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use rustc_hash::FxHashMap;

use super::gather::imports_at;
use super::{Forgetful, Imports, Known, Language, Root};
use crate::base::{Digest, RelPath};
use crate::disk::{Tree, now_ns, sources};

/// Keeps everything in memory, and counts what it is asked for.
#[derive(Default)]
struct Remembering {
    facts: Mutex<FxHashMap<Digest, Vec<u8>>>,
    wholes: Mutex<BTreeMap<String, Vec<u8>>>,
    asked: AtomicUsize,
}

impl Known for Remembering {
    fn get(&self, key: &Digest) -> Option<Vec<u8>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.facts.lock().unwrap().get(key).cloned()
    }

    fn put(&self, key: &Digest, facts: &[u8]) {
        self.facts.lock().unwrap().insert(*key, facts.to_vec());
    }

    fn whole(&self, name: &str) -> Option<Box<dyn AsRef<[u8]>>> {
        Some(Box::new(self.wholes.lock().unwrap().get(name)?.clone()))
    }

    fn put_whole(&self, name: &str, bytes: Vec<u8>) {
        self.wholes.lock().unwrap().insert(name.to_owned(), bytes);
    }

    fn is_lasting(&self) -> bool {
        true
    }

    fn keep(&self) {}
}

/// Paths, and what may stand in each. Any of them may also be missing.
const FILES: &[(&str, &[&str])] = &[
    ("py/pyproject.toml", &["", "[project]\n"]),
    ("py/shop/__init__.py", &["", "from shop.cart import Cart\n", "x = 1\nfrom .cart import *\n"]),
    ("py/shop/cart.py", &["import os\nimport requests\n", "# note\nimport os\nimport requests\n", "from shop import money\n", "def f(:\n"]),
    ("py/shop/money.py", &["", "import shop.cart\n", "from . import cart, gone\n", "from src import tool\nfrom src.tool import x\n"]),
    ("py/space/deep/part.py", &["", "from space.deep import other\n", "import part\n"]),
    ("py/space/deep/other.py", &["", "import space.deep.part\n", "from deep import part\n"]),
    ("py/src/tool.py", &["import tool\n", "import src.tool\n", "import http.client\n", ""]),
    ("py/http/client.py", &["", "from http import client\n"]),
    ("py/run.py", &["import tool, shop\n", "from space.deep.part import x\nif x:\n    import shop.money\n", "import space.deep.other\n"]),
    (
        "py/program",
        &[
            "#!/usr/bin/env python3\nimport tool\n",
            "#!/usr/bin/node\nrequire('../ts/src/a')\n",
            "import os\n",
            "#!/usr/bin/python3\nimport (\n",
        ],
    ),
    ("ts/package.json", &[r#"{"name":"app","workspaces":["lib"]}"#, r##"{"name":"app","imports":{"#in":"./src/b.ts"}}"##, "{"]),
    ("ts/tsconfig.json", &[r#"{"extends":"./base"}"#, r#"{"compilerOptions":{"baseUrl":"src"}}"#, r#"{"extends":"pack/tsconfig.json"}"#]),
    ("ts/base.json", &[r#"{"compilerOptions":{"paths":{"@/*":["./src/*"]}}}"#, r#"{"compilerOptions":{"paths":{"@/*":["./lib/*"]}}}"#]),
    (
        "ts/node_modules/pack/tsconfig.json",
        &[r#"{"compilerOptions":{"baseUrl":"../../lib"}}"#, r#"{"compilerOptions":{"baseUrl":"../../src"}}"#],
    ),
    ("ts/lib/package.json", &[r#"{"name":"lib","exports":{".":"./a.ts"}}"#, r#"{"name":"lib","main":"b.js"}"#, r#"{"name":"other"}"#]),
    ("ts/lib/a.ts", &["export * from './b'\n", "\n\nexport * from './b'\n", "import x from 'lib'\n"]),
    ("ts/lib/b.ts", &["import '@/a'\n", "import type { A } from './a'\n"]),
    (
        "ts/src/a.ts",
        &["import 'lib'\nimport '@/b'\nimport 'b'\n", "import x from '#in'\n", "import fs from 'node:fs'\nimport './b.js'\n", "import {\n"],
    ),
    ("ts/src/b.ts", &["", "import './a'\n", "// lib\nimport('lib')\n"]),
    ("ts/src/b.js", &["", "require('./a')\n"]),
    ("rs/Cargo.toml", &["[package]\nname = \"one\"\n[dependencies]\ntwo = { path = \"../rs2\" }\n", "[package]\nname = \"one\"\n"]),
    (
        "rs/src/lib.rs",
        &["mod a;\nmod b;\npub use a::A;\n", "mod b;\nmod a;\nuse two::Thing;\n", "mod a;\nmod c { pub mod d; }\n", "mod a;"],
    ),
    (
        "rs/src/a.rs",
        &[
            "use crate::b::B;\npub struct A;\n",
            "// x\nuse crate::b::B;\npub struct A;\n",
            "use crate::A;\nuse two::gone::x;\n",
            "use super::*;\nfn f() { b::g() }\n",
        ],
    ),
    ("rs/src/b.rs", &["pub struct B;\n", "pub use crate::a as other;\npub mod inner {}\n", "use crate::b::inner::x;\nuse std::fmt;\n"]),
    ("rs/src/c/d.rs", &["use crate::a;\n", ""]),
    ("rs2/Cargo.toml", &["[package]\nname = \"two\"\n", "[package]\nname = \"three\"\n[lib]\nname = \"two\"\n"]),
    ("rs2/src/lib.rs", &["pub struct Thing;\n", "pub mod gone;\n", "use one::A;\n"]),
    ("go/go.mod", &["module example.org/m\n", "module example.org/n\n"]),
    (
        "go/a/a.go",
        &["package a\nimport \"example.org/m/b\"\n", "package a\n\nimport (\n \"fmt\"\n \"example.org/n/b\"\n)\n", "package a\n"],
    ),
    ("go/a/z.go", &["package a\nimport \"example.org/m/b\"\n", "package a\n// x\nimport \"example.org/m/b\"\n"]),
    ("go/a/a_test.go", &["package a_test\nimport \"example.org/m/a\"\n", "package a\nimport \"example.org/m/b\"\n"]),
    ("go/b/b.go", &["package b\n", "package b\nimport \"github.com/x/y/z\"\n"]),
    (
        "c/compile_commands.json",
        &[
            r#"[{"directory":".","file":"m.c","command":"cc -Iinc m.c"}]"#,
            r#"[{"directory":".","file":"m.c","arguments":["cc","-I","alt"]}]"#,
        ],
    ),
    ("c/m.c", &["#include <x.h>\n#include \"y.h\"\n", "#include <stdio.h>\n#include <lib/z.h>\n"]),
    ("c/inc/x.h", &["", "#include \"y.h\"\n"]),
    ("c/alt/x.h", &["", "#include <x.h>\n"]),
    ("c/y.h", &["", "#include \"inc/x.h\"\n"]),
    (
        "java/m/A.java",
        &[
            "package m;\nimport n.B;\nclass A { C c; }\n",
            "package m;\n\nimport n.*;\nclass A { B b; }\n",
            "package n;\nclass A {}\n",
            "package m;\nclass A extends n.B {}\n",
        ],
    ),
    ("java/m/C.java", &["package m;\nclass C {}\n", "package m;\nclass C { A a; } class D {}\n", "package m;\nclass D {}\n"]),
    (
        "java/n/B.java",
        &[
            "package n;\npublic class B {}\n",
            "package n;\npublic class B { m.A a; }\n",
            "package n;\nimport java.util.List;\npublic class E {}\n",
            "class {",
        ],
    ),
    (
        "java/n/K.kt",
        &[
            "package n\nfun go() {}\n",
            "package n\nimport m.C\nfun go() { C() }\n",
            "package m\nclass C\n",
            "@file:JvmName(\"B\")\npackage n\nfun x() {}\n",
        ],
    ),
    ("php/composer.json", &[r#"{"autoload":{"psr-4":{"App\\":"src/"}}}"#, r#"{"autoload":{"psr-4":{"App\\":"lib/"}}}"#]),
    (
        "php/src/A.php",
        &[
            "<?php namespace App; use App\\B; new B;\n",
            "<?php\nnamespace App; class A extends Z { }\n",
            "<?php namespace App; class A {} require 'x.php';\n",
        ],
    ),
    (
        "php/src/B.php",
        &[
            "<?php namespace App; class B {}\n",
            "<?php namespace App; class Z {} function f() {}\n",
            "<?php namespace App; \\App\\f(); new A;\n",
        ],
    ),
    ("php/lib/B.php", &["<?php namespace App; class B {}\n", "<?php\n"]),
    (
        "cs/p.csproj",
        &[
            "<Project><ItemGroup><Using Include=\"N\" /></ItemGroup></Project>\n",
            "<Project><PackageReference Include=\"Pack.Age\" /></Project>\n",
        ],
    ),
    (
        "cs/A.cs",
        &[
            "using N;\nnamespace M { class A { B b; void f(string s) { s.Shout(); } } }\n",
            "namespace M;\nclass A { B b; Pack.Age.X x; }\n",
            "global using N;\nnamespace M;\nclass A {}\n",
        ],
    ),
    (
        "cs/B.cs",
        &[
            "namespace N { public class B {} }\n",
            "namespace N;\npublic static class E { public static void Shout(this string s) {} }\n",
            "using Foreign.Thing;\nnamespace N;\nclass B { M.A a; }\n",
        ],
    ),
    (
        "cs/C.cs",
        &["namespace M;\nclass C { B b; Foreign.Thing.X x; }\n", "using B = M.A;\nclass C { B b; }\n", "namespace M { class B {} }\n"],
    ),
    (
        "rb/x.gemspec",
        &["Gem::Specification.new { |s| s.require_paths = ['lib'] }\n", "Gem::Specification.new { |s| s.require_paths = ['src'] }\n"],
    ),
    ("rb/lib/a.rb", &["require 'b'\nrequire_relative 'b'\n", "\nrequire 'json'\nrequire 'rake'\n", "load 'a.rb'\n"]),
    ("rb/lib/b.rb", &["", "require 'a'\n"]),
    ("rb/src/b.rb", &["require 'b'\n", ""]),
];

struct Changing {
    folder: tempfile::TempDir,
    random: u64,
    writes: u64,
}

impl Changing {
    fn below(&mut self, bound: usize) -> usize {
        // xorshift64, by Marsaglia.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % bound as u64) as usize
    }

    fn write(&mut self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        // Writes that follow one another this fast may get the same stamp; here each is told from the others.
        self.writes += 1;
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + self.writes);
        File::options().write(true).open(&path).unwrap().set_modified(moment).unwrap();
    }

    /// Changes one file: to another text, or away.
    fn step(&mut self) -> String {
        let (path, texts) = FILES[self.below(FILES.len())];
        match self.below(texts.len() + 1) {
            0 => drop(fs::remove_file(self.folder.path().join(path))),
            text => self.write(path, texts[text - 1]),
        }
        path.to_owned()
    }

    /// Returns what the roots import, without how much of it was known.
    fn seen(&self, roots: &[Root], known: &dyn Known) -> Imports {
        let found = imports(self.folder.path(), roots, known);
        Imports { extracted: 0, cached: 0, ..found }
    }
}

/// Looks at a time when nothing is young any more.
fn imports(folder: &Path, roots: &[Root], known: &dyn Known) -> Imports {
    let tree = Tree::open(folder).unwrap();
    let mut listed = sources(&tree, &RelPath::root(), false).unwrap();
    listed.sort();
    imports_at(now_ns() + 3_000_000_000, &tree, &listed, roots, known).unwrap()
}

fn root(folder: &str, language: Option<Language>) -> Root {
    Root::whole(RelPath::parse(folder).unwrap(), language)
}

#[test]
fn after_any_change_what_was_kept_leads_to_what_is_there() {
    let all = vec![root("", None)];
    let some = vec![
        root("py", None),
        root("java/m", Some(Language::Java)),
        root("rs", Some(Language::Rust)),
        root("ts/src", Some(Language::Typescript)),
    ];
    for seed in 1..=3 {
        let mut project = Changing { folder: tempfile::tempdir().unwrap(), random: seed * 0x9e37_79b9, writes: 0 };
        for folder in ["py", "java/m", "rs", "ts/src"] {
            fs::create_dir_all(project.folder.path().join(folder)).unwrap();
        }
        for (path, texts) in FILES {
            project.write(path, texts[0]);
        }
        let known = Remembering::default();
        let mut steps = Vec::new();
        for _ in 0..50 {
            steps.push(project.step());
            for roots in [&all, &some] {
                let (kept, anew) = (project.seen(roots, &known), project.seen(roots, &Forgetful));
                assert_eq!(kept, anew, "seed {seed}, after {steps:?}");
                assert_eq!(project.seen(roots, &known), anew, "unchanged, seed {seed}, after {steps:?}");
            }
        }
    }
}

#[test]
fn an_edit_asks_only_for_what_is_known_of_that_file() {
    let mut project = Changing { folder: tempfile::tempdir().unwrap(), random: 1, writes: 0 };
    for (path, texts) in FILES {
        project.write(path, texts[0]);
    }
    let (roots, known) = ([root("", None)], Remembering::default());
    let asked = |project: &Changing| {
        let found = imports(project.folder.path(), &roots, &known);
        (found.extracted, known.asked.swap(0, Ordering::Relaxed))
    };
    asked(&project);
    assert_eq!(asked(&project), (0, 0), "nothing was changed");
    // Under its new stamp nothing is known of it, nor of its new content.
    for (path, text) in [
        ("py/run.py", "import shop.cart\nimport json, tool\n"),
        ("ts/src/a.ts", "import './b'\n"),
        ("rs/src/a.rs", "\nuse crate::b::B;\npub struct A(std::fmt::Error);\n"),
        ("go/a/a.go", "package a\nimport \"os\"\n"),
        ("java/m/C.java", "package m;\n\n\nclass C { n.B b; }\n"),
        ("cs/A.cs", "using N;\n\nnamespace M { class A { C c; } }\n"),
    ] {
        project.write(path, text);
        assert_eq!(asked(&project), (1, 2), "{path}");
    }
}
