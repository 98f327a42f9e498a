//! The timeline: a line for each slot, one for the critical path, one for each service; and the same as a table.

use std::collections::BTreeSet;

use super::page::{folded, ms, outcome, said};
use super::path::Path;
use super::story::{Bar, Story};
use crate::base::quantity::plural;
use crate::report::page::{Table, percent, safe};

/// The most attempts that are drawn, the longest; the table has all of them.
const DRAWN: usize = 2000;

/// How high a line is, in pixels.
const HIGH: usize = 24;

/// The part of the width from which a bar has its name in it, in percent.
const NAMED: f64 = 2.5;

pub(super) fn timeline(story: &Story, path: &Path) -> String {
    let all = || story.bars.iter().chain(&story.services);
    let Some(end) = all().map(|bar| bar.to).max().map(|end| end.max(1)) else { return String::new() };
    let on_path: BTreeSet<&str> = path.chain.iter().map(|(task, _)| &**task).collect();
    let mut drawn: Vec<&Bar> = story.bars.iter().collect();
    drawn.sort_by_key(|bar| std::cmp::Reverse(bar.to - bar.from));
    drawn.truncate(DRAWN);
    drawn.sort_by_key(|bar| (bar.slot, bar.from));

    let critical: Vec<&Bar> = drawn.iter().copied().filter(|bar| on_path.contains(&*bar.task)).collect();
    let services: BTreeSet<&str> = story.services.iter().map(|bar| &*bar.task).collect();
    let mut slots: BTreeSet<u64> = drawn.iter().map(|bar| bar.slot).collect();
    let mut lines: Vec<(String, Vec<&Bar>)> = Vec::new();
    if !critical.is_empty() {
        lines.push((String::from("path"), critical));
    }
    while let Some(slot) = slots.pop_first() {
        lines.push(((slot + 1).to_string(), drawn.iter().copied().filter(|bar| bar.slot == slot).collect()));
    }
    for service in services {
        lines.push((safe(service), story.services.iter().filter(|bar| bar.task == service).collect()));
    }

    let height = lines.len() * HIGH + 22;
    let mut picture = String::new();
    for part in 0..=5u64 {
        let (at, anchor) = (percent(part, 5), ["start", "middle", "middle", "middle", "middle", "end"][part as usize]);
        picture += &format!("<line class=\"grid\" x1=\"{at}\" x2=\"{at}\" y1=\"0\" y2=\"{}\"/>", height - 18);
        picture +=
            &format!("<text class=\"scale\" x=\"{at}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>\n", height - 5, ms(end * part / 5));
    }
    for (at, (_, bars)) in lines.iter().enumerate() {
        for bar in bars {
            picture += &drawn_bar(bar, at * HIGH, end, on_path.contains(&*bar.task));
        }
    }
    let names: String = lines.iter().map(|(name, _)| format!("<span title=\"{name}\">{name}</span>")).collect();
    let left_out = match story.bars.len().saturating_sub(DRAWN) {
        0 => String::new(),
        more => format!(
            "<p class=\"faint\">The {more} shortest of {} are not drawn; the table has them.</p>\n",
            plural(story.bars.len(), "attempt")
        ),
    };
    let mut outcomes: BTreeSet<&str> = all().map(|bar| bar.outcome).collect();
    outcomes.remove("service");
    let legend: String = outcomes.iter().map(|word| format!("<li>{}</li>", outcome(word))).collect();
    let service = if story.services.is_empty() { "" } else { "<li><span class=\"dot of-service\"></span>service</li>" };
    let mut table = Table::new("attempts", &["task", "#slot", "#started after", "#took", "outcome"]).search("find an attempt");
    for bar in all() {
        let slot = if services_slot(bar, story) { String::new() } else { (bar.slot + 1).to_string() };
        table.row([
            format!("<span class=\"name\">{}</span>", safe(&bar.task)),
            slot,
            ms(bar.from),
            ms(bar.to - bar.from),
            safe(said(bar.outcome)),
        ]);
    }
    format!(
        "<div class=\"lanes\">\n<div class=\"names\">{names}</div>\n<div class=\"wide\">\
         <svg id=\"timeline-of-slots\" tabindex=\"0\" role=\"img\" width=\"100%\" height=\"{height}\" aria-label=\"what ran in each slot, and when; arrow keys walk from bar to bar; the table below has the same\">\n{picture}</svg></div>\n</div>\n\
         <p class=\"tools\"><span id=\"bar\" role=\"status\" class=\"scripted\">Point at a bar, or walk with the arrow keys; Enter or a click shows it in the graph.</span>\
         <span class=\"scripted\"><button type=\"button\" id=\"shorter\" aria-label=\"show more time\">−</button> <button type=\"button\" id=\"longer\" aria-label=\"show less time\">+</button></span></p>\n\
         <ul class=\"key\">{legend}{service}<li><span class=\"dot outlined\"></span>on the critical path</li></ul>\n{left_out}{}",
        folded("as a table", &table.html())
    )
}

fn services_slot(bar: &Bar, story: &Story) -> bool {
    story.services.iter().any(|service| std::ptr::eq(service, bar))
}

fn drawn_bar(bar: &Bar, top: usize, end: u64, critical: bool) -> String {
    let wide = (bar.to - bar.from) as f64 * 100.0 / end as f64;
    let drawn = wide.max(0.1);
    let from = (bar.from as f64 * 100.0 / end as f64).min(100.0 - drawn);
    let critical = if critical { " critical" } else { "" };
    let name = safe(&bar.task);
    let told = format!("{name}: {}, {}, from {} to {}", safe(said(bar.outcome)), ms(bar.to - bar.from), ms(bar.from), ms(bar.to));
    let label = if wide >= NAMED { format!("<text x=\"5\" y=\"14\">{name}</text>") } else { String::new() };
    format!(
        "<svg class=\"bar{critical}\" data-of=\"{name}\" x=\"{from:.2}%\" y=\"{}\" width=\"{drawn:.3}%\" height=\"{}\"><title>{told}</title><rect width=\"100%\" height=\"100%\" class=\"of-{}\"/>{label}</svg>\n",
        top + 2,
        HIGH - 4,
        bar.outcome
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_slot_and_a_table_of_all() {
        let bar = |task: &str, slot, from, to| Bar { task: task.into(), slot, from, to, outcome: "done" };
        let story = Story {
            bars: vec![bar("a<", 0, 0, 60), bar("b", 3, 10, 100)],
            services: vec![Bar { outcome: "service", ..bar("db", 0, 5, 90) }],
            ..Story::default()
        };
        let html = timeline(&story, &Path { chain: vec![("b".into(), 90)], length: 90, ..Path::default() });
        let lines: Vec<&str> = html.split("<span title=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
        assert_eq!(lines, ["path", "1", "4", "db"]);
        assert!(html.contains("class=\"bar critical\" data-of=\"b\" x=\"10.00%\" y=\"2\" width=\"90.000%\""), "{html}");
        assert!(html.contains("data-of=\"a&lt;\" x=\"0.00%\" y=\"26\" width=\"60.000%\""), "{html}");
        assert!(
            html.contains("<td><span class=\"name\">db</span><td class=\"number\"><td class=\"number\">5 ms<td class=\"number\">85 ms"),
            "{html}"
        );
        assert_eq!(timeline(&Story::default(), &Path::default()), "");
    }
}
