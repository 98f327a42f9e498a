//! A graph in a page: searched, looked at target by target, drawn by a script.

use serde_json::{Value, json};

use super::Drawing;
use crate::report::chars::escape;
use crate::report::page::{Document, safe};

/// The style of [`panel`].
pub const STYLE: &str = include_str!("graph.css");

/// The script of [`panel`], which reads [`data`].
pub const SCRIPT: &str = include_str!("graph.js");

/// What became of a target in a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mark {
    /// `done`, `failed`, …
    pub outcome: &'static str,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// Why it ran, or did not.
    pub why: String,
}

/// Returns a graph as an HTML page with the given title. It holds all it needs, and its policy lets no other script or style run.
pub fn html(drawing: &Drawing, title: &str) -> String {
    let heading = format!("<h1>{}</h1>\n", safe(title));
    Document {
        title: format!("{title}: graph"),
        styles: &[STYLE],
        scripts: &[SCRIPT],
        data: Some(data(drawing, &[]).to_string()),
        class: "alone",
        body: panel(&heading, "<button id=\"theme\" type=\"button\"></button>\n"),
    }
    .html()
}

/// Returns the place of a graph in a page: `heading` stands at its beginning and `end` behind its buttons.
pub fn panel(heading: &str, end: &str) -> String {
    format!(
        r#"<div class="graph" id="graph">
<header>
{heading}<p id="said" role="status"></p>
<label id="collapsing"><input id="collapse" type="checkbox"> epics stand for their tasks</label>
<label id="stepping" hidden>steps <select id="steps"><option>1</option><option selected>2</option><option>3</option><option>5</option><option value="1000000">all</option></select></label>
<button id="whole" type="button" hidden>whole graph</button>
<span><button id="farther" type="button" aria-label="smaller">−</button> <button id="nearer" type="button" aria-label="larger">+</button></span>
{end}</header>
<div id="side">
<input id="search" type="search" placeholder="search targets ( / )" aria-label="search targets" autocomplete="off" spellcheck="false">
<div id="found"></div>
<div id="about"></div>
<div>
<h3>Legend</h3>
<div class="legend"><span class="rock">rock</span><span class="epic">epic</span><span class="task">task</span><span class="gate">gate</span><span class="service">service</span><span>needs</span><span class="after">after</span><span class="part">part</span></div>
</div>
<p class="faint">A line runs from a target to what it needs. Enter or a click looks at one target; arrow keys walk along the lines; Esc shows the whole graph; + − 0 change the size.</p>
</div>
<div id="view"><noscript>The graph is drawn by a script. <code>orket graph --format text</code> needs none.</noscript></div>
</div>
"#
    )
}

/// Returns a graph as the script reads it. `marks` has one place for each node, or is empty.
pub fn data(drawing: &Drawing, marks: &[Option<Mark>]) -> Value {
    let node = |(at, node): (usize, &super::DrawNode)| {
        let mut row = vec![json!(escape(&node.address)), json!(node.kind), json!(node.about.as_deref().map(escape))];
        row.push(json!(node.place.as_ref().map(|place| escape(&place.to_string()))));
        if let Some(Some(mark)) = marks.get(at) {
            row.extend([json!(mark.outcome), json!(mark.took), json!(escape(&mark.why))]);
        }
        Value::Array(row)
    };
    json!({
        "nodes": drawing.nodes.iter().enumerate().map(node).collect::<Vec<_>>(),
        "edges": drawing.edges().map(|edge| (edge.from, edge.to, edge.kind)).collect::<Vec<_>>(),
    })
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
