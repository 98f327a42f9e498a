//! Words, paths and numbers as HTML. Whatever came from outside passes through here.

use crate::report::chars;

/// Returns a text as HTML, on one line and with nothing in it that moves a cursor or turns the direction of what stands around it.
pub fn safe(text: &str) -> String {
    chars::html(&chars::escape(text))
}

/// Returns the lines of an output.
pub fn lines(output: &str) -> String {
    output.lines().map(|line| safe(&line.replace('\t', "    "))).collect::<Vec<_>>().join("\n")
}

/// Returns a path or address that may be broken behind its slashes.
pub fn path(path: &str) -> String {
    safe(path).replace('/', "/<wbr>")
}

/// Returns a number with its thousands apart.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a share of a whole in percent, for places and widths.
pub fn percent(part: u64, whole: u64) -> String {
    format!("{:.2}%", part as f64 * 100.0 / whole.max(1) as f64)
}

/// Returns a heading as the name of a place in the page.
pub fn slug(heading: &str) -> String {
    heading.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_themselves() {
        assert_eq!(safe("<b a=\"'\">&\n\u{202e}"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;\\n\\u{202e}");
        assert_eq!(lines("a\tb\n<c>\u{1b}[1m"), "a    b\n&lt;c&gt;\\u{1b}[1m");
        assert_eq!(path("a/<b"), "a/<wbr>&lt;b");
    }

    #[test]
    fn numbers() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((percent(1, 8), percent(0, 0)), ("12.50%".into(), "0.00%".into()));
        assert_eq!(slug("Where time went"), "where-time-went");
    }
}
