//! Where the comments of a text stand, so that what looks like one in a string is none.

use std::ops::Range;

use super::Language;
use super::syntax::{grammars, parse_leniently};
use crate::base::RelPath;

/// Returns the places of all comments of a source file, in bytes, in order, whatever else is wrong with it; `None` where its language is not
/// known.
pub fn comments(path: &RelPath, text: &str) -> Option<Vec<Range<usize>>> {
    let grammars = grammars(Language::of(path)?);
    let jsx = usize::from(path.name().ends_with(b".tsx")).min(grammars.len() - 1);
    let tree = parse_leniently(&grammars[jsx], text).ok()?;
    let (mut found, mut cursor) = (Vec::new(), tree.walk());
    loop {
        let node = cursor.node();
        let is_comment = node.kind().contains("comment");
        if is_comment {
            found.push(node.byte_range());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_told_from_strings_in_every_language() {
        let two = |path: &str, text: &str| {
            let found = comments(&RelPath::parse(path).unwrap(), text).unwrap();
            let shown: Vec<&str> = found.into_iter().map(|range| text[range].trim_end()).collect();
            assert!(shown.len() == 1 && shown[0].contains("yes"), "{path}: {shown:?}");
        };
        two("a.py", "x = '# no'\n\"\"\"# no\"\"\"\ny = 1  # yes\n");
        two("a.rs", "const X: &str = \"// no\";\n/* yes */ fn f() {}\n");
        two("a.js", "let x = `// no`; // yes\n");
        two("a.ts", "let x: string = '/* no */'; /* yes */\n");
        two("a.tsx", "let x = <p title=\"// no\">{/* yes */}</p>;\n");
        two("a.go", "package a\nvar x = `// no` // yes\n");
        two("a.java", "class A { String x = \"// no\"; } // yes\n");
        two("a.kt", "val x = \"\"\"// no\"\"\" // yes\n");
        two("a.c", "char *x = \"/* no */\"; /* yes */\n");
        two("a.cpp", "auto x = R\"(// no)\"; // yes\n");
        two("a.cs", "class A { string x = @\"// no\"; } // yes\n");
        two("a.php", "<?php $x = '# no'; # yes\n");
        two("a.rb", "x = <<~T\n  # no\nT\ny = 1 # yes\n");
        assert_eq!(comments(&RelPath::parse("a.txt").unwrap(), "# no"), None);
    }
}
