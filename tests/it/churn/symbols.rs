//! Functions, classes and methods of real histories.

use serde_json::Value;

use super::History;

impl History {
    /// Returns the symbols, a line each: path, name and kind, touches, lines, authors, and whether it is gone.
    fn symbols(&self, words: &str) -> String {
        told(&self.churn(words))
    }
}

fn told(report: &Value) -> String {
    let row = |symbol: &Value| {
        let text = |key: &str| symbol[key].as_str().unwrap().to_owned();
        let gone = if symbol["gone"] == true { " gone" } else { "" };
        format!(
            "{} {} {} {}x +{} -{} by {}{gone}",
            text("path"),
            text("kind"),
            text("symbol"),
            symbol["touches"],
            symbol["adds"],
            symbol["deletes"],
            symbol["authors"]
        )
    };
    report["symbols"].as_array().unwrap().iter().map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn touches_lines_authors_and_times_of_each() {
    let history = History::new();
    history.file("cart.py", "class Cart:\n    def total(self):\n        return 1\n\n    def size(self):\n        return 2\n").commit();
    history
        .file("cart.py", "class Cart:\n    def total(self):\n        # why\n        return 3\n\n    def size(self):\n        return 2\n");
    history.commit_as("Bob <bob@example.org>");
    history.file("cart.py", "# Only a comment, outside.\nclass Cart:\n    def total(self):\n        # why\n        return 3\n\n    def size(self):\n        return 2\n");
    history.commit();
    history.file("cart.py", "# Only a comment, outside.\nclass Cart:\n    def total(self):\n        # why not\n        return 3\n\n    @property\n    def size(self):\n        return 2\n");
    history.commit();
    insta::assert_snapshot!(history.symbols(""), @"
    cart.py class Cart 3x +10 -2 by 2
    cart.py method Cart.total 3x +5 -2 by 2
    cart.py method Cart.size 2x +3 -0 by 1
    ");
    let found = history.churn("");
    let total = &found["symbols"][1];
    assert_eq!(
        (&total["first"], &total["last"], &total["language"], &total["owner"]["name"]),
        (&"2024-01-01T00:00:00Z".into(), &"2024-01-04T00:00:00Z".into(), &"python".into(), &"Ann".into())
    );
    assert_eq!((&found["method"]["symbol_files"], &found["method"]["symbol_changes"]), (&1.into(), &4.into()));
}

#[test]
fn a_touch_counts_on_each_branch_also_where_git_passes_one_over() {
    let history = History::new();
    history.file("a.py", "def f():\n    return 1\n").commit().git(&["checkout", "-q", "-b", "side"]);
    history.file("a.py", "def f():\n    return 2\n").commit_as("Bob <bob@example.org>").git(&["checkout", "-q", "main"]);
    history.file("a.py", "def f():\n    return 2\n").file("b", "").commit();
    history.git(&["merge", "-q", "--no-edit", "side"]);
    let logged =
        |words: &[&str]| history.git(&[&["log", "--format=%h", "--no-merges"], words].concat()).split(|byte| *byte == b'\n').count() - 1;
    assert_eq!((logged(&["--", "a.py"]), logged(&["--full-history", "--", "a.py"])), (2, 3));
    assert_eq!(history.symbols(""), "a.py function f 3x +4 -2 by 2");
}

#[test]
fn code_that_moves_is_not_touched_and_a_new_name_is_another_symbol() {
    let history = History::new();
    history.file("a.js", "function one() {\n  return 1;\n}\n\nfunction two() {\n  return 2;\n}\n").commit();
    history.file("a.js", "function two() {\n  return 2;\n}\n\nfunction one() {\n  return 1;\n}\n").commit();
    history.file("a.js", "function second() {\n  return 2;\n}\n\nfunction one() {\n  return 1;\n}\n").commit();
    insta::assert_snapshot!(history.symbols(""), @"
    a.js function two 2x +3 -3 by 1 gone
    a.js function one 1x +3 -0 by 1
    a.js function second 1x +3 -0 by 1
    ");
}

#[test]
fn symbols_keep_their_past_when_their_file_is_renamed() {
    let history = History::new();
    history.file("old.rs", "impl Cart {\n    fn total(&self) -> u32 {\n        1\n    }\n}\n\nmod inner {\n    fn open() {}\n}\n").commit();
    history.git(&["mv", "old.rs", "new.rs"]);
    history.file("new.rs", "impl Cart {\n    fn total(&self) -> u32 {\n        2\n    }\n}\n\nmod inner {\n    fn open() {}\n}\n").commit();
    insta::assert_snapshot!(history.symbols(""), @"
    new.rs method Cart::total 2x +4 -1 by 1
    new.rs function inner::open 1x +1 -0 by 1
    ");
    insta::assert_snapshot!(history.symbols("--no-renames"), @"
    old.rs method Cart::total 2x +3 -3 by 1 gone
    old.rs function inner::open 2x +1 -1 by 1 gone
    new.rs method Cart::total 1x +3 -0 by 1
    new.rs function inner::open 1x +1 -0 by 1
    ");
}

#[test]
fn overloads_are_told_apart_and_one_that_takes_more_stays_itself() {
    let history = History::new();
    history.file("Cart.java", "class Cart {\n  int total(int a) { return 1; }\n}\n").commit();
    history.file("Cart.java", "class Cart {\n  int total(long a) { return 1; }\n}\n").commit();
    insta::assert_snapshot!(history.symbols(""), @"
    Cart.java class Cart 2x +4 -1 by 1
    Cart.java method Cart.total 2x +2 -1 by 1
    ");
    history.file("Cart.java", "class Cart {\n  int total(String a) { return 2; }\n  int total(long a) { return 1; }\n}\n").commit();
    insta::assert_snapshot!(history.symbols(""), @"
    Cart.java class Cart 3x +5 -1 by 1
    Cart.java method Cart.total(long) 2x +2 -1 by 1
    Cart.java method Cart.total(String) 1x +1 -0 by 1
    ");
}

#[test]
fn a_text_that_cannot_be_parsed_takes_nothing_away() {
    let history = History::new();
    let whole = "def one():\n    return 1\n\ndef two():\n    return 2\n";
    history.file("a.py", whole).commit();
    history.file("a.py", "def one(:\n    return (1\n\ndef two():\n    return 2\n").commit();
    history.file("a.py", whole).commit();
    let found = history.churn("");
    let two = found["symbols"].as_array().unwrap().iter().find(|symbol| symbol["symbol"] == "two").unwrap();
    assert_eq!((&two["touches"], &two["gone"]), (&1.into(), &false.into()), "{found}");
    assert_eq!(found["method"]["symbol_changes_doubtful"], 2);
}

#[test]
fn merges_binary_texts_and_generated_files_are_left_out() {
    let history = History::new();
    history.file(".gitattributes", "made.go linguist-generated\n").file("made.go", "package a\nfunc Made() {}\n");
    history.file("a.c", "int one(void)\n{\n\treturn 1;\n}\n").commit();
    history.git(&["checkout", "-q", "-b", "side"]);
    history.file("a.c", "int one(void)\n{\n\treturn 2;\n}\n").commit_as("Bob <bob@example.org>");
    history.git(&["checkout", "-q", "main"]);
    history.file("b.c", "int two(void) { return 2; }\n").commit();
    history.git(&["merge", "-q", "--no-edit", "side"]);
    history.file("b.c", "int two(void) { return 2; }\0").commit();
    let large = format!("int huge(void) {{ return 1; }}\n/* {} */\n", "x".repeat(1 << 20));
    history.file("c.c", large).commit();
    insta::assert_snapshot!(history.symbols(""), @"
    a.c function one 2x +5 -1 by 2
    b.c function two 1x +1 -0 by 1
    ");
    assert_eq!(history.churn("")["method"]["symbol_changes_left_out"], 2);
}

#[test]
fn no_more_files_than_asked_for_and_the_report_says_so() {
    let history = History::new();
    for round in 0..3 {
        history.file("often.go", format!("package a\nfunc Often() int {{ return {round} }}\n"));
        if round < 2 {
            history.file("seldom.go", format!("package a\nfunc Seldom() int {{ return {round} }}\n"));
        }
        history.commit();
    }
    assert_eq!(history.symbols("--symbols 1"), "often.go function Often 3x +3 -2 by 1");
    let found = history.churn("--symbols 1");
    let method = &found["method"];
    assert_eq!(
        (&method["symbol_files"], &method["symbol_files_counted"], &method["symbols_complete_above"]),
        (&2.into(), &1.into(), &2.into())
    );
    history.project.run("churn --symbols 1").ok().says([
        "functions, classes and methods of 1 of 2 source files; see `--symbols`",
        "touches  adds  deletes  authors        last  symbol\n      3     3        2        1  2024-01-03  Often (often.go)",
    ]);
    assert_eq!(history.symbols("--symbols 0"), "");
    history.project.run("churn --symbols 0").ok().says(["functions, classes and methods of 0 of 2 source files; see `--symbols`"]);
    history.project.run("churn --format html").ok().says(["<h2>Functions, classes and methods</h2>", "Seldom", "seldom.go"]);
}

#[test]
fn what_was_parsed_is_kept_and_a_rewritten_history_is_read_anew() {
    let history = History::new();
    history.file("a.ts", "export class Cart {\n  total() { return 1; }\n}\n").commit();
    history.file("a.ts", "export class Cart {\n  total() { return 2; }\n}\n").commit();
    history.project.write(".orket/.gitignore", "*\n");
    let first = history.symbols("");
    assert_eq!(first, "a.ts class Cart 2x +4 -1 by 1\na.ts method Cart.total 2x +2 -1 by 1");
    let kept = history.project.at(".orket/churn/symbols");
    let size = || std::fs::metadata(&kept).unwrap().len();
    let before = size();
    assert_eq!((history.symbols(""), size()), (first, before));
    history.file("a.ts", "export class Cart {\n  sum() { return 2; }\n}\n").git(&["commit", "-q", "-a", "--amend", "-m", "rewritten"]);
    let rewritten = history.symbols("");
    assert_eq!(rewritten, "a.ts class Cart 2x +4 -1 by 1\na.ts method Cart.total 2x +1 -1 by 1 gone\na.ts method Cart.sum 1x +1 -0 by 1");
    assert!(size() > before);
    std::fs::write(&kept, "damaged").unwrap();
    assert_eq!(history.symbols(""), rewritten);
}
