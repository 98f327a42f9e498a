//! A graph for Graphviz, for Mermaid, and for programs.

use serde::Serialize;

use super::Drawing;
use crate::report::chars::escape;

/// Returns a graph in the DOT language of Graphviz, drawn from left to right.
pub fn dot(drawing: &Drawing) -> String {
    let mut text = "digraph orket {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n".to_owned();
    let quote = |value: &str| format!("\"{}\"", escape(value).replace('\\', "\\\\").replace('"', "\\\""));
    let mut group = None;
    for (index, node) in drawing.by_group() {
        if group != node.group.as_deref() {
            text += if group.is_some() { "  }\n" } else { "" };
            group = node.group.as_deref();
            text += &group.map_or(String::new(), |group| format!("  subgraph cluster_{index} {{\n  label={};\n", quote(group)));
        }
        let style = match node.kind {
            "rock" => ", shape=doubleoctagon",
            "epic" => ", shape=folder",
            "gate" => ", shape=octagon",
            "service" => ", shape=cylinder",
            "decision" => ", shape=diamond",
            _ => "",
        };
        let about = node.about.as_ref().map_or(String::new(), |about| format!(", tooltip={}", quote(about)));
        text += &format!("  n{index} [label={}{style}{about}];\n", quote(&node.address));
    }
    text += if group.is_some() { "  }\n" } else { "" };
    for edge in drawing.edges() {
        let style = match edge.kind {
            "after" | "dynamic" => " [style=dashed]",
            "inferred" | "type" => " [style=dotted]",
            "part" => " [arrowhead=odiamond]",
            "violation" => " [color=red, penwidth=2]",
            _ => "",
        };
        text += &format!("  n{} -> n{}{style};\n", edge.from, edge.to);
    }
    text + "}\n"
}

/// Returns a graph as a Mermaid flowchart, drawn from left to right.
pub fn mermaid(drawing: &Drawing) -> String {
    let mut text = "flowchart LR\n".to_owned();
    let label = |text: &str| {
        let text = escape(text).replace('&', "&amp;").replace('#', "#35;").replace('"', "#quot;");
        text.replace('<', "&lt;").replace('>', "&gt;")
    };
    let mut group = None;
    for (index, node) in drawing.by_group() {
        if group != node.group.as_deref() {
            text += if group.is_some() { "  end\n" } else { "" };
            group = node.group.as_deref();
            text += &group.map_or(String::new(), |group| format!("  subgraph g{index}[\"{}\"]\n", label(group)));
        }
        let (open, close) = match node.kind {
            "rock" => ("([", "])"),
            "epic" => ("[[", "]]"),
            "gate" => ("{{", "}}"),
            "service" => ("[(", ")]"),
            "decision" => ("{", "}"),
            _ => ("[", "]"),
        };
        text += &format!("  n{index}{open}\"{}\"{close}\n", label(&node.address));
    }
    text += if group.is_some() { "  end\n" } else { "" };
    for edge in drawing.edges() {
        let arrow = match edge.kind {
            "after" | "inferred" | "type" | "dynamic" => format!("-. {} .->", edge.kind),
            "part" => "---o".to_owned(),
            "violation" => "== violation ==>".to_owned(),
            _ => "-->".to_owned(),
        };
        text += &format!("  n{} {arrow} n{}\n", edge.from, edge.to);
    }
    text
}

/// Returns a graph as a JSON object: `version`, `nodes` (`address`, `kind`, `about`, `place` as `FILE:LINE`), `edges` (`from` and `to` as addresses, `kind`).
pub fn json(drawing: &Drawing) -> String {
    let nodes = drawing.nodes.iter().map(|node| Node {
        address: &node.address,
        kind: node.kind,
        about: node.about.as_deref(),
        place: node.place.as_ref().map(ToString::to_string),
    });
    let edges =
        drawing.edges().map(|edge| Edge { from: &drawing.nodes[edge.from].address, to: &drawing.nodes[edge.to].address, kind: edge.kind });
    let graph = Graph { version: 1, nodes: nodes.collect(), edges: edges.collect() };
    serde_json::to_string_pretty(&graph).unwrap_or_default() + "\n"
}

#[derive(Serialize)]
struct Graph<'a> {
    version: u32,
    nodes: Vec<Node<'a>>,
    edges: Vec<Edge<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    address: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

#[derive(Serialize)]
struct Edge<'a> {
    from: &'a str,
    to: &'a str,
    kind: &'static str,
}

#[cfg(test)]
mod tests {
    use super::super::{DrawNode, drawing};
    use super::*;

    #[test]
    fn graphviz() {
        insta::assert_snapshot!(dot(&drawing::invented()), @r#"
        digraph orket {
          rankdir=LR;
          node [shape=box, fontname="sans-serif"];
          n0 [label="release", shape=doubleoctagon, tooltip="Ships \"it\""];
          n1 [label="app", shape=folder];
          n2 [label="app/compile", tooltip="Compiles"];
          n3 [label="app/link"];
          n4 [label="gen"];
          n0 -> n1;
          n1 -> n2 [arrowhead=odiamond];
          n1 -> n3 [arrowhead=odiamond];
          n2 -> n4 [style=dotted];
          n3 -> n2;
          n3 -> n4 [style=dashed];
        }
        "#);
    }

    #[test]
    fn flowchart() {
        insta::assert_snapshot!(mermaid(&drawing::invented()), @r#"
        flowchart LR
          n0(["release"])
          n1[["app"]]
          n2["app/compile"]
          n3["app/link"]
          n4["gen"]
          n0 --> n1
          n1 ---o n2
          n1 ---o n3
          n2 -. inferred .-> n4
          n3 --> n2
          n3 -. after .-> n4
        "#);
    }

    #[test]
    fn names_that_would_break_out() {
        let node = DrawNode { address: "a\"]\\<b>#&\n".into(), kind: "task", about: None, place: None, group: None };
        let drawing = Drawing { nodes: vec![node], edges: Vec::new() };
        assert_eq!(mermaid(&drawing), "flowchart LR\n  n0[\"a#quot;]\\&lt;b&gt;#35;&amp;\\n\"]\n");
        insta::assert_snapshot!(dot(&drawing), @r#"
        digraph orket {
          rankdir=LR;
          node [shape=box, fontname="sans-serif"];
          n0 [label="a\"]\\<b>#&\\n"];
        }
        "#);
    }

    #[test]
    fn object() {
        let mut drawing = drawing::invented();
        drawing.nodes.drain(..3);
        drawing.edges = vec![super::super::DrawEdge { from: 0, to: 1, kind: "after" }];
        insta::assert_snapshot!(json(&drawing), @r#"
        {
          "version": 1,
          "nodes": [
            {
              "address": "app/link",
              "kind": "task",
              "place": "orket.kdl:8"
            },
            {
              "address": "gen",
              "kind": "task",
              "place": "orket.kdl:12"
            }
          ],
          "edges": [
            {
              "from": "app/link",
              "to": "gen",
              "kind": "after"
            }
          ]
        }
        "#);
    }
}
