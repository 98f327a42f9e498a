//! Patterns that can mean the same file: outputs of two tasks, and inputs that another task makes.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::clash::Folders;
use super::problem::Problem;
use crate::base::overlap::{Shape, common, compatible, ends};
use crate::base::{Place, RelPath, glob};
use crate::model::{Each, Pattern, Project};

/// One declared output.
struct Output<'a> {
    task: usize,
    pattern: &'a Pattern,
    means: Means<'a>,
}

/// What an output means.
enum Means<'a> {
    /// A file or folder of this name.
    Name(Cow<'a, str>),
    /// What a glob matches: what all names of that begin and end with.
    Glob(Box<(String, String)>),
}

impl Output<'_> {
    fn is_named(&self) -> bool {
        matches!(self.means, Means::Name(_))
    }

    /// Whether it may meet a pattern, as far as beginnings and ends tell.
    fn is_near(&self, asked: &Asked<'_>) -> bool {
        match &self.means {
            Means::Name(name) => {
                let folder = self.pattern.text.as_literal().is_some_and(|text| text.ends_with('/'));
                let inside = || asked.prefix.strip_prefix(&**name).is_some_and(|rest| rest.starts_with('/'));
                (name.starts_with(&asked.prefix) && (folder || name.ends_with(&asked.suffix))) || inside()
            }
            Means::Glob(ends) => compatible((&asked.prefix, &asked.suffix), (&ends.0, &ends.1)),
        }
    }
}

/// The outputs of a project, found by what their names begin with.
struct Outputs<'a> {
    project: &'a Project,
    all: Vec<Output<'a>>,
    /// The first output of each name, in the order of names; sorted when one is first asked for.
    names: OnceCell<Vec<usize>>,
    globs: BTreeMap<String, Vec<usize>>,
    /// How many bytes the keys of `globs` have.
    lengths: BTreeSet<usize>,
}

/// An output that a pattern meets, and a name that both mean.
type Met = (usize, String);

impl<'a> Outputs<'a> {
    fn of(project: &'a Project) -> Outputs<'a> {
        let mut outputs = Outputs { project, all: Vec::new(), names: OnceCell::new(), globs: BTreeMap::new(), lengths: BTreeSet::new() };
        for (task, declared) in project.tasks.iter().enumerate() {
            if declared.commands.is_empty() {
                continue;
            }
            for pattern in declared.outputs.iter().filter(|pattern| !pattern.negated) {
                let Some(text) = pattern.text.as_literal() else { continue };
                let at = outputs.all.len();
                let path = match glob::plain(text) {
                    Some(Cow::Borrowed(name)) => Some(RelPath::fold(name)),
                    Some(Cow::Owned(name)) => Some(RelPath::fold(&name).map(|path| Cow::Owned(path.into_owned()))),
                    None => None,
                };
                match path {
                    Some(Ok(path)) => {
                        let name = if path.is_empty() { Cow::Borrowed(".") } else { path };
                        outputs.all.push(Output { task, pattern, means: Means::Name(name) });
                    }
                    Some(Err(_)) => {}
                    None if declared.imported.is_some() => {}
                    None => {
                        let ends = ends_of(text);
                        outputs.lengths.insert(ends.0.len());
                        outputs.globs.entry(ends.0.clone()).or_default().push(at);
                        outputs.all.push(Output { task, pattern, means: Means::Glob(Box::new(ends)) });
                    }
                }
            }
        }
        outputs
    }

    /// Returns the outputs that are named, the first of each name, from the name `from` on.
    fn named(&self, from: &str) -> impl Iterator<Item = (&str, usize)> {
        let name = |at: usize| match &self.all[at].means {
            Means::Name(name) => &**name,
            Means::Glob(_) => "",
        };
        let names = self.names.get_or_init(|| {
            let mut names: Vec<usize> = (0..self.all.len()).filter(|at| self.all[*at].is_named()).collect();
            names.sort_by_key(|at| name(*at));
            names.dedup_by_key(|at| name(*at));
            names
        });
        names[names.partition_point(|at| name(*at) < from)..].iter().map(move |at| (name(*at), *at))
    }

    /// Returns the outputs that a pattern meets beside what is left out of either, in the order of their declaration.
    fn met(&self, asked: &Asked, excluded: &[&str], own: Option<usize>) -> Vec<Met> {
        let mut found = Vec::new();
        let ends = (&*asked.prefix, &*asked.suffix);
        let mut meets = |at: &usize, theirs: &dyn Fn() -> Shape| {
            let task = self.all[*at].task;
            if own != Some(task) {
                let left = texts(&self.project.tasks[task].outputs, true).map(|(_, text)| text);
                let left: Vec<Shape> = excluded.iter().copied().chain(left).map(|text| shape(text, true)).collect();
                let shape = asked.shape.get_or_init(|| shape(asked.text, true));
                found.extend(common(shape, &theirs(), &left.iter().collect::<Vec<_>>()).map(|name| (*at, name)));
            }
        };
        let beginning = |key: &str| key.starts_with(ends.0);
        for (name, at) in self.named(ends.0).take_while(|(name, _)| beginning(name)) {
            if self.all[at].pattern.text.as_literal().is_some_and(|text| text.ends_with('/')) {
                meets(&at, &|| Shape::below(name));
            } else if name.ends_with(ends.1) {
                meets(&at, &|| Shape::name(name));
            }
        }
        // What stands around a plain name is looked at elsewhere.
        for (slash, _) in ends.0.match_indices('/').filter(|_| !asked.plain) {
            // Of an imported task, a folder stands for itself alone.
            let folder = &ends.0[..slash];
            if let Some((_, at)) = self.named(folder).next().filter(|(name, _)| *name == folder)
                && self.project.tasks[self.all[at].task].imported.is_none()
            {
                meets(&at, &|| Shape::below(folder));
            }
        }
        let inner = self.globs.range(ends.0.to_owned()..).take_while(|(key, _)| beginning(key)).map(|(_, at)| at);
        let shorter = self.lengths.range(..ends.0.len()).filter(|length| ends.0.is_char_boundary(**length));
        for at in inner.chain(shorter.filter_map(|length| self.globs.get(&ends.0[..*length]))).flatten() {
            let theirs = &self.all[*at];
            if let Some(text) = theirs.pattern.text.as_literal()
                && let Means::Glob(others) = &theirs.means
                && compatible(ends, (&others.0, &others.1))
            {
                meets(at, &|| shape(text, false));
            }
        }
        found.sort();
        found
    }

    fn address(&self, at: usize) -> &str {
        self.project.tasks[self.all[at].task].address.as_str()
    }
}

/// A pattern that is compared with all outputs.
struct Asked<'a> {
    text: &'a str,
    /// Whether it is the name of a file, or of a folder without a slash behind it.
    plain: bool,
    prefix: String,
    suffix: String,
    shape: OnceCell<Shape>,
}

impl<'a> Asked<'a> {
    fn new(text: &'a str) -> Asked<'a> {
        let name = glob::plain(text);
        let plain = name.as_ref().is_some_and(|name| is_file(name));
        let (prefix, suffix, shape) = match name {
            // Whoever makes the file of this very name is looked for elsewhere.
            Some(name) if plain => (format!("{name}/"), String::new(), OnceCell::new()),
            _ => {
                let (prefix, suffix) = ends_of(text);
                (prefix, suffix, OnceCell::new())
            }
        };
        Asked { text, plain, prefix, suffix, shape }
    }

    /// As [`new`](Asked::new); a plain name is that of a file.
    fn file(text: &'a str) -> Asked<'a> {
        match glob::plain(text).map(Cow::into_owned).filter(|name| is_file(name)) {
            Some(name) => Asked { text, plain: false, prefix: name.clone(), suffix: name, shape: OnceCell::new() },
            None => Asked::new(text),
        }
    }
}

/// Whether a name is written as that of a file.
fn is_file(name: &str) -> bool {
    !name.ends_with('/') && !matches!(name, "." | "")
}

/// Returns what all that a glob or folder means begins and ends with.
fn ends_of(text: &str) -> (String, String) {
    let text = if matches!(text, "." | "./" | "") { "**" } else { text };
    let folder = text.strip_suffix('/');
    match (glob::plain(folder.unwrap_or(text)), folder) {
        (Some(plain), _) => (format!("{plain}/"), String::new()),
        (None, Some(folder)) => (ends(folder).0, String::new()),
        (None, None) => ends(text),
    }
}

/// Returns what a pattern means. `name`: a plain name may also be that of a folder.
fn shape(text: &str, name: bool) -> Shape {
    let text = if matches!(text, "." | "./" | "") { "**" } else { text };
    let folder = text.strip_suffix('/');
    match (glob::plain(folder.unwrap_or(text)), folder) {
        (Some(plain), Some(_)) => Shape::below(&plain),
        (Some(plain), None) if name => Shape::name_or_below(&plain),
        (Some(plain), None) => Shape::name(&plain),
        (None, Some(folder)) => Shape::glob(&format!("{folder}/**")),
        (None, None) => Shape::glob(text),
    }
}

fn texts(patterns: &[Pattern], negated: bool) -> impl Iterator<Item = (&Pattern, &str)> {
    let those = patterns.iter().filter(move |pattern| pattern.negated == negated);
    those.filter_map(|pattern| pattern.text.as_literal().map(|text| (pattern, text)))
}

/// Whether a task needs another, directly or not; both are positions in the project's list.
type Reaches<'a> = &'a dyn Fn(usize, usize) -> bool;

/// Returns all that a task needs, directly or not.
type Reached<'a> = &'a dyn Fn(usize) -> FxHashSet<usize>;

/// Adds what [`clashes`](super::clash::clashes) does not see: what only patterns mean.
pub(super) fn overlaps(project: &Project, folders: &Folders, reaches: Reaches, reached: Reached, problems: &mut Vec<Problem>) {
    let outputs = Outputs::of(project);
    if outputs.all.is_empty() {
        return;
    }
    let told: Vec<Place> = problems.iter().filter_map(|problem| problem.place.clone()).collect();
    both_make(&outputs, &told, problems);
    not_needed(&outputs, folders, reaches, reached, &told, problems);
    looked_for(&outputs, problems);
}

/// So many `each` blocks are compared with all outputs; for more of them, sorting the outputs is worth it.
const FEW: usize = 16;

/// Says of an `each` that it can find what a task makes: which tasks there are would depend on what has been built.
fn looked_for(outputs: &Outputs, problems: &mut Vec<Problem>) {
    let mut seen = FxHashSet::default();
    let blocks: Vec<_> = outputs.project.each.iter().filter(|each| seen.insert((&each.place, &each.globs))).collect();
    let named = named_folders(outputs, &blocks);
    for each in &blocks {
        let left: Vec<&str> = each.globs.iter().filter_map(|glob| glob.strip_prefix('!')).collect();
        let asked = each.globs.iter().filter(|glob| !glob.starts_with('!')).map(|glob| Asked::file(glob));
        let mut asked = asked.filter(|asked| blocks.len() > FEW || outputs.all.iter().any(|output| output.is_near(asked)));
        let met = asked.find_map(|asked| Some((asked.text, outputs.met(&asked, &left, None).into_iter().next()?)));
        let found = match met {
            Some((text, (at, name))) => {
                Some((at, format!("looks for `{text}`, which can mean `{name}`, and `{}` makes that", outputs.address(at))))
            }
            // That an output without a slash is a folder shows when it is there.
            None => {
                let inside = each.folders.iter().find_map(|folder| {
                    let folder = folder.to_string();
                    let ends = folder.match_indices('/').map(|(end, _)| end).chain([folder.len()]);
                    ends.map(|end| &folder[..end]).find_map(|folder| Some((*named.get(folder)?, folder.to_owned())))
                });
                inside.map(|(at, folder)| (at, format!("finds files in `{folder}`, which `{}` makes", outputs.address(at))))
            }
        };
        let Some((at, finding)) = found else { continue };
        let (maker, output) = (outputs.address(at), outputs.all[at].pattern);
        problems.push(Problem {
            code: "graph/each_over_output",
            message: format!("this `each` {finding}: which tasks there are would depend on what has been built"),
            place: Some(each.place.clone()),
            help: Some(format!("leave it out: glob \"!{}\"; and let one task work on all that `{maker}` makes", output.text)),
            notes: vec![(String::from("made here"), output.place.clone())],
        });
    }
}

/// Returns the outputs that are named as folders are in which an `each` has found something.
fn named_folders<'o>(outputs: &'o Outputs, blocks: &[&Each]) -> FxHashMap<&'o str, usize> {
    let all: FxHashSet<String> = blocks.iter().flat_map(|each| &each.folders).map(RelPath::to_string).collect();
    let folders: FxHashSet<&str> =
        all.iter().flat_map(|folder| folder.match_indices('/').map(|(end, _)| &folder[..end]).chain([&**folder])).collect();
    let named = outputs.all.iter().enumerate().filter_map(|(at, output)| match &output.means {
        Means::Name(name) => folders.contains(&**name).then_some((&**name, at)),
        Means::Glob(_) => None,
    });
    if folders.is_empty() { FxHashMap::default() } else { named.collect() }
}

fn both_make(outputs: &Outputs, told: &[Place], problems: &mut Vec<Problem>) {
    for (at, output) in outputs.all.iter().enumerate().filter(|(_, output)| !output.is_named()) {
        let Some(text) = output.pattern.text.as_literal() else { continue };
        let excluded: Vec<&str> = texts(&outputs.project.tasks[output.task].outputs, true).map(|(_, text)| text).collect();
        let met = outputs.met(&Asked::new(text), &excluded, Some(output.task));
        // Of two globs, the later one is told of.
        let Some((other, name)) = met.into_iter().find(|(other, _)| outputs.all[*other].is_named() || *other < at) else { continue };
        let (first, second) = (at.min(other), at.max(other));
        let (earlier, later) = (outputs.all[first].pattern, outputs.all[second].pattern);
        if told.contains(&later.place) {
            continue;
        }
        problems.push(Problem {
            code: "graph/same_output",
            message: format!(
                "`{}` of `{}` and `{}` of `{}` can both mean `{name}`",
                earlier.text,
                outputs.address(first),
                later.text,
                outputs.address(second)
            ),
            place: Some(later.place.clone()),
            help: Some(String::from("let each task name what it alone makes; `!` before a pattern leaves something out")),
            notes: vec![(String::from("also made here"), earlier.place.clone())],
        });
    }
}

fn not_needed(outputs: &Outputs, folders: &Folders, reaches: Reaches, reached: Reached, told: &[Place], problems: &mut Vec<Problem>) {
    let mut known: FxHashMap<(&str, Vec<&str>), Vec<Met>> = FxHashMap::default();
    for (index, task) in outputs.project.tasks.iter().enumerate().filter(|(_, task)| task.imported.is_none()) {
        let mut left = None;
        let mut needed: Option<FxHashSet<usize>> = None;
        for (pattern, text) in texts(&task.inputs, false) {
            // Where no output is a glob, a plain name only meets what stands below it.
            if outputs.globs.is_empty() && glob::plain(text).is_some_and(|name| is_file(&name) && !folders.contains(&*name)) {
                continue;
            }
            if told.contains(&pattern.place) {
                continue;
            }
            let excluded = left.get_or_insert_with(|| texts(&task.inputs, true).map(|(_, text)| text).collect::<Vec<_>>()).clone();
            let met = known.entry((text, excluded.clone())).or_insert_with(|| outputs.met(&Asked::new(text), &excluded, None));
            let others = met.iter().filter(|(at, _)| outputs.all[*at].task != index);
            let many = met.len() > 4;
            let mut missing = others.filter(|(at, _)| {
                let maker = outputs.all[*at].task;
                if many { !needed.get_or_insert_with(|| reached(index)).contains(&maker) } else { !reaches(index, maker) }
            });
            let Some((at, name)) = missing.next() else { continue };
            let more =
                missing.map(|(at, _)| outputs.all[*at].task).filter(|task| *task != outputs.all[*at].task).collect::<BTreeSet<_>>().len();
            let (maker, output) = (outputs.address(*at), &outputs.all[*at]);
            let address = &task.address;
            let more = match more {
                0 => String::new(),
                1 => String::from(" (and so for one other task)"),
                more => format!(" (and so for {more} other tasks)"),
            };
            let round = reaches(output.task, index);
            let exclude = format!("leave it out: `inputs \"!{}\"`", output.pattern.text);
            problems.push(Problem {
                code: "graph/undeclared_need",
                message: format!(
                    "`{text}`, an input of `{address}`, can mean `{name}`, which `{maker}` makes, but `{address}` does not need `{maker}`{more}"
                ),
                place: Some(pattern.place.clone()),
                help: Some(match round {
                    true => format!("`{maker}` needs `{address}`, so {exclude}"),
                    false => format!("add `needs \"{maker}\"` to `{address}`, or {exclude}"),
                }),
                notes: vec![(String::from("made here"), output.pattern.place.clone())],
            });
        }
    }
}
