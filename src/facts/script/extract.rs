//! What one JavaScript or TypeScript file imports, as it is written.

use std::ops::Range;

use oxc_ast::ast::{
    CallExpression, ExportAllDeclaration, ExportFromDeclaration, Expression, ImportDeclaration, ImportDeclarationSpecifier,
    ImportExpression, ImportOrExportKind, Program, Statement, TSImportEqualsDeclaration, TSImportType, TSModuleReference, TSType,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use serde::{Deserialize, Serialize};

use super::flow;
use super::package::How;
use super::parse::{dialects, parse};
use crate::base::RelPath;
use crate::facts::syntax::{self, At, Extracted, Places, Wrong};
use crate::facts::{ImportKind, Language};

/// One import.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Raw {
    pub at: At,
    pub kind: ImportKind,
    pub how: How,
    /// What stands between the quotes; where the name is worked out, the import as it is written.
    pub name: String,
    /// Whether only a running program knows the name.
    pub computed: bool,
}

/// Reads a file. JavaScript with types in it is read as TypeScript, and what is neither as Flow.
pub(in crate::facts) fn extract(bytes: &[u8], path: &RelPath) -> Extracted<Vec<Raw>> {
    let text = syntax::text(bytes)?;
    let places = Places::new(text);
    let words = Words::new(text);
    let dialects = dialects(path).into_iter().map(|dialect| parse(text, dialect, |program| imports(program, &words, &places)));
    let is_javascript = Language::of(path) != Some(Language::Typescript);
    let flow = std::iter::once_with(|| flow::imports(text, &words)).take(usize::from(is_javascript));
    let mut furthest: Option<Wrong> = None;
    for read in dialects.chain(flow) {
        match (read, &furthest) {
            (Ok(mut raws), _) => {
                raws.sort_by_key(|raw| raw.at);
                return Ok(raws);
            }
            (Err(wrong), Some(known)) if wrong.line <= known.line => {}
            (Err(wrong), _) => furthest = Some(wrong),
        }
    }
    furthest.map_or(Ok(Vec::new()), Err)
}

/// Where the words stand without which nothing imports: most of a tree need not be walked.
pub(super) struct Words(Vec<usize>);

impl Words {
    fn new(text: &str) -> Words {
        let words = ["import", "export", "require", "<reference"];
        let mut at: Vec<usize> = words.iter().flat_map(|word| memchr::memmem::find_iter(text.as_bytes(), word.as_bytes())).collect();
        at.sort_unstable();
        Words(at)
    }

    pub(super) fn stand_in(&self, range: &Range<usize>) -> bool {
        let next = self.0.partition_point(|at| *at < range.start);
        self.0.get(next).is_some_and(|at| *at < range.end)
    }
}

/// Returns what a program imports.
fn imports(program: &Program<'_>, words: &Words, places: &Places<'_>) -> Vec<Raw> {
    let mut walk = Walk { text: program.source_text, words, places, raws: Vec::new() };
    walk.visit_program(program);
    for comment in program.comments.iter().filter(|comment| words.stand_in(&range(comment.span))) {
        if let Some(name) = referred(comment.span.source_text(program.source_text)) {
            walk.add(comment.span, ImportKind::Type, How::Import, &name);
        }
    }
    walk.raws
}

/// Returns what a comment such as `/// <reference path="./globals.d.ts" />` refers to.
pub(super) fn referred(comment: &str) -> Option<String> {
    let rest = comment.strip_prefix("///")?.trim_start().strip_prefix("<reference")?;
    let (attribute, value) = rest.trim().split_once('=')?;
    let value = value.trim_start().strip_prefix(['"', '\''])?.split(['"', '\'']).next()?;
    match attribute.trim() {
        "path" if value.starts_with('.') => Some(value.to_owned()),
        "path" => Some(format!("./{value}")),
        "types" => Some(value.to_owned()),
        _ => None,
    }
}

/// Gathers what is imported.
struct Walk<'t> {
    text: &'t str,
    words: &'t Words,
    places: &'t Places<'t>,
    raws: Vec<Raw>,
}

impl Walk<'_> {
    fn add(&mut self, at: Span, kind: ImportKind, how: How, name: &str) {
        if !name.is_empty() {
            self.raws.push(Raw { at: self.places.at(at.start as usize), kind, how, name: name.to_owned(), computed: false });
        }
    }

    /// Adds a call that imports what its argument says.
    fn call(&mut self, at: Span, kind: ImportKind, how: How, argument: &Expression<'_>) {
        match literal(argument) {
            Some(name) => self.add(at, kind, how, name),
            None => {
                let name = syntax::computed(at.source_text(self.text));
                self.raws.push(Raw { at: self.places.at(at.start as usize), kind, how, name, computed: true });
            }
        }
    }
}

impl<'a> Visit<'a> for Walk<'_> {
    fn visit_statement(&mut self, statement: &Statement<'a>) {
        if self.words.stand_in(&range(statement.span())) {
            walk::walk_statement(self, statement);
        }
    }

    fn visit_expression(&mut self, expression: &Expression<'a>) {
        if self.words.stand_in(&range(expression.span())) {
            walk::walk_expression(self, expression);
        }
    }

    fn visit_ts_type(&mut self, of: &TSType<'a>) {
        if self.words.stand_in(&range(of.span())) {
            walk::walk_ts_type(self, of);
        }
    }

    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        let names = import.specifiers.iter().flatten().map(|name| match name {
            ImportDeclarationSpecifier::ImportSpecifier(name) => name.import_kind,
            // A default or a namespace is a value.
            _ => ImportOrExportKind::Value,
        });
        self.add(import.span, kind(import.import_kind, names), How::Import, &import.source.value);
    }

    fn visit_export_from_declaration(&mut self, export: &ExportFromDeclaration<'a>) {
        let names = export.specifiers.iter().map(|name| name.export_kind);
        self.add(export.span, kind(export.export_kind, names), How::Import, &export.source.value);
    }

    fn visit_export_all_declaration(&mut self, export: &ExportAllDeclaration<'a>) {
        self.add(export.span, kind(export.export_kind, []), How::Import, &export.source.value);
    }

    fn visit_ts_import_equals_declaration(&mut self, import: &TSImportEqualsDeclaration<'a>) {
        if let TSModuleReference::ExternalModuleReference(required) = &import.module_reference {
            self.add(import.span, kind(import.import_kind, []), How::Require, &required.expression.value);
        }
    }

    fn visit_ts_import_type(&mut self, import: &TSImportType<'a>) {
        self.add(import.span, ImportKind::Type, How::Import, &import.source.value);
        walk::walk_ts_import_type(self, import);
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        self.call(import.span, ImportKind::Dynamic, How::Import, &import.source);
        walk::walk_import_expression(self, import);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if call.callee.is_specific_id("require")
            && let Some(first) = call.arguments.first().and_then(|first| first.as_expression())
        {
            self.call(call.span, ImportKind::Import, How::Require, first);
        }
        walk::walk_call_expression(self, call);
    }
}

/// Returns the kind of an import or re-export: of types if it says so of all, or of each of its names.
fn kind(all: ImportOrExportKind, names: impl IntoIterator<Item = ImportOrExportKind>) -> ImportKind {
    let mut names = names.into_iter().peekable();
    let types = all.is_type() || names.peek().is_some() && names.all(|name| name.is_type());
    if types { ImportKind::Type } else { ImportKind::Import }
}

/// Returns the value of a string, or of a template, in which nothing has to be computed.
fn literal<'e>(expression: &'e Expression<'_>) -> Option<&'e str> {
    match expression {
        Expression::StringLiteral(string) => Some(&string.value),
        Expression::TemplateLiteral(template) => {
            template.quasis.first().filter(|_| template.expressions.is_empty())?.value.cooked.as_deref()
        }
        _ => None,
    }
}

fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}
