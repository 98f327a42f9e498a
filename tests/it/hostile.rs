//! Manifests that mean harm: an error within seconds and within bounded memory.

use crate::common::Project;

/// MiB of addresses that orket may take.
const MEMORY: u64 = 2048;

/// Seconds of a processor that it may take.
const SECONDS: u64 = 20;

fn refused(project: &Project) {
    project.run_within(MEMORY, SECONDS, "build").code(2).ran([]);
    project.run_within(MEMORY, SECONDS, "list").code(2);
}

fn text(manifest: impl AsRef<[u8]>) {
    let project = Project::new();
    project.write("orket.kdl", manifest);
    refused(&project);
}

#[test]
fn deep_nesting() {
    text(format!("{}{}", "a {".repeat(1_000_000), "}".repeat(1_000_000)));
    text("(".repeat(1_000_000));
    text("/*".repeat(1_000_000));
}

#[test]
fn a_matrix_of_two_to_the_forty() {
    let axes: String = (0..40).map(|n| format!("a{n} \"0\" \"1\";")).collect();
    text(format!("task \"t\" {{ matrix {{ {axes} }}; sh \"x\" }}"));
}

#[test]
fn an_include_of_itself() {
    text("include \"orket.kdl\"");
    text("include \"**/orket.kdl\"\ninclude \"./orket.kdl\"");
}

#[test]
fn a_file_of_a_gibibyte() {
    let project = Project::new();
    std::fs::File::create(project.at("orket.kdl")).unwrap().set_len(1 << 30).unwrap();
    refused(&project);
}

#[test]
fn bytes_that_are_no_text() {
    text(b"task \"t\" { sh \"\xff\xfe\" }");
    text(b"task \"t\0\" { sh \"x\" }");
    text("task \"\u{202e}t\" { sh \"x\" }");
    text(b"\0\0\0\0");
}

#[test]
fn a_cycle_of_ten_thousand() {
    let tasks: String = (0..10_000).map(|n| format!("task \"t{n}\" {{ needs \"t{}\" }}\n", (n + 1) % 10_000)).collect();
    text(tasks);
}

#[test]
fn a_manifest_that_is_no_file() {
    let project = Project::new();
    std::fs::create_dir(project.at("orket.kdl")).unwrap();
    let (code, seen) = project.run("build").either();
    assert!([2, 3].contains(&code), "{}", seen.all());
}

#[test]
fn a_chain_of_ten_thousand_is_none() {
    let tasks: String = (1..10_000).map(|n| format!("task \"t{n}\" {{ needs \"t{}\" }}\n", n - 1)).collect();
    let project = Project::new().manifest(&format!("task \"t0\" {{ sh \"{{log:t0}}\" }}\n{tasks}"));
    project.run_within(MEMORY, SECONDS, "build t9999").ok().ran(["t0"]);
}

#[test]
fn thousands_of_variants_that_need_thousands() {
    let axis = |name: &str| format!("{name} {}", (0..64).map(|value| format!("\"{value}\" ")).collect::<String>());
    let matrix = format!("sh \"x\"; matrix {{ {}; {} }}", axis("a"), axis("b"));
    let project = Project::new().manifest(&format!("task \"t\" {{ {matrix} }}\ntask \"u\" {{ {matrix}; needs \"t\" }}\n"));
    project.run_within(MEMORY, SECONDS, "list").code(2).says([
        "graph/too_many_edges",
        "10000000 edges",
        "this one 4096 for each",
        "orket.kdl:2",
        "`task \"all\" { needs \"t\" }`",
    ]);
    refused(&project);
    project.declare(&format!("task \"t\" {{ {matrix} }}\ntask \"all\" {{ needs \"t\" }}\ntask \"u\" {{ {matrix}; needs \"all\" }}\n"));
    project.run_within(MEMORY, SECONDS, "list").ok();
}

#[test]
fn an_axis_of_three_hundred_thousand_values() {
    let values: String = (0..300_000).map(|value| format!("\"{value}\" ")).collect();
    text(format!("task \"t\" {{ sh \"x\"; matrix {{ a {values} \"7\" }} }}"));
}

#[test]
fn a_template_that_grows_by_its_own_size() {
    let (long, holes) = ("x".repeat(8_000), "{{param.x}}".repeat(8_000));
    text(format!("template \"t\" {{ param \"x\"; sh \"{holes}\" }}\ntask \"a\" {{ use \"t\" x=\"{long}\" }}"));
}
