//! Roadmaps made by chance: what is done takes its own lines along, and nothing else changes.

use super::items;
use crate::gates::working_model::moves::without;

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// A line, the item that it belongs to, and whether it stays without that.
type Line = (String, Option<usize>, bool);

/// A document, line by line.
struct Document {
    dice: Dice,
    lines: Vec<Line>,
    /// How many items there are.
    items: usize,
    /// Whose what comes next is.
    owner: Option<usize>,
}

/// What may stand in an item or beside it, and looks like something else.
const ASIDES: [&[&str]; 11] = [
    &["A paragraph", "in two lines."],
    &["```", "### F-90: code", "- **F-91** code", "---", "```"],
    &["~~~~", "```", "# no heading", "~~~~"],
    &["> ## A quote", "> in two lines", ">", "> ---", "> and more"],
    &["> > deeper", ">", "> ```", "> ### F-92: code", "> ```"],
    &["- plain", "  - nested", "", "    more of it", "  - [x] box"],
    &["1. first", "", "   ```", "   ### F-93: code", "   ```", "2. second", "   > quote"],
    &["* a", "  * b", "    * c", "      ---", "* d"],
    &["<div>", "### F-94: html", "</div>"],
    &["| a | b |", "| - | - |", "| F-95 | 2 |"],
    &["Words:", "", "    indented F-96", "    - **F-97** code"],
];

impl Document {
    fn line(&mut self, text: impl Into<String>) {
        self.lines.push((text.into(), self.owner, false));
    }

    fn begin(&mut self) -> usize {
        self.items += 1;
        self.owner = Some(self.items);
        self.items
    }

    fn aside(&mut self, indent: &str) {
        for line in self.dice.one(&ASIDES) {
            self.line(if line.is_empty() { String::new() } else { format!("{indent}{line}") });
        }
        self.line("");
    }

    fn comment(&mut self) {
        let number = self.lines.len();
        for line in [format!("<!-- {number}: F-98"), String::new(), String::from("### F-99: comment -->")] {
            let stays = !line.is_empty();
            self.lines.push((line, self.owner, stays));
        }
        self.line("");
    }

    fn criteria(&mut self, indent: &str) {
        self.line(format!("{indent}Acceptance:"));
        if indent.is_empty() {
            self.line("");
        }
        for _ in 0..=self.dice.below(2) {
            let box_ = self.dice.one(&["", "[ ] ", "[x] "]);
            self.line(format!("{indent}- {box_}holds"));
            if self.dice.below(3) == 0 {
                self.line(format!("{indent}  - **F-89** is a part of it"));
            }
        }
    }

    /// An item that is a heading, with what stands in it.
    fn section(&mut self) {
        let (id, sign) = (self.begin(), self.dice.one(&["###", "####"]));
        self.line(format!("{sign} F-{id}: title {id}"));
        self.line("");
        for _ in 0..self.dice.below(3) {
            if self.dice.below(4) == 0 { self.comment() } else { self.aside("") }
        }
        if self.dice.below(3) > 0 {
            self.criteria("");
            self.line("");
        }
        if self.dice.below(3) == 0 {
            self.line("Text behind.");
            self.line("");
        }
        self.owner = None;
    }

    /// A list, some of whose points are items, below a point of another one or not, in a quote or not.
    fn list(&mut self) {
        let quote = self.dice.one(&["", "", "> "]);
        let outer = self.dice.below(2) == 0;
        let sign = self.dice.one(&["-", "*", "1."]);
        let start = self.lines.len();
        if outer {
            self.line("+ group");
        }
        let (lead, inner) = (if outer { "  " } else { "" }, " ".repeat(sign.len() + 1));
        for _ in 0..=self.dice.below(3) {
            if self.dice.below(3) == 0 {
                self.line(format!("{lead}{sign} plain"));
                continue;
            }
            let (id, mark) = (self.begin(), self.dice.one(&["**", "__"]));
            let within = format!("{lead}{inner}");
            self.line(format!("{lead}{sign} {mark}F-{id}{mark} title {id}"));
            if self.dice.below(2) == 0 {
                self.criteria(&within);
            }
            if self.dice.below(3) == 0 {
                self.line("");
                self.aside(&within);
                self.lines.pop();
            }
            self.owner = None;
        }
        for (text, ..) in &mut self.lines[start..] {
            *text = format!("{quote}{text}").trim_end().to_owned();
        }
        self.line("");
    }

    fn new(seed: u64) -> Document {
        let mut document = Document { dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1), lines: Vec::new(), items: 0, owner: None };
        document.line("# Roadmap");
        document.line("");
        for _ in 0..2 + document.dice.below(5) {
            match document.dice.below(8) {
                0..=2 => document.section(),
                3 | 4 => {
                    document.line("## Part");
                    document.line("");
                    if document.dice.below(2) == 0 {
                        document.aside("");
                        document.line("Between.");
                        document.line("");
                    }
                    document.list();
                }
                5 => {
                    document.line("Part");
                    document.line("----");
                    document.line("");
                    document.aside("");
                    document.comment();
                }
                _ => {
                    document.line("---");
                    document.line("");
                }
            }
        }
        document
    }

    fn text(&self) -> String {
        self.lines.iter().map(|(line, ..)| format!("{line}\n")).collect()
    }
}

/// The lines of a text on which something stands, but for breaks.
fn said(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.trim_matches(['>', ' ']).is_empty() && *line != "---").collect()
}

fn breaks(text: &str) -> usize {
    text.lines().filter(|line| *line == "---").count()
}

#[test]
fn what_is_done_takes_its_own_lines_along_and_nothing_else_changes() {
    let mut done = 0;
    for seed in 1..=120 {
        let document = Document::new(seed);
        let text = document.text();
        let found = items(&text);
        let ids: Vec<&str> = found.iter().map(|item| &*item.id).collect();
        let expected: Vec<String> = (1..=document.items).map(|id| format!("F-{id}")).collect();
        assert_eq!(ids, expected, "seed {seed}\n{text}");
        for (number, item) in (1..).zip(&found) {
            let left = without(&text, item);
            let kept = document.lines.iter().filter(|(_, owner, stays)| *owner != Some(number) || *stays);
            let kept: String = kept.map(|(line, ..)| format!("{line}\n")).collect();
            let shown = format!("seed {seed}, {}\n{text}\n=====\n{left}", item.id);
            assert_eq!(said(&left), said(&kept), "{shown}");
            assert!((breaks(&kept).saturating_sub(1)..=breaks(&kept)).contains(&breaks(&left)), "{shown}");
            let short = |text: &str| -> Vec<(String, String, bool, usize)> {
                items(text).into_iter().map(|item| (item.id, item.title, item.accepted, item.open.len())).collect()
            };
            let (mut others, after) = (short(&text), short(&left));
            others.remove(number - 1);
            assert_eq!(after, others, "{shown}");
            let dos = text.replace('\n', "\r\n");
            assert_eq!(without(&dos, &items(&dos)[number - 1]), left.replace('\n', "\r\n"), "{shown}");
            done += 1;
        }
    }
    assert!(done > 200, "{done}");
}
