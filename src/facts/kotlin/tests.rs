//! Small Kotlin projects, and the edges that the language's rules give them.

use crate::facts::Language;
use crate::facts::sample::{holds, project, told, unresolved};

#[test]
fn imports_lead_to_what_declares_the_name() {
    let files = [
        (
            "web/Page.kt",
            concat!(
                "\u{feff}@file:JvmName(\"Pages\")\r\npackage org.shop.web\r\n\r\n",
                "import kotlin.math.PI\r\nimport java.util.Date\r\nimport kotlinx.coroutines.flow.Flow\r\n",
                "import org.shop.domain.Cart as Basket // import org.shop.never.A\r\n",
                "import org.shop.domain.Cart.Companion.of\r\n",
                "import org.shop.store.openAll;\r\n",
                "import org.shop.`in`.x\r\n",
                "import org.shop.domain.Gone\r\n\r\n",
                "/* import org.shop.store.Hidden\r\n/* nested */\r\nimport org.shop.store.Hidden */\r\n",
                "const val TEXT = \"\"\"\r\nimport org.shop.store.Hidden\r\n\"\"\"\r\n",
                "class Page(val basket: Basket)\r\n",
            ),
        ),
        ("domain/Cart.kt", "package org.shop.domain\nclass Cart { companion object { fun of() = Cart() } }\n"),
        ("store/Everything.kt", "package org.shop.store\nclass Hidden\nfun openAll(): Int = 1\n"),
        ("other/Odd.kt", "package org.shop.`in`\nval x = 1\n"),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "org.shop.web.Page -> java.util (stdlib)",
            "org.shop.web.Page -> kotlin.math (stdlib)",
            "org.shop.web.Page -> kotlinx.coroutines.flow (external)",
            "org.shop.web.Page -> org.shop.domain.Cart",
            "org.shop.web.Page -> org.shop.in.Odd",
            "org.shop.web.Page -> org.shop.store.Everything",
        ]
    );
    assert_eq!(unresolved(&found), ["web/Page.kt:11 org.shop.domain.Gone"]);
}

#[test]
fn a_whole_package_means_what_is_named_of_it() {
    let files = [
        (
            "a/Use.kt",
            "package a\nimport b.*\nimport b.Kind.*\nimport ext.lib.*\nfun f(p: Plain) { helper(p); p.extended; typed<Alias>() }\n",
        ),
        ("b/Plain.kt", "package b\nclass Plain\nclass Inner\n"),
        ("b/Kind.kt", "package b\nenum class Kind { ONE }\n"),
        ("b/functions.kt", "package b\nfun helper(p: Plain) = 1\n"),
        ("b/extensions.kt", "package b\nval Plain.extended get() = 1\n"),
        ("b/aliases.kt", "package b\ntypealias Alias = List<Plain>\n"),
        ("b/unused.kt", "package b\nval (never, nowhere) = 1 to 2\nfun interface Never { fun f() }\n"),
    ];
    holds(
        &files,
        &[
            "a.Use -> b.Kind",
            "a.Use -> b.Plain",
            "a.Use -> b.aliases",
            "a.Use -> b.extensions",
            "a.Use -> b.functions",
            "a.Use -> ext.lib (external)",
            "b.aliases -> b.Plain",
            "b.extensions -> b.Plain",
            "b.functions -> b.Plain",
        ],
    );
}

#[test]
fn full_names_and_neighbours_need_no_import() {
    let files = [
        ("app/Main.kt", "package org.app\nfun main() { val c: org.shop.Cart<Int>? = null; org.shop.open().use(Near()); shop.Cart() }\n"),
        ("app/Near.kt", "package org.app\nclass Near\n"),
        ("shop/Cart.kt", "package org.shop\nclass Cart<T>\n"),
        ("shop/open.kt", "package org.shop\nfun open() = 1\n"),
    ];
    holds(&files, &["org.app.Main -> org.app.Near", "org.app.Main -> org.shop.Cart", "org.app.Main -> org.shop.open"]);
}

#[test]
fn extensions_of_the_own_package_need_no_import() {
    let files = [
        (
            "web/M.kt",
            "package a\nfun main(x: Other) { \"s\".ext(1)?.then<Int>(); x.prop.plain; x.member(); own.own2(); x.then; super.hidden(); x.prop(); x.mine() }\nfun String.own2() {}\n",
        ),
        ("low/ext.kt", "package a\nfun String.ext(n: Int) {}\nfun own2() {}\n"),
        ("low/then.kt", "package a\nfun <T> List<T>?.then(): T = get(0)\n"),
        ("low/prop.kt", "package a\nval Other.prop: Int get() = 1\n"),
        ("low/plain.kt", "package a\nval plain = 1\nfun member() {}\n"),
        ("low/far.kt", "package b\nfun String.ext(n: Int) {}\n"),
        ("low/never.kt", "package a\nprivate fun Other.mine() {}\nfun Other.hidden() {}\nprivate val Other.prop: Int get() = 1\n"),
    ];
    holds(&files, &["a.M -> a.ext", "a.M -> a.prop", "a.M -> a.then"]);
}

#[test]
fn what_a_file_has_itself_or_imports_hides_its_neighbours() {
    let files = [
        (
            "a/Use.kt",
            concat!(
                "package a\nimport b.Taken\nimport b.*\nimport b.Long as Short\n",
                "class Own\nfun f(local: Int, t: Taken, s: Short): Own { val other = local; g(x.member); return Own() }\n",
                "fun <T> h(t: T) = constant\nfun i(b: Both) = Deep.Kind.of()\n",
            ),
        ),
        ("a/Others.kt", "package a\nval local = 1\nval other = 2\nval member = 3\nclass Taken\nclass Short\nclass T\nclass Kind\n"),
        ("a/g.kt", "package a\nfun g(x: Int) = x\n"),
        ("a/constant.kt", "package a\nconst val constant = 1\nclass Both\n"),
        ("a/Deep.kt", "package a\nobject Deep\n"),
        ("a/script.kts", "g(1)\n"),
        ("b/b.kt", "package b\nclass Taken\nclass Long\n"),
        ("b/Both.kt", "package b\nclass Both\n"),
    ];
    holds(&files, &["a.Use -> a.Deep", "a.Use -> a.constant", "a.Use -> a.g", "a.Use -> b.b"]);
}

#[test]
fn kotlin_and_java_see_each_other() {
    let files = [
        ("src/main/kotlin/org/shop/Page.kt", "package org.shop\nimport org.shop.db.Store\nclass Page\n"),
        ("src/main/kotlin/org/shop/util/text.kt", "package org.shop.util\nfun trim() = 1\n"),
        ("src/main/kotlin/org/shop/util/named.kt", "@file:JvmName(\"Naming\")\npackage org.shop.util\nfun name() = 1\n"),
        (
            "src/main/java/org/shop/db/Store.java",
            "package org.shop.db;\nimport org.shop.Page;\nimport static org.shop.util.TextKt.trim;\nimport static org.shop.util.Naming.*;\nclass Store {}\n",
        ),
    ];
    let all = [
        "org.shop.Page -> org.shop.db.Store",
        "org.shop.db.Store -> org.shop.Page",
        "org.shop.db.Store -> org.shop.util.named",
        "org.shop.db.Store -> org.shop.util.text",
    ];
    holds(&files, &all);
    assert_eq!(told(&project(&files, "src", Some(Language::Kotlin))), all[..1]);
    assert_eq!(told(&project(&files, "src/main/java", Some(Language::Java))), all[1..]);
}

#[test]
fn each_source_set_sees_its_own_and_others_what_is_expected() {
    let files = [
        ("lib/src/commonMain/kotlin/io/Clock.kt", "package io\nexpect class Clock\nexpect fun now(): Int\n"),
        ("lib/src/jvmMain/kotlin/io/Clock.kt", "package io\nactual class Clock\nactual fun now() = 1\n"),
        ("lib/src/jsMain/kotlin/io/Clock.kt", "package io\nactual class Clock\nactual fun now() = 1\n"),
        ("lib/src/jvmMain/kotlin/io/net/Socket.kt", "package io.net\nimport io.Clock\n"),
        ("lib/src/commonTest/kotlin/test/ClockTest.kt", "package test\nimport io.now\n"),
        ("app/src/Main.kt", "import io.Clock\n"),
        ("tool/src/Main.kt", "import test.ClockTest\n"),
        ("tool/src/ClockTest.kt", "package test\nclass ClockTest\n"),
    ];
    holds(
        &files,
        &[
            "app/src/Main -> lib/src/commonMain/kotlin/io/Clock",
            "io.net.Socket -> lib/src/jvmMain/kotlin/io/Clock",
            "lib/src/commonTest/kotlin/test/ClockTest -> lib/src/commonMain/kotlin/io/Clock",
            "tool/src/Main -> tool/src/ClockTest",
        ],
    );
}

#[test]
fn what_makes_no_sense_cannot_be_read() {
    for wrong in [
        "class A @Inject constructor(,) : {{\nobject Kept { val x = 1 }\n",
        "fun f( {\n val x = web.F()\n",
        "this is no kotlin at all: web.F\n",
        "class { import b.B\n import a.A\n",
        "}}}}\nimport web.F\n",
    ] {
        let found = project(&[("A.kt", &*format!("package a\n{wrong}")), ("B.kt", "package b\nclass B\n")], "", None);
        assert_eq!(found.unreadable.iter().map(|one| one.file.to_string()).collect::<Vec<_>>(), ["A.kt"], "{wrong}");
    }
}

#[test]
fn a_declaration_is_found_whatever_stands_before_it() {
    let declared = |text: &str| {
        let files = [("p/A.kt", &*format!("package p\n{text}\n")), ("q/B.kt", "package q\nimport p.F\nclass Z\n")];
        assert_eq!(crate::facts::sample::edges(&files), ["q.B -> p.A"], "{text}");
    };
    for visible in ["", "public ", "internal ", "private "] {
        for what in [
            "annotation class F",
            "enum class F { X }",
            "data object F",
            "const val F = 1",
            "operator fun F() {}",
            "fun interface F { fun f() }",
            "expect class F",
            "actual class F",
        ] {
            declared(&format!("@D(\"x\") {visible}{what}"));
            declared(&format!("@D(\"x\")\n@E\n{visible}{what}"));
        }
    }
    for text in [
        "@Retention(RUNTIME) @Target(FUNCTION) public annotation class F",
        "@Target(A.C)\n@R\npublic annotation class G\n\npublic interface F {\n}",
        "@[D(\"x)\") E] public enum class F { X }",
        "@get:D<List<X>>(a = [1, f(\"${\")\"}\")]) /* @ ( */ internal val F = 1",
        "context(d: D)\nfun F() {}",
        "context(D) public fun F() {}",
        "val a = $$\"x$$y$z${\"\nclass F",
        "val a = \"$\"\nval b = '\\''\nval c = '\"'\nval d = \"\"\"${\"}\"}\"\"\"\"\n@D(')') enum class F { X }",
        "fun f(block: suspend context(D) () -> Int) = list(suspend { x@ 1 }).map { _: Int -> return@map 1 }\nclass F",
        "fun f(x: dynamic): dynamic = x.suspend()\nclass F",
    ] {
        declared(text);
    }
}

#[test]
fn annotations_and_contexts_name_things() {
    let files = [
        ("a/A.kt", "package a\n@b.Mark(b.Level.HIGH) enum class A { X }\ncontext(c: b.Scope)\nfun f() {}\n@Near(1) val x = 1\n"),
        ("a/Near.kt", "package a\nannotation class Near(val at: Int)\n"),
        ("b/Mark.kt", "package b\nannotation class Mark\n"),
        ("b/Level.kt", "package b\nenum class Level { HIGH }\n"),
        ("b/Scope.kt", "package b\ninterface Scope\n"),
    ];
    holds(&files, &["a.A -> a.Near", "a.A -> b.Level", "a.A -> b.Mark", "a.A -> b.Scope"]);
}

#[test]
fn deep_files_are_read() {
    const DEPTH: usize = 20_000;
    let calls = format!("val x = b.f(){}", ".g()".repeat(DEPTH));
    let names = format!("val x = b.f{}", ".g".repeat(DEPTH));
    let brackets = format!("val x = {}b.f{}", "(".repeat(DEPTH), ")".repeat(DEPTH));
    for text in [calls, names, brackets] {
        holds(&[("a.kt", &format!("package a\n{text}\n")), ("b.kt", "package b\nfun f() = 1\n")], &["a.a -> b.b"]);
    }
    let broken = format!("package a\nval x = {}\nimport b.f\n{})) class", "(".repeat(DEPTH), ")".repeat(DEPTH));
    assert_eq!(project(&[("a.kt", &*broken)], "", None).unreadable.len(), 1);
}

#[test]
fn short_templates_are_references() {
    let files = [
        ("core/A.kt", "package core\nval text = \"at most $MAX, not \\$NONE\"\nval more = \"\"\"\n  $LEAST.\"\"\"\n"),
        ("core/B.kt", "package core\nconst val MAX = 1\n"),
        ("core/C.kt", "package core\nconst val LEAST = 1\n"),
        ("core/D.kt", "package core\nconst val NONE = 1\n"),
    ];
    let found = project(&files, "", None);
    let places: Vec<String> =
        found.edges().map(|import| format!("{} {}:{}", import.to_file.unwrap(), import.line, import.column)).collect();
    assert_eq!(places, ["core/B.kt 2:22", "core/C.kt 4:4"]);
}

#[test]
fn what_stands_behind_an_annotation_with_arguments_is_declared() {
    let files = [
        (
            "t/Mk.kt",
            "package t\n@Target(AnnotationTarget.CLASS)\nannotation class Mk\n@S(\"x\")\nenum class Kind { A }\n@S(\"y\") @R(1)\ninternal data object One\n",
        ),
        ("u/A.kt", "package u\nimport t.Mk\n@Mk class A\n"),
        ("u/B.kt", "package u\nimport t.Kind\nval b = Kind.A\n"),
        ("u/C.kt", "package u\nimport t.One\nval c = One\n"),
    ];
    let found = project(&files, "", None);
    let to_mk = found.edges().filter(|import| import.to_file.is_some_and(|file| file.to_string() == "t/Mk.kt")).count();
    assert_eq!((to_mk, unresolved(&found)), (3, vec![]));
}
