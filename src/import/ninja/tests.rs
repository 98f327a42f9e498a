//! Each rule of ninja's manual, and the same files asked of ninja itself.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command as Process;

use super::{Asked, Brought, bring};
use crate::base::{Address, RelPath};
use crate::manifest::{Problems, Source};
use crate::model::{Command, Need, Task};

struct Files(BTreeMap<String, Vec<u8>>);

impl Source for Files {
    fn read(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        self.0.get(&path.to_string()).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn size(&self, path: &RelPath) -> io::Result<u64> {
        self.read(path).map(|bytes| bytes.len() as u64)
    }

    fn matches(&self, _: &[String]) -> io::Result<Vec<RelPath>> {
        Ok(Vec::new())
    }
}

fn files(list: &[(&str, &str)]) -> Files {
    Files(list.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect())
}

fn asked(file: &str, epic: Option<&str>) -> Asked {
    let (file, epic) = (RelPath::parse(file).unwrap(), epic.map(Address::new));
    Asked { file, epic, package: RelPath::root(), env: Vec::new(), needs: Vec::new(), place: None, leave: false }
}

fn several(list: &[(&str, &str)]) -> Result<Brought, Problems> {
    bring(&files(list), Path::new("/project"), &asked(list[0].0, None))
}

fn brought(text: &str) -> Brought {
    several(&[("build.ninja", text)]).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)))
}

fn task<'b>(brought: &'b Brought, address: &str) -> &'b Task {
    brought.tasks.iter().find(|task| task.address.as_str() == address).unwrap_or_else(|| panic!("no task {address}"))
}

fn command(task: &Task) -> &str {
    match &task.commands[..] {
        [Command::Sh { script, .. }] => script.as_literal().unwrap(),
        [Command::Run { words, .. }] => words[2].as_literal().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn command_of(text: &str, address: &str) -> String {
    command(task(&brought(text), address)).to_owned()
}

fn needs(needs: &[Need]) -> Vec<&str> {
    needs.iter().map(|need| &*need.text).collect()
}

fn inputs(task: &Task) -> Vec<&str> {
    task.inputs.iter().map(|pattern| pattern.text.as_literal().unwrap()).collect()
}

fn outputs(task: &Task) -> Vec<&str> {
    task.outputs.iter().map(|pattern| pattern.text.as_literal().unwrap()).collect()
}

/// The first mistake, as `file:line: what`.
fn wrong(text: &str) -> String {
    wrong_in(&[("build.ninja", text)])
}

fn wrong_in(list: &[(&str, &str)]) -> String {
    let problems = several(list).expect_err("nothing is wrong");
    let problem = &problems.problems()[0];
    format!("{}: {}", problem.place.as_ref().unwrap(), problem.message)
}

const RULE: &str = "rule cat\n  command = cat $in > $out\n";

#[test]
fn an_edge_becomes_a_task() {
    let brought = brought(&format!("{RULE}build out/b: cat a c | d || e\n"));
    let task = task(&brought, "out/b");
    assert_eq!(command(task), "cat a c > out/b");
    assert_eq!((inputs(task), outputs(task)), (vec!["a", "c", "d"], vec!["out/b"]));
    assert_eq!((task.place.to_string().as_str(), task.private), ("build.ninja:3", false));
    assert_eq!(task.tools[0].as_literal(), Some("cat"));
}

#[test]
fn a_variable_means_what_it_was_when_it_was_used() {
    // A file's variable is filled in at once; what a rule says, when all files were read.
    let text = "x = 1\ny = $x\nx = 2\nrule r\n  command = $x $y $z\nbuild o: r\nx = 3\nz = late\n";
    assert_eq!(command_of(text, "o"), "3 1 late");
}

#[test]
fn variables_of_an_edge_hide_those_of_its_rule_and_file() {
    let text = "x = file\nrule r\n  command = $x $out $description\n  description = rule $x\n\
                build $x: r\n  x = edge\nbuild b: r\n  description = own $x\n";
    assert_eq!(command_of(text, "edge"), "edge edge rule edge");
    assert_eq!(command_of(text, "b"), "file b own file");
}

#[test]
fn subninja_has_a_scope_of_its_own_and_include_has_not() {
    let main = "x = main\nrule r\n  command = $x $out\nsubninja sub.ninja\nbuild a: r\ninclude inc.ninja\nbuild c: r\n";
    let list = [("build.ninja", main), ("sub.ninja", "x = sub\nbuild b: r\n"), ("inc.ninja", "x = inc\n")];
    let brought = several(&list).unwrap();
    assert_eq!(brought.tasks.iter().map(command).collect::<Vec<_>>(), ["sub b", "inc a", "inc c"]);
    assert_eq!(brought.files.iter().map(|(file, _)| file.to_string()).collect::<Vec<_>>(), ["build.ninja", "sub.ninja", "inc.ninja"]);
    assert_eq!(brought.tasks[0].place.to_string(), "sub.ninja:2");
    let twice = [("build.ninja", "subninja s\nsubninja s\n"), ("s", "rule r\n  command = x\n")];
    assert!(several(&twice).is_ok(), "a rule of one scope is none of the other");
}

#[test]
fn bytes_that_are_no_text_may_stand_in_comments_only() {
    let read = |bytes: &[u8]| {
        let files = Files(BTreeMap::from([(String::from("build.ninja"), bytes.to_vec())]));
        bring(&files, Path::new("/p"), &asked("build.ninja", None))
            .map(|brought| brought.tasks.len())
            .map_err(|problems| problems.render(false, 80))
    };
    assert_eq!(read(b"# caf\xe9\nrule r\n  # \xff\n  command = c\nbuild o: r\n"), Ok(1));
    let said = "line 4 of `build.ninja` is no UTF-8; orket reads other bytes in comments only";
    assert!(read(b"# a\nrule r\n  command = c $\n# \xff\nbuild o: r\n").unwrap_err().contains(said));
}

#[test]
fn escapes_and_continued_lines() {
    let text = "a = one $\n    two$$ $\n  three\nrule r\n  command = $a ${a}x $out\nbuild a$ b$:c: r d$ e\n";
    let brought = brought(text);
    let task = task(&brought, "a b%3Ac");
    assert_eq!(command(task), "one two$ three one two$ threex 'a b:c'");
    assert_eq!((inputs(task), outputs(task)), (vec!["d e"], vec!["a b:c"]));
}

#[test]
fn paths_are_quoted_for_the_shell_but_not_where_they_are_paths() {
    let text =
        "rule r\n  command = x $in $out\n  rspfile = $out.rsp\n  rspfile_content = $in_newline\n  depfile = $out.d\nbuild o$ 1: r a$ b c\n";
    let brought = brought(text);
    let task = task(&brought, "o 1");
    assert_eq!(command(task), "x 'a b' c 'o 1'");
    assert_eq!(task.depfile.as_ref().unwrap().as_literal(), Some("o 1.d"));
    let response = task.imported.as_ref().unwrap().response.as_ref().unwrap();
    assert_eq!((&*response.0, &*response.1), ("o 1.rsp", "'a b'\nc"));
}

#[test]
fn a_command_of_several_lines_does_not_stop_at_one_that_fails() {
    let brought = brought("rule r\n  command = x $in_newline\nbuild o: r a b\n");
    assert!(matches!(&brought.tasks[0].commands[0], Command::Run { words, .. } if words[1].as_literal() == Some("-c")));
}

#[test]
fn what_is_made_is_needed() {
    let text = format!(
        "{RULE}build gen.h gen.c | gen.log: cat spec\nbuild a.o: cat a.c gen.c || gen.h dir\nbuild dir: cat\nbuild all: phony a.o extra.txt\nbuild z: cat all\n"
    );
    let brought = brought(&text);
    let object = task(&brought, "a.o");
    let imported = object.imported.as_ref().unwrap();
    assert_eq!((inputs(object), needs(&object.needs)), (vec!["a.c"], vec![]));
    assert_eq!((needs(&imported.makers), needs(&imported.order)), (vec!["gen.h"], vec!["dir"]));
    assert_eq!(imported.files.iter().map(|file| &**file).collect::<Vec<_>>(), ["gen.c"]);
    assert_eq!(outputs(task(&brought, "gen.h")), ["gen.h", "gen.c", "gen.log"]);
    let all = task(&brought, "all");
    assert!(all.commands.is_empty() && all.outputs.is_empty());
    assert_eq!(needs(&all.needs), ["a.o"]);
    let behind = task(&brought, "z");
    assert_eq!((inputs(behind), needs(&behind.needs)), (vec!["extra.txt"], vec!["all"]));
}

#[test]
fn a_phony_without_inputs_says_that_a_file_need_not_be_there() {
    let brought = brought(&format!("{RULE}build FORCE: phony\nbuild o: cat a FORCE | FORCE || FORCE\n"));
    assert_eq!(brought.tasks.len(), 1);
    let task = task(&brought, "o");
    let imported = task.imported.as_ref().unwrap();
    assert_eq!((inputs(task), &*imported.files[0], imported.files.len()), (vec!["a"], "FORCE", 1));
    assert!(imported.makers.is_empty() && imported.order.is_empty());
}

#[test]
fn a_phony_that_names_itself_or_the_same_file_is_nothing() {
    let brought = brought(&format!("{RULE}build x: phony x\nbuild o: cat a\nbuild /project/o: phony o\nbuild p: cat /project/o\n"));
    assert_eq!(brought.tasks.iter().map(|task| task.address.as_str()).collect::<Vec<_>>(), ["o", "p"]);
    assert_eq!(needs(&task(&brought, "p").imported.as_ref().unwrap().makers), ["o"]);
}

#[test]
fn one_file_under_two_names_is_one_output() {
    let brought = brought(&format!("{RULE}build o | /project/o ./p/../o2: cat a\nbuild q: cat /project/o\n"));
    assert_eq!(outputs(task(&brought, "o")), ["o", "o2"]);
    assert_eq!(needs(&task(&brought, "q").imported.as_ref().unwrap().makers), ["o"]);
}

#[test]
fn validations_are_built_along() {
    let brought = brought(&format!("{RULE}build o: cat a |@ check\nbuild check: cat o\n"));
    assert_eq!(needs(&task(&brought, "o").imported.as_ref().unwrap().along), ["check"]);
    assert_eq!(needs(&task(&brought, "check").imported.as_ref().unwrap().makers), ["o"]);
}

#[test]
fn pools() {
    let text = "pool two\n  depth = 2\npool any\n  depth = 0\nrule r\n  command = x\n  pool = two\nbuild a: r\nbuild b: r\n  pool = any\n\
                build c: r\n  pool = console\nbuild d: r\n  pool =\n";
    let brought = brought(text);
    assert_eq!(brought.pools.iter().map(|pool| (&*pool.name, pool.slots)).collect::<Vec<_>>(), [("two", 2)]);
    let of = |address| (task(&brought, address).pool.as_deref(), task(&brought, address).interactive);
    assert_eq!(["a", "b", "c", "d"].map(of), [(Some("two"), false), (None, false), (None, true), (None, false)]);
}

#[test]
fn what_is_built_where_nothing_is_asked_for() {
    let edges = format!("{RULE}build a: cat x\nbuild b: cat a\nbuild c: cat x\n");
    let names = |text: &str| needs(&brought(text).default).into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(names(&edges), ["b", "c"]);
    assert_eq!(names(&format!("{edges}default a\ndefault $\n  c a\n")), ["a", "c"]);
    let brought = brought(&edges);
    let private: Vec<bool> = brought.tasks.iter().map(|task| task.private).collect();
    assert_eq!(private, [true, false, false]);
}

#[test]
fn depfiles() {
    let text = "rule cc\n  command = cc\n  depfile = $out.d\n  deps = gcc\nrule old\n  command = cc\n  depfile = $out.d\nbuild a: cc\nbuild b: old\n";
    let brought = brought(text);
    let spent = |address| task(&brought, address).imported.as_ref().unwrap().depfile_spent;
    assert_eq!((spent("a"), spent("b")), (true, false));
    assert_eq!(wrong("rule r\n  command = x\n  deps = gcc\nbuild a: r\n"), "build.ninja:4: `deps = gcc` without a `depfile`");
    assert!(wrong("rule r\n  command = x\n  deps = msvc\nbuild a: r\n").starts_with("build.ninja:4: `deps = msvc` is not understood"));
    assert_eq!(wrong("rule r\n  command = x\n  deps = x\nbuild a: r\n"), "build.ninja:4: there are no `deps` of the kind `x`");
}

#[test]
fn the_edge_that_makes_the_file_itself_is_known() {
    let text = "rule gen\n  command = configure\n  generator = 1\nbuild build.ninja: gen | CMakeLists.txt /usr/share/x.cmake gone\nbuild gone: phony\n\
                rule r\n  command = x\nbuild a: r\n";
    let brought = brought(text);
    let [remake] = &*brought.remake else { panic!("{:?}", brought.remake) };
    assert_eq!((&*remake.task, remake.file.to_string().as_str()), ("build.ninja", "build.ninja"));
    assert_eq!(remake.inputs.iter().map(ToString::to_string).collect::<Vec<_>>(), ["CMakeLists.txt", "/usr/share/x.cmake", "gone"]);
    let task = task(&brought, "build.ninja");
    assert!(task.incremental && !task.cache && task.private && task.outputs.is_empty());
    assert_eq!(needs(&brought.default), ["a"]);
}

#[test]
fn a_dyndep_file_adds_to_its_edges() {
    let main = format!("{RULE}build o: cat a || d\n  dyndep = d\nbuild d: cat list\nbuild gen | x: cat b\n");
    let with = |said: &str| several(&[("build.ninja", &main), ("d", said)]);
    let brought = with("ninja_dyndep_version = 1.0\n\nbuild o | more$ .mod: dyndep | gen b\n  restat = 1\n").unwrap();
    let object = task(&brought, "o");
    assert_eq!((outputs(object), inputs(object), object.incremental), (vec!["o", "more .mod"], vec!["a", "b"], true));
    assert_eq!(needs(&object.imported.as_ref().unwrap().makers), ["gen"]);
    assert_eq!(command(object), "cat a > o");
    assert_eq!((&*brought.first, brought.missing.len()), (&[vec![String::from("d")]][..], 0));
    let wrong = |said: &str| {
        let problems = with(said).expect_err("nothing is wrong");
        let problem = &problems.problems()[0];
        format!("{}: {}", problem.place.as_ref().unwrap(), problem.message)
    };
    assert_eq!(wrong("build o: dyndep\n"), "d:1: this is no line of a dyndep file");
    assert_eq!(wrong("ninja_dyndep_version = 2\n"), "d:1: there is no version `2` of dyndep files");
    assert_eq!(wrong("ninja_dyndep_version = 1\n"), "d:1: it does not say what `o` reads");
    assert_eq!(wrong("ninja_dyndep_version = 1\nbuild o | x: dyndep\n"), "d:2: two edges make `x`");
    assert_eq!(wrong("ninja_dyndep_version = 1\nbuild o: cat\n"), "d:2: expected `dyndep`, found `cat`");
    let later = several(&[("build.ninja", &main)]);
    assert_eq!(later.unwrap().missing.len(), 1);
    let main = format!("{RULE}build o: cat a\n  dyndep = d\n");
    assert_eq!(super::tests::wrong(&main), "build.ninja:3: the dyndep file `d` is no input");
}

#[test]
fn what_may_stay_as_it_is_is_left_in_place() {
    let text = "rule r\n  command = x\n  restat = 1\nrule s\n  command = x\nbuild a: r\nbuild b: s\n";
    let brought = brought(text);
    assert_eq!(brought.tasks.iter().map(|task| task.incremental).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_folder_below_the_root() {
    let text = format!("{RULE}build o: cat ../src/a.c ../../far/b.c\nbuild ../gen/g: cat o\ndefault o\n");
    let list = files(&[("out/build.ninja", &text)]);
    let brought = bring(&list, Path::new("/project"), &asked("out/build.ninja", Some("native"))).unwrap();
    let object = task(&brought, "native/o");
    assert_eq!(inputs(object), ["src/a.c", "/far/b.c"]);
    assert_eq!((outputs(object), object.dir.as_literal()), (vec!["out/o"], Some("out")));
    assert_eq!(command(object), "cat ../src/a.c ../../far/b.c > o");
    let above = task(&brought, "native/../gen/g");
    assert_eq!(outputs(above), ["gen/g"]);
    assert_eq!(above.epic.as_ref().unwrap().as_str(), "native");
    assert_eq!(wrong(&format!("{RULE}build ../o: cat a\n")), "build.ninja:3: the output `../o` is not below the project's folder");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let cases = [
        ("rule r\n", "build.ninja:1: the rule `r` has no `command`"),
        ("rule r\n  command = x\n  cmd = y\n", "build.ninja:3: a rule has no `cmd`"),
        ("rule r\n  command = x\nrule r\n  command = x\n", "build.ninja:3: there are two rules `r`"),
        ("rule r\n  command = x\n  rspfile = y\n", "build.ninja:1: the rule `r` has one of `rspfile` and `rspfile_content`"),
        ("build a: cat b\n", "build.ninja:1: there is no rule `cat`"),
        ("build a\n", "build.ninja:1: expected `:`, found the end of the line"),
        ("build : phony\n", "build.ninja:1: `build` names no output"),
        ("build a: phony || b | c\n", "build.ninja:1: expected the end of the line, found `|`"),
        ("x = $y $!\n", "build.ninja:1: a `$` that begins nothing"),
        ("x y\n", "build.ninja:1: expected `=`, found `y`"),
        ("\tx = y\n", "build.ninja:1: a tab stands where ninja takes only blanks"),
        ("  x = y\n", "build.ninja:1: an indented line that belongs to nothing"),
        ("x = y", "build.ninja:1: the file ends within a line"),
        ("default a\n", "build.ninja:1: nothing makes the default `a`"),
        ("pool p\n", "build.ninja:1: the pool `p` has no `depth`"),
        ("pool p\n  depth = x\n", "build.ninja:2: the depth `x` is no number"),
        ("pool console\n  depth = 1\n", "build.ninja:1: there are two pools `console`"),
        ("build a: phony b\n  pool = p\n", "build.ninja:1: there is no pool `p`"),
        ("build a: phony b\n\nbuild a: phony c\n", "build.ninja:3: two edges make `a`; the other one is on line 1"),
        ("build a a: phony b\n", "build.ninja:1: `a` is named twice as an output"),
        ("build $x: phony b\n", "build.ninja:1: a path is empty once its variables are filled in"),
        ("include gone.ninja\n", "build.ninja:1: cannot read `gone.ninja`: entity not found"),
        ("include build.ninja\n", "build.ninja:1: files include each other without an end"),
        ("ninja_required_version = 9.0\n", "build.ninja:1: it needs ninja 9.0; orket reads what ninja 1.13 does"),
    ];
    for (text, expected) in cases {
        assert_eq!(wrong(text), expected, "{text}");
    }
    let rules = "rule r\n  command = $description\n  description = $command\nbuild a: r\n";
    assert_eq!(wrong(rules), "build.ninja:4: the variables of the rule `r` stand for each other without an end");
    assert_eq!(wrong_in(&[("build.ninja", "\nsubninja s\n"), ("s", "\n\nbuild a: x\n")]), "s:3: there is no rule `x`");
    let twice = format!("{RULE}build o: cat a\nbuild /project/o: cat b\n");
    assert_eq!(wrong(&twice), "build.ninja:4: two edges make `o`; the other one is on line 3");
}

#[test]
fn ninja_says_the_same() {
    let Ok(version) = Process::new("ninja").arg("--version").output() else {
        let _ = writeln!(io::stderr(), "skipped: there is no ninja here");
        return;
    };
    let main = "# everything at once\nninja_required_version = 1.3\nbuilddir = o\nflags = -O$$X\nflags2 = $flags -g\nflags = late\n\
                rule cc\n  command = cc $flags $flags2 -MF $out.d -c $in -o $out $extra\n  depfile = $out.d\n  deps = gcc\n  description = CC $out\n\
                rule link\n  command = ld @$out.rsp $\n      -o $out ${libs}.a$:b | sort\n  rspfile = $out.rsp\n  rspfile_content = $in_newline\n\
                subninja sub.ninja\ninclude inc.ninja\n\
                build ./o//a.o: cc ./src/../src/a.c | b.h || o/gen\n  extra = $flags own\n\
                build o/it$ 's.o: cc src/it$ 's.c\n\
                build o/gen p/q | r: link o/a.o 'x y' ../z /abs/./w\n  libs = -l$flags2\n\
                build last: phony o/gen\nflags = latest\n";
    let main = main.replace("|| o/gen", "|| src/b");
    let list = [
        ("build.ninja", &*main),
        ("sub.ninja", "flags = sub\nbuild o/sub.o: cc s.c\n  flags2 = own\n"),
        ("inc.ninja", "build inc.o: cc i.c\n"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in &list {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let said = Process::new("ninja").args(["-t", "commands"]).current_dir(folder.path()).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let mut theirs: Vec<String> = String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect();
    let brought = several(&list).unwrap();
    let mut ours: Vec<String> =
        brought.tasks.iter().filter(|task| !task.commands.is_empty()).map(|task| command(task).to_owned()).collect();
    theirs.sort();
    ours.sort();
    assert_eq!(ours, theirs, "ninja {}", String::from_utf8_lossy(&version.stdout).trim());
}
