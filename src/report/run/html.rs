//! The page as a whole: its sections in the order in which a reader asks for them.

use super::page::Page;
use super::path::{self, Path};
use super::{cache, compared, gates, head, timeline};
use crate::churn::Report;
use crate::event::Outcome;
use crate::report::chars::shell_word;
use crate::report::churn;
use crate::report::draw::{self, Mark};
use crate::report::page::{Document, safe, slug};

const STYLE: &str = include_str!("run.css");
const SCRIPT: &str = include_str!("run.js");

/// How many rows a table of churn has.
const CHURN: usize = 50;

/// Returns a page that holds all it needs; its policy lets nothing be fetched, and no script run but its own.
pub fn html(page: &Page<'_>) -> String {
    let path = Path::new(page.graph, page.story);
    let sections = [
        ("Failures", head::failures(page)),
        ("Compared", page.earlier.map_or(String::new(), |earlier| compared::compared(earlier, page.run))),
        ("Timeline", timeline::timeline(page.story, &path)),
        ("Critical path", path.html()),
        ("Cache", cache::cache(page)),
        ("Gates", gates::gates(page.run)),
        ("Decisions", gates::decisions(page.run)),
        ("Graph", graph(page)),
        ("Tasks", cache::tasks(page)),
        ("Churn", history(&page.churn)),
    ];
    let shown = || sections.iter().filter(|(_, part)| !part.is_empty());
    // The drawing itself has the name `graph`, so that a link leads to it.
    let id = |name: &str| if name == "Graph" { String::from("the-graph") } else { slug(name) };
    let links: String = shown().map(|(name, _)| format!("<a href=\"#{}\">{name}</a>", id(name))).collect();
    let parts: String = shown().map(|(name, part)| format!("<section id=\"{}\">\n<h2>{name}</h2>\n{part}</section>\n", id(name))).collect();
    let body = format!(
        "{}<nav aria-label=\"sections\"><div>{links}</div><button id=\"theme\" class=\"scripted\" type=\"button\"></button></nav>\n<main>\n{parts}</main>\n",
        head::head(page)
    );
    let data = draw::data(page.graph, &marks(page)).to_string();
    Document {
        title: format!("{}: run {}", page.project, page.run.run),
        styles: &[draw::STYLE, churn::STYLE, STYLE],
        scripts: &[draw::SCRIPT, SCRIPT],
        data: Some(data),
        class: "run",
        body,
    }
    .html()
}

fn graph(page: &Page<'_>) -> String {
    let (of, own) = (&page.run.manifest, page.manifest);
    let other = if of.is_empty() || of == own {
        String::new()
    } else {
        let again = format!("orket -f {} report {}", shell_word(of), page.run.run);
        format!(
            "<p class=\"note\">The run was one of the manifest <code>{}</code>, and this is the graph of <code>{}</code>: <code>{}</code> shows that of the run.</p>\n",
            safe(of),
            safe(own),
            safe(&again)
        )
    };
    let gone = page.graph.nodes.iter().filter(|node| node.kind == "gone").count();
    let gone = match gone {
        0 => String::new(),
        _ if !other.is_empty() => String::new(),
        some => format!(
            "<p class=\"note\">{some} of the run's tasks {} not in the manifest any more: what {} needed is not known.</p>\n",
            if some == 1 { "is" } else { "are" },
            if some == 1 { "it" } else { "they" }
        ),
    };
    format!("{other}{gone}{}<details id=\"listed\" class=\"scripted\"><summary>as a table</summary></details>\n", draw::panel("", ""))
}

fn history(churn: &Result<&Report, String>) -> String {
    match churn {
        Ok(report) => {
            let pictures = churn::pictures(report, CHURN);
            let parts: String = pictures.iter().map(|(heading, part)| format!("<h3>{heading}</h3>\n{part}")).collect();
            if parts.is_empty() { String::new() } else { format!("{}{parts}", churn::notes(report)) }
        }
        Err(why) => format!("<p class=\"faint\">{}</p>\n", safe(why)),
    }
}

/// Returns what became of each node of the graph. Of fresh tasks a record has only the number: they are known where that is the number of tasks of
/// which nothing else was told.
fn marks(page: &Page<'_>) -> Vec<Option<Mark>> {
    let told: std::collections::BTreeMap<&str, &super::story::Told> = page.story.tasks.iter().map(|task| (&*task.address, task)).collect();
    let took = path::times(page.graph, page.story);
    let silent = |kind: &str, address: &str| matches!(kind, "task" | "gate") && !told.contains_key(address);
    let left = page.graph.nodes.iter().filter(|node| silent(node.kind, &node.address)).count();
    let fresh = page.run.ended && left == page.run.totals.fresh;
    let mark = |(node, took): (&draw::DrawNode, u64)| match told.get(&*node.address) {
        Some(task) => Some(Mark { outcome: task.outcome, took, why: task.why() }),
        None if fresh && silent(node.kind, &node.address) => Some(Mark { outcome: Outcome::Fresh.word(), ..Mark::default() }),
        None => None,
    };
    page.graph.nodes.iter().zip(took).map(mark).collect()
}
