//! What the `kdl` crate is handed, against the crate itself; and texts that would end the process if it saw them.

use kdl::KdlDocument;

use super::syntax::{MOST, check};

/// A small generator of numbers, the same in every run.
fn next(seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 33) as usize
}

#[test]
fn what_passes_is_what_the_kdl_crate_reads() {
    let words = [
        "a",
        "b",
        "task",
        " ",
        " ",
        " ",
        "\n",
        ";",
        "{",
        "}",
        "=",
        "\"x\"",
        "#\"y\"#",
        "##\"z\"#\"##",
        "#true",
        "#nope",
        "1",
        "-2.5e3",
        "0x1f",
        "1x",
        "true",
        "/-",
        "// c\n",
        "/* c */",
        "\\\n",
        "\"\"\"\n  q\n  \"\"\"",
        "\"\"\"\nq\n  \"\"\"",
        "\"\\u{41}\\n\"",
        "\"\\q\"",
        "-",
        ".",
        "+.5",
        "\u{a0}",
        "\r",
        "\"",
        "#",
        "\"\\  \n w\"",
        "\"\"",
        "]",
        "\"\"\"",
        "é",
        "#\"\"\"\n r\n \"\"\"#",
        "\u{feff}",
    ];
    let (mut seed, mut good, mut odd) = (88_172_645_463_325_252, 0, Vec::new());
    for _ in 0..60_000 {
        let text: String = (0..next(&mut seed) % 9 + 1).map(|_| words[next(&mut seed) % words.len()]).collect();
        match (check(&text), KdlDocument::parse_v2(&text)) {
            (Ok(plain), Ok(_)) => {
                assert!(KdlDocument::parse_v2(&plain).is_ok(), "{text:?}");
                good += 1;
            }
            (Err(_), Err(_)) => {}
            (Ok(plain), Err(_)) if KdlDocument::parse_v2(&plain).is_ok() && text.contains("/-") => {}
            (Ok(_), Err(error)) => odd.push(format!("passes, but is not KDL: {text:?}: {:?}", error.diagnostics[0].message)),
            (Err(mistakes), Ok(_)) => odd.push(format!("is KDL: {text:?}: {}", mistakes[0].message)),
        }
    }
    odd.sort_by_key(String::len);
    odd.truncate(25);
    assert_eq!(odd, [""; 0]);
    assert!(good > 5_000, "{good}");
}

#[test]
fn hostile_texts_end_in_mistakes_and_not_in_recursion() {
    let deep = "a {".repeat(200_000);
    let many = [
        "}".repeat(200_000),
        "a=".repeat(200_000),
        "#".repeat(200_000),
        "#\" ".repeat(200_000),
        "\"\n".repeat(200_000),
        ";".repeat(200_000),
        format!("a \"\r {deep}\""),
        format!("a \"\\q {deep}\""),
        format!("a \"\"\"x {deep} \"\"\""),
        format!("a \"\"\"x\n{deep}\n\"\"\""),
        format!("a \"\"\"\n{deep}\n  \"\"\""),
        format!("= \"; {deep}\""),
        deep.clone(),
    ];
    for text in many {
        let found = check(&text).unwrap_err();
        assert!(found.len() <= MOST, "{}", found.len());
    }
    let comment = format!("task \"a\" /*{}*/\n", "* / ".repeat(200_000));
    assert!(KdlDocument::parse_v2(&check(&comment).unwrap()).is_ok());
}
