//! Where churn meets complexity.
//!
//! Complexity is read from indentation: every line counts as deep as it is indented. That needs no parser, so that it means the same in
//! all languages, and follows what branches and loops cost a reader closely enough (Hindle, Godfrey and Holt, "Reading beside the lines",
//! 2008). It is blind to what stands on one line.

use serde::{Deserialize, Serialize};

/// How complex a text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Complexity {
    /// Lines that hold something.
    pub lines: u32,
    /// The levels of indentation of all lines, added up.
    pub indentation: u64,
    /// The deepest level.
    pub deepest: u32,
}

/// A file that is complex and changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hotspot {
    /// Of the text in the newest commit.
    pub complexity: Complexity,
    /// Touches times indentation.
    pub score: u64,
}

/// Returns how complex a text is; `None` for what is no text.
pub fn complexity(text: &[u8]) -> Option<Complexity> {
    if text[..text.len().min(8000)].contains(&0) {
        return None;
    }
    let unit = unit(text);
    let mut complexity = Complexity::default();
    for (tabs, spaces) in lines(text) {
        let level = tabs + spaces / unit;
        complexity.lines += 1;
        complexity.indentation += u64::from(level);
        complexity.deepest = complexity.deepest.max(level);
    }
    Some(complexity)
}

/// Returns the tabs and the spaces before each line that holds something.
fn lines(text: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let end = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r'))?;
        let tabs = line[..end].iter().filter(|byte| **byte == b'\t').count();
        Some((tabs as u32, (end - tabs) as u32))
    })
}

/// Returns how many spaces make a level: the step by which lines most often go deeper, 2 to 8; 4 where none does.
fn unit(text: &[u8]) -> u32 {
    let mut steps = [0_u32; 9];
    let mut before = 0;
    for (_, spaces) in lines(text) {
        if let Some(step) = spaces.checked_sub(before).filter(|step| (2..=8).contains(step)) {
            steps[step as usize] += 1;
        }
        before = spaces;
    }
    (2..=8).rev().max_by_key(|step| steps[*step as usize]).filter(|step| steps[*step as usize] > 0).unwrap_or(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (u32, u64, u32) {
        complexity(text.as_bytes()).map(|found| (found.lines, found.indentation, found.deepest)).unwrap()
    }

    #[test]
    fn deeper_lines_weigh_more() {
        assert_eq!(of(""), (0, 0, 0));
        assert_eq!(of("a\nb\n\n  \nc"), (3, 0, 0));
        assert_eq!(of("a\n\tb\n\t\tc\n\t\td\ne\n"), (5, 5, 2));
    }

    #[test]
    fn the_width_of_a_level_does_not_matter() {
        let text = "a\n\tb\n\t\tc\n\td\n\t\te\n";
        for width in [2, 3, 4, 8] {
            assert_eq!(of(&text.replace('\t', &" ".repeat(width))), of(text), "{width}");
        }
        assert_eq!(of(&text.replace('\n', "\r\n")), of(text));
    }

    #[test]
    fn what_is_no_text_has_none() {
        assert_eq!(complexity(b"a\0b"), None);
        assert!(complexity(b"\xff\xfe").is_some());
    }
}
