//! What an artifact says of itself: when it was made, and its values as they are written.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::RelPath;
use crate::gates::judge::{Sight, unmarked};

/// Fields at the top of an artifact that say when it was made.
const DATES: [&str; 6] = ["date", "made", "created", "created_at", "generated_at", "timestamp"];

/// When an artifact was made. The day in the name counts; where there is none, the one in the file.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Made<'p> {
    day: Option<Date>,
    /// The moment that stands in it.
    at: Option<Timestamp>,
    pub path: &'p RelPath,
}

/// The day, and where it is said the moment, at which something was made.
type Moment = (Date, Option<Timestamp>);

impl<'p> Made<'p> {
    pub fn of(sight: &dyn Sight, path: &'p RelPath) -> Made<'p> {
        let value = sight.read(path).ok().and_then(|bytes| serde_json::from_slice::<Value>(&tamed(unmarked(&bytes))).ok());
        let inside = value.and_then(|value| Made::inside(&value).0);
        let day = date_in(&String::from_utf8_lossy(path.name())).or(inside.map(|(day, _)| day));
        Made { day, at: inside.and_then(|(_, at)| at), path }
    }

    /// Returns when an artifact says that it was made, and the first field that should say so and does not, with what it says.
    pub fn inside(value: &Value) -> (Option<Moment>, Option<(String, String)>) {
        let said: Vec<(&str, &Value)> = DATES.iter().filter_map(|name| Some((*name, value.get(name)?))).collect();
        let unread = said.iter().find(|(_, value)| moment(value).is_none());
        let unread = unread.map(|(name, value)| ((*name).to_owned(), value.to_string().chars().take(80).collect()));
        (said.iter().find_map(|(_, value)| moment(value)), unread)
    }

    fn is_newer(&self, other: &Made<'_>) -> bool {
        match (self.at, other.at) {
            (Some(one), Some(other)) => one > other,
            _ => self.day > other.day,
        }
    }
}

/// Returns those of which none is newer: by their moments, or where one says none, by their days.
pub(super) fn newest<'m, 'p>(made: &'m [Made<'p>]) -> Vec<&'m Made<'p>> {
    let Some(last) = made.last() else { return Vec::new() };
    // Two moments are of one day only where their clocks agree.
    let near: Vec<&Made<'_>> = made.iter().filter(|one| one.day >= last.day.and_then(|day| day.yesterday().ok())).collect();
    near.iter().filter(|one| !near.iter().any(|other| other.is_newer(one))).copied().collect()
}

/// Returns what a value says of a day: a text, or the seconds or milliseconds since 1970.
fn moment(value: &Value) -> Option<Moment> {
    let of = |at: Timestamp| (at.to_zoned(TimeZone::UTC).date(), Some(at));
    match value {
        Value::String(text) => date_in(text).map(|day| (day, time_in(text))),
        Value::Number(number) => match number.as_f64()? {
            seconds if (1e9..1e11).contains(&seconds) => Timestamp::from_second(seconds as i64).ok().map(of),
            millis if (1e12..1e14).contains(&millis) => Timestamp::from_millisecond(millis as i64).ok().map(of),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the moment that a text is; without a zone it is one of UTC.
fn time_in(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let civil = || text.parse::<DateTime>().ok().filter(|_| text.len() > 10)?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| civil().map(|zoned| zoned.timestamp()))
}

/// Returns the first day in a text, as `2026-01-31`.
pub(super) fn date_in(text: &str) -> Option<Date> {
    (0..text.len().saturating_sub(9)).filter_map(|at| text.get(at..at + 10)).find_map(|part| {
        let shaped = part.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
        shaped.then(|| part.parse().ok()).flatten()
    })
}

/// Returns a text in which each number that is too large for the machine (`1e400`) is a small one of the same length: JSON has no largest number, and
/// its reader has.
pub(super) fn tamed(text: &[u8]) -> Cow<'_, [u8]> {
    let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    let (mut tamed, mut at) = (Cow::Borrowed(text), 0);
    while let Some(byte) = text.get(at) {
        at += match byte {
            b'"' => {
                let mut end = at + 1;
                while text.get(end).is_some_and(|byte| *byte != b'"') {
                    end += if text[end] == b'\\' { 2 } else { 1 };
                }
                end + 1 - at
            }
            b'-' | b'0'..=b'9' => {
                let length = text[at..].iter().take_while(|byte| is_part(byte)).count();
                let number = &text[at..at + length];
                // Whether it is written as JSON has it is left to the reader.
                let is_json = serde_json::from_slice::<&RawValue>(number).is_ok();
                if is_json && std::str::from_utf8(number).is_ok_and(|number| number.parse().is_ok_and(f64::is_infinite)) {
                    let small = tamed.to_mut();
                    small[at..at + length].fill(b' ');
                    small[at] = b'1';
                }
                length
            }
            _ => 1,
        };
    }
    tamed
}

/// Returns a value of a JSON document as it is written there: read as a number of the machine, it may be another one.
pub(super) fn written(text: &[u8], pointer: &str) -> Option<String> {
    let mut here: &RawValue = serde_json::from_slice(text).ok()?;
    for step in pointer.split('/').skip(1) {
        here = match here.get().starts_with('[') {
            true => serde_json::from_str::<Vec<&RawValue>>(here.get()).ok()?.get(step.parse::<usize>().ok()?).copied()?,
            false => {
                serde_json::from_str::<BTreeMap<String, &RawValue>>(here.get()).ok()?.remove(&step.replace("~1", "/").replace("~0", "~"))?
            }
        };
    }
    Some(here.get().to_owned())
}

/// Returns, as a JSON pointer, the first key of a JSON document that stands twice in one object.
pub(super) fn twice(text: &[u8]) -> Option<String> {
    let mut found = Found::default();
    let _ = Looking(&mut found).deserialize(&mut serde_json::Deserializer::from_slice(text));
    found.twice
}

#[derive(Default)]
struct Found {
    /// The keys that lead to where is looked.
    path: Vec<String>,
    twice: Option<String>,
}

struct Looking<'f>(&'f mut Found);

impl<'de> DeserializeSeed<'de> for Looking<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Looking<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut at = 0;
        self.0.path.push(at.to_string());
        while items.next_element_seed(Looking(self.0))?.is_some() {
            at += 1;
            *self.0.path.last_mut().expect("it was pushed") = at.to_string();
        }
        self.0.path.pop();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            self.0.path.push(key.replace('~', "~0").replace('/', "~1"));
            if !seen.insert(key) && self.0.twice.is_none() {
                self.0.twice = Some(format!("/{}", self.0.path.join("/")));
            }
            fields.next_value_seed(Looking(self.0))?;
            self.0.path.pop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_found_wherever_it_is() {
        for (text, found) in [
            (r#"{"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]}"#, None),
            (r#"{"a": 1, "a": 1}"#, Some("/a")),
            (r#"{"a": 1, "\u0061": 2}"#, Some("/a")),
            (r#"{"b": [1, {"x/y": null, "x/y": 2.5}], "b": true}"#, Some("/b/1/x~1y")),
            ("[", None),
        ] {
            assert_eq!(twice(text.as_bytes()).as_deref(), found, "{text}");
        }
    }

    #[test]
    fn no_number_is_too_large() {
        let read = |text: &str| serde_json::from_slice::<Value>(&tamed(text.as_bytes())).ok();
        for text in ["1e400", "[-1E+999, {\"a\\\"\": 1e400}]", "{\"1e400\": [\"\\\\\", 9e999]}", &"9".repeat(400)] {
            assert!(read(text).is_some(), "{text}");
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
        assert_eq!(read("{\"1e400\": \"1e400\"}"), Some(serde_json::json!({ "1e400": "1e400" })));
        for text in ["01e400", "1e400.5", "1e400 1", "--1e400", "\"1e400", "1e4e400", ".1e400"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_newest_is_the_one_with_the_latest_moment() {
        let paths: Vec<RelPath> = ["a", "b", "c"].iter().map(|name| RelPath::parse(name).unwrap()).collect();
        let newest_of = |times: &[&str]| {
            let inside = |text: &&str| moment(&Value::from(*text)).unwrap();
            let made = times.iter().map(inside).zip(&paths).map(|((day, at), path)| Made { day: Some(day), at, path });
            let mut made: Vec<Made<'_>> = made.collect();
            made.sort();
            let mut names: Vec<String> = newest(&made).iter().map(|made| made.path.to_string()).collect();
            names.sort();
            names.concat()
        };
        assert_eq!(newest_of(&["2026-01-31T12:00:00Z", "2026-01-31T09:00:00Z"]), "a");
        assert_eq!(newest_of(&["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000+00:00", "2026-01-31 11:00:00"]), "ab");
        assert_eq!(newest_of(&["2026-01-31", "2026-01-31", "2026-01-30"]), "ab");
        assert_eq!(newest_of(&["2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z", "2026-01-31"]), "bc");
        assert_eq!(newest_of(&["2026-01-31T23:30:00-08:00", "2026-02-01T01:00:00Z"]), "a");
    }

    #[test]
    fn moments_are_read_as_they_are_written() {
        let day = |value: Value| moment(&value).map(|(day, at)| (day.to_string(), at.is_some()));
        assert_eq!(day("2026-01-31".into()), Some(("2026-01-31".into(), false)));
        assert_eq!(day("2026-01-31T23:00:00-08:00".into()), Some(("2026-01-31".into(), true)));
        assert_eq!(day(1_769_817_600.into()), Some(("2026-01-31".into(), true)));
        assert_eq!(day(1_769_817_600_000_u64.into()), Some(("2026-01-31".into(), true)));
        assert_eq!([day("yesterday".into()), day(20_260_131.into()), day(Value::Null)], [None, None, None]);
    }
}
