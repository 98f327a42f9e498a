//! Small JavaScript and TypeScript projects, and the edges that Node.js, TypeScript and bundlers give them.

use crate::facts::sample::{holds, project, told, unresolved};

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
        ("src/d/e.js", "const a = require('../a'), n = require(name); require.resolve('./q');"),
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
    assert_eq!(unresolved(&found), ["src/b.tsx:2 ./gone"]);
}

#[test]
fn kinds() {
    let text = "import type { A } from './b';\nimport { type B, type C } from './c';\nimport { type D, d } from './d';\nexport type { E } from './e';\n\
                const f = await import('./f');\ntype G = import('./g').G<string>;\nlet h: typeof import('./h');\nimport i = require('./i');\n\
                import type J from './j';\nexport type * from './k';\nimport(`./l`);\nimport(`./${x}`);\n";
    let mut files = vec![("a.ts", text)];
    files.extend(["b.ts", "c.ts", "d.ts", "e.ts", "f.ts", "g.ts", "h.ts", "i.ts", "j.ts", "k.ts", "l.ts"].map(|name| (name, "")));
    holds(
        &files,
        &[
            "a -> b (type)",
            "a -> c (type)",
            "a -> d",
            "a -> e (type)",
            "a -> f (dynamic)",
            "a -> g (type)",
            "a -> h (type)",
            "a -> i",
            "a -> j (type)",
            "a -> k (type)",
            "a -> l (dynamic)",
        ],
    );
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
fn the_syntax_of_today_is_read() {
    let typed = [
        "import b from './b' with { type: 'json' };",
        "import b from './b'; const x = y satisfies Z as const; let z = y!;",
        "import b from './b'; @dec class A<const T extends B = C> { accessor x = 1; #p?: number; static { f(); } declare y: string; override m(this: A): asserts x is B {} }",
        "import b from './b'; enum E { A = 1 } namespace N.M { export const x = 1 } declare global { interface Window { x: 1 } }",
        "import b from './b'; type T = { readonly [K in keyof U as `a${K}`]?: U[K] extends infer R extends string ? R : never };",
        "import b from './b'; abstract class A { abstract get x(): number; constructor(private readonly y = 1) {} }",
        "import b from './b'; function f(x: string): void; function f(x: any) {} for await (const x of y) {}",
        "import b from './b'; const f = async <T,>(x: T) => x ?? 1n ** 2n; a?.b?.[c]?.(d); x ||= y; label: for (;;) break label;",
        "\u{feff}#!/usr/bin/env node\nimport b from './b';",
        "import b from './b'; let x: unique symbol; type F = new (...a: [x: string, y?: number]) => void; type G = abstract new () => T;",
        "import b from './b'; interface A {\n  a?: B | undefined\n  in2?: number\n  in?: string | undefined\n  instanceof?: B\n  b?: 'x'\n}",
        "import b from './b'; export default interface A {} export = 1; export as namespace X;",
        "import b from './b'; interface A<in out T> {} class C<out T, in U extends X> {} type F<in T> = (a: T) => void;",
        "export import b = require('./b');",
        "import b from './b'; class A { static accessor y = 1; static accessor #z = 2; static accessor = 3; }",
    ];
    let jsx = [
        "import b from './b'; const x = <A.B {...p} c='d'>{/* e */}<></>&nbsp;{f}</A.B>;",
        "import b from './b'; const x = <h3>Light & dark && {c} & <b>d&e</b> &amp; &</h3>; const y = <>a & b</>;",
        "import b from './b'; const re = /[/]\\//giu, t = tag`a${b}c`;",
    ];
    let read = |name: &str, text: &str| {
        let found = project(&[(name, text), ("b.ts", "")], "", None);
        found.edges().len() == 1 && found.unreadable.is_empty()
    };
    let mut unread: Vec<&str> = typed.into_iter().filter(|text| !read("a.ts", text)).collect();
    unread.extend(jsx.into_iter().filter(|text| !read("a.tsx", text) || !read("c.jsx", text)));
    assert_eq!(unread, [] as [&str; 0]);
    let wrong = project(&[("a.ts", "let x = 1;\nimport {{ from 'b';\n")], "", None);
    assert_eq!(wrong.unreadable[0].line, 2);
    let wrong = project(&[("a.tsx", "let x = <h3>a & b;\n"), ("b.ts", "interface A<in 'x'> {}\n")], "", None);
    assert_eq!(wrong.unreadable.len(), 2);
}

#[test]
fn triple_slash_references_are_types() {
    holds(
        &[("a.ts", "/// <reference path=\"./g.d.ts\" />\n/// <reference types=\"vitest\" />\n"), ("g.d.ts", "")],
        &["a -> g (type)", "a -> vitest (type) (external)"],
    );
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
