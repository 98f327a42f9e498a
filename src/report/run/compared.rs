//! What is otherwise than in an earlier run.

use std::collections::{BTreeMap, BTreeSet};

use super::page::{link, ms, outcome};
use crate::event::State;
use crate::record::RunRecord;
use crate::report::page::{Table, number, safe};

/// Returns a difference of times with its sign.
fn more(now: u64, then: u64) -> String {
    match now.cmp(&then) {
        std::cmp::Ordering::Greater => format!("+{}", ms(now - then)),
        std::cmp::Ordering::Less => format!("\u{2212}{}", ms(then - now)),
        std::cmp::Ordering::Equal => String::from("0 ms"),
    }
}

pub(super) fn compared(earlier: &RunRecord, run: &RunRecord) -> String {
    let of = |run: &RunRecord| -> BTreeMap<String, (&'static str, u64)> {
        run.tasks.iter().map(|task| (task.address.clone(), (task.outcome.word(), task.duration_ms))).collect()
    };
    let (then, now) = (of(earlier), of(run));
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let word = |task: Option<&(&'static str, u64)>| task.map_or("", |(word, _)| word);
    let took = |task: Option<&(&'static str, u64)>| task.map_or(0, |(_, took)| *took);
    let mut rows: Vec<(&String, u8, i64)> = names
        .into_iter()
        .map(|name| {
            let (then, now) = (then.get(name), now.get(name));
            let failed = |word: &str| matches!(word, "failed" | "stalled");
            let rank = if failed(word(then)) != failed(word(now)) { 0 } else { 2 - u8::from(took(then).min(took(now)) > 0) };
            (name, rank, took(now) as i64 - took(then) as i64)
        })
        .collect();
    // What failed in one of them only, then what ran in both, then what did not have to run in one.
    rows.sort_by_key(|(_, rank, more)| (*rank, std::cmp::Reverse(more.unsigned_abs())));
    let show = |task: Option<&(&'static str, u64)>| match task {
        Some((word, took)) => format!("<span class=\"whole\">{}, {}</span>", outcome(word), ms(*took)),
        None => String::from("<span class=\"faint whole\">did not run</span>"),
    };
    let columns = ["task", "then", "now", "#difference"];
    let mut table = Table::new("what each task did in both runs", &columns).search("find a task");
    for (name, _, _) in rows {
        let (then, now) = (then.get(name), now.get(name));
        let difference = if then.is_some() && now.is_some() { more(took(now), took(then)) } else { String::new() };
        table.row([link(name), show(then), show(now), difference]);
    }
    let of = match earlier.manifest == run.manifest || earlier.manifest.is_empty() || run.manifest.is_empty() {
        true => String::new(),
        false => format!(" of another manifest, <code>{}</code>", safe(&earlier.manifest)),
    };
    format!(
        "<p>With run {}{of}, which took {}; this one took {} ({}).</p>\n{}{}{}",
        safe(&earlier.run),
        ms(earlier.duration_ms),
        ms(run.duration_ms),
        more(run.duration_ms, earlier.duration_ms),
        findings(earlier, run),
        decisions(earlier, run),
        table.html()
    )
}

/// Returns which gates found more or less.
fn findings(earlier: &RunRecord, run: &RunRecord) -> String {
    let of = |run: &RunRecord| -> BTreeMap<String, BTreeSet<String>> {
        let new = |gate: &crate::event::GateReport| {
            gate.findings.iter().filter(|finding| finding.state == State::New).map(|finding| finding.fingerprint.clone()).collect()
        };
        run.gates.iter().map(|gate| (gate.address.clone(), new(gate))).collect()
    };
    let (then, now) = (of(earlier), of(run));
    let lines = now.iter().filter_map(|(gate, now)| {
        let then = then.get(gate)?;
        let (came, went) = (now.difference(then).count(), then.difference(now).count());
        (came + went > 0).then(|| format!("<li>{}: {} came, {} went</li>\n", link(gate), number(came as u64), number(went as u64)))
    });
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("<p>What gates find:</p>\n<ul>{lines}</ul>\n") }
}

/// Returns which decisions came out otherwise.
fn decisions(earlier: &RunRecord, run: &RunRecord) -> String {
    let then: BTreeMap<&str, &str> = earlier.decisions.iter().map(|decision| (&*decision.address, &*decision.value)).collect();
    let lines = run.decisions.iter().filter_map(|decision| {
        let then = then.get(&*decision.address).filter(|then| **then != decision.value)?;
        Some(format!("<li>{}: <code>{}</code>, then <code>{}</code></li>\n", link(&decision.address), safe(&decision.value), safe(then)))
    });
    let before: BTreeMap<&str, &str> = earlier.strategies.iter().map(|chosen| (&*chosen.seam, &*chosen.strategy)).collect();
    let strategies = run.strategies.iter().filter_map(|chosen| {
        let then = before.get(&*chosen.seam).filter(|then| **then != chosen.strategy)?;
        let [seam, now, then] = [&*chosen.seam, &*chosen.strategy, *then].map(safe);
        Some(format!("<li><code>{seam}</code>: <code>{now}</code>, then <code>{then}</code></li>\n"))
    });
    let lines: String = lines.chain(strategies).collect();
    if lines.is_empty() { lines } else { format!("<p>What was decided otherwise:</p>\n<ul>{lines}</ul>\n") }
}
