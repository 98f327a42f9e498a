//! Where the comments of a text stand, so that what looks like one in a string is none.

use std::ops::Range;

use super::Language;
use super::program::{is_untold, spoken};
use super::syntax::{grammars, parse_leniently};
use crate::base::RelPath;

/// What a comment begins with that tolerates a finding of a gate.
pub const MARK: &str = "orket: allow(";

/// Returns the places of all comments of a source file, in bytes, in order, whatever else is wrong with it; `None` where its language is not
/// known.
pub fn comments(path: &RelPath, text: &str) -> Option<Vec<Range<usize>>> {
    let program = || is_untold(path).then(|| spoken(text.as_bytes())).flatten();
    let language = Language::of(path).or_else(program)?;
    let grammars = grammars(language);
    let jsx = usize::from(path.name().ends_with(b".tsx")).min(grammars.len() - 1);
    let tree = parse_leniently(&grammars[jsx], text).ok()?;
    let (mut found, mut cursor) = (Vec::new(), tree.walk());
    loop {
        let node = cursor.node();
        let is_comment = node.kind().contains("comment");
        if is_comment {
            found.push(node.byte_range());
        }
        // In PHP, what stands around the code is one node, comments of HTML and all.
        if node.kind() == "text" && language == Language::Php {
            found.extend(comments_of_html(text, node.byte_range()));
        }
        if !is_comment && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Some(found);
            }
        }
    }
}

/// Returns the places of the comments in some HTML.
fn comments_of_html(text: &str, html: Range<usize>) -> Vec<Range<usize>> {
    let (mut found, mut from) = (Vec::new(), html.start);
    while let Some(start) = text.get(from..html.end).and_then(|rest| rest.find("<!--")).map(|at| from + at) {
        let end = text[start..html.end].find("-->").map_or(html.end, |at| start + at + 3);
        found.push(start..end);
        from = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_told_from_strings_in_every_language() {
        let one = |path: &str, text: &str| {
            let found = comments(&RelPath::parse(path).unwrap(), text).unwrap();
            let shown: Vec<&str> = found.into_iter().map(|range| text[range].trim_end()).collect();
            assert!(shown.len() == 1 && shown[0].contains("yes"), "{path}: {shown:?}");
        };
        one("a.py", "x = '# no'\n\"\"\"# no\"\"\"\ny = 1  # yes\n");
        one("a.rs", "const X: &str = \"// no\";\n/* yes */ fn f() {}\n");
        one("a.js", "let x = `// no`; // yes\n");
        one("a.ts", "let x: string = '/* no */'; /* yes */\n");
        one("a.tsx", "let x = <p title=\"// no\">{/* yes */}</p>;\n");
        one("a.go", "package a\nvar x = `// no` // yes\n");
        one("a.java", "class A { String x = \"// no\"; } // yes\n");
        one("a.kt", "val x = \"\"\"// no\"\"\" // yes\n");
        one("a.c", "char *x = \"/* no */\"; /* yes */\n");
        one("a.cpp", "auto x = R\"(// no)\"; // yes\n");
        one("a.cs", "class A { string x = @\"// no\"; } // yes\n");
        one("a.php", "<?php $x = '# no'; # yes\n");
        one("a.php", "<!-- yes -->\n<?php $x = '# no';\n");
        one("a.php", "<p>// no</p><!--\nyes --><p># no</p><?php f() ?><p>/* no */</p>\n");
        one("a.rb", "x = <<~T\n  # no\nT\ny = 1 # yes\n");
        one("bin/a", "#!/usr/bin/env -S php -q\n<?php $x = '# no'; # yes\n");
        assert_eq!(comments(&RelPath::parse("a.txt").unwrap(), "# no"), None);
    }
}
