//! A graph as an indented tree.

use super::Drawing;
use crate::report::chars::escape;

/// Returns the tree below each root: a target that nothing else needs, or, in a graph of circles, the first that is not drawn yet.
///
/// A target that was drawn with what it needs is not drawn so again: `(see above)` stands there instead. Lines that are no plain need
/// carry their kind: `[after]`, `[inferred]`. Tasks go without their kind, all other targets show it.
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
}

impl Tree<'_> {
    /// Draws all below one root, with a stack of its own: a chain may be longer than the program's stack is deep.
    fn grow(&mut self, root: usize) {
        let mut stack = vec![Line { node: root, kind: "needs", indent: String::new(), branch: "" }];
        while let Some(line) = stack.pop() {
            let again = self.drawn[line.node] && !self.below[line.node].is_empty();
            self.drawn[line.node] = true;
            self.line(&line, again);
            if again {
                continue;
            }
            let indent = match line.branch {
                "" => String::new(),
                "├── " => line.indent + "│   ",
                _ => line.indent + "    ",
            };
            for (index, &(node, kind)) in self.below[line.node].iter().enumerate().rev() {
                let branch = if index + 1 == self.below[line.node].len() { "└── " } else { "├── " };
                stack.push(Line { node, kind, indent: indent.clone(), branch });
            }
        }
    }

    fn line(&mut self, line: &Line, again: bool) {
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
            _ if again => self.text += " (see above)",
            Some(about) => self.text += &format!("  {}", escape(about)),
            None => {}
        }
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DrawEdge, drawing};
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
