//! Questions about the graph: `deps(x)`, `rdeps(x)`, `somepath(a, b)`, `allpaths(a, b)`, `inputs(x)`, `outputs(x)`, `kind(gate, x)`,
//! `tag(ci, x)`, `affected(REV)`, joined by `+`, `-` and `&`, which bind from left to right; parentheses group.

use std::collections::BTreeSet;

use super::paths::{self, Set};
use super::{Detail, EdgeKind, Graph, TargetKind, select};
use crate::base::TargetId;
use crate::model::Pattern;

/// Why a question cannot be answered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}\n  {text}\n  {}^", " ".repeat(*column))]
pub struct QueryError {
    /// What is wrong.
    pub message: String,
    /// The whole question.
    pub text: String,
    /// Where, in characters from 0.
    pub column: usize,
    /// Whether a name in it means no target.
    pub no_match: bool,
}

/// The functions that a question may call.
pub const FUNCTIONS: [&str; 9] = ["deps", "rdeps", "somepath", "allpaths", "inputs", "outputs", "kind", "tag", "affected"];
const KINDS: [&str; 6] = ["rock", "epic", "task", "service", "gate", "decision"];

fn hint(unknown: &str, known: &[&str]) -> String {
    crate::base::did_you_mean(unknown, known.iter().copied()).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

enum Answer {
    Targets(Set),
    /// Targets in an order that says something.
    Path(Vec<TargetId>),
    Lines(BTreeSet<String>),
}

impl Answer {
    /// Gives up the order of a path.
    fn unordered(self) -> Answer {
        match self {
            Answer::Path(path) => Answer::Targets(path.into_iter().collect()),
            other => other,
        }
    }
}

/// What an answer needs beside the graph.
pub trait Looks {
    /// Returns the targets that are reached from what changed since a revision.
    ///
    /// # Errors
    /// A sentence, when the revision is not known.
    fn affected(&self, revision: &str) -> Result<Vec<TargetId>, String>;

    /// Returns the files that the patterns of one task mean now, and those that they will mean since tasks make them; a name that means none
    /// yet stands for itself.
    fn files(&self, patterns: &[Pattern]) -> Vec<String>;
}

/// Answers a question: one line an address (or, for `inputs` and `outputs`, a file), sorted; a path stands in its own order.
///
/// # Errors
/// When the question cannot be read, or names what is not there.
pub fn query(graph: &Graph, text: &str, looks: &dyn Looks) -> Result<Vec<String>, QueryError> {
    let mut asked = Asked { graph, text: text.chars().collect(), at: 0, looks, depth: 0 };
    let answer = asked.expression()?;
    let shown = |targets: &mut dyn Iterator<Item = TargetId>| -> Vec<String> {
        targets.filter(|id| graph.kind(*id) != TargetKind::Entry).map(|id| graph.address(id).to_owned()).collect()
    };
    asked.blank();
    if asked.at < asked.text.len() {
        return Err(asked.error("expected `+`, `-`, `&` or the end", asked.at));
    }
    Ok(match answer {
        Answer::Lines(lines) => lines.into_iter().collect(),
        Answer::Targets(targets) => BTreeSet::from_iter(shown(&mut targets.into_iter())).into_iter().collect(),
        Answer::Path(path) => shown(&mut path.into_iter()),
    })
}

struct Asked<'a> {
    graph: &'a Graph,
    text: Vec<char>,
    at: usize,
    looks: &'a dyn Looks,
    depth: usize,
}

impl Asked<'_> {
    fn error(&self, message: impl Into<String>, column: usize) -> QueryError {
        QueryError { message: message.into(), text: self.text.iter().collect(), column, no_match: false }
    }

    fn blank(&mut self) {
        while self.text.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        self.blank();
        let there = self.text.get(self.at) == Some(&wanted);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, wanted: char) -> Result<(), QueryError> {
        if self.take(wanted) { Ok(()) } else { Err(self.error(format!("expected `{wanted}`"), self.at)) }
    }

    fn expression(&mut self) -> Result<Answer, QueryError> {
        self.depth += 1;
        if self.depth > 64 {
            return Err(self.error("it is nested too deeply", self.at));
        }
        let mut left = self.term()?;
        loop {
            self.blank();
            let column = self.at;
            let operator = match self.text.get(self.at) {
                Some(c @ ('+' | '-' | '&')) => *c,
                _ => break,
            };
            self.at += 1;
            let right = self.term()?;
            left = match (left.unordered(), right.unordered()) {
                (Answer::Targets(one), Answer::Targets(other)) => Answer::Targets(join(one, other, operator)),
                (Answer::Lines(one), Answer::Lines(other)) => Answer::Lines(join(one, other, operator)),
                _ => return Err(self.error("files and targets cannot be mixed", column)),
            };
        }
        self.depth -= 1;
        Ok(left)
    }

    /// A name: quoted, or up to a blank, comma or parenthesis. A `-` or `+` belongs to it where no blank stands before.
    fn word(&mut self) -> Result<String, QueryError> {
        self.blank();
        let start = self.at;
        if let Some(quote @ ('"' | '\'')) = self.text.get(self.at).copied() {
            let end =
                self.text[start + 1..].iter().position(|c| *c == quote).ok_or_else(|| self.error("the quote is not closed", start))?;
            self.at = start + end + 2;
            return Ok(self.text[start + 1..start + 1 + end].iter().collect());
        }
        let mut brackets = 0;
        while let Some(c) = self.text.get(self.at) {
            brackets += i32::from(*c == '[') - i32::from(*c == ']');
            if c.is_whitespace() || "()&".contains(*c) || (brackets <= 0 && *c == ',') {
                break;
            }
            self.at += 1;
        }
        if self.at == start {
            Err(self.error("expected a name or a function", start))
        } else {
            Ok(self.text[start..self.at].iter().collect())
        }
    }

    fn term(&mut self) -> Result<Answer, QueryError> {
        if self.take('(') {
            let inner = self.expression()?;
            self.expect(')')?;
            return Ok(inner);
        }
        self.blank();
        let column = self.at;
        let word = self.word()?;
        let call = self.text.get(self.at) == Some(&'(');
        let is_function = call && FUNCTIONS.contains(&&*word);
        if !is_function && let Some(shorter) = self.before_operator(&word) {
            self.at = column + shorter.chars().count();
            return self.targets_of(shorter, column).map(Answer::Targets);
        }
        if !self.take('(') {
            return self.targets_of(&word, column).map(Answer::Targets);
        }
        let answer = match word.as_str() {
            "deps" => Answer::Targets(paths::reach(self.set()?, &paths::forward(self.graph))),
            "rdeps" => Answer::Targets(paths::reach(self.set()?, &paths::backward(self.graph))),
            "somepath" | "allpaths" => {
                let from = self.set()?;
                self.expect(',')?;
                let to = self.set()?;
                match word.as_str() {
                    "somepath" => Answer::Path(paths::one(self.graph, &from, &to)),
                    _ => Answer::Targets(paths::all(self.graph, &from, &to)),
                }
            }
            "inputs" | "outputs" => {
                let targets = self.members()?;
                let lines = targets.iter().map(|id| self.graph.detail(*id)).flat_map(|detail| match (word.as_str(), &detail) {
                    ("outputs", Detail::Task(task, _)) => self.looks.files(&task.outputs),
                    ("outputs", _) => Vec::new(),
                    (_, Detail::Task(task, _)) => {
                        let made = task.imported.iter().flat_map(|imported| &imported.files).map(ToString::to_string);
                        self.looks.files(&task.inputs).into_iter().chain(made).collect()
                    }
                    (_, detail) => self.looks.files(detail.inputs()),
                });
                Answer::Lines(lines.collect())
            }
            "kind" => {
                self.blank();
                let column = self.at;
                let kind = self.word()?;
                if !KINDS.contains(&&*kind) {
                    let there = format!("; there are {}", KINDS.join(", "));
                    let hint = Some(hint(&kind, &KINDS)).filter(|hint| !hint.is_empty()).unwrap_or(there);
                    return Err(self.error(format!("there is no kind `{kind}`{hint}"), column));
                }
                self.expect(',')?;
                Answer::Targets(self.members()?.into_iter().filter(|id| self.graph.kind(*id).word() == kind).collect())
            }
            "tag" => {
                let tag = self.word()?;
                self.expect(',')?;
                Answer::Targets(
                    self.members()?.into_iter().filter(|id| self.graph.detail(*id).tags().iter().any(|own| **own == *tag)).collect(),
                )
            }
            "affected" => {
                let revision = self.word()?;
                Answer::Targets(self.looks.affected(&revision).map_err(|message| self.error(message, column))?.into_iter().collect())
            }
            unknown => {
                let hint = hint(unknown, &FUNCTIONS);
                return Err(self.error(format!("there is no function `{unknown}`{hint}"), column));
            }
        };
        self.expect(')')?;
        Ok(answer)
    }

    fn set(&mut self) -> Result<Set, QueryError> {
        let column = self.at;
        match self.expression()?.unordered() {
            Answer::Targets(targets) => Ok(targets),
            Answer::Lines(_) | Answer::Path(_) => Err(self.error("expected targets, found files", column)),
        }
    }

    /// Targets, and what rocks and epics among them are made of, with the services that stand in those epics.
    fn members(&mut self) -> Result<Set, QueryError> {
        let mut members = self.set()?;
        let mut open: Vec<TargetId> = members.iter().copied().collect();
        while let Some(id) = open.pop() {
            let parts = self.graph.edges(id).iter().filter(|edge| edge.kind() == EdgeKind::Part);
            open.extend(parts.map(|edge| edge.to).filter(|part| members.insert(*part)));
        }
        let epics = members.iter().filter(|id| self.graph.kind(**id) == TargetKind::Epic);
        let within: Vec<String> = epics.map(|id| format!("{}/", self.graph.address(*id))).collect();
        if !within.is_empty() {
            let services = self.graph.ids().filter(|id| self.graph.kind(*id) == TargetKind::Service);
            members.extend(services.filter(|id| within.iter().any(|epic| self.graph.address(*id).starts_with(epic.as_str()))));
        }
        Ok(members)
    }

    /// Returns the part of a word before a `+` or `-` in it, where that is a name and the whole word is none.
    fn before_operator<'w>(&self, word: &'w str) -> Option<&'w str> {
        let names = |text: &str| select(self.graph, &[text.to_owned()], "").is_ok();
        if !word.contains(['+', '-']) || names(word) {
            return None;
        }
        word.rmatch_indices(['+', '-']).map(|(at, _)| &word[..at]).find(|shorter| !shorter.is_empty() && names(shorter))
    }

    fn targets_of(&self, word: &str, column: usize) -> Result<Set, QueryError> {
        let selected = select(self.graph, &[word.to_owned()], "");
        selected.map(|selected| selected.targets.into_iter().collect()).map_err(|error| QueryError {
            no_match: matches!(error, super::SelectError::NoMatch { .. }),
            ..self.error(error.to_string(), column)
        })
    }
}

fn join<T: Ord + Clone>(one: BTreeSet<T>, other: BTreeSet<T>, operator: char) -> BTreeSet<T> {
    match operator {
        '+' => &one | &other,
        '-' => &one - &other,
        _ => &one & &other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{graph, shop, task, tasks};

    /// One revision is known, and every pattern means a file of the same name.
    struct Invented(Graph);

    impl Looks for Invented {
        fn affected(&self, revision: &str) -> Result<Vec<TargetId>, String> {
            if revision == "HEAD" {
                Ok(self.0.find("churn").into_iter().collect())
            } else {
                Err(format!("there is no revision `{revision}`"))
            }
        }

        fn files(&self, patterns: &[Pattern]) -> Vec<String> {
            patterns.iter().map(|pattern| format!("{}{}", if pattern.negated { "!" } else { "" }, pattern.text)).collect()
        }
    }

    fn ask_of(graph: Graph, text: &str) -> Result<Vec<String>, String> {
        query(&graph, text, &Invented(graph.clone())).map_err(|error| error.to_string())
    }

    fn ask(text: &str) -> Result<Vec<String>, String> {
        ask_of(graph(&shop()), text)
    }

    fn lines(text: &str) -> Vec<String> {
        ask(text).unwrap()
    }

    #[test]
    fn needs_in_both_directions() {
        assert_eq!(lines("deps(app/lint)"), ["app/lint", "core", "core/lib", "core/lint"]);
        assert_eq!(lines("rdeps(helper)"), ["app", "app/serve", "churn", "db", "helper", "ship"]);
        assert_eq!(lines("rdeps( app/serve )"), ["app", "app/serve", "churn", "ship"]);
    }

    #[test]
    fn paths() {
        assert_eq!(lines("somepath(churn, core/lib)"), ["churn", "app/serve", "core/lib"]);
        assert_eq!(lines("somepath(churn, core/lib) + churn"), ["app/serve", "churn", "core/lib"]);
        assert_eq!(lines("allpaths(churn, core/lib)"), ["app/serve", "churn", "core", "core/lib"]);
        assert_eq!(lines("somepath(core/lib, churn)"), [] as [&str; 0]);
    }

    #[test]
    fn filters_and_files() {
        assert_eq!(lines("kind(gate, churn + app/*)"), ["churn"]);
        assert_eq!(lines("tag(ci, rdeps(core/lib))"), ["app/serve", "churn"]);
        assert_eq!(lines("tag(ci, ship)"), ["app/serve"]);
        assert_eq!(lines("kind(task, app)"), ["app/lint", "app/serve"]);
        assert_eq!(lines("kind(epic, ship)"), ["app", "core"]);
        assert_eq!(lines("inputs(app/lint)"), ["!app/gen/**", "app/**/*.js"]);
        assert_eq!(lines("inputs(app)"), ["!app/gen/**", "app/**/*.js"]);
        assert_eq!(lines("outputs(ship)"), ["lib.o"]);
        assert_eq!(lines("outputs(pay:wheel)"), ["pay-11.whl", "pay-12.whl"]);
        assert_eq!(lines("affected(HEAD)"), ["churn"]);
    }

    #[test]
    fn operators_bind_from_left_to_right() {
        assert_eq!(lines("app/lint + core/lint - app/lint"), ["core/lint"]);
        assert_eq!(lines("app/lint - (core/lint + app/lint)"), [] as [&str; 0]);
        assert_eq!(lines("churn+app/lint-churn"), ["app/lint"]);
        assert_eq!(lines("churn+kind(task,app/serve)"), ["app/serve", "churn"]);
        assert_eq!(lines("*/lint & rdeps(core)"), ["app/lint"]);
    }

    #[test]
    fn a_name_may_hold_an_operator() {
        let graph = graph(&tasks(vec![task("a", &[], &[], &[]), task("a-b", &[], &[], &[]), task("b", &[], &[], &[])]));
        let ask = |text| ask_of(graph.clone(), text).unwrap();
        assert_eq!(ask("a-b"), ["a-b"]);
        assert_eq!(ask("a - b"), ["a"]);
    }

    #[test]
    fn mistakes_are_pointed_at() {
        let error = |text| ask(text).unwrap_err();
        assert_eq!(error("deps(churn"), "expected `)`\n  deps(churn\n            ^");
        assert_eq!(error("churn + dep(app)"), "there is no function `dep`; did you mean `deps`?\n  churn + dep(app)\n          ^");
        assert_eq!(error("deps(chrun)"), "no target matches `chrun`; did you mean `churn`?\n  deps(chrun)\n       ^");
        assert_eq!(error("kind(gat, app)"), "there is no kind `gat`; did you mean `gate`?\n  kind(gat, app)\n       ^");
        assert_eq!(error("inputs(app) + app"), "files and targets cannot be mixed\n  inputs(app) + app\n              ^");
        assert_eq!(error("app core"), "expected `+`, `-`, `&` or the end\n  app core\n      ^");
        assert_eq!(error("affected(v0)"), "there is no revision `v0`\n  affected(v0)\n  ^");
        assert_eq!(error(""), "expected a name or a function\n  \n  ^");
        assert_eq!(error(&"(".repeat(70)), format!("it is nested too deeply\n  {}\n  {}^", "(".repeat(70), " ".repeat(64)));
    }
}
