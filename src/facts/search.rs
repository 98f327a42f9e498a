//! Searching a file by its syntax: a query over the tree that its parser makes.

use std::ops::Range;

use tree_sitter::{Query, QueryCursor, StreamingIterator};

use super::Language;
use super::csharp::readings;
use super::syntax::{Wrong, grammars, parse_leniently, text, whole};
use crate::base::RelPath;

/// What a query may ask of what it captures; anything else would be passed over without a word.
const PREDICATES: [&str; 8] = ["#eq?", "#not-eq?", "#any-eq?", "#match?", "#not-match?", "#any-match?", "#any-of?", "#not-any-of?"];

/// A query in tree-sitter's language, for the files of one language.
pub struct Search {
    language: Language,
    /// For each grammar of the language: TypeScript has one for files with JSX.
    queries: Vec<(tree_sitter::Language, Query)>,
}

impl Search {
    /// Compiles a query; each match has to capture something, which is what is found.
    ///
    /// # Errors
    /// A sentence, when the language cannot be searched or the query is wrong.
    pub fn new(language: Language, query: &str) -> Result<Search, String> {
        let compile = |grammar: tree_sitter::Language| {
            let compiled = Query::new(&grammar, query).map_err(|error| error.to_string().replace('\n', " "))?;
            if compiled.capture_names().is_empty() {
                return Err(String::from("it captures nothing: mark what is meant, as in `(call) @here`"));
            }
            for pattern in 0..compiled.pattern_count() {
                let unknown = compiled.general_predicates(pattern).iter().map(|predicate| format!("`#{}`", predicate.operator));
                let property =
                    compiled.property_predicates(pattern).iter().map(|(_, is)| format!("`#{}`", if *is { "is?" } else { "is-not?" }));
                if let Some(unknown) = unknown.chain(property).next() {
                    return Err(format!("there is no predicate {unknown}; there are: {}", PREDICATES.join(", ")));
                }
            }
            Ok((grammar, compiled))
        };
        let queries = grammars(language).into_iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Search { language, queries })
    }

    /// Whether a file is of the language.
    pub fn reads(&self, path: &RelPath) -> bool {
        Language::of(path) == Some(self.language)
    }

    /// Returns where the query's first captures are, in bytes, in order.
    ///
    /// # Errors
    /// The line and what is wrong there, when the file cannot be parsed.
    pub fn find(&self, path: &RelPath, bytes: &[u8]) -> Result<Vec<Range<usize>>, (u32, String)> {
        let jsx = usize::from(path.name().ends_with(b".tsx")).min(self.queries.len() - 1);
        let (grammar, query) = &self.queries[jsx];
        let said = |wrong: Wrong| (wrong.line, wrong.why);
        let text = text(bytes).map_err(said)?;
        let mark = bytes.len() - text.len();
        let mut found = Vec::new();
        // C# before its compiler has chosen among `#if` and `#else` is no C# yet.
        let texts = if self.language == Language::Csharp { readings(text) } else { vec![text.to_owned()] };
        for text in &texts {
            let tree = parse_leniently(grammar, text).and_then(|tree| whole(tree, &|_| false)).map_err(said)?;
            let mut cursor = QueryCursor::new();
            let mut matches = cursor.matches(query, tree.root_node(), text.as_bytes());
            while let Some(one) = matches.next() {
                let first = one.captures().iter().map(|capture| capture.node.byte_range()).min_by_key(|range| range.start);
                found.extend(first.map(|range| range.start + mark..range.end + mark));
            }
        }
        found.sort_by_key(|range| (range.start, range.end));
        found.dedup();
        Ok(found)
    }
}
