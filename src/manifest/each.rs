//! `each`: its block once for every file that matches, counted before anything is made.

use super::common::Context;
use super::load::Load;
use super::matrix::variants;
use super::node::{Node, Value};
use super::nodes::Level;
use crate::base::{Place, RelPath};
use crate::model::Each;

const MOST_TASKS: u64 = 2_000_000;

impl Load<'_> {
    /// Counts tasks before they are made; `false` if there would be too many.
    pub(super) fn room(&mut self, more: Option<u64>, place: &Place) -> bool {
        let room = more.is_some_and(|more| self.count(more));
        if !room {
            self.problems.say(
                "manifest/too_many_tasks",
                place,
                format!("this makes more than {MOST_TASKS} tasks"),
                "narrow the glob or the matrix",
            );
        }
        room
    }

    /// As `room`; says nothing.
    pub(super) fn count(&mut self, more: u64) -> bool {
        let sum = self.tasks.checked_add(more).filter(|sum| *sum <= MOST_TASKS);
        self.tasks = sum.unwrap_or(self.tasks);
        sum.is_some()
    }

    /// Whether so many rounds of a block make no more than there may be, as far as that is known before any of them is gone.
    fn fits(&mut self, found: usize, children: &[Node], context: &Context, place: &Place) -> bool {
        let (rounds, tasks) = self.at_least(children, context);
        let all = |one: u64| one.saturating_mul(found as u64) > MOST_TASKS;
        let message = match () {
            () if all(tasks) => format!("this makes more than {MOST_TASKS} tasks"),
            () if all(rounds) => format!("`each` blocks in each other go round more than {MOST_TASKS} times"),
            () => return true,
        };
        self.problems.say("manifest/too_many_tasks", place, message, "narrow the globs");
        false
    }

    /// Returns how often the `each` blocks in one round of a block go round, and how many tasks that round makes: at least, since what a glob
    /// means is not known where a word of another block stands in it.
    fn at_least(&mut self, children: &[Node], context: &Context) -> (u64, u64) {
        let (mut rounds, mut tasks) = (0u64, 0u64);
        for child in children {
            match &*child.name {
                "task" => tasks = tasks.saturating_add(variants(child).unwrap_or(u64::MAX)),
                "each" => {
                    let given = child.props.iter().filter(|(name, ..)| &**name == "glob").map(|(_, value, place)| (value, place));
                    let nodes = child.children.iter().filter(|inner| inner.name == "glob").flat_map(|inner| &inner.args);
                    let values: Vec<_> = given.chain(nodes.map(|(value, place)| (value, place))).collect();
                    let texts: Option<Vec<String>> = values.iter().map(|(value, place)| self.known(value, place, context)).collect();
                    let Some(texts) = texts.filter(|texts| !texts.is_empty()) else { continue };
                    let found = self.asked(texts, &child.place).len() as u64;
                    let (inner, made) = self.at_least(&child.children, context);
                    rounds = rounds.saturating_add(found.saturating_mul(inner.saturating_add(1)));
                    tasks = tasks.saturating_add(found.saturating_mul(made));
                }
                _ => {}
            }
        }
        (rounds, tasks)
    }

    /// Returns a glob as it is looked for, if that is known already.
    fn known(&mut self, value: &Value, place: &Place, context: &Context) -> Option<String> {
        let Value::Text(text) = value else { return None };
        if text.contains("{{") {
            return None;
        }
        let (sign, text) = text.strip_prefix('!').map_or(("", &**text), |text| ("!", text));
        let mistakes = self.problems.count();
        let pattern = self.problems.pattern(context, text, place);
        (self.problems.count() == mistakes).then(|| format!("{sign}{pattern}"))
    }

    pub(super) fn each(&mut self, node: &Node, context: &Context) {
        self.problems.only(node, &["glob"]);
        let Some((name, place)) = self.problems.text_of(node) else { return };
        if ["env", "decision", "matrix", "param", "port", "run", "project", "task"].contains(&name.as_str())
            || name.contains(['.', '{', '}'])
        {
            self.problems.say(
                "manifest/wrong_name",
                &place,
                format!("`{name}` cannot be the name of an `each`: it has a meaning of its own in `{{{{...}}}}`"),
                "choose another name, such as \"src\"",
            );
            return;
        }
        let given = node.props.iter().any(|(name, ..)| name == "glob");
        let mut globs: Vec<(String, Place)> = self.problems.text_prop(node, "glob").into_iter().collect();
        for child in node.children.iter().filter(|child| child.name == "glob") {
            self.problems.leaf(child, &[]);
            globs.extend(self.problems.texts(child));
        }
        if globs.is_empty() && given {
            return;
        }
        if globs.is_empty() {
            self.problems.say(
                "manifest/wrong_value",
                &node.place,
                "`each` has no glob",
                format!("write it as `each \"{name}\" glob=\"src/*.c\"`"),
            );
            return;
        }
        let mut patterns = Vec::new();
        let mistakes = self.problems.count();
        for (text, place) in &globs {
            let (sign, text) = text.strip_prefix('!').map_or(("", text.as_str()), |text| ("!", text));
            let pattern = self.problems.pattern(context, text, place);
            if pattern.as_literal().is_none() {
                let message = "the glob of an `each` has to be known while loading";
                self.problems.say("manifest/open_name", place, message, "env, decision, port and run are only known later");
            }
            patterns.push(format!("{sign}{pattern}"));
        }
        if self.problems.count() > mistakes {
            return;
        }
        let globs = patterns.iter().map(|pattern| pattern.as_str().into()).collect();
        let found = self.asked(patterns, &node.place);
        let children: Vec<Node> = node.children.iter().filter(|child| child.name != "glob").cloned().collect();
        let each = children.iter().filter(|child| child.name == "task").map(variants).try_fold(0u64, |sum, more| sum.checked_add(more?));
        if self.file.is_none() && !self.fits(found.len(), &children, context, &node.place) {
            return;
        }
        let before = self.tasks;
        if !self.room(each.and_then(|each| each.checked_mul(found.len() as u64)), &node.place) {
            return;
        }
        self.tasks = before;
        self.rounds = self.rounds.saturating_add(found.len() as u64);
        if self.rounds > MOST_TASKS {
            self.problems.say(
                "manifest/too_many_tasks",
                &node.place,
                format!("`each` blocks in each other go round more than {MOST_TASKS} times"),
                "narrow the globs",
            );
            return;
        }
        let mut folders: Vec<RelPath> = found.iter().filter_map(RelPath::parent).collect();
        folders.dedup();
        self.project.each.push(Each { place: node.place.clone(), globs, folders });
        let around = self.file.take();
        for path in found {
            if self.problems.full() {
                break;
            }
            let Ok(text) = std::str::from_utf8(path.as_bytes()) else {
                self.problems.say(
                    "manifest/name_not_utf8",
                    &node.place,
                    format!("the name of `{path}` is not UTF-8"),
                    "rename the file, or leave it out with `!`",
                );
                continue;
            };
            let own = &*seen_from(&context.package, text);
            let (dir, file) = own.rsplit_once('/').unwrap_or(("", own));
            let (stem, ext) = match file.rsplit_once('.') {
                Some((stem, ext)) if !stem.is_empty() => (stem, ext),
                _ => (file, ""),
            };
            let mut inner = context.clone();
            inner.scopes.forget(&name);
            for (part, value) in
                [("path", own), ("name", file), ("stem", stem), ("dir", if dir.is_empty() { "." } else { dir }), ("ext", ext)]
            {
                inner.scopes.set(&name, part, value);
            }
            self.file = Some(own.into());
            self.nodes(&children, &inner, Level::Each);
        }
        self.file = around;
    }
}

/// Returns a path of the project as a manifest in `folder` writes it.
fn seen_from(folder: &RelPath, path: &str) -> String {
    let folder = folder.to_string();
    let (folder, parts): (Vec<&str>, Vec<&str>) =
        (folder.split('/').filter(|part| !matches!(*part, "" | ".")).collect(), path.split('/').collect());
    let shared = folder.iter().zip(&parts).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..", folder.len() - shared);
    up.chain(parts[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}
