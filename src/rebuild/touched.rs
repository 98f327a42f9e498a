//! What happened to the files that a task reads from its judgement until its end, also where their bytes are the same again.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::inputs::same_names;
use super::{Prepared, World, service_digest};
use crate::action::Content;
use crate::base::RelPath;
use crate::disk::{Signature, stamp_clock};

/// How the files that a task reads stood when its commands were about to start.
pub struct Stamps {
    files: Vec<(RelPath, Option<(Signature, i64)>)>,
    /// What had come under its patterns, or gone, since it was judged.
    listed: Vec<RelPath>,
    began: i64,
}

impl Stamps {
    /// Notes the stamps of all files and links among the inputs.
    pub fn of(world: &World, prepared: &Prepared) -> Stamps {
        let mut began = stamp_clock();
        // What a person wrote just before orket was called was there before any command started, and has to be told from what comes later
        // in the same tick of the clock: by waiting for the next tick, once in a run.
        while prepared.task.depfile.is_some() && began <= world.opened {
            thread::sleep(Duration::from_millis(1));
            began = stamp_clock();
        }
        let stamp = |path: &RelPath| (path.clone(), world.tree.stat_names(path).ok().flatten());
        Stamps {
            files: prepared.action.files().map(|(path, _)| stamp(path)).filter(|(_, stamp)| !is_folder(stamp)).collect(),
            listed: prepared.listing.changes(world, prepared.began),
            began,
        }
    }

    /// Returns what was written, exchanged, removed, or came under a pattern. Another name for a file, or one less, changes nothing that is read.
    pub fn touched(&self, world: &World, prepared: &Prepared) -> BTreeSet<RelPath> {
        let same = |before: &Option<(Signature, i64)>, now: &Option<(Signature, i64)>| match (before, now) {
            (Some((before, names)), Some((now, names_now))) if names != names_now => Signature { ctime: now.ctime, ..*before } == *now,
            (before, now) => before == now,
        };
        let moved = self.files.iter().filter(|(path, before)| !world.tree.stat_names(path).is_ok_and(|now| same(before, &now)));
        let mut touched: BTreeSet<RelPath> = moved.map(|(path, _)| path.clone()).collect();
        let changed = prepared.served.iter().filter(|(service, judged)| service_digest(world, *service, true) != *judged);
        touched.extend(changed.map(|(service, _)| RelPath::from_normal(world.graph.address(*service).as_bytes())));
        // Also what was changed before its stamp was taken: the action names what was there when it was judged. Where that was under the
        // same stamp, it is there still.
        let stamps = self.files.iter().map(|(path, stamp)| (path, stamp.map(|(signature, _)| signature)));
        let stamps: FxHashMap<&RelPath, Option<Signature>> = stamps.collect();
        let judged = prepared.action.files().filter(|(path, _)| !touched.contains(*path));
        let stands =
            |path: &RelPath, content: &Content| world.files.stamp(path, content).is_some_and(|known| stamps.get(path) == Some(&known));
        let other = judged.filter(|(path, content)| match content {
            Content::Folder(names) => !same_names(world, prepared.target, path, names),
            content => !stands(path, content) && world.content(path, true).map_or(true, |now| now != **content),
        });
        let other: Vec<RelPath> = other.map(|(path, _)| path.clone()).collect();
        touched.extend(other);
        touched.extend(self.listed.iter().cloned());
        touched.extend(prepared.listing.changes(world, prepared.began));
        touched
    }

    /// Whether a file of which nothing was known before may have been changed since the commands started.
    pub fn may_have_changed(&self, world: &World, path: &RelPath) -> bool {
        world.tree.stat(path).ok().flatten().is_some_and(|now| now.may_be_younger_than(self.began))
    }
}

/// What stands in a folder may change its stamp.
fn is_folder(stamp: &Option<(Signature, i64)>) -> bool {
    stamp.is_some_and(|(signature, _)| signature.is_dir())
}
