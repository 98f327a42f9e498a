//! Roadmap, handoff file and changelog, held against each other.

use std::collections::{BTreeMap, BTreeSet};

use super::changelog::{logged, logs, named};
use super::items::{Item, Note, items, notes, within};
use super::moves::{started, with_status, without};
use crate::base::RelPath;
use crate::event::Facts;
use crate::gates::judge::{Asked, Gap, Judge, Judged, Sight, Unjudged, finding};
use crate::gates::markdown::ends_oddly;
use crate::gates::settings::{Common, Node, Reader};
use crate::model::{Gate, RuleValue};

const KIND: &str = "working_model";

#[derive(Clone)]
struct Rules {
    roadmap: String,
    handoff: String,
    changelog: String,
    /// Items that are only done when these tasks are green.
    verified: BTreeMap<String, String>,
    /// The revision since which items that have left count; the newest commit where there is none.
    since: Option<String>,
    /// Which of the three documents the gate names itself: those have to be there.
    named: BTreeSet<String>,
    /// Whether it is fine that one of them is not.
    allow_empty: bool,
}

const NODES: &[Node] =
    &[Node::new("roadmap"), Node::new("handoff"), Node::new("changelog"), Node::new("verify").with(&["task"]), Node::new("since")];

pub(in crate::gates) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rules) = rules(reader);
    (common, Box::new(rules))
}

fn rules(reader: &mut Reader<'_>) -> (Common, Rules) {
    let (common, rest) = reader.common(NODES);
    let mut rules = Rules {
        roadmap: String::from("docs/ROADMAP.md"),
        handoff: String::from("Agents/HANDOFF.md"),
        changelog: String::from("CHANGELOG.md"),
        verified: BTreeMap::new(),
        since: None,
        named: BTreeSet::new(),
        allow_empty: common.allow_empty,
    };
    reader.once(&rest, &["roadmap", "handoff", "changelog", "since"]);
    for setting in rest {
        let Some(text) = reader.text(setting) else { continue };
        match &*setting.name {
            "verify" => match setting.property("task") {
                Some(RuleValue::Text(task)) => {
                    if rules.verified.contains_key(&text) {
                        reader.say(&setting.place, format!("`verify \"{text}\"` stands here a second time"), "leave one of them");
                    }
                    rules.verified.insert(text, task.to_string());
                }
                _ => reader.say(&setting.place, "`verify` does not say which task", format!("write it as verify \"{text}\" task=\"unit\"")),
            },
            "since" => rules.since = Some(text),
            name => {
                if RelPath::parse(&*text).is_err() {
                    reader.say(&setting.place, format!("`{text}` is no path of the project"), "name a file beside or below the manifest");
                }
                rules.named.insert(text.clone());
                match name {
                    "roadmap" => rules.roadmap = text,
                    "handoff" => rules.handoff = text,
                    _ => rules.changelog = text,
                }
            }
        }
    }
    (common, rules)
}

/// A document that a move changes.
pub struct Change {
    /// Where it stands.
    pub path: RelPath,
    /// What was read; `None` where there was no such file.
    pub before: Option<String>,
    /// Its new text.
    pub after: String,
}

/// Why an item cannot be moved, as a sentence.
pub enum Unmoved {
    /// It is not there.
    Missing(String),
    /// Something else has to be done first.
    Refused(String),
}

/// The documents that a move changes.
pub type Moved = Result<Vec<Change>, Unmoved>;

/// The three documents.
pub struct Model {
    roadmap: Document,
    handoff: Document,
    changelog: Document,
    verified: BTreeMap<String, String>,
}

/// What tells the ids of items from other words that look like one, such as `UTF-8`.
struct Series(BTreeSet<String>);

impl Series {
    fn of(id: &str) -> String {
        id.rsplit_once('-').map_or_else(String::new, |(series, _)| series.to_owned())
    }

    fn has(&self, id: &str) -> bool {
        self.0.contains(&Series::of(id))
    }
}

struct Document {
    path: RelPath,
    /// Empty where there is no such file.
    text: String,
    there: bool,
}

impl Document {
    fn with(&self, after: String) -> Change {
        Change { path: self.path.clone(), before: self.there.then(|| self.text.clone()), after }
    }
}

/// Returns the documents of a gate; those that are not there are empty, but for the roadmap.
///
/// # Errors
/// When one cannot be read, or is not UTF-8.
pub fn model(gate: &Gate, sight: &dyn Sight) -> Result<Model, Unjudged> {
    let rules = rules(&mut Reader::new(gate)).1;
    Model::of(&rules, sight, &|name| name == rules.roadmap)
}

impl Model {
    /// Reads the documents; `must` tells by their names which have to be there.
    fn of(rules: &Rules, sight: &dyn Sight, must: &dyn Fn(&str) -> bool) -> Result<Model, Unjudged> {
        let document = |name: &str| {
            let path = RelPath::parse(name).map_err(|error| Unjudged::broken(format!("`{name}`: {error}")))?;
            let path = sight.folder().join(path.as_bytes());
            match sight.read(&path) {
                Ok(bytes) => match String::from_utf8(bytes) {
                    Ok(text) => match ends_oddly(&text) {
                        Some(why) => Err(Unjudged::broken(format!("`{path}`: {why}"))),
                        None => Ok(Document { path, text, there: true }),
                    },
                    Err(_) => Err(Unjudged::broken(format!("`{path}` is not UTF-8"))),
                },
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => match must(name) {
                    true => Err(Unjudged::empty(format!("cannot read `{path}`: {error}"))),
                    false => Ok(Document { path, text: String::new(), there: false }),
                },
                Err(error) => Err(Unjudged::broken(format!("cannot read `{path}`: {error}"))),
            }
        };
        let (roadmap, handoff, changelog) = (document(&rules.roadmap)?, document(&rules.handoff)?, document(&rules.changelog)?);
        Ok(Model { roadmap, handoff, changelog, verified: rules.verified.clone() })
    }

    /// Returns where the roadmap stands, and where the handoff file.
    pub fn places(&self) -> [&RelPath; 2] {
        [&self.roadmap.path, &self.handoff.path]
    }

    /// Returns each item of the roadmap, with `Exists` or `Working`.
    pub fn standing(&self) -> Vec<(Item, &'static str)> {
        let mut active: BTreeMap<String, usize> = BTreeMap::new();
        for note in notes(&self.handoff.text).into_iter().filter(|note| note.status == "active") {
            *active.entry(note.id).or_default() += 1;
        }
        let stands = |item: Item| {
            let word = if active.get(&item.id) == Some(&1) { "Working" } else { "Exists" };
            (item, word)
        };
        items(&self.roadmap.text).into_iter().map(stands).collect()
    }

    /// Returns the items that stand within one and would leave with it, with acceptance criteria of their own; they are no items of the roadmap.
    pub fn held(&self, item: &Item) -> Vec<Item> {
        within(&self.roadmap.text, item)
    }

    /// Returns the documents that change when work on an item begins.
    ///
    /// # Errors
    /// When it is not there, has no acceptance criteria, or has begun already.
    pub fn start(&self, id: &str) -> Moved {
        let item = self.item(id)?;
        let roadmap = &self.roadmap.path;
        if !item.accepted {
            let text = format!(
                "`{id}` has no acceptance criteria ({roadmap}:{})\nhint: write a line `Acceptance:` there, and a list under it; in a list item, indent both",
                item.line
            );
            return Err(Unmoved::Refused(text));
        }
        if let Some(note) = notes(&self.handoff.text).iter().find(|note| note.id == id && note.status == "active") {
            return Err(Unmoved::Refused(format!("`{id}` is active already ({}:{})", self.handoff.path, note.line)));
        }
        Ok(vec![self.handoff.with(started(&self.handoff.text, &item, &self.roadmap.text))])
    }

    /// Returns the documents that change when an item is done: it leaves the roadmap, and the changelog names it.
    ///
    /// # Errors
    /// When it is not there, when it was not begun, when criteria of it are open, or when a task that has to be green for it is not known to be.
    pub fn done(&self, id: &str, sight: &dyn Sight) -> Moved {
        let item = self.item(id)?;
        let roadmap = &self.roadmap.path;
        if let Some(other) = items(&self.roadmap.text).iter().find(|other| other.id == id && other.line != item.line) {
            let (one, two) = (item.line, other.line);
            let text = format!("`{id}` stands twice on the roadmap ({roadmap}:{one} and {two})\nhint: give one of them another id");
            return Err(Unmoved::Refused(text));
        }
        // One that is noted as done is on its way: an earlier attempt was cut off.
        let about: Vec<Note> = notes(&self.handoff.text).into_iter().filter(|note| note.id == id).collect();
        if !about.iter().any(|note| matches!(&*note.status, "active" | "done")) {
            let handoff = &self.handoff.path;
            let why = match about.first() {
                Some(note) if note.status.is_empty() => format!("its note ({handoff}:{}) has no line `Status: active`", note.line),
                Some(note) => format!("its note ({handoff}:{}) says `{}`, not `active`", note.line, note.status),
                None => format!("no active note in {handoff} names it"),
            };
            return Err(Unmoved::Refused(format!("`{id}` is not done: {why}\nhint: `orket roadmap start {id}` begins it")));
        }
        if !item.open.is_empty() {
            let mut text = format!("`{id}` is not done: of its acceptance criteria {} open", are(item.open.len()));
            for (line, criterion) in &item.open {
                text.push_str(&format!("\n  {roadmap}:{line}: {criterion}"));
            }
            text.push_str("\nhint: meet them and mark them as `[x]`, or take them out");
            return Err(Unmoved::Refused(text));
        }
        if let Some(inner) = self.held(&item).into_iter().next() {
            let other = &inner.id;
            let text = format!(
                "`{id}` is not done: `{other}` stands within it ({roadmap}:{}), with acceptance criteria of its own, and would leave with it\nhint: move `{other}` out, beside `{id}`",
                inner.line
            );
            return Err(Unmoved::Refused(text));
        }
        if let Some(task) = self.verified.get(id) {
            sight.log_of(task).map_err(|unjudged| Unmoved::Refused(format!("`{id}` is not done: {}", unjudged.text)))?;
        }
        // The roadmap comes last: as long as it has the item, nothing is lost and all can be said again.
        let mut changed = Vec::new();
        let series = self.series(&BTreeSet::new());
        if !named(&self.changelog.text, |id| series.has(id)).iter().any(|(known, _)| known == id) {
            changed.push(self.changelog.with(logged(&self.changelog.text, &item, &self.roadmap.text)));
        }
        changed.extend(with_status(&self.handoff.text, id, "done").map(|text| self.handoff.with(text)));
        changed.push(self.roadmap.with(without(&self.roadmap.text, &item)));
        Ok(changed)
    }

    /// Returns the series (`SHOP` of `SHOP-12`) of the items here, and of others.
    fn series(&self, others: &BTreeSet<String>) -> Series {
        let mut series = Series(others.iter().map(|id| Series::of(id)).collect());
        series.0.extend(items(&self.roadmap.text).iter().map(|item| Series::of(&item.id)));
        series.0.extend(notes(&self.handoff.text).iter().map(|note| Series::of(&note.id)));
        series.0.extend(self.verified.keys().map(|id| Series::of(id)));
        series
    }

    fn item(&self, id: &str) -> Result<Item, Unmoved> {
        let all = items(&self.roadmap.text);
        all.iter().find(|item| item.id == id).cloned().ok_or_else(|| {
            let near = crate::base::did_you_mean(id, all.iter().map(|item| &*item.id));
            let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Unmoved::Missing(format!("there is no item `{id}` in `{}`{help}", self.roadmap.path))
        })
    }
}

/// Returns numbers of lines as `3 and 5`.
fn list(lines: &[u32]) -> String {
    let words: Vec<String> = lines.iter().map(u32::to_string).collect();
    match &words[..] {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => words.concat(),
    }
}

fn are(count: usize) -> String {
    if count == 1 { String::from("1 is") } else { format!("{count} are") }
}

impl Judge for Rules {
    fn judge(&self, sight: &dyn Sight, asked: &Asked<'_>) -> Result<Judged, Unjudged> {
        sight.looks_beyond();
        let model = Model::of(self, sight, &|name| !self.allow_empty && (name == self.roadmap || self.named.contains(name)))?;
        let (open, notes) = (items(&model.roadmap.text), notes(&model.handoff.text));
        let since = asked.since.or(self.since.as_deref());
        let earlier = sight.earlier(&model.roadmap.path, since)?;
        let of = |text: &[u8]| items(&String::from_utf8_lossy(text));
        if let Some((name, _)) = earlier.lost.iter().find(|(_, text)| !of(text).is_empty()) {
            let (roadmap, then) =
                (&model.roadmap.path, since.map_or(String::from("in the last commit"), |since| format!("where `HEAD` left `{since}`")));
            return Err(Unjudged::broken(format!(
                "`{roadmap}` was not there {then}, and `{name}`, which had items there, is gone: what has left it cannot be told; rename it in a commit of its own, so that git knows it again"
            )));
        }
        let before: BTreeSet<String> = earlier.texts.iter().flat_map(|text| of(text)).map(|item| item.id).collect();
        if open.is_empty() && before.is_empty() && named(&model.changelog.text, |_| true).is_empty() {
            return Err(Unjudged::empty(format!("there is no item in `{}`", model.roadmap.path)));
        }
        let files = [&model.roadmap, &model.handoff, &model.changelog].iter().filter(|document| document.there).count();
        let mut judged =
            Judged { facts: Facts { files, extracted: files, cached: 0 }, read: vec![model.roadmap.path.clone()], ..Judged::default() };
        let (roadmap, handoff, changelog) =
            (model.roadmap.path.to_string(), model.handoff.path.to_string(), model.changelog.path.to_string());
        let mut say = |rule: &str, file: &str, line: u32, id: &str, message: String, help: &str| {
            judged.findings.push(finding(&format!("{KIND}/{rule}"), file, line, u32::from(line > 0), message, help.to_owned(), &[id]));
        };
        let noted = |status: &str| -> BTreeSet<&str> { notes.iter().filter(|note| note.status == status).map(|note| &*note.id).collect() };
        let (noted_done, noted_active) = (noted("done"), noted("active"));
        let standing: BTreeSet<&str> = open.iter().map(|item| &*item.id).collect();
        let series = model.series(&before);
        let named = named(&model.changelog.text, |id| series.has(id));
        let logged: BTreeMap<&str, u32> = named.iter().map(|(id, line)| (&**id, *line)).collect();
        let mut seen = BTreeSet::new();
        for item in &open {
            let id = &item.id;
            if !seen.insert(id) {
                say("twice", &roadmap, item.line, id, format!("`{id}` stands twice on the roadmap"), "give one of them another id");
            }
            if !item.accepted {
                say(
                    "no_acceptance",
                    &roadmap,
                    item.line,
                    id,
                    format!("`{id}` has no acceptance criteria"),
                    "write a line `Acceptance:` and a list under it; in a list item, indent both",
                );
            }
            if item.done || noted_done.contains(&**id) && !noted_active.contains(&**id) {
                say(
                    "done_on_roadmap",
                    &roadmap,
                    item.line,
                    id,
                    format!("`{id}` is done and still on the roadmap"),
                    &format!("orket roadmap done {id}"),
                );
            }
            if let Some(line) = logged.get(&**id).filter(|_| !item.done) {
                let message = format!("the changelog has a line about `{id}`, which is still open");
                say("open_in_changelog", &changelog, *line, id, message, &format!("orket roadmap done {id}, or take the line out"));
            }
        }
        let active: Vec<&Note> = notes.iter().filter(|note| note.status == "active").collect();
        let mut seen = BTreeSet::new();
        for note in active {
            let id = &note.id;
            if !seen.insert(id) {
                say("two_active", &handoff, note.line, id, format!("two active notes name `{id}`"), "leave one of them active");
            }
            if !standing.contains(&**id) {
                say(
                    "not_on_roadmap",
                    &handoff,
                    note.line,
                    id,
                    format!("a note about `{id}` is active, and it is not on the roadmap"),
                    "end the note, or write the item",
                );
            }
        }
        let gone = before.iter().chain(notes.iter().filter(|note| note.status == "done").map(|note| &note.id));
        let gone: BTreeSet<&String> = gone.filter(|id| !standing.contains(&***id)).collect();
        let range = since.map(|since| format!(" since `{since}`")).unwrap_or_default();
        for id in &gone {
            if !logged.contains_key(&***id) {
                say(
                    "no_changelog",
                    &changelog,
                    0,
                    id,
                    format!("`{id}` has left the roadmap{range}, and no line of the changelog is about it"),
                    "write the line, or put the item back on the roadmap",
                );
            }
        }
        for (id, lines) in logs(&model.changelog.text, |id| series.has(id)) {
            if lines.len() > 1 && !standing.contains(&*id) {
                let these = list(&lines);
                let message = format!("the changelog has {} lines about `{id}` in one release: {these}", lines.len());
                let help = format!("make one line of lines {these}; one that is about another item names that one first");
                say("twice_in_changelog", &changelog, lines[1], &id, message, &help);
            }
        }
        for (id, task) in self.verified.iter().filter(|(id, _)| gone.contains(id) || logged.contains_key(&***id)) {
            if let Err(unjudged) = sight.log_of(task) {
                let message = format!("`{id}` is done, and its task `{task}` is not known to be green: {}", unjudged.text);
                let finding = finding(&format!("{KIND}/not_verified"), &roadmap, 0, 0, message, format!("orket build {task}"), &[id]);
                judged.gaps.push(Gap { finding, empty: false });
            }
        }
        Ok(judged)
    }
}
