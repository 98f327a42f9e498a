//! Parsing JavaScript and TypeScript, whatever a file nests: on a stack with room for as many levels as it can have.

use memmap2::MmapMut;
use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_span::{GetSpan, SourceType, Span};

use crate::base::RelPath;
use crate::facts::syntax::{Extracted, Places, Wrong};

/// How much of the stack a level takes at most, in bytes, in the parser and in a walk over what it has read. Such as begin with a bracket go
/// through more of the grammar than others. Twice what was measured.
const BRACKET: usize = 4 << 10;
const WORD: usize = 2 << 10;
/// How many times that, where it was not made to be fast.
const SLOW: usize = if cfg!(debug_assertions) { 4 } else { 1 };
/// What is needed beside.
const LEAST: usize = 128 << 10;
/// From how much on it is seen to beforehand that there is so much.
const LARGE: usize = 64 << 20;

/// How many bytes are counted at once.
const MANY: usize = 128;
/// How many `<` may stand open in TypeScript. Whether each begins types, its parser finds out by reading on until that makes no sense.
const OPEN: usize = 1_000;

const OPTIONS: ParseOptions =
    ParseOptions { allow_return_outside_function: true, preserve_parens: false, allow_v8_intrinsics: false, enable_ident_hashes: false };

/// Returns what a file may be written in, likeliest first. Whether it is a module or a script, it tells itself.
pub(super) fn dialects(path: &RelPath) -> Vec<SourceType> {
    let name = path.name();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending.as_bytes()));
    let dialects = if ends(&[".d.ts", ".d.mts", ".d.cts"]) {
        vec![SourceType::d_ts()]
    } else if ends(&[".ts", ".mts", ".cts"]) {
        vec![SourceType::ts(), SourceType::tsx()]
    } else if ends(&[".tsx"]) {
        vec![SourceType::tsx()]
    } else {
        vec![SourceType::jsx(), SourceType::tsx()]
    };
    dialects.into_iter().map(|dialect| dialect.with_unambiguous(true)).collect()
}

/// Parses a text and lets `walk` go over it.
///
/// It is read if its parser got to its end: it has made something of every word then, and so of every import. What it finds fault with on the
/// way, as with a `const` without a value, is not about imports, and those who compile and bundle find fault with other things.
///
/// # Errors
/// With the place beyond which the parser did not get.
pub(super) fn parse<T>(text: &str, dialect: SourceType, walk: impl FnOnce(&Program<'_>) -> T) -> Extracted<T> {
    if dialect.is_typescript()
        && let Some(at) = overfull(text)
    {
        return Err(Wrong { line: Places::new(text).at(at).line, why: format!("more than {OPEN} `<` stand open here") });
    }
    let room = room(text);
    if room > LARGE && MmapMut::map_anon(room).is_err() {
        return Err(Wrong { line: 1, why: "there is too little memory for as deep as it may nest".into() });
    }
    stacker::maybe_grow(room, room, || {
        let arena = Allocator::default();
        let parsed = Parser::new(&arena, text, dialect).with_options(OPTIONS).parse();
        let fine = !parsed.panicked && (parsed.diagnostics.is_empty() || is_whole(&parsed.program));
        if fine { Ok(walk(&parsed.program)) } else { Err(wrong(text, &parsed)) }
    })
}

/// Returns how much of the stack a text can take, in bytes. What begins a level is a bracket, an operator or a keyword: each that there is may
/// begin one within the one before, and each word in small letters may be a keyword.
fn room(text: &str) -> usize {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() | (byte == b'_') | (byte == b'$') | !byte.is_ascii();
    let ends = |byte: u8| matches!(byte, b')' | b']' | b'}' | b',' | b';' | b'"' | b'\'');
    let begins =
        |(byte, next): (&u8, &u8)| u8::from(byte.is_ascii_punctuation() & !ends(*byte) | byte.is_ascii_lowercase() & !is_word(*next));
    let brackets = |byte: &u8| u8::from(matches!(byte, b'(' | b'[' | b'{' | b'<' | b'`'));
    // As many at a time as a byte can count, which the processor does at once.
    let bytes = text.as_bytes().chunks(MANY);
    let following = text.as_bytes().get(1..).unwrap_or_default().chunks(MANY);
    let words = bytes.clone().zip(following).map(|(bytes, next)| usize::from(bytes.iter().zip(next).map(begins).sum::<u8>()));
    let brackets = bytes.map(|bytes| usize::from(bytes.iter().map(brackets).sum::<u8>()));
    LEAST + SLOW * (WORD * words.sum::<usize>() + BRACKET * brackets.sum::<usize>())
}

/// Returns where more `<` stand open than may, if they do.
fn overfull(text: &str) -> Option<usize> {
    let (bytes, mut open) = (text.as_bytes(), 0_usize);
    memchr::memchr3_iter(b'<', b'>', b';', bytes).find(|at| {
        open = match bytes[*at] {
            b'<' => open + 1,
            b'>' if text[..*at].ends_with('=') => open,
            b'>' => open.saturating_sub(1),
            _ => 0,
        };
        open > OPEN
    })
}

/// Whether nothing but comments stands behind the last statement of a program. After a character that means nothing, or a text that does not
/// end, the parser takes the rest for the end of the file.
fn is_whole(program: &Program<'_>) -> bool {
    let blank = |from: u32, to: u32| {
        let between = program.source_text.get(from as usize..to as usize);
        between.is_some_and(|between| between.chars().all(|c| c.is_whitespace() || c == '\u{feff}'))
    };
    let ends = [
        program.hashbang.as_ref().map(GetSpan::span),
        program.directives.last().map(GetSpan::span),
        program.body.last().map(GetSpan::span),
    ];
    let mut end = ends.into_iter().flatten().map(|span| span.end).max().unwrap_or(0);
    let behind = program.comments.partition_point(|comment| comment.span.start < end);
    let comments = program.comments[behind..].iter().map(|comment| comment.span);
    comments.chain([Span::empty(program.span.end)]).all(|next| blank(std::mem::replace(&mut end, next.end), next.start))
}

/// Says beyond which place a parser did not get.
fn wrong(text: &str, parsed: &ParserReturn<'_>) -> Wrong {
    let told = parsed.diagnostics.iter().map(|one| (one.labels.first().map_or(0, |label| label.offset()), &one.message));
    match told.max_by_key(|(at, _)| *at) {
        Some((at, message)) => Wrong::said(Places::new(text).at(at as usize).line, message),
        None => Wrong { line: 1, why: "a syntax error".into() },
    }
}
