//! `churn`: files that change too often, are hot, or change together.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Mutex;

use jiff::Timestamp;

use super::judge::{Asked, Gap, Judge, Judged, Sight, Unjudged, finding};
use super::settings::{Common, Node, Reader};
use crate::base::{RelPath, quantity};
use crate::churn::Report;
use crate::event::{Facts, Finding};
use crate::model::{RuleValue, Setting};
use crate::report;

const NODES: &[Node] = &[
    Node::new("scope"),
    Node::new("limit").with(&["touches", "lines", "symbol_touches", "hotspot", "coupling", "since"]),
    Node::new("archive"),
];
const LIMITS: [&str; 5] = ["touches", "lines", "symbol_touches", "hotspot", "coupling"];

/// In seconds.
const DAY: u64 = 86_400;

/// Where evidence is kept, unless the gate says where.
const ARCHIVE: &str = "benchmarks/results";

#[derive(Default)]
struct Churn {
    /// The gate's name.
    gate: String,
    scope: Option<String>,
    limits: Vec<Limit>,
    archive: Option<String>,
}

struct Limit {
    /// In seconds before now; `None` for all of history.
    since: Option<i64>,
    /// `90d`, as it was written.
    window: Option<String>,
    touches: Option<u64>,
    lines: Option<u64>,
    symbol_touches: Option<u64>,
    hotspot: Option<u64>,
    /// 0 to 1.
    coupling: Option<f64>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rest) = reader.common(NODES);
    let gate = reader.gate.address.as_str().rsplit(['/', ':']).next().unwrap_or_default().to_owned();
    let mut rules = Churn { gate, archive: Some(ARCHIVE.to_owned()), ..Churn::default() };
    reader.once(&rest, &["scope", "archive"]);
    for setting in rest {
        match &*setting.name {
            "scope" => rules.scope = reader.text(setting),
            "limit" => rules.limits.extend(limit(reader, setting)),
            _ => {
                rules.archive = match &setting.values[..] {
                    [RuleValue::Flag(false)] => None,
                    _ => reader.text(setting),
                };
                if let Some(wrong) = rules.archive.iter().find(|folder| !can_keep(folder)) {
                    let help = "name a folder of the project, outside of `.git` and `.orket`";
                    reader.say(&setting.place, format!("evidence cannot be kept in `{wrong}`"), help);
                }
            }
        }
    }
    if rules.limits.is_empty() && rules.archive.is_none() && reader.wrong.is_empty() {
        let place = reader.gate.place.clone();
        reader.say(&place, "the gate has no rule", "write a limit such as limit touches=50, or let it keep its report");
    }
    (common, Box::new(rules))
}

/// Whether evidence can be kept in a folder: it is one of the project, and neither version control nor orket keeps its own things there.
fn can_keep(folder: &str) -> bool {
    RelPath::parse(folder.trim_end_matches('/')).is_ok_and(|folder| !folder.parts().any(|part| matches!(part, b".git" | b".orket")))
}

fn limit(reader: &mut Reader<'_>, setting: &Setting) -> Option<Limit> {
    if !setting.values.is_empty() {
        reader.say(&setting.place, "`limit` takes what it limits by name", "write it as limit touches=50");
    }
    let mut limit = Limit { since: None, window: None, touches: None, lines: None, symbol_touches: None, hotspot: None, coupling: None };
    for (name, value) in &setting.properties {
        let whole = match value {
            RuleValue::Whole(number) if *number >= 0 => Some(*number as u64),
            _ => None,
        };
        let text = match value {
            RuleValue::Text(text) => Some(&**text),
            _ => None,
        };
        let understood = match &**name {
            "touches" => whole.map(|most| limit.touches = Some(most)),
            "lines" => whole.map(|most| limit.lines = Some(most)),
            "symbol_touches" => whole.map(|most| limit.symbol_touches = Some(most)),
            "hotspot" => whole.map(|most| limit.hotspot = Some(most)),
            "coupling" => {
                let decimal = if let RuleValue::Decimal(text) = value { text.parse::<f64>().ok() } else { None };
                let part = decimal.or(whole.map(|whole| whole as f64));
                part.filter(|part| (0.0..=1.0).contains(part)).map(|part| limit.coupling = Some(part))
            }
            "since" => {
                let window = |text| Some((text, i64::try_from(quantity::duration(text)?.as_secs()).ok().filter(|seconds| *seconds > 0)?));
                text.and_then(window).map(|(text, seconds)| (limit.since, limit.window) = (Some(seconds), Some(text.to_owned())))
            }
            _ => Some(()),
        };
        if understood.is_none() {
            let (wanted, help) = match &**name {
                "coupling" => ("a part of all changes, from 0 to 1", "write it as limit coupling=0.8"),
                "since" => ("how long ago its window begins, and no day", "write it as limit touches=50 since=\"90d\""),
                _ => ("a whole number", "write it as limit touches=50"),
            };
            reader.say(&setting.place, format!("`{name}` of a limit is {wanted}"), help);
        }
    }
    if LIMITS.iter().all(|name| setting.property(name).is_none()) {
        reader.say(&setting.place, "the limit limits nothing", format!("it takes: {}", LIMITS.join(", ")));
        return None;
    }
    Some(limit)
}

impl Judge for Churn {
    fn judge(&self, sight: &dyn Sight, asked: &Asked<'_>) -> Result<Judged, Unjudged> {
        sight.looks_beyond();
        let mut reports: BTreeMap<Option<i64>, Report> = BTreeMap::new();
        let windows = self.limits.iter().map(|limit| limit.since).chain(self.limits.is_empty().then_some(None));
        for since in windows {
            if let Entry::Vacant(free) = reports.entry(since) {
                // All that the tightest limit may find has to be looked at; what was touched less often than that cannot break it.
                let symbols = self.limits.iter().filter(|limit| limit.since == since).filter_map(|limit| limit.symbol_touches).min();
                free.insert(sight.churn(self.scope.as_deref(), since, symbols, &asked.today.0)?);
            }
        }
        let cut = reports.values().any(|report| report.ground.is_cut());
        let gaps = if cut { vec![self.cut()] } else { Vec::new() };
        let widest = reports.values().max_by_key(|report| report.totals.touches);
        let Some(widest) = widest.filter(|report| report.totals.commits > 0) else {
            let place = self.scope.as_ref().map_or_else(|| String::from("here"), |scope| format!("in `{scope}`"));
            let longest = self.limits.iter().max_by_key(|limit| limit.since.unwrap_or(i64::MAX));
            let nothing = Unjudged::empty(format!("no commit has changed a file {place}{}", longest.map_or(String::new(), Limit::within)));
            return if cut { Ok(Judged { gaps, ..Judged::default() }) } else { Err(nothing) };
        };
        if let Some(folder) = &self.archive {
            archive(sight, folder, &self.gate, widest, &asked.today.0).map_err(Unjudged::broken)?;
        }
        let findings = self.limits.iter().flat_map(|limit| limit.broken(&reports[&limit.since], sight.folder())).collect();
        let facts = Facts { files: widest.totals.files, extracted: widest.totals.files, cached: 0 };
        Ok(Judged { findings, gaps, facts, ..Judged::default() })
    }
}

impl Churn {
    /// Says that commits are missing in which a limit may be broken.
    fn cut(&self) -> Gap {
        let message = String::from("this clone is shallow and holds only a part of the commits that count");
        let help = String::from("`git fetch --unshallow` brings the others, in CI a deeper checkout (`fetch-depth: 0`)");
        let scope = self.scope.as_deref().unwrap_or(".");
        Gap { finding: finding("churn/shallow", scope, 0, 0, message, help, &[scope]), empty: false }
    }
}

impl Limit {
    /// Returns its window as the end of a sentence.
    fn within(&self) -> String {
        self.window.as_ref().map_or(String::new(), |window| format!(" in the last {window}"))
    }

    /// Returns what is beyond it. Where commits are missing, counts are too low and never too high; a part of all changes is not known then.
    /// `folder`: the gate's.
    fn broken(&self, report: &Report, folder: &RelPath) -> Vec<Finding> {
        let within = self.within();
        // The report tells files from the repository's folder, and a finding from the project's.
        let place = |path: &[u8]| {
            let inside = match &report.ground.asked_from[..] {
                b"" => Some(path),
                below => path.strip_prefix(below).and_then(|rest| rest.strip_prefix(b"/")),
            };
            let place = inside.map_or_else(|| path.to_vec(), |inside| folder.join(inside).as_bytes().to_vec());
            String::from_utf8_lossy(&place).into_owned()
        };
        let mut found = Vec::new();
        for file in report.files.iter().filter(|file| file.present && !file.generated) {
            let path = place(&file.path);
            let score = file.hotspot.map_or(0, |hotspot| hotspot.score);
            let (touches, lines) = (u64::from(file.touches), file.adds + file.deletes);
            let counts = [
                (
                    "touches",
                    self.touches,
                    touches,
                    format!("{} changed it", commits(touches)),
                    "see why it changes so often; split it by reason",
                ),
                (
                    "lines",
                    self.lines,
                    lines,
                    if lines == 1 { String::from("1 line was added or deleted") } else { format!("{lines} lines were added or deleted") },
                    "see why so much of it changes",
                ),
                (
                    "hotspot",
                    self.hotspot,
                    score,
                    format!("{score} is its score as a hotspot (touches x complexity)"),
                    "make it simpler where it changes most",
                ),
            ];
            for (rule, most, count, what, help) in counts {
                if let Some(most) = most.filter(|most| count > *most) {
                    let message = format!("{what}{within}, and {}", allowed(most));
                    found.push(finding(&format!("churn/{rule}"), &path, 0, 0, message, help.to_owned(), &[&path]));
                }
            }
        }
        for symbol in report.symbols.iter().filter(|symbol| !symbol.gone) {
            if let Some(most) = self.symbol_touches.filter(|most| u64::from(symbol.touches) > *most) {
                let path = place(&symbol.path);
                let (who, what) = (commits(symbol.touches.into()), symbol.kind.word());
                let message = format!("{who} changed the {what} `{}`{within}, and {}", symbol.symbol, allowed(most));
                let help = String::from("see why it changes so often; split it by reason");
                found.push(finding("churn/symbol_touches", &path, 0, 0, message, help, &[&path, &symbol.symbol]));
            }
        }
        let coupling = if report.ground.is_cut() { &[] } else { &report.coupling[..] };
        for pair in coupling.iter().filter(|pair| self.coupling.is_some_and(|most| pair.confidence() > most)) {
            let (one, other) = (place(&pair.a), place(&pair.b));
            let message = format!(
                "it changes together with `{other}`: in {} commits, {:.0} % of the changes of one of them{within}",
                pair.support,
                pair.confidence() * 100.0
            );
            let help = String::from("bring together what changes together, or part them by an interface");
            found.push(finding("churn/coupling", &one, 0, 0, message, help, &[&one, &other]));
        }
        found
    }
}

/// Returns how many commits did something.
fn commits(count: u64) -> String {
    if count == 1 { String::from("1 commit has") } else { format!("{count} commits have") }
}

fn allowed(most: u64) -> String {
    if most == 1 { String::from("1 is allowed") } else { format!("{most} are allowed") }
}

/// Gates are judged beside each other, and keep their evidence one after the other: none puts it in the place of another's.
static KEEPING: Mutex<()> = Mutex::new(());

/// Keeps the report as evidence, named by the day and the project; where that is taken by one about something else, by the gate's name as well.
fn archive(sight: &dyn Sight, folder: &str, gate: &str, report: &Report, today: &str) -> Result<(), String> {
    let _keeping = KEEPING.lock().expect("no holder panics");
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '.' | '_') { c } else { '-' };
    let name: String = report.ground.project.chars().map(safe).collect();
    let folder = RelPath::parse(folder.trim_end_matches('/')).map_err(|error| format!("`{folder}`: {error}"))?;
    let place = |name: &str| {
        let name = name.trim_matches(['.', '-']);
        sight.folder().join(folder.as_bytes()).join(format!("{today}_{name}_churn.json").as_bytes())
    };
    let text = report::churn::json(report, None);
    let about = |text: &[u8]| {
        let report: serde_json::Value = serde_json::from_slice(text).ok()?;
        let since = report["method"]["since"].as_str().and_then(|since| since.parse::<Timestamp>().ok());
        Some((report["scope"].clone(), since.map(Timestamp::as_second)))
    };
    let ours = about(text.as_bytes());
    // A window goes on with the clock, and both were looked through on one day.
    let is_other = |known: &[u8]| match (about(known), &ours) {
        (Some((scope, Some(since))), Some((own, Some(begins)))) => scope != *own || since.abs_diff(*begins) >= DAY,
        (known, ours) => known != *ours,
    };
    let shared = place(&name);
    let taken = sight.tree().read(&shared).is_ok_and(|known| is_other(&known));
    let path = if taken { place(&format!("{name}-{gate}")) } else { shared };
    if sight.tree().read(&path).is_ok_and(|known| known == text.as_bytes()) {
        return Ok(());
    }
    sight.tree().write(&path, text.as_bytes()).map_err(|error| format!("cannot keep the evidence `{path}`: {error}"))
}
