//! The graph, what a build finds when something is put in its way, and what must hold after it.

use std::fs;
use std::path::Path;

use crate::common::{Project, wait_until};
use crate::differential::busy;

/// What was there before, and what is typed then.
pub struct Scene {
    pub name: &'static str,
    pub words: &'static str,
    prepare: fn(&Project),
}

pub const SCENES: [Scene; 4] = [
    Scene { name: "first build", words: "build -j1", prepare: |_| {} },
    Scene { name: "restore", words: "build -j1", prepare: restorable },
    Scene { name: "edit and displace", words: "build -j1", prepare: edited },
    Scene { name: "collect", words: "cache gc --max-size 0", prepare: built },
];

/// Commands of the shell's own, so that all that a task reads and writes it reads and writes itself.
const MANIFEST: &str = r#"
task "a" { sh "{log:a}; set -e; read -r x < s/a; echo $x-a > o/a"; inputs "s/a"; outputs "o/a" }
task "big" {
    sh "{log:big}; set -e; read -r x < s/b; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do x=$x$x; done; echo $x > o/big"
    inputs "s/b"
    outputs "o/big"
}
task "tree" {
    needs "a"
    sh "{log:tree}; set -e; mkdir -p o/tree/in; read -r x < o/a; echo $x > o/tree/f; echo in > o/tree/in/g; ln -s f o/tree/l"
    outputs "o/tree/"
}
task "last" {
    needs "tree" "big"
    sh "{log:last}; set -e; read -r x < o/tree/f; read -r y < h; echo $x-$y > o/last; echo 'o/last: h' > o/last.d"
    inputs "g/*"
    outputs "o/last"
    depfile "o/last.d"
}
"#;

/// What stands beside outputs, and what somebody put in their place.
const FOREIGN: &str = "not orket's";

impl Scene {
    /// Returns a project in which the words of the scene can be typed.
    pub fn project(&self) -> Project {
        let project = Project::new().manifest(MANIFEST);
        for (path, text) in [("s/a", "one\n"), ("s/b", "two\n"), ("h", "three\n"), ("g/1", "four\n"), ("o/mine", FOREIGN)] {
            project.write(path, text);
        }
        (self.prepare)(&project);
        project
    }

    /// What holds, and what the next builds do.
    pub fn holds_after(&self, project: &Project, code: i32) -> Result<(), String> {
        if !wait_until(|| !busy(&project.root())) {
            return Err(String::from("something still runs in the project"));
        }
        if code == 0 && self.words.starts_with("build") {
            right(project).map_err(|why| format!("it ended with 0, but {why}"))?;
        }
        kept(project).map_err(|why| format!("after it, {why}"))?;
        let (code, seen) = project.run("build").either();
        if code != 0 {
            return Err(format!("the next build ends with {code}\n{}", seen.all()));
        }
        right(project).and_then(|()| kept(project)).map_err(|why| format!("after the next build, {why}\n{}", seen.all()))?;
        let (code, again) = project.run("build").either();
        let printed = format!("{}{}", again.out(), again.err());
        if code != 0 || !again.names_that_ran().is_empty() || printed.lines().count() != 1 {
            return Err(format!("the build after the next has something to do\n{}\nbefore it:\n{}", again.all(), seen.all()));
        }
        project.write("g/2", "five\n").write("h", "six\n");
        let (code, seen) = project.run("build").either();
        if code != 0 || seen.names_that_ran() != ["last"] || !project.read("o/last").ends_with("-six\n") {
            return Err(format!("an edit after that is not seen as it should\n{}", seen.all()));
        }
        Ok(())
    }
}

fn built(project: &Project) {
    project.run("build").ok();
}

fn restorable(project: &Project) {
    built(project);
    project.write("s/a", "uno\n").run("build").ok();
    project.write("s/a", "one\n").remove("o/big");
}

fn edited(project: &Project) {
    built(project);
    project.write("s/a", "uno\n").write("s/b", "due\n");
    project.remove("o/big").write("o/big", "spoiled").remove("o/tree/f").write("o/tree/f/mine", FOREIGN);
}

/// Whether all outputs are what the sources make, and nothing else is there.
fn right(project: &Project) -> Result<(), String> {
    let (a, b) = (project.read("s/a"), project.read("s/b"));
    let (a, b) = (a.trim_end(), b.trim_end());
    let wanted = [
        ("o/a", format!("{a}-a\n")),
        ("o/big", format!("{}\n", b.repeat(1 << 13))),
        ("o/tree/f", format!("{a}-a\n")),
        ("o/tree/in/g", String::from("in\n")),
        ("o/tree/l", String::from("-> f")),
        ("o/last", format!("{a}-a-three\n")),
        ("o/last.d", String::from("o/last: h\n")),
        ("o/mine", FOREIGN.to_owned()),
    ];
    let mut found = Vec::new();
    walk(&project.at("o"), "o", &mut found);
    found.sort();
    let mut wanted = wanted.map(|(path, text)| (path.to_owned(), text)).to_vec();
    wanted.sort();
    // The depfile is no output: it is only there where its task ran.
    found.retain(|(path, _)| path != "o/last.d");
    wanted.retain(|(path, _)| path != "o/last.d");
    if found == wanted {
        return Ok(());
    }
    let cut = |pairs: &[(String, String)]| -> Vec<String> {
        pairs.iter().map(|(path, text)| format!("{path}: {} bytes {:?}", text.len(), text.chars().take(20).collect::<String>())).collect()
    };
    Err(format!("the outputs are {:#?}\nand should be {:#?}", cut(&found), cut(&wanted)))
}

/// Whether all that is not orket's is still there.
fn kept(project: &Project) -> Result<(), String> {
    let mut found = Vec::new();
    walk(&project.root(), "", &mut found);
    for (path, text) in [("/h", "three\n"), ("/g/1", "four\n"), ("/o/mine", FOREIGN)] {
        if !found.iter().any(|(at, is)| at == path && is == text) {
            return Err(format!("{path} is gone or changed"));
        }
    }
    let top: Vec<String> = fs::read_dir(project.root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    if let Some(odd) = top.iter().find(|name| ![".orket", "g", "h", "o", "orket.kdl", "s"].contains(&name.as_str())) {
        return Err(format!("there is `{odd}`"));
    }
    let edited = project.read("s/b") == "due\n";
    let foreign = found.iter().filter(|(_, text)| text == FOREIGN).count();
    if foreign != if edited { 2 } else { 1 } {
        return Err(format!("{foreign} of the files that are not orket's are left"));
    }
    Ok(())
}

fn walk(folder: &Path, name: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = format!("{name}/{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            walk(&entry.path(), &path, found);
        } else if kind.is_symlink() {
            found.push((path, format!("-> {}", fs::read_link(entry.path()).unwrap().display())));
        } else if kind.is_file() {
            found.push((path, String::from_utf8_lossy(&fs::read(entry.path()).unwrap_or_default()).into_owned()));
        }
    }
}
