//! What a reader wants first: the verdict, and what failed.

use std::collections::BTreeMap;

use super::gates;
use super::page::{Page, folded, link, ms, outcome};
use super::story::{INTERRUPTED, RUNNING, Told};
use crate::base::quantity::plural;
use crate::event::{GateOutcome, Totals};
use crate::report::chars::{clean, shell_word};
use crate::report::page::{lines, number, percent, safe};

/// The most failures that are shown in full, and the most names in a list.
const FAILURES: usize = 50;

/// How many lines of an output are shown, and how many more can be.
const LINES: usize = 20;
const EARLIER: usize = 300;

/// How much output all failures together show, and each at most, in bytes; logs have the rest.
const OUTPUT: usize = 384 << 10;
const EACH: usize = 24 << 10;

/// Returns the top of the page.
pub(super) fn head(page: &Page<'_>) -> String {
    let run = page.run;
    let began = i64::try_from(run.began).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let began = began.map_or(String::new(), |began| began.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    let (class, verdict) = verdict(page);
    let goal = if run.goal.is_empty() { String::from("what is built by default") } else { run.goal.join(" ") };
    let jobs = page.story.jobs.map_or(String::new(), |jobs| format!(", {} at once", number(jobs)));
    let took = match run.ended {
        true => format!("It took {}{jobs}, exit status {}.", ms(run.duration_ms), run.exit),
        false => format!(
            "It was killed, or is still going on{jobs}; the last that is known of it happened after {}.",
            ms(page.story.last.max(run.duration_ms))
        ),
    };
    let notices: String = page.story.notices.iter().take(FAILURES).map(|text| format!("<li>{}</li>\n", safe(text))).collect();
    let notices = if notices.is_empty() { notices } else { format!("<ul class=\"notices\">\n{notices}</ul>\n") };
    format!(
        "<header class=\"top\">\n<p class=\"faint\">{} <span class=\"apart\">run {}</span> <span class=\"apart\">{began}</span></p>\n<h1 class=\"{class}\">{verdict}</h1>\n\
         <p>Asked for: <code>{}</code>. {took}</p>\n{}{}{notices}</header>\n",
        safe(page.project),
        safe(&run.run),
        safe(&goal),
        counts(&run.totals, run.ended),
        flaky(page),
    )
}

fn verdict(page: &Page<'_>) -> (&'static str, String) {
    let run = page.run;
    let mut wrong = Vec::new();
    let gates: Vec<&str> =
        run.gates.iter().filter(|gate| gate.outcome != GateOutcome::Pass && !gate.warning).map(|gate| &*gate.address).collect();
    match page.story.tasks.iter().filter(|task| task.outcome == "failed" && !gates.contains(&&*task.address)).count() {
        0 => {}
        count => wrong.push(format!("{} failed", plural(count, "task"))),
    }
    for (outcome, one, more) in [
        (GateOutcome::Fail, "found something new", "found something new"),
        (GateOutcome::NotEvaluated, "was not evaluated", "were not evaluated"),
    ] {
        match run.gates.iter().filter(|gate| gate.outcome == outcome && !gate.warning).count() {
            0 => {}
            count => wrong.push(format!("{} {}", plural(count, "gate"), if count == 1 { one } else { more })),
        }
    }
    match (run.ended, run.exit) {
        (false, _) => ("warned", String::from("Not ended")),
        (true, 0) => ("pass", String::from(if run.totals.all() == run.totals.fresh { "Nothing to do" } else { "All of it holds" })),
        (true, _) if !wrong.is_empty() => ("fail", wrong.join(", ")),
        (true, exit) => ("fail", format!("Ended with exit status {exit}")),
    }
}

/// Returns how many tasks ended how: a bar, and a table of what it shows.
fn counts(totals: &Totals, ended: bool) -> String {
    let counts = [
        (totals.failed, "failed"),
        (totals.stalled, "stalled"),
        (totals.interrupted, if ended { INTERRUPTED } else { RUNNING }),
        (totals.cancelled.saturating_sub(totals.interrupted), "cancelled"),
        (totals.done, "done"),
        (totals.cached, "cached"),
        (totals.fresh, "fresh"),
        (totals.skipped, "skipped"),
    ];
    let some: Vec<(u64, &str)> = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| (*count as u64, *word)).collect();
    if some.is_empty() {
        return String::new();
    }
    let (mut at, whole) = (0, totals.all() as u64);
    let (mut bar, mut rows) = (String::new(), String::new());
    for (count, word) in some {
        bar += &format!("<rect x=\"{}\" width=\"{}\" height=\"100%\" class=\"of-{word}\"/>", percent(at, whole), percent(count, whole));
        rows += &format!(
            "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{}</th><td role=\"cell\">{}</tr>\n",
            outcome(word),
            number(count)
        );
        at += count;
    }
    format!(
        "<div class=\"counts\"><div class=\"meter\"><svg role=\"img\" aria-label=\"how many tasks ended how; the table below has the numbers\">{bar}</svg></div>\n\
         <table role=\"table\"><tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn flaky(page: &Page<'_>) -> String {
    let names: Vec<String> = page.story.tasks.iter().filter(|task| task.flaky).map(|task| link(&task.address)).collect();
    if names.is_empty() {
        return String::new();
    }
    let more = names.len().saturating_sub(FAILURES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("<p class=\"note\">Passed only on a further attempt: {}{more}.</p>\n", names[..names.len().min(FAILURES)].join(", "))
}

/// Returns what failed, and what had not ended.
pub(super) fn failures(page: &Page<'_>) -> String {
    let mut blocked: BTreeMap<&str, usize> = BTreeMap::new();
    for task in page.story.tasks.iter().filter(|task| task.outcome == "cancelled") {
        *blocked.entry(task.because.as_deref().unwrap_or_default()).or_default() += 1;
    }
    let gates: BTreeMap<&str, _> = page.run.gates.iter().map(|gate| (&*gate.address, gate)).collect();
    let failed: Vec<&Told> = page.story.tasks.iter().filter(|task| matches!(task.outcome, "failed" | "stalled")).collect();
    let mut room = OUTPUT;
    let mut html = String::new();
    for task in failed.iter().take(FAILURES) {
        let inside = match gates.get(&*task.address) {
            Some(gate) => gates::brief(gate),
            None => failure(task, &mut room),
        };
        let after = match blocked.get(&*task.address) {
            Some(count) => format!(
                "<p>Because of it {} not reached.</p>\n",
                if *count == 1 { "1 target was".into() } else { format!("{count} targets were") }
            ),
            None => String::new(),
        };
        html += &format!("<article class=\"failure\">\n<h3>{}</h3>\n{inside}{after}</article>\n", link(&task.address));
    }
    html += &names("failed, too", failed.iter().skip(FAILURES).map(|task| &*task.address));
    let running = page.story.tasks.iter().filter(|task| task.outcome == RUNNING).map(|task| &*task.address);
    let cut_off = page.story.tasks.iter().filter(|task| task.outcome == INTERRUPTED).map(|task| &*task.address);
    html + &names("had begun and not ended", running) + &names("ran when the run was ended", cut_off)
}

/// Returns many names in a line that can be opened.
fn names<'t>(what: &str, names: impl Iterator<Item = &'t str>) -> String {
    let names: Vec<String> = names.map(link).collect();
    match names.len() {
        0 => String::new(),
        few if few <= FAILURES => format!("<p>{} {what}: {}</p>\n", plural(few, "task"), names.join(", ")),
        many => folded(&format!("{many} tasks {what}"), &format!("<p>{}</p>\n", names.join(", "))),
    }
}

fn failure(task: &Told, room: &mut usize) -> String {
    let how = task.status.clone().unwrap_or_else(|| String::from(task.outcome));
    let attempts = if task.attempts > 1 { format!(", {}", plural(task.attempts as usize, "attempt")) } else { String::new() };
    let mut html = format!("<p><strong class=\"fail\">{}</strong> after {}{attempts}</p>\n", safe(&how), ms(task.took));
    html += &task.hint.as_ref().map_or(String::new(), |hint| format!("<p class=\"note\">{}</p>\n", safe(hint)));
    html += &task
        .command
        .as_ref()
        .map_or(String::new(), |command| format!("<pre class=\"command\">$ {}</pre>\n", lines(&clean(command.as_bytes(), false))));
    let output = clean(task.output.as_bytes(), false);
    let all: Vec<&str> = output.lines().collect();
    let mut kept = all.len();
    let mut left = EACH.min(*room);
    // What counts is how long a line is in the page, where `<` is `&lt;`.
    while let Some(length) = kept.checked_sub(1).map(|at| lines(all[at]).len()).filter(|length| *length < left)
        && all.len() - kept < LINES + EARLIER
    {
        left -= length + 1;
        *room -= length + 1;
        kept -= 1;
    }
    let shown = kept.max(all.len().saturating_sub(LINES));
    if kept < shown {
        html +=
            &folded(&format!("{} before", plural(shown - kept, "line")), &format!("<pre>{}</pre>\n", lines(&all[kept..shown].join("\n"))));
    }
    if shown < all.len() {
        html += &format!("<pre class=\"said\">{}</pre>\n", lines(&all[shown..].join("\n")));
    }
    let log = task.log.as_ref().map_or(String::new(), |log| format!("All it printed: <code>{}</code>. ", safe(log)));
    html + &format!("<p class=\"faint\">{log}Again: <code>orket build {}</code></p>\n", safe(&shell_word(&task.address)))
}
