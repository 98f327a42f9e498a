//! Small JavaScript and TypeScript projects, and the edges that Node.js, TypeScript and bundlers give them.

mod reading;

use crate::facts::sample::{between_files, holds, project, told, unresolved};

#[test]
fn relative_paths_with_and_without_endings_and_indexes() {
    let files = [
        (
            "src/a.ts",
            "import b from './b';\nimport './c.js';\nimport { d } from './d';\nimport x from '..';\nimport s from './s.css';\nimport j from './j.json';",
        ),
        ("src/b.tsx", "import a from './a.ts';\nexport * from './gone';"),
        ("src/c.ts", ""),
        ("src/d/index.ts", "export { e } from './e'; export * as f from '../f.mjs';"),
        ("src/d/e.js", "const a = require('../a'), n = require(name); require.resolve('./q'); import(`./${n}`);"),
        ("src/f.mts", ""),
        ("src/s.css", ""),
        ("src/j.json", "{}"),
        ("index.js", "module.exports = require('./src/f.mjs')"),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "index -> src/f",
            "src/a -> index",
            "src/a -> src/b",
            "src/a -> src/c",
            "src/a -> src/d/index",
            "src/a -> src/j.json",
            "src/a -> src/s.css",
            "src/b -> src/a",
            "src/d/e -> src/a",
            "src/d/index -> src/d/e",
            "src/d/index -> src/f",
        ]
    );
    assert_eq!(unresolved(&found), ["src/b.tsx:2 ./gone", "src/d/e.js:1 import(`./${n}`)", "src/d/e.js:1 require(name)"]);
}

#[test]
fn packages_and_what_node_brings() {
    let text = "import fs from 'fs/promises';\nimport p from 'node:path';\nimport t from 'node:test';\nimport r from 'react/jsx-runtime';\n\
                import s from '@scope/name/deep';\nimport e from 'punycode/';\nimport 'https://esm.sh/x';\n";
    holds(
        &[("a.mjs", text)],
        &[
            "a -> @scope/name (external)",
            "a -> esm.sh (external)",
            "a -> fs (stdlib)",
            "a -> node:test (stdlib)",
            "a -> path (stdlib)",
            "a -> punycode (external)",
            "a -> react (external)",
        ],
    );
}

#[test]
fn tsconfig_paths_base_url_and_extends() {
    let files = [
        (
            "tsconfig.base.json",
            "{ // shared\n \"compilerOptions\": { \"paths\": { \"@app/*\": [\"./gen/*\", \"./src/*\"], \"exact\": [\"src/one.ts\"], }, } }",
        ),
        ("tsconfig.json", "{ \"extends\": \"./tsconfig.base\" }"),
        ("src/a.ts", "import '@app/b'; import 'exact'; import '@app/missing'; import '@other/x';"),
        ("src/b.ts", ""),
        ("src/one.ts", ""),
        ("web/jsconfig.json", "{ \"compilerOptions\": { \"baseUrl\": \"lib\" } }"),
        ("web/x.js", "import 'deep/y'; import 'lodash';"),
        ("web/lib/deep/y.js", ""),
        ("vite/tsconfig.json", "{ \"files\": [], \"references\": [{ \"path\": \"./tsconfig.app.json\" }] }"),
        ("vite/tsconfig.app.json", "{ \"compilerOptions\": { \"baseUrl\": \".\", \"paths\": { \"~/*\": [\"src/*\"] } } }"),
        ("vite/src/m.tsx", "import '~/n';"),
        ("vite/src/n.tsx", ""),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "src/a -> @other (external)".replace("@other", "@other/x").as_str(),
            "src/a -> src/b",
            "src/a -> src/one",
            "vite/src/m -> vite/src/n",
            "web/x -> lodash (external)",
            "web/x -> web/lib/deep/y",
        ]
    );
    assert_eq!(unresolved(&found), ["src/a.ts:1 @app/missing"]);
}

#[test]
fn folders_of_root_dirs_are_one() {
    let files = [
        ("tsconfig.json", "{\"compilerOptions\": {\"rootDirs\": [\"src/views\", \"generated/templates/views\", \"./more\"]}}"),
        (
            "src/views/view1.ts",
            "import './template1'; import './view2'; import './deep/part'; import './both'; import './gone'; import '../other';",
        ),
        ("src/views/view2.ts", ""),
        ("src/views/both.ts", ""),
        ("src/other.ts", "import './views/template1'; import './template1';"),
        ("generated/templates/views/template1.ts", "import './view2'; import '../view2';"),
        ("generated/templates/views/both.ts", "import './both.js';"),
        ("more/deep/part/index.tsx", "import '../../view1';"),
        ("generated/other.ts", ""),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "generated/templates/views/template1 -> src/views/view2",
            "more/deep/part/index -> src/views/view1",
            "src/other -> generated/templates/views/template1",
            "src/views/view1 -> generated/templates/views/template1",
            "src/views/view1 -> more/deep/part/index",
            "src/views/view1 -> src/other",
            "src/views/view1 -> src/views/both",
            "src/views/view1 -> src/views/view2",
        ]
    );
    assert_eq!(
        unresolved(&found),
        ["generated/templates/views/template1.ts:1 ../view2", "src/other.ts:1 ./template1", "src/views/view1.ts:1 ./gone"]
    );
}

#[test]
fn module_suffixes_are_tried_in_their_order() {
    let files = [
        ("tsconfig.json", "{\"extends\": \"./base.json\", \"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}}"),
        ("base.json", "{\"compilerOptions\": {\"moduleSuffixes\": [\".ios\", \".native\", \"\"]}}"),
        ("a.ts", "import './b'; import './c.js'; import '@/d'; import './e'; import './f'; import './s.css';"),
        ("b.ts", ""),
        ("b.native.ts", ""),
        ("b.ios.ts", ""),
        ("c.ts", ""),
        ("c.native.ts", ""),
        ("d.ios.tsx", ""),
        ("e/index.native.ts", ""),
        ("f.ts", ""),
        ("s.css", ""),
        ("web/tsconfig.json", "{\"compilerOptions\": {\"moduleSuffixes\": [\".web\"]}}"),
        ("web/a.ts", "import './b'; import './c';"),
        ("web/b.web.ts", ""),
        ("web/c.ts", ""),
        ("web/none/tsconfig.json", "{\"extends\": \"..\", \"compilerOptions\": {\"moduleSuffixes\": []}}"),
        ("web/none/a.ts", "import '../c';"),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "a -> b.ios",
            "a -> c.native",
            "a -> d.ios",
            "a -> e/index.native",
            "a -> f",
            "a -> s.css",
            "web/a -> web/b.web",
            "web/none/a -> web/c"
        ]
    );
    assert_eq!(unresolved(&found), ["web/a.ts:1 ./c"]);
}

#[test]
fn what_stands_below_base_url_goes_before_what_node_brings() {
    let text = "import 'constants/api'; import 'util/b'; import 'events/bus'; import 'url'; import 'os'; import 'node:url'; import 'fs/promises'; import 'process/browser';";
    let files = [
        ("tsconfig.json", "{ \"compilerOptions\": { \"baseUrl\": \"src\" } }"),
        ("src/web/a.ts", text),
        ("src/constants/api.ts", ""),
        ("src/util/b.ts", ""),
        ("src/events/bus/index.ts", ""),
        ("src/url.ts", ""),
    ];
    holds(
        &files,
        &[
            "src/web/a -> fs (stdlib)",
            "src/web/a -> os (stdlib)",
            "src/web/a -> process (external)",
            "src/web/a -> src/constants/api",
            "src/web/a -> src/events/bus/index",
            "src/web/a -> src/url",
            "src/web/a -> src/util/b",
            "src/web/a -> url (stdlib)",
        ],
    );
}

#[test]
fn workspaces_exports_and_imports() {
    let files = [
        ("package.json", "{ \"workspaces\": [\"packages/*\", \"!packages/not\"] }"),
        (
            "packages/ui/package.json",
            "{ \"name\": \"@acme/ui\", \"exports\": { \".\": { \"types\": \"./dist/index.d.ts\", \"import\": \"./dist/index.js\" }, \"./icons/*\": \"./src/icons/*.ts\", \
             \"./private\": null }, \"imports\": { \"#own/*\": \"./src/own/*.ts\", \"#dep\": \"lodash\" } }",
        ),
        ("packages/ui/src/index.ts", "import '#own/x'; import '#dep'; import '#none'; import '@acme/ui/icons/a';"),
        ("packages/ui/src/own/x.ts", ""),
        ("packages/ui/src/icons/a.ts", ""),
        ("packages/old/package.json", "{ \"name\": \"old\", \"main\": \"lib/main\" }"),
        ("packages/old/lib/main.js", ""),
        ("packages/old/util.js", ""),
        ("packages/not/package.json", "{ \"name\": \"not\" }"),
        ("packages/not/index.js", ""),
        (
            "app.ts",
            "import '@acme/ui'; import '@acme/ui/icons/a'; import '@acme/ui/src/index'; import 'old'; import 'old/util'; import 'not';",
        ),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "app -> not (external)",
            "app -> packages/old/lib/main",
            "app -> packages/old/util",
            "app -> packages/ui/src/icons/a",
            "app -> packages/ui/src/index",
            "packages/ui/src/index -> lodash (external)",
            "packages/ui/src/index -> packages/ui/src/icons/a",
            "packages/ui/src/index -> packages/ui/src/own/x",
        ]
    );
    assert_eq!(unresolved(&found), ["app.ts:1 @acme/ui/src/index", "packages/ui/src/index.ts:1 #none"]);

    let pnpm = [
        ("pnpm-workspace.yaml", "packages:\n  # all\n  - 'libs/**'\ncatalog: {}\n"),
        ("libs/a/package.json", "{ \"name\": \"a\" }"),
        ("libs/a/src/index.ts", ""),
        ("use.ts", "import 'a';"),
    ];
    holds(&pnpm, &["use -> libs/a/src/index"]);
}

#[test]
fn files_that_differ_in_their_endings_only_are_modules_of_their_own() {
    let files = [
        ("package.json", "{ \"name\": \"pack\", \"exports\": { \"require\": \"./index.cjs\", \"default\": \"./index.js\" } }"),
        ("index.js", "export * from './a.js';\n"),
        ("index.cjs", "module.exports = import('./index.js');\n"),
        ("index.d.ts", "import { B } from './b.js';\n"),
        ("a.js", ""),
        ("b.d.ts", ""),
        ("use.mjs", "import 'pack';\n"),
        ("need.cjs", "require('pack');\n"),
        ("typed.mts", "import p = require('pack');\n"),
        ("bin/run.js", "import './run.cjs';\n"),
        ("bin/run.cjs", ""),
    ];
    holds(
        &files,
        &[
            "bin/run -> bin/run.cjs",
            "index -> a",
            "index.cjs -> index (dynamic)",
            "index.d.ts -> b",
            "need -> index.cjs",
            "typed -> index.cjs",
            "use -> index",
        ],
    );
}

#[test]
fn a_file_has_the_paths_of_the_project_that_takes_it_in() {
    let config = |paths: &str, rest: &str| format!("{{\"compilerOptions\": {{\"paths\": {{\"@/*\": [\"{paths}\"]}}}}, {rest}}}");
    let (app, node) = (
        config("./src/*", "\"include\": [\"src\"], \"exclude\": [\"src/**/*.test.ts\"]"),
        config("./node/*", "\"include\": [\"node\", \"vite.config.ts\"]"),
    );
    let tests = config("./test/*", "\"files\": [\"src/a.test.ts\"]");
    let files = [
        (
            "tsconfig.json",
            "{\"files\": [], \"references\": [{\"path\": \"./tsconfig.app.json\"}, {\"path\": \"./tsconfig.node.json\"}, {\"path\": \"./tsconfig.test.json\"}]}",
        ),
        ("tsconfig.app.json", &*app),
        ("tsconfig.node.json", &*node),
        ("tsconfig.test.json", &*tests),
        ("src/a.ts", "import '@/x';"),
        ("src/a.test.ts", "import '@/x';"),
        ("node/b.ts", "import '@/x';"),
        ("vite.config.ts", "import '@/x';"),
        ("src/x.ts", ""),
        ("node/x.ts", ""),
        ("test/x.ts", ""),
    ];
    holds(&files, &["node/b -> node/x", "src/a -> src/x", "src/a.test -> test/x", "vite.config -> node/x"]);
}

#[test]
fn a_configuration_may_extend_a_package_of_the_tree() {
    let base = r#"{"compilerOptions": {"paths": {"@/*": ["../../apps/web/src/low/*"]}}}"#;
    let project = |extends: &str, package: &str, named: &str| {
        let extends = format!("{{\"extends\": \"{extends}\"}}");
        let path = format!("packages/cfg/{named}");
        let files = [
            ("package.json", r#"{"name": "root", "workspaces": ["apps/*", "packages/*"]}"#),
            ("apps/web/package.json", r#"{"name": "web"}"#),
            ("packages/cfg/package.json", package),
            (&*path, base),
            ("apps/web/tsconfig.json", &*extends),
            ("apps/web/src/b.ts", "import '@/a';"),
            ("apps/web/src/low/a.ts", ""),
        ];
        between_files(&files)
    };
    let found = ["apps/web/src/b.ts -> apps/web/src/low/a.ts"];
    assert_eq!(project("@repo/cfg/base.json", r#"{"name": "@repo/cfg"}"#, "base.json"), found);
    assert_eq!(project("@repo/cfg/base", r#"{"name": "@repo/cfg"}"#, "base.json"), found);
    assert_eq!(project("@repo/cfg", r#"{"name": "@repo/cfg"}"#, "tsconfig.json"), found);
    assert_eq!(project("@repo/cfg", r#"{"name": "@repo/cfg", "tsconfig": "x.json"}"#, "x.json"), found);
    assert_eq!(project("@repo/cfg/b", r#"{"name": "@repo/cfg", "exports": {"./b": "./x.json"}}"#, "x.json"), found);
}
