//! A table of small mistakes: none is skipped.

use super::tests::files;

/// Small mistakes, and the code of each: what is wrong is told, and never skipped.
const MISTAKES: &[(&str, &str)] = &[
    ("task \"t\" { retries 2 backoff=3 }", "manifest/wrong_value"),
    ("task \"t\" { retries 2 3 }", "manifest/too_many"),
    ("task \"t\" { retries 1 { backoff \"1x\" } }", "manifest/wrong_duration"),
    ("task \"t\" { needs \"x\" optional=\"yes\" }", "manifest/wrong_value"),
    ("task \"t\" { needs \"\" }", "manifest/wrong_value"),
    ("task \"t\" { cache #true #false }", "manifest/too_many"),
    ("task \"t\" { weight 1 2 }", "manifest/too_many"),
    ("task \"t\" { priority \"high\" \"low\" }", "manifest/wrong_value"),
    ("task \"t\" { priority #nan }", "manifest/wrong_value"),
    ("task \"t\" { timeout \"1m\"; timeout \"2m\" }", "manifest/duplicate"),
    ("task \"t\" { on_failure \"a\" \"b\" }", "manifest/too_many"),
    ("decision \"p\" { otherwise \"x\" }\ntask \"t\" { only_if \"p\" }", "manifest/wrong_value"),
    ("task \"t\" { run \"\" }", "manifest/wrong_value"),
    ("task \"t\" { platform \"linus\" }", "manifest/unknown_node"),
    ("task \"t\" { depfile \"*.d\" }", "manifest/wrong_path"),
    ("task \"t\" { inputs \"a[\" }", "manifest/wrong_glob"),
    ("task \"t\" { outputs \"/{{env.X}}\" }", "manifest/wrong_path"),
    ("task \"t\" { outputs \"../{{env.X}}\" }", "manifest/wrong_path"),
    ("task \"t\" { outputs \"a/{{env.X}}/../x\" }", "manifest/wrong_path"),
    ("task \"t\" { outputs \"a{{matrix.v}}\"; matrix { v \"1\" \"2\" } }", "manifest/no_command"),
    ("task \"t\" { matrix }", "manifest/wrong_value"),
    ("task \"t\" { matrix { a \"x\" \"x\" } }", "manifest/duplicate"),
    ("task \"t\" { sh \"{{run.idd}}\" }", "manifest/unknown_name"),
    ("task", "manifest/wrong_value"),
    ("(x)task \"t\"", "manifest/syntax"),
    ("task \"t\" { cache true }", "manifest/syntax"),
    ("orket", "manifest/format"),
    ("orket 2", "manifest/format"),
    ("orket 1 2", "manifest/too_many"),
    ("orket 1 x=2", "manifest/unknown_property"),
    ("orket 1\norket 1", "manifest/duplicate"),
    ("project \"a\"\nproject \"b\"", "manifest/duplicate"),
    ("pool \"p\" 1 2", "manifest/too_many"),
    ("pool \"\" 1", "manifest/wrong_name"),
    ("env { set \"A=B\" \"x\" }", "manifest/wrong_name"),
    ("env { pass \"\" }", "manifest/wrong_name"),
    ("service \"s\" { run \"a\"; ready { http \"http://x\" status=\"y\" } }", "manifest/wrong_value"),
    ("service \"s\" { run \"a\"; ready { http \"http://x\" status=99999 } }", "manifest/wrong_value"),
    ("service \"s\" { run \"a\"; port \"p\" \"p\" }", "manifest/duplicate"),
    ("service \"s\" { run \"a\"; port \"p\" }\nservice \"r\" { run \"a\"; port \"p\" }", "manifest/duplicate"),
    ("template \"t\" { param \"p\" default=#true }", "manifest/wrong_value"),
    ("template \"t\" { param \"p\"; param \"p\" }", "manifest/duplicate"),
    ("template \"t\" { param \"p\"; env { set \"A\" \"{{ param.q }}\" } }", "manifest/unknown_name"),
    ("each \"s\" glob=3 { task \"a\" }", "manifest/wrong_value"),
    ("each \"s\" glob=\"a/[\" { task \"a\" }", "manifest/wrong_glob"),
    ("each \"s\" glob=\"{{env.X}}\" { task \"a\" }", "manifest/open_name"),
    ("gate \"g\" kind=3", "manifest/wrong_value"),
    ("decision", "manifest/wrong_value"),
    ("decision \"d\"", "manifest/wrong_value"),
    ("decision \"d\" { otherwise \"\" }", "manifest/wrong_value"),
    ("decision \"d\" { otherwise \"a\" \"b\" }", "manifest/too_many"),
    ("decision \"d\" { otherwise \"a\"; otherwise \"b\" }", "manifest/duplicate"),
    ("decision \"d\" { chose \"a\"; otherwise \"b\" }", "manifest/unknown_node"),
    ("decision \"d\" { choose \"a\" }", "manifest/wrong_value"),
    ("decision \"d\" { choose \"a\" { not } }", "manifest/wrong_value"),
    ("decision \"d\" { choose \"a\" { env } }", "manifest/wrong_value"),
    ("decision \"d\" { choose \"a\" { env \"{{run.id}}\" } }", "manifest/open_name"),
    ("decision \"d\" { choose \"a\" { os \"linus\" } }", "manifest/unknown_node"),
    ("decision \"d\" { choose \"a\" { arch \"x68\" } }", "manifest/unknown_node"),
    ("decision \"d\" { choose \"a\" { branch \"a[\" } }", "manifest/wrong_glob"),
    ("decision \"d\" { choose \"a\" { changed \"a\" sinc=\"b\" } }", "manifest/unknown_property"),
    ("decision \"d\" { choose \"a\" { changed \"!a\" } }", "manifest/wrong_value"),
    ("decision \"d\" { choose \"a\" { exists \"../../a\" } }", "manifest/wrong_path"),
    ("decision \"d\" { choose \"a\" { output \"t\" } }", "manifest/wrong_value"),
    ("decision \"d\" { choose \"a\" { exit_code \"t\" } }", "manifest/wrong_value"),
    ("decision \"d\" { choose \"a\" { exit_code \"t\" 256 } }", "manifest/wrong_value"),
    ("decision \"d\" { choose \"a\" { file \"a\" json=\"b\" } }", "manifest/wrong_value"),
    ("decision \"d\" { choose \"a\" { file \"a\" matches=\"(\" } }", "manifest/wrong_pattern"),
    ("decision \"d\" { choose \"a\" { decided \"d\" } }", "manifest/wrong_value"),
    ("decision \"d\" { choose \"a\" { weekday \"someday\" } }", "manifest/unknown_node"),
    ("decision \"d\" { choose \"a\" { hour 24 } }", "manifest/out_of_range"),
    ("decision \"d\" { choose \"a\" { hour } }", "manifest/wrong_value"),
    ("decision \"d\" { otherwise \"a\" }\ntask \"t\" { only_if \"d\" \"b\" }", "manifest/unknown_value"),
    ("decision \"d\" { otherwise \"a\" }\ntask \"t\" { sh \"{{decision.e}}\" }", "manifest/unknown_name"),
    ("import", "manifest/wrong_value"),
    ("include \"nope\"", "manifest/unreadable"),
];

#[test]
fn every_small_mistake_is_told_once_with_a_line_and_a_way_out() {
    for (text, code) in MISTAKES {
        let problems = files(&[("orket.kdl", text)]).err().unwrap_or_else(|| panic!("nothing is wrong with {text}"));
        let found: Vec<&str> = problems.problems().iter().map(|problem| problem.code).collect();
        assert_eq!(found, [*code], "{text}");
        let line = text.lines().count();
        let shown = problems.render(false, 100);
        assert!(shown.contains(&format!("orket.kdl:{line}\n")) && shown.contains("= help: "), "{shown}");
    }
}
