//! What two graphs of one project declare differently.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::Xxh3;

use super::graph::halves;
use super::made::Made;
use super::{Detail, Graph, TargetKind};
use crate::base::{RelPath, TargetId};

/// Returns the targets of `now`, entries among them, that are new or are not declared as they were `then`. Where in a manifest something
/// stands makes no difference.
pub fn declared_otherwise(now: &Graph, then: &Graph) -> Vec<TargetId> {
    let entries: FxHashMap<&str, TargetId> =
        then.ids().filter(|id| then.kind(*id) == TargetKind::Entry).map(|id| (then.address(id), id)).collect();
    let otherwise = |id: &TargetId| {
        let address = now.address(*id);
        let before = if now.kind(*id) == TargetKind::Entry { entries.get(address).copied() } else { then.find(address) };
        before.is_none_or(|before| declaration(now, *id) != declaration(then, before))
    };
    now.ids().filter(otherwise).collect()
}

/// Returns those of `files` that are an output of some task in one of two graphs only: there they were no source, or are none any more.
pub fn made_otherwise<'f>(now: &Graph, then: &Graph, files: impl Iterator<Item = &'f RelPath>) -> Vec<RelPath> {
    if now.header().made == then.header().made {
        return Vec::new();
    }
    let (now, then) = (Made::of(now), Made::of(then));
    files.filter(|file| now.holds(file) != then.holds(file)).cloned().collect()
}

fn declaration(graph: &Graph, id: TargetId) -> [u64; 2] {
    let mut hasher = Xxh3::new();
    graph.row(id).kind.hash(&mut hasher);
    match graph.detail(id) {
        Detail::Task(..) => graph.row(id).shape.hash(&mut hasher),
        Detail::Rock(rock) => rock.hash(&mut hasher),
        Detail::Epic(epic) => epic.hash(&mut hasher),
        Detail::Service(service) => service.hash(&mut hasher),
        Detail::Gate(gate) => gate.hash(&mut hasher),
        Detail::Decision(decision, _) => {
            for choose in &decision.chooses {
                (&choose.value, choose.conditions.len()).hash(&mut hasher);
                choose.conditions.iter().for_each(|condition| condition.text.hash(&mut hasher));
            }
            (&decision.otherwise, &decision.env).hash(&mut hasher);
        }
        Detail::Entry(_) => {}
    }
    for edge in graph.edges(id) {
        hasher.write_u8(edge.kind() as u8);
        graph.address(edge.to).hash(&mut hasher);
    }
    halves(hasher.digest128())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Place;
    use crate::graph::sample::{graph, needs, patterns, place, shop};
    use crate::model::{Project, Text};

    /// What is declared otherwise after an edit, entries as `[address]`.
    fn after(edit: impl FnOnce(&mut Project)) -> Vec<String> {
        let mut project = shop();
        let then = graph(&project);
        edit(&mut project);
        let now = graph(&project);
        let name = |id| match now.kind(id) {
            TargetKind::Entry => format!("[{}]", now.address(id)),
            _ => now.address(id).to_owned(),
        };
        declared_otherwise(&now, &then).into_iter().map(name).collect()
    }

    #[test]
    fn what_only_moves_is_the_same() {
        let moved = after(|project| {
            let down = |place: &mut Place| place.line += 7;
            project.tasks.iter_mut().for_each(|task| down(&mut task.place));
            project.services.iter_mut().for_each(|service| down(&mut service.place));
            project.rocks.iter_mut().for_each(|rock| down(&mut rock.place));
            project.epics.iter_mut().for_each(|epic| down(&mut epic.place));
            project.gates.iter_mut().for_each(|gate| down(&mut gate.place));
        });
        assert_eq!(moved, [] as [&str; 0]);
    }

    #[test]
    fn each_kind_of_target_can_differ() {
        assert_eq!(after(|project| project.tasks[0].dir = Text::literal("x")), ["core/lib"]);
        assert_eq!(after(|project| project.rocks[0].about = Some("x".into())), ["ship"]);
        assert_eq!(after(|project| project.gates[0].kind = "x".into()), ["churn"]);
        let service = after(|project| project.services[0].ports = vec!["x".into()]);
        assert_eq!(service, ["app/serve", "db"], "who uses a service is declared with it");
    }

    #[test]
    fn what_an_epic_needs_stands_in_its_entry() {
        let found = after(|project| project.epics[0].needs = needs(&["slow"]));
        assert!(found.contains(&String::from("core")) && found.contains(&String::from("[core]")), "{found:?}");
    }

    #[test]
    fn what_becomes_an_output_is_found() {
        let mut project = shop();
        let then = graph(&project);
        project.tasks[0].outputs.extend(patterns(&["gen/", "doc/*.md"]));
        let files = ["gen/a", "doc/x.md", "doc/x.txt", "b"].map(|path| RelPath::parse(path).unwrap());
        let found = made_otherwise(&graph(&project), &then, files.iter());
        assert_eq!(found, files[..2]);
        assert_eq!(place(1).line, 1);
    }
}
