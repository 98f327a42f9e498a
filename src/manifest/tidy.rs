//! `orket fmt`: lines indented by their depth. Nothing that was written is lost: words, quotes, alignment and comments stay as they are.
//!
//! The `kdl` crate's own formatter drops comments behind a node and takes quotes off, so it is not used.

use std::sync::Arc;

use super::node::Node;
use super::problems::Problems;
use super::read;
use super::text::{comment, quoted};

const INDENT: &str = "    ";

/// Returns the text in the usual form: four spaces a level, no blanks at the ends of lines, at most one empty line in a row, one line
/// break at the end; line breaks are those of the first line, LF or CRLF. Texts and comments of several lines are left alone. Tidying
/// twice changes nothing more.
///
/// # Errors
/// When the text cannot be read.
pub fn tidy(text: &str, file: &str) -> Result<String, Problems> {
    let name: Arc<str> = file.into();
    let before = nodes(&name, text)?;
    let tidied = lines(text);
    // The text of a manifest matters more than its looks: whatever would read differently is left as it was.
    let same = nodes(&name, &tidied)
        .is_ok_and(|after| after.len() == before.len() && after.iter().zip(&before).all(|(one, other)| alike(one, other)));
    Ok(if same { tidied } else { text.to_owned() })
}

fn nodes(name: &Arc<str>, text: &str) -> Result<Vec<Node>, Problems> {
    read::read(name, text.as_bytes()).map_err(|found| {
        let mut problems = Problems::new(vec![(name.clone(), text)]);
        found.into_iter().for_each(|problem| problems.push(problem));
        problems
    })
}

/// Whether two nodes say the same, wherever they stand.
fn alike(one: &Node, other: &Node) -> bool {
    one.name == other.name
        && one.args.iter().map(|(value, _)| value).eq(other.args.iter().map(|(value, _)| value))
        && one.props.iter().map(|(name, value, _)| (name, value)).eq(other.props.iter().map(|(name, value, _)| (name, value)))
        && one.children.len() == other.children.len()
        && one.children.iter().zip(&other.children).all(|(one, other)| alike(one, other))
}

fn lines(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let newline = if text.lines().next().is_some_and(|line| text[line.len()..].starts_with("\r\n")) { "\r\n" } else { "\n" };
    let (mut depth, mut at, mut start) = (0usize, 0, 0);
    let (mut goes_on, mut empty) = (false, true);
    while start < bytes.len() {
        // One line, or several where a text or comment crosses line breaks: up to a line break that belongs to none.
        let mut least = depth;
        while at < bytes.len() && bytes[at] != b'\n' {
            at = match (bytes[at], bytes.get(at + 1)) {
                (b'/', Some(b'/')) => at + bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at),
                (b'/', Some(b'*')) => comment(text, at).unwrap_or(at + 2),
                (b'"' | b'#', _) => {
                    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
                    let end = if bytes.get(at + hashes) == Some(&b'"') { quoted(text, at, hashes).ok() } else { None };
                    end.unwrap_or(at + hashes.max(1))
                }
                (b'{', _) => {
                    depth += 1;
                    at + 1
                }
                (b'}', _) => {
                    depth = depth.saturating_sub(1);
                    if text[start..at].trim().is_empty() {
                        least = depth;
                    }
                    at + 1
                }
                _ => at + 1,
            };
        }
        let line = text[start..at].trim();
        if line.is_empty() {
            if !empty {
                out.push_str(newline);
            }
            empty = true;
        } else {
            out.push_str(&INDENT.repeat(least + usize::from(goes_on)));
            out.push_str(line);
            out.push_str(newline);
            empty = false;
        }
        goes_on = !line.contains('\n') && line.ends_with('\\');
        at += 1;
        start = at;
    }
    out.truncate(out.trim_end_matches(['\r', '\n']).len());
    out.push_str(newline);
    out
}
