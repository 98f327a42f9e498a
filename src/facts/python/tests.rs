//! Small Python projects, and the edges that the language's rules give them.

use crate::facts::sample::{edges, holds, project, told, unresolved};
use crate::facts::{ImportKind, Language};

#[test]
fn a_from_import_leads_to_the_deepest_module() {
    let files = [
        ("shop/__init__.py", "from shop.model import Thing\n"),
        ("shop/model.py", ""),
        ("shop/api/__init__.py", ""),
        ("shop/api/web.py", "from shop import model\nfrom shop.model import Thing\nfrom shop import Thing\nimport shop.api\n"),
    ];
    holds(&files, &["shop -> shop.model", "shop.api.web -> shop", "shop.api.web -> shop.api", "shop.api.web -> shop.model"]);
}

#[test]
fn an_edge_has_the_first_place_that_makes_it() {
    let found = project(&[("a.py", "\n\nif x:\n    import b\nimport b\n"), ("b.py", "")], "", None);
    assert_eq!(found.edges().len(), 1);
    assert_eq!((found.edges().next().unwrap().line, found.edges().next().unwrap().column), (4, 5));
    assert_eq!(found.edges().next().unwrap().from_file.to_string(), "a.py");
    assert_eq!(found.edges().next().unwrap().to_file.unwrap().to_string(), "b.py");
}

#[test]
fn relative_imports_start_at_the_package() {
    let files = [
        ("p/__init__.py", "from . import a\nfrom .a import x\n"),
        ("p/a.py", "from .b import *\nfrom .sub import c\nfrom . import b\n"),
        ("p/b.py", ""),
        ("p/sub/__init__.py", "from .. import b\n"),
        ("p/sub/c.py", "from ..a import (\n    x,\n    y as z,\n)\nfrom ... import q\n"),
    ];
    holds(&files, &["p -> p.a", "p.a -> p.b", "p.a -> p.sub.c", "p.sub -> p.b", "p.sub.c -> p.a"]);
    assert_eq!(unresolved(&project(&files, "", None)), ["p/sub/c.py:5 ...q"]);
}

#[test]
fn names_start_at_the_nearest_folder_that_stands_in_no_package() {
    let files = [
        ("src/pkg/__init__.py", ""),
        ("src/pkg/a.py", "import pkg.b\n"),
        ("src/pkg/b.py", ""),
        ("tests/test_a.py", "from pkg import a\nimport helper\n"),
        ("tests/helper.py", ""),
    ];
    holds(&files, &["pkg.a -> pkg.b", "tests.test_a -> pkg.a", "tests.test_a -> tests.helper"]);
}

#[test]
fn folders_without_init_are_packages_where_they_are_imported_from() {
    let files = [
        ("orket/domain/alerts.py", ""),
        ("orket/interfaces/api.py", "from orket.domain import alerts\nfrom orket.domain.missing import x\nimport orket.domain\n"),
    ];
    holds(&files, &["orket.interfaces.api -> orket.domain.alerts"]);
    assert_eq!(unresolved(&project(&files, "", None)), ["orket/interfaces/api.py:2 orket.domain.missing.x"]);

    let below = [("backend/app/core/db.py", ""), ("backend/app/main.py", "from app.core import db\n")];
    holds(&below, &["app.main -> app.core.db"]);

    let gap = [("p/__init__.py", ""), ("p/gap/x.py", "from ..y import z\n"), ("p/y.py", "import p.gap.x\n")];
    holds(&gap, &["p.gap.x -> p.y", "p.y -> p.gap.x"]);

    let namespace = [
        ("libs/one/acme/one/__init__.py", "from acme.two import thing\n"),
        ("libs/one/setup.py", ""),
        ("libs/two/acme/two/__init__.py", "thing = 1\n"),
        ("libs/two/setup.py", ""),
        ("use.py", "import acme.one\n"),
    ];
    holds(&namespace, &["acme.one -> acme.two", "use -> acme.one"]);
}

#[test]
fn a_src_that_is_imported_by_its_name_is_a_package() {
    holds(&[("src/app/a.py", "from src.app.b import c\n"), ("src/app/b.py", "")], &["src.app.a -> src.app.b"]);
    let both = [("src/app/a.py", "from src.app.b import c\nimport app.b\n"), ("src/app/b.py", "")];
    holds(&both, &["app.a -> app.b"]);
}

#[test]
fn importing_more_than_there_is_leads_as_far_as_there_is() {
    let files = [("a/__init__.py", ""), ("use.py", "import a.b\nfrom a.c import d\nfrom a import e\n")];
    let found = project(&files, "", None);
    assert_eq!(told(&found), ["use -> a"]);
    assert_eq!(unresolved(&found), ["use.py:1 a.b", "use.py:2 a.c.d"]);
}

#[test]
fn what_only_a_type_checker_sees_is_a_type_import() {
    let files = [
        (
            "a.py",
            "import typing as t\nfrom typing import TYPE_CHECKING as TC\nif t.TYPE_CHECKING:\n    import b\nelse:\n    import c\n\
             if not TC:\n    import d\nelse:\n    import e\nif TC and x:\n    def f():\n        import f\nif x or TC:\n    import g\n\
             if x:\n    pass\nelif (TC):\n    import h\nelse:\n    import i\n",
        ),
        ("b.py", ""),
        ("c.py", ""),
        ("d.py", ""),
        ("e.py", ""),
        ("f.py", ""),
        ("g.py", ""),
        ("h.py", ""),
        ("i.py", ""),
    ];
    let inside: Vec<String> = edges(&files).into_iter().filter(|edge| !edge.ends_with("(stdlib)")).collect();
    assert_eq!(inside, ["a -> b (type)", "a -> c", "a -> d", "a -> e (type)", "a -> f (type)", "a -> g", "a -> h (type)", "a -> i"]);
}

#[test]
fn dynamic_imports_with_a_name_that_is_spelled_out() {
    let files = [
        ("p/__init__.py", ""),
        (
            "p/a.py",
            "import importlib\nfrom importlib import import_module as im\ndef f(x):\n    importlib.import_module('p.b')\n    im(\".c\", package=\"p\")\n    \
             __import__('json')\n    im('.d', __package__)\n    im(x)\n    im(f'p.{x}')\n    other.import_module('p.e')\n",
        ),
        ("p/b.py", ""),
        ("p/c.py", ""),
        ("p/d.py", ""),
        ("p/e.py", ""),
    ];
    holds(
        &files,
        &[
            "p.a -> importlib (stdlib)",
            "p.a -> json (dynamic) (stdlib)",
            "p.a -> p.b (dynamic)",
            "p.a -> p.c (dynamic)",
            "p.a -> p.d (dynamic)",
        ],
    );
    let long = format!("import importlib\nimportlib.import_module(\n    prefix + '{}')\n", "x".repeat(60));
    let found = project(&[files[1], ("q.py", &long)], "", None);
    let cut = format!("q.py:2 importlib.import_module( prefix + '{}…", "x".repeat(25));
    assert_eq!(unresolved(&found), ["p/a.py:7 .d", "p/a.py:8 im(x)", "p/a.py:9 im(f'p.{x}')", &cut]);
}

#[test]
fn what_is_not_in_the_tree_is_external_by_its_top_package() {
    let files = [
        (
            "a.py",
            "import os.path\nimport numpy.linalg as la, yaml\nfrom compression import zstd\nimport types\nfrom __future__ import annotations\n",
        ),
        ("p/__init__.py", ""),
        ("p/types.py", ""),
    ];
    holds(
        &files,
        &[
            "a -> __future__ (stdlib)",
            "a -> compression (stdlib)",
            "a -> numpy (external)",
            "a -> os (stdlib)",
            "a -> types (stdlib)",
            "a -> yaml (external)",
        ],
    );
}

#[test]
fn a_module_of_the_project_hides_one_of_the_standard_library() {
    holds(&[("random.py", ""), ("a.py", "import random\n")], &["a -> random"]);
    let apart = [("one/pyproject.toml", ""), ("one/random.py", ""), ("two/pyproject.toml", ""), ("two/a.py", "import random\n")];
    holds(&apart, &["a -> random (stdlib)"]);
}

#[test]
fn stubs_are_modules_and_a_source_goes_before_its_stub() {
    let files = [("a.py", ""), ("a.pyi", "import c\n"), ("b.py", "import a\nimport only\n"), ("c.py", ""), ("only.pyi", "")];
    let found = project(&files, "", None);
    assert_eq!(told(&found), ["a -> c", "b -> a", "b -> only"]);
    assert_eq!(found.edges().nth(1).unwrap().to_file.unwrap().to_string(), "a.py");
}

#[test]
fn the_syntax_of_3_14_is_read() {
    let texts = [
        "\u{feff}import b",
        "type A[T = int] = list[T]\nimport b",
        "def f[**P, *Ts](x, /, *, y: int = 1) -> None:\n    import b",
        "class A[T: (int, str)](B, metaclass=M):\n    import b",
        "try:\n    import b\nexcept A, B:\n    pass\nexcept C, D, E:\n    pass\nfinally:\n    pass",
        "try:\n    import b\nexcept* (A, B) as e:\n    raise X from e",
        "try:\n    import b\nexcept* A, B:\n    pass",
        "print(t'{x!r:>{w}} and {y}')\nimport b",
        "print(f\"{'nested'} {x=} {f'{z}'}\", rb'x')\nimport b",
        "print(f'{x:{'>'}{10}}')\nimport b",
        "print(f'{x['a']} {'\\n'.join(y)}')\nimport b",
        "match x:\n    case {'a': [1, *_], **rest} | None if (y := 1):\n        import b\n    case A(x=1) as z:\n        pass\n    case _: pass",
        "match = type = case = 1\nmatch[1] = 2\nprint(match, type)\nimport b",
        "async def g():\n    async with (a() as b, c() as d,):\n        return [await x async for x in y if x]\n    import b",
        "@a[0].b(lambda: (yield))\ndef f(): import b",
        "x: list[int] = [*a, *b]\nfor y in *a, *b:\n    pass\nprint(x[*a])\nimport b",
        "def f(*args: *Ts): return *a, b\nimport b",
        "global_ = 0xFF_FF + 1_0.0e-5j\nimport b; import os",
        "def f():\n\timport b\n\tglobal x; nonlocal_ = 1\n\tdel x, y\n\tassert x, y",
        "print >> f, 'x'\nprint\nexec('x')\nimport b",
        "if x:\n  import b\n# a comment at the end without a line end",
        "def f(): ...\nclass A: ...\nimport b\n\x0c\nx = 1\n",
        "with open(x) as f, open(y) as (g, h): import b",
        "x = a if b else lambda *c, **d: c\nwhile (n := 1) and not x: break\nelse: import b",
        "from os import (path, sep,)\nimport b as c",
        "x = not a in b\ny = a @ b ** -c // ~d <<e\ny @= 1; import b",
        "async def f():\n    await (yield)\n    async for x in y: import b",
        "lambda: (yield)\nx = *a, b\nimport b",
        "raise\nimport b",
    ];
    let read = |text: &str| {
        let found = project(&[("a.py", text), ("b.py", "")], "", None);
        let inside = found.edges().filter(|import| import.to == "b").count();
        inside == 1 && found.unreadable.is_empty()
    };
    let unread: Vec<&str> = texts.into_iter().filter(|text| !read(text)).collect();
    assert_eq!(unread, [] as [&str; 0]);
}

#[test]
fn what_cannot_be_parsed_is_told_with_its_line() {
    let found = project(&[("a.py", "x = 1\ndef f(:\n    pass\n"), ("b.py", "print 'two'\n"), ("c.py", "import a\n")], "", None);
    let lines: Vec<_> = found.unreadable.iter().map(|one| (one.file.to_string(), one.line)).collect();
    assert_eq!(lines, [("a.py".to_owned(), 2), ("b.py".to_owned(), 1)]);
    assert_eq!(found.edges().len(), 1);
    assert_eq!(found.modules().map(|(name, ..)| name).collect::<Vec<_>>(), ["c"]);
}

#[test]
fn however_deep_a_file_nests_nothing_breaks() {
    let deep =
        |begin: &str, middle: &str, end: &str, count: usize| format!("{}{middle}{}\nimport b\n", begin.repeat(count), end.repeat(count));
    let blocks: String = (0..90).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    let texts = [
        deep("(", "x", ")", 190),
        deep("[", "x", "]", 5_000),
        deep("not ", "x", "", 5_000),
        deep("", "x", ".y", 5_000),
        deep("", "1", " + 1", 5_000),
        deep("if x: pass\n", "", "", 5_000),
        format!("match x:\n case {}y{}: pass\nimport b\n", "[".repeat(2_000), "]".repeat(2_000)),
        format!("{blocks}{}import b\n", " ".repeat(90)),
    ];
    for text in texts {
        let found = project(&[("a.py", &text), ("b.py", "")], "", None);
        assert_eq!(told(&found), ["a -> b"], "{}", &text[..20]);
    }
    let found = project(&[("a.py", &deep("[", "x", "]", 50_000)), ("b.py", "")], "", None);
    assert_eq!(found.unreadable.iter().map(|one| one.file.to_string()).collect::<Vec<_>>(), ["a.py"]);
}

#[test]
fn a_syntax_error_says_what_was_expected() {
    let found = project(&[("a.py", "import b\nif x\n    import c\n")], "", None);
    assert_eq!((found.unreadable[0].line, &*found.unreadable[0].why), (2, "a syntax error: expected `:`, found newline"));
}

#[test]
fn other_encodings_and_line_ends() {
    let folder = [("a.py", "# -*- coding: latin-1 -*-\r\nimport b  \\\r\n  , c\r\n"), ("b.py", ""), ("c.py", "")];
    holds(&folder, &["a -> b", "a -> c"]);
}

#[test]
fn only_what_stands_below_the_root_is_read_and_all_of_the_tree_is_found() {
    let files = [
        (".gitignore", "gen/\n"),
        ("shop/__init__.py", ""),
        ("shop/a.py", "import tools.x\nimport gen.y\nfrom .hidden import z\n"),
        ("tools/__init__.py", ""),
        ("tools/x.py", "import shop\n"),
        ("gen/__init__.py", ""),
        ("gen/y.py", ""),
        ("shop/.cache/z.py", "("),
        ("venv/pyvenv.cfg", ""),
        ("venv/lib/q.py", "("),
    ];
    let found = project(&files, "shop", Some(Language::Python));
    assert_eq!(told(&found), ["shop.a -> gen (external)", "shop.a -> shop", "shop.a -> tools.x"]);
    assert_eq!(found.modules().len(), 2);
    assert_eq!(unresolved(&found), ["shop/a.py:3 .hidden.z"]);
    assert_eq!(told(&project(&files, "", Some(Language::Rust))), [] as [&str; 0]);
    assert_eq!(found.edges().next().unwrap().kind, ImportKind::Import);
}

#[test]
fn type_checking_may_be_called_otherwise() {
    let text = "import typing\nTC = typing.TYPE_CHECKING\nOR: bool = TC or x\nNO = typing.TYPE_CHECKING\nNO = True\nif TC:\n    import b\nif OR:\n    import c\nif NO:\n    import d\n";
    let inside = edges(&[("a.py", text), ("b.py", ""), ("c.py", ""), ("d.py", "")]);
    assert_eq!(inside, ["a -> b (type)", "a -> c", "a -> d", "a -> typing (stdlib)"]);
}

#[test]
fn an_encoding_that_is_not_known_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.py"), b"# -*- coding: Shift_JIS -*-\nx = '\x83\x5c'\n").unwrap();
    let tree = crate::disk::Tree::open(folder.path()).unwrap();
    let root = crate::facts::Root::whole(crate::base::RelPath::root(), None);
    let found = crate::facts::imports(&tree, &[crate::base::RelPath::parse("a.py").unwrap()], &[root], &crate::facts::Forgetful).unwrap();
    assert_eq!((found.unreadable[0].line, &*found.unreadable[0].why), (2, "its encoding `shift_jis` is not known here: write it as UTF-8"));
}

#[test]
fn relative_imports_go_through_all_portions_of_a_namespace_package() {
    let files = [
        ("core/src/acme/core/__init__.py", ""),
        ("core/src/acme/core/svc.py", "from ..infra import db\nfrom ..infra.x import y\nfrom ..gone import z\n"),
        ("infra/src/acme/infra/__init__.py", ""),
        ("infra/src/acme/infra/db.py", ""),
        ("infra/src/acme/infra/x.py", ""),
    ];
    let found = project(&files, "", None);
    let leads: Vec<String> = found.edges().map(|import| import.to_file.unwrap().to_string()).collect();
    assert_eq!(leads, ["infra/src/acme/infra/db.py", "infra/src/acme/infra/x.py"]);
    assert_eq!(unresolved(&found), ["core/src/acme/core/svc.py:3 ..gone.z"]);
}

#[test]
fn settings_may_call_the_packages_of_a_folder_otherwise() {
    for (settings, text) in [
        ("pyproject.toml", "[tool.setuptools]\npackage-dir = { acme = \"source\", \"\" = \"lib\" }\n"),
        ("pyproject.toml", "[tool.hatch.build.targets.wheel.sources]\nsource = \"acme\"\nlib = \"\"\n"),
        ("pyproject.toml", "[tool.setuptools.packages.find]\nwhere = [\"lib\"]\n[tool.hatch.build.sources]\nsource = \"acme\"\n"),
        ("setup.cfg", "[options]\npackage_dir =\n    acme = source\n[options.packages.find]\nwhere = lib\n"),
        ("setup.py", "setup(package_dir={'acme': 'source'}, packages=find_packages(where=\"lib\"))\n"),
    ] {
        let files = [
            (settings, text),
            ("source/__init__.py", ""),
            ("source/core/__init__.py", ""),
            ("source/core/a.py", "from acme.infra import db\nfrom ..infra import db as same\nimport low.deep.x\n"),
            ("source/infra/__init__.py", ""),
            ("source/infra/db.py", ""),
            ("lib/low/deep/x.py", ""),
        ];
        holds(&files, &["acme.core.a -> acme.infra.db", "acme.core.a -> low.deep.x"]);
    }
}
