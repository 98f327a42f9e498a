//! Numbers beside words, as a sentence claims them: `197 passed`, `at least 3 files`, `12.5% done`, `3 to 7 items`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::base::Decimal;

/// A number that is claimed.
#[derive(Clone, PartialEq, Debug)]
pub struct Count {
    /// How it is written, as a person reads it: `at least 1,200 passed`.
    pub text: String,
    /// What it is of, as it is written; empty where the number stands alone, and is all that is printed.
    pub word: String,
    /// Whether it is a percentage.
    pub percent: bool,
    /// Which numbers are meant.
    pub bound: Bound,
    /// Further bounds that hold as well: `at least 3 and at most 8 items`.
    pub also: Vec<Bound>,
    /// Where the number stands, in bytes, without its bound.
    pub at: Range<usize>,
}

/// Which numbers are meant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Bound {
    /// This one.
    Exactly(Decimal),
    /// This one and larger ones.
    AtLeast(Decimal),
    /// This one and smaller ones.
    AtMost(Decimal),
    /// Larger ones.
    Above(Decimal),
    /// Smaller ones.
    Below(Decimal),
    /// From the one to the other, both included.
    Between(Decimal, Decimal),
}

impl Count {
    /// Whether a number is meant.
    pub fn holds(&self, number: Decimal) -> bool {
        self.bound.holds(number) && self.also.iter().all(|bound| bound.holds(number))
    }
}

impl Bound {
    /// Whether a number is meant.
    pub fn holds(&self, number: Decimal) -> bool {
        match *self {
            Bound::Exactly(claimed) => number == claimed,
            Bound::AtLeast(least) => number >= least,
            Bound::AtMost(most) => number <= most,
            Bound::Above(edge) => number > edge,
            Bound::Below(edge) => number < edge,
            Bound::Between(least, most) => (least..=most).contains(&number),
        }
    }
}

/// A number as people write it: a sign, digits in groups, a fraction.
pub(super) const NUMBER: &str = r"[-\u{2212}]?\d(?:\d|_\d|[,'\u{2019}\u{a0}\u{202f}\u{2009}]\d{3})*(?:\.\d+)?";

/// Units of time: how long something took is never the same again.
const TIMES: [&str; 17] = [
    "s",
    "ms",
    "us",
    "\u{b5}s",
    "ns",
    "min",
    "mins",
    "h",
    "sec",
    "secs",
    "second",
    "seconds",
    "minute",
    "minutes",
    "hour",
    "hours",
    "milliseconds",
];

/// What bounds a number that stands behind it; between its words stands any white space, as in a paragraph that is wrapped.
static BOUND: LazyLock<String> = LazyLock::new(|| {
    let words = "at least|(?:no|not) less than|(?:no|not) fewer than|not under|not below|min(?:imum)?(?: of)?|at most|(?:no|not) more than|not over|not above|\
        up to|max(?:imum)?(?: of)?|more than|over|above|less than|fewer than|under|below|between";
    format!(r"\b(?:{})\b|>=|<=|>|<|\u{{2265}}|\u{{2264}}", words.replace(' ', r"\s+"))
});

/// What joins a bound to a further one about the same thing: `at least 3 and at most 8 items`, `>= 3, <= 8 items`.
static JOINED: LazyLock<Regex> = LazyLock::new(|| {
    let join = r"^(?:\s*,)?(?:\s*\b(?P<join>and|but|or)\b)?\s*";
    Regex::new(&format!("(?i){join}(?P<bound>{})\\s*{NUMBER}", *BOUND)).expect("it is right")
});

/// What stands between a count and a further bound of the same word: `at least 3 items and at most 8`.
static JOINT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)^(?:\s*,)?(?:\s*\b(?:and|but)\b)?\s*$").expect("it is right"));

static COUNT: LazyLock<Regex> = LazyLock::new(|| {
    let bound = format!(r"(?:(?P<bound>{})\s*)?", *BOUND);
    let range = format!(r"(?:(?:\s*%)?(?:\s*(?:\.\.|[-\u{{2013}}])\s*|\s+(?P<join>to|and|or)\s+)(?P<high>{NUMBER}))?");
    let rest = r"(?P<plus>\+)?(?:\s*(?P<percent>%))?(?:\s+or\s+(?P<tail>more|fewer|less))?\s*(?P<word>\p{Alphabetic}[\p{Alphabetic}_-]*)?(?:\s+or\s+(?P<end>more|fewer|less)\b)?";
    Regex::new(&format!("(?i){bound}(?P<low>{NUMBER}){range}{rest}")).expect("it is right")
});

/// What stands before the whole that something is a part of: `3 of 5 items`.
static PART_OF: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\d\s+(?:out\s+)?of\s+(?:the\s+)?$").expect("it is right"));

/// What stands between thousands.
const BETWEEN: [char; 7] = [',', '_', '\'', '\u{2019}', '\u{a0}', '\u{202f}', '\u{2009}'];

/// Returns a number as people write it: `1,234`, `1_234` and `1'234`, too.
pub fn parsed(text: &str) -> Option<Decimal> {
    Decimal::parse(&text.replace(BETWEEN, "").replace('\u{2212}', "-"))
}

/// Returns a number as it is written in the place of another one: between its thousands stands what stands between those of the other.
pub(super) fn written_like(other: &str, number: Decimal) -> String {
    let plain = number.to_string();
    let Some(between) = other.chars().find(|c| BETWEEN.contains(c)) else { return plain };
    let whole = plain.find('.').unwrap_or(plain.len());
    let mut text = String::new();
    for (at, c) in plain.char_indices() {
        if at < whole && (whole - at).is_multiple_of(3) && text.ends_with(|c: char| c.is_ascii_digit()) {
            text.push(between);
        }
        text.push(c);
    }
    text
}

/// Returns the numbers that a sentence claims, each with where it stands in the sentence.
///
/// A number counts if a blank, an opening bracket or `~` stands before it, or nothing, and right behind it stands a word or `%`. So the parts
/// of a date, a version, `3/5` or `3 of 5` do not, nor does how long something took, unless that is bounded. A number that is all that is said counts
/// without a word. Of several bounds that are joined, the last or the first has the word.
pub fn counts(sentence: &str) -> Vec<Count> {
    let (mut found, mut from): (Vec<Count>, usize) = (Vec::new(), 0);
    let mut open: Option<Open> = None;
    let mut ended = None;
    while let Some(captures) = COUNT.captures_at(sentence, from) {
        let whole = captures.get(0).map_or(0..0, |whole| whole.range());
        let number = captures.name("high").or(captures.name("low")).map_or(0, |number| number.end());
        let before = open.take();
        let last = found.last().filter(|_| ended.is_some_and(|end| JOINT.is_match(&sentence[end..whole.start])));
        match count(sentence, &captures, before, last) {
            Some(Said::Whole(count)) => {
                found.push(count);
                from = whole.end;
                ended = Some(from);
            }
            Some(Said::Open(more)) => {
                from = more.next;
                open = Some(more);
                ended = None;
            }
            // The rest of what looked like a number is none either, nor is a bound that is denied with it, or joined to it by `or`.
            None => {
                let alternative = |join: regex::Match<'_>| join.as_str().eq_ignore_ascii_case("or");
                let together =
                    |joined: &regex::Captures<'_>| denied(&sentence[..whole.start]) || joined.name("join").is_some_and(alternative);
                let joined = JOINED.captures(&sentence[number..]).filter(together).and_then(|joined| Some(joined.get(0)?.end()));
                let number = number + joined.unwrap_or(0);
                from = sentence[number..].find(|c: char| c.is_whitespace() || c == '(').map_or(sentence.len(), |more| number + more);
            }
        }
    }
    found
}

/// Whether the last word of a text denies what follows.
pub(super) fn denied(ahead: &str) -> bool {
    let word = ahead.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    matches!(&*word, "not" | "no" | "never" | "without" | "none") || word.ends_with("n't")
}

/// What a number that a sentence names is.
enum Said {
    Whole(Count),
    Open(Open),
}

/// Bounds whose word stands behind a further one.
struct Open {
    bounds: Vec<Bound>,
    /// Where the first of them begins, and where the further one does, in bytes.
    start: usize,
    next: usize,
}

/// Reads a number. `before`: the bounds that are joined to it; `beside`: the count behind which it stands, joined to that.
fn count(sentence: &str, captures: &regex::Captures<'_>, before: Option<Open>, beside: Option<&Count>) -> Option<Said> {
    let part = |name: &str| captures.name(name).map(|part| part.as_str());
    let (whole, low, high) = (captures.get(0)?, captures.name("low")?, captures.name("high"));
    let before = before.filter(|open| open.next == whole.start());
    let start = before.as_ref().map_or(whole.start(), |open| open.start);
    let ahead = &sentence[..start];
    if ahead.ends_with(|c: char| !(c.is_whitespace() || matches!(c, '(' | '~' | '\u{2248}'))) {
        return None;
    }
    // `1 000`
    if denied(ahead) || PART_OF.is_match(ahead) || ahead.trim_end().ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (percent, word) = (part("percent").is_some(), part("word").unwrap_or_default());
    let behind = &sentence[whole.end()..];
    let number = high.unwrap_or(low);
    let next = behind.chars().next();
    // `1.2.3`, `2026-01-31`, `12:30`, `3/5`, `5x86`.
    let goes_on = matches!(next, Some('.' | ',' | '-' | ':' | '/' | '_')) && behind[1..].starts_with(|c: char| c.is_ascii_digit());
    if goes_on || next.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let bound = part("bound").map(str::to_lowercase);
    let (first, last) = (parsed(low.as_str())?, high.map(|high| parsed(high.as_str())).unwrap_or_default());
    let bound = match (bound.as_deref(), last, part("join").map(str::to_lowercase).as_deref()) {
        (Some("between"), Some(last), _) | (None, Some(last), None | Some("to")) if first <= last => Bound::Between(first, last),
        (_, Some(_), _) | (Some("between"), ..) => return None,
        (None, None, _) => match part("tail").or(part("end")).map(str::to_lowercase).as_deref() {
            Some("more") => Bound::AtLeast(first),
            Some(_) => Bound::AtMost(first),
            None if part("plus").is_some() => Bound::AtLeast(first),
            None => Bound::Exactly(first),
        },
        (Some(bound), ..) => match bound.split_whitespace().next_back().unwrap_or(bound) {
            _ if bound.starts_with("no") => match bound.contains("more") || bound.contains("over") || bound.contains("above") {
                true => Bound::AtMost(first),
                false => Bound::AtLeast(first),
            },
            _ if bound.starts_with("max") => Bound::AtMost(first),
            _ if bound.starts_with("min") => Bound::AtLeast(first),
            "least" | ">=" | "\u{2265}" => Bound::AtLeast(first),
            "most" | "to" | "<=" | "\u{2264}" => Bound::AtMost(first),
            "over" | "above" | ">" => Bound::Above(first),
            "than" if bound.starts_with("more") => Bound::Above(first),
            _ => Bound::Below(first),
        },
    };
    let exact = matches!(bound, Bound::Exactly(_));
    let mut bounds = before.map_or_else(Vec::new, |open| open.bounds);
    let said =
        ["plus", "percent", "tail"].iter().filter_map(|name| captures.name(name)).map(|part| part.end()).fold(number.end(), usize::max);
    let joined = JOINED.captures(&sentence[said..]).filter(|_| !exact);
    if let Some((joined, next)) = joined.as_ref().and_then(|joined| Some((joined, joined.name("bound")?))) {
        if joined.name("join").is_some_and(|join| join.as_str().eq_ignore_ascii_case("or")) {
            return None;
        }
        bounds.push(bound);
        return Some(Said::Open(Open { bounds, start, next: said + next.start() }));
    }
    let ends = behind.trim_start().chars().next().is_none_or(|next| matches!(next, '.' | ',' | ';' | ')'));
    let lone = word.is_empty() && ahead.trim().is_empty() && behind.trim().trim_end_matches(['.', ';', ',']).is_empty();
    let beside = beside.filter(|beside| word.is_empty() && !exact && ends && percent == beside.percent);
    let word = match (word, percent) {
        ("", _) if beside.is_some() => beside.map_or("", |beside| &*beside.word),
        ("", true) => "coverage",
        ("", false) if !lone => return None,
        ("and" | "or" | "to" | "but", _) | ("of", false) => return None,
        ("out", _) if behind.trim_start().strip_prefix("of").is_some_and(|rest| rest.starts_with(char::is_whitespace)) => return None,
        (word, _) if exact && TIMES.contains(&word) => return None,
        (word, _) => word,
    };
    Some(Said::Whole(Count {
        text: sentence[start..whole.end()].split_whitespace().collect::<Vec<_>>().join(" "),
        word: word.to_owned(),
        percent,
        bound,
        also: bounds,
        at: low.start()..number.end(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(sentence: &str) -> String {
        let one = |count: &Count| {
            let percent = if count.percent { "%" } else { "" };
            let bounds: Vec<String> = count.also.iter().chain([&count.bound]).map(|bound| format!("{bound:?}")).collect();
            format!("{}{percent} {}", bounds.join(" & "), count.word).trim_end().to_owned()
        };
        counts(sentence).iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_is_a_number_beside_a_word() {
        for (sentence, expected) in [
            (" 197 passed, 2 errors.", "Exactly(197) passed, Exactly(2) errors"),
            (" 12.5% done", "Exactly(12.5)% done"),
            (" 12.5 % done", "Exactly(12.5)% done"),
            (" 87%", "Exactly(87)% coverage"),
            (" 87% of statements", "Exactly(87)% of"),
            (" -3 degrees", "Exactly(-3) degrees"),
            (" \u{2212}3.5 degrees", "Exactly(-3.5) degrees"),
            (" 1,234 files and 1_000_000 lines", "Exactly(1234) files, Exactly(1000000) lines"),
            (" 1.2 MB", "Exactly(1.2) MB"),
            (" 1.2MB", "Exactly(1.2) MB"),
            (" 3-7 items", "Between(3, 7) items"),
            (" 3 \u{2013} 7 items", "Between(3, 7) items"),
            (" 3..7 items", "Between(3, 7) items"),
            (" 3 to 7 items", "Between(3, 7) items"),
            (" between 3 and 7% done", "Between(3, 7)% done"),
            (" 80% to 90% covered", "Between(80, 90)% covered"),
            (" -3 to -1 degrees", "Between(-3, -1) degrees"),
            (" At least 1,200 passed", "AtLeast(1200) passed"),
            (" >= 3 items, <5 errors", "AtLeast(3) items, Below(5) errors"),
            (" up to 3 items, over 90% covered", "AtMost(3) items, Above(90)% covered"),
            (" 200+ tests", "AtLeast(200) tests"),
            (" ~5 items (about 3 files)", "Exactly(5) items, Exactly(3) files"),
            (" 197 passed in 3.21s", "Exactly(197) passed"),
            (" less than 5 seconds", "Below(5) seconds"),
            (" not more than 3 items, no less than 4 files", "AtMost(3) items, AtLeast(4) files"),
            (" max 3 items, minimum of 4 files", "AtMost(3) items, AtLeast(4) files"),
            (" below 3 items, above 4 files", "Below(3) items, Above(4) files"),
            (" 3 or more items, 4 files or fewer", "AtLeast(3) items, AtMost(4) files"),
            (" 1'234 files, 1\u{202f}000 lines", "Exactly(1234) files, Exactly(1000) lines"),
            (" 5 items,\n6 cows", "Exactly(5) items, Exactly(6) cows"),
            (" discover 12 tests, cover 90% of lines", "Exactly(12) tests, Exactly(90)% of"),
            (" 42", "Exactly(42)"),
            (" at most 42.", "AtMost(42)"),
            (" at least 3 and at most 8 items", "AtLeast(3) & AtMost(8) items"),
            (" More than 3 and fewer than 9 items", "Above(3) & Below(9) items"),
            (" >= 3, <= 8 items", "AtLeast(3) & AtMost(8) items"),
            (" >= 3 and <= 8 items", "AtLeast(3) & AtMost(8) items"),
            (" >=3,<=8 items, 5 cows", "AtLeast(3) & AtMost(8) items, Exactly(5) cows"),
            (" at least 3 but fewer than 9 items", "AtLeast(3) & Below(9) items"),
            (" 3 or more but at most 8 items", "AtLeast(3) & AtMost(8) items"),
            (" 3+, at most 8 items", "AtLeast(3) & AtMost(8) items"),
            (" at least 3% and at most 8% done", "AtLeast(3) & AtMost(8)% done"),
            (" at least 3, at most 8 and over 4 items", "AtLeast(3) & AtMost(8) & Above(4) items"),
            (" at least 3 items and at most 8", "AtLeast(3) items, AtMost(8) items"),
            (" at least 3 items, at most 8 errors", "AtLeast(3) items, AtMost(8) errors"),
            (" at least 3 and at most 8", "AtLeast(3) & AtMost(8)"),
            (" fewer\nthan 12 items", "Below(12) items"),
            (" at\nleast 5 items", "AtLeast(5) items"),
            (" up\nto 12 items", "AtMost(12) items"),
            (" at  least 5 items", "AtLeast(5) items"),
            (" up\u{a0}to 12 items", "AtMost(12) items"),
            (" no\nmore than 12 items", "AtMost(12) items"),
            (" 3 \u{e9}l\u{e9}ments", "Exactly(3) \u{e9}l\u{e9}ments"),
        ] {
            assert_eq!(short(sentence), expected, "{sentence}");
        }
    }

    #[test]
    fn what_is_none() {
        for sentence in [
            "",
            " all green",
            " 2026-01-31 evening",
            " v3 items",
            " 1.2.3 items",
            " 3/5 passed",
            " 6 of 6 items",
            " 3 out of the 5 items",
            " 3 of them",
            " 12:30 h",
            " 5x86 items",
            " utf-8 files",
            " 3 and",
            " 3 or 4 items",
            " 3 and 7 items",
            " 7 to 3 items",
            " 42 (was 41)",
            " $3 items",
            " 1,2,3 items",
            " between 3 items",
            " 3.2 s",
            " 1 000 files",
            " not 3 items",
            " never more than 3 items",
            " there aren't 3 items",
            " at least 3 or at most 8 items",
            " not at least 3 and at most 8 items",
            " 3 but not 8 items",
        ] {
            assert_eq!(short(sentence), "", "{sentence}");
        }
    }

    #[test]
    fn thousands_are_parted_as_before() {
        let written = |other: &str, number: &str| written_like(other, Decimal::parse(number).unwrap());
        assert_eq!(written("1,000", "1234567.891"), "1,234,567.891");
        assert_eq!(written("1\u{202f}000", "-123456"), "-123\u{202f}456");
        assert_eq!([written("1,000", "999"), written("999", "1234")], ["999", "1234"]);
    }

    #[test]
    fn what_a_bound_holds() {
        let holds = |bound: Bound| [2, 3, 4].map(|number| bound.holds(number.into()));
        assert_eq!(holds(Bound::Exactly(3.into())), [false, true, false]);
        assert_eq!(holds(Bound::AtLeast(3.into())), [false, true, true]);
        assert_eq!(holds(Bound::AtMost(3.into())), [true, true, false]);
        assert_eq!(holds(Bound::Above(3.into())), [false, false, true]);
        assert_eq!(holds(Bound::Below(3.into())), [true, false, false]);
        assert_eq!(holds(Bound::Between(3.into(), 4.into())), [false, true, true]);
    }
}
