//! The critical path: the longest chain of what took time, and what it would be if a task of it took none.

use std::collections::BTreeMap;

use super::story::Story;
use crate::base::quantity::plural;
use crate::report::draw::{DrawEdge, Drawing};
use crate::report::page::{Table, percent};

use super::page::{link, ms};

/// For how many tasks of the chain it is said what it would be without them.
const FREE: usize = 100;

/// A run's longest chain.
#[derive(Default, Debug, PartialEq)]
pub(super) struct Path {
    /// Addresses and milliseconds, in the order in which they ran.
    pub(super) chain: Vec<(String, u64)>,
    /// What the chain takes.
    pub(super) length: u64,
    /// For its dearest tasks, how long the longest chain were if they took no time.
    pub(super) free: BTreeMap<String, u64>,
}

/// Who waits for whom: for each node of a drawing the nodes that come before it, and an order in which those stand first.
struct Waits {
    before: Vec<Vec<usize>>,
    order: Vec<usize>,
}

/// Returns for each node of a drawing the nodes that it waits for.
fn before(drawing: &Drawing) -> Vec<Vec<usize>> {
    let mut before = vec![Vec::new(); drawing.nodes.len()];
    // What is built along is waited for by nobody.
    drawing.edges().filter(|edge| edge.kind != "along").for_each(|edge| before[edge.from].push(edge.to));
    before
}

impl Waits {
    fn new(drawing: &Drawing) -> Waits {
        let before = before(drawing);
        let (mut order, mut seen) = (Vec::with_capacity(before.len()), vec![false; before.len()]);
        for root in 0..before.len() {
            let mut stack = if std::mem::replace(&mut seen[root], true) { Vec::new() } else { vec![(root, 0)] };
            while let Some((node, next)) = stack.last_mut() {
                match before[*node].get(*next) {
                    Some(to) => {
                        *next += 1;
                        if !std::mem::replace(&mut seen[*to], true) {
                            stack.push((*to, 0));
                        }
                    }
                    None => {
                        order.push(*node);
                        stack.pop();
                    }
                }
            }
        }
        Waits { before, order }
    }

    /// Returns the nodes of the longest chain, in order, and what it takes.
    fn longest(&self, took: &[u64]) -> (Vec<usize>, u64) {
        let mut ends = vec![0u64; took.len()];
        for node in &self.order {
            ends[*node] = took[*node] + self.before[*node].iter().map(|before| ends[*before]).max().unwrap_or(0);
        }
        let last = |nodes: &mut dyn Iterator<Item = usize>| nodes.max_by_key(|node| (ends[*node], std::cmp::Reverse(*node)));
        let mut chain = Vec::new();
        let mut here = last(&mut (0..took.len()));
        let length = here.map_or(0, |node| ends[node]);
        while let Some(node) = here {
            chain.push(node);
            here = last(&mut self.before[node].iter().copied());
        }
        chain.reverse();
        (chain, length)
    }
}

/// Adds an edge from each remedy that ran to the task whose failure it waited for. One that would close a circle, as where the manifest is another one
/// since, is left out.
pub fn remedied(mut drawing: Drawing, story: &Story) -> Drawing {
    let at: BTreeMap<String, usize> = drawing.nodes.iter().enumerate().map(|(at, node)| (node.address.clone(), at)).collect();
    let mut before = before(&drawing);
    let mut waited = vec![false; before.len()];
    before.iter().flatten().for_each(|node| waited[*node] = true);
    // The last remedy for which a node was reached, from 1.
    let mut reached = vec![0; before.len()];
    for (number, (remedy, failed)) in (1..).zip(story.remedies()) {
        let (Some(from), Some(to)) = (at.get(remedy).copied(), at.get(failed).copied()) else { continue };
        // One that nothing waits for closes no circle.
        let mut open = if waited[from] || from == to { vec![to] } else { Vec::new() };
        while let Some(node) = open.pop() {
            if std::mem::replace(&mut reached[node], number) != number {
                open.extend(&before[node]);
            }
        }
        if reached[from] != number {
            drawing.edges.push(DrawEdge { from, to, kind: "remedy" });
            before[from].push(to);
            waited[to] = true;
        }
    }
    drawing
}

impl Path {
    /// Finds the longest chain. A service takes as long as it took to be ready.
    pub(super) fn new(drawing: &Drawing, story: &Story) -> Path {
        let waits = Waits::new(drawing);
        let mut took = times(drawing, story);
        let (chain, length) = waits.longest(&took);
        let chain: Vec<usize> = chain.into_iter().filter(|node| took[*node] > 0).collect();
        let mut dearest = chain.clone();
        dearest.sort_by_key(|node| std::cmp::Reverse(took[*node]));
        let free = dearest.into_iter().take(FREE).map(|node| {
            let its = std::mem::take(&mut took[node]);
            let (_, left) = waits.longest(&took);
            took[node] = its;
            (drawing.nodes[node].address.clone(), left)
        });
        let free = free.collect();
        Path { chain: chain.into_iter().map(|node| (drawing.nodes[node].address.clone(), took[node])).collect(), length, free }
    }

    /// Returns the section: the chain as a table, in which a script lets tasks be free.
    pub(super) fn html(&self) -> String {
        if self.chain.is_empty() {
            return String::new();
        }
        let mut table = Table::new("the critical path", &["free", "task", "#took", "", "#if it took no time"]);
        for (task, took) in &self.chain {
            let free = self.free.get(task).map_or(String::new(), |left| {
                let saved = self.length.saturating_sub(*left);
                let less = if saved == 0 { String::from("no less") } else { format!("\u{2212}{}", ms(saved)) };
                format!("{} <span class=\"faint\">({less})</span>", ms(*left))
            });
            let bar = format!(
                "<span class=\"meter\"><svg aria-hidden=\"true\"><rect width=\"{}\" height=\"100%\" class=\"of-done\"/></svg></span>",
                percent(*took, self.length)
            );
            let tick =
                format!("<input type=\"checkbox\" class=\"scripted\" aria-label=\"{} takes no time\">", crate::report::page::safe(task));
            table.row([tick, link(task), ms(*took), bar, free]);
        }
        format!(
            "<p>The longest chain of what waits for each other: {}, {}. No number of slots makes the run shorter than that.</p>\n\
             <p class=\"faint scripted\">What if a task were free? Tick it, or several; every task in the graph tells that of itself, too.</p>\n\
             <p id=\"what-if\" role=\"status\" class=\"scripted\"></p>\n<div id=\"chain\">{}</div>\n",
            plural(self.chain.len(), "task"),
            ms(self.length),
            table.html()
        )
    }
}

/// Returns how long each node of a drawing took.
pub(super) fn times(drawing: &Drawing, story: &Story) -> Vec<u64> {
    let took: BTreeMap<&str, u64> = story.tasks.iter().map(|task| (&*task.address, task.took)).collect();
    // Without a journal nobody knows when a service was ready.
    let of = |node: &crate::report::draw::DrawNode| match node.kind {
        "service" => story.ready.get(&node.address).copied(),
        _ => took.get(&*node.address).copied(),
    };
    drawing.nodes.iter().map(|node| of(node).unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::story::Told;
    use super::*;
    use crate::event::Reason;
    use crate::report::draw::DrawNode;

    fn path(nodes: &[(&str, &'static str, u64)], edges: &[(usize, usize, &'static str)], ready: Option<u64>) -> Path {
        let node =
            |(name, kind, _): &(&str, &'static str, u64)| DrawNode { address: (*name).into(), kind, about: None, place: None, group: None };
        let edges = edges.iter().map(|(from, to, kind)| DrawEdge { from: *from, to: *to, kind }).collect();
        let told = |(name, kind, took): &(&str, &'static str, u64)| Told {
            address: (*name).into(),
            took: *took,
            service: *kind == "service",
            ..Told::default()
        };
        let story = Story {
            tasks: nodes.iter().map(told).collect(),
            ready: ready.map(|after| (String::from("db"), after)).into_iter().collect(),
            ..Story::default()
        };
        Path::new(&Drawing { nodes: nodes.iter().map(node).collect(), edges }, &story)
    }

    #[test]
    fn the_longest_chain_and_what_it_were_without_a_task_of_it() {
        let nodes = [("c", "task", 5), ("b", "task", 30), ("a", "task", 10), ("d", "task", 20), ("e", "epic", 0)];
        let found = path(&nodes, &[(0, 1, "needs"), (1, 2, "after"), (0, 3, "needs"), (4, 0, "part")], None);
        assert_eq!(found.chain, [("a".into(), 10), ("b".into(), 30), ("c".into(), 5)]);
        assert_eq!(found.length, 45);
        assert_eq!((found.free["a"], found.free["b"], found.free["c"]), (35, 25, 40));
        assert!(found.html().contains("25 ms <span class=\"faint\">(\u{2212}20 ms)</span>"), "{}", found.html());
    }

    #[test]
    fn a_service_takes_until_it_is_ready() {
        let nodes = [("t", "task", 10), ("db", "service", 9000), ("migrate", "task", 5)];
        let edges = [(0, 1, "uses"), (1, 2, "needs")];
        assert_eq!(path(&nodes, &edges, Some(7)).chain, [("migrate".into(), 5), ("db".into(), 7), ("t".into(), 10)]);
        assert_eq!(path(&nodes, &edges, None).chain, [("migrate".into(), 5), ("t".into(), 10)]);
    }

    #[test]
    fn what_is_built_along_is_waited_for_by_nobody_and_a_circle_ends() {
        let nodes = [("a", "task", 1), ("b", "task", 2)];
        assert_eq!(path(&nodes, &[(0, 1, "along")], None).length, 2);
        assert!(path(&nodes, &[(0, 1, "needs"), (1, 0, "along")], None).length == 3);
    }

    #[test]
    fn a_remedy_waits_for_the_failure() {
        let node = |name: &str| DrawNode { address: name.into(), kind: "task", about: None, place: None, group: None };
        let told = |name: &str, took, reason| Told { address: name.into(), took, reason, ..Told::default() };
        let remedy = |of: &str| Some(Reason::Remedy(of.into()));
        let story = Story {
            tasks: vec![
                told("a", 30, None),
                told("b", 5, remedy("a")),
                told("c", 10, remedy("gone")),
                told("d", 1, remedy("e")),
                told("e", 1, None),
                told("f", 1, remedy("g")),
                told("g", 1, remedy("f")),
                told("h", 1, remedy("h")),
            ],
            ..Story::default()
        };
        let edges = vec![DrawEdge { from: 4, to: 3, kind: "needs" }];
        let drawing = remedied(Drawing { nodes: ["a", "b", "c", "d", "e", "f", "g", "h"].map(node).into(), edges }, &story);
        assert_eq!(drawing.edges.len(), 3, "no circle, also of remedies: {:?}", drawing.edges);
        assert_eq!(Path::new(&drawing, &story).chain, [("a".into(), 30), ("b".into(), 5)]);
    }
}
