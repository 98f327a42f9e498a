//! The text of a C# file as a compiler may see it: `#if` takes parts of it away, and no one parser reads all of them at once. A word that is
//! only sometimes one of the language's own does not look so where it is not.

use std::borrow::Cow;

/// How many texts are made of one file at most.
const MOST: usize = 4;

/// A line that begins with `#`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    If,
    Else,
    End,
    Other,
}

/// What an attribute may be about: `[method: Obsolete]`.
const TARGETS: [&str; 9] = ["assembly", "module", "field", "event", "method", "param", "property", "return", "type"];

/// Returns texts that together hold every branch of every `#if`, but for those under `#if false`. What is not in one of them is blanks
/// there, and so are the directives, so that all else keeps its place.
pub(in crate::facts) fn readings(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let directives: Vec<Option<(Directive, bool)>> = lines.iter().map(|line| directive(line)).collect();
    let most = most(&directives).filter(|_| directives.iter().any(Option::is_some));
    let Some(most) = most else { return vec![plain(text).into_owned()] };
    (0..most.min(MOST)).map(|which| plain(&reading(&lines, &directives, which)).into_owned()).collect()
}

/// Returns a text in which a list that begins with a name such as `type` does not look like an attribute with a target, of the same length:
/// the grammar takes `[type]` for the beginning of one wherever it stands.
fn plain(text: &str) -> Cow<'_, str> {
    let mut plain = Cow::Borrowed(text);
    for target in TARGETS {
        for (at, begin) in text.match_indices(&format!("[{target}")) {
            if text[at + begin.len()..].starts_with([']', ',']) {
                plain.to_mut().replace_range(at + 1..at + 2, "_");
            }
        }
    }
    plain
}

/// Returns what directive a line is, and whether its condition never holds.
fn directive(line: &str) -> Option<(Directive, bool)> {
    let rest = line.trim_start_matches('\u{feff}').trim_start().strip_prefix('#')?.trim();
    let (word, condition) = rest.split_once(|c: char| !c.is_ascii_alphabetic()).unwrap_or((rest, ""));
    let never = condition.split("//").next().unwrap_or("").trim() == "false";
    Some(match word {
        "if" => (Directive::If, never),
        "elif" => (Directive::Else, never),
        "else" => (Directive::Else, false),
        "endif" => (Directive::End, false),
        _ => (Directive::Other, false),
    })
}

/// Returns the most branches that a chain has; `None` if they do not end as they begin.
fn most(directives: &[Option<(Directive, bool)>]) -> Option<usize> {
    let (mut open, mut most) = (Vec::new(), 1);
    for (directive, _) in directives.iter().flatten() {
        match directive {
            Directive::If => open.push(1),
            Directive::Else => *open.last_mut()? += 1,
            Directive::End => most = most.max(open.pop()?),
            Directive::Other => {}
        }
    }
    open.is_empty().then_some(most)
}

/// Returns the text with the branch of that number of each chain, or its last one.
fn reading(lines: &[&str], directives: &[Option<(Directive, bool)>], which: usize) -> String {
    // Of each open chain: its branch now, how many there are, and whether the branch can hold.
    let mut open: Vec<(usize, usize, bool)> = Vec::new();
    let mut text = String::new();
    for (at, (line, directive)) in lines.iter().zip(directives).enumerate() {
        match directive {
            Some((Directive::If, never)) => open.push((0, branches(&directives[at + 1..]), !never)),
            Some((Directive::Else, never)) => {
                if let Some((branch, _, holds)) = open.last_mut() {
                    (*branch, *holds) = (*branch + 1, !never);
                }
            }
            Some((Directive::End, _)) => {
                open.pop();
            }
            Some((Directive::Other, _)) => {}
            None => {
                if open.iter().all(|(branch, all, holds)| *holds && *branch == which.min(all - 1)) {
                    text += line;
                    continue;
                }
            }
        }
        text.extend(line.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }));
    }
    text
}

/// Returns how many branches the chain has that was just begun.
fn branches(rest: &[Option<(Directive, bool)>]) -> usize {
    let (mut depth, mut count) = (0, 1);
    for (directive, _) in rest.iter().flatten() {
        match directive {
            Directive::If => depth += 1,
            Directive::Else if depth == 0 => count += 1,
            Directive::End if depth == 0 => break,
            Directive::End => depth -= 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::readings;

    #[test]
    fn every_branch_is_in_one_reading_and_keeps_its_place() {
        let text = "a\r\n#if X\nb\n  # elif Y // no\nc\n#if false\nd\n#endif\n#else\ne\n#endif\n#region R\nf\n";
        let read: Vec<Vec<(usize, String)>> = readings(text)
            .iter()
            .map(|text| {
                let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
                lines.map(|(at, line)| (at + 1, line.to_owned())).collect()
            })
            .collect();
        let line = |at: usize, text: &str| (at, text.to_owned());
        assert_eq!(
            read,
            [
                vec![line(1, "a"), line(3, "b"), line(13, "f")],
                vec![line(1, "a"), line(5, "c"), line(13, "f")],
                vec![line(1, "a"), line(10, "e"), line(13, "f")],
            ]
        );
        assert_eq!(readings("x\n#endif\n"), ["x\n#endif\n"]);
        assert_eq!(
            readings("f(x, [method]); [type: A] a[type] = [type, method];\n"),
            ["f(x, [_ethod]); [type: A] a[_ype] = [_ype, method];\n"]
        );
    }
}
