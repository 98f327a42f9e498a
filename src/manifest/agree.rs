//! The quick way against the long way, in all corners of KDL: what is right takes the quick way, and both read the same, places and all.

use std::sync::Arc;

use super::both::examples;
use super::hostile::next;
use super::node::{Node, Value};
use super::quick;
use super::read::the_long_way;

/// What right manifests are made of, and what is odd in them.
const WORDS: [&str; 91] = [
    "a",
    "task",
    "needs",
    "é",
    "\"x\"",
    "\"é y\"",
    "\"\"",
    "\"a\\tb\\\\c\\\"\"",
    "\"\\u{41}\\u{1f600}\"",
    "\"\\u{d800}\"",
    "\"a\\  \n  b\"",
    "\"\\s\\b\\f\\r\\n\"",
    "\"\\q\"",
    "\"a\u{85}b\"",
    "\"a\u{2028}\"",
    "\"\u{20ac}\u{a2}\"",
    "#\"y\"#",
    "#\"\\n\"#",
    "##\"z\"#\"##",
    "#\"\"#",
    "#\"\"\"#",
    "#\"\"\"\"#",
    "\"\"\"\n  q\n\n    r\\n\n \n  \"\"\"",
    "\"\"\"\n\"\"\"",
    "\"\"\"\nq\n  \"\"\"",
    "\"\"\"\r\n\tq\r\n\t\"\"\"",
    "\"\"\"\n  a \\\n     b\n  \"\"\"",
    "\"\"\"\n  a \\\n  \"\"\"",
    "\"\"\"\n  \"a\" \"\"b\\\"\n  \"\"\"",
    "\"\"\"\n  \\  c\n\u{a0} \n  \\\n\n d\n  \"\"\"",
    "#\"\"\"\n r\\q \"\"\"\n \u{2003}\n \"\"\"#",
    "##\"\"\"\n  \"\"\"#\n  \"\"\"##",
    "#true",
    "#false",
    "#null",
    "#inf",
    "#-inf",
    "#nan",
    "#nope",
    "0",
    "-0",
    "+12",
    "1_000_",
    "-2.5e3",
    "1e400",
    "1.5_0E-7",
    "0x1F_f",
    "-0x1f",
    "0o17",
    "-0b1_01",
    "0X1",
    "0x_1",
    "99999999999999999999999999999999999999",
    "999999999999999999999999999999999999999",
    "0x7fffffffffffffffffffffffffffffff",
    "1x",
    "1.",
    "true",
    "-inf",
    "-",
    "+.5",
    ".",
    "-.a",
    "--1",
    "..1",
    "a=1",
    "b = \"v\"",
    "\"c d\"=#true",
    "e=/* */f",
    "g \\\n =h",
    "=",
    "(t)",
    "{",
    "}",
    "}\n",
    ";",
    "/-",
    "/- ",
    "/-{",
    "/-\n",
    "// c\n",
    "// \u{20ac}",
    "/* c */",
    "/* /* é */\n */",
    "\\\n",
    "\\ // c\n",
    "\u{a0}",
    "\r",
    "\r\n",
    "\u{2029}",
    "\u{feff}",
];

/// The same, with numbers that are none equal to each other.
fn alike(one: &[Node], other: &[Node]) -> bool {
    let value = |one: &Value, other: &Value| match (one, other) {
        (Value::Decimal(one), Value::Decimal(other)) => one.to_bits() == other.to_bits(),
        _ => one == other,
    };
    let node = |(one, other): (&Node, &Node)| {
        one.name == other.name
            && one.place == other.place
            && (one.args.len(), one.props.len()) == (other.args.len(), other.props.len())
            && one.args.iter().zip(&other.args).all(|(one, other)| value(&one.0, &other.0) && one.1 == other.1)
            && one.props.iter().zip(&other.props).all(|(one, other)| one.0 == other.0 && value(&one.1, &other.1) && one.2 == other.2)
            && alike(&one.children, &other.children)
    };
    one.len() == other.len() && one.iter().zip(other).all(node)
}

/// Whether the quick way took a text, which has to be right then, and whether the long way did.
#[track_caller]
fn agree(text: &str) -> (bool, bool) {
    let file: Arc<str> = "orket.kdl".into();
    match (quick::read(&file, text), the_long_way(&file, text)) {
        (Some(quick), Ok(slow)) => {
            assert!(alike(&quick, &slow), "{text:?}\n{quick:#?}\n{slow:#?}");
            (true, true)
        }
        (Some(_), Err(problems)) => panic!("{text:?} is wrong: {}", problems[0].message),
        (None, slow) => (false, slow.is_ok()),
    }
}

/// Goes through so many texts made of words, with line breaks and braces strewn in, and through so many pieces of examples with an edit.
fn strewn(seed: u64, rounds: usize) {
    let (mut seed, mut right) = (seed, 0);
    let examples = examples();
    for round in 0..rounds {
        let mut text = String::new();
        if round % 4 == 3 {
            text = examples[next(&mut seed) % examples.len()].clone();
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let first = next(&mut seed) % lines.len().max(1);
            text = lines.iter().skip(first).take(12).copied().collect();
            for _ in 0..next(&mut seed) % 3 {
                let at = text.floor_char_boundary(next(&mut seed) % (text.len() + 1));
                let end = text.floor_char_boundary((at + next(&mut seed) % 3).min(text.len()));
                let word = if next(&mut seed).is_multiple_of(4) { "" } else { WORDS[next(&mut seed) % WORDS.len()] };
                text.replace_range(at..end.max(at), word);
            }
        } else {
            for _ in 0..next(&mut seed) % 9 + 1 {
                text.push_str(WORDS[next(&mut seed) % WORDS.len()]);
                text.push_str(["", " ", " ", " ", "\n", "\t{ ", "}", ";", " /-"][next(&mut seed) % 9]);
            }
        }
        let open = text.matches('{').count().saturating_sub(text.matches('}').count());
        text.push_str(&"}".repeat(open));
        let (quick, slow) = agree(&text);
        right += usize::from(slow);
        assert!(quick || !slow, "right, but slow: {text:?}");
    }
    assert!(right > rounds / 20, "{right} of {rounds}");
}

#[test]
fn whatever_is_right_takes_the_quick_way_and_is_read_alike() {
    strewn(88_172_645_463_325_252, 20_000);
}

#[test]
fn each_word_in_each_place_is_read_alike() {
    for word in WORDS {
        for (before, behind) in
            [("", ""), ("n ", ""), ("n p=", " 2\nm"), ("n /-", " x"), ("é {", "\n}\nm"), ("/-n ", "\nm"), ("\u{feff}n \"é\" ", ";m")]
        {
            agree(&format!("{before}{word}{behind}"));
        }
    }
}

#[test]
fn a_raw_text_of_one_quote_is_left_to_the_crate() {
    assert_eq!(agree("a #\"\"\"\n  \"\n  \"\"\"#\n"), (false, false));
}
