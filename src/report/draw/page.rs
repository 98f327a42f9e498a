//! A graph as a page of its own: one file, drawn by its own script, that asks nobody for anything.

use serde::Serialize;

use super::Drawing;
use crate::base::Digest;
use crate::report::chars::{self, escape};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What stands on every page; `@` names what is filled in.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-@nonce'; style-src 'nonce-@nonce'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>@title: graph</title>
<style nonce="@nonce">
@style</style>
</head>
<body>
<header>
<h1>@title</h1>
<p id="said" role="status"></p>
<label id="collapsing"><input id="collapse" type="checkbox"> epics stand for their tasks</label>
<label id="stepping">steps <select id="steps"><option>1</option><option selected>2</option><option>3</option><option>5</option><option value="1000000">all</option></select></label>
<button id="whole" type="button">whole graph</button>
<span><button id="farther" type="button" aria-label="smaller">−</button> <button id="nearer" type="button" aria-label="larger">+</button></span>
</header>
<aside id="side">
<input id="search" type="search" placeholder="search targets ( / )" aria-label="search targets" autocomplete="off" spellcheck="false">
<div id="found"></div>
<div id="about"></div>
<h3>Legend</h3>
<div class="legend"><span class="rock">rock</span><span class="epic">epic</span><span class="task">task</span><span class="gate">gate</span><span class="service">service</span><span>needs</span><span class="after">after</span><span class="part">part</span></div>
<p class="faint">A line runs from a target to what it needs. Enter or a click looks at one target; arrow keys walk along the lines; Esc shows the whole graph; + − 0 change the size.</p>
</aside>
<main id="view"><noscript>This page draws with a script. <code>orket graph --format text</code> needs none.</noscript></main>
<script id="data" type="application/json">@data</script>
<script nonce="@nonce">
@script</script>
</body>
</html>
"#;

/// Returns a graph as an HTML page with the given title. It holds all it needs, and its policy lets no other script or style run.
pub fn html(drawing: &Drawing, title: &str) -> String {
    let nodes = drawing.nodes.iter();
    let shown = |text: &str| escape(text);
    let data = Data {
        nodes: nodes
            .map(|node| (shown(&node.address), node.kind, node.about.as_deref().map(shown), node.place.as_ref().map(ToString::to_string)))
            .collect(),
        edges: drawing.edges().map(|edge| (edge.from, edge.to, edge.kind)).collect(),
    };
    // In JSON, `<` stands in strings alone; escaped, nothing in them ends the element.
    let data = serde_json::to_string(&data).unwrap_or_default().replace('<', "\\u003c");
    // Names cannot hold a digest of themselves, so that no name can bring a script that the policy lets run.
    let nonce = Digest::of(data.as_bytes()).hex();
    let title = chars::html(&shown(title));
    let mut page = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + data.len());
    let mut rest = PAGE;
    while let Some(at) = rest.find('@') {
        page.push_str(&rest[..at]);
        let known = [("@nonce", &*nonce), ("@title", &title), ("@style", STYLE), ("@data", &data), ("@script", SCRIPT)];
        let found = known.iter().find(|(name, _)| rest[at..].starts_with(name)).unwrap_or(&("@", "@"));
        page.push_str(found.1);
        rest = &rest[at + found.0.len()..];
    }
    page + rest
}

/// A target: address, kind, what it is for, place.
type Node<'a> = (String, &'a str, Option<String>, Option<String>);

#[derive(Serialize)]
struct Data<'a> {
    nodes: Vec<Node<'a>>,
    edges: Vec<(usize, usize, &'a str)>,
}

#[cfg(test)]
mod tests {
    use super::super::{DrawNode, drawing};
    use super::*;

    fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
        page.split_once(start).unwrap().1.split_once(end).unwrap().0
    }

    #[test]
    fn the_graph_is_in_the_page() {
        let page = html(&drawing::invented(), "shop");
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">") && page.ends_with("</html>\n"));
        assert_eq!(between(&page, "<title>", "</title>"), "shop: graph");
        let data: serde_json::Value = serde_json::from_str(between(&page, "type=\"application/json\">", "</script>")).unwrap();
        assert_eq!(data["nodes"][0], serde_json::json!(["release", "rock", "Ships \"it\"", "orket.kdl:1"]));
        assert_eq!(data["edges"][5], serde_json::json!([3, 4, "after"]));
    }

    #[test]
    fn it_asks_nobody_and_runs_nothing_but_its_own() {
        let page = html(&drawing::invented(), "shop");
        let nonce = between(&page, "script-src 'nonce-", "'");
        assert!(nonce.len() == 64 && page.contains(&format!("<script nonce=\"{nonce}\">")), "{nonce}");
        assert!(page.contains("default-src 'none'"));
        let own = page.replace("http://www.w3.org/2000/svg", "");
        for outside in ["http:", "https:", " src=", " href=", "@import", "url(h", "fetch(", " style=", " onclick="] {
            assert!(!own.contains(outside), "{outside}");
        }
    }

    #[test]
    fn hostile_names_stay_names() {
        let name = "</script><script>alert(1)</script><!--@nonce\u{202e}\u{1b}[31m";
        let node = DrawNode { address: name.into(), kind: "task", about: Some(name.into()), place: None, group: None };
        let page = html(&Drawing { nodes: vec![node], edges: Vec::new() }, name);
        assert_eq!(page.matches("</script>").count(), 2);
        assert_eq!(page.matches("<script").count(), 2);
        assert!(!page.contains("<!--") && !page.contains(['\u{202e}', '\u{1b}']));
        assert!(page.contains("\\u003c!--@nonce"), "what is filled in is not looked through again");
        assert!(page.contains("<h1>&lt;/script&gt;&lt;script&gt;alert(1)"));
    }
}
