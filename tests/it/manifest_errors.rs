//! Every mistake is refused with its place, before anything runs.

use crate::common::Project;

/// Builds a manifest that is wrong: exit 2, nothing runs, nothing is made, and each part is said.
fn refused<const N: usize>(manifest: &str, parts: [&str; N]) {
    let project = Project::new().manifest(&format!("{manifest}\ntask \"innocent\" {{ sh \"{{log:innocent}}\" }}\n"));
    project.run("build").code(2).ran([]).says(parts);
    assert!(!project.has(".orket"), "something was written");
}

#[test]
fn a_folder_that_is_not_there_is_a_mistake_of_the_command_line() {
    let seen = Project::new().manifest(r#"task "t" { sh "true" }"#).run("-C nowhere list").code(2).err().to_owned();
    assert!(seen.contains("there is no folder `") && seen.contains("nowhere`"), "{seen}");
}

#[test]
fn unknown_words_are_told_what_was_meant() {
    refused("task \"t\" { imputs \"x\" }", ["orket.kdl:1", "`inputs`"]);
    refused("\ntaks \"t\" { }", ["orket.kdl:2", "`task`"]);
    refused("task \"t\" { sh \"x\"; cache \"yes\" }", ["orket.kdl:1"]);
    refused("task \"t\" { sh \"x\"; priority \"hihg\" }", ["`high`"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    refused("task \"a\" { imputs \"x\" }\nepik \"e\"\ntask \"b\" { timeout \"soon\" }", ["orket.kdl:1", "orket.kdl:2", "orket.kdl:3"]);
}

#[test]
fn broken_text_is_told_with_its_place() {
    refused("task \"t\" {", ["orket.kdl"]);
    refused("task \"t\" { sh \"unended }", ["orket.kdl"]);
}

#[test]
fn a_duplicate_address_shows_both_places() {
    refused("task \"t\" { sh \"x\" }\ntask \"t\" { sh \"y\" }", ["orket.kdl:2", "orket.kdl:1", "1 | task", "2 | task"]);
}

#[test]
fn two_tasks_with_one_output_are_refused() {
    refused(
        "task \"a\" { sh \"x\"; outputs \"o\" }\ntask \"b\" { sh \"y\"; outputs \"o\" }",
        ["orket.kdl:2", "orket.kdl:1", "1 | task", "`o`"],
    );
}

#[test]
fn an_output_inside_an_output_folder_is_refused() {
    refused(
        "task \"a\" { sh \"x\"; outputs \"dist/\" }\ntask \"b\" { sh \"y\"; outputs \"dist/x/y\" }",
        ["orket.kdl:2", "orket.kdl:1", "1 | task"],
    );
}

#[test]
fn an_output_that_is_a_source_of_another_task_is_refused() {
    refused("task \"a\" { sh \"x\"; outputs \"src.c\" }\ntask \"b\" { sh \"y\"; inputs \"src.c\" }", ["src.c"]);
}

#[test]
fn outputs_in_forbidden_places_are_refused() {
    for output in [".", "./", "..", "../x", "/etc/x", ".git/hooks/x", ".git/", ".orket/x", "orket.kdl", "a/../../x"] {
        refused(&format!("task \"t\" {{ sh \"x\"; outputs \"{output}\" }}"), ["orket.kdl:1"]);
    }
}

#[test]
fn inputs_outside_the_project_are_refused() {
    refused("task \"t\" { sh \"x\"; inputs \"../x\" }", ["orket.kdl:1"]);
    refused("task \"t\" { sh \"x\"; inputs \"/etc/passwd\" }", ["orket.kdl:1"]);
}

#[test]
fn a_cycle_is_drawn_with_each_place() {
    refused(
        "task \"a\" { needs \"b\" }\ntask \"b\" { needs \"c\" }\ntask \"c\" { needs \"a\" }",
        ["`a` -> `b` -> `c` -> `a`", "orket.kdl:1", "`b` needs `c`", "`c` needs `a`"],
    );
    refused(
        "rock \"r\" { epic \"e\"; needs \"t\" }\nepic \"e\" { task \"a\" { sh \"x\" } }\ntask \"t\" { after \"r\"; sh \"x\" }",
        ["wait for each other: `r` -> `t` -> `r`\n", "orket.kdl:1:28", "`t` after `r`"],
    );
    refused("task \"a\" { needs \"a\" }", ["orket.kdl:1"]);
    refused("epic \"x\" { needs \"y\"; task \"a\" { sh \"x\" } }\nepic \"y\" { task \"b\" { needs \"x/a\" } }", ["orket.kdl:"]);
}

#[test]
fn a_need_that_nobody_bears_is_refused() {
    refused("task \"compile\" { sh \"x\" }\ntask \"t\" { needs \"compil\" }", ["orket.kdl:2", "`compile`"]);
}

#[test]
fn unknown_holes_are_refused_at_their_place() {
    for hole in ["{{matrix.x}}", "{{param.x}}", "{{nonsense.x}}", "{{nonsense}}", "{{task.colour}}", "{{project.colour}}"] {
        refused(&format!("\ntask \"t\" {{ sh \"echo {hole}\" }}"), ["orket.kdl:2"]);
    }
}

#[test]
fn values_out_of_range_are_refused() {
    for line in [
        "pool \"p\" 0",
        "task \"t\" { sh \"x\"; weight 0 }",
        "task \"t\" { sh \"x\"; retries -1 }",
        "task \"t\" { sh \"x\"; timeout \"10 parsecs\" }",
        "orket 99",
    ] {
        refused(line, ["orket.kdl:1"]);
    }
}

#[test]
fn an_unknown_pool_template_or_remedy_is_refused() {
    refused("pool \"link\" 1\ntask \"t\" { sh \"x\"; pool \"lnik\" }", ["orket.kdl:2", "`link`"]);
    refused("template \"lint\" { sh \"x\" }\ntask \"t\" { use \"lnit\" }", ["orket.kdl:2", "`lint`"]);
    refused("task \"t\" { sh \"x\"; on_failure \"nobody\" }", ["orket.kdl:1"]);
}

#[test]
fn outputs_that_no_command_makes_are_refused() {
    refused(
        "task \"t\" { inputs \"x\"; outputs \"o\" }",
        ["manifest/no_command", "orket.kdl:1", "has outputs, and no command", "sh \"script\""],
    );
    refused("template \"made\" { outputs \"o\" }\ntask \"t\" { use \"made\" }", ["manifest/no_command", "orket.kdl:1"]);
    let shared = "template \"cc\" { sh \"touch o\" }\ntask \"t\" { use \"cc\"; outputs \"o\" }\ntask \"all\" { needs \"t\" }";
    Project::new().manifest(shared).run("build").ok();
    let project = Project::new().manifest("task \"t\" { rnu \"x\"; outputs \"o\" }");
    project.run("build").code(2).says(["`run`"]).never_says(["no_command"]);
}

#[test]
fn names_that_addresses_cannot_hold_are_refused() {
    for name in ["", "-x", "a:b", "a[b]", "a//b", "/a", "a/", "a*", "a,b"] {
        refused(&format!("task \"{name}\" {{ sh \"x\" }}"), ["orket.kdl:1"]);
    }
}

#[test]
fn what_the_graph_finds_is_said_together_with_what_the_text_does() {
    let project = Project::new().file("src/a/u.c", "").file("src/b/u.c", "").manifest(
        "each \"src\" glob=\"src/**/*.c\" {\n    task \"c-{{src.stem}}\" { run \"cc\" \"{{src.pth}}\" }\n}\neach \"doc\" glob=\"doc/*.md\" {\n    task \"d-{{doc.stem}}\"\n}\ntask \"all\" { needs \"d-*\" \"c-u\" \"zz\" }\ntask \"m\" { needs \"n\" }\ntask \"n\" { needs \"m\"; sh \"echo {{ env.X }} {{project.nam}}\" }\n",
    );
    project.run("list").code(2).stdout("").stderr(
        "error[manifest/duplicate]: there are two targets `c-u`, for `src/a/u.c` and for `src/b/u.c`
 --> orket.kdl:2:5
2 |     task \"c-{{src.stem}}\" { run \"cc\" \"{{src.pth}}\" }
  |     ^
  = help: put more of the path into the name, its `.dir` or `.path`, or leave one of the files out with `!`

error[manifest/unknown_name]: `src` has no `pth`
 --> orket.kdl:2:39
2 |     task \"c-{{src.stem}}\" { run \"cc\" \"{{src.pth}}\" }
  |                                       ^^^^^^^^^^^
  = help: did you mean `src.path`?

error[graph/unknown_target]: there is no target `d-*`
 --> orket.kdl:7:20
7 | task \"all\" { needs \"d-*\" \"c-u\" \"zz\" }
  |                    ^
 --> orket.kdl:4:1: this `each` finds no file
4 | each \"doc\" glob=\"doc/*.md\" {
  | -
  = help: mend the glob, or take the need out

error[graph/unknown_target]: there is no target `zz`
 --> orket.kdl:7:32
7 | task \"all\" { needs \"d-*\" \"c-u\" \"zz\" }
  |                                ^
  = help: `orket list` shows all targets

error[graph/cycle]: these targets wait for each other: `m` -> `n` -> `m`
 --> orket.kdl:8:18
8 | task \"m\" { needs \"n\" }
  |                  ^
 --> orket.kdl:9:18: `n` needs `m`
9 | task \"n\" { needs \"m\"; sh \"echo {{ env.X }} {{project.nam}}\" }
  |                  -
  = help: take one of these edges out

error[manifest/unknown_name]: `project` has no `nam`
 --> orket.kdl:9:44
9 | task \"n\" { needs \"m\"; sh \"echo {{ env.X }} {{project.nam}}\" }
  |                                            ^^^^^^^^^^^^^^^
  = help: did you mean `project.name`?
",
    );
}

#[test]
fn what_a_mistake_left_out_is_not_said_to_be_missing() {
    let codes = |text: &str| {
        let seen = Project::new().manifest(text).run("list").code(2).err().to_owned();
        seen.lines().filter_map(|line| line.strip_prefix("error[")?.split(']').next().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(codes("tsk \"a\"\ntask \"b\" { needs \"a\" }"), ["manifest/unknown_node"]);
    assert_eq!(codes("epic \"e\" { task 1; }\ntask \"b\" { needs \"e/a\" }"), ["manifest/wrong_value"]);
    assert_eq!(codes("task #flase { sh \"x\" }\ntask \"b\" { needs \"a\"; shh \"x\" }"), ["manifest/syntax", "manifest/unknown_node"]);
    assert_eq!(codes("include \"p\"\ntask \"b\" { needs \"p:a\" }"), ["manifest/unreadable"]);
    let made = "task \"a\" { outputs \"x\"; sh \"touch x\" }\n";
    assert_eq!(codes(&format!("{made}task \"b\" {{ inputs \"x\"; neds \"a\"; run \"true\" }}")), ["manifest/unknown_node"]);
    assert_eq!(
        codes(&format!("{made}task \"b\" {{ outputs \"x\"; timeout \"x\"; run \"true\" }}")),
        ["graph/same_output", "manifest/wrong_duration"]
    );
}

#[test]
fn what_is_no_file_is_called_what_it_is() {
    let project = Project::new().file("a/x", "");
    project.link("a", "orket.kdl");
    project.run("list").code(2).says(["orket.kdl` is a folder, and a manifest is a file", "hint: "]);
    project.run("list -f orket.kdl").code(2).says(["`orket.kdl` is a folder"]);
    project.run("list -f /dev/null").code(2).says(["`/dev/null` is a device"]);
    project.remove("orket.kdl").link("nowhere", "orket.kdl");
    project.run("list").code(2).says(["orket.kdl` is a link to nothing"]);
    project.run("list -f other.kdl").code(2).says(["there is no manifest `other.kdl`"]);
    let inside = Project::new().file("in/orket.kdl/x", "").manifest("task \"t\" { sh \"true\" }");
    inside.run_in("in", "list").ok().says(["t"]);
}

#[test]
fn wrong_strategies_are_told_beside_other_mistakes() {
    refused(
        "process_rules { planer_node \"fifo\" }\ntask \"t\" { imputs \"x\" }\ntask \"u\" { needs \"zebra\" }",
        ["decisions/unknown", "planer_node", "orket.kdl:1", "`inputs`", "orket.kdl:2"],
    );
    refused(
        "strategy \"s\" seam=\"planer\" { exec \"x\" }\ntask \"u\" { needs \"u\" }",
        ["there is no seam `planer`", "orket.kdl:1", "graph/cycle", "orket.kdl:2"],
    );
}

#[test]
fn a_line_is_cut_for_a_screen_alone() {
    let line = format!("task \"t\" {{ imputs \"x\"; sh \"{}\" }}", "y".repeat(200));
    let project = Project::new().file("orket.kdl", &line);
    project.run("list").code(2).says([&line]);
    project.run_with("list", &[("COLUMNS", "60")]).code(2).says(["yyy...\n"]).never_says([&line]);
}
