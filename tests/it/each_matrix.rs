//! Many tasks out of few lines.

use crate::common::Project;

#[test]
fn one_task_for_each_file() {
    let project = Project::new().file("web/a.ts", "A").file("web/b.ts", "B").manifest(
        r#"
        epic "app" { each "src" glob="web/*.ts" {
            task "bundle/{{src.stem}}" { sh "echo {{src.stem}} >> {base}/ran; echo {{src.path}} {{src.name}} {{src.dir}} > dist/{{src.stem}}.js"; inputs "{{src.path}}"; outputs "dist/{{src.stem}}.js" }
        } }
        "#,
    );
    project.run("build").ok().ran(["a", "b"]);
    assert_eq!(project.read("dist/a.js"), "web/a.ts a.ts web\n");
    project.write("web/c.ts", "C");
    project.run("build").ok().ran(["c"]);
    project.write("web/a.ts", "AA");
    project.words(&["build", "app/bundle/*"]).ok().ran(["a"]);
    project.remove("web/b.ts");
    project.run("list").ok().never_says(["bundle/b"]);
}

#[test]
fn what_a_task_makes_is_no_file_for_each() {
    let manifest = |glob: &str, output: &str| {
        format!(
            "task \"gen\" {{ sh \"mkdir -p gen; cp src/a.c gen/a.c\"; inputs \"src/a.c\"; outputs {output} }}\neach \"f\" {{\n    glob {glob}\n    \
             task \"cc-{{{{f.stem}}}}\" {{ sh \"cat {{{{f.path}}}} > {{{{f.stem}}}}.o\"; inputs \"{{{{f.path}}}}\"; outputs \"{{{{f.stem}}}}.o\" }} }}"
        )
    };
    let mut project = Project::new().file("src/a.c", "a");
    for (glob, output, name) in [
        (r#""gen/*.c""#, r#""gen/""#, "gen/a.c"),
        (r#""gen/*.c""#, r#""gen/a.c""#, "gen/a.c"),
        (r#""src/*.c" "**/*.c""#, r#""gen/*""#, "gen/a.c"),
        (r#""gen/a.c""#, r#""gen/a.c""#, "gen/a.c"),
        (r#""gen/a.c""#, r#""gen/*.c""#, "gen/a.c"),
        (r#""**" "!src/**" "!*.o" "!*.kdl""#, r#""gen/*.c""#, "gen/a.c"),
    ] {
        project = project.manifest(&manifest(glob, output));
        project.run("build").code(2).says(["graph/each_over_output", &format!("can mean `{name}`, and `gen` makes that")]);
        assert!(!project.has("gen"), "{glob} {output}");
    }
    let slashless = manifest(r#""**/*.c" "!src/""#, r#""gen""#);
    project = project.manifest(&slashless);
    project.run("build").ok();
    project.run("build").code(2).says(["this `each` finds files in `gen`, which `gen` makes: which tasks there are would depend"]);
    project.remove("gen/a.c");
    for (glob, output) in [
        (r#""src/*.c""#, r#""gen/""#),
        (r#""**/*.c" "!gen/""#, r#""gen/""#),
        (r#""**/*.c" "!gen/**""#, r#""gen/" "!gen/*.o""#),
        (r#""gen/*.h" "src/a.c""#, r#""gen/*.c""#),
    ] {
        project = project.manifest(&manifest(glob, output));
        project.run("build").ok();
        assert_eq!(project.read("a.o"), "a", "{glob} {output}");
    }
}

#[test]
fn one_task_for_each_combination() {
    let project = Project::new().manifest(
        r#"task "wheel" { matrix { python "3.11" "3.12"; arch "x86_64" "aarch64" }; sh "{log:w}; echo {{matrix.python}} {{matrix.arch}} > w-{{matrix.python}}-{{matrix.arch}}"; outputs "w-{{matrix.python}}-{{matrix.arch}}" }"#,
    );
    project.run("build --json").ok().ran(["w", "w", "w", "w"]).had(
        "done",
        &[
            "wheel[python=3.11,arch=x86_64]",
            "wheel[python=3.11,arch=aarch64]",
            "wheel[python=3.12,arch=x86_64]",
            "wheel[python=3.12,arch=aarch64]",
        ],
    );
    assert_eq!(project.read("w-3.12-aarch64"), "3.12 aarch64\n");
    project.remove("w-3.12-aarch64").remove("w-3.11-aarch64");
    project.words(&["build", "--json", "wheel[python=3.12,arch=aarch64]"]).ok().cached(["wheel[python=3.12,arch=aarch64]"]);
    assert!(!project.has("w-3.11-aarch64"));
}

#[test]
fn a_template_has_holes() {
    let project = Project::new().manifest(
        r#"
        template "say" { param "word"; sh "echo {{param.word}} > {{param.word}}.txt"; outputs "{{param.word}}.txt" }
        task "a" { use "say" word="hello" }
        task "b" { use "say" word="bye" }
        "#,
    );
    project.run("build").ok();
    assert_eq!((project.read("hello.txt"), project.read("bye.txt")), ("hello\n".into(), "bye\n".into()));
}

#[test]
fn a_parameter_that_is_missing_or_unknown_is_refused() {
    for used in ["", "word=\"a\" wrod=\"b\""] {
        let manifest =
            format!("template \"say\" {{ param \"word\"; sh \"echo {{{{param.word}}}}\" }}\ntask \"a\" {{ use \"say\" {used} }}");
        Project::new().manifest(&manifest).run("build").code(2).says(["orket.kdl:"]);
    }
}

#[test]
fn abouts_are_filled_wherever_they_stand() {
    let project = Project::new().file("libs/one/x", "").file("libs/two/x", "").manifest(
        r#"
        each "lib" glob="libs/*/x" {
            epic "e/{{lib.path}}" { about "All of {{lib.dir}}"; task "t" { about "Task of {{lib.dir}}"; sh "true" } }
            rock "r/{{lib.path}}" { about "Ready: {{lib.dir}}"; epic "e/{{lib.path}}" }
        }
        "#,
    );
    project.run("list").ok().says(["All of libs/one", "All of libs/two", "Ready: libs/two", "Task of libs/one"]).never_says(["{{"]);
}

#[test]
fn files_whose_names_are_patterns_stand_for_themselves() {
    let project = Project::new().file("pages/a/[id].ts", "A").file("pages/b/i.ts", "B").manifest(
        r#"each "page" glob="pages/*/*.ts" {
            task "{{page.dir}}" { sh "{log:t}; cp '{{page.path}}' 'out/{{page.stem}}/x.js'"; inputs "{{page.path}}"; outputs "out/{{page.stem}}/x.js" }
        }"#,
    );
    project.run("build").ok().ran(["t", "t"]);
    assert_eq!((project.read("out/[id]/x.js"), project.read("out/i/x.js")), ("A".to_owned(), "B".to_owned()));
    project.run("build").ok().nothing_to_do();
    project.remove("out");
    project.run("build --json").ok().ran([]).cached(["pages/a", "pages/b"]);
    assert_eq!(project.read("out/[id]/x.js"), "A");
    project.words(&["query", "outputs(pages/a)"]).ok().stdout("out/[id]/x.js\n");
}

#[test]
fn an_output_with_escaped_characters_is_missed_when_it_is_not_made() {
    let project = Project::new()
        .file("pages/[id].ts", "A")
        .manifest(r#"each "page" glob="pages/*.ts" { task "t" { sh "{log:t}"; inputs "{{page.path}}"; outputs "{{page.stem}}.js" } }"#);
    project.run("build").code(1).ran(["t"]).says(["it ended without making the declared output `[id].js`"]);
}

#[test]
fn blocks_in_blocks_are_counted_before_any_round() {
    let project = Project::new();
    for file in 0..200 {
        project.write(&format!("d/{file}"), "");
    }
    let inner = |glob: &str, body: &str| {
        format!("each \"a\" glob=\"d/*\" {{ each \"b\" glob=\"d/*\" {{ each \"c\" glob=\"{glob}\" {{ {body} }} }} }}")
    };
    project.declare(&inner("d/*", "task \"{{a.name}}-{{b.name}}-{{c.name}}\" { sh \"true\" }"));
    project.run("list").code(2).says(["manifest/too_many_tasks", "this makes more than 2000000 tasks", "orket.kdl:1:1"]);
    project.declare(&inner("d/*", "each \"e\" glob=\"none/*\" { task \"{{e.name}}\" { sh \"true\" } }"));
    project.run("list").code(2).says(["manifest/too_many_tasks", "go round more than 2000000 times", "orket.kdl:1:1"]);
    project.declare(&inner("{{a.path}}", "task \"{{a.name}}-{{b.name}}\" { sh \"true\" }")).run("list").ok();
}

#[test]
fn what_a_hole_comes_to_is_a_name_also_where_a_pattern_may_stand() {
    let project = Project::new()
        .var("WHERE", "s[1]")
        .file("src/u/[id].ts", "1")
        .file("src/u/i.ts", "other")
        .file("s[1]/a.txt", "1")
        .file("s1/a.txt", "other")
        .manifest(
            r#"
        template "js" { param "from"; param "to"; sh "{log:js}; cat '{{param.from}}' > '{{param.to}}'"; inputs "{{param.from}}"; outputs "{{param.to}}" }
        template "all" { param "those"; sh "{log:all}; cat src/u/* > all"; inputs "{{param.those}}"; outputs "all" }
        each "f" glob="src/u/\\[id\\].ts" { task "js" { use "js" from="{{f.path}}" to="out/{{f.stem}}.js" } }
        task "all" { use "all" those="src/u/*" }
        task "m" { matrix { n "1"; }; sh "{log:m}; echo {{matrix.n}} > '{{task.name}}.txt'"; outputs "{{task.name}}.txt" }
        task "e" { env { pass "WHERE" }; sh "{log:e}; cat '{{env.WHERE}}/a.txt' > e"; inputs "{{env.WHERE}}/a.txt"; outputs "e" }
        decision "choice" { otherwise "[1]" }
        task "d" { sh "{log:d}; cat 's{{decision.choice}}/a.txt' > 'd{{decision.choice}}'"; inputs "s{{decision.choice}}/*.txt"; outputs "d{{decision.choice}}" }
        "#,
        );
    project.run("build").ok().ran(["js", "all", "m", "e", "d"]);
    project.run("build").ok().nothing_to_do();
    project.write("src/u/[id].ts", "2").write("s[1]/a.txt", "2").run("build").ok().ran(["js", "all", "e", "d"]);
    project.write("src/u/i.ts", "more").write("s1/a.txt", "more").run("build").ok().ran(["all"]);
    for output in ["out/[id].js", "m[n=1].txt", "e", "d[1]"] {
        project.remove(output);
    }
    project.run("build --json").ok().cached(["js", "m[n=1]", "e", "d"]);
    assert_eq!(project.read("out/[id].js"), "2");
}
