//! What stands on the page of a run, a function a section. Every picture has a table beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::page::{Bar, Page, text};
use crate::base::quantity::{plural, show_duration};
use crate::event::{GateOutcome, Outcome};
use crate::record::{RunRecord, RunTask};
use crate::report::reason_text;

/// The most attempts that are drawn; the tables have all of them.
const DRAWN: usize = 2000;

/// How wide and how high a slot is drawn, in the picture's own units.
const WIDE: f64 = 1000.0;
const HIGH: f64 = 22.0;

pub(super) fn all(page: &Page<'_>) -> String {
    let parts = [
        ("Timeline", timeline(page)),
        ("Critical path", critical(page)),
        ("Tasks", tasks(page.run)),
        ("Gates", gates(page.run)),
        ("Decisions", decisions(page.run)),
        ("Compared", page.earlier.map_or(String::new(), |earlier| compared(earlier, page.run))),
    ];
    let shown = || parts.iter().filter(|(_, part)| !part.is_empty());
    let id = |name: &str| name.to_lowercase().replace(' ', "-");
    let links: String = shown().map(|(name, _)| format!("<a href=\"#{}\">{name}</a>", id(name))).collect();
    let sections: String =
        shown().map(|(name, part)| format!("<section id=\"{}\">\n<h2>{name}</h2>\n{part}</section>\n", id(name))).collect();
    format!("{}<nav>{links}</nav>\n{sections}", head(page))
}

fn ms(ms: u64) -> String {
    show_duration(Duration::from_millis(ms))
}

/// Returns a table; columns whose name begins with `#` hold numbers.
fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head = columns.iter().map(|name| match name.strip_prefix('#') {
        Some(name) => format!("<th class=\"number\">{name}</th>"),
        None => format!("<th>{name}</th>"),
    });
    let head: String = head.collect();
    let cell = |(name, value): (&&str, String)| match name.starts_with('#') {
        true => format!("<td class=\"number\">{value}</td>"),
        false => format!("<td>{value}</td>"),
    };
    let rows: String = rows.map(|row| format!("<tr>{}</tr>\n", columns.iter().zip(row).map(cell).collect::<String>())).collect();
    format!("<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n")
}

fn head(page: &Page<'_>) -> String {
    let run = page.run;
    let (class, verdict) = match (run.ended, run.exit) {
        (false, _) => ("fail", String::from("not ended")),
        (true, 0) => ("pass", String::from("holds")),
        (true, exit) => ("fail", format!("failed (exit {exit})")),
    };
    let began = i64::try_from(run.began).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let began = began.map_or(String::new(), |began| began.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    let goal = if run.goal.is_empty() { String::from("default goal") } else { run.goal.join(" ") };
    let totals = &run.totals;
    let counts = [
        (totals.done, "done"),
        (totals.cached, "cached"),
        (totals.fresh, "fresh"),
        (totals.failed, "failed"),
        (totals.skipped, "skipped"),
        (totals.cancelled, "not reached"),
        (totals.stalled, "stalled"),
    ];
    let counts: Vec<String> = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    format!(
        "<h1>{}</h1>\n<p><span class=\"verdict {class}\">{verdict}</span> in {}: {}</p>\n<p class=\"faint\">Run {}, {began}, {}</p>\n",
        text(page.project),
        ms(run.duration_ms),
        if counts.is_empty() { String::from("nothing to do") } else { counts.join(", ") },
        text(&run.run),
        text(&goal)
    )
}

fn class(outcome: &str) -> &'static str {
    match outcome {
        "done" | "cached" | "fresh" => "done",
        "failed" | "stalled" => "failed",
        _ => "other",
    }
}

fn timeline(page: &Page<'_>) -> String {
    let bars = page.bars;
    if bars.is_empty() {
        return String::new();
    }
    let end = bars.iter().map(|bar| bar.to).max().unwrap_or(1).max(1);
    let slots = bars.iter().map(|bar| bar.slot).max().unwrap_or(0) + 1;
    let on_path: BTreeSet<&str> = page.critical.iter().map(|(task, _)| &**task).collect();
    let x = |at: u64| at as f64 / end as f64 * WIDE;
    let height = f64::from(slots) * HIGH + 20.0;
    let mut drawing = format!("<svg viewBox=\"0 0 {WIDE} {height}\" role=\"img\" aria-label=\"what ran in each slot, and when\">\n");
    for tenth in 0..=5 {
        let at = WIDE / 5.0 * f64::from(tenth);
        let label = ms(end * u64::from(tenth as u32) / 5);
        let anchor = if tenth == 5 { "end" } else { "start" };
        drawing += &format!("<line class=\"axis\" x1=\"{at}\" y1=\"0\" x2=\"{at}\" y2=\"{}\"/>", height - 16.0);
        drawing += &format!("<text x=\"{at}\" y=\"{}\" text-anchor=\"{anchor}\">{label}</text>\n", height - 4.0);
    }
    let mut longest: Vec<&Bar> = bars.iter().collect();
    longest.sort_by_key(|bar| std::cmp::Reverse(bar.to - bar.from));
    for bar in longest.iter().take(DRAWN) {
        let (from, wide, top) = (x(bar.from), (x(bar.to) - x(bar.from)).max(0.8), f64::from(bar.slot) * HIGH + 2.0);
        let critical = if on_path.contains(&*bar.task) { " critical" } else { "" };
        let name = text(&bar.task);
        drawing += &format!(
            "<rect class=\"{}{critical}\" x=\"{from:.1}\" y=\"{top}\" width=\"{wide:.1}\" height=\"{}\"><title>{name}: {} to {}</title></rect>",
            class(&bar.outcome),
            HIGH - 4.0,
            ms(bar.from),
            ms(bar.to)
        );
        if wide > 7.0 * bar.task.chars().count() as f64 {
            drawing += &format!("<text x=\"{:.1}\" y=\"{}\">{name}</text>", from + 3.0, top + 13.0);
        }
        drawing.push('\n');
    }
    drawing += "</svg>\n";
    let left_out = match bars.len().saturating_sub(DRAWN) {
        0 => String::new(),
        more => format!("<p class=\"faint\">The {more} shortest of {} are not drawn.</p>\n", plural(bars.len(), "attempt")),
    };
    let rows =
        bars.iter().map(|bar| vec![text(&bar.task), (bar.slot + 1).to_string(), ms(bar.from), ms(bar.to - bar.from), text(&bar.outcome)]);
    let rows = table(&["task", "#slot", "#started after", "#took", "outcome"], rows);
    format!(
        "<p class=\"faint\">A line for each slot; outlined: the critical path.</p>\n{drawing}{left_out}<details><summary>as a table</summary>\n{rows}</details>\n"
    )
}

fn critical(page: &Page<'_>) -> String {
    if page.critical.is_empty() {
        return String::new();
    }
    let whole: u64 = page.critical.iter().map(|(_, took)| took).sum();
    let free: BTreeMap<&str, u64> = page.free.iter().map(|(task, left)| (&**task, *left)).collect();
    let rows = page.critical.iter().map(|(task, took)| {
        let gain = free.get(&**task).map_or(String::new(), |left| format!("{} (\u{2212}{})", ms(*left), ms(whole.saturating_sub(*left))));
        vec![text(task), ms(*took), gain]
    });
    format!(
        "<p>The longest chain takes {}; no number of slots makes the run shorter. The last column: what it would be if this task took no time.</p>\n{}",
        ms(whole),
        table(&["task", "#took", "#if it were free"], rows)
    )
}

fn tasks(run: &RunRecord) -> String {
    if run.tasks.is_empty() {
        return format!("<p>Nothing to do: {} fresh.</p>\n", plural(run.totals.fresh, "task"));
    }
    let mut tasks: Vec<&RunTask> = run.tasks.iter().collect();
    tasks.sort_by_key(|task| (task.outcome != Outcome::Failed, std::cmp::Reverse(task.duration_ms)));
    let rows = tasks.into_iter().map(|task| {
        let reason = task.reason.as_ref().map(reason_text).unwrap_or_default();
        let status = task.status.clone().unwrap_or_default();
        let failed = task.outcome == Outcome::Failed && !task.output.is_empty();
        let output =
            if failed { format!("<details><summary>output</summary><pre>{}</pre></details>", lines(&task.output)) } else { String::new() };
        let word = task.outcome.word();
        let class = if task.outcome == Outcome::Failed { "fail" } else { "" };
        vec![
            text(&task.address),
            format!("<span class=\"{class}\">{word}</span>"),
            ms(task.duration_ms),
            text(&reason),
            format!("{}{output}", text(&status)),
        ]
    });
    let made = run.totals.done + run.totals.cached;
    let share = (made + run.totals.fresh > 0).then(|| 100 * (run.totals.cached + run.totals.fresh) / (made + run.totals.fresh));
    let share = share.map_or(String::new(), |share| format!("<p>{share} % of what was looked at did not have to run.</p>\n"));
    format!("{share}{}", table(&["task", "outcome", "#took", "why it ran", "how it ended"], rows))
}

/// Returns the lines of an output.
fn lines(output: &str) -> String {
    output.lines().map(text).collect::<Vec<_>>().join("\n")
}

fn gates(run: &RunRecord) -> String {
    let count =
        |report: &crate::event::GateReport, state| report.findings.iter().filter(|finding| finding.state == state).count().to_string();
    let rows = run.gates.iter().map(|report| {
        let (class, word) = match report.outcome {
            GateOutcome::Pass => ("pass", "pass"),
            GateOutcome::Fail => ("fail", "fail"),
            GateOutcome::NotEvaluated => ("fail", "not evaluated"),
        };
        let findings: String = report
            .new_findings()
            .map(|finding| {
                format!(
                    "<li>{}:{} {} <span class=\"faint\">{}</span></li>",
                    text(&finding.file),
                    finding.line,
                    text(&finding.message),
                    text(&finding.rule)
                )
            })
            .collect();
        let findings = if findings.is_empty() {
            String::new()
        } else {
            format!("<details open><summary>findings</summary><ul>{findings}</ul></details>")
        };
        vec![
            format!("{}<br>{findings}", text(&report.address)),
            text(&report.kind),
            format!("<span class=\"{class}\">{word}</span>"),
            count(report, crate::event::State::New),
            count(report, crate::event::State::Baselined),
            count(report, crate::event::State::Suppressed),
        ]
    });
    if run.gates.is_empty() {
        String::new()
    } else {
        table(&["gate", "kind", "outcome", "#new", "#in the baseline", "#allowed in place"], rows)
    }
}

fn decisions(run: &RunRecord) -> String {
    let rows = run.decisions.iter().map(|decision| {
        let saw: Vec<String> = decision
            .saw
            .iter()
            .map(|sight| text(&format!("{}: {} {}", sight.choose, sight.condition, if sight.holds { "holds" } else { "does not hold" })))
            .collect();
        vec![text(&decision.address), text(&decision.value), text(decision.origin.words()), saw.join("<br>")]
    });
    if run.decisions.is_empty() { String::new() } else { table(&["decision", "value", "from", "what was looked at"], rows) }
}

fn compared(earlier: &RunRecord, run: &RunRecord) -> String {
    let of = |run: &RunRecord| -> BTreeMap<String, (&'static str, u64)> {
        run.tasks.iter().map(|task| (task.address.clone(), (task.outcome.word(), task.duration_ms))).collect()
    };
    let (then, now) = (of(earlier), of(run));
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let show =
        |task: Option<&(&'static str, u64)>| task.map_or(String::from("did not run"), |(word, took)| format!("{word}, {}", ms(*took)));
    let rows = names.into_iter().map(|name| {
        let took = |task: Option<&(&'static str, u64)>| task.map_or(0, |(_, took)| *took as i64);
        let more = took(now.get(name)) - took(then.get(name));
        let sign = if more > 0 {
            "+"
        } else if more < 0 {
            "\u{2212}"
        } else {
            ""
        };
        vec![text(name), show(then.get(name)), show(now.get(name)), format!("{sign}{}", ms(more.unsigned_abs()))]
    });
    format!(
        "<p>With run {}, which took {}; this one took {}.</p>\n{}",
        text(&earlier.run),
        ms(earlier.duration_ms),
        ms(run.duration_ms),
        table(&["task", "then", "now", "#difference"], rows)
    )
}
