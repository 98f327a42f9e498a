//! Small C and C++ projects, and the edges that the languages' rules give them.

use crate::facts::Language;
use crate::facts::sample::{holds, project, told, unresolved};

#[test]
fn quotes_begin_beside_the_file_and_angles_do_not() {
    let files = [
        (
            "src/main.c",
            "#include \"util.h\"\n#include <util.h>\n#include <stdio.h>\n#include <sys/types.h>\n#include <zlib.h>\n#include <openssl/ssl.h>\n",
        ),
        ("src/util.h", "#pragma once\n"),
        ("include/util.h", "#include <shop/cart.h>\n"),
        ("include/shop/cart.h", "  #  include \"../util.h\"\n"),
        ("src/string.h", "\n"),
        ("src/own.c", "#include \"string.h\"\n#include <string.h>\n"),
    ];
    holds(
        &files,
        &[
            "include/shop/cart.h -> include/util.h",
            "include/util.h -> include/shop/cart.h",
            "src/main.c -> include/util.h",
            "src/main.c -> openssl (external)",
            "src/main.c -> src/util.h",
            "src/main.c -> stdio.h (stdlib)",
            "src/main.c -> sys (external)",
            "src/main.c -> zlib.h (external)",
            "src/own.c -> src/string.h",
            "src/own.c -> string.h (stdlib)",
        ],
    );
}

#[test]
fn what_is_no_code_before_the_preprocessor_ran() {
    let files = [
        (
            "a.cpp",
            "#define TABLE \"table.def\"\n#if 0\n#include \"never.h\"\n#else\n#include <vector>\n#endif\nBEGIN_NAMESPACE(x\nstruct S { int a[3] = {\n#include TABLE\n};\n#include OTHER\n// #include \"comment.h\"\nconst char* s = \"#include <no>\";\n#ifdef X\nvoid f( {\n#endif\n#include \"z.hpp\"\n",
        ),
        ("table.def", "1, 2, 3\n"),
        ("z.hpp", "export module z;\ntemplate <class T> concept C = requires(T t) { t.x(); };\n"),
    ];
    let found = project(&files, "", None);
    assert_eq!(told(&found), ["a.cpp -> table.def", "a.cpp -> vector (stdlib)", "a.cpp -> z.hpp"]);
    assert_eq!(unresolved(&found), ["a.cpp:11 OTHER"]);
}

#[test]
fn a_path_may_begin_at_any_folder_if_only_one_file_is_meant() {
    let files = [
        (
            "app/main.cc",
            "#include \"core/engine.h\"\n#include \"lua.h\"\n#include \"twice.h\"\n#include \"config.h\"\n#include \"gtest/gtest.h\"\n",
        ),
        ("app/core/engine.h", ""),
        ("deps/lua/lua.h", ""),
        ("deps/a/twice.h", ""),
        ("deps/b/twice.h", ""),
        ("deps/b/near/n.c", "#include \"twice.h\"\n"),
    ];
    let found = project(&files, "", Some(Language::Cpp));
    assert_eq!(
        told(&found),
        [
            "app/main.cc -> app/core/engine.h",
            "app/main.cc -> deps/lua/lua.h",
            "app/main.cc -> gtest (external)",
            "deps/b/near/n.c -> deps/b/twice.h",
        ]
    );
    assert_eq!(unresolved(&found), ["app/main.cc:3 twice.h", "app/main.cc:4 config.h"]);
}

#[test]
fn compilers_are_told_where_to_look() {
    let files = [
        (
            "compile_commands.json",
            r#"[{"directory": ".", "file": "a.c", "command": "cc -Ideps/b -DX=\"a b\" -I deps/c -c a.c"},
                {"directory": "deps", "file": "../b.c", "arguments": ["cc", "-isystem", "a", "-c", "../b.c"]}]"#,
        ),
        ("a.c", "#include <twice.h>\n#include <time.h>\n"),
        ("b.c", "#include \"twice.h\"\n"),
        ("deps/a/twice.h", ""),
        ("deps/b/twice.h", ""),
        ("deps/c/time.h", ""),
    ];
    holds(&files, &["a.c -> deps/b/twice.h", "a.c -> deps/c/time.h", "b.c -> deps/a/twice.h"]);
}

#[test]
fn directives_stand_on_lines_of_their_own_whatever_is_around() {
    let text = [
        "int table[] = { 1,\n#include \"a.h\"\n};",
        "struct S {\n#include \"b.h\"\n};",
        "enum E { A,\n#  include \"c.h\"\n};",
        "const char text[] =\n#include \"d.h\"\n;",
        "void f() { call(1,\n/* x */ #include \"e.h\" // y\n); }",
        "#inc\\\nlude \"f.h\"",
        "const unsigned char data[] = {\n#embed \"g.h\" limit(3)\n};",
        "int n = 1'000'000;\n#include_next <h.h>",
        "char q = '\"';\n#import \"i.h\"",
        "auto raw = R\"x(\n#include \"no.h\"\n)\" )x\";",
        "/*\n#include \"no.h\"\n*/ // \\\n#include \"no.h\"",
        "const char *s = \"\\\n#include <no.h>\";",
        "#if 0\n#if 1\n#include \"no.h\"\n#endif\n# else\n#include \"j.h\"\n#endif",
        "int a; #include \"no.h\"",
    ];
    let headers = ["a.h", "b.h", "c.h", "d.h", "e.h", "f.h", "g.h", "h.h", "i.h", "j.h", "no.h"].map(|name| (name, ""));
    let text = text.join("\n");
    let files: Vec<(&str, &str)> = headers.into_iter().chain([("z/z.cpp", &*text)]).collect();
    let found = project(&files, "", None);
    let expected = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map(|name| format!("z/z.cpp -> {name}.h"));
    assert_eq!((told(&found), unresolved(&found)), (expected.to_vec(), vec![]));
    assert_eq!(found.edges().next().map(|import| (import.line, import.column)), Some((2, 1)));
}

#[test]
fn more_endings_are_read() {
    for name in ["x.tpp", "x.tcc", "x.ipp", "x.inl", "x.C", "x.H", "x.cu", "x.cuh", "x.mm", "x.cppm", "x.ixx"] {
        holds(&[(name, "#include \"low.h\"\n"), ("low.h", "")], &[&format!("{name} -> low.h")]);
    }
}

#[test]
fn what_compilers_are_told_to_include_is_included() {
    let files = [
        (
            "compile_commands.json",
            r#"[{"directory": "build", "file": "../a.c", "command": "cc -include ../pre.h --include=two.h -imacros m.h -iquote ../q -I ../inc ../a.c"}]"#,
        ),
        ("a.c", "#include <only.h>\n#include \"only.h\"\n"),
        ("pre.h", ""),
        ("inc/two.h", ""),
        ("inc/m.h", ""),
        ("q/only.h", ""),
        ("inc/only.h", ""),
    ];
    holds(&files, &["a.c -> inc/m.h", "a.c -> inc/only.h", "a.c -> inc/two.h", "a.c -> pre.h", "a.c -> q/only.h"]);
}
