//! What gates found, new against the baseline; and what decisions came to.

use super::page::{folded, link};
use crate::base::quantity::plural;
use crate::event::{Chosen, Finding, GateOutcome, GateReport, State};
use crate::record::RunRecord;
use crate::report::page::{Table, number, path, percent, safe};

/// How many findings of a gate are shown, and how many where it is only named.
const FINDINGS: usize = 200;
const BRIEF: usize = 5;

/// How many findings all gates together show.
const ALL: usize = 1000;

fn count(report: &GateReport, state: State) -> u64 {
    report.findings.iter().filter(|finding| finding.state == state).count() as u64
}

pub(super) fn gates(run: &RunRecord) -> String {
    if run.gates.is_empty() {
        return String::new();
    }
    let mut table = Table::new("gates", &["gate", "outcome", "#new", "#in the baseline", "#allowed in place", "", "#files"]);
    let states = [(State::New, "new"), (State::Baselined, "baselined"), (State::Suppressed, "suppressed")];
    for report in &run.gates {
        let counts = states.map(|(state, word)| (count(report, state), word));
        let (mut at, whole) = (0, counts.iter().map(|(count, _)| count).sum());
        let mut bar = String::new();
        for (count, word) in counts.iter().filter(|(count, _)| *count > 0) {
            bar +=
                &format!("<rect x=\"{}\" width=\"{}\" height=\"100%\" class=\"of-{word}\"/>", percent(at, whole), percent(*count, whole));
            at += count;
        }
        let bar = format!("<span class=\"meter\"><svg aria-hidden=\"true\">{bar}</svg></span>");
        let name = format!("{} <span class=\"tag\">{}</span>", link(&report.address), safe(&report.kind));
        let [new, baselined, suppressed] = counts.map(|(count, _)| number(count));
        let files = number(report.facts.files as u64);
        table.row([name, outcome(report), new, baselined, suppressed, bar, files]);
    }
    let mut room = ALL;
    let details: String = run.gates.iter().map(|report| details(report, &mut room)).collect();
    format!(
        "{}<ul class=\"key\"><li><span class=\"dot of-new\"></span>new</li><li><span class=\"dot of-baselined\"></span>in the baseline</li>\
         <li><span class=\"dot of-suppressed\"></span>allowed in place</li></ul>\n{details}",
        table.html()
    )
}

fn outcome(report: &GateReport) -> String {
    let (class, word) = match report.outcome {
        GateOutcome::Pass => ("pass", "pass"),
        GateOutcome::Fail if report.warning => ("warned", "warning"),
        GateOutcome::Fail => ("fail", "fail"),
        GateOutcome::NotEvaluated => ("fail", "not evaluated"),
    };
    format!("<span class=\"{class}\">{word}</span>")
}

fn details(report: &GateReport, room: &mut usize) -> String {
    let mut html = because(report);
    html += &findings(report, State::New, FINDINGS, room);
    for (state, words) in [(State::Baselined, "tolerated by the baseline"), (State::Suppressed, "allowed in place")] {
        let listed = findings(report, state, FINDINGS, room);
        if !listed.is_empty() {
            html += &folded(&format!("{} {words}", number(count(report, state))), &listed);
        }
    }
    if !report.gone.is_empty() {
        let gone: String = report.gone.iter().take(FINDINGS).map(|gone| format!("<li>{}</li>", safe(gone))).collect();
        html += &folded(&format!("{} of the baseline gone", number(report.gone.len() as u64)), &format!("<ul>{gone}</ul>"));
    }
    if html.is_empty() { html } else { format!("<h3>{}</h3>\n{html}", link(&report.address)) }
}

fn because(report: &GateReport) -> String {
    report
        .because
        .as_ref()
        .map_or(String::new(), |because| format!("<p><strong class=\"fail\">not evaluated</strong>: {}</p>\n", safe(because)))
}

fn findings(report: &GateReport, state: State, most: usize, room: &mut usize) -> String {
    let found: Vec<&Finding> = report.findings.iter().filter(|finding| finding.state == state).collect();
    let shown = found.len().min(most).min(*room);
    *room -= shown;
    let list: String = found[..shown].iter().map(|finding| format!("<li>{}</li>\n", told(finding))).collect();
    let more = match found.len() - shown {
        0 => String::new(),
        more => format!("<p class=\"faint\">and {} more: <code>orket check</code> shows them</p>\n", number(more as u64)),
    };
    if found.is_empty() { String::new() } else { format!("<ul class=\"findings\">\n{list}</ul>\n{more}") }
}

fn told(finding: &Finding) -> String {
    let place = match (finding.line, finding.column) {
        _ if finding.file.is_empty() => String::new(),
        (0, _) => path(&finding.file),
        (line, 0) => format!("{}:{line}", path(&finding.file)),
        (line, column) => format!("{}:{line}:{column}", path(&finding.file)),
    };
    let text = finding.text.as_ref().map_or(String::new(), |text| format!("<pre>{}</pre>", safe(text.trim())));
    let help = if finding.help.is_empty() { String::new() } else { format!("<small>{}</small>", safe(&finding.help)) };
    format!(
        "<span class=\"name\">{place}</span> <span class=\"tag\">{}</span><br>{}{text}{}{help}",
        safe(&finding.rule),
        safe(&finding.message),
        if text.is_empty() && !help.is_empty() { "<br>" } else { "" }
    )
}

/// Returns what a gate that failed has to say among the failures.
pub(super) fn brief(report: &GateReport) -> String {
    let new = count(report, State::New);
    let shown = findings(report, State::New, BRIEF, &mut usize::MAX.clone());
    let all = if new as usize > BRIEF { "<p><a href=\"#gates\">All of them</a></p>\n" } else { "" };
    let head =
        if new > 0 { format!("<p><strong class=\"fail\">{}</strong></p>\n", plural(new as usize, "new finding")) } else { String::new() };
    format!("{}{head}{}{all}", because(report), shown.replace("<code>orket check</code> shows them", "see below"))
}

pub(super) fn decisions(run: &RunRecord) -> String {
    let mut table = Table::new("decisions", &["decision", "value", "from", "what was looked at"]);
    for decision in &run.decisions {
        let sight = |sight: &crate::event::Sight| {
            let found = if sight.found.is_empty() { String::new() } else { format!(": {}", sight.found) };
            let holds = if sight.holds { "holds" } else { "does not hold" };
            format!("<li>{}</li>", safe(&format!("{}: {} {holds}{found}", sight.choose, sight.condition)))
        };
        let saw: String = decision.saw.iter().map(sight).collect();
        let saw = if saw.is_empty() { saw } else { format!("<ul>{saw}</ul>") };
        table.row([link(&decision.address), format!("<code>{}</code>", safe(&decision.value)), safe(decision.origin.words()), saw]);
    }
    match (run.decisions.is_empty(), run.strategies.is_empty()) {
        (_, true) => table.html(),
        (true, false) => strategies(run),
        (false, false) => format!("<h3>On the graph</h3>\n{}<h3>Strategies</h3>\n{}", table.html(), strategies(run)),
    }
}

/// Which strategy filled each seam: those that somebody chose first.
fn strategies(run: &RunRecord) -> String {
    let mut table = Table::new("strategies", &["seam", "strategy", "from", "said in"]);
    let (said, left): (Vec<&Chosen>, Vec<&Chosen>) = run.strategies.iter().partition(|chosen| chosen.place.is_some());
    for chosen in said.into_iter().chain(left) {
        table.row([
            format!("<code>{}</code>", safe(&chosen.seam)),
            format!("<code>{}</code>", safe(&chosen.strategy)),
            safe(&chosen.origin.replace('_', " ")),
            chosen.place.as_deref().map_or(String::new(), |place| format!("<code>{}</code>", safe(place))),
        ]);
    }
    table.html()
}
