//! A graph as an indented tree.

use std::collections::VecDeque;

use super::Drawing;
use crate::report::chars::escape;

/// Returns the tree below each root: a target that nothing else needs, or, in a graph of circles, the first that is not drawn yet.
///
/// A target that was drawn with what it needs is not drawn so again: `(see above)` stands there instead. Lines that are no plain need
/// carry their kind: `[after]`, `[inferred]`. Tasks go without their kind, all other targets show it. What stands deeper than a screen is
/// wide has a tree of its own further down: `(see below)`.
pub fn text(drawing: &Drawing) -> String {
    let mut below: Vec<Vec<(usize, &'static str)>> = vec![Vec::new(); drawing.nodes.len()];
    let mut needed = vec![false; drawing.nodes.len()];
    for edge in drawing.edges() {
        below[edge.from].push((edge.to, edge.kind));
        needed[edge.to] |= edge.from != edge.to;
    }
    let mut tree = Tree { drawing, below, drawn: vec![false; drawing.nodes.len()], text: String::new() };
    for root in (0..needed.len()).filter(|&node| !needed[node]) {
        tree.grow(root);
    }
    for node in 0..needed.len() {
        if !tree.drawn[node] {
            tree.grow(node);
        }
    }
    tree.text
}

/// How deep a tree is drawn.
const DEEPEST: usize = 48;

struct Tree<'a> {
    drawing: &'a Drawing,
    /// What each node needs, and how.
    below: Vec<Vec<(usize, &'static str)>>,
    drawn: Vec<bool>,
    text: String,
}

/// A line that is still to be drawn.
struct Line {
    node: usize,
    kind: &'static str,
    /// What stands before the branches of the line above.
    indent: String,
    /// The branch that leads to it: empty for a root.
    branch: &'static str,
    depth: usize,
}

impl Tree<'_> {
    /// Draws all below one root, with a stack of its own: a chain may be longer than the program's stack is deep.
    fn grow(&mut self, root: usize) {
        let mut roots = VecDeque::from([root]);
        while let Some(root) = roots.pop_front() {
            let mut stack = vec![Line { node: root, kind: "needs", indent: String::new(), branch: "", depth: 0 }];
            while let Some(line) = stack.pop() {
                let bare = self.below[line.node].is_empty();
                let rest = match (self.drawn[line.node] && !bare, line.depth == DEEPEST && !bare) {
                    // A tree that was put off may have been drawn meanwhile.
                    (true, _) if line.depth == 0 => break,
                    (true, _) => " (see above)",
                    (_, true) => " (see below)",
                    _ => "",
                };
                self.line(&line, rest);
                if rest == " (see below)" {
                    roots.push_back(line.node);
                }
                if !rest.is_empty() {
                    continue;
                }
                self.drawn[line.node] = true;
                let indent = match line.branch {
                    "" => String::new(),
                    "├── " => line.indent + "│   ",
                    _ => line.indent + "    ",
                };
                for (index, &(node, kind)) in self.below[line.node].iter().enumerate().rev() {
                    let branch = if index + 1 == self.below[line.node].len() { "└── " } else { "├── " };
                    stack.push(Line { node, kind, indent: indent.clone(), branch, depth: line.depth + 1 });
                }
            }
        }
    }

    fn line(&mut self, line: &Line, rest: &str) {
        let node = &self.drawing.nodes[line.node];
        self.text += &line.indent;
        self.text += line.branch;
        self.text += &escape(&node.address);
        if node.kind != "task" {
            self.text += &format!(" ({})", node.kind);
        }
        if matches!(line.kind, "after" | "inferred") {
            self.text += &format!(" [{}]", line.kind);
        }
        match &node.about {
            _ if !rest.is_empty() => self.text += rest,
            Some(about) => self.text += &format!("  {}", escape(about)),
            None => {}
        }
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DrawEdge, DrawNode, drawing};
    use super::*;

    #[test]
    fn a_tree() {
        insta::assert_snapshot!(text(&drawing::invented()), @r#"
        release (rock)  Ships "it"
        └── app (epic)
            ├── app/compile  Compiles
            │   └── gen [inferred]
            └── app/link
                ├── app/compile (see above)
                └── gen [after]
        "#);
    }

    #[test]
    fn what_stands_deep_has_a_tree_of_its_own() {
        let mut drawing = drawing::invented();
        drawing.nodes = (0..200).map(|index| DrawNode { address: format!("t{index}"), kind: "task", ..drawing.nodes[0].clone() }).collect();
        drawing.edges = (1..200).map(|to| DrawEdge { from: to - 1, to, kind: "needs" }).collect();
        let text = text(&drawing);
        let roots: Vec<&str> = text.lines().filter(|line| line.starts_with('t')).map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(roots, ["t0", "t48", "t96", "t144", "t192"]);
        assert_eq!(text.lines().count(), 204);
        assert_eq!(text.matches(" (see below)").count(), 4);
        assert!(text.lines().all(|line| line.chars().count() < 4 * (DEEPEST + 1) + 40), "{text}");
    }

    #[test]
    fn circles_and_nothing() {
        let mut drawing = drawing::invented();
        drawing.nodes.truncate(2);
        drawing.edges = vec![DrawEdge { from: 0, to: 1, kind: "needs" }, DrawEdge { from: 1, to: 0, kind: "after" }];
        insta::assert_snapshot!(text(&drawing), @r#"
        release (rock)  Ships "it"
        └── app (epic)
            └── release (rock) [after] (see above)
        "#);
        assert_eq!(text(&Drawing::default()), "");
    }
}
