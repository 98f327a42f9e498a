//! What a rule says for one edge, with everything filled in.

use super::lexer::{Piece, Written};
use super::parsed::{Edge, Parsed};
use super::path::quoted;

/// So many variables of a rule may stand for each other in a row.
const DEEP: usize = 32;

impl<'t> Parsed<'t> {
    /// Returns what an edge's rule says under this name, paths quoted for the shell; empty if nothing.
    ///
    /// # Errors
    /// When variables of the rule stand for each other.
    pub fn says(&self, edge: &Edge<'t>, name: &str) -> Result<String, String> {
        let mut out = String::new();
        self.put(edge, name, true, &mut out, 0)?;
        Ok(out)
    }

    /// The same with paths as they are: for what is a path itself.
    ///
    /// # Errors
    /// When variables of the rule stand for each other.
    pub fn says_path(&self, edge: &Edge<'t>, name: &str) -> Result<String, String> {
        let mut out = String::new();
        self.put(edge, name, false, &mut out, 0)?;
        Ok(out)
    }

    /// Adds the value of a variable as the edge sees it: its paths, its own variables, those of its rule, then those of the file. Where an
    /// edge has none of its own, the file's stand in their place, before those of the rule.
    fn put(&self, edge: &Edge<'t>, name: &str, quote: bool, out: &mut String, depth: usize) -> Result<(), String> {
        let explicit = &edge.inputs[..edge.explicit_inputs];
        match name {
            "in" => self.list(explicit, ' ', quote, out),
            "in_newline" => self.list(explicit, '\n', quote, out),
            "out" => self.list(&edge.outputs[..edge.explicit_outputs], ' ', quote, out),
            name => {
                let own = match edge.own.is_empty() {
                    true => self.scopes.0[edge.scope].variables.get(name).map(|value| &**value),
                    false => edge.own.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| &**value),
                };
                match (own, self.rules[edge.rule].get(name)) {
                    (Some(value), _) => out.push_str(value),
                    (None, Some(written)) => self.written(edge, written, quote, out, depth + 1)?,
                    (None, None) => out.push_str(self.scopes.look_up(edge.scope, name)),
                }
            }
        }
        Ok(())
    }

    fn written(&self, edge: &Edge<'t>, written: &Written<'t>, quote: bool, out: &mut String, depth: usize) -> Result<(), String> {
        if depth > DEEP {
            return Err(format!("the variables of the rule `{}` stand for each other without an end", self.rules[edge.rule].name));
        }
        match written {
            Written::Plain(text) => out.push_str(text),
            Written::Pieces(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => out.push_str(text),
                        Piece::Variable(name) => self.put(edge, name, quote, out, depth)?,
                    }
                }
            }
        }
        Ok(())
    }

    fn list(&self, nodes: &[u32], between: char, quote: bool, out: &mut String) {
        for (index, node) in nodes.iter().enumerate() {
            if index > 0 {
                out.push(between);
            }
            let path = &self.nodes[*node as usize].path;
            if quote { quoted(path, out) } else { out.push_str(path) }
        }
    }
}
