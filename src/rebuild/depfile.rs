//! Makefile syntax as compilers write it with `-MD`: `target: prerequisite…`, lines continued by a backslash.
//!
//! A backslash before a blank or `#` takes it as part of the name, and backslashes before that one are doubled if it is a blank; `$$` is a
//! dollar; any other backslash stands for itself. Targets without prerequisites (`-MP`) name nothing that was read.

/// Returns the prerequisites of all rules, in order, without repetitions. Comments, which `rustc` writes too, are left out.
///
/// # Errors
/// A sentence: which line is no rule.
pub fn parse(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut seen = rustc_hash::FxHashSet::default();
    let mut word: Vec<u8> = Vec::new();
    let mut behind_colon = false;
    let (mut at, mut line, mut targets) = (0, 1, false);
    let wrong = |line: usize, what: &str| Err(format!("line {line} {what}, where `target: file…` was expected"));
    let finish = |word: &mut Vec<u8>,
                  behind_colon: &mut bool,
                  found: &mut Vec<Vec<u8>>,
                  seen: &mut rustc_hash::FxHashSet<Vec<u8>>,
                  ends_rule: bool| {
        if !word.is_empty() {
            let text = std::mem::take(word);
            if *behind_colon {
                if seen.insert(text.clone()) {
                    found.push(text);
                }
            } else if text.ends_with(b":") {
                *behind_colon = true;
            }
        }
        if ends_rule {
            *behind_colon = false;
        }
    };
    while at < text.len() {
        let next = text.get(at + 1).copied();
        targets |= !behind_colon && !word.is_empty();
        match (text[at], next) {
            (0, _) => return wrong(line, "holds a zero byte"),
            (b'#', _) if word.is_empty() => {
                // Up to the end of the line, which ends a rule as any.
                at += memchr::memchr(b'\n', &text[at..]).unwrap_or(text.len() - at);
                continue;
            }
            (b'\\', Some(b'\n')) => {
                finish(&mut word, &mut behind_colon, &mut found, &mut seen, false);
                (at, line) = (at + 1, line + 1);
            }
            (b'\\', Some(b'\r')) if text.get(at + 2) == Some(&b'\n') => {
                finish(&mut word, &mut behind_colon, &mut found, &mut seen, false);
                (at, line) = (at + 2, line + 1);
            }
            (b'\\', Some(b'\\')) => {
                let run = text[at..].iter().take_while(|byte| **byte == b'\\').count();
                let (stay, used) = match text.get(at + run) {
                    Some(b' ' | b'\t') if run % 2 == 1 => ((run - 1) / 2, run - 1),
                    // The last one belongs to what follows.
                    Some(b'#' | b'\n' | b'\r') => (run - 1, run - 1),
                    _ => (run, run),
                };
                word.resize(word.len() + stay, b'\\');
                at += used - 1;
            }
            (b'\\', Some(escaped @ (b' ' | b'#' | b'\t'))) => {
                word.push(escaped);
                at += 1;
            }
            (b'$', Some(b'$')) => {
                word.push(b'$');
                at += 1;
            }
            (b'\n', _) => {
                let is_rule = behind_colon;
                finish(&mut word, &mut behind_colon, &mut found, &mut seen, true);
                if targets && !is_rule {
                    return wrong(line, "has no colon");
                }
                targets = false;
                line += 1;
            }
            (b' ' | b'\t' | b'\r', _) => finish(&mut word, &mut behind_colon, &mut found, &mut seen, false),
            (b':', Some(b' ' | b'\n' | b'\t' | b'\\' | b'\r') | None) if !behind_colon => {
                word.push(b':');
                finish(&mut word, &mut behind_colon, &mut found, &mut seen, false);
            }
            (byte, _) => word.push(byte),
        }
        at += 1;
    }
    targets |= !behind_colon && !word.is_empty();
    let is_rule = behind_colon;
    finish(&mut word, &mut behind_colon, &mut found, &mut seen, true);
    if targets && !is_rule { wrong(line, "has no colon") } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        parse(text.as_bytes()).unwrap().into_iter().map(|name| String::from_utf8(name).unwrap()).collect()
    }

    #[test]
    fn what_gcc_writes() {
        assert_eq!(names("a.o: a.c \\\n b.h c.h\n\nb.h:\n\nc.h:\n"), ["a.c", "b.h", "c.h"]);
        assert_eq!(names("a.o : a.c b\\ c.h $$x\n"), ["a.c", "b c.h", "$x"]);
        // `b\ c.h`, `d\\#.h`, `e\\`, `f\\x`.
        assert_eq!(
            names("a.o: b\\\\\\ c.h d\\\\\\#.h e\\\\ f\\\\x g\\\n h\\\ti\n"),
            ["b\\ c.h", "d\\\\#.h", "e\\\\", "f\\\\x", "g", "h\ti"]
        );
        assert_eq!(names("a.o b.o: x.c\nc.o: x.c y.c"), ["x.c", "y.c"]);
        assert_eq!(names("a.o: C:/x.h\r\n"), ["C:/x.h"]);
        assert_eq!(names(""), [] as [&str; 0]);
        assert_eq!(names("\n  \na.o:\\\n  x.c # of a.o\nb.o:"), ["x.c"]);
        assert_eq!(names("t/x: src/main.rs\n\nsrc/main.rs:\n\n# env-dep:CARGO_PKG_NAME=x\n"), ["src/main.rs"]);
    }

    #[test]
    fn what_is_no_rule_is_told() {
        let wrong = |text: &str| parse(text.as_bytes()).unwrap_err();
        assert_eq!(wrong("a.o: a.c \\\n b.h\nc.h d.h\n"), "line 3 has no colon, where `target: file…` was expected");
        assert_eq!(wrong("a.o"), "line 1 has no colon, where `target: file…` was expected");
        assert_eq!(wrong("a.o a.c \\\n b.h\n"), "line 2 has no colon, where `target: file…` was expected");
        assert_eq!(wrong("a.o: a\0c"), "line 1 holds a zero byte, where `target: file…` was expected");
    }
}
