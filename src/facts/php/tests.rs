//! Small PHP projects, and the edges that the language's and composer's rules give them.

use crate::facts::Language;
use crate::facts::sample::{holds, project, told, unresolved};

const COMPOSER: (&str, &str) =
    ("composer.json", r#"{"autoload": {"psr-4": {"Shop\\": "src/"}}, "autoload-dev": {"psr-4": {"Shop\\Tests\\": ["tests"]}}}"#);

#[test]
fn uses_lead_where_composer_would_look() {
    let files = [
        COMPOSER,
        (
            "src/Web/Page.php",
            concat!(
                "\u{feff}<?php\r\ndeclare(strict_types=1);\r\nnamespace Shop\\Web;\r\n\r\n",
                "use Shop\\Domain\\Cart as Basket, Shop\\Domain\\Price;\r\n",
                "use Shop\\{Store\\Db, Store\\File as F, function Text\\trim, const Text\\EMPTY_TEXT,};\r\n",
                "use function Shop\\Text\\upper;\r\n",
                "use Psr\\Log\\{LoggerInterface, NullLogger};\r\n",
                "use DateTimeImmutable;\r\n",
                "use Shop\\Domain\\Gone;\r\n",
                "// use Shop\\Domain\\Hidden;\r\n# use Shop\\Domain\\Hidden;\r\n/* use Shop\\Domain\\Hidden; */\r\n",
                "$text = 'use Shop\\Domain\\Hidden;'; $more = <<<X\r\nuse Shop\\Domain\\Hidden;\r\nX;\r\n",
                "function ($x) use ($text) { return \\strlen($x) . \\PHP_EOL; };\r\n",
            ),
        ),
        ("src/Domain/Cart.php", "<?php\nnamespace Shop\\Domain;\nfinal class Cart {}\n"),
        ("src/Domain/Price.php", "<?php namespace Shop\\Domain; enum Price: int { case None = 0; }\n"),
        ("src/Domain/Hidden.php", "<?php namespace Shop\\Domain { interface Hidden {} }\n"),
        ("src/Store/Db.php", "<?php\nnamespace Shop\\Store;\ntrait Db {}\n"),
        ("src/Store/File.php", "<?php\nnamespace Shop\\Store;\nclass File {}\n"),
        ("src/text.php", "<?php\nnamespace Shop\\Text;\nconst EMPTY_TEXT = '';\nfunction trim() {}\nfunction Upper() {}\n"),
        (
            "tests/CartTest.php",
            "<?php\nnamespace Shop\\Tests;\nuse PHPUnit\\Framework\\TestCase;\nclass CartTest extends TestCase { use \\Shop\\Store\\Db; }\n",
        ),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "Shop\\Tests\\CartTest -> PHPUnit\\Framework (external)",
            "Shop\\Tests\\CartTest -> Shop\\Store\\Db",
            "src/Web/Page -> DateTimeImmutable (stdlib)",
            "src/Web/Page -> Psr\\Log (external)",
            "src/Web/Page -> Shop\\Domain\\Cart",
            "src/Web/Page -> Shop\\Domain\\Price",
            "src/Web/Page -> Shop\\Store\\Db",
            "src/Web/Page -> Shop\\Store\\File",
            "src/Web/Page -> src/text",
        ]
    );
    assert_eq!(unresolved(&found), ["src/Web/Page.php:10 Shop\\Domain\\Gone"]);
}

#[test]
fn names_in_the_code_lead_there_without_a_use() {
    let files = [
        (
            "src/Page.php",
            concat!(
                "<?php\nnamespace App;\nuse App\\Model as M;\nuse Other\\Lib\\Thing;\n",
                "#[Mark(Sub\\Attr::class)]\nclass Page extends \\App\\Base\\Controller implements M\\HasName {\n",
                "  private ?M\\Cart $cart; private Near $near;\n",
                "  function f(M\\A|namespace\\Sub\\B $x): self { if ($x instanceof \\App\\Model\\C) { return static::$y; }\n",
                "    try { new parent; } catch (M\\Oops | \\RuntimeException $e) {} return Thing::make(\\App\\helper(), helper(), strlen('')); }\n}\n",
            ),
        ),
        ("src/nearby.php", "<?php\nnamespace App;\nclass Near {}\nclass Mark {}\n"),
        ("src/Base/Controller.php", "<?php\nnamespace App\\Base;\nabstract class Controller {}\n"),
        ("src/Sub/B.php", "<?php\nnamespace App\\Sub;\nclass B {}\nclass Attr {}\n"),
        (
            "src/Model/all.php",
            "<?php\nnamespace App\\Model;\ninterface HasName {}\nclass Cart {}\nclass A {}\nclass Oops extends \\Exception {}\n",
        ),
        ("src/Model/C.php", "<?php\nnamespace App\\Model;\nif (true) {\n  class C {}\n}\n"),
        ("src/helpers.php", "<?php\nnamespace App;\nif (!function_exists('App\\helper')) { function helper() {} }\n"),
    ];
    holds(
        &files,
        &[
            "App\\Page -> App\\Base\\Controller",
            "App\\Page -> App\\Model\\C",
            "App\\Page -> App\\Sub\\B",
            "App\\Page -> Other\\Lib (external)",
            "App\\Page -> RuntimeException (stdlib)",
            "App\\Page -> src/Model/all",
            "App\\Page -> src/helpers",
            "App\\Page -> src/nearby",
            "src/Model/all -> Exception (stdlib)",
        ],
    );
}

#[test]
fn code_without_namespaces() {
    let files = [
        (
            "web/index.php",
            "<html><?php require __DIR__ . '/../lib/db.php'; ?>\n<?= Cart::count(), cart_total(), count([]) ?>\n<?php include_once(\"menu.php\"); require dirname(__FILE__, 2) . '/vendor/autoload.php'; require $other; include 'gone.php'; new PDO('x'); new Twig_Environment; ?>\n",
        ),
        ("web/menu.php", "<?php require 'lib/db.php'; require dirname(__DIR__) . DIRECTORY_SEPARATOR . 'config/settings.php';\n"),
        ("lib/db.php", "<?php\nclass Cart { const A = 1; }\n"),
        ("lib/total.php", "<?php\nfunction Cart_Total() {}\nconst TOTAL = 1;\n"),
        ("config/settings.php", "<?php return [];\n"),
        ("vendor/a/b/Cart.php", "<?php class Cart {}\n"),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "web/index -> PDO (stdlib)",
            "web/index -> Twig_Environment (external)",
            "web/index -> lib/db",
            "web/index -> lib/total",
            "web/index -> vendor/autoload.php (external)",
            "web/index -> web/menu",
            "web/menu -> config/settings",
            "web/menu -> lib/db",
        ]
    );
    assert_eq!(unresolved(&found), ["web/index.php:3 gone.php", "web/index.php:3 require $other"]);
}

#[test]
fn the_nearest_of_several_and_one_broken_file() {
    let files = [
        ("a/composer.json", r#"{"autoload": {"psr-4": {"Lib\\": "", "Lib\\Deep\\": "deep/"}, "psr-0": {"Old_": "old"}}}"#),
        ("a/Thing.php", "<?php namespace Lib; class Thing {}\n"),
        ("a/deep/Down.php", "<?php namespace Lib\\Deep; class Down { function f(\\Old_Name_Part $x) {} }\n"),
        ("a/old/Old/Name/Part.php", "<?php class Old_Name_Part {}\n"),
        ("a/Use.php", "<?php namespace Lib; use lib\\deep\\DOWN; use Lib\\Thing;\n"),
        ("b/Thing.php", "<?php namespace Lib; class Thing {}\n"),
        ("b/Use.php", "<?php use Lib\\Thing; /* caf\u{e9} */ new Thing;\n"),
        ("b/Broken.php", "<?php use Lib\\Thing; class { ]\n"),
        ("b/tail.php", "<?php use Lib\\Thing; __halt_compiler(); {{ <?php ] use\n"),
        ("b/tests/broken.txt", "<?php use Lib\\Thing;"),
    ];
    let found = project(&files, "", Some(Language::Php));
    assert_eq!(found.unreadable.iter().map(|one| one.file.to_string()).collect::<Vec<_>>(), ["b/Broken.php"]);
    let edge = |import: crate::facts::Import<'_>| format!("{} -> {}", import.from_file, import.to_file.unwrap());
    let mut edges: Vec<String> = found.edges().map(edge).collect();
    edges.sort();
    assert_eq!(
        edges,
        [
            "a/Use.php -> a/Thing.php",
            "a/Use.php -> a/deep/Down.php",
            "a/deep/Down.php -> a/old/Old/Name/Part.php",
            "b/Use.php -> a/Thing.php",
            "b/tail.php -> a/Thing.php"
        ]
    );
}

#[test]
fn deep_files_are_read() {
    const DEPTH: usize = 20_000;
    let path = format!("<?php\nrequire {}'b.php'{};\nrequire 'b.php'{};\n", "(".repeat(DEPTH), ")".repeat(DEPTH), " . 'x'".repeat(DEPTH));
    let code = format!("<?php\n$x = {}new B(){};\n", "f(Y, ".repeat(DEPTH), ")".repeat(DEPTH));
    for (text, edges) in [(path, &[][..]), (code, &["a -> B"])] {
        holds(&[("a.php", &text), ("b.php", "<?php\nclass B {}\n")], edges);
    }
}

#[test]
fn what_is_included_by_a_name_that_is_worked_out_is_not_resolved() {
    let files = [("a.php", "<?php\nrequire $x;\ninclude_once ROOT . '/b.php';\nrequire __DIR__ . '/b.php';\n"), ("b.php", "<?php\n")];
    assert_eq!(unresolved(&project(&files, "", None)), ["a.php:2 require $x", "a.php:3 include_once ROOT . '/b.php'"]);
    holds(&files, &["a -> b"]);
}
