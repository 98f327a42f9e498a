//! Makefile syntax as compilers write it with `-MD`: `target: prerequisite…`, lines continued by a backslash.
//!
//! A backslash before a blank or `#` takes it as part of the name, `$$` is a dollar; any other backslash stands for itself. Targets
//! without prerequisites (`-MP`) name nothing that was read.

/// Returns the prerequisites of all rules, in order, without repetitions.
pub fn parse(text: &[u8]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut seen = rustc_hash::FxHashSet::default();
    let mut word: Vec<u8> = Vec::new();
    let mut behind_colon = false;
    let mut at = 0;
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
        match (text[at], next) {
            (b'\\', Some(b'\n')) => {
                finish(&mut word, &mut behind_colon, &mut found, &mut seen, false);
                at += 1;
            }
            (b'\\', Some(b'\r')) if text.get(at + 2) == Some(&b'\n') => {
                finish(&mut word, &mut behind_colon, &mut found, &mut seen, false);
                at += 2;
            }
            (b'\\', Some(escaped @ (b' ' | b'#' | b'\t'))) => {
                word.push(escaped);
                at += 1;
            }
            (b'$', Some(b'$')) => {
                word.push(b'$');
                at += 1;
            }
            (b'\n', _) => finish(&mut word, &mut behind_colon, &mut found, &mut seen, true),
            (b' ' | b'\t' | b'\r', _) => finish(&mut word, &mut behind_colon, &mut found, &mut seen, false),
            (b':', Some(b' ' | b'\n' | b'\t' | b'\\' | b'\r') | None) if !behind_colon => {
                word.push(b':');
                finish(&mut word, &mut behind_colon, &mut found, &mut seen, false);
            }
            (byte, _) => word.push(byte),
        }
        at += 1;
    }
    finish(&mut word, &mut behind_colon, &mut found, &mut seen, true);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        parse(text.as_bytes()).into_iter().map(|name| String::from_utf8(name).unwrap()).collect()
    }

    #[test]
    fn what_gcc_writes() {
        assert_eq!(names("a.o: a.c \\\n b.h c.h\n\nb.h:\n\nc.h:\n"), ["a.c", "b.h", "c.h"]);
        assert_eq!(names("a.o : a.c b\\ c.h $$x\n"), ["a.c", "b c.h", "$x"]);
        assert_eq!(names("a.o b.o: x.c\nc.o: x.c y.c"), ["x.c", "y.c"]);
        assert_eq!(names("a.o: C:/x.h\r\n"), ["C:/x.h"]);
        assert_eq!(names(""), [] as [&str; 0]);
    }
}
