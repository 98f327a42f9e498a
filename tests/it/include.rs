//! Packages.

use crate::common::Project;

fn shop() -> Project {
    Project::new()
        .file("services/pay/orket.kdl", "epic \"e\" { task \"t\" { sh \"cat i > o\"; inputs \"i\"; outputs \"o\" } }\ntask \"t2\" { needs \"e/t\"; sh \"cp o p\"; outputs \"p\" }")
        .file("services/pay/i", "1")
        .file("services/log/orket.kdl", "task \"t\" { sh \"pwd > o\"; outputs \"o\" }")
        .manifest("include \"services/*/orket.kdl\"\ntask \"all\" { needs \"services/pay:e/t\" \"services/log:t\"; sh \"cat services/pay/o services/log/o > all\"; outputs \"all\" }")
}

#[test]
fn paths_and_names_are_the_packages_own() {
    let project = shop();
    project.run("build --json").ok().had("done", &["all", "services/log:t", "services/pay:e/t", "services/pay:t2"]);
    assert!(project.read("all").starts_with('1') && project.read("all").ends_with("/services/log\n"), "{}", project.read("all"));
    assert_eq!(project.read("services/pay/p"), "1");
    project.run("build").ok().nothing_to_do();
    project.write("services/pay/i", "2");
    project.words(&["build", "--json", "services/pay:t2"]).ok().had("done", &["services/pay:e/t", "services/pay:t2"]);
}

#[test]
fn mistakes_in_a_package_are_told_with_its_file() {
    shop().file("services/log/orket.kdl", "\ntask \"t\" { imputs \"x\" }").run("build").code(2).says(["services/log/orket.kdl:2"]);
}

#[test]
fn a_mistake_elsewhere_in_the_project_makes_no_package_a_project() {
    let own = "task \"t\" { sh \"{log:own}; touch o\"; outputs \"o\" }";
    let project = || Project::new().file("pay/orket.kdl", own).file("log/orket.kdl", "task \"t\" { sh \"true\" }");
    for wrong in ["task \"t\" { imputs \"x\" }", "task \"t\" {", "task \"t\" { needs \"nobody\" }", "\u{0}"] {
        let project = project().manifest("include \"*/orket.kdl\"");
        project.run_in("pay", "build").ok();
        project.write("log/orket.kdl", wrong).remove("pay/o");
        project.run_in("pay", "build").code(2).ran([]).says(["log/orket.kdl"]);
        assert!(!project.has("pay/.orket"), "{wrong}");
    }
    for root in [
        "include \"log\" \"pay\"\ntask \"x\" {",
        "include \"log\"\ninclude \"pay",
        "include \"p*\"; imclude \"log\"",
        "task \"x\" { sh \"\ninclude \"pay/orket.kdl\"",
        "include \"pay\" \"gone\"",
    ] {
        let project = project().manifest(root);
        project.run_in("pay", "build").code(2).ran([]).says(["orket.kdl"]).never_says(["pay/orket.kdl:"]);
        assert!(!project.has("pay/.orket"), "{root}");
    }
    // A manifest above that names other folders has nothing to do with it.
    project().manifest("include \"log\"\ntask \"pay\" {").run_in("pay", "build").ok();
}

#[test]
fn an_include_loop_is_refused() {
    let project = Project::new().file("a/orket.kdl", "include \"../orket.kdl\"").manifest("include \"a/orket.kdl\"");
    let (code, seen) = project.run("build").either();
    assert_eq!(code, 2, "{}", seen.all());
}
