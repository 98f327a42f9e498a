//! A report of churn for programs.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::words::{marks, method, moment, warnings};
use crate::base::FileKind;
use crate::churn::{self, FileChurn, Report, Share, SymbolChurn};

/// How many authors of a file are named.
const NAMED: usize = 5;

/// Returns a report as a JSON object, with at most `top` files and symbols: `version`, `kind`, `project`, `made`, `scope`, `method`, `totals`,
/// `files`, `symbols`, `authors`, `hotspots`, `coupling`, `months`, `notes`. A path that is no UTF-8 has its bytes beside it, in hexadecimal digits.
pub fn json(report: &Report, top: Option<usize>) -> String {
    let (ground, totals) = (&report.ground, &report.totals);
    let shown = top.unwrap_or(usize::MAX);
    let whole = Whole {
        version: 1,
        kind: "churn",
        project: &ground.project,
        made: &ground.made,
        scope: ground.scope.as_ref().map_or(Cow::Borrowed("."), |scope| String::from_utf8_lossy(scope)),
        method: how(report),
        totals: Totals {
            commits: totals.commits,
            files: totals.files,
            touches: totals.touches,
            adds: totals.adds,
            deletes: totals.deletes,
            binary_files: totals.binary_files,
            generated: Part {
                files: totals.generated.files,
                touches: totals.generated.touches,
                adds: totals.generated.adds,
                deletes: totals.generated.deletes,
            },
            authors: totals.authors.len(),
            bus_factor: totals.bus_factor,
            first: totals.first.map(moment),
            last: totals.last.map(moment),
            recent: totals.recent.into(),
            trend: totals.recent.trend().word(),
        },
        files: &report.files[..report.files.len().min(shown)],
        symbols: &report.symbols[..report.symbols.len().min(shown)],
        authors: totals.authors.iter().map(author).collect(),
        hotspots: report.hotspots().into_iter().take(shown).filter_map(hotspot).collect(),
        coupling: report.coupling.iter().map(pair).collect(),
        months: report.months.iter().map(month).collect(),
        notes: warnings(report),
    };
    serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
}

/// Returns how the numbers came about: sentences for people, and what a program may ask for.
fn how(report: &Report) -> Map<String, Value> {
    let (ground, totals) = (&report.ground, &report.totals);
    let mut how: Map<String, Value> = method(ground).into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
    how.insert("renames_followed".into(), ground.renames.into());
    how.insert("shallow".into(), ground.cut.is_some().into());
    how.insert("mailmap".into(), ground.mailmap.into());
    how.insert("head".into(), ground.head.clone().into());
    how.insert("until".into(), ground.head.as_ref().map(|_| moment(ground.until)).into());
    how.insert("since".into(), ground.since.map(moment).into());
    let symbols = &ground.symbols;
    how.insert("symbol_files".into(), symbols.files.into());
    how.insert("symbol_files_counted".into(), symbols.counted.into());
    how.insert("symbol_changes".into(), symbols.changes.into());
    how.insert("symbol_changes_left_out".into(), symbols.left_out.into());
    how.insert("symbol_changes_doubtful".into(), symbols.doubtful.into());
    how.insert("symbols_complete_above".into(), symbols.beyond.into());
    how.insert("coupling_commits_left_out".into(), totals.coupling_left_out.into());
    how.insert("coupling_lower_bound".into(), totals.coupling_bounded.into());
    how
}

#[derive(Serialize)]
struct Whole<'a> {
    version: u32,
    kind: &'a str,
    project: &'a str,
    made: &'a str,
    scope: Cow<'a, str>,
    method: Map<String, Value>,
    totals: Totals,
    #[serde(serialize_with = "files")]
    files: &'a [FileChurn],
    #[serde(serialize_with = "symbols")]
    symbols: &'a [SymbolChurn],
    authors: Vec<Author<'a>>,
    hotspots: Vec<Hotspot<'a>>,
    coupling: Vec<Pair<'a>>,
    months: Vec<Month>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Totals {
    commits: u64,
    files: usize,
    touches: u64,
    adds: u64,
    deletes: u64,
    binary_files: usize,
    generated: Part,
    authors: usize,
    bus_factor: usize,
    first: Option<String>,
    last: Option<String>,
    recent: Recent,
    trend: &'static str,
}

#[derive(Serialize)]
struct Part {
    files: usize,
    touches: u64,
    adds: u64,
    deletes: u64,
}

#[derive(Serialize)]
struct File<'a> {
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    adds: u64,
    deletes: u64,
    touches: u32,
    authors: usize,
    first: String,
    last: String,
    age_days: i64,
    kind: &'static str,
    present: bool,
    binary: bool,
    generated: bool,
    recent: Recent,
    trend: &'static str,
    owner: Option<Owner<'a>>,
    owners: Vec<Owner<'a>>,
    bus_factor: usize,
    lines: Option<u32>,
    deepest: Option<u32>,
    complexity: Option<u64>,
    hotspot: Option<u64>,
}

#[derive(Serialize)]
struct Symbol<'a> {
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    symbol: &'a str,
    kind: &'static str,
    language: &'static str,
    touches: u32,
    adds: u64,
    deletes: u64,
    authors: usize,
    owner: Option<Owner<'a>>,
    first: String,
    last: String,
    recent: Recent,
    trend: &'static str,
    gone: bool,
}

#[derive(Serialize)]
struct Hotspot<'a> {
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    touches: u32,
    complexity: u64,
    score: u64,
}

#[derive(Serialize)]
struct Pair<'a> {
    a: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    a_hex: Option<String>,
    b: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b_hex: Option<String>,
    support: u32,
    confidence: f64,
    a_to_b: f64,
    b_to_a: f64,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
    commits: u32,
    lines: u64,
    share: f64,
}

#[derive(Serialize)]
struct Owner<'a> {
    name: &'a str,
    touches: u32,
    lines: u64,
    share: f64,
}

#[derive(Serialize)]
struct Recent {
    days_30: u32,
    days_90: u32,
    days_90_before: u32,
    days_365: u32,
}

#[derive(Serialize)]
struct Month {
    month: String,
    commits: u64,
    touches: u64,
    adds: u64,
    deletes: u64,
}

/// Writes files one by one, so that a history of very many never stands in memory twice.
fn files<S: Serializer>(files: &&[FileChurn], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(files.iter().map(file))
}

fn file(file: &FileChurn) -> File<'_> {
    let complexity = file.hotspot.map(|hotspot| hotspot.complexity);
    File {
        path: text(&file.path),
        path_hex: hex(&file.path),
        adds: file.adds,
        deletes: file.deletes,
        touches: file.touches,
        authors: file.authors.len(),
        first: moment(file.first),
        last: moment(file.last),
        age_days: file.age_days,
        kind: match file.kind {
            FileKind::File => "file",
            FileKind::Link => "link",
            FileKind::Submodule => "submodule",
        },
        present: file.present,
        binary: marks(file).contains(&"binary"),
        generated: file.generated,
        recent: file.recent.into(),
        trend: file.recent.trend().word(),
        owner: file.authors.first().map(owner),
        owners: file.authors.iter().take(NAMED).map(owner).collect(),
        bus_factor: file.bus_factor,
        lines: complexity.map(|complexity| complexity.lines),
        deepest: complexity.map(|complexity| complexity.deepest),
        complexity: complexity.map(|complexity| complexity.indentation),
        hotspot: file.hotspot.map(|hotspot| hotspot.score),
    }
}

/// Writes symbols one by one.
fn symbols<S: Serializer>(symbols: &&[SymbolChurn], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(symbols.iter().map(|symbol| Symbol {
        path: text(&symbol.path),
        path_hex: hex(&symbol.path),
        symbol: &symbol.symbol,
        kind: symbol.kind.word(),
        language: symbol.language,
        touches: symbol.touches,
        adds: symbol.adds,
        deletes: symbol.deletes,
        authors: symbol.authors.len(),
        owner: symbol.authors.first().map(owner),
        first: moment(symbol.first),
        last: moment(symbol.last),
        recent: symbol.recent.into(),
        trend: symbol.recent.trend().word(),
        gone: symbol.gone,
    }))
}

fn hotspot(file: &FileChurn) -> Option<Hotspot<'_>> {
    let churn::Hotspot { complexity, score } = file.hotspot?;
    Some(Hotspot { path: text(&file.path), path_hex: hex(&file.path), touches: file.touches, complexity: complexity.indentation, score })
}

fn pair(pair: &churn::Pair) -> Pair<'_> {
    Pair {
        a: text(&pair.a),
        a_hex: hex(&pair.a),
        b: text(&pair.b),
        b_hex: hex(&pair.b),
        support: pair.support,
        confidence: part(pair.confidence()),
        a_to_b: part(pair.a_to_b),
        b_to_a: part(pair.b_to_a),
    }
}

fn month(month: &churn::Month) -> Month {
    let churn::Month { year, month, commits, touches, adds, deletes } = *month;
    Month { month: format!("{year:04}-{month:02}"), commits, touches, adds, deletes }
}

fn author(share: &Share) -> Author<'_> {
    Author { name: &share.name, commits: share.touches, lines: share.lines, share: part(share.share) }
}

fn owner(share: &Share) -> Owner<'_> {
    Owner { name: &share.name, touches: share.touches, lines: share.lines, share: part(share.share) }
}

impl From<churn::Recent> for Recent {
    fn from(recent: churn::Recent) -> Recent {
        let churn::Recent { days_30, days_90, before_90, days_365 } = recent;
        Recent { days_30, days_90, days_90_before: before_90, days_365 }
    }
}

fn text(path: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(path)
}

/// Returns the bytes of a path that is no UTF-8, which would not be known from its text.
fn hex(path: &[u8]) -> Option<String> {
    std::str::from_utf8(path).is_err().then(|| path.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Returns a part of one, with four digits behind the point.
fn part(part: f64) -> f64 {
    (part * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::super::invented::{hostile, invented};
    use serde_json::json;

    use super::super::json::json as told;
    use super::*;

    fn parsed(report: &Report, top: Option<usize>) -> Value {
        serde_json::from_str(&told(report, top)).unwrap()
    }

    #[test]
    fn the_shape() {
        let found = parsed(&invented(), None);
        assert_eq!(
            (&found["version"], &found["kind"], &found["scope"], &found["made"]),
            (&json!(1), &json!("churn"), &json!("."), &json!("2024-03-20"))
        );
        let mut file = found["files"][0].clone();
        assert_eq!(file["owners"].as_array().map(Vec::len), Some(2));
        for nested in ["owners", "recent"] {
            file.as_object_mut().unwrap().remove(nested);
        }
        assert_eq!(
            file,
            json!({
                "path": "src/app.rs", "adds": 1400, "deletes": 140, "touches": 12, "authors": 2, "first": "2022-01-08T00:00:00Z",
                "last": "2024-03-08T00:00:00Z", "age_days": 10, "present": true, "binary": false, "generated": false, "kind": "file",
                "trend": "rising", "owner": { "name": "Ann", "touches": 11, "lines": 700, "share": 0.9167 }, "bus_factor": 1,
                "complexity": 520, "lines": 300, "deepest": 6, "hotspot": 6240
            })
        );
        assert_eq!(
            found["coupling"][0],
            json!({ "a": "src/app.rs", "b": "src/cart.rs", "support": 4, "confidence": 0.8, "a_to_b": 0.3333, "b_to_a": 0.8 })
        );
        let mut symbol = found["symbols"][1].clone();
        for nested in ["owner", "recent"] {
            symbol.as_object_mut().unwrap().remove(nested);
        }
        assert_eq!(
            symbol,
            json!({
                "path": "src/app.rs", "symbol": "start", "kind": "function", "language": "rust", "touches": 3, "adds": 40, "deletes": 4, "authors": 1,
                "first": "2022-01-08T00:00:00Z", "last": "2024-03-08T00:00:00Z", "trend": "rising", "gone": true
            })
        );
        assert_eq!((&found["method"]["symbol_files"], &found["method"]["symbol_changes_doubtful"]), (&json!(4), &json!(2)));
        assert_eq!(found["months"][0]["month"], "2024-03");
        assert!(found["method"]["renames"].as_str().is_some_and(|text| text.contains("50%")));
    }

    #[test]
    fn no_more_files_than_asked_for_but_the_same_sums() {
        let found = parsed(&invented(), Some(1));
        assert_eq!((found["files"].as_array().map(Vec::len), &found["totals"]["files"]), (Some(1), &json!(3)));
    }

    #[test]
    fn a_name_that_is_no_utf8_has_its_bytes() {
        let found = parsed(&hostile(), None);
        assert!(found["files"][0]["path_hex"].as_str().is_some_and(|hex| hex.ends_with("26ff")));
        assert_eq!(found["files"][1]["path_hex"], Value::Null);
    }
}
