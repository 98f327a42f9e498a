//! Small Rust projects, and the edges that the language's rules give them.

use crate::facts::sample::{between_files, holds, project, told, unresolved};

const CARGO: (&str, &str) = (
    "Cargo.toml",
    "[package]\nname = \"my-shop\"\nedition = \"2024\"\n[dependencies]\nserde = \"1\"\njson = { package = \"serde_json\", version = \"1\" }\n",
);

#[test]
fn paths_lead_to_the_deepest_module() {
    let files = [
        CARGO,
        ("src/lib.rs", "mod a;\npub mod b;\nuse a::A;\nuse std::fmt;\n"),
        ("src/a.rs", "mod deep;\nuse crate::b::{self, c::Thing, c};\nuse super::b::missing::x;\nuse self::deep::D;\npub struct A;\n"),
        ("src/a/deep.rs", "use super::super::b::c::*;\nuse super::A;\npub struct D;\n"),
        ("src/b/mod.rs", "pub mod c;\n"),
        ("src/b/c.rs", "pub struct Thing;\npub(in crate::b) fn f() {}\n"),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "crate -> crate::a",
            "crate -> std (stdlib)",
            "crate::a -> crate::a::deep",
            "crate::a -> crate::b",
            "crate::a -> crate::b::c",
            "crate::a::deep -> crate::a",
            "crate::a::deep -> crate::b::c",
        ]
    );
    assert_eq!(unresolved(&found), ["src/a.rs:3 super::b::missing::x"]);
}

#[test]
fn uses_in_bodies_and_paths_without_use() {
    let files = [
        CARGO,
        ("src/lib.rs", "mod a; mod b; mod c; mod d; mod e; mod f;"),
        (
            "src/a.rs",
            "fn f() { use crate::b::x; crate::c::y(); let z: Vec<crate::d::T> = Vec::<super::e::U>::new(); println!(\"{}\", crate::f::v()); }\n\
             fn g() -> json::Value { serde::de(); Local::new(); local::x(); vec::y() }\nmod local {}\n",
        ),
        ("src/b.rs", "use crate::c as sea;\nfn f() { sea::y(); ::serde::x(); core::mem::take(x) }\n"),
        ("src/c.rs", "macro_rules! m { () => { $crate::d::x() } }\n#[derive(serde::Serialize)] struct S;\n"),
        ("src/d.rs", "mod tests { use super::*; use crate::e::*; #[test] fn t() { super::super::f::x() } }"),
        ("src/e.rs", ""),
        ("src/f.rs", ""),
    ];
    holds(
        &files,
        &[
            "crate::a -> crate::b",
            "crate::a -> crate::c",
            "crate::a -> crate::d",
            "crate::a -> crate::e",
            "crate::a -> crate::f",
            "crate::a -> json (external)",
            "crate::a -> serde (external)",
            "crate::a -> serde_json (external)",
            "crate::b -> core (stdlib)",
            "crate::b -> crate::c",
            "crate::b -> serde (external)",
            "crate::c -> crate::d",
            "crate::c -> serde (external)",
            "crate::d -> crate::e",
            "crate::d -> crate::f",
        ],
    );
}

#[test]
fn files_named_by_path_attributes() {
    let files = [
        CARGO,
        (
            "src/main.rs",
            "#[cfg_attr(unix, path = \"unix.rs\")]\n#[cfg_attr(windows, path = \"sys/windows.rs\")]\nmod imp;\n#[path = \"else/where.rs\"]\nmod there;\nmod inline { mod sub; }\nmod gone;\n",
        ),
        ("src/unix.rs", "use crate::there::x;"),
        ("src/sys/windows.rs", "use crate::inline::sub::y;"),
        ("src/else/where.rs", "mod beside;\nuse beside::z;"),
        ("src/else/beside.rs", ""),
        ("src/inline/sub.rs", ""),
        ("src/orphan.rs", "use crate::there;"),
    ];
    let found = project(&files, "", None);
    assert_eq!(told(&found), ["crate::imp -> crate::inline::sub", "crate::imp -> crate::there", "crate::there -> crate::there::beside"]);
    assert_eq!(unresolved(&found), ["src/main.rs:7 gone", "src/orphan.rs:1 crate::there"]);
    assert!(found.modules().any(|(name, ..)| name == "src/orphan"));
}

#[test]
fn several_crates() {
    let files = [
        ("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n[workspace.dependencies]\ncore-lib = { path = \"core-lib\" }\n"),
        ("core-lib/Cargo.toml", "[package]\nname = \"core-lib\"\n"),
        ("core-lib/src/lib.rs", "pub mod model;"),
        ("core-lib/src/model.rs", ""),
        ("app/Cargo.toml", "[package]\nname = \"app\"\n[dependencies]\ncore-lib.workspace = true\n[dev-dependencies]\ninsta = \"1\"\n"),
        ("app/src/lib.rs", "pub mod a;"),
        ("app/src/a.rs", "use core_lib::model::M;"),
        ("app/src/main.rs", "use app::a;\nfn main() { core_lib::x() }"),
        ("app/tests/it/main.rs", "mod common;\nuse app::a::b;\nuse insta::assert;\nuse common::c;"),
        ("app/tests/it/common.rs", "use nowhere::x;"),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "app(bin) -> app::a",
            "app(bin) -> core_lib",
            "app::a -> core_lib::model",
            "it -> app::a",
            "it -> insta (external)",
            "it -> it::common",
        ]
    );
    assert_eq!(unresolved(&found), ["app/tests/it/common.rs:1 nowhere::x"]);
    let one = project(&files, "core-lib", None);
    assert_eq!(one.modules().map(|(name, ..)| name).collect::<Vec<_>>(), ["crate", "crate::model"]);
}

#[test]
fn targets_that_cargo_does_not_look_for_are_none() {
    let files = [
        ("Cargo.toml", "[package]\nname = \"a\"\nautotests = false\n[[test]]\nname = \"all\"\npath = \"tests/lib.rs\"\n"),
        ("src/lib.rs", ""),
        ("tests/lib.rs", "mod part;\nconst X: u8 = 1;"),
        ("tests/part.rs", "use super::X;"),
    ];
    let found = project(&files, "", None);
    assert_eq!((told(&found), unresolved(&found)), (vec!["all::part -> all".to_owned()], vec![]));
}

#[test]
fn the_syntax_of_2024_is_read() {
    let texts = [
        "use crate::b; unsafe extern \"C\" { safe fn f(); pub unsafe fn g(); static X: u8; }",
        "use crate::b; fn f<'a, T>() -> impl Sized + use<'a, T> { let x = async move || { 1 }; let Some(y) = z else { return }; }",
        "use crate::b; fn f() { if let Some(a) = c && a > 1 && let Ok(d) = e {} loop { break 'a: { 1 } } }",
        "use crate::b; #[unsafe(no_mangle)] pub extern \"C\" fn f() { unsafe { &raw const x; let _ = (c\"x\", br#\"y\"#, 1_u8..=2); } }",
        "use crate::b; impl<T: ?Sized + for<'a> Fn(&'a T) -> U, const N: usize> X<{ N + 1 }> for Y where [(); N]: Sized {}",
        "use crate::b; union U { a: u8 } type A<T> = dyn B + 'static; enum E { A = 1, #[x] C(u8) } fn f() -> ! { match x { A { x: ref y @ 1, .. } if z => {}, [a, .., b] => {}, _ => {} } }",
        "\u{feff}#![allow(x)]\nuse crate::b;\n//! x\n/// y\nstruct S<const N: usize = 1>;",
    ];
    let read = |text: &str| {
        let found = project(&[CARGO, ("src/lib.rs", "mod a; mod b;"), ("src/a.rs", text), ("src/b.rs", "")], "", None);
        found.edges().any(|import| import.to == "crate::b") && found.unreadable.is_empty()
    };
    let unread: Vec<&str> = texts.into_iter().filter(|text| !read(text)).collect();
    assert_eq!(unread, [] as [&str; 0]);
}

#[test]
fn supers_may_follow_self() {
    let files = [
        CARGO,
        ("src/lib.rs", "mod a; mod b; mod c;"),
        ("src/a/mod.rs", "mod deep;"),
        ("src/a/deep.rs", "use self::super::super::b;\nuse self::super::super::*;\nfn f() { self::super::super::super::x(); c::y() }"),
        ("src/b.rs", "use self::{super::c, super::super::gone};"),
        ("src/c.rs", ""),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        ["crate::a::deep -> crate", "crate::a::deep -> crate::b", "crate::a::deep -> crate::c", "crate::b -> crate::c"]
    );
    assert_eq!(unresolved(&found), ["src/a/deep.rs:3 self::super::super::super::x", "src/b.rs:1 self::super::super::gone"]);
}

#[test]
fn a_renamed_dependency_is_the_package_and_not_its_library() {
    let files = [
        (
            "a/Cargo.toml",
            "[package]\nname = \"a\"\n[dependencies]\nbee = { path = \"../b\", package = \"b\" }\nsea-lib = { path = \"../c\" }\n",
        ),
        ("a/src/lib.rs", "use bee::deep::run;\nfn f() { sea::go(); }"),
        ("b/Cargo.toml", "[package]\nname = \"b\"\n[lib]\nname = \"blib\"\n"),
        ("b/src/lib.rs", "pub mod deep;"),
        ("b/src/deep.rs", ""),
        ("c/Cargo.toml", "[package]\nname = \"sea-lib\"\n[lib]\nname = \"sea\"\n"),
        ("c/src/lib.rs", ""),
    ];
    holds(&files, &["a -> blib::deep", "a -> sea"]);
}

#[test]
fn extern_crates_of_the_root_are_known_everywhere() {
    let files = [
        ("a/Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nlow = { path = \"../low\" }\nserde = \"1\"\n"),
        ("a/src/lib.rs", "extern crate low as base;\nextern crate serde as ser;\nextern crate self as me;\nmod x; mod y; mod z;\n"),
        ("a/src/x.rs", "fn f() { base::g(); ::base::g(); ser::de(); }\nuse me::z::Z;\n"),
        ("a/src/y.rs", "use base::deep::D;\nextern crate serde as hidden;\n"),
        ("a/src/z.rs", "mod base { pub fn g() {} }\nfn f() { base::g(); hidden::x(); }\n"),
        ("low/Cargo.toml", "[package]\nname = \"low\"\n"),
        ("low/src/lib.rs", "pub mod deep;\npub fn g() {}\n"),
        ("low/src/deep.rs", "pub struct D;\n"),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "a -> low",
            "a -> serde (external)",
            "a::x -> a::z",
            "a::x -> low",
            "a::x -> serde (external)",
            "a::y -> low::deep",
            "a::y -> serde (external)"
        ]
    );
    assert_eq!(unresolved(&found), [] as [&str; 0]);
}

#[test]
fn what_a_macro_makes_leads_as_far_as_there_are_modules() {
    let files = [
        ("a/Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nproto = { path = \"../proto\" }\n"),
        ("a/src/lib.rs", "mod x;\nlalrpop_mod!(grammar);\n"),
        ("a/src/x.rs", "use proto::made::X;\nuse crate::grammar::P;\n"),
        ("proto/Cargo.toml", "[package]\nname = \"proto\"\n"),
        ("proto/src/lib.rs", "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));\n"),
    ];
    let found = project(&files, "", None);
    assert_eq!(told(&found), ["a::x -> a", "a::x -> proto"]);
    assert_eq!(unresolved(&found), ["a/src/x.rs:1 proto::made::X", "a/src/x.rs:2 crate::grammar::P"]);
}

#[test]
fn modules_that_never_end_are_told() {
    let files = [CARGO, ("src/lib.rs", "mod x;"), ("src/x.rs", "#[path = \"x.rs\"]\nmod x;\nuse x::y;")];
    let found = project(&files, "", None);
    let unreadable: Vec<String> = found.unreadable.iter().map(|one| format!("{}:{} {}", one.file, one.line, one.why)).collect();
    assert_eq!(unreadable, ["src/x.rs:2 circular modules: `src/x.rs` stands in itself"]);
    assert_eq!(found.modules().len(), 2);

    let deep = |depth: usize| format!("{}use crate::b::X;{}", "mod a { ".repeat(depth), "}".repeat(depth));
    let found = |depth| project(&[CARGO, ("src/lib.rs", "mod a; mod b;"), ("src/a.rs", &deep(depth)), ("src/b.rs", "")], "", None);
    assert_eq!(told(&found(400)), ["crate::a -> crate::b"]);
    assert_eq!(found(20_000).unreadable[0].why, "its modules stand more than 500 deep in each other");
}

#[test]
fn deep_files_are_read() {
    const DEPTH: usize = 20_000;
    let uses = format!("use crate::b::{{self, {}x{}}};", "{".repeat(DEPTH), "}".repeat(DEPTH));
    let lists = format!("use crate::b::{}x{};", "{c::".repeat(DEPTH), "}".repeat(DEPTH));
    let path = format!("fn f() {{ crate::b::{}x(); }}", "c::".repeat(DEPTH));
    let types = format!("type T = {}crate::b::X{};", "Vec<".repeat(DEPTH), ">".repeat(DEPTH));
    for text in [uses, lists, path, types] {
        let found = project(&[CARGO, ("src/lib.rs", "mod a; mod b;"), ("src/a.rs", &text), ("src/b.rs", "")], "", None);
        assert_eq!((found.unreadable.len(), found.modules().len()), (0, 3));
    }
}

#[test]
fn modules_stand_in_calls_of_macros_too() {
    let files = [
        CARGO,
        (
            "src/lib.rs",
            "cfg_net! {\n    #[path = \"tcp_stream.rs\"]\n    pub(crate) mod tcp;\n    mod part { mod deep; use super::base::X; }\n}\n\
             cfg_if::cfg_if! { if #[cfg(unix)] { mod unix; use unix::{U, more::*}; } else { mod win; } }\nmod base;\n\
             fn f() { quote! { mod none; } }\n",
        ),
        ("src/tcp_stream.rs", "use crate::base::X;\n"),
        ("src/part/deep.rs", "use crate::base::X;\n"),
        ("src/unix.rs", "use crate::tcp::T;\n"),
        ("src/win.rs", "use crate::tcp::T;\n"),
        ("src/base.rs", ""),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "crate -> crate::base",
            "crate -> crate::unix",
            "crate::part::deep -> crate::base",
            "crate::tcp -> crate::base",
            "crate::unix -> crate::tcp",
            "crate::win -> crate::tcp",
        ]
    );
}

#[test]
fn an_included_file_belongs_to_the_module() {
    let files = [
        CARGO,
        ("src/lib.rs", "mod a; mod b; mod c;"),
        ("src/a.rs", "include!(\"gen/made.rs\");\ninclude!(\"gone.rs\");\n"),
        ("src/gen/made.rs", "use crate::b::B;\npub struct Made;\n"),
        ("src/b.rs", ""),
        ("src/c.rs", "use crate::a::Made;"),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        (told(&found), unresolved(&found)),
        (vec!["crate::a -> crate::b".into(), "crate::c -> crate::a".into()], vec!["src/a.rs:2 gone.rs".into()])
    );
    assert_eq!(between_files(&files), ["src/gen/made.rs -> src/b.rs", "src/c.rs -> src/a.rs", "src/c.rs -> src/gen/made.rs"]);
}

#[test]
fn a_module_of_two_files_is_both() {
    let files = [
        CARGO,
        ("src/lib.rs", "#[cfg(unix)] #[path = \"unix.rs\"] mod imp;\n#[cfg(windows)] #[path = \"win.rs\"] mod imp;\nmod a; mod b;"),
        ("src/unix.rs", "use crate::a::A;"),
        ("src/win.rs", "use crate::a::A;"),
        ("src/a.rs", ""),
        ("src/b.rs", "use crate::imp::I;"),
    ];
    assert_eq!(
        between_files(&files),
        ["src/b.rs -> src/unix.rs", "src/b.rs -> src/win.rs", "src/unix.rs -> src/a.rs", "src/win.rs -> src/a.rs"]
    );
}

#[test]
fn paths_of_inline_modules_are_folders() {
    let files = [
        CARGO,
        (
            "src/lib.rs",
            "mod a; mod b;\n#[path = \"thread_files\"]\nmod thread {\n    #[path = \"tls.rs\"]\n    mod local;\n    mod plain;\n}\n",
        ),
        ("src/thread_files/tls.rs", "use crate::a::A;"),
        ("src/thread_files/plain.rs", "use crate::a::A;"),
        ("src/a.rs", ""),
        ("src/b.rs", "mod inline { #[path = \"other.rs\"] mod inner; }"),
        ("src/b/inline/other.rs", "use crate::a::A;"),
    ];
    holds(&files, &["crate::b::inline::inner -> crate::a", "crate::thread::local -> crate::a", "crate::thread::plain -> crate::a"]);
}

#[test]
fn names_that_a_use_gives_to_modules_lead_there() {
    let files = [
        CARGO,
        ("src/lib.rs", "mod infra; mod a;\npub use infra as backend;\npub use serde as ser;\n"),
        ("src/infra/mod.rs", "pub mod db;"),
        ("src/infra/db.rs", ""),
        ("src/a.rs", "use crate::backend::db::Pool;\nfn f() { crate::ser::x(); }\n"),
    ];
    holds(&files, &["crate -> crate::infra", "crate -> serde (external)", "crate::a -> crate::infra::db", "crate::a -> serde (external)"]);
}
