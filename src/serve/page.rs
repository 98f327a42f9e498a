//! The pages: what there is, what ran, and how a build is getting on. No script; a page of a running build loads itself anew.

use serde_json::Value;

use super::answer::Answer;
use crate::base::quantity::show_duration;
use crate::report::chars;
use crate::report::page::{STYLE as COMMON, safe};

/// What these pages look like beside what all pages do.
const STYLE: &str = include_str!("page.css");

/// How many past runs are listed.
const RUNS: usize = 50;

/// Every how many seconds a running build is looked at.
const AGAIN: u32 = 1;

/// Returns what all pages look like.
pub(super) fn style() -> String {
    format!("{}{STYLE}", COMMON)
}

/// Returns what there is to build, and what was built.
pub(super) fn overview(project: &str, targets: &Value, runs: &Value, builds: &Value) -> Answer {
    let mut body = format!("<h1>{}</h1>\n", safe(project));
    if let Some(about) = targets["about"].as_str() {
        body.push_str(&format!("<p>{}</p>\n", safe(about)));
    }
    body.push_str("<form method=\"post\" action=\"/builds\"><button>Build what is built by default</button></form>\n");
    let running = list(builds, "builds").filter(|build| build["state"] == "running");
    let running: String =
        running.map(|build| format!("<p>Running: {}</p>\n", link(&format!("/builds/{}", build["id"]), &aims(build)))).collect();
    body.push_str(&running);
    body.push_str(
        "<h2 id=\"targets\">Targets</h2>\n<div class=\"table\"><table>\n<thead><tr><th>target<th>kind<th>about<th></tr></thead>\n<tbody>\n",
    );
    for target in list(targets, "targets") {
        let address = target["address"].as_str().unwrap_or_default();
        let build = format!(
            "<form method=\"post\" action=\"/builds\"><input type=\"hidden\" name=\"target\" value=\"{0}\"><button aria-label=\"build {0}\">build</button></form>",
            safe(address)
        );
        let build = if matches!(target["kind"].as_str(), Some("service" | "decision")) { "" } else { &build };
        body.push_str(&format!(
            "<tr><td class=\"name\">{}<td>{}<td>{}<td>{build}</tr>\n",
            safe(address),
            said(target, "kind"),
            said(target, "about")
        ));
    }
    body.push_str("</table></div>\n<h2 id=\"runs\">Runs</h2>\n<div class=\"table\"><table>\n<thead><tr><th>run<th>when<th class=\"number\">took<th>goal<th class=\"number\">exit</tr></thead>\n<tbody>\n");
    for run in list(runs, "runs").take(RUNS) {
        let id = run["run"].as_str().unwrap_or_default();
        let took = std::time::Duration::from_millis(run["duration_ms"].as_u64().unwrap_or_default());
        let when = run["began"].as_i64().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let when = when.map_or(String::new(), |when| format!("{when:.0}"));
        let goal: Vec<&str> = run["goal"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let exit = if run["exit"] == 0 {
            "<span class=\"pass\">0</span>".to_owned()
        } else {
            format!("<span class=\"fail\">{}</span>", run["exit"])
        };
        body.push_str(&format!(
            "<tr><td class=\"keep\">{}<td class=\"keep\">{}<td class=\"number\">{}<td>{}<td class=\"number\">{exit}</tr>\n",
            link(&format!("/runs/{id}"), id),
            safe(&when),
            safe(&show_duration(took)),
            safe(&goal.join(" ")),
        ));
    }
    body.push_str("</table></div>\n");
    page(project, &body, false)
}

/// Returns how a build is getting on.
pub(super) fn build(project: &str, build: &Value) -> Answer {
    let state = build["state"].as_str().unwrap_or_default();
    let running = state == "running";
    let class = match state {
        "succeeded" => "pass",
        "failed" => "fail",
        _ => "faint",
    };
    let mut body = format!("<p>{}</p>\n<h1>{}</h1>\n<p class=\"{class}\">{}</p>\n", link("/", project), safe(&aims(build)), safe(state));
    if running {
        body.push_str(&format!("<form method=\"post\" action=\"/builds/{}/end\"><button>end it</button></form>\n", build["id"]));
    }
    let output = chars::clean(build["output"].as_str().unwrap_or_default().as_bytes(), false);
    let cut = if build["output_cut"] == true { "...\n" } else { "" };
    body.push_str(&format!("<h2>What it says</h2>\n<pre>{cut}{}</pre>\n", chars::html(&output)));
    page(project, &body, running)
}

fn page(project: &str, body: &str, again: bool) -> Answer {
    let again = if again { format!("<meta http-equiv=\"refresh\" content=\"{AGAIN}\">\n") } else { String::new() };
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{again}<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n<title>{}</title>\n</head>\n<body>\n{body}</body>\n</html>\n",
        safe(project)
    );
    Answer::page(html)
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value[name].as_array().into_iter().flatten()
}

fn aims(build: &Value) -> String {
    let targets: Vec<&str> = build["targets"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if targets.is_empty() { String::from("what is built by default") } else { targets.join(" ") }
}

fn said(value: &Value, name: &str) -> String {
    safe(value[name].as_str().unwrap_or_default())
}

fn link(to: &str, name: &str) -> String {
    format!("<a href=\"{}\">{}</a>", safe(to), safe(name))
}
