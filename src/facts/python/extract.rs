//! What one Python file imports, as it is written.

use std::borrow::Cow;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{BoolOp, Expr, ExprCall, InterpolatedStringElement, Pattern, Stmt, StmtIf, UnaryOp};
use ruff_text_size::Ranged;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::parse::{Depth, parse};
use crate::base::RelPath;
use crate::facts::ImportKind;
use crate::facts::syntax::{self, At, Extracted, Places, Wrong};

/// The imports of a file, in the order of their places.
pub(in crate::facts) type Facts = Vec<Raw>;

/// One import.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Raw {
    pub at: At,
    pub kind: ImportKind,
    pub what: What,
}

/// What is imported.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::facts) enum What {
    /// `import a.b`, and a dynamic import of a full name.
    Module(String),
    /// `from ..a import b`: how many dots, what follows them, and the name; `None` for `*`.
    From(u32, String, Option<String>),
    /// A dynamic import of what only a running program knows, as it is written.
    Computed(String),
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let text = decode(bytes)?;
    let places = Places::new(&text);
    let mut raws = parse(&text, |body, depth| {
        let mut names = Names { aliases: Aliases::default(), others: FxHashSet::default(), depth };
        names.visit_body(body);
        let Names { mut aliases, others, depth } = names;
        aliases.checking.retain(|name| !others.contains(name));
        let mut walk = Walk { aliases, depth, kind: ImportKind::Import, text: &text, places: &places, raws: Facts::new() };
        walk.visit_body(body);
        walk.raws
    })?;
    raws.sort_by_key(|raw| raw.at);
    Ok(raws)
}

/// Returns the text of a file: UTF-8, or what its first two lines say (PEP 263).
fn decode(bytes: &[u8]) -> Extracted<Cow<'_, str>> {
    match syntax::text(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(wrong) => {
            let head: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').take(2).collect();
            let head = String::from_utf8_lossy(&head.concat()).to_lowercase();
            let single = ["latin-1", "latin1", "iso-8859", "cp125", "windows-125", "koi8"];
            // Imports are spelled in ASCII, which all of these hold as it is.
            if head.contains("coding") && single.iter().any(|name| head.contains(name)) {
                return Ok(Cow::Owned(bytes.iter().map(|byte| *byte as char).collect()));
            }
            let name = head.split_once("coding").and_then(|(_, rest)| {
                rest.trim_start_matches(['=', ':', ' ']).split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).next()
            });
            match name.filter(|name| !name.is_empty() && !matches!(*name, "utf-8" | "utf8" | "utf_8")) {
                Some(name) => Err(Wrong { why: format!("its encoding `{name}` is not known here: write it as UTF-8"), ..wrong }),
                None => Err(wrong),
            }
        }
    }
}

/// Names under which a file knows what tells type checking from running, and what imports by a call.
#[derive(Default)]
struct Aliases<'t> {
    checking: FxHashSet<&'t str>,
    importlib: FxHashSet<&'t str>,
    import_module: FxHashSet<&'t str>,
}

/// Learns those names: they may be bound below the place where they are used.
struct Names<'t, 'd> {
    aliases: Aliases<'t>,
    /// Names that are given any other value.
    others: FxHashSet<&'t str>,
    depth: &'d mut Depth,
}

impl<'t> Names<'t, '_> {
    fn assigned(&mut self, target: &'t Expr, value: &Expr) {
        let Expr::Name(name) = target else { return };
        let plain = matches!(value, Expr::Name(_) | Expr::Attribute(_));
        let checks = plain && self.aliases.verdict(value, CLEAR) == Some(true);
        if checks {
            self.aliases.checking.insert(&name.id)
        } else {
            self.others.insert(&name.id)
        };
    }
}

impl<'t> Visitor<'t> for Names<'t, '_> {
    fn visit_stmt(&mut self, stmt: &'t Stmt) {
        match stmt {
            Stmt::Import(_) | Stmt::ImportFrom(_) => self.aliases.note(stmt),
            Stmt::Assign(assign) => assign.targets.iter().for_each(|target| self.assigned(target, &assign.value)),
            Stmt::AnnAssign(assign) => assign.value.iter().for_each(|value| self.assigned(&assign.target, value)),
            _ => Depth::deeper(self, |this| this.depth, |this| visitor::walk_stmt(this, stmt)),
        }
    }

    /// No statement stands in an expression.
    fn visit_expr(&mut self, _: &'t Expr) {}

    fn visit_pattern(&mut self, _: &'t Pattern) {}
}

/// Gathers what is imported.
struct Walk<'t, 'd> {
    aliases: Aliases<'t>,
    depth: &'d mut Depth,
    /// What an import here would be.
    kind: ImportKind,
    text: &'d str,
    places: &'d Places<'t>,
    raws: Facts,
}

impl<'t> Visitor<'t> for Walk<'t, '_> {
    fn visit_stmt(&mut self, stmt: &'t Stmt) {
        match stmt {
            Stmt::Import(_) | Stmt::ImportFrom(_) => self.statement(stmt),
            Stmt::If(stmt) => Depth::deeper(self, |this| this.depth, |this| this.branches(stmt)),
            _ => Depth::deeper(self, |this| this.depth, |this| visitor::walk_stmt(this, stmt)),
        }
    }

    fn visit_expr(&mut self, expr: &'t Expr) {
        if let Expr::Call(call) = expr
            && self.aliases.imports(call)
        {
            let what = Aliases::dynamic(call).unwrap_or_else(|| What::Computed(syntax::computed(&self.text[call.range()])));
            self.raws.push(Raw { at: self.places.at(call.start().into()), kind: ImportKind::Dynamic, what });
        }
        Depth::deeper(self, |this| this.depth, |this| visitor::walk_expr(this, expr));
    }

    fn visit_pattern(&mut self, pattern: &'t Pattern) {
        Depth::deeper(self, |this| this.depth, |this| visitor::walk_pattern(this, pattern));
    }

    fn visit_interpolated_string_element(&mut self, element: &'t InterpolatedStringElement) {
        Depth::deeper(self, |this| this.depth, |this| visitor::walk_interpolated_string_element(this, element));
    }
}

impl<'t> Walk<'t, '_> {
    /// Visits the branches of an `if`, each with the kind of its imports.
    fn branches(&mut self, stmt: &'t StmtIf) {
        let outer = self.kind;
        let mut rest = outer;
        let others = stmt.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body[..]));
        for (test, body) in std::iter::once((Some(&*stmt.test), &stmt.body[..])).chain(others) {
            self.kind = rest;
            test.into_iter().for_each(|test| self.visit_expr(test));
            let verdict = test.and_then(|test| self.aliases.verdict(test, CLEAR));
            if verdict == Some(true) {
                self.kind = ImportKind::Type;
            }
            self.visit_body(body);
            if verdict == Some(false) {
                rest = ImportKind::Type;
            }
        }
        self.kind = outer;
    }

    /// Adds what an import statement imports.
    fn statement(&mut self, stmt: &Stmt) {
        let at = self.places.at(stmt.start().into());
        let mut add = |what| self.raws.push(Raw { at, kind: self.kind, what });
        match stmt {
            Stmt::Import(import) => import.names.iter().for_each(|name| add(What::Module(name.name.to_string()))),
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                for name in &import.names {
                    let name = Some(name.name.to_string()).filter(|name| name != "*");
                    add(What::From(import.level, module.to_owned(), name));
                }
            }
            _ => {}
        }
    }
}

/// How many `not`, `and` and `or` a condition may hold inside each other to be understood.
const CLEAR: usize = 20;

impl<'t> Aliases<'t> {
    /// Learns what an import statement calls the names that matter.
    fn note(&mut self, stmt: &'t Stmt) {
        let (module, names) = match stmt {
            Stmt::Import(import) => (None, &import.names),
            Stmt::ImportFrom(import) if import.level == 0 => (import.module.as_ref().map(|module| module.as_str()), &import.names),
            _ => return,
        };
        for name in names {
            let real = name.name.as_str();
            let known = name.asname.as_ref().unwrap_or(&name.name).as_str();
            match (module, real) {
                (Some("typing" | "typing_extensions"), "TYPE_CHECKING") => self.checking.insert(known),
                (Some("importlib"), "import_module") => self.import_module.insert(known),
                (None, "importlib" | "importlib.util") => self.importlib.insert(known.split('.').next().unwrap_or(known)),
                _ => continue,
            };
        }
    }

    /// Whether a condition says that only a type checker (`true`), or only a running program (`false`), goes there.
    fn verdict(&self, condition: &Expr, clear: usize) -> Option<bool> {
        let inner = |condition| self.verdict(condition, clear.checked_sub(1)?);
        match condition {
            Expr::Name(name) => (name.id == *"TYPE_CHECKING" || self.checking.contains(name.id.as_str())).then_some(true),
            Expr::Attribute(attribute) => (attribute.attr.as_str() == "TYPE_CHECKING").then_some(true),
            Expr::UnaryOp(not) if not.op == UnaryOp::Not => inner(&not.operand).map(|verdict| !verdict),
            // Either side alone keeps the running program, or the checker, out.
            Expr::BoolOp(both) if both.op == BoolOp::And => both.values.iter().find_map(inner),
            Expr::BoolOp(either) => {
                let mut verdicts = either.values.iter().map(inner);
                let first = verdicts.next()?;
                verdicts.all(|verdict| verdict == first).then_some(first)?
            }
            _ => None,
        }
    }

    /// Whether a call imports.
    fn imports(&self, call: &ExprCall) -> bool {
        match &*call.func {
            Expr::Name(name) => name.id == *"__import__" || self.import_module.contains(name.id.as_str()),
            Expr::Attribute(attribute) => match (&*attribute.value, attribute.attr.as_str()) {
                (Expr::Name(object), "import_module") => self.importlib.contains(object.id.as_str()),
                (Expr::Name(object), "__import__") => object.id == *"builtins",
                _ => false,
            },
            _ => false,
        }
    }

    /// Returns what a call imports, if the name is spelled out.
    fn dynamic(call: &ExprCall) -> Option<What> {
        let argument = |index: usize, name| call.arguments.find_argument_value(name, index);
        let name = literal(argument(0, "name")?)?;
        let rest = name.trim_start_matches('.');
        let dots = name.len() - rest.len();
        if dots == 0 {
            return Some(What::Module(name.to_owned()));
        }
        let package = argument(1, "package")?;
        if let Some(package) = literal(package) {
            let mut parts: Vec<&str> = package.split('.').collect();
            parts.truncate((parts.len() + 1).saturating_sub(dots));
            parts.extend(rest.split('.').filter(|part| !part.is_empty()));
            return Some(What::Module(parts.join(".")));
        }
        let own = matches!(package, Expr::Name(name) if matches!(name.id.as_str(), "__package__" | "__name__"));
        own.then(|| What::From(dots as u32, rest.to_owned(), None))
    }
}

/// Returns the value of a string that is spelled out.
fn literal(expr: &Expr) -> Option<&str> {
    let Expr::StringLiteral(string) = expr else { return None };
    Some(string.value.to_str()).filter(|value| !value.is_empty())
}
