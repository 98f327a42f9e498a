//! The quick way against the long way: whatever the quick one reads, the long one reads just so.

use std::sync::Arc;

use super::quick;
use super::read::the_long_way;

/// Pieces that documents are made of, right and wrong.
const PIECES: [&str; 64] = [
    "task \"a\" {\n    sh \"x\"\n}\n",
    "node",
    " ",
    "\n",
    "\r\n",
    "\t",
    ";",
    "{",
    "}",
    " { ",
    " }",
    "\"text\"",
    "\"a\\nb\\\"\\\\\"",
    "\"\\u{41}\"",
    "\"\\ \n x\"",
    "#true",
    "#false",
    "#null",
    "#inf",
    "#-inf",
    "1",
    "-12",
    "+3",
    "1.5",
    "-0.25",
    "1e3",
    "0x1F",
    "1_000",
    ".5",
    "-",
    "--flag",
    "...",
    "true",
    "null",
    "key=1",
    "key=\"v\"",
    " key = 1",
    "\"k k\"=#true",
    "key=#\"raw\"#",
    "#\"raw \\ text\"#",
    "##\"a\"#b\"##",
    "#\"\"#",
    "\"\"",
    "\"\"\"\n  a\n    b\n\n  \"\"\"",
    "#\"\"\"\n\tx \\ y\n\t\"\"\"#",
    "\"\"\"\n a\n  \"\"\"",
    "\"\"\"\n\"\"\"",
    "\"\"\"\n  \\n\n  \"\"\"",
    "// words\n",
    "/* block */",
    "/* a /* b */ c */",
    "/-",
    "/- node\n",
    "(type)",
    "\\\n",
    "\\ // words\n",
    "ä",
    "\"größe\"",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "\u{1}",
    "=",
    "日本=\"x\"",
];

struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Compares; whether the quick way read it.
fn same(text: &str) -> bool {
    let file: Arc<str> = "orket.kdl".into();
    let quick = quick::read(&file, text);
    for count in [2, 3, 9] {
        let pieces = quick::pieces(&file, text, count);
        assert!(pieces.is_none() || pieces == quick, "{text:?} in {count} pieces: {pieces:#?}\nas a whole: {quick:#?}");
    }
    let Some(quick) = quick else { return false };
    let long = the_long_way(&file, text);
    assert!(long.as_ref().is_ok_and(|long| *long == quick), "{text:?}\nquick: {quick:#?}\nlong: {long:#?}");
    true
}

/// The manifests of the project, its examples and its documentation.
pub(super) fn examples() -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifests = walkdir::WalkDir::new(root.join("examples")).into_iter().flatten();
    let manifests = manifests.filter(|entry| entry.path().extension().is_some_and(|end| end == "kdl"));
    let mut texts: Vec<String> = manifests.map(|entry| std::fs::read_to_string(entry.path()).unwrap()).collect();
    texts.push(std::fs::read_to_string(root.join("orket.kdl")).unwrap());
    for page in ["start.md", "manifest.md", "cache.md"] {
        let page = std::fs::read_to_string(root.join("docs").join(page)).unwrap();
        texts.extend(page.split("```kdl\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())));
    }
    texts
}

#[test]
fn ordinary_manifests_go_the_quick_way() {
    let texts = examples();
    assert!(texts.len() > 20, "only {}", texts.len());
    for text in texts {
        assert!(same(&text), "it went the long way:\n{text}");
    }
}

#[test]
fn texts_of_several_lines_lose_what_stands_before_the_closing_quotes() {
    for (text, quick) in [
        ("a \"\"\"\n  one\n    two\n  \"\"\"", true),
        ("a \"\"\"\n  one\n\n \t\n  two\n  \"\"\"\n", true),
        ("a #\"\"\"\r\n  \\one\r\n  \"\"\"#\r\n", true),
        ("a \"\"\"\n\"\"\"", true),
        ("a \"\"\"\n one\n  \"\"\"", false),
        ("a \"\"\"one\n\"\"\"", false),
        ("a #\"\"\"\n\"\"\" x\n\"\"\"#", true),
    ] {
        assert_eq!(same(text), quick, "{text:?}");
    }
}

/// `ORKET_TEST_DOCUMENTS` sets how many documents are made up; the seed is told where one fails.
#[test]
fn documents_that_were_made_up() {
    let count: usize = std::env::var("ORKET_TEST_DOCUMENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(3000);
    let examples = examples();
    let mut quick = 0;
    for seed in 1..=count {
        let mut random = Seeded((seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut text = match random.below(3) {
            0 => {
                let example = &examples[random.below(examples.len())];
                let lines: Vec<&str> = example.lines().collect();
                let start = random.below(lines.len());
                lines[start..(start + 12).min(lines.len())].join("\n")
            }
            _ => (0..random.below(14)).map(|_| PIECES[random.below(PIECES.len())]).collect(),
        };
        for _ in 0..random.below(4) {
            let at = text.floor_char_boundary(random.below(text.len() + 1));
            match random.below(3) {
                0 => text.insert_str(at, PIECES[random.below(PIECES.len())]),
                1 => text.truncate(at),
                _ if at < text.len() => drop(text.remove(at)),
                _ => {}
            }
        }
        quick += usize::from(same(&text));
    }
    assert!(quick > count / 20, "only {quick} of {count} went the quick way");
}

#[test]
fn a_large_text_is_read_in_pieces_where_they_are_nodes() {
    let file: Arc<str> = "orket.kdl".into();
    let in_pieces = |text: &str| quick::pieces(&file, &text.repeat(10), 9).is_some();
    assert!(in_pieces("task {\n  sh \"x\"\n}\n"));
    for text in ["a #\"\"\"\n}\n\"\"\"#\n", "/*\n}\n*/\n", "a {\n  b {\n}\n}\n", "/-\n a {\n}\n"] {
        same(&text.repeat(10));
    }
    assert!(!in_pieces("/*\n}\n*/ a"));
    assert!(!in_pieces("a"));
}
