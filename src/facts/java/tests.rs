//! Small Java projects, and the edges that the language's rules give them.

use crate::facts::sample::{edges, holds, project, told, unresolved};

#[test]
fn types_lead_to_the_files_that_declare_them() {
    let files = [
        (
            "src/main/java/org/shop/web/Page.java",
            "package org.shop.web;\n\nimport java.util.List;\nimport java.util.concurrent.*;\nimport org.shop.domain.Cart;\nimport org.shop.domain.Cart.Line;\nimport static org.shop.domain.Prices.of;\nimport static org.shop.domain.Prices.*;\nimport com.google.common.collect.ImmutableList;\nimport org.shop.domain.Gone;\n\npublic record Page(Cart cart) {}\n",
        ),
        (
            "src/main/java/org/shop/domain/Cart.java",
            "package org.shop.domain;\nimport org.shop.store.*;\npublic class Cart { Store store = Stores.open(); static class Line {} }\n",
        ),
        (
            "src/main/java/org/shop/domain/Prices.java",
            "package org . shop . domain ;\npublic interface Prices { static int of() { return 1; } }\nenum Kind { A }\n",
        ),
        ("src/main/java/org/shop/store/Store.java", "package org.shop.store;\nimport org.shop.domain.Kind;\nclass Store {}\n"),
        (
            "src/main/java/org/shop/store/Stores.java",
            "package org.shop.store;\n@interface Mark {}\nsealed interface Stores permits A {}\nfinal class A implements Stores {}\n",
        ),
        ("src/main/java/org/shop/store/Other.java", "package org.shop.store;\nclass Other {}\n"),
        (
            "Alone.java",
            "import javax.swing.JFrame;\nclass Alone { void f(Object o) { switch (o) { case String s when s.isEmpty() -> {} default -> {} } } }\n",
        ),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "Alone -> javax.swing (stdlib)",
            "org.shop.domain.Cart -> org.shop.store.Store",
            "org.shop.domain.Cart -> org.shop.store.Stores",
            "org.shop.store.Store -> org.shop.domain.Prices",
            "org.shop.web.Page -> com.google.common.collect (external)",
            "org.shop.web.Page -> java.util (stdlib)",
            "org.shop.web.Page -> java.util.concurrent (stdlib)",
            "org.shop.web.Page -> org.shop.domain.Cart",
            "org.shop.web.Page -> org.shop.domain.Prices",
        ]
    );
    assert_eq!(unresolved(&found), ["src/main/java/org/shop/web/Page.java:10 org.shop.domain.Gone"]);
}

#[test]
fn neighbours_in_a_package_need_no_import() {
    let files = [
        (
            "src/main/java/a/Use.java",
            concat!(
                "package a;\nimport b.Taken;\nimport b.*;\n",
                "@Marked class Use<T> extends Base implements Outer.Inner {\n",
                "  static final int Constant = 1; Taken taken; T t; Own own; Both both; b.Full full;\n",
                "  class Own {}\n  Object f() { int Name = Constant; return Tool.make(Name).Field + new Made[0].length; }\n",
                "  Runnable g() { return Ref::run; }\n}\n",
            ),
        ),
        ("src/main/java/a/Base.java", "package a;\nclass Base {}\n"),
        ("src/main/java/a/Outer.java", "package a;\ninterface Outer { interface Inner {} }\n"),
        ("src/main/java/a/Marked.java", "package a;\n@interface Marked {}\n"),
        ("src/main/java/a/Tool.java", "package a;\nclass Tool {}\nclass Made {}\n"),
        ("src/main/java/a/Ref.java", "package a;\nclass Ref {}\n"),
        ("src/main/java/a/Both.java", "package a;\nclass Both {}\n"),
        (
            "src/main/java/a/Never.java",
            "package a;\nclass Inner {}\nclass Constant {}\nclass Taken {}\nclass T {}\nclass Own {}\nclass Name {}\nclass Field {}\nclass Full {}\n",
        ),
        ("src/main/java/b/Taken.java", "package b;\npublic class Taken {}\n"),
        ("src/main/java/b/Both.java", "package b;\npublic class Both {}\n"),
        ("One.java", "class One { Two two; Far far; }\n"),
        ("Two.java", "class Two {}\n"),
        ("far/Far.java", "class Far {}\n"),
    ];
    holds(
        &files,
        &[
            "One -> Two",
            "a.Use -> a.Base",
            "a.Use -> a.Both",
            "a.Use -> a.Marked",
            "a.Use -> a.Outer",
            "a.Use -> a.Ref",
            "a.Use -> a.Tool",
            "a.Use -> b.Taken",
        ],
    );
}

#[test]
fn full_names_need_no_import() {
    let text = concat!(
        "package x.a;\n",
        "@x.b.Mark(x.b.Tag.class) public class Use<T extends x.b.Bound> extends x.b.Base implements x.b.Outer.Inner {\n",
        "  x.b.Field f = new x.b.Made(); java.util.List<x.b.Element[]> all; Object gone = new x.b.Gone();\n",
        "  void f() throws x.b.Thrown { x.b.Tool.run().more(); int one = x.b.Numbers.ONE + x . b . Blanks.TWO; }\n",
        "  Object g(Object o) { return o instanceof x.b.Kind<?> ? (x.b.Cast<T>.Inner) o : call(x.b.Ref::run); }\n}\n",
    );
    let names =
        ["Base", "Blanks", "Bound", "Cast", "Element", "Field", "Kind", "Made", "Mark", "Numbers", "Outer", "Ref", "Tag", "Thrown", "Tool"];
    let others = names.map(|name| (format!("b/{name}.java"), format!("package x.b;\npublic class {name} {{}}\n")));
    let files: Vec<(&str, &str)> = [("a/Use.java", text)].into_iter().chain(others.iter().map(|(path, text)| (&**path, &**text))).collect();
    let expected = [String::from("x.a.Use -> java.util (stdlib)")].into_iter().chain(names.map(|name| format!("x.a.Use -> x.b.{name}")));
    assert_eq!(edges(&files), expected.collect::<Vec<_>>());
}

#[test]
fn a_variable_hides_the_package_of_its_name() {
    let files = [
        (
            "a/Use.java",
            concat!(
                "package a;\nclass Use {\n",
                "  Object f(Some x) { for (Some y : x.b) { y.b.run(); } return x.b.F.one; }\n",
                "  Object g(Object o) { Some z = null; x.y.Never n; return all(x -> x.b.F.one, z.b.F.one, a.b.c, self().x.b.F.one); }\n",
                "  Object h() { return x.b.G.one; }\n}\n",
            ),
        ),
        ("b/F.java", "package x.b;\npublic class F {}\n"),
        ("b/G.java", "package x.b;\npublic class G {}\n"),
        ("z/F.java", "package z.b;\npublic class F {}\n"),
    ];
    holds(&files, &["a.Use -> x.b.G", "a.Use -> x.y (external)"]);
}

#[test]
fn full_names_of_packages_from_elsewhere_count() {
    let files = [
        (
            "a/Use.java",
            concat!(
                "package a;\n@org.mark.Mark class Use extends Base {\n  java.sql.Connection c; Object o = new com.lib.Outer.Inner();\n",
                "  Object f(Object org) { org.hidden.Thing.go(); one.tool.Tool.run(); config.limits.MAX.go(); return java.net.URI.create(\"x\"); }\n",
                "  void g() { lower.Inner x; a.b.c(); own.Inner y; }\n  class own { class Inner {} }\n}\n",
            ),
        ),
        ("a/Base.java", "package a;\nclass Base {}\nclass lower { static class Inner {} }\n"),
    ];
    holds(
        &files,
        &[
            "a.Use -> a.Base",
            "a.Use -> com.lib (external)",
            "a.Use -> java.net (stdlib)",
            "a.Use -> java.sql (stdlib)",
            "a.Use -> one.tool (external)",
            "a.Use -> org.mark (external)",
        ],
    );
}

#[test]
fn a_package_may_be_marked() {
    let files = [
        ("web/package-info.java", "@low.X(low.Y.class) @Near\npackage web;\n"),
        ("web/Near.java", "package web;\n@interface Near {}\n"),
        ("low/X.java", "package low;\npublic @interface X {}\n"),
        ("low/Y.java", "package low;\npublic class Y {}\n"),
    ];
    holds(&files, &["web.package-info -> low.X", "web.package-info -> low.Y", "web.package-info -> web.Near"]);
}

#[test]
fn the_syntax_of_25_is_read() {
    let text = concat!(
        "package a;\nimport module java.base;\nimport b.Base;\nclass Use extends Base {\n",
        "  Use(int n) { if (n < 0) throw new IllegalArgumentException(); super(b.Other.of(n), n); c.Tool.run(); }\n",
        "  Use() { int n = 1; this(n); }\n}\n",
    );
    let files = [
        ("a/Use.java", text),
        ("b/Base.java", "package b;\npublic class Base {}\n"),
        ("b/Other.java", "package b;\npublic class Other {}\n"),
        ("c/Tool.java", "package c;\npublic class Tool {}\n"),
    ];
    holds(&files, &["a.Use -> b.Base", "a.Use -> b.Other", "a.Use -> c.Tool", "a.Use -> java.base (stdlib)"]);
    let broken = [("A.java", "import module org.shop;\nclass A {}\n"), ("B.java", "class B { B() { super(; } }\n")];
    assert_eq!(project(&broken, "", None).unreadable.len(), 2, "which packages a module has is not known");
}

#[test]
fn a_deep_file_is_read() {
    let deep = |depth: usize| format!("package a;\nclass Use {{ Object o = {}x.b.F.one{}; }}\n", "(".repeat(depth), ")".repeat(depth));
    let files = [("a/Use.java", &*deep(50_000)), ("b/F.java", "package x.b;\npublic class F {}\n")];
    holds(&files, &["a.Use -> x.b.F"]);
}

#[test]
fn record_patterns_name_types() {
    let text = "package core;\nclass A { int f(Object o) { return switch (o) {\n\
                case Row(var x, _) -> 1;\n case Box(Low(int a), var b) -> 2;\n default -> 3; }; }\n\
                boolean g(Object o) { return o instanceof Pair(int x, int y) && x > y; } }\n";
    let dots = "package core;\nclass B { int f(Object o) { return switch (o) { case Expr.Add(var l, infra.Far.Deep(var r)) -> h.g(1); default -> 2; }; } }\n";
    let one = |name: &str| (format!("core/{name}.java"), format!("package core;\npublic record {name}(int x) {{}}\n"));
    let records = ["Row", "Box", "Low", "Pair", "Expr"].map(one);
    let mut files: Vec<(&str, &str)> = records.iter().map(|(path, text)| (&**path, &**text)).collect();
    files.extend([("core/A.java", text), ("core/B.java", dots), ("infra/Far.java", "package infra;\npublic class Far {}\n")]);
    holds(
        &files,
        &[
            "core.A -> core.Box",
            "core.A -> core.Low",
            "core.A -> core.Pair",
            "core.A -> core.Row",
            "core.B -> core.Expr",
            "core.B -> infra.Far",
        ],
    );
}

#[test]
fn a_type_in_a_type_is_known_in_its_body_alone() {
    let files = [
        ("p/A.java", "package p;\npublic class A implements Builder<String> {\n  static class Builder {}\n  Builder own;\n}\n"),
        ("p/B.java", "package p;\nimport q.*;\n@Tag class B extends Base {\n  static class Base {}\n  @interface Tag {}\n}\n"),
        ("p/C.java", "package p;\nclass C<Builder> extends D<Builder> { Builder b; }\n"),
        ("p/D.java", "package p;\nclass D<T> { <Tag> Tag f(Tag tag) { return tag; } class Inner { class Tag {} Tag tag; } }\n"),
        ("p/Builder.java", "package p;\ninterface Builder<T> {}\n"),
        ("p/Tag.java", "package p;\n@interface Tag {}\n"),
        ("q/Base.java", "package q;\npublic class Base {}\n"),
    ];
    assert_eq!(edges(&files), ["p.A -> p.Builder", "p.B -> p.Tag", "p.B -> q.Base", "p.C -> p.D"]);
}
