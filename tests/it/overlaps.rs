//! Patterns of two tasks that can mean the same file.

use crate::common::Project;

const GEN: &str = "task \"gen\" { sh \"{log:gen}; mkdir -p gen; cat i > gen/a.h\"; inputs \"i\"; outputs \"OUT\" }";

/// Builds a task that reads `inputs` beside one that makes `outputs`, with `more` in the reader.
fn reading(inputs: &str, outputs: &str, more: &str) -> (i32, String) {
    let reader = format!("task \"read\" {{ sh \"{{log:read}}; cat gen/* > o\"; inputs {inputs}; outputs \"o\"; {more} }}");
    let project = Project::new().file("i", "1").manifest(&format!("{}\n{reader}", GEN.replace("OUT", outputs)));
    project.run("build -j1").either_owned()
}

#[test]
fn what_another_task_makes_must_be_needed_also_where_a_pattern_means_it() {
    for inputs in ["\"gen/*.h\"", "\"gen/\"", "\"gen\"", "\"**/*.h\"", "\"gen/a.h\"", "\"g{en,n}/[a-c].*\""] {
        for outputs in ["gen/a.h", "gen/", "gen", "gen/*.h", "gen/**", "g*/a.h"] {
            let (code, all) = reading(inputs, outputs, "");
            // A folder without a slash is only known to be one where a name stands in it.
            if outputs == "gen" && inputs.contains(['{', '*']) && !inputs.contains("gen/") {
                continue;
            }
            assert_eq!(code, 2, "inputs {inputs}, outputs {outputs}\n{all}");
            assert!(all.contains("graph/undeclared_need") && all.contains("needs \"gen\""), "inputs {inputs}, outputs {outputs}\n{all}");
            assert!(all.contains("orket.kdl:1") && all.contains("orket.kdl:2") && all.contains("ran: []"), "{all}");
            let (code, all) = reading(inputs, outputs, "needs \"gen\"");
            assert_eq!(code, 0, "inputs {inputs}, outputs {outputs}\n{all}");
        }
    }
}

#[test]
fn what_is_left_out_or_needed_through_others_is_no_undeclared_need() {
    for (inputs, outputs) in [
        ("\"**/*.h\" \"!gen/**\"", "gen/a.h"),
        ("\"gen/*\" \"!gen/a.h\"", "gen/a.h"),
        ("\"gen/*\" \"!gen/\"", "gen/*.h"),
        ("\"gen/*.c\"", "gen/*.h"),
        ("\"gen/*.c\"", "gen/a.h"),
    ] {
        let (code, all) = reading(inputs, outputs, "");
        assert_eq!(code, 0, "inputs {inputs}, outputs {outputs}\n{all}");
    }
    let project = Project::new().file("i", "1").manifest(&format!(
        "{}\ntask \"mid\" {{ needs \"gen\" }}\ntask \"read\" {{ sh \"{{log:read}}; cat gen/* > o\"; inputs \"gen/*\"; outputs \"o\"; needs \"mid\" }}",
        GEN.replace("OUT", "gen/*.h")
    ));
    project.run("build").ok().ran_in_order(["gen", "read"]);
    project.write("i", "2").run("build").ok().ran_in_order(["gen", "read"]);
    assert_eq!(project.read("o"), "2");
}

#[test]
fn the_error_says_the_edit() {
    let project = Project::new()
        .manifest("task \"gen\" { sh \"x\"; outputs \"src/gen.h\"; needs \"lint\" }\ntask \"lint\" { sh \"x\"; inputs \"src/*.h\" }\n");
    let expected = r#"error[graph/undeclared_need]: `src/*.h`, an input of `lint`, can mean `src/gen.h`, which `gen` makes, but `lint` does not need `gen`
 --> orket.kdl:2:30
2 | task "lint" { sh "x"; inputs "src/*.h" }
  |                              ^
 --> orket.kdl:1:30: made here
1 | task "gen" { sh "x"; outputs "src/gen.h"; needs "lint" }
  |                              -
  = help: `gen` needs `lint`, so leave it out: `inputs "!src/gen.h"`
"#;
    project.run("build").code(2).ran([]).stderr(expected);
}

/// Two tasks with these outputs.
fn making(one: &str, other: &str) -> (i32, String) {
    let task = |name: &str, outputs: &str| format!("task \"{name}\" {{ sh \"{{log:{name}}}; mkdir -p x\"; outputs {outputs} }}\n");
    Project::new().manifest(&format!("{}{}", task("a", one), task("b", other))).run("build -j1").either_owned()
}

#[test]
fn outputs_that_can_be_the_same_file_are_refused() {
    for (one, other) in [
        ("\"x/*\"", "\"x/b\""),
        ("\"x/*\"", "\"x/*.o\""),
        ("\"x/**/*.o\"", "\"x/\""),
        ("\"x/**\"", "\"x/y/*.o\""),
        ("\"x/\"", "\"x/*\""),
        ("\"x/{a,b}*\"", "\"x/*b\""),
        ("\"*/b\"", "\"x/*\""),
    ] {
        for (one, other) in [(one, other), (other, one)] {
            let (code, all) = making(one, other);
            assert_eq!(code, 2, "{one} and {other}\n{all}");
            assert!(all.contains("graph/same_output") && all.contains("orket.kdl:1") && all.contains("orket.kdl:2"), "{all}");
            assert!(all.contains("ran: []"), "{all}");
        }
    }
}

#[test]
fn outputs_that_cannot_be_the_same_file_are_all_right() {
    for (one, other) in [
        ("\"x/*.o\"", "\"x/*.a\""),
        ("\"x/*\" \"!x/b*\"", "\"x/b*\""),
        ("\"x/lib*\"", "\"x/bin*\""),
        ("\"x/*\"", "\"x/y/*\""),
        ("\"x/{a,b}.o\"", "\"x/[c-z].o\""),
    ] {
        let (code, all) = making(one, other);
        assert_eq!(code, 0, "{one} and {other}\n{all}");
    }
}
