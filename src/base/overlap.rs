//! Whether two patterns can mean the same file: each becomes a small automaton, and a way through both is looked for.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

/// How many steps one comparison may take. Patterns that people write need some hundred.
const MOST: usize = 20_000;

/// What a pattern means, made ready for comparing.
#[derive(Clone, Debug)]
pub struct Shape {
    prefix: String,
    suffix: String,
    states: Vec<State>,
    end: usize,
}

#[derive(Clone, Debug, Default)]
struct State {
    free: Vec<usize>,
    on: Vec<(Chars, usize)>,
}

#[derive(Clone, Debug)]
enum Chars {
    One(char),
    /// All but the slash.
    Part,
    All,
    Class(Vec<(char, char)>, bool),
}

impl Chars {
    fn have(&self, c: char) -> bool {
        match self {
            Chars::One(one) => *one == c,
            Chars::Part => c != '/',
            Chars::All => true,
            Chars::Class(ranges, negated) => c != '/' && ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated,
        }
    }
}

impl Shape {
    /// The file of this name.
    pub fn name(name: &str) -> Shape {
        let mut shape = Shape::empty();
        shape.prefix = name.to_owned();
        shape.suffix = name.to_owned();
        name.chars().for_each(|c| shape.one(Chars::One(c)));
        shape
    }

    /// All files below the folder of this name.
    pub fn below(folder: &str) -> Shape {
        let mut shape = Shape::name(folder);
        shape.prefix.push('/');
        shape.suffix.clear();
        shape.one(Chars::One('/'));
        shape.some(Chars::All);
        shape
    }

    /// The file of this name, or all files below a folder of this name.
    pub fn name_or_below(name: &str) -> Shape {
        let mut shape = Shape::name(name);
        shape.suffix.clear();
        let named = shape.end;
        shape.one(Chars::One('/'));
        shape.some(Chars::All);
        // The last state is one that nothing leads on from: else the name could be followed by anything.
        let (below, end) = (shape.end, shape.state());
        shape.states[below].free.push(end);
        shape.states[named].free.push(end);
        shape.end = end;
        shape
    }

    /// What a glob means, as [`Glob`](super::glob::Glob) matches.
    pub fn glob(text: &str) -> Shape {
        let mut shape = Shape::empty();
        shape.prefix = prefix(text);
        shape.suffix = suffix(text).to_owned();
        let characters: Vec<char> = text.chars().collect();
        let mut at = 0;
        while at < characters.len() {
            shape.sequence(&characters, &mut at, 0);
            // A brace or comma that belongs to none.
            if let Some(c) = characters.get(at) {
                shape.one(Chars::One(*c));
                at += 1;
            }
        }
        shape
    }

    fn empty() -> Shape {
        Shape { prefix: String::new(), suffix: String::new(), states: vec![State::default()], end: 0 }
    }

    fn state(&mut self) -> usize {
        self.states.push(State::default());
        self.states.len() - 1
    }

    fn one(&mut self, chars: Chars) {
        let next = self.state();
        self.states[self.end].on.push((chars, next));
        self.end = next;
    }

    /// Any number of these.
    fn any(&mut self, chars: Chars) {
        let next = self.state();
        self.states[self.end].free.push(next);
        self.states[next].on.push((chars, next));
        self.end = next;
    }

    /// One or more of these.
    fn some(&mut self, chars: Chars) {
        self.one(chars.clone());
        self.any(chars);
    }

    fn sequence(&mut self, text: &[char], at: &mut usize, depth: usize) {
        let mut before = '/';
        while let Some(c) = text.get(*at).copied() {
            *at += 1;
            match c {
                '\\' => {
                    self.one(Chars::One(text.get(*at).copied().unwrap_or('\\')));
                    *at += 1;
                }
                '?' => self.one(Chars::Part),
                '*' => {
                    let twice = text.get(*at) == Some(&'*');
                    *at += usize::from(twice);
                    match text.get(*at) {
                        Some('/') if twice && before == '/' => {
                            *at += 1;
                            let start = self.end;
                            self.any(Chars::All);
                            self.one(Chars::One('/'));
                            self.states[start].free.push(self.end);
                            before = '/';
                            continue;
                        }
                        None | Some(',' | '}') if twice && before == '/' => self.some(Chars::All),
                        _ => self.any(Chars::Part),
                    }
                }
                '[' => {
                    let class = class(text, at);
                    self.one(class);
                }
                '{' => self.either(text, at, depth + 1),
                ',' | '}' if depth > 0 => {
                    *at -= 1;
                    return;
                }
                c => self.one(Chars::One(c)),
            }
            before = c;
        }
    }

    fn either(&mut self, text: &[char], at: &mut usize, depth: usize) {
        let (start, mut ends) = (self.end, Vec::new());
        loop {
            let first = self.state();
            self.states[start].free.push(first);
            self.end = first;
            self.sequence(text, at, depth);
            ends.push(self.end);
            let more = text.get(*at) == Some(&',');
            *at += 1;
            if !more {
                break;
            }
        }
        self.end = self.state();
        ends.into_iter().for_each(|end| self.states[end].free.push(self.end));
    }

    fn closed(&self, mut open: Vec<usize>) -> Vec<usize> {
        let mut all = Vec::new();
        while let Some(state) = open.pop() {
            if !all.contains(&state) {
                all.push(state);
                open.extend(&self.states[state].free);
            }
        }
        all.sort_unstable();
        all
    }

    fn step(&self, from: &[usize], c: char) -> Vec<usize> {
        let on = from.iter().flat_map(|state| &self.states[*state].on);
        self.closed(on.filter(|(chars, _)| chars.have(c)).map(|(_, next)| *next).collect())
    }

    /// Returns the few characters that can come next, if they are few.
    fn letters_next(&self, from: &[usize]) -> Option<Vec<char>> {
        let next = from.iter().flat_map(|state| &self.states[*state].on).map(|(chars, _)| match chars {
            Chars::One(c) => Some(*c),
            _ => None,
        });
        next.collect()
    }
}

/// A class of characters; `at` stands behind its bracket.
fn class(text: &[char], at: &mut usize) -> Chars {
    let negated = matches!(text.get(*at), Some('!' | '^'));
    *at += usize::from(negated);
    let mut ranges = Vec::new();
    let first = *at;
    while let Some(low) = text.get(*at).copied() {
        *at += 1;
        match (low, text.get(*at), text.get(*at + 1)) {
            (']', ..) if *at - 1 > first => break,
            (_, Some('-'), Some(high)) if *high != ']' => {
                ranges.push((low, *high));
                *at += 2;
            }
            _ => ranges.push((low, low)),
        }
    }
    Chars::Class(ranges, negated)
}

fn prefix(text: &str) -> String {
    let mut prefix = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '*' | '?' | '[' | '{' => break,
            '\\' => prefix.push(characters.next().unwrap_or('\\')),
            c => prefix.push(c),
        }
    }
    prefix
}

fn suffix(text: &str) -> &str {
    let behind = match text.rfind(['*', '?', ']', '}', '\\']) {
        Some(last) if text[last..].starts_with('\\') => text[last + 1..].chars().next().map_or("", |c| &text[last + 1 + c.len_utf8()..]),
        Some(last) => &text[last + 1..],
        None => text,
    };
    // `**/x` is also `x`.
    behind.strip_prefix('/').unwrap_or(behind)
}

/// Returns what all names that a glob means begin and end with.
pub fn ends(glob: &str) -> (String, String) {
    (prefix(glob), suffix(glob).to_owned())
}

/// Whether names can begin and end as both say: quick, and no proof that they meet.
pub fn compatible(one: (&str, &str), other: (&str, &str)) -> bool {
    (one.0.starts_with(other.0) || other.0.starts_with(one.0)) && (one.1.ends_with(other.1) || other.1.ends_with(one.1))
}

/// Returns a short name that both mean and none of `without`; `None` if there is none, or none was found in a reasonable time.
pub fn common(one: &Shape, other: &Shape, without: &[&Shape]) -> Option<String> {
    if !compatible((&one.prefix, &one.suffix), (&other.prefix, &other.suffix)) {
        return None;
    }
    let name = shortest(one, other, without)?;
    if name.starts_with('.') || name.contains("/.") {
        // `x/a.o` says more than `x/.o`.
        let hidden = Shape::glob("**/.*");
        let without: Vec<&Shape> = without.iter().copied().chain([&hidden]).collect();
        return Some(shortest(one, other, &without).unwrap_or(name));
    }
    Some(name)
}

fn shortest(one: &Shape, other: &Shape, without: &[&Shape]) -> Option<String> {
    let shapes: Vec<&Shape> = [one, other].into_iter().chain(without.iter().copied()).collect();
    let letters = letters(&shapes);
    let start: Vec<Vec<usize>> = shapes.iter().map(|shape| shape.closed(vec![0])).collect();
    let mut seen = FxHashSet::from_iter([start.clone()]);
    let mut queue = VecDeque::from([(start, String::new())]);
    let mut steps = 0;
    while let Some((at, name)) = queue.pop_front() {
        let ends = |index: usize| at[index].contains(&shapes[index].end);
        if ends(0) && ends(1) && !(2..shapes.len()).any(ends) {
            return Some(name);
        }
        let next = [one, other].iter().zip(&at).find_map(|(shape, at)| shape.letters_next(at));
        for c in next.as_ref().unwrap_or(&letters) {
            steps += 1;
            if steps > MOST {
                return None;
            }
            // No name holds an empty part.
            if *c == '/' && (name.is_empty() || name.ends_with('/')) {
                continue;
            }
            let (first, second) = (one.step(&at[0], *c), other.step(&at[1], *c));
            if first.is_empty() || second.is_empty() {
                continue;
            }
            let rest = (2..shapes.len()).map(|index| shapes[index].step(&at[index], *c));
            let next: Vec<Vec<usize>> = [first, second].into_iter().chain(rest).collect();
            if seen.insert(next.clone()) {
                queue.push_back((next, format!("{name}{c}")));
            }
        }
    }
    None
}

/// Returns characters that stand for all: those that the shapes name, and one that none of them names.
fn letters(shapes: &[&Shape]) -> Vec<char> {
    let mut named = vec!['/'];
    for (chars, _) in shapes.iter().flat_map(|shape| &shape.states).flat_map(|state| &state.on) {
        match chars {
            Chars::One(c) => named.push(*c),
            Chars::Class(ranges, _) => {
                for (low, high) in ranges {
                    let beside = [char::from_u32((*low as u32).wrapping_sub(1)), char::from_u32(*high as u32 + 1)];
                    named.extend([*low, *high].into_iter().chain(beside.into_iter().flatten()));
                }
            }
            Chars::Part | Chars::All => {}
        }
    }
    let spare = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain('\u{100}'..'\u{2000}').find(|c| !named.contains(c));
    named.sort_unstable();
    named.dedup();
    spare.into_iter().chain(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{RelPath, glob::Glob};

    fn met(one: &str, other: &str) -> Option<String> {
        let (forth, back) = (common(&Shape::glob(one), &Shape::glob(other), &[]), common(&Shape::glob(other), &Shape::glob(one), &[]));
        assert_eq!(forth.is_some(), back.is_some(), "{one} and {other}");
        for name in forth.iter().chain(&back) {
            for pattern in [one, other] {
                assert!(Glob::new(pattern).unwrap().matches(&RelPath::parse(name).unwrap()), "{pattern} is not {name}");
            }
        }
        forth
    }

    #[test]
    fn what_can_meet_meets_in_a_name_that_both_match() {
        for (one, other) in [
            ("x/*", "x/b"),
            ("x/*", "x/*.o"),
            ("x/**", "x/a/b/*.o"),
            ("**/*.o", "x/b.o"),
            ("**/x", "x"),
            ("a/**/b", "a/b"),
            ("x/{a,b}*", "x/*b"),
            ("x/[a-c].o", "x/[!ab].o"),
            ("x/?", "x/\\*"),
            ("{,x/}*.c", "x/a.c"),
            ("**", "a"),
            ("a*b*c", "*abc"),
        ] {
            assert!(met(one, other).is_some(), "{one} and {other}");
        }
    }

    #[test]
    fn what_cannot_meet_does_not() {
        for (one, other) in [
            ("x/*.o", "x/*.a"),
            ("x/*", "x/a/b"),
            ("x/*", "y/*"),
            ("x/{a,b}.o", "x/[c-z].o"),
            ("lib*", "bin*"),
            ("x/*/a", "x/a"),
            ("x/??", "x/a"),
            ("x/**/*.o", "x/a/*.{a,so}"),
            ("a/**", "a"),
            ("x**y", "x/y"),
        ] {
            assert_eq!(met(one, other), None, "{one} and {other}");
        }
    }

    #[test]
    fn a_name_means_itself_and_what_stands_below_it() {
        let met = |name: &str, glob: &str| common(&Shape::name_or_below(name), &Shape::glob(glob), &[]);
        for glob in ["*.o", "main.c.*", "main*", "*x*"] {
            assert_eq!(met("main", glob).as_deref().filter(|name| *name != "main" && !name.starts_with("main/")), None, "{glob}");
        }
        assert_eq!(met("main.c", "*.o"), None);
        assert_eq!(met("main", "main*").as_deref(), Some("main"));
        assert_eq!(met("main", "main/*.o").as_deref(), Some("main/b.o"));
        assert_eq!(met("main", "**/*.o").as_deref(), Some("main/b.o"));
    }

    #[test]
    fn what_is_left_out_does_not_meet() {
        let left = |out: &[Shape]| common(&Shape::glob("x/*"), &Shape::glob("x/*.o"), &out.iter().collect::<Vec<_>>());
        assert_eq!(left(&[Shape::glob("x/*.o")]), None);
        assert_eq!(left(&[Shape::name_or_below("x")]), None);
        assert_eq!(left(&[Shape::name("x/.o")]).as_deref(), Some("x/a.o"));
        assert_eq!(common(&Shape::below("x"), &Shape::glob("x/*"), &[]).as_deref(), Some("x/a"));
        assert_eq!(common(&Shape::below("x/y"), &Shape::glob("x/*"), &[]), None);
    }
}
