//! Whole manifests, from text to model and from mistake to message.

use std::collections::BTreeMap;
use std::io;

use super::*;
use crate::base::{RelPath, glob::Glob};
use crate::model::{Command, EnvRule, LaterKind, Sandbox};

struct Files(BTreeMap<RelPath, Vec<u8>>);

impl Source for Files {
    fn read(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn size(&self, path: &RelPath) -> io::Result<u64> {
        self.read(path).map(|bytes| bytes.len() as u64)
    }

    fn matches(&self, patterns: &[String]) -> io::Result<Vec<RelPath>> {
        for pattern in patterns {
            Glob::new(pattern.trim_start_matches('!')).map_err(io::Error::other)?;
        }
        let hit = |path: &RelPath, pattern: &str| Glob::new(pattern).is_ok_and(|glob| glob.matches(path));
        let (out, of): (Vec<&String>, Vec<&String>) = patterns.iter().partition(|pattern| pattern.starts_with('!'));
        let kept = |path: &&RelPath| of.iter().any(|one| hit(path, one)) && !out.iter().any(|one| hit(path, &one[1..]));
        Ok(self.0.keys().filter(kept).cloned().collect())
    }
}

pub(super) fn files(files: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let files = Files(files.iter().map(|(path, text)| (RelPath::parse(path).unwrap(), text.as_bytes().to_vec())).collect());
    load(&files, &RelPath::parse("orket.kdl").unwrap(), "shop")
}

fn good(text: &str) -> Loaded {
    files(&[("orket.kdl", text)]).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)))
}

fn codes(found: Result<Loaded, Problems>) -> Vec<&'static str> {
    found.err().map(|problems| problems.problems().iter().map(|problem| problem.code).collect()).unwrap_or_default()
}

fn wrong(text: &str) -> Vec<&'static str> {
    codes(files(&[("orket.kdl", text)]))
}

fn names(loaded: &Loaded) -> Vec<&str> {
    loaded.project.tasks.iter().map(|task| task.address.as_str()).collect()
}

#[test]
fn the_smallest_manifest() {
    let loaded = good("task \"hello\" {\n    sh \"echo hello > hello.txt\"\n    outputs \"hello.txt\"\n}\n");
    let task = &loaded.project.tasks[0];
    assert_eq!((&*loaded.project.name, task.address.as_str(), &*task.dir.to_string()), ("shop", "hello", "./"));
    assert_eq!(task.outputs[0].text.to_string(), "hello.txt");
    assert!(matches!(&task.commands[..], [Command::Sh { script, .. }] if script.to_string() == "echo hello > hello.txt"));
    assert_eq!(loaded.trail.manifests, [RelPath::parse("orket.kdl").unwrap()]);
    assert_eq!(&*loaded.texts[0].0, "orket.kdl");
}

#[test]
fn a_mistake_is_shown_with_its_line_and_the_way_out() {
    let problems = files(&[("orket.kdl", "task \"a\" {\n    imputs \"x\"\n}\n")]).err().unwrap();
    assert_eq!(
        problems.render(false, 80),
        "error[manifest/unknown_node]: there is no node `imputs` in `task`\n --> orket.kdl:2:5\n2 |     imputs \"x\"\n  |     ^^^^^^\n  = help: did you mean `inputs`?"
    );
    assert!(problems.render(true, 80).contains("\u{1b}["));
    assert_eq!(problems.to_json()["problems"][0]["line"], 2);
}

#[test]
fn all_mistakes_are_told_at_once_in_order() {
    let text = "task \"a\" { timeout \"soon\"; weight 0; cache 3; priority \"hihg\"; x }\nzebra\npool \"p\" 0\ntask \"b\" { pool \"q\"; run; about \"x\" { y } }\n";
    let expected = [
        "manifest/wrong_duration",
        "manifest/out_of_range",
        "manifest/wrong_value",
        "manifest/unknown_node",
        "manifest/unknown_node",
        "manifest/unknown_node",
        "manifest/out_of_range",
        "manifest/unknown_node",
        "manifest/wrong_value",
        "manifest/unknown_node",
    ];
    assert_eq!(wrong(text), expected);
}

#[test]
fn nothing_is_skipped_in_silence() {
    for text in [
        "each \"src\" glob=\"*\" { pool \"p\" 1 }",
        "epic \"e\" { each \"src\" glob=\"*\" { needs \"x\" } }",
        "template \"t\" { matrix { a \"1\" } }",
        "template \"t\" { use \"u\" }",
        "task \"t\" { param \"p\" }",
        "project \"p\" color=1",
        "env { set \"A\" \"1\" { b } }",
    ] {
        assert_eq!(wrong(text).len(), 1, "{text}");
    }
}

#[test]
fn each_makes_one_task_for_each_file() {
    let text = "epic \"app\" {\n each \"src\" glob=\"web/*.ts\" {\n task \"b/{{src.stem}}\" { run \"x\" \"{{src.path}}\" \"{{src.name}}{{src.dir}}{{src.ext}}\" } } }";
    let loaded = files(&[("orket.kdl", text), ("web/b.ts", ""), ("web/a.min.ts", "")]).unwrap_or_else(|_| panic!());
    assert_eq!(names(&loaded), ["app/b/a.min", "app/b/b"]);
    let Command::Run { words, .. } = &loaded.project.tasks[0].commands[0] else { panic!() };
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["x", "web/a.min.ts", "a.min.tswebts"]);
    assert_eq!(loaded.trail.globs.len(), 1);
    assert_eq!(wrong("each \"env\" glob=\"*\" { task \"a\" }"), ["manifest/wrong_name"]);
}

#[test]
fn a_matrix_makes_every_variant_and_its_size_is_checked_first() {
    let loaded = good(
        "task \"w\" { matrix { py \"3.11\" \"3.12\"; arch \"x\" \"y\" }; outputs \"{{matrix.py}}-{{matrix.arch}}-{{task.name}}\"; sh \"x\" }",
    );
    assert_eq!(names(&loaded), ["w[py=3.11,arch=x]", "w[py=3.11,arch=y]", "w[py=3.12,arch=x]", "w[py=3.12,arch=y]"]);
    assert_eq!(loaded.project.tasks[0].outputs[0].text.to_string(), "3.11-x-w\\[py=3.11,arch=x\\]");
    let axis = |name: usize| format!("a{name} {}\n", (0..10).map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(" "));
    for axes in [7, 30] {
        let text = format!("task \"w\" {{ matrix {{ {} }} }}", (0..axes).map(axis).collect::<String>());
        assert_eq!(wrong(&text), ["manifest/too_many_tasks"]);
    }
    assert_eq!(wrong("task \"w\" { matrix { a \"x:y\" } }"), ["manifest/wrong_name"]);
}

#[test]
fn a_template_is_filled_and_holes_in_its_parameters_stay_open() {
    let text = "template \"lint\" { param \"p\"; param \"q\" default=\"z\"; run \"ruff\" \"{{param.p}}{{param.q}}\" }\n";
    let loaded = good(&format!("{text}task \"a\" {{ env {{ pass \"X\" }}; use \"lint\" p=\"{{{{env.X}}}}/b\" }}"));
    let Command::Run { words, .. } = &loaded.project.tasks[0].commands[0] else { panic!() };
    assert_eq!((words[1].to_string(), words[1].as_literal()), (String::from("{{env.X}}/bz"), None));
    assert_eq!(wrong(&format!("{text}task \"a\" {{ use \"lint\" }}")), ["manifest/missing_param"]);
    assert_eq!(wrong("task \"a\" { use \"lnt\" }"), ["manifest/unknown_node"]);
}

#[test]
fn packages_have_their_own_addresses_paths_and_pools() {
    let root = "include \"services/*\"\npool \"link\" 2\nenv { set \"A\" \"1\" }\nservice \"db\" { run \"pg\"; port \"db\" }\n";
    let pay = "pool \"own\" 1\nenv { set \"A\" \"2\" }\nepic \"e\" {\n env { pass \"B\" }\n task \"t\" { needs \"x\" \"q:y\"; inputs \"src/**\" \"!gen/\" \"../lib.c\"; pool \"own\"; env { set \"A\" \"{{port.db}}\" } }\n task \"u\" { pool \"link\" }\n}";
    let loaded =
        files(&[("orket.kdl", root), ("services/pay/orket.kdl", pay)]).unwrap_or_else(|problems| panic!("{}", problems.render(false, 90)));
    let (task, other) = (&loaded.project.tasks[0], &loaded.project.tasks[1]);
    assert_eq!(task.address.as_str(), "services/pay:e/t");
    assert_eq!(task.epic.as_ref().unwrap().as_str(), "services/pay:e");
    let needs: Vec<Vec<&str>> = task.needs.iter().map(|need| need.candidates.iter().map(|one| one.as_str()).collect()).collect();
    assert_eq!(needs, [vec!["services/pay:e/x", "services/pay:x", "x"], vec!["q:y"]]);
    let inputs: Vec<(String, bool)> = task.inputs.iter().map(|one| (one.text.to_string(), one.negated)).collect();
    let expected = [("services/pay/src/**", false), ("services/pay/gen/", true), ("services/lib.c", false)];
    assert_eq!(inputs, expected.map(|(text, negated)| (text.to_owned(), negated)));
    assert_eq!((task.pool.as_deref(), other.pool.as_deref()), (Some("services/pay:own"), Some("link")));
    assert_eq!(task.dir.to_string(), "services/pay");
    let env: Vec<String> = task
        .env
        .iter()
        .map(|rule| match rule {
            EnvRule::Set { value, .. } => value.to_string(),
            EnvRule::Pass { name, .. } => name.to_string(),
            _ => String::new(),
        })
        .collect();
    assert_eq!(env, ["1", "2", "B", "{{port.db}}"]);
}

#[test]
fn includes_in_a_circle_end() {
    let found = files(&[("orket.kdl", "include \"a\""), ("a/orket.kdl", "include \"../b\""), ("b/orket.kdl", "include \"../a\"")]);
    let problems = found.err().unwrap();
    let messages: Vec<&str> = problems.problems().iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, ["manifests include each other: a/orket.kdl -> b/orket.kdl -> a/orket.kdl"]);
    assert_eq!(codes(files(&[("orket.kdl", "include \"a\" \"a\""), ("a/orket.kdl", "")])), ["manifest/include_twice"]);
    assert_eq!(codes(files(&[("orket.kdl", "include \"**/orket.kdl\""), ("a/orket.kdl", "")])), [""; 0]);
}

#[test]
fn hostile_texts_are_refused() {
    assert_eq!(wrong(&"a {".repeat(100_000)), ["manifest/too_deep"]);
    assert_eq!(wrong(&format!("x #\" \" \"#\n{}", "a {".repeat(100_000))), ["manifest/too_deep"]);
    assert_eq!(wrong(&format!("x \"\"\"\n{}", "a {".repeat(100_000))), ["manifest/syntax"]);
    assert_eq!(wrong(&"/*".repeat(100_000)), ["manifest/too_deep"]);
    assert_eq!(wrong("task \"a\0\""), ["manifest/hidden_character"]);
    assert_eq!(wrong("task \"a\u{202e}\""), ["manifest/hidden_character"]);
    let files = Files(BTreeMap::from([(RelPath::parse("orket.kdl").unwrap(), vec![b'a', 0xff])]));
    assert_eq!(codes(load(&files, &RelPath::parse("orket.kdl").unwrap(), "x")), ["manifest/not_utf8"]);
    let shell = format!("task \"a\" {{ sh \"{}\" }}", "if { ".repeat(200));
    assert_eq!(names(&good(&shell)), ["a"]);
}

#[test]
fn outputs_stay_away_from_what_is_not_theirs() {
    for output in [".", "a/..", ".git/x", ".orket/x", "orket.kdl", "*.kdl", "**", "../x", "/x", "", "lib", "lib/"] {
        let text = format!("include \"lib/pay\"\ntask \"t\" {{ sh \"x\"; outputs \"{output}\" }}");
        let found = codes(files(&[("orket.kdl", &text), ("lib/pay/orket.kdl", "")]));
        assert!(matches!(found[..], ["manifest/wrong_output" | "manifest/wrong_path", ..]), "{output}: {found:?}");
    }
    assert_eq!(good("task \"t\" { sh \"x\"; outputs \"dist/\" \"a/*.o\" }").project.tasks[0].outputs.len(), 2);
}

#[test]
fn two_of_one_name_point_at_both() {
    let problems = files(&[("orket.kdl", "task \"a\"\nepic \"a\"\n")]).err().unwrap();
    assert_eq!(
        problems.render(false, 80),
        "error[manifest/duplicate]: there are two targets `a`\n --> orket.kdl:2:1\n2 | epic \"a\"\n  | ^\n --> orket.kdl:1:1: the other one\n1 | task \"a\"\n  | -\n  = help: rename one of them"
    );
    assert_eq!(wrong("pool \"p\" 1\npool \"p\" 2"), ["manifest/duplicate"]);
    assert_eq!(wrong("each \"f\" glob=\"a\" glob=\"!b\" { task \"{{f.name}}\" { run \"true\" } }"), ["manifest/duplicate"]);
}

#[test]
fn what_is_for_later_is_read_and_noted() {
    let loaded = good("gate \"g\" kind=\"churn\" { days 3 }\ntask \"t\" { executor \"ssh\" os=\"x\"; on_failure \"u\" }");
    let kinds: Vec<LaterKind> = loaded.project.later.iter().map(|later| later.kind).collect();
    assert_eq!(kinds, [LaterKind::Executor]);
    assert_eq!(&*loaded.project.gates[0].kind, "churn");
}

#[test]
fn what_a_task_says_of_its_box_is_read() {
    let loaded = good("task \"t\" { sandbox \"strict\"; network #true; allow_undeclared \"cache/\" \"!cache/x\" }\ntask \"u\"");
    let confined: Vec<_> = loaded.project.tasks.iter().map(|task| (task.confined.sandbox, task.confined.network)).collect();
    assert_eq!(confined, [(Some(Sandbox::Strict), Some(true)), (None, None)]);
    let undeclared = &loaded.project.tasks[0].confined.undeclared;
    assert_eq!(
        undeclared.iter().map(|pattern| (pattern.text.to_string(), pattern.negated)).collect::<Vec<_>>(),
        [(String::from("cache/"), false), (String::from("cache/x"), true),]
    );
    assert_eq!(wrong("task \"t\" { sandbox \"strikt\"; network \"yes\" }").len(), 2);
}

#[test]
fn patterns_that_can_mean_nothing_are_told() {
    assert_eq!(wrong("task \"t\" { inputs \".git/refs/**\" }"), ["manifest/wrong_glob"]);
    assert_eq!(wrong("task \"t\" { inputs \"a/.orket/*\" }"), ["manifest/wrong_glob"]);
    good("task \"t\" { inputs \".git/HEAD\" \"!.git/**\" \"a/.gitx/*\" }");
}

#[test]
fn a_script_is_one_text() {
    let help = |text: &str| files(&[("orket.kdl", text)]).err().unwrap().render(false, 80);
    assert!(help("task \"t\" { sh \"a\" \"b\" }").contains("write a further `sh` for a further script"));
    assert!(help("task \"t\" { sh 'echo hi' }").contains("quote it as KDL does: `sh \"echo hello\"`"));
    assert!(help("task \"t\" { timeout 5 }").contains("`timeout \"90s\"`"));
    assert!(help("task \"t\" { cache \"false\" }").contains("`cache #false`"));
    assert!(help("task \" \"").contains("must not begin or end with a blank"));
}

#[test]
fn an_import_is_handed_on() {
    let import = |text: &str| {
        let imports = good(text).imports;
        imports
            .iter()
            .map(|import| format!("{} {:?} {:?} {}", import.file, import.epic, import.package, import.env.len()))
            .collect::<Vec<_>>()
    };
    assert_eq!(import("import \"out/b.ninja\" epic=\"n\" { env { pass \"X\" } }"), ["out/b.ninja Some(`n`) \".\" 1"]);
    assert_eq!(import("import \"rules\" format=\"ninja\""), ["rules None \".\" 0"]);
    assert_eq!(wrong("import \"../b.ninja\""), ["manifest/wrong_path"]);
    assert_eq!(wrong("epic \"n\"\nimport \"b.ninja\" epic=\"n\""), ["manifest/duplicate"]);
    assert_eq!(wrong("import \"b.ninja\" epic=\"n:m\""), ["manifest/wrong_name"]);
    assert_eq!(wrong("import \"b.ninja\" epics=\"n\" { inputs \"x\" }"), ["manifest/unknown_property", "manifest/unknown_node"]);
}

#[test]
fn ports_and_names_that_nobody_declares_are_told() {
    let text = "service \"db\" { run \"pg\"; port \"db\" }\ntask \"t\" { sh \"{{port.bd}} {{decision.x}}\" }";
    let problems = files(&[("orket.kdl", text)]).err().unwrap();
    assert_eq!(problems.problems()[0].help.as_deref(), Some("did you mean `port.db`?"));
    assert_eq!(wrong("task \"t\" { needs \"{{env.X}}\" }"), ["manifest/open_name"]);
}

#[test]
fn tidying_keeps_every_word_and_does_nothing_the_second_time() {
    let rows = [
        ("task   \"a\" { // why\n  sh \"x\" // behind\n\n\n\n}", "task   \"a\" { // why\n    sh \"x\" // behind\n\n}\n"),
        ("a {\nsh \"\"\"\n  one {\n  \"\"\"   \n}\n", "a {\n    sh \"\"\"\n  one {\n  \"\"\"\n}\n"),
        ("a 1 \\\n2\n/* {\n */ b { c #\"}\"#; }\n", "a 1 \\\n    2\n/* {\n */ b { c #\"}\"#; }\n"),
        ("\n\na\t \n", "a\n"),
    ];
    for (before, after) in rows {
        assert_eq!(tidy(before, "orket.kdl").unwrap(), after);
        assert_eq!(tidy(after, "orket.kdl").unwrap(), after);
    }
}

#[test]
fn later_mistakes_are_shown_over_the_same_texts() {
    let loaded = good("task \"a\"\n");
    let mut problems = Problems::new(loaded.texts.clone());
    problems.add("graph/x", String::from("no"), Some(loaded.project.tasks[0].place.clone()), None);
    assert_eq!(problems.render(false, 80), "error[graph/x]: no\n --> orket.kdl:1:1\n1 | task \"a\"\n  | ^");
}

#[test]
fn the_whole_example_loads() {
    let loaded = files(&[("orket.kdl", include_str!("whole.kdl")), ("services/pay/orket.kdl", ""), ("web/a.ts", "")]);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false, 120)));
    let expected = [
        "app/compile",
        "app/unit",
        "app/integration",
        "app/collect_logs",
        "app/bundle/a",
        "app/wheel[python=3.11,arch=x86_64]",
        "app/wheel[python=3.11,arch=aarch64]",
        "app/wheel[python=3.12,arch=x86_64]",
        "app/wheel[python=3.12,arch=aarch64]",
        "lint_api",
    ];
    assert_eq!(names(&loaded), expected);
    assert_eq!((loaded.project.rocks.len(), loaded.project.epics.len(), loaded.project.gates.len()), (1, 2, 2));
    assert_eq!(loaded.project.rocks[0].parts.len(), 3);
}

#[test]
fn the_deepest_that_is_allowed_is_read_in_no_time() {
    assert_eq!(wrong(&format!("{}{}", "a {".repeat(64), "}".repeat(64))), ["manifest/unknown_node"]);
    assert_eq!(wrong(&"a {".repeat(64))[0], "manifest/syntax");
}

#[test]
fn wrong_words_and_wrong_holes_hide_nothing() {
    let text = "task \"a\" { cache #flase; retries 2x }\ntask \"b\" { shh \"x\"; sh \"{{a.b}} {{c}}\"; private true }\ntask \"c\" { sh \"{{a.b}}\" }\ntask \"d\" { sh \"{{a.b}}\"; cache \"x\" }";
    let problems = files(&[("orket.kdl", text)]).err().unwrap();
    let shown = |problem: &Problem| {
        let place = problem.place.as_ref().unwrap();
        format!("{}:{} {} {}", place.line, place.column, problem.code, problem.message)
    };
    assert_eq!(
        problems.problems().iter().map(shown).collect::<Vec<_>>(),
        [
            "1:18 manifest/syntax there is no such `#` word",
            "1:34 manifest/syntax this is no number",
            "2:12 manifest/unknown_node there is no node `shh` in `task`",
            "2:25 manifest/unknown_name there is no scope `a` here",
            "2:33 manifest/unknown_name `{{c}}` names no scope",
            "2:49 manifest/syntax `true` is written with a `#`",
            "3:16 manifest/unknown_name there is no scope `a` here",
            "4:16 manifest/unknown_name there is no scope `a` here",
            "4:32 manifest/wrong_value `cache` takes #true or #false, not a text",
        ]
    );
}

#[test]
fn a_line_that_is_cut_says_so_and_one_that_fits_is_whole() {
    let text = format!("task \"a\" {{ imputs \"{}\" }}", "x".repeat(100));
    let problems = files(&[("orket.kdl", &text)]).err().unwrap();
    let line = |width: usize| problems.render(false, width).lines().nth(2).unwrap().to_owned();
    let cut = line(60);
    assert!(cut.len() == 60 && cut.starts_with("1 | task") && cut.ends_with("xxx..."), "{cut}");
    assert_eq!(line(text.len() + 4), format!("1 | {text}"));
    assert!(line(text.len() + 3).ends_with("..."));
}

#[test]
fn what_a_matrix_comes_to_is_known_before_it_is_expanded() {
    let axis = |name: &str| format!("{name} {}", (0..1000).map(|value| format!("\"{value}\" ")).collect::<String>());
    let matrix = format!("matrix {{ {}; {} }}", axis("a"), axis("b"));
    let long = "x".repeat(3_000);
    for text in [
        format!("task \"t\" {{ sh \"{long}\"; {matrix} }}"),
        format!("env {{ set \"A\" \"{long}\" }}\ntask \"t\" {{ {matrix} }}"),
        format!("template \"x\" {{ sh \"{long}\" }}\ntask \"t\" {{ use \"x\"; {matrix} }}"),
        format!("task \"t\" {{ needs {}; {matrix} }}", "\"u\" ".repeat(20)),
    ] {
        assert_eq!(wrong(&format!("{text}\ntask \"u\"")), ["manifest/too_much_text"]);
    }
}

#[test]
fn a_tidied_manifest_keeps_its_line_breaks() {
    let text = "task \"t\" {\r\nsh \"\"\"\r\n  x\r\n  \"\"\"\r\n\r\n\r\n}\r\n\r\n";
    let tidied = tidy(text, "orket.kdl").unwrap_or_else(|problems| panic!("{}", problems.render(false, 90)));
    assert_eq!(tidied, "task \"t\" {\r\n    sh \"\"\"\r\n  x\r\n  \"\"\"\r\n\r\n}\r\n");
    assert_eq!(tidy("a \r\n", "orket.kdl").unwrap_or_default(), "a\r\n");
    assert_eq!(tidy("a \n  b\r\n", "orket.kdl").unwrap_or_default(), "a\nb\n");
}

#[test]
fn an_unknown_pool_is_told_where_it_is_named() {
    let problems = files(&[("orket.kdl", "task \"t\" {\n    pool \"link\"\n}\n")]).err().unwrap();
    assert_eq!(
        problems.render(false, 80),
        "error[manifest/unknown_node]: there is no pool `link` in this project\n --> orket.kdl:2:10\n2 |     pool \"link\"\n  |          ^^^^\n  = help: declare it: `pool \"link\" 1`"
    );
}

#[test]
fn a_hundred_mistakes_are_kept_and_the_others_counted() {
    let text: String = (0..1_000).map(|n| format!("zebra{n}\n")).collect();
    let problems = files(&[("orket.kdl", &text)]).err().unwrap();
    let lines: Vec<u32> = problems.problems().iter().filter_map(|problem| problem.place.as_ref()).map(|place| place.line).collect();
    assert_eq!(lines, (1..=100).collect::<Vec<u32>>());
    assert_eq!(problems.count(), 1_000);
    assert!(problems.render(false, 80).ends_with("... and 900 more"));
    assert_eq!(problems.to_json()["more"], 900);
}

#[test]
fn a_file_stands_for_itself_whatever_characters_its_name_has() {
    let text = "each \"s\" glob=\"a/*.c\" { task \"t{{s.ext}}\" { inputs \"{{s.path}}\"; outputs \"out/{{s.stem}}.o\"; dir \"{{s.dir}}\"; sh \"{{s.path}}\" } }";
    let loaded = files(&[("orket.kdl", text), ("a/[id].c", "")]).unwrap_or_else(|problems| panic!("{}", problems.render(false, 90)));
    let task = &loaded.project.tasks[0];
    assert_eq!(task.inputs[0].text.to_string(), "a/\\[id\\].c");
    assert!(Glob::new(&task.inputs[0].text.to_string()).unwrap().matches(&RelPath::parse("a/[id].c").unwrap()));
    assert_eq!(task.outputs[0].text.to_string(), "out/\\[id\\].o");
    assert!(matches!(&task.commands[0], Command::Sh { script, .. } if script.to_string() == "a/[id].c"));
}

#[test]
fn paths_with_holes_are_folded_up_to_the_hole() {
    let loaded = files(&[
        ("orket.kdl", "include \"lib\""),
        ("lib/orket.kdl", "task \"t\" { inputs \"./src/{{env.A}}/x.c\" \"../{{env.B}}\" \"{{env.C}}\"; env { pass \"A\" \"B\" \"C\" } }"),
    ]);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false, 90)));
    let inputs: Vec<String> = loaded.project.tasks[0].inputs.iter().map(|input| input.text.to_string()).collect();
    assert_eq!(inputs, ["lib/src/{{env.A}}/x.c", "{{env.B}}", "lib/{{env.C}}"]);
}

#[test]
fn a_folder_whose_name_addresses_cannot_hold_is_no_package() {
    for folder in ["a:b", "a[1]", "a{b}", "-a"] {
        let manifest = format!("{folder}/orket.kdl");
        assert_eq!(codes(files(&[("orket.kdl", "include \"*/orket.kdl\""), (&manifest, "")])), ["manifest/wrong_name"], "{folder}");
    }
}

#[test]
fn mistakes_go_through_a_miette_handler_too() {
    let problems = files(&[("orket.kdl", "// \u{e4}\ntask \"a\" { \u{2003} imputs \"x\" }\n")]).err().unwrap();
    let reports = problems.reports();
    let mut out = String::new();
    miette::NarratableReportHandler::new().render_report(&mut out, reports[0].as_ref()).unwrap();
    for part in [
        "there is no node `imputs` in `task`",
        "snippet line 2",
        "label at line 2, columns 14 to 19",
        "did you mean `inputs`?",
        "manifest/unknown_node",
    ] {
        assert!(out.contains(part), "{part} is missing in {out}");
    }
    assert_eq!(reports.len(), 1);
}

#[test]
fn a_hole_in_a_text_of_several_lines_is_shown_where_it_stands() {
    let text = "task \"t\" {\n    sh \"\"\"\n        echo {{env.A}}\n        echo {{nope.b}}\n        \"\"\"\n    env { pass \"B\" }\n}\n";
    let problems = files(&[("orket.kdl", text)]).err().unwrap().render(false, 80);
    assert!(problems.contains(" --> orket.kdl:4:14\n4 |         echo {{nope.b}}\n  |              ^^^^^^^^^^\n"), "{problems}");
    let problems = files(&[("orket.kdl", &text.replace("nope.b", "env.B"))]).err().unwrap().render(false, 80);
    assert!(
        problems.contains(" --> orket.kdl:3:14\n3 |         echo {{env.A}}\n") && problems.contains("`env { pass \"A\" }`"),
        "{problems}"
    );
}

#[test]
fn files_of_variables_may_be_named_by_a_matrix() {
    let loaded = good("task \"t\" { matrix { v \"1\" \"2\" }; env { dotenv \"{{matrix.v}}.env\" }; sh \"echo {{env.Q}}\" }");
    let files = loaded.project.tasks.iter().map(|task| match &task.env[0] {
        EnvRule::Dotenv { file, .. } => file.to_string(),
        other => panic!("{other:?}"),
    });
    assert_eq!(files.collect::<Vec<_>>(), ["1.env", "2.env"]);
}

#[test]
fn words_of_other_task_runners_lead_to_ours() {
    let problems = files(&[("orket.kdl", "task \"t\" { cmd \"x\"; deps \"y\"; description \"z\"; retry 2 }\n")]).err().unwrap();
    let helps: Vec<&str> = problems.problems().iter().filter_map(|problem| problem.help.as_deref()).collect();
    assert_eq!(helps, ["did you mean `sh`?", "did you mean `needs`?", "did you mean `about`?", "did you mean `retries`?"]);
}

#[test]
fn whoever_writes_a_comment_as_a_shell_does_is_told_how() {
    for text in ["# why\ntask \"t\"\n", "task \"t\" { sh \"x\" # why\n}\n"] {
        let problems = files(&[("orket.kdl", text)]).err().unwrap();
        assert_eq!(problems.problems()[0].help.as_deref(), Some("a comment begins with `//`"), "{text}");
    }
}

/// What is said of tasks that stand among many, which are lowered ahead.
fn among_many(tasks: &[&str]) -> Vec<(&'static str, u32)> {
    let many = |from: usize| (from..from + 4000).map(|task| format!("task \"m{task}\" {{ sh \"x {{{{task.name}}}}\"; tags \"a\" }}\n"));
    let text: String = many(0).chain(tasks.iter().map(|task| format!("{task}\n"))).chain(many(4000)).collect();
    match files(&[("orket.kdl", &text)]) {
        Ok(loaded) => {
            assert_eq!(loaded.project.tasks.len(), 8000 + tasks.len());
            for (index, task) in loaded.project.tasks.iter().enumerate() {
                assert_eq!(task.place.line as usize, index + 1);
                let name = task.address.as_str();
                assert!(matches!(&task.commands[..], [Command::Sh { script, .. }] if script.to_string() == format!("x {name}")), "{name}");
            }
            Vec::new()
        }
        Err(problems) => problems.problems().iter().map(|problem| (problem.code, problem.place.as_ref().unwrap().line)).collect(),
    }
}

#[test]
fn many_tasks_are_lowered_in_their_order() {
    assert_eq!(among_many(&["task \"b\" { sh \"x b\"; executor \"y\" }", "task \"a\" { sh \"x {{task.address}}\" }"]), []);
}

#[test]
fn mistakes_among_many_tasks_are_told_as_among_few() {
    let task = "task \"a\" { sh \"x\"; retries -1 }";
    assert_eq!(among_many(&[task]), [("manifest/out_of_range", 4001)]);
    assert_eq!(
        among_many(&["task \"a\" { sh \"x\"; pool \"p\" }", "task \"m7999\" { sh \"x\" }"]),
        [("manifest/unknown_node", 4001), ("manifest/duplicate", 8002)]
    );
}
