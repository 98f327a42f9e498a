//! A report of churn for programs.

use serde_json::{Map, Value, json};

use super::words::{marks, method, moment, warnings};
use crate::base::FileKind;
use crate::churn::{FileChurn, Month, Pair, Recent, Report, Share};

/// How many authors of a file are named.
const NAMED: usize = 5;

/// Returns a report as a JSON object, with at most `top` files: `version`, `project`, `made`, `scope`, `method`, `totals`, `files`,
/// `hotspots`, `coupling`, `months`, `notes`. A path that is no UTF-8 has its bytes beside it, in hexadecimal digits.
pub fn json(report: &Report, top: Option<usize>) -> String {
    let (ground, totals) = (&report.ground, &report.totals);
    let mut how: Map<String, Value> = method(ground).into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
    how.insert("renames_followed".into(), ground.renames.into());
    how.insert("shallow".into(), ground.shallow.into());
    how.insert("mailmap".into(), ground.mailmap.into());
    how.insert("head".into(), ground.head.clone().into());
    how.insert("until".into(), ground.head.as_ref().map(|_| moment(ground.until)).into());
    how.insert("since".into(), ground.since.map(moment).into());
    how.insert("coupling_commits_left_out".into(), totals.coupling_left_out.into());
    how.insert("coupling_lower_bound".into(), totals.coupling_bounded.into());
    let shown = top.unwrap_or(usize::MAX);
    let hotspots: Vec<Value> = report.hotspots().into_iter().take(shown).map(hotspot).collect();
    let scope = ground.scope.as_ref().map_or_else(|| String::from("."), |scope| String::from_utf8_lossy(scope).into_owned());
    let value = json!({
        "version": 1,
        "kind": "churn",
        "project": ground.project,
        "made": ground.made,
        "scope": scope,
        "method": how,
        "totals": {
            "commits": totals.commits,
            "files": totals.files,
            "touches": totals.touches,
            "adds": totals.adds,
            "deletes": totals.deletes,
            "binary_files": totals.binary_files,
            "generated": {
                "files": totals.generated.files,
                "touches": totals.generated.touches,
                "adds": totals.generated.adds,
                "deletes": totals.generated.deletes,
            },
            "authors": totals.authors.len(),
            "bus_factor": totals.bus_factor,
            "first": totals.first.map(moment),
            "last": totals.last.map(moment),
            "recent": recent(&totals.recent),
            "trend": totals.recent.trend().word(),
        },
        "authors": totals.authors.iter().map(|share| author(share, "commits")).collect::<Vec<_>>(),
        "files": report.files.iter().take(shown).map(file).collect::<Vec<_>>(),
        "hotspots": hotspots,
        "coupling": report.coupling.iter().map(pair).collect::<Vec<_>>(),
        "months": report.months.iter().map(month).collect::<Vec<_>>(),
        "notes": warnings(report),
    });
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

fn file(file: &FileChurn) -> Value {
    let mut row = Map::new();
    named(&mut row, "path", &file.path);
    let mut put = |name: &str, value: Value| drop(row.insert(name.to_owned(), value));
    put("adds", file.adds.into());
    put("deletes", file.deletes.into());
    put("touches", file.touches.into());
    put("authors", file.authors.len().into());
    put("first", moment(file.first).into());
    put("last", moment(file.last).into());
    put("age_days", file.age_days.into());
    put("present", file.present.into());
    put("binary", marks(file).contains(&"binary").into());
    put("generated", file.generated.into());
    put("kind", kind(file.kind).into());
    put("recent", recent(&file.recent));
    put("trend", file.recent.trend().word().into());
    put("owner", file.authors.first().map(|share| author(share, "touches")).into());
    put("owners", file.authors.iter().take(NAMED).map(|share| author(share, "touches")).collect());
    put("bus_factor", file.bus_factor.into());
    put("complexity", file.hotspot.map(|hotspot| hotspot.complexity.indentation).into());
    put("lines", file.hotspot.map(|hotspot| hotspot.complexity.lines).into());
    put("deepest", file.hotspot.map(|hotspot| hotspot.complexity.deepest).into());
    put("hotspot", file.hotspot.map(|hotspot| hotspot.score).into());
    Value::Object(row)
}

fn hotspot(file: &FileChurn) -> Value {
    let mut row = Map::new();
    named(&mut row, "path", &file.path);
    row.insert("touches".into(), file.touches.into());
    row.insert("complexity".into(), file.hotspot.map(|hotspot| hotspot.complexity.indentation).into());
    row.insert("score".into(), file.hotspot.map(|hotspot| hotspot.score).into());
    Value::Object(row)
}

fn pair(pair: &Pair) -> Value {
    let mut row = Map::new();
    named(&mut row, "a", &pair.a);
    named(&mut row, "b", &pair.b);
    row.insert("support".into(), pair.support.into());
    row.insert("confidence".into(), part(pair.confidence()));
    row.insert("a_to_b".into(), part(pair.a_to_b));
    row.insert("b_to_a".into(), part(pair.b_to_a));
    Value::Object(row)
}

fn month(month: &Month) -> Value {
    let Month { year, month, commits, touches, adds, deletes } = *month;
    json!({ "month": format!("{year:04}-{month:02}"), "commits": commits, "touches": touches, "adds": adds, "deletes": deletes })
}

fn author(share: &Share, counted: &str) -> Value {
    json!({ "name": share.name, counted: share.touches, "lines": share.lines, "share": part(share.share) })
}

fn recent(recent: &Recent) -> Value {
    json!({ "days_30": recent.days_30, "days_90": recent.days_90, "days_90_before": recent.before_90, "days_365": recent.days_365 })
}

fn kind(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Link => "link",
        FileKind::Submodule => "submodule",
    }
}

fn named(row: &mut Map<String, Value>, name: &str, path: &[u8]) {
    row.insert(name.to_owned(), String::from_utf8_lossy(path).into());
    if std::str::from_utf8(path).is_err() {
        row.insert(format!("{name}_hex"), path.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into());
    }
}

/// Returns a part of one, with four digits behind the point.
fn part(part: f64) -> Value {
    json!((part * 10_000.0).round() / 10_000.0)
}

#[cfg(test)]
mod tests {
    use super::super::invented::{hostile, invented};
    use super::*;

    fn parsed(report: &Report, top: Option<usize>) -> Value {
        serde_json::from_str(&json(report, top)).unwrap()
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
