//! Texts that are the same in every run: without times, ids and temporary paths.

use std::path::Path;

/// Returns the text with durations as `[time]`, run ids as `[run]` and the folders of the test as `[root]`, `[cache]` and `[base]`.
pub fn filtered(text: &str, base: &Path) -> String {
    let base = base.to_string_lossy();
    let text = text.replace(&format!("{base}/project"), "[root]").replace(&format!("{base}/cache"), "[cache]").replace(&*base, "[base]");
    runs(&times(&text))
}

/// Replaces `7 ms`, `2.4 s`, `3m05s` and `1h02m`.
fn times(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..start]);
        let behind = &rest[start..];
        let inside = out.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
        match time_length(behind).filter(|_| !inside) {
            Some(length) => {
                out.push_str("[time]");
                rest = &behind[length..];
            }
            None => {
                let digits = behind.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(behind.len()).max(1);
                out.push_str(&behind[..digits]);
                rest = &behind[digits..];
            }
        }
    }
    out + rest
}

fn time_length(text: &str) -> Option<usize> {
    let number = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let behind = &text[number..];
    let unit =
        [" ms", " s"].into_iter().find(|unit| behind.starts_with(unit) && !behind[unit.len()..].starts_with(|c: char| c.is_alphanumeric()));
    if let Some(unit) = unit {
        return Some(number + unit.len());
    }
    let two = |letter: char, last: char| {
        let mut chars = behind.chars();
        let shape =
            chars.next() == Some(letter) && chars.next()?.is_ascii_digit() && chars.next()?.is_ascii_digit() && chars.next() == Some(last);
        shape.then_some(number + 4)
    };
    two('m', 's').or_else(|| two('h', 'm'))
}

/// Replaces words of eight hexadecimal digits.
fn runs(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let end = |word: &mut String, out: &mut String| {
        let id = word.len() == 8 && word.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        out.push_str(if id { "[run]" } else { word });
        word.clear();
    };
    for c in text.chars() {
        if c.is_alphanumeric() {
            word.push(c);
        } else {
            end(&mut word, &mut out);
            out.push(c);
        }
    }
    end(&mut word, &mut out);
    out
}

#[test]
fn what_differs_between_runs_is_replaced() {
    let text = "done  a1  7 ms\nrun 0a1b2c3d took 2.4 s, 3m05s\n/t/x/project/a 12 tasks 5 steps v1.2 s\n";
    assert_eq!(filtered(text, Path::new("/t/x")), "done  a1  [time]\nrun [run] took [time], [time]\n[root]/a 12 tasks 5 steps v1.2 s\n");
}
