//! What the `kdl` crate is handed, against the crate itself; and texts that would end the process if it saw them.

use kdl::KdlDocument;

use super::syntax::{MOST, check};

/// A small generator of numbers, the same in every run.
pub(super) fn next(seed: &mut u64) -> usize {
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
        "{}",
        "/-{",
        "/-{}",
        "/- ",
        "{a}",
        "a {",
        "#\"\"\"\n r\n \"\"\"#",
        "\u{feff}",
    ];
    let (mut seed, mut good, mut doubtful, mut odd) = (88_172_645_463_325_252, 0, 0, Vec::new());
    for _ in 0..60_000 {
        let text: String = (0..next(&mut seed) % 9 + 1).map(|_| words[next(&mut seed) % words.len()]).collect();
        match (check(&text), KdlDocument::parse_v2(&text)) {
            (Ok((plain, words)), _) if !words.is_empty() => {
                assert!(KdlDocument::parse_v2(&plain).is_ok() || text.contains("/-"), "{text:?} {plain:?}");
                assert_eq!(plain.len(), text.len(), "{text:?}");
                doubtful += 1;
            }
            (Ok((plain, _)), Ok(_)) => {
                assert!(KdlDocument::parse_v2(&plain).is_ok(), "{text:?}");
                good += 1;
            }
            (Err(_), Err(_)) => {}
            (Ok((plain, _)), Err(_)) if KdlDocument::parse_v2(&plain).is_ok() && text.contains("/-") => {}
            (Ok(_), Err(error)) => odd.push(format!("passes, but is not KDL: {text:?}: {:?}", error.diagnostics[0].message)),
            // The crate lets a node beside `/-` end without `;` or a new line; the grammar of KDL does not.
            (Err(mistakes), Ok(_)) if text.contains("/-") && mistakes[0].message.contains("/-") => {}
            (Err(mistakes), Ok(_)) if text.contains("/-") && mistakes[0].message == "a node ends with its block" => {}
            (Err(mistakes), Ok(_)) => odd.push(format!("is KDL: {text:?}: {}", mistakes[0].message)),
        }
    }
    odd.sort_by_key(String::len);
    odd.truncate(25);
    assert_eq!(odd, [""; 0]);
    assert!(good > 5_000 && doubtful > 1_000, "{good} {doubtful}");
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
        let found = check(&text).map_or_else(|found| found.len(), |(_, words)| words.len());
        assert!((1..=MOST).contains(&found), "{found}");
    }
    for (open, close) in [("a /-{ ", "}"), ("a /-b {", "}"), ("a /-b /-{", "}"), ("a { } /-{", "}"), ("/-a {", "}")] {
        let text = format!("{}{}\n", open.repeat(64), close.repeat(64));
        assert!(KdlDocument::parse_v2(&check(&text).unwrap().0).is_ok(), "{text}");
    }
    let comment = format!("task \"a\" /*{}*/\n", "* / ".repeat(200_000));
    assert!(KdlDocument::parse_v2(&check(&comment).unwrap().0).is_ok());
}

#[test]
fn whatever_stands_in_a_manifest_loading_ends() {
    let words = [
        "task \"t\" {",
        "task \"t{{s.stem}}\" {",
        "epic \"e\" {",
        "each \"s\" glob=\"a/*\" {",
        "service \"d\" {",
        "rock \"r\" {",
        "template \"m\" {",
        "env {",
        "matrix {",
        "ready {",
        "stop {",
        "project \"p\" {",
        "gate \"g\" kind=\"k\" {",
        "}",
        "}",
        "}",
        "\n",
        "\n",
        ";",
        "use \"m\" p=\"{{env.X}}\"",
        "param \"p\" default=1",
        "a \"1\" \"2\"",
        "run \"x\" \"{{param.p}}\"",
        "sh \"{{\"",
        "port \"d\"",
        "tcp \"{{port.d}}\"",
        "within \"1h\"",
        "retries 1 backoff=\"é\"",
        "inputs \"é/{{s.path}}\" \"!\"",
        "outputs \"{{env.X}}/../é\"",
        "outputs \"..\"",
        "needs \"é\" \":\" optional=#true",
        "dotenv \"../x\"",
        "set \"A\" \"{{é.x}}\"",
        "pass \"\"",
        "default \"t\"",
        "include \"*\"",
        "include \"é\"",
        "pool \"p\" 0",
        "pool \"q\"",
        "priority #inf",
        "weight -1",
        "timeout \"é\"",
        "only_if \"a\" 1",
        "glob \"!b\"",
        "orket 1",
        "status=3",
        "{{{{",
        "depfile \"é*\"",
        "dir \"{{run.id}}\"",
        "signal \"HUP\"",
        "about \"\"\"\n  é\n  \"\"\"",
        "// é\n",
        "/- ",
        "\u{a0}é",
    ];
    let mut seed = 2_463_534_242;
    let mut good = 0;
    for _ in 0..15_000 {
        let text: String = (0..next(&mut seed) % 14 + 1).flat_map(|_| [words[next(&mut seed) % words.len()], " "]).collect();
        let text = format!(
            "{text}{}",
            "}".repeat(text.matches(['{']).count().saturating_sub(2 * text.matches("{{").count() + text.matches('}').count()))
        );
        match super::tests::files(&[("orket.kdl", &text), ("a/é.c", ""), ("a/[x].c", "")]) {
            Ok(_) => good += 1,
            Err(problems) => {
                assert!(problems.render(false, 41).starts_with("error["), "{text}");
                assert!(problems.render(true, 0).contains("manifest/"), "{text}");
            }
        }
        if let Ok(tidied) = super::tidy(&text, "orket.kdl") {
            assert_eq!(super::tidy(&tidied, "orket.kdl").ok().as_ref(), Some(&tidied), "{text:?}");
        }
    }
    assert!(good > 50, "{good}");
}
