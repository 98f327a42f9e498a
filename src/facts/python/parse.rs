//! Parsing Python, whatever a file nests: a tree is walked and taken down on a stack that grows with it.

use ruff_python_ast::{PySourceType, Stmt};
use ruff_python_parser::parse_unchecked_source;

use crate::facts::syntax::{Extracted, Places, Wrong};

/// How deep a tree may be. Python itself gives up earlier.
const DEEPEST: usize = 20_000;
/// After how many levels it is seen to that the stack does not end.
const STEP: usize = 16;
/// How much of the stack `STEP` levels take at most, in bytes, and how much is added.
const LEVELS: usize = 256 << 10;
const MORE: usize = 2 << 20;
/// How much of the stack a level takes when a tree is taken down, at most.
const DOWN: usize = 4 << 10;

/// How deep a walk over a tree is, and how deep it has been.
#[derive(Default)]
pub(super) struct Depth {
    now: usize,
    most: usize,
}

impl Depth {
    /// Lets `walk` go one level down; what is deeper than any Python reads is left out.
    pub(super) fn deeper<W>(walker: &mut W, depth: impl Fn(&mut W) -> &mut Depth, walk: impl FnOnce(&mut W)) {
        let own = depth(walker);
        own.now += 1;
        own.most = own.most.max(own.now);
        match own.now {
            now if now > DEEPEST => {}
            now if now % STEP == 0 => stacker::maybe_grow(LEVELS, MORE, || walk(walker)),
            _ => walk(walker),
        }
        depth(walker).now -= 1;
    }
}

/// Parses a text and lets `walk` go over its statements, all of them, down to the last expression.
///
/// # Errors
/// With the first place that is wrong.
pub(super) fn parse<T>(text: &str, walk: impl FnOnce(&[Stmt], &mut Depth) -> T) -> Extracted<T> {
    let parsed = parse_unchecked_source(text, PySourceType::Python);
    let places = Places::new(text);
    let first = parsed.errors().iter().min_by_key(|error| error.location.start());
    let wrong = first.map(|error| Wrong::said(places.at(error.location.start().into()).line, &error.error.to_string()));
    let mut depth = Depth::default();
    let walked = walk(&parsed.syntax().body, &mut depth);
    match depth.most {
        most if most > DEEPEST => {
            // There may be no stack that is large enough to take it down.
            std::mem::forget(parsed);
            return Err(wrong.unwrap_or(Wrong { line: 1, why: format!("it nests deeper than {DEEPEST} levels") }));
        }
        most => stacker::maybe_grow(most * DOWN, most * DOWN + MORE, || drop(parsed)),
    }
    wrong.map_or(Ok(walked), Err)
}
