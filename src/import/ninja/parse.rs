//! From the text of ninja files to rules, edges, pools and defaults.

use std::borrow::Cow;

use super::error::{Fault, Wrong};
use super::lexer::{Lexer, Token, Written};
use super::parsed::{At, Depth, Edge, PHONY, Parsed};
use super::path::canonical;
use super::scope::{Rule, Scope, ScopeId, Shelf};
use crate::base::did_you_mean;

/// What a rule may say.
const SAYS: [&str; 11] = [
    "command",
    "depfile",
    "deps",
    "description",
    "dyndep",
    "generator",
    "msvc_deps_prefix",
    "pool",
    "restat",
    "rspfile",
    "rspfile_content",
];

/// The version of ninja whose files are understood.
const VERSION: (u32, u32) = (1, 13);

/// So many files may include each other in a row.
const DEEP: usize = 200;

/// Reads a file that another one names. The position of the file is how often this was called before.
pub(super) trait Read {
    /// Returns the text of a file by its path as ninja sees it.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&mut self, path: &str) -> Result<String, String>;
}

/// Reads a ninja file and all that it includes.
///
/// # Errors
/// The first mistake, as ninja does.
pub(super) fn parse<'t>(path: &str, shelf: &'t Shelf, source: &mut dyn Read) -> Result<Parsed<'t>, Fault> {
    let mut parser = Parser { parsed: Parsed::new(), shelf, source, depth: 0, files: 0 };
    let text = parser.source.read(path).map_err(|message| Fault { file: 0, line: 1, column: 1, message, help: String::new() })?;
    parser.file(shelf.keep(text), 0)?;
    Ok(parser.parsed)
}

struct Parser<'a, 't> {
    parsed: Parsed<'t>,
    shelf: &'t Shelf,
    source: &'a mut dyn Read,
    depth: usize,
    /// How many files were read.
    files: u32,
}

/// Where the parser stands in a file.
struct Standing<'t> {
    lexer: Lexer<'t>,
    text: &'t str,
    file: u32,
    scope: ScopeId,
    /// A byte, and the number of the line that it is on.
    counted: (usize, u32),
}

impl Standing<'_> {
    /// Returns the place of a byte that is not before the last one asked for.
    fn at(&mut self, byte: usize) -> At {
        let between = &self.text.as_bytes()[self.counted.0..byte.max(self.counted.0)];
        self.counted.1 += between.iter().filter(|byte| **byte == b'\n').count() as u32;
        self.counted.0 += between.len();
        At { file: self.file, line: self.counted.1 }
    }

    fn here(&self, message: impl Into<String>, help: impl Into<String>) -> Failure {
        Failure::Here(Wrong::new(self.lexer.last(), message, help))
    }
}

/// A mistake in this file, or one in a file that it names.
enum Failure {
    Here(Wrong),
    There(Fault),
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Failure {
        Failure::Here(wrong)
    }
}

impl<'t> Parser<'_, 't> {
    fn file(&mut self, text: &'t str, scope: ScopeId) -> Result<(), Fault> {
        let file = self.files;
        self.files += 1;
        self.depth += 1;
        let mut standing = Standing { lexer: Lexer::new(text), text, file, scope, counted: (0, 1) };
        let done = self.statements(&mut standing);
        self.depth -= 1;
        done.map_err(|failure| match failure {
            Failure::There(fault) => fault,
            Failure::Here(wrong) => Fault::of(file, text, wrong),
        })
    }

    fn statements(&mut self, standing: &mut Standing<'t>) -> Result<(), Failure> {
        loop {
            match standing.lexer.token()? {
                Token::End => return Ok(()),
                Token::Newline => {}
                Token::Build => self.edge(standing)?,
                Token::Rule => self.rule(standing)?,
                Token::Pool => self.pool(standing)?,
                Token::Default => self.default(standing)?,
                Token::Include => self.include(standing, standing.scope)?,
                Token::Subninja => {
                    let scope = self.parsed.scopes.0.len();
                    self.parsed.scopes.0.push(Scope { parent: Some(standing.scope), ..Scope::default() });
                    self.include(standing, scope)?;
                }
                Token::Word(name) => {
                    standing.lexer.expect(Token::Equals, "a variable is set by `name = value`")?;
                    let at = standing.lexer.last();
                    let value = standing.lexer.value()?;
                    let value = self.parsed.scopes.fill(standing.scope, &[], &value);
                    if name == "ninja_required_version" {
                        check_version(&value).map_err(|message| Wrong::new(at, message, "this file needs a newer orket"))?;
                    }
                    self.parsed.scopes.0[standing.scope].variables.insert(name, value);
                }
                Token::Indent => {
                    return Err(standing.here("an indented line that belongs to nothing", "take the blanks at its beginning out"));
                }
                token => {
                    let help = "a line begins with `build`, `rule`, `pool`, `default`, `include`, `subninja` or the name of a variable";
                    return Err(standing.here(format!("a line cannot begin with {token:?}").to_lowercase(), help));
                }
            }
        }
    }

    fn setting(&mut self, standing: &mut Standing<'t>) -> Result<(&'t str, Written<'t>), Failure> {
        let name = standing.lexer.name("a variable")?;
        standing.lexer.expect(Token::Equals, "a variable is set by `name = value`")?;
        Ok((name, standing.lexer.value()?))
    }

    fn rule(&mut self, standing: &mut Standing<'t>) -> Result<(), Failure> {
        let name = standing.lexer.name("a rule")?;
        let named = standing.lexer.last();
        standing.lexer.expect(Token::Newline, "nothing may stand behind the name of a rule")?;
        if self.parsed.scopes.0[standing.scope].rules.contains_key(name) {
            return Err(Wrong::new(named, format!("there are two rules `{name}`"), "rename one of them").into());
        }
        let mut rule = Rule { name, says: Vec::new() };
        while standing.lexer.take(Token::Indent)? {
            let (key, value) = self.setting(standing)?;
            if !SAYS.contains(&key) {
                let help = match did_you_mean(key, SAYS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("a rule says: {}; variables of your own are set at the file or at `build`", SAYS.join(", ")),
                };
                return Err(standing.here(format!("a rule has no `{key}`"), help));
            }
            rule.says.push((key, value));
        }
        let says = |key: &str| rule.get(key).is_some_and(|value| !value.is_empty());
        if says("rspfile") != says("rspfile_content") {
            let message = format!("the rule `{name}` has one of `rspfile` and `rspfile_content`");
            return Err(Wrong::new(named, message, "a response file needs both").into());
        }
        if !says("command") {
            return Err(Wrong::new(named, format!("the rule `{name}` has no `command`"), "add an indented line `command = …`").into());
        }
        self.parsed.scopes.0[standing.scope].rules.insert(name, self.parsed.rules.len());
        self.parsed.rules.push(rule);
        Ok(())
    }

    fn pool(&mut self, standing: &mut Standing<'t>) -> Result<(), Failure> {
        let name = standing.lexer.name("a pool")?;
        let named = standing.lexer.last();
        let at = standing.at(named);
        standing.lexer.expect(Token::Newline, "nothing may stand behind the name of a pool")?;
        if name == "console" || self.parsed.pools.iter().any(|pool| pool.name == name) {
            return Err(Wrong::new(named, format!("there are two pools `{name}`"), "rename one of them; `console` is always there").into());
        }
        let mut depth = None;
        while standing.lexer.take(Token::Indent)? {
            let (key, value) = self.setting(standing)?;
            if key != "depth" {
                return Err(standing.here(format!("a pool has no `{key}`"), "a pool says `depth = N`"));
            }
            let value = self.parsed.scopes.fill(standing.scope, &[], &value);
            let number = value.trim().parse::<u32>();
            depth = Some(number.map_err(|_| standing.here(format!("the depth `{value}` is no number"), "write it as `depth = 4`"))?);
        }
        let Some(depth) = depth else {
            return Err(Wrong::new(named, format!("the pool `{name}` has no `depth`"), "add an indented line `depth = N`").into());
        };
        self.parsed.pools.push(Depth { name, depth, at });
        Ok(())
    }

    fn default(&mut self, standing: &mut Standing<'t>) -> Result<(), Failure> {
        let mut some = false;
        loop {
            let written = standing.lexer.path()?;
            if written.is_empty() {
                break;
            }
            some = true;
            let path = canonical(self.parsed.scopes.fill(standing.scope, &[], &written));
            match self.parsed.find(&path) {
                Some(node) => self.parsed.defaults.push(node),
                None => return Err(standing.here(format!("nothing makes the default `{path}`"), "name an output that stands above")),
            }
        }
        if !some {
            return Err(standing.here("`default` names nothing", "name the outputs that are built where none is asked for"));
        }
        standing.lexer.expect(Token::Newline, "`default` takes paths alone")?;
        Ok(())
    }

    fn include(&mut self, standing: &mut Standing<'t>, scope: ScopeId) -> Result<(), Failure> {
        let written = standing.lexer.path()?;
        let at = standing.lexer.last();
        let path = self.parsed.scopes.fill(standing.scope, &[], &written);
        standing.lexer.expect(Token::Newline, "one path stands on this line")?;
        if self.depth >= DEEP {
            return Err(Wrong::new(at, "files include each other without an end", "take one of the inclusions out").into());
        }
        let text = self.source.read(&path).map_err(|message| Wrong::new(at, message, "make the file, or name another one"))?;
        self.file(self.shelf.keep(text), scope).map_err(Failure::There)
    }

    fn paths(&mut self, standing: &mut Standing<'t>, list: &mut Vec<Written<'t>>) -> Result<usize, Failure> {
        let before = list.len();
        loop {
            let path = standing.lexer.path()?;
            if path.is_empty() {
                return Ok(list.len() - before);
            }
            list.push(path);
        }
    }

    fn edge(&mut self, standing: &mut Standing<'t>) -> Result<(), Failure> {
        let start = standing.lexer.last();
        let at = standing.at(start);
        let (mut outputs, mut inputs, mut validations) = (Vec::new(), Vec::new(), Vec::new());
        let explicit_outputs = self.paths(standing, &mut outputs)?;
        if standing.lexer.take(Token::Pipe)? {
            self.paths(standing, &mut outputs)?;
        }
        if outputs.is_empty() {
            return Err(standing.here("`build` names no output", "write it as `build OUTPUT: RULE INPUT…`"));
        }
        standing.lexer.expect(Token::Colon, "write it as `build OUTPUT: RULE INPUT…`; a blank in a path is written as `$ `")?;
        let name = standing.lexer.name("a rule")?;
        let Some(rule) = self.parsed.scopes.rule(standing.scope, name) else {
            let known = self.parsed.rules.iter().map(|rule| rule.name);
            let help = did_you_mean(name, known)
                .map_or_else(|| format!("declare it above: `rule {name}`"), |near| format!("did you mean `{near}`?"));
            return Err(standing.here(format!("there is no rule `{name}`"), help));
        };
        let explicit_inputs = self.paths(standing, &mut inputs)?;
        if standing.lexer.take(Token::Pipe)? {
            self.paths(standing, &mut inputs)?;
        }
        let order_only = if standing.lexer.take(Token::Pipe2)? { self.paths(standing, &mut inputs)? } else { 0 };
        if standing.lexer.take(Token::PipeAt)? {
            self.paths(standing, &mut validations)?;
        }
        standing.lexer.expect(Token::Newline, "paths stand in this order: inputs, `|` implicit ones, `||` order only, `|@` validations")?;
        let mut own: Vec<(&'t str, Cow<'t, str>)> = Vec::new();
        while standing.lexer.take(Token::Indent)? {
            let (key, value) = self.setting(standing)?;
            own.push((key, self.parsed.scopes.fill(standing.scope, &[], &value)));
        }

        let id = self.parsed.edges.len() as u32;
        let mut nodes = |list: &[Written<'t>]| -> Result<Vec<u32>, Failure> {
            let mut nodes = Vec::with_capacity(list.len());
            for written in list {
                let path = self.parsed.scopes.fill(standing.scope, &own, written);
                if path.is_empty() {
                    return Err(Wrong::new(start, "a path is empty once its variables are filled in", "set the variable above").into());
                }
                nodes.push(self.parsed.node(canonical(path)));
            }
            Ok(nodes)
        };
        let (outputs, mut inputs, validations) = (nodes(&outputs)?, nodes(&inputs)?, nodes(&validations)?);
        for output in &outputs {
            let node = &mut self.parsed.nodes[*output as usize];
            if let Some(other) = node.maker.replace(id) {
                let path = node.path.clone();
                let message = match other == id {
                    true => format!("`{path}` is named twice as an output"),
                    false => format!("two edges make `{path}`; the other one is on line {}", self.parsed.edges[other as usize].at.line),
                };
                return Err(Wrong::new(start, message, "let each file be made by one edge").into());
            }
        }
        let mut edge = Edge {
            at,
            rule,
            scope: standing.scope,
            own,
            explicit_outputs,
            outputs,
            explicit_inputs,
            order_only,
            inputs: Vec::new(),
            validations,
            pool: None,
            dyndep: None,
            restat: false,
        };
        if rule == PHONY {
            // Some generators let a name stand for itself.
            let own = |node: &u32| edge.outputs.contains(node);
            let (read, ordered) = inputs.split_at(inputs.len() - order_only);
            let kept = ordered.iter().filter(|node| !own(node)).count();
            let read: Vec<u32> = read.iter().copied().filter(|node| !own(node)).collect();
            let explicit = read.len().min(explicit_inputs);
            inputs = [read, ordered.iter().copied().filter(|node| !own(node)).collect()].concat();
            (edge.explicit_inputs, edge.order_only) = (explicit, kept);
        }
        inputs.iter().for_each(|node| self.parsed.nodes[*node as usize].used = true);
        edge.inputs = inputs;
        let wrong = |message: String| Wrong::new(start, message, "a rule's variable must not stand for itself");
        let pool = self.parsed.says(&edge, "pool").map_err(wrong)?;
        if !pool.is_empty() {
            if pool != "console" && !self.parsed.pools.iter().any(|known| *known.name == *pool) {
                let message = format!("there is no pool `{pool}`");
                return Err(Wrong::new(start, message, format!("declare it above: `pool {pool}` with `depth = N`")).into());
            }
            edge.pool = Some(pool.into());
        }
        let dyndep = self.parsed.says_path(&edge, "dyndep").map_err(wrong)?;
        if !dyndep.is_empty() {
            let path = canonical(Cow::Owned(dyndep));
            match self.parsed.find(&path).filter(|node| edge.inputs.contains(node)) {
                Some(node) => edge.dyndep = Some(node),
                None => {
                    let message = format!("the dyndep file `{path}` is no input");
                    return Err(Wrong::new(start, message, "name it among the inputs, behind `||` or before").into());
                }
            }
        }
        self.parsed.edges.push(edge);
        Ok(())
    }
}

fn check_version(wanted: &str) -> Result<(), String> {
    let mut parts = wanted.trim().split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    match version > VERSION {
        true => Err(format!("it needs ninja {}; orket reads what ninja {}.{} does", wanted.trim(), VERSION.0, VERSION.1)),
        false => Ok(()),
    }
}
