//! `dyndep` files: made by the build, they say what else edges read and make.

use std::borrow::Cow;

use super::error::Wrong;
use super::lexer::{Lexer, Token, Written};
use super::parsed::Parsed;
use super::path::canonical;

/// What a file says of the edge that makes `output`.
pub(super) struct Said<'t> {
    /// Where it says so, in bytes.
    at: usize,
    output: Cow<'t, str>,
    outputs: Vec<Cow<'t, str>>,
    inputs: Vec<Cow<'t, str>>,
    restat: bool,
}

/// Reads a dyndep file.
///
/// # Errors
/// The first mistake.
pub(super) fn read<'t>(text: &'t str, parsed: &Parsed<'t>) -> Result<Vec<Said<'t>>, Wrong> {
    let mut lexer = Lexer::new(text);
    let mut said = Vec::new();
    let mut versioned = false;
    loop {
        match lexer.token()? {
            Token::End if versioned => return Ok(said),
            Token::Newline => {}
            Token::Word("ninja_dyndep_version") if !versioned => {
                lexer.expect(Token::Equals, "write it as `ninja_dyndep_version = 1`")?;
                let version = parsed.scopes.fill(0, &[], &lexer.value()?);
                if version.split('.').next() != Some("1") {
                    return Err(Wrong::new(
                        lexer.last(),
                        format!("there is no version `{version}` of dyndep files"),
                        "orket reads version 1",
                    ));
                }
                versioned = true;
            }
            Token::Build if versioned => said.push(edge(&mut lexer, parsed)?),
            _ => {
                let help = "a dyndep file says `ninja_dyndep_version = 1`, then `build OUTPUT | …: dyndep | …`";
                return Err(Wrong::new(lexer.last(), "this is no line of a dyndep file", help));
            }
        }
    }
}

fn paths<'t>(lexer: &mut Lexer<'t>, parsed: &Parsed<'t>) -> Result<Vec<Cow<'t, str>>, Wrong> {
    let mut paths = Vec::new();
    loop {
        let path: Written<'t> = lexer.path()?;
        if path.is_empty() {
            return Ok(paths);
        }
        paths.push(canonical(parsed.scopes.fill(0, &[], &path)));
    }
}

fn edge<'t>(lexer: &mut Lexer<'t>, parsed: &Parsed<'t>) -> Result<Said<'t>, Wrong> {
    let at = lexer.last();
    let help = "write it as `build OUTPUT | MORE: dyndep | INPUTS`";
    let mut explicit = paths(lexer, parsed)?;
    let (Some(output), true) = (explicit.pop(), explicit.is_empty()) else {
        return Err(Wrong::new(at, "one output says which edge is meant", help));
    };
    let outputs = if lexer.take(Token::Pipe)? { paths(lexer, parsed)? } else { Vec::new() };
    lexer.expect(Token::Colon, help)?;
    lexer.expect(Token::Word("dyndep"), help)?;
    let inputs = if lexer.take(Token::Pipe)? { paths(lexer, parsed)? } else { Vec::new() };
    lexer.expect(Token::Newline, help)?;
    let mut restat = false;
    while lexer.take(Token::Indent)? {
        lexer.expect(Token::Word("restat"), "only `restat` can be set here")?;
        lexer.expect(Token::Equals, "write it as `restat = 1`")?;
        restat = !parsed.scopes.fill(0, &[], &lexer.value()?).is_empty();
    }
    Ok(Said { at, output, outputs, inputs, restat })
}

impl<'t> Parsed<'t> {
    /// Adds what a dyndep file, itself the node `file`, says to the edges that name it.
    ///
    /// # Errors
    /// The first edge that the file means wrongly.
    pub fn learn(&mut self, file: u32, said: Vec<Said<'t>>) -> Result<(), Wrong> {
        let mut told = rustc_hash::FxHashSet::default();
        for Said { at, output, outputs, inputs, restat } in said {
            let wrong = |message: String| Wrong::new(at, message, "the generator of this file and the ninja file do not agree");
            let edge = self.find(&output).and_then(|node| self.nodes[node as usize].maker);
            let named = edge.filter(|edge| self.edges[*edge as usize].dyndep == Some(file));
            let Some(edge) = named else {
                return Err(wrong(format!("no edge makes `{output}` and names this file as its `dyndep`")));
            };
            if !told.insert(edge) {
                return Err(wrong(format!("`{output}` is said twice")));
            }
            for path in outputs {
                let node = self.node(path);
                if self.nodes[node as usize].maker.replace(edge).is_some_and(|other| other != edge) {
                    return Err(wrong(format!("two edges make `{}`", self.nodes[node as usize].path)));
                }
                self.edges[edge as usize].outputs.push(node);
            }
            for path in inputs {
                let node = self.node(path);
                self.nodes[node as usize].used = true;
                let edge = &mut self.edges[edge as usize];
                let end = edge.inputs.len() - edge.order_only;
                edge.inputs.insert(end, node);
            }
            self.edges[edge as usize].restat |= restat;
        }
        let silent = (0..self.edges.len()).find(|edge| self.edges[*edge].dyndep == Some(file) && !told.contains(&(*edge as u32)));
        match silent {
            None => Ok(()),
            Some(edge) => {
                let output = &self.nodes[self.edges[edge].outputs[0] as usize].path;
                Err(Wrong::new(0, format!("it does not say what `{output}` reads"), "each edge with this `dyndep` needs a line"))
            }
        }
    }
}
