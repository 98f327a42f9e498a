//! Rocks and epics: what they are made of, and the doors before that.
//!
//! What a rock or epic needs is needed by each of its parts: by one edge from the part to the door, which needs it all.

use std::collections::VecDeque;

use super::assembly::Assembly;
use super::draft::Declared;
use crate::base::{Place, TargetId};
use crate::graph::{EdgeKind, TargetKind};
use crate::model::Need;

/// What each rock is made of, and where that is said.
type Parts<'a> = Vec<Vec<(TargetId, &'a Place)>>;

impl<'a> Assembly<'a> {
    /// Connects rocks and epics with their parts, and parts with what all of them need.
    pub fn connect_groups(&mut self) {
        let parts = self.parts_of_rocks();
        self.doors(&parts);
        self.connect_rocks(&parts);
        self.connect_epics();
    }

    fn parts_of_rocks(&mut self) -> Parts<'a> {
        let project = self.project;
        let mut parts: Parts<'a> = Vec::new();
        for rock in &project.rocks {
            let mut found = Vec::new();
            for need in &rock.parts {
                for id in self.resolve(need).iter().copied() {
                    if self.drafts[id.index()].kind != TargetKind::Decision {
                        found.push((id, &need.place));
                    } else if !need.text.contains(['*', '?']) {
                        self.misused(need, id, EdgeKind::Part);
                    }
                }
            }
            parts.push(found);
        }
        parts
    }

    fn connect_rocks(&mut self, parts: &Parts<'a>) {
        let project = self.project;
        for (index, rock) in project.rocks.iter().enumerate() {
            let id = TargetId(index as u32);
            let entry = self.before(id, &rock.needs, &rock.after);
            if let Some(entry) = entry.filter(|_| parts[index].is_empty()) {
                self.edge(id, entry, EdgeKind::Entry, &rock.place);
            }
            for (part, place) in &parts[index] {
                self.edge(id, *part, EdgeKind::Part, place);
                if let Some(entry) = entry {
                    let from = self.entries.get(part).copied().unwrap_or(*part);
                    self.edge(from, entry, EdgeKind::Entry, place);
                }
            }
        }
    }

    fn connect_epics(&mut self) {
        let project = self.project;
        for (index, epic) in project.epics.iter().enumerate() {
            let id = TargetId((project.rocks.len() + index) as u32);
            let entry = self.before(id, &epic.needs, &epic.after);
            if let Some(entry) = entry.filter(|_| epic.parts.is_empty()) {
                self.edge(id, entry, EdgeKind::Entry, &epic.place);
            }
            for address in &epic.parts {
                for part in self.names.find(address.as_str()) {
                    // A task that only runs when another failed is no part of what the epic builds.
                    self.edge(id, part, EdgeKind::Part, &epic.place);
                    if let Some(entry) = entry {
                        self.edge(part, entry, EdgeKind::Entry, &epic.place);
                    }
                }
            }
        }
    }

    /// Connects the door of a rock or epic, if it has one, with what stands before it; returns the door.
    fn before(&mut self, of: TargetId, needs: &'a [Need], after: &'a [Need]) -> Option<TargetId> {
        let entry = self.entries.get(&of).copied()?;
        self.connect_all(entry, needs, EdgeKind::Need);
        self.connect_all(entry, after, EdgeKind::After);
        Some(entry)
    }

    fn door(&mut self, of: TargetId, address: &'a str) -> TargetId {
        match self.entries.get(&of) {
            Some(entry) => *entry,
            None => {
                let entry = self.draft(address, TargetKind::Entry, Declared::Entry(of));
                self.entries.insert(of, entry);
                entry
            }
        }
    }

    /// Gives a door to each rock and epic that anything stands before: what it needs itself, or what a rock around it needs.
    fn doors(&mut self, parts: &Parts<'a>) {
        let (project, rocks) = (self.project, self.project.rocks.len());
        let behind = |needs: &[Need], after: &[Need]| !needs.is_empty() || !after.is_empty();
        let of_rocks = project.rocks.iter().map(|rock| behind(&rock.needs, &rock.after));
        let of_epics = project.epics.iter().map(|epic| behind(&epic.needs, &epic.after));
        let mut open: VecDeque<usize> =
            of_rocks.chain(of_epics).enumerate().filter(|(_, closed)| *closed).map(|(index, _)| index).collect();
        while let Some(index) = open.pop_front() {
            let id = TargetId(index as u32);
            if self.entries.contains_key(&id) {
                continue;
            }
            let rock = project.rocks.get(index);
            self.door(id, rock.map_or_else(|| project.epics[index - rocks].address.as_str(), |rock| rock.address.as_str()));
            let inner = parts.get(index).into_iter().flatten().map(|(part, _)| part.index());
            open.extend(inner.filter(|part| *part < self.first_task));
        }
    }
}
