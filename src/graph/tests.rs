//! Assembling: edges, flags, and every kind of mistake.

use super::sample::{epic, graph, need, needs, place, rock, service, shop, task, tasks};
use super::{Detail, Graph, Problem, TargetKind, assemble, flag};
use crate::model::{Command, EnvRule, Part, Project, Scope, Task, Text};

/// All edges, as `from kind to`; an entry is `>` and its address.
fn edges(graph: &Graph) -> Vec<String> {
    let name = |id| format!("{}{}", if graph.kind(id) == TargetKind::Entry { ">" } else { "" }, graph.address(id));
    let of = |id| graph.edges(id).iter().map(move |edge| format!("{} {:?} {}", name(id), edge.kind(), name(edge.to)));
    graph.ids().flat_map(of).collect()
}

fn problems(project: &Project) -> Vec<Problem> {
    assemble(project, Vec::new(), "linux-x86_64").err().unwrap_or_default()
}

fn told(project: &Project) -> Vec<String> {
    problems(project).iter().map(|problem| format!("{}: {}", problem.code, problem.message)).collect()
}

fn flags_of(task: Task) -> u32 {
    graph(&tasks(vec![task])).rows()[0].flags
}

#[test]
fn the_shop_has_these_edges() {
    let graph = graph(&shop());
    assert_eq!(
        edges(&graph),
        [
            "ship Part core",
            "ship Part app",
            "core Part core/lib",
            "core Part core/lint",
            "app Part app/serve",
            "app Part app/lint",
            "app/serve Entry >app",
            "app/serve Need core/lib",
            "app/serve Uses db",
            "app/lint Entry >app",
            "db Need helper",
            "churn Need app/serve",
            ">app Need core",
        ]
    );
    let kinds: Vec<TargetKind> = graph.ids().map(|id| graph.kind(id)).collect();
    assert!(kinds.is_sorted(), "{kinds:?}");
}

#[test]
fn what_a_rock_needs_stands_before_all_its_parts() {
    let mut single = task("single", &[], &[], &[]);
    single.after = needs(&["base"]);
    let project = Project {
        rocks: vec![rock("ship", &["app", "single"], &["base"])],
        epics: vec![epic("app", &["app/x"], &[])],
        ..tasks(vec![task("app/x", &[], &[], &[]), single, task("base", &[], &[], &[])])
    };
    assert_eq!(
        edges(&graph(&project)),
        [
            "ship Part app",
            "ship Part single",
            "app Part app/x",
            "app/x Entry >app",
            "single Entry >ship",
            "single After base",
            ">ship Need base",
            ">app Entry >ship",
        ]
    );
}

#[test]
fn what_a_rock_needs_stands_before_the_parts_of_rocks_in_it() {
    for outer_first in [true, false] {
        let mut rocks = vec![rock("outer", &["inner"], &["base"]), rock("inner", &["app", "single"], &[])];
        if !outer_first {
            rocks.reverse();
        }
        let project = Project {
            rocks,
            epics: vec![epic("app", &["app/x"], &[])],
            ..tasks(vec![task("app/x", &[], &[], &[]), task("single", &[], &[], &[]), task("base", &[], &[], &[])])
        };
        let edges = edges(&graph(&project));
        for edge in [">outer Need base", ">inner Entry >outer", ">app Entry >inner", "app/x Entry >app", "single Entry >inner"] {
            assert!(edges.iter().any(|found| found == edge), "{edge} of {edges:?}");
        }
        assert_eq!(edges.len(), 9, "{edges:?}");
    }
}

#[test]
fn rocks_in_each_other_are_a_cycle() {
    let project = Project { rocks: vec![rock("a", &["b"], &["x"]), rock("b", &["a"], &[])], ..tasks(vec![task("x", &[], &[], &[])]) };
    assert!(told(&project)[0].starts_with("graph/cycle: these targets wait for each other"), "{:?}", told(&project));
}

#[test]
fn a_pattern_means_all_others() {
    let project = Project {
        epics: vec![epic("app", &["app/all", "app/one"], &["*"])],
        ..tasks(vec![task("app/all", &[], &[], &["app/*"]), task("app/one", &[], &[], &[]), task("base", &[], &[], &[])])
    };
    let edges = edges(&graph(&project));
    let expected =
        ["app Part app/all", "app Part app/one", "app/all Entry >app", "app/all Need app/one", "app/one Entry >app", ">app Need base"];
    assert_eq!(edges, expected);
    assert_eq!(told(&tasks(vec![task("a", &[], &[], &["a"])])).len(), 1, "its own name is still a cycle");
}

#[test]
fn optional_needs_remedies_and_header() {
    let mut fragile = task("fragile", &[], &[], &["mend"]);
    fragile.needs[0].optional = true;
    fragile.on_failure = Some(need("mend", &["mend"]));
    let mut project = tasks(vec![fragile, task("mend", &[], &[], &[])]);
    project.name = "shop".into();
    project.default = needs(&["mend"]);
    let graph = assemble(&project, vec![7], "linux-x86_64").unwrap();
    assert_eq!(edges(&graph), ["fragile OptionalNeed mend"]);
    let mend = graph.find("mend").unwrap();
    assert!(matches!(graph.detail(graph.find("fragile").unwrap()), Detail::Task(_, Some(id)) if id == mend));
    assert_eq!((&*graph.header().name, &graph.header().default[..], &graph.header().trail[..]), ("shop", &[mend][..], &[7][..]));
}

#[test]
fn rules_are_kept_once() {
    let mut script = task("script", &[], &[], &[]);
    script.commands.push(Command::Sh { script: Text::literal("true"), place: place(1) });
    script.env = vec![EnvRule::Pass { name: "HOME".into(), place: place(1) }];
    let mut gather = task("gather", &[], &[], &[]);
    gather.commands.clear();
    let graph = graph(&tasks(vec![script, gather, task("one", &[], &[], &[]), task("two", &[], &[], &[])]));
    assert_eq!(graph.header().envs.len(), 2);
    assert_eq!(graph.rows().iter().map(|row| row.env).collect::<Vec<_>>(), [1, 0, 0, 0]);
}

#[test]
fn flags_follow_from_the_declaration() {
    assert_eq!(flags_of(task("a", &["a.c"], &["a.o"], &[])), flag::OUTPUTS);
    assert_eq!(flags_of(task("a", &["src/*.c"], &[], &[])), flag::GLOBS);
    assert_eq!(flags_of(task("a", &["src/"], &["out/"], &[])), flag::GLOBS | flag::OPEN_OUTPUTS | flag::OUTPUTS);
    assert_eq!(flags_of(task("a", &["a"], &["!a.o"], &[])), 0);
    let platform = |names: &[&str]| {
        let platform = names.iter().map(|name| Box::from(*name)).collect();
        flags_of(Task { platform, ..task("a", &["a"], &[], &[]) })
    };
    assert_eq!(platform(&["linux"]), 0);
    assert_eq!(platform(&["macos", "linux-x86_64"]), 0);
    assert_eq!(platform(&["macos", "linux-aarch64"]), flag::FOREIGN);
    let value = Text::from_parts([Part::Hole(Scope::Port, "web".into())]);
    let env = vec![EnvRule::Set { name: "PORT".into(), value, place: place(1) }];
    assert_eq!(flags_of(Task { env, ..task("a", &["a"], &[], &[]) }), flag::HOLES);
    let odd = Task { cache: false, private: true, interactive: true, ..task("a", &["a"], &[], &[]) };
    assert_eq!(flags_of(odd), flag::ALWAYS | flag::UNCACHED | flag::PRIVATE | flag::INTERACTIVE);
}

#[test]
fn a_task_that_nothing_can_show_fresh_always_runs() {
    let mut ordered = task("ordered", &[], &[], &[]);
    ordered.after = needs(&["makes"]);
    let project = Project {
        epics: vec![epic("full", &["full/x"], &[]), epic("bare", &["bare/x"], &[])],
        ..tasks(vec![
            task("makes", &["a"], &["a.o"], &[]),
            task("full/x", &["b"], &["b.o"], &[]),
            task("bare/x", &["c"], &[], &[]),
            task("idle", &[], &[], &[]),
            task("fed", &[], &[], &["makes"]),
            task("fed_by_epic", &[], &[], &["full"]),
            task("not_fed", &[], &[], &["bare", "fed"]),
            Task { commands: Vec::new(), ..task("gather", &[], &[], &["makes"]) },
            task("fed_by_gather", &[], &[], &["gather"]),
            ordered,
        ])
    };
    let graph = graph(&project);
    let always: Vec<&str> = graph.ids().filter(|id| graph.has(*id, flag::ALWAYS)).map(|id| graph.address(id)).collect();
    assert_eq!(always, ["idle", "not_fed", "ordered"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mut clumsy = task("clumsy", &["x"], &["x"], &["lnit"]);
    clumsy.uses = needs(&["zebra"]);
    let found = problems(&tasks(vec![clumsy, task("lint", &[], &[], &[])]));
    let told: Vec<_> = found.iter().map(|problem| (problem.code, &*problem.message, problem.help.as_deref().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("graph/unknown_target", "there is no target `lnit`", "did you mean `lint`?"),
            ("graph/unknown_target", "there is no target `zebra`", "`orket list` shows all targets"),
            (
                "graph/input_is_output",
                "`x` is an input and an output of `clumsy`",
                "take it out of `inputs`, or let the task write another file"
            ),
        ]
    );
}

#[test]
fn a_cycle_is_drawn_edge_by_edge() {
    let mut first = task("a", &[], &[], &["b"]);
    first.needs[0].place = place(3);
    let mut second = task("b", &[], &[], &[]);
    second.after = needs(&["a"]);
    second.after[0].place = place(7);
    assert_eq!(
        problems(&tasks(vec![first, second])),
        [Problem {
            code: "graph/cycle",
            message: "these targets wait for each other: `a` -> `b` -> `a`".into(),
            place: Some(place(3)),
            help: Some("take one of these edges out".into()),
            notes: vec![("`a` needs `b`".into(), place(3)), ("`b` after `a`".into(), place(7))],
        }]
    );
    assert_eq!(told(&tasks(vec![task("a", &[], &[], &["a"])])), ["graph/cycle: these targets wait for each other: `a` -> `a`"]);
}

#[test]
fn a_cycle_of_a_hundred_thousand_is_told_in_short() {
    let count = 100_000;
    let ring = (0..count).map(|index| task(&format!("t{index}"), &[], &[], &[&format!("t{}", (index + 1) % count)])).collect();
    let found = problems(&tasks(ring));
    assert_eq!((found.len(), found[0].notes.len()), (1, 12));
    assert!(found[0].message.contains("... 99990 more ..."), "{}", found[0].message);
}

#[test]
fn a_cycle_through_an_epic_and_one_through_a_service() {
    let project = Project {
        epics: vec![epic("app", &["app/x"], &["y"])],
        ..tasks(vec![task("app/x", &[], &[], &[]), task("y", &[], &[], &["app"])])
    };
    assert_eq!(told(&project), ["graph/cycle: these targets wait for each other: `app` -> `y` -> `app`"]);
    let mut user = task("user", &[], &[], &[]);
    user.uses = needs(&["db"]);
    let project = Project { services: vec![service("db", &["user"])], ..tasks(vec![user]) };
    assert_eq!(told(&project), ["graph/cycle: these targets wait for each other: `user` -> `db` -> `user`"]);
}

#[test]
fn outputs_that_clash() {
    let found = problems(&tasks(vec![task("a", &[], &["x"], &[]), task("b", &[], &["x"], &[])]));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].code, &*found[0].message), ("graph/same_output", "`a` and `b` both make `x`"));
    assert_eq!((&found[0].place, &found[0].notes), (&Some(place(1)), &vec![("also made here".into(), place(1))]));
    let nested = tasks(vec![task("a", &[], &["out/"], &[]), task("b", &[], &["out/b", "out/b/c"], &[])]);
    assert_eq!(
        told(&nested),
        [
            "graph/output_in_output: `out/b`, which `b` makes, stands in `out`, which `a` makes as a whole",
            "graph/output_in_output: `out/b/c`, which `b` makes, stands in `out`, which `a` makes as a whole",
        ]
    );
    let hole = || Text::from_parts([Part::Literal("x".into()), Part::Hole(Scope::Run, "id".into())]);
    let mut open = tasks(vec![task("a", &[], &["x"], &[]), task("b", &[], &["x"], &[])]);
    open.tasks.iter_mut().for_each(|task| task.outputs[0].text = hole());
    assert_eq!(told(&open), [] as [&str; 0]);
}

#[test]
fn a_cycle_hides_no_other_mistake() {
    let mut project = tasks(vec![
        task("a", &[], &["out/"], &["b"]),
        task("b", &[], &["out/b"], &["a"]),
        task("reads", &["out/x"], &[], &[]),
        task("reads_rightly", &["out/x"], &[], &["b"]),
    ]);
    project.tasks.push(task("same", &[], &["out/"], &[]));
    let codes: Vec<_> = problems(&project).into_iter().map(|problem| (problem.code, problem.message)).collect();
    for (code, part) in [
        ("graph/cycle", "`a` -> `b` -> `a`"),
        ("graph/output_in_output", "`out/b`, which `b` makes"),
        ("graph/same_output", "`a` and `same` both make `out`"),
        ("graph/undeclared_need", "`reads` does not need it"),
    ] {
        assert!(codes.iter().any(|(found, message)| *found == code && message.contains(part)), "{code} {part}: {codes:?}");
    }
    assert_eq!(codes.len(), 4, "{codes:?}");
}

#[test]
fn what_is_needed_twice_is_one_edge() {
    let mut twice = task("twice", &[], &[], &["a*", "a1", "a2"]);
    twice.after = needs(&["a*", "b"]);
    let mut once = task("once", &[], &[], &["b"]);
    once.needs[0].optional = true;
    once.after = needs(&["b", "b"]);
    let all = tasks(vec![task("a1", &[], &[], &[]), task("a2", &[], &[], &[]), task("b", &[], &[], &[]), twice, once]);
    let found = ["twice Need a1", "twice Need a2", "twice After b", "once OptionalNeed b", "once After b"];
    assert_eq!(edges(&graph(&all)), found);
}

#[test]
fn an_input_that_another_makes_must_be_needed() {
    let with = |reader: Task| tasks(vec![task("gen", &[], &["out/"], &[]), task("mid", &[], &[], &["gen"]), reader]);
    let found = problems(&with(task("b", &["out/b.h"], &[], &[])));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code, "graph/undeclared_need");
    assert_eq!(found[0].message, "`out/b.h` is an input of `b`, and `gen` makes `out`, but `b` does not need it");
    assert_eq!(found[0].help.as_deref(), Some("add `needs \"gen\"` to `b`"));
    assert_eq!(told(&with(task("b", &["out/b.h"], &[], &["gen"]))), [] as [&str; 0]);
    assert_eq!(told(&with(task("b", &["out/b.h"], &[], &["mid"]))), [] as [&str; 0]);
    let mut ordered = task("b", &["out/b.h"], &[], &[]);
    ordered.after = needs(&["gen"]);
    assert_eq!(problems(&with(ordered))[0].code, "graph/undeclared_need");
}

#[test]
fn ten_thousand_tasks_with_patterns_of_their_own_cost_little() {
    let with = |count: usize| {
        let one = |index: usize| {
            let (inputs, output) = (format!("p{index}/**/*.c"), format!("p{index}/out/*.o"));
            let next = format!("p{}/out/*.o", index + 1);
            let mut task = task(&format!("t{index}"), &[&inputs, &next], &[&output], &[]);
            if index + 1 < count {
                task.needs = needs(&[&format!("t{}", index + 1)]);
            }
            task
        };
        tasks((0..count).map(one).collect())
    };
    assert_eq!(told(&with(10_000)), [] as [&str; 0]);
    let mut wrong = with(10_000);
    wrong.tasks[7].needs.clear();
    assert_eq!(
        told(&wrong),
        ["graph/undeclared_need: `p8/out/*.o`, an input of `t7`, can mean `p8/out/a.o`, which `t8` makes, but `t7` does not need `t8`"]
    );
}
