//! Artifacts, held against what the manifest says of the newest.

use jiff::civil::Date;
use serde_json::Value;

use super::artifact::{Made, date_in, newest, tamed, twice, written};
use crate::base::{Decimal, RelPath, glob, quantity};
use crate::disk::{PatternSet, expand};
use crate::event::Facts;
use crate::gates::judge::{Asked, Gap, Judge, Judged, Sight, Unjudged, finding, unmarked};
use crate::gates::settings::{Common, Node, Reader};
use crate::gates::sight::rooted;
use crate::model::{RuleValue, Setting};

const NODES: &[Node] = &[Node::new("artifact").with(&["max_age", "keep"]).holding(&[Node::new("json").with(&["min", "max", "equals"])])];

struct Evidence {
    artifacts: Vec<Artifact>,
    /// Whether it is fine that there is none.
    allow_empty: bool,
}

#[derive(Default)]
struct Artifact {
    pattern: String,
    /// In days.
    max_age: Option<u64>,
    /// How many there may be.
    keep: Option<usize>,
    values: Vec<Bound>,
}

/// What a value in the newest artifact has to be.
struct Bound {
    /// A JSON pointer (RFC 6901).
    pointer: String,
    min: Option<Decimal>,
    max: Option<Decimal>,
    equals: Option<RuleValue>,
}

pub(in crate::gates) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rest) = reader.common(NODES);
    let artifacts: Vec<Artifact> = rest.into_iter().filter_map(|setting| artifact(reader, setting)).collect();
    if artifacts.is_empty() && reader.wrong.is_empty() {
        let place = reader.gate.place.clone();
        reader.say(&place, "the gate names no artifact", "name one: artifact \"benchmarks/results/*_load.json\" max_age=\"30d\"");
    }
    let allow_empty = common.allow_empty;
    (common, Box::new(Evidence { artifacts, allow_empty }))
}

fn artifact(reader: &mut Reader<'_>, setting: &Setting) -> Option<Artifact> {
    let mut artifact = Artifact { pattern: reader.text(setting)?, ..Artifact::default() };
    if let Err(why) = PatternSet::new(std::slice::from_ref(&artifact.pattern), &[]) {
        reader.say(&setting.place, why, "correct the pattern");
    }
    if artifact.pattern.starts_with('/') || artifact.pattern.split('/').any(|part| part == "..") {
        let why = format!("`{}` leads elsewhere: artifacts are the project's, beside or below the manifest", artifact.pattern);
        reader.say(&setting.place, why, "write it from the manifest's folder, without `..`");
    }
    for (name, value) in &setting.properties {
        let understood = match (&**name, value) {
            ("max_age", RuleValue::Text(text)) => quantity::duration(text).map(|age| artifact.max_age = Some(age.as_secs() / 86_400)),
            ("keep", RuleValue::Whole(number)) if *number > 0 => {
                artifact.keep = Some(*number as usize);
                Some(())
            }
            ("max_age" | "keep", _) => None,
            _ => Some(()),
        };
        if understood.is_none() {
            reader.say(&setting.place, format!("`{name}` is not understood"), "write max_age=\"30d\", keep=5");
        }
    }
    artifact.values.extend(setting.children.iter().filter_map(|child| bound(reader, child)));
    Some(artifact)
}

fn bound(reader: &mut Reader<'_>, setting: &Setting) -> Option<Bound> {
    let pointer = reader.text(setting)?;
    if setting.properties.is_empty() {
        reader.say(
            &setting.place,
            format!("`json \"{pointer}\"` asks nothing of the value"),
            "say what it has to be: max=0, min=1, or equals=\"release\"",
        );
    }
    let number = |name: &str| match setting.property(name) {
        Some(RuleValue::Whole(number)) => Some(Decimal::from(i128::from(*number))),
        Some(RuleValue::Decimal(text) | RuleValue::Text(text)) => Decimal::parse(text),
        _ => None,
    };
    let wrong = ["min", "max"].iter().find(|name| setting.property(name).is_some() && number(name).is_none());
    if let Some(name) = wrong {
        reader.say(&setting.place, format!("`{name}` takes a number"), format!("write it as {name}=0"));
    }
    if let (Some(min), Some(max)) = (number("min"), number("max"))
        && min > max
    {
        reader.say(&setting.place, format!("no number is at least {min} and at most {max}"), "correct one of them");
    }
    if !pointer.is_empty() && !pointer.starts_with('/') {
        reader.say(&setting.place, format!("`{pointer}` is no JSON pointer"), format!("write it as \"/{pointer}\""));
    }
    Some(Bound { pointer, min: number("min"), max: number("max"), equals: setting.property("equals").cloned() })
}

impl Judge for Evidence {
    fn judge(&self, sight: &dyn Sight, asked: &Asked<'_>) -> Result<Judged, Unjudged> {
        // Artifacts are often ignored by version control.
        sight.looks_beyond();
        let today: Date = asked.today.0.parse().map_err(|_| Unjudged::broken("the day is not known"))?;
        let mut judged = Judged::default();
        for artifact in &self.artifacts {
            let broken = |why: String| Unjudged::broken(format!("cannot look for `{}`: {why}", artifact.pattern));
            let set = PatternSet::new(&[rooted(sight.folder(), &artifact.pattern)], &[]).map_err(broken)?;
            let all = expand(sight.tree(), &set).map_err(|error| broken(error.to_string()))?;
            let (links, found): (Vec<RelPath>, Vec<RelPath>) = all.into_iter().partition(|path| is_behind_link(sight, path));
            judged.links += links.len();
            let base: Vec<&str> = artifact.pattern.split('/').take_while(|part| !glob::is_glob(part)).collect();
            let on_the_way = sight.tree().link_on_the_way(&sight.folder().join(base.join("/").as_bytes()));
            let link = links.into_iter().next().or(on_the_way);
            judged.facts = Facts { files: judged.facts.files + found.len(), extracted: judged.facts.extracted + found.len(), cached: 0 };
            if !(found.is_empty() && self.allow_empty) {
                artifact.judge(sight, &found, link, today, &mut judged)?;
            }
        }
        Ok(judged)
    }
}

/// Whether a path is a link, or leads through one.
fn is_behind_link(sight: &dyn Sight, path: &RelPath) -> bool {
    let is_link = sight.tree().stat(path).is_ok_and(|found| found.is_some_and(|found| found.is_symlink()));
    is_link || path.parent().is_some_and(|folder| sight.tree().link_on_the_way(&folder).is_some())
}

impl Artifact {
    /// Judges what was found; `link`: what was passed over.
    fn judge(&self, sight: &dyn Sight, found: &[RelPath], link: Option<RelPath>, today: Date, judged: &mut Judged) -> Result<(), Unjudged> {
        let mut made: Vec<Made<'_>> = found.iter().map(|path| Made::of(sight, path)).collect();
        made.sort();
        if made.is_empty() {
            let link = link.map_or_else(String::new, |link| format!("; `{link}` is a link, and links are not followed"));
            let message = format!("there is no `{}`{link}", self.pattern);
            let help = String::from("make it; it is evidence that somebody claims");
            judged.findings.push(finding("evidence/missing", &self.pattern, 0, 0, message, help, &[&self.pattern]));
        }
        for newest in newest(&made) {
            self.judge_newest(sight, newest.path, today, judged)?;
        }
        if let Some(most) = self.keep.filter(|most| made.len() > *most) {
            let oldest: Vec<String> = made[..made.len() - most].iter().map(|made| format!("`{}`", made.path)).collect();
            let message = format!("there are {} of `{}`, and the last {most} are kept", made.len(), self.pattern);
            let (file, help) = (made[made.len() - 1].path.to_string(), format!("remove {}", oldest.join(", ")));
            judged.findings.push(finding("evidence/superfluous", &file, 0, 0, message, help, &[&self.pattern, ""]));
        }
        Ok(())
    }

    fn judge_newest(&self, sight: &dyn Sight, path: &RelPath, today: Date, judged: &mut Judged) -> Result<(), Unjudged> {
        let file = path.to_string();
        let told = |rule: &str, identity: &str, message: String, help: &str| {
            finding(&format!("evidence/{rule}"), &file, 0, 0, message, help.to_owned(), &[&self.pattern, identity])
        };
        let bytes = sight.read(path).map_err(|error| Unjudged::broken(format!("cannot read `{path}`: {error}")))?;
        let is_json = path.name().ends_with(b".json");
        let text = unmarked(&bytes);
        let tame = tamed(text);
        let value: Option<Value> = match serde_json::from_slice(&tame) {
            Ok(value) => Some(value),
            Err(error) if is_json || !self.values.is_empty() => {
                let finding = told("unparsable", "", format!("it is no JSON: {error}"), "make it anew");
                judged.gaps.push(Gap { finding, empty: false });
                None
            }
            Err(_) => None,
        };
        let mut say = |rule: &str, identity: &str, message: String, help: &str| judged.findings.push(told(rule, identity, message, help));
        if let Some(key) = value.as_ref().and_then(|_| twice(&tame)) {
            say("twice", &key, format!("`{key}` stands twice in it, and nobody says which one counts"), "let what makes it say each once");
        }
        let (named, (inside, unread)) =
            (date_in(&String::from_utf8_lossy(path.name())), value.as_ref().map(Made::inside).unwrap_or_default());
        if let Some((key, shown)) = unread {
            let shown = written(text, &format!("/{key}")).map_or(shown, |written| written.chars().take(80).collect());
            say("date", &key, format!("its `{key}` is {shown}, which says no day"), "write it as 2026-01-31, or 2026-01-31T10:00:00Z");
        }
        let inside = inside.map(|(day, _)| day);
        if let (Some(named), Some(inside)) = (named, inside)
            && named != inside
        {
            say(
                "date",
                "",
                format!("its name says {named}, and what stands in it {inside}"),
                "make it anew, under the day on which it was made",
            );
        }
        let age = named.or(inside).map(|made| (made, made.until(today).map_or(0, |span| span.get_days())));
        // Somewhere it is tomorrow already.
        if let Some((made, _)) = age.filter(|(_, age)| *age < -1) {
            say("date", "", format!("it is dated {made}, and today is {today}"), "make it anew, under the day on which it was made");
        }
        match (self.max_age, age) {
            (Some(_), None) => {
                say("date", "", String::from("nobody says when it was made"), "put the day into its name: 2026-01-31_load.json")
            }
            (Some(most), Some((_, age))) if i64::from(age) > most as i64 => {
                say("stale", "", format!("it is {age} days old, and {most} are allowed"), "make it anew");
            }
            _ => {}
        }
        for bound in &self.values {
            if let Some(message) = value.as_ref().and_then(|value| bound.broken(value, text)) {
                say("value", &bound.pointer, message, "mend what it measures, or the bound");
            }
        }
        Ok(())
    }
}

impl Bound {
    /// Says what is wrong with an artifact: its value, and its text.
    fn broken(&self, value: &Value, text: &[u8]) -> Option<String> {
        let pointer = &self.pointer;
        let Some(found) = value.pointer(pointer) else { return Some(format!("it has no `{pointer}`")) };
        let written = found.is_number().then(|| written(text, pointer)).flatten();
        let shown = written.unwrap_or_else(|| found.to_string());
        let number = Decimal::parse(&shown).filter(|_| found.is_number());
        if found.is_number() && number.is_none() {
            return Some(format!("`{pointer}` is {shown}, and only 38 digits are compared"));
        }
        if let Some(equals) = &self.equals {
            let (same, wanted) = match equals {
                RuleValue::Flag(flag) => (*found == Value::Bool(*flag), flag.to_string()),
                RuleValue::Text(text) => (found.as_str() == Some(text), Value::from(&**text).to_string()),
                RuleValue::Whole(wanted) => (number == Some(Decimal::from(i128::from(*wanted))), wanted.to_string()),
                RuleValue::Decimal(wanted) => (number.is_some() && number == Decimal::parse(wanted), wanted.to_string()),
            };
            return (!same).then(|| format!("`{pointer}` is {shown}, and should be {wanted}"));
        }
        let Some(number) = number else { return Some(format!("`{pointer}` is {shown}, which is no number")) };
        match (self.min, self.max) {
            (Some(min), _) if number < min => Some(format!("`{pointer}` is {shown}, and at least {min} is wanted")),
            (_, Some(max)) if number > max => Some(format!("`{pointer}` is {shown}, and at most {max} is allowed")),
            _ => None,
        }
    }
}
