//! Small C# projects, and the edges that the language's rules give them.

use crate::facts::Language;
use crate::facts::sample::{holds, project, told, unresolved};

#[test]
fn usings_lead_to_what_is_named_of_the_namespace() {
    let files = [
        (
            "Web/Page.cs",
            concat!(
                "\u{feff}using System;\r\nusing System.Collections.Generic;\r\nusing Dapper;\r\n",
                "using Shop.Domain;\r\nusing static Shop.Text.Strings;\r\nusing Db = Shop.Store.Database;\r\nusing St = global::Shop.Store;\r\n",
                "using Never = Shop.Domain.Gone;\r\nusing Shop.Empty;\r\n",
                "// using Shop.Hidden;\r\n/* using Shop.Hidden; */\r\n",
                "namespace Shop.Web;\r\n\r\n[Marked]\r\npublic class Page<T> : Base where T : Limit\r\n{\r\n",
                "    const string Text = @\"\r\nusing Shop.Hidden;\r\n\"; const string Raw = \"\"\"\r\n    using Shop.Hidden;\r\n    \"\"\";\r\n",
                "    List<Cart> carts = new(); St.Files files; Hidden nothing; Inner own;\r\n",
                "    void F() { Unit.One.ToString(); Db.Open(); if (carts is Order { Id: 1 } o) {} Unused(); Cart Unused2; }\r\n",
                "    class Inner { }\r\n}\r\n",
            ),
        ),
        ("Domain/Cart.cs", "namespace Shop.Domain { public class Cart { } public class Limit { } }\n"),
        ("Domain/Base.cs", "namespace Shop\n{\n    namespace Domain\n    {\n        public abstract record Base(int Id);\n    }\n}\n"),
        (
            "Domain/Kinds.cs",
            "namespace Shop.Domain;\npublic enum Unit { One }\npublic sealed class MarkedAttribute : System.Attribute { }\n",
        ),
        ("Domain/Order.cs", "namespace Shop.Domain;\npublic readonly struct Order { }\n"),
        ("Domain/Unused.cs", "namespace Shop.Domain;\npublic delegate void Unused();\npublic interface Inner { }\n"),
        ("Text/Strings.cs", "namespace Shop.Text;\npublic static class Strings { }\n"),
        ("Store/Database.cs", "namespace Shop.Store;\npublic class Database { }\n"),
        ("Store/Files.cs", "namespace Shop.Store;\npublic class Files { }\n"),
        ("Hidden/Hidden.cs", "namespace Shop.Hidden;\npublic class Hidden { }\n"),
        ("Older/Range.cs", "namespace System;\nclass Range { }\n"),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "Shop.Domain.Kinds -> System (stdlib)",
            "Shop.Web.Page -> Dapper (external)",
            "Shop.Web.Page -> Shop.Domain.Base",
            "Shop.Web.Page -> Shop.Domain.Cart",
            "Shop.Web.Page -> Shop.Domain.Kinds",
            "Shop.Web.Page -> Shop.Domain.Order",
            "Shop.Web.Page -> Shop.Empty (external)",
            "Shop.Web.Page -> Shop.Store.Database",
            "Shop.Web.Page -> Shop.Store.Files",
            "Shop.Web.Page -> Shop.Text.Strings",
            "Shop.Web.Page -> System (stdlib)",
            "Shop.Web.Page -> System.Collections.Generic (stdlib)",
        ]
    );
    assert_eq!(unresolved(&found), ["Web/Page.cs:8 Shop.Domain.Gone"]);
    let line = |to: &str| found.edges().find(|import| import.to == to).map(|import| import.line);
    assert_eq!([line("Shop.Domain.Cart"), line("Shop.Store.Database")], [Some(4), Some(6)]);
}

#[test]
fn namespaces_around_are_seen_without_a_using_and_names_begin_in_them() {
    let files = [
        (
            "Infra/Db.cs",
            "namespace Shop.Infra.Sql;\nusing Tools;\nclass Db : Root { Domain.Cart a; global::Shop.Web.Page b; Shop.Web.View c; Same d; Tool e; Near f; Shop.Gone.X g; }\n",
        ),
        ("Infra/Same.cs", "namespace Shop.Infra.Sql { class Same {} }\n"),
        ("Root.cs", "namespace Shop;\nclass Root { }\n"),
        ("Near.cs", "namespace Shop;\nclass Near { }\n"),
        ("Infra/Near.cs", "namespace Shop.Infra;\nclass Near { }\n"),
        ("Cart.cs", "namespace Shop.Domain;\nclass Cart { }\n"),
        ("Page.cs", "namespace Shop.Web;\nclass Page { }\n"),
        ("View.cs", "namespace Shop.Web;\nclass View { }\n"),
        ("Tool.cs", "namespace Shop.Tools;\nclass Tool { }\nclass Root { }\n"),
    ];
    holds(
        &files,
        &[
            "Shop.Infra.Sql.Db -> Shop.Domain.Cart",
            "Shop.Infra.Sql.Db -> Shop.Infra.Near",
            "Shop.Infra.Sql.Db -> Shop.Infra.Sql.Same",
            "Shop.Infra.Sql.Db -> Shop.Tools.Tool",
            "Shop.Infra.Sql.Db -> Shop.Web.Page",
            "Shop.Infra.Sql.Db -> Shop.Web.View",
        ],
    );
}

#[test]
fn what_holds_in_a_whole_project_and_only_there() {
    let files = [
        (
            "app/app.csproj",
            "<Project>\n <ItemGroup>\n  <Using Include=\"Shop.Store\" />\n  <!-- <Using Include=\"Shop.Hidden\" /> -->\n  <Using Include=\"Shop.Text.Words\" Alias=\"W\" />\n </ItemGroup>\n</Project>\n",
        ),
        ("app/Usings.cs", "global using Shop.Domain;\nglobal using static System.Math;\n"),
        ("app/Main.cs", "var cart = new Cart();\nDb.Open(cart, W.All);\nnew Hidden();\n"),
        ("lib/lib.csproj", "<Project/>\n"),
        ("lib/Main.cs", "namespace Lib;\nclass Main { Cart c; Db d; Own o; }\n"),
        ("lib/Cart.cs", "namespace Shop.Domain;\nclass Cart { }\nclass Hidden2 { }\n"),
        ("lib/Db.cs", "namespace Shop.Store;\nclass Db { }\n"),
        ("lib/Words.cs", "namespace Shop.Text;\nclass Words { }\n"),
        ("lib/Hidden.cs", "namespace Shop.Hidden;\nclass Hidden { }\n"),
        ("lib/Own.cs", "namespace Lib;\nclass Own { }\n"),
        ("lib/More.cs", "namespace Lib;\npartial class Parts { Own o; }\n"),
        ("lib/Parts.cs", "namespace Lib;\npartial class Parts { }\n"),
        ("lib/Use.cs", "namespace Lib;\nclass Use { Parts p; }\n"),
        ("other/other.csproj", "<Project/>\n"),
        ("other/Own.cs", "namespace Lib;\nclass Own { }\n"),
    ];
    holds(
        &files,
        &[
            "Lib.Main -> lib/Own",
            "Lib.More -> lib/Own",
            "Lib.Use -> Lib.More",
            "Lib.Use -> Lib.Parts",
            "app/Main -> Shop.Domain.Cart",
            "app/Main -> Shop.Store.Db",
            "app/Main -> Shop.Text.Words",
            "app/Usings -> System (stdlib)",
        ],
    );
}

#[test]
fn extension_methods_lead_to_their_class_where_it_is_in_use() {
    let files = [
        ("a.cs", "using Ext;\nclass A { void F(string s) { s.Shout(1)?.Twice<int>(); Quiet(); s.Hidden(); } }\n"),
        ("b.cs", "class B { void F(string s) { s.Shout(); } }\n"),
        (
            "c.cs",
            "namespace Ext;\nstatic class C { public static string Shout(this string s, int n) => s; public static int Quiet(this int x) => x; }\n",
        ),
        (
            "d.cs",
            "namespace Ext;\nstatic class D { static void Hidden(string s) { } }\nstatic class E { static void Twice<T>(this object o) { } }\n",
        ),
    ];
    holds(&files, &["a -> Ext.c", "a -> Ext.d"]);
}

#[test]
fn every_branch_before_the_compiler_counts() {
    let files = [
        (
            "a.cs",
            concat!(
                "#if NET\nusing One;\n#elif OLD\nusing Two;\n#else\nusing Three;\n#endif\n#if false\nusing Hidden;\n#endif\n",
                "namespace N {\nclass A\n#if NET\n : Base1, I1\n#else\n : Base2\n#endif\n{\n#region R\n Thing1 t;\n#pragma warning disable\n",
                "#if NET\n void F() {\n#else\n void G() { Thing2 x;\n#endif\n }\n Thing3 u; Nope n;\n}\n}\n",
            ),
        ),
        ("1.cs", "namespace One { class Thing1 {} class Base1 {} interface I1 {} }\n"),
        ("2.cs", "namespace Two { class Thing2 {} }\n"),
        ("3.cs", "namespace Three { class Thing3 {} }\n"),
        ("3b.cs", "namespace Three { class Base2 {} }\n"),
        ("h.cs", "namespace Hidden { class Nope {} }\n"),
        ("broken.cs", "using One;\nusing Gone.Lib;\nclass { ] void ( Thing1 x;\n"),
    ];
    let found = project(&files, "", Some(Language::Csharp));
    let edges: Vec<String> = found.edges().map(|import| format!("{} -> {}", import.from, import.to)).collect();
    assert_eq!(edges, ["N.a -> One.1", "N.a -> Three.3", "N.a -> Three.3b", "N.a -> Two.2"]);
    let unreadable: Vec<String> = found.unreadable.iter().map(|one| format!("{}:{}", one.file, one.line)).collect();
    assert_eq!(unreadable, ["broken.cs:3"], "what makes no sense at all is told");
}

#[test]
fn what_is_elsewhere_needs_no_using_where_it_is_named_in_full() {
    let files = [
        ("app.csproj", "<Project><ItemGroup><PackageReference Include=\"Newtonsoft.Json\" Version=\"13\" /></ItemGroup></Project>\n"),
        ("a.cs", "using Serilog.Core;\nclass A { Order Order; }\n"),
        (
            "b.cs",
            concat!(
                "class B {\n void F(Cart Cart) {\n  Newtonsoft.Json.JsonConvert.Parse(\"x\");\n  new Serilog.Core.Logger(); System.IO.File.Open();\n",
                "  Cart.Items.Count.Sum(); global::Moq.Linq.Mock.Of(); Shop.Gone.All();\n }\n}\n",
            ),
        ),
        ("c.cs", "namespace Shop { class Cart { } class Order { } }\n"),
    ];
    holds(
        &files,
        &[
            "a -> Serilog.Core (external)",
            "b -> Moq (external)",
            "b -> Newtonsoft.Json (external)",
            "b -> Serilog.Core (external)",
            "b -> System (stdlib)",
        ],
    );
}

#[test]
fn full_names_of_types_from_elsewhere_count() {
    let files = [
        (
            "a.cs",
            concat!(
                "using Short = Some.Where;\n[Org.Ext.Mark] class A : Deep.Lib.Base {\n Microsoft.EF.DbContext c; List<Other.Lib.Thing> d; Outer.Inner e; Short.In.X f; Own.Sub.Y g; B.C.D h;\n",
                " void F() { Chain.Of.Properties.Go(); }\n}\n",
            ),
        ),
        ("b.cs", "namespace Own { class Z {} }\n"),
        ("c.cs", "class B { class C { class D {} } }\n"),
    ];
    holds(
        &files,
        &[
            "a -> Deep.Lib (external)",
            "a -> Microsoft.EF (external)",
            "a -> Org.Ext (external)",
            "a -> Other.Lib (external)",
            "a -> Some (external)",
            "a -> c",
        ],
    );
}

#[test]
fn a_variable_hides_the_class_of_its_name() {
    let file = |body: &str| format!("class A {{ {body} }}\n");
    let leads = |body: &str| {
        let found = project(&[("a.cs", &*file(body)), ("v.cs", "class Var { public static int Z() => 1; }\n")], "", None);
        assert_eq!(found.unreadable, []);
        found.edges().any(|import| import.to == "v")
    };
    for hidden in [
        "void F() { var Var = 1; Var.Z(); }",
        "void F() { Var.Z(); int Var = 1; }",
        "void F(int Var) { Var.Z(); Var?.Z(); }",
        "void F() { foreach (var Var in x) Var.Z(); }",
        "void F() { if (o is int Var) Var.Z(); }",
        "void F() { if (f(out var Var)) Var.Z(); }",
        "object F() => all(Var => Var.Z());",
        "object F() => all((Var, y) => Var.Z());",
        "int Var; void F() { Var.Z(); }",
        "int Var { get; } void F() { Var.Z(); }",
        "void F() { var (Var, y) = x; Var.Z(); }",
        "object F() => from Var in x select Var.Z();",
        "void F() { try {} catch (Exception Var) { Var.Z(); } }",
    ] {
        assert!(!leads(hidden), "{hidden}");
    }
    for seen in [
        "void F() { { var Var = 1; } Var.Z(); }",
        "void G(int Var) { } void F() { Var.Z(); }",
        "void F() { int x = Var.Z(); all(Var => 1); }",
        "void F(int Var) { Var x; }",
    ] {
        assert!(leads(seen), "{seen}");
    }
}

#[test]
fn the_syntax_of_14_is_read() {
    for text in [
        "class A { void F(A x) { x?.y = 1; x?.y += N.B.G(); int z = n ?.5 : 1; } }",
        "class A<T> where T : allows ref struct { N.B b; }",
        "class A { void F<T>(T x) where T : I, allows ref struct { x?.y?.z = new N.B(); } }",
    ] {
        holds(&[("A.cs", text), ("B.cs", "namespace N { class B {} }")], &["A -> N.B"]);
    }
}

#[test]
fn deep_files_are_read() {
    const DEPTH: usize = 20_000;
    let calls = format!("N.B.F(){}", ".G()".repeat(DEPTH));
    let names = format!("N.B.F{}", ".G".repeat(DEPTH));
    let brackets = format!("{}N.B.F{}", "(".repeat(DEPTH), ")".repeat(DEPTH));
    let arguments = format!("{}N.B.F{}", "f(x, ".repeat(DEPTH), ")".repeat(DEPTH));
    for text in [calls, names, brackets, arguments] {
        let text = format!("class A {{ object x = {text}; }}");
        holds(&[("A.cs", &text), ("B.cs", "namespace N { class B {} }")], &["A -> N.B"]);
    }
}

#[test]
fn patterns_tuples_and_aliases_name_types() {
    let files = [
        ("Infra/Row.cs", "namespace Infra;\npublic record Row(int X, int Y);\n"),
        ("Infra/Col.cs", "namespace Infra;\npublic record Col(int X, int Y);\n"),
        (
            "Core/A.cs",
            "using Infra;\nnamespace Core;\nclass A { bool F(object o) => o is Row(1, 2); bool G(object o) => o is Col(X: 1) || o is null; }\n",
        ),
        ("Core/B.cs", "using R = (Infra.Row a, int b);\nnamespace Core;\nclass B { R r; }\n"),
        ("Core/C.cs", "using N = Infra;\nnamespace Core;\nclass C { N::Col x; }\n"),
    ];
    holds(&files, &["Core.A -> Infra.Col", "Core.A -> Infra.Row", "Core.B -> Infra.Row", "Core.C -> Infra.Col"]);
}

#[test]
fn what_is_used_in_all_projects_below_a_folder() {
    let files = [
        (
            "Directory.Build.props",
            "<Project><ItemGroup><Using Include=\"Infra\" /><Using Include=\"Infra.Row\" Alias=\"R\" /></ItemGroup></Project>\n",
        ),
        ("Infra/Infra.csproj", "<Project />\n"),
        ("Infra/Row.cs", "namespace Infra;\npublic class Row { }\n"),
        ("Core/Core.csproj", "<Project />\n"),
        ("Core/A.cs", "namespace Core;\nclass A { Row row; }\n"),
        ("Core/B.cs", "namespace Core;\nclass B { R row; }\n"),
    ];
    holds(&files, &["Core.A -> Infra.Row", "Core.B -> Infra.Row"]);
}

#[test]
fn a_type_in_a_type_is_known_in_its_body_alone() {
    let files = [
        ("A.cs", "namespace P { public class A : IB { class IB {} IB own; } }\n"),
        ("C.cs", "namespace P { public class C<IB> : D<IB> { IB b; class E { class F : IB {} } } }\n"),
        ("D.cs", "namespace P { public class D<T> { class Inner { class Tag {} class G : Tag {} } } }\n"),
        ("H.cs", "using IB = System.String;\nnamespace P { public class H { IB b; Tag t; } }\n"),
        ("Types.cs", "namespace P { public interface IB {} public class Tag {} }\n"),
    ];
    assert_eq!(told(&project(&files, "", None)), ["P.A -> P.Types", "P.C -> P.D", "P.H -> P.Types", "P.H -> System (stdlib)"]);
}
