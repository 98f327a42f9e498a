//! Small Go projects, and the edges that the language's rules give them.

use crate::facts::sample::{between_files, project, told, unresolved};

#[test]
fn packages_of_a_module() {
    let files = [
        ("go.mod", "module example.com/shop // the shop\n\ngo 1.24\n"),
        (
            "main.go",
            "package main\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n\tm \"example.com/shop/internal/model\"\n\t_ `github.com/lib/pq/oid`\n)\n",
        ),
        ("internal/model/a.go", "package model\nimport \"C\"\nimport \"example.com/shop/gone\"\n"),
        ("internal/model/a_test.go", "package model_test\nimport \"example.com/shop/internal/model\"\n"),
        ("tools/go.mod", "module example.com/shop/tools\n"),
        (
            "tools/gen/gen.go",
            "//go:build ignore\n\npackage main\nimport \"example.com/shop/internal/model\"\nimport . \"example.com/shop/tools/gen/sub\"\n",
        ),
        ("tools/gen/sub/s.go", "package sub\nfunc F[T any](x T) { for i := range 10 { _ = i } }\n"),
        ("vendor/github.com/lib/pq/pq.go", "package pq\nimport \"os\"\n"),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "example.com/shop -> example.com/shop/internal/model",
            "example.com/shop -> fmt (stdlib)",
            "example.com/shop -> github.com/lib/pq (external)",
            "example.com/shop -> net (stdlib)",
            "example.com/shop/internal/model -> C (stdlib)",
            "example.com/shop/internal/model_test -> example.com/shop/internal/model",
            "example.com/shop/tools/gen/gen.go -> example.com/shop/internal/model",
            "example.com/shop/tools/gen/gen.go -> example.com/shop/tools/gen/sub",
        ]
    );
    assert_eq!(unresolved(&found), ["internal/model/a.go:3 example.com/shop/gone"]);
}

#[test]
fn what_is_ignored_belongs_to_no_package() {
    let files = [
        ("go.mod", "module ex.com/m\n"),
        ("web/a_gen.go", "// Makes things.\n\n//go:build ignore && linux\n\npackage main\nimport \"ex.com/m/low\"\n"),
        ("web/b.go", "//go:build linux\n\npackage web\n"),
        ("low/l.go", "package low\nimport \"ex.com/m/web\"\n"),
    ];
    let found = project(&files, "", None);
    assert_eq!(told(&found), ["ex.com/m/low -> ex.com/m/web", "ex.com/m/web/a_gen.go -> ex.com/m/low"]);
    assert_eq!(found.edges().next().and_then(|import| import.to_file).unwrap().to_string(), "web/b.go");
}

#[test]
fn each_file_of_a_package_has_its_own_imports() {
    let files = [
        ("go.mod", "module ex.com/m\n"),
        ("core/a_test.go", "package core\nimport \"ex.com/m/low\"\n"),
        ("core/b.go", "package core\n\nimport \"ex.com/m/low\"\n"),
        ("low/l.go", "package low\n"),
    ];
    assert_eq!(between_files(&files), ["core/a_test.go -> low/l.go", "core/b.go -> low/l.go"]);
}

#[test]
fn packages_from_elsewhere_are_called_as_they_are_required() {
    let files = [
        (
            "go.mod",
            "module ex.com/m\nrequire github.com/a/b v1.0.0\nrequire (\n\tgithub.com/x/y/v2 v2.0.0 // indirect\n\tgithub.com/s/sdk v1.0.0\n\tgithub.com/s/sdk/store v1.0.0\n)\n",
        ),
        (
            "a.go",
            "package m\nimport (\n\"github.com/x/y/v2/z\"\n\"github.com/s/sdk/store/types\"\n\"github.com/s/sdk/core\"\n\"github.com/a/b\"\n\"github.com/not/there/x\"\n)\n",
        ),
    ];
    assert_eq!(
        told(&project(&files, "", None)),
        ["github.com/a/b", "github.com/not/there", "github.com/s/sdk", "github.com/s/sdk/store", "github.com/x/y/v2"]
            .map(|package| format!("ex.com/m -> {package} (external)"))
    );
}

#[test]
fn a_folder_may_replace_a_module_whatever_it_is_called() {
    let files = [
        ("go.mod", "module ex.com/m\nrequire github.com/x/low v1.0.0\nreplace github.com/x/low v1.0.0 => ./fork // ours\n"),
        ("a.go", "package m\nimport \"github.com/x/low/deep\"\n"),
        ("fork/go.mod", "module ex.com/fork\n"),
        ("fork/deep/d.go", "package deep\n"),
    ];
    assert_eq!(told(&project(&files, "", None)), ["ex.com/m -> ex.com/fork/deep"]);
}

#[test]
fn what_the_go_command_passes_over_imports_nothing() {
    let text = "package low\nimport _ \"ex.com/m/web\"\n";
    let files = [
        ("go.mod", "module ex.com/m\n"),
        ("web/w.go", "package web\n"),
        ("low/_z.go", text),
        ("low/testdata/z.go", text),
        ("_old/z.go", text),
        ("low/z.go", text),
    ];
    assert_eq!(crate::facts::sample::between_files(&files), ["low/z.go -> web/w.go"]);
    let found = crate::facts::sample::project(&files, "low/testdata", None);
    assert_eq!(found.edges().len(), 1);
}
