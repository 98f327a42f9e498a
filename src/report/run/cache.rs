//! Why things ran and what did not have to; and every task.

use std::collections::BTreeMap;

use super::page::{Page, folded, link, ms, outcome};
use super::story::Told;
use crate::base::quantity::plural;
use crate::event::Reason;
use crate::report::page::{Table, number, percent, safe};

/// How many differences of one task are shown, and how much room those of all tasks take, in bytes.
const DIFFERENCES: usize = 12;
const ROOM: usize = 320 << 10;

/// Returns the kind of reason for which a task ran.
fn kind(task: &Told) -> String {
    match &task.reason {
        Some(Reason::New) => String::from("first build here"),
        Some(Reason::Always) => String::from("runs every time"),
        Some(Reason::Forced | Reason::Asked | Reason::Verified) => String::from("asked for"),
        Some(Reason::Unjudged) => String::from("gate: no verdict kept for what it sees"),
        Some(Reason::NotFinished) => String::from("failed or interrupted before"),
        Some(Reason::Running) => String::from("running in another build"),
        Some(Reason::RanAsRemedy) => String::from("remedy of a failure in the last run"),
        Some(Reason::Overtaken) => String::from("input changed during the last run"),
        Some(Reason::Unmade(_)) => String::from("input not there"),
        Some(Reason::Changed(changes)) => {
            changes.first().map_or_else(|| String::from("declaration changed"), |change| format!("{} changed", change.subject.word()))
        }
        Some(Reason::Outputs(_)) => String::from("outputs missing or changed"),
        Some(Reason::Upstream(_)) => String::from("something before it ran"),
        Some(Reason::Remedy(_)) => String::from("remedy of a failure"),
        None => String::from("not known"),
    }
}

/// Returns how much came from the store, and for each task that did not, why.
pub(super) fn cache(page: &Page<'_>) -> String {
    let totals = &page.run.totals;
    let missed: Vec<&Told> = page.story.tasks.iter().filter(|task| task.ran()).collect();
    let (hits, all) = ((totals.cached + totals.fresh) as u64, (totals.cached + totals.fresh + missed.len()) as u64);
    if all == 0 {
        return String::new();
    }
    let share = format!(
        "<p>{} % of {} did not have to run: {} fresh, {} from the store. {} ran.</p>\n",
        100 * hits / all,
        plural(all as usize, "task"),
        number(totals.fresh as u64),
        number(totals.cached as u64),
        number(missed.len() as u64)
    );
    if missed.is_empty() {
        return share;
    }
    let mut kinds: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for task in &missed {
        let (count, took) = kinds.entry(kind(task)).or_default();
        *count += 1;
        *took += task.took;
    }
    let mut kinds: Vec<(String, (u64, u64))> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, (count, took))| std::cmp::Reverse((*took, *count)));
    let whole = missed.iter().map(|task| task.took).sum::<u64>();
    let mut summary = Table::new("why tasks ran, in short", &["why", "#tasks", "#time", ""]);
    for (kind, (count, took)) in kinds {
        let bar = format!(
            "<span class=\"meter\"><svg aria-hidden=\"true\"><rect width=\"{}\" height=\"100%\" class=\"of-done\"/></svg></span>",
            percent(took, whole)
        );
        summary.row([safe(&kind), number(count), ms(took), bar]);
    }
    let mut each = Table::new("each task that ran, and why", &["task", "why it ran", "#took"]).search("find a task or a reason");
    let mut missed = missed;
    missed.sort_by_key(|task| std::cmp::Reverse(task.took));
    let mut room = ROOM;
    for task in missed {
        each.row([link(&task.address), why(task, &mut room), ms(task.took)]);
    }
    format!("{share}<div class=\"short\">{}</div>\n{}", summary.html(), each.html())
}

/// Returns why a task ran, and what was and what is where there is more to say than a line.
fn why(task: &Told, room: &mut usize) -> String {
    let (line, all) = (task.why(), task.why_lines());
    if all.len() < 2 && all.first().is_none_or(|first| *first == line) {
        return safe(&line);
    }
    let more = all.len().saturating_sub(DIFFERENCES);
    let shown: String = all.iter().take(DIFFERENCES).map(|line| format!("<li>{}</li>", safe(line))).collect();
    let more = if more > 0 { format!("<li>and {more} more</li>") } else { String::new() };
    match room.checked_sub(shown.len()) {
        Some(left) => {
            *room = left;
            folded(&safe(&line), &format!("<ul>{shown}{more}</ul>"))
        }
        None => safe(&line),
    }
}

/// Returns every task, failures first.
pub(super) fn tasks(page: &Page<'_>) -> String {
    let mut tasks: Vec<&Told> = page.story.tasks.iter().collect();
    tasks.sort_by_key(|task| (task.outcome != "failed", std::cmp::Reverse(task.took)));
    let mut table = Table::new("every task", &["task", "outcome", "#took", "#attempts", "how it ended"]).search("find a task");
    for task in tasks {
        let mut tags = Vec::new();
        tags.extend(task.service.then_some("service"));
        tags.extend(task.flaky.then_some("flaky"));
        tags.extend(task.unchanged.then_some("same output as before"));
        let tags: String = tags.iter().map(|tag| format!(" <span class=\"tag\">{tag}</span>")).collect();
        let attempts = if task.attempts > 0 { number(task.attempts) } else { String::new() };
        let because = task.because.as_ref().map(|because| format!("because of {because}"));
        let ended = task.status.clone().or(because).unwrap_or_default();
        table.row([link(&task.address), format!("{}{tags}", outcome(task.outcome)), ms(task.took), attempts, safe(&ended)]);
    }
    let fresh = match page.run.totals.fresh {
        0 => String::new(),
        fresh => format!(
            "<p class=\"faint\">{} had nothing to do and {} not listed.</p>\n",
            plural(fresh, "task"),
            if fresh == 1 { "is" } else { "are" }
        ),
    };
    format!("{fresh}{}", table.html())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Change, Subject};

    #[test]
    fn a_reason_opens_to_its_differences() {
        let change = |name: &str| Change { subject: Subject::Input, name: name.into(), old: Some("1".into()), new: Some("2".into()) };
        let task = |reason| Told { reason: Some(reason), ..Told::default() };
        let why = |task| why(&task, &mut ROOM.clone());
        assert_eq!(why(task(Reason::New)), "first build here");
        let one = why(task(Reason::Changed(vec![change("<a>")])));
        assert!(
            one.contains("<summary>input &lt;a&gt; changed</summary>") && one.contains("<li>input &lt;a&gt; changed: 1 -&gt; 2</li>"),
            "{one}"
        );
        let many = why(task(Reason::Changed((0..20).map(|at| change(&at.to_string())).collect())));
        assert!(
            many.contains("(+19 more)</summary>") && many.contains("<li>and 8 more</li>") && many.matches("<li>").count() == 13,
            "{many}"
        );
    }
}
