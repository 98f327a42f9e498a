//! What is read of one file, in whatever it is written.

use crate::facts::sample::{holds, project, told};

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
        "import b from './b'; abstract class A { abstract accessor x: number; protected abstract override accessor y; in = 1; instanceof?(): void }",
        "export { b } from './b' with { type: 'json' };",
        "export * as b from './b' with { type: 'json' };",
        "export { type A, b } from './b';",
        "import defer * as b from './b';",
        "import source b from './b';",
        "import.defer('./b'); import.source(`./b`);",
        "let x: import('./b').Y<string>[] | typeof import('./b', { with: { 'resolution-mode': 'import' } });",
        "import b from './b'; using x = y; await using z = y; export { x as 'a b' };",
        "import b from './b'; const f = <const T,>(x: T) => x; let g: (abstract new () => void)[]; let h = f<string>; enum E { 'a-b' = `c`.length }",
    ];
    let jsx = [
        "import b from './b'; const x = <A.B {...p} c='d'>{/* e */}<></>&nbsp;{f}</A.B>;",
        "import b from './b'; const x = <h3>Light & dark && {c} & <b>d&e</b> &amp; &</h3>; const y = <>a & b</>;",
        "import b from './b'; const x = <input pattern='a&b' title=\"a & b\" data-x='<' />; const y = <p>don't & ) \" ` // /* {`}`}</p>;",
        "import b from './b'; const x = <a:b c:d='e'><this.f /><g-h {...i} />{...j}</a:b>;",
        "import b from './b'; const re = /[/]\\//giu, t = tag`a${b}c`;",
    ];
    let read = |name: &str, text: &str| {
        let found = project(&[(name, text), ("b.ts", "")], "", None);
        found.edges().len() == 1 && found.unreadable.is_empty()
    };
    let mut unread: Vec<&str> = typed.into_iter().filter(|text| !read("a.ts", text)).collect();
    unread.extend(jsx.into_iter().filter(|text| !read("a.tsx", text) || !read("c.jsx", text)));
    assert_eq!(unread, [] as [&str; 0]);
}

#[test]
fn what_cannot_be_read_says_where_and_why() {
    let told = |name: &str, text: &str| {
        let found = project(&[(name, text), ("b.ts", "")], "", None);
        found.unreadable.iter().map(|one| format!("{}: {}", one.line, one.why)).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(told("a.ts", "let x = 1;\nimport {{ from 'b';\n"), "2: a syntax error: unexpected token");
    assert_eq!(told("a.ts", "interface A<in 'x'> {}\n"), "1: a syntax error: unexpected token");
    assert_eq!(told("a.tsx", "let x =\n<h3>a & b;\n"), "2: a syntax error: unexpected token");
    // Read as JavaScript, as TypeScript and as Flow, the reading that gets furthest tells.
    assert_eq!(
        told("a.js", "let x: T = 1;\nlet y = z z;\n"),
        "2: a syntax error: expected a semicolon or an implicit semicolon after a statement, but found none"
    );
    assert_eq!(told("a.js", "// @flow\nlet x = (1: T);\nlet y = (z: );\n"), "3: a syntax error: expected `type_identifier`");
    // Nothing behind these is read, but nor is it wrong.
    for text in ["\u{a7}; import './b'", "'x\nimport './b'", "import './b'; /* x", "`x\nimport './b'"] {
        assert_ne!(told("a.ts", text), "", "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_program_that_can_be_read_is_no_matter() {
    let faults = [
        "import b from './b'; import b from './b'; const x; let x; export { y }; export { y }; new.target; // the end",
        "import b from './b'; async function f() { await x; } f = a ?? b || c; x = -1 ** 2; ({ a = 1 }); try {} /* the end */",
        "import b from './b'; class A { constructor() {} constructor() {} static prototype() {} } super(); break;",
        "import b from './b'; function f(a, a) { 'use strict'; with (x) {} delete x; var public = 010; } '\\u{zz}';\n\n",
    ];
    let read = |name: &str, text: &str| {
        let found = project(&[(name, text), ("b.ts", "")], "", None);
        found.edges().len() == 1 && found.unreadable.is_empty()
    };
    let unread: Vec<&str> = faults.into_iter().filter(|text| !read("a.js", text) || !read("c.mts", text)).collect();
    assert_eq!(unread, [] as [&str; 0]);
}

#[test]
fn scripts_may_be_sloppy() {
    let texts = [
        "with (a) require('./b');\nreturn 1;\n",
        "<!-- one\nvar a = 010, let = '\\08', yield, static; b = require('./b')\n--> two\n",
        "var await = require('./b'); await (1); function f(await) { arguments = eval = 1; }\n",
        "#!/usr/bin/env node\nif (a) function f() {} label: function g() {}\nrequire('./b'); new.target\n",
        "const { c } = await import('./b');\nfor await (const d of c) {}\n",
    ];
    for text in texts {
        for name in ["a.js", "a.cjs", "a.ts", "a.cts", "a.jsx"] {
            let found = project(&[(name, text), ("b.ts", "")], "", None);
            assert_eq!((told(&found).len(), found.unreadable.len()), (1, 0), "{name}: {text}");
        }
    }
}

#[test]
fn flow_is_read() {
    let text = "/* @flow strict */\nimport typeof A from './a';\nimport { typeof B, type C } from './b';\nimport { typeof D, d } from './d';\n\
                import typeof * as E from './e';\nconst f = (require('./f'): any);\nconst g = (await import('./g'): G<?string>);\n\
                export type { H } from './h';\nconst i = <p>{(x: any)}</p>;\n/// <reference types=\"j\" />\n";
    let mut files = vec![("x.js", text)];
    files.extend(["a.js", "b.js", "d.js", "e.js", "f.js", "g.js", "h.js"].map(|name| (name, "")));
    let expected = ["x -> a (type)", "x -> b (type)", "x -> d", "x -> e (type)", "x -> f", "x -> g (dynamic)", "x -> h (type)"];
    holds(&files, &[&expected[..], &["x -> j (type) (external)"]].concat());
    holds(&[("a.js", "// @flow\nimport type { B } from './b';\nfunction f(x: ?B): B {}\n"), ("b.js", "")], &["a -> b (type)"]);
}

#[test]
fn imports_are_found_wherever_they_stand() {
    let text = "\u{feff}import 'a1'; export {} from 'b1';\n\
                \u{20ac}; export * from 'c2'; import d = require('d2'); export import e = require('e2');\n\
                class F { @f(require('f3')) static x = import('g3'); [require('h3')]() { return `${require('i3')}` } }\n\
                declare module 'x' { import j from 'j4'; export type K = { k: import('k4').K }; namespace L { type M = typeof import('l4') } }\n\
                let n = (a = require('n5')) => b?.[require?.('m5')], o = a ? require(/* a */ 'o5') : new (require('p5'))();\n\
                function q(r: import('q6').Q = require('r6')): asserts r is import('s6') {} for (const t of require('t6')) if (t) require('u6'); else require('v6');\n\
                require(`w7`); require(w + 'x'); a.require('x'); require(`${x}`); require(''); import(`x${y}`); require.resolve('x'); type X = [...import('y7').Y[]];\n\
                export default async () => { try { await import('z8') } catch ({ a = require('a8') }) {} switch (b) { case require('b8'): } };\n";
    let found = project(&[("a.ts", &text.replace('\u{20ac}', "'\u{20ac}'"))], "", None);
    assert_eq!(found.unreadable, []);
    let mut places: Vec<(u32, u32, String)> = found.edges().map(|one| (one.line, one.column, one.to.to_owned())).collect();
    places.sort();
    let told: Vec<String> = places.into_iter().map(|(line, column, to)| format!("{line}:{column} {to}")).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    1:1 a1
    1:14 b1
    2:6 c2
    2:26 d2
    2:59 e2
    3:14 f3
    3:40 g3
    3:55 h3
    3:84 i3
    4:22 j4
    4:63 k4
    4:111 l4
    5:14 n5
    5:36 m5
    5:62 o5
    5:91 p5
    6:15 q6
    6:32 r6
    6:61 s6
    6:93 t6
    6:115 u6
    6:135 v6
    7:1 w7
    7:132 y7
    8:42 z8
    8:70 a8
    8:108 b8
    ");
}

#[test]
fn however_deep_a_file_nests_nothing_breaks() {
    let deep = |begin: &str, middle: &str, end: &str| format!("{}{middle}{};\nimport './b';\n", begin.repeat(5_000), end.repeat(5_000));
    let texts = [
        deep("(", "x", ")"),
        deep("[", "x", "]"),
        deep("({a:", "x", "})"),
        deep("{", "", "}"),
        deep("`${", "x", "}`"),
        deep("!", "x", ""),
        deep("new ", "x", ""),
        deep("x = ", "y", ""),
        deep("x => ", "y", ""),
        deep("x ? y : ", "z", ""),
        deep("x ** ", "y", ""),
        deep("", "x", " + y"),
        deep("", "x", ".y"),
        deep("", "x", "()"),
        deep("", "x", "?.[y]"),
        deep("", "x", "`y`"),
        deep("if (x) ", "y", ""),
        deep("if (x) y; else ", "z", ""),
        deep("function f() {", "", "}"),
        deep("(function(){", "", "})()"),
        deep("(class { x = ", "y", "})"),
        deep("class extends ", "x", " {}").replacen("class", "x = class", 1),
        deep("f(() => {", "", "})"),
        deep("x?(", "y", "):z"),
    ];
    let typed = [
        deep("", "let x: y", "[]"),
        deep("[", "x", "]").replacen('[', "type X = [", 1),
        deep("{a:", "x", "}").replacen('{', "type X = {", 1),
        format!("type X = {}x{};\nimport './b';\n", "A<".repeat(500), ">".repeat(500)),
        deep("keyof ", "x", "").replacen("keyof", "type X = keyof", 1),
        deep("A extends B ? C : ", "x", "").replacen('A', "type X = A", 1),
        deep("", "namespace x", ".y").replacen(';', " {};", 1),
        deep("", "type X = typeof x", ".y"),
        deep("", "x", "!"),
        deep("", "x", " as y"),
    ];
    let jsx =
        [deep("<a>", "x", "</a>"), deep("<a b={", "x", "}/>"), deep("<a>{", "x", "}</a>"), deep("", "<x", ".y").replacen(';', " />;", 1)];
    let all = |name: &'static str, texts: &[String]| texts.iter().map(|text| (name, text.clone())).collect::<Vec<_>>();
    for (name, text) in [all("a.js", &texts), all("a.ts", &texts), all("a.ts", &typed), all("a.jsx", &jsx)].concat() {
        let found = project(&[(name, &text), ("b.ts", "")], "", None);
        assert_eq!((told(&found), &found.unreadable[..]), (vec![String::from("a -> b")], &[][..]), "{name}: {}", &text[..20]);
    }
    for begin in ["(", "[", "{", "<a>", "x => {", "`${", "a<", "async(", "@(", "class extends ", "x = "] {
        for name in ["a.js", "a.tsx"] {
            let found = project(&[(name, &begin.repeat(20_000)), ("b.ts", "")], "", None);
            assert_eq!(found.unreadable.len(), 1, "{name}: {begin}");
        }
    }
}

#[test]
fn triple_slash_references_are_types() {
    holds(
        &[("a.ts", "/// <reference path=\"./g.d.ts\" />\n/// <reference types=\"vitest\" />\n"), ("g.d.ts", "")],
        &["a -> g (type)", "a -> vitest (type) (external)"],
    );
}
