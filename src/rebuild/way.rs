//! What stands where a folder has to be in which outputs are put.

use std::collections::BTreeSet;

use super::clear::take_away;
use super::{Prepared, World};
use crate::base::glob::{self, Glob};
use crate::base::{RelPath, TargetId};
use crate::disk::PatternSet;
use crate::model::{EnvRule, Part, Text};

/// Moves aside every file that stands in the place of a folder above a task's outputs. A link is left: nothing is changed behind one, which
/// whoever comes to it tells.
///
/// # Errors
/// A sentence: version control tracks the file, a task reads it or puts it out, or the disk refuses.
pub fn clear_way(world: &World, prepared: &Prepared) -> Result<(), String> {
    let folder = |text: &String| match glob::plain(text) {
        Some(name) => RelPath::parse(&*name).ok()?.parent(),
        None => Some(Glob::new(text).ok()?.base().clone()),
    };
    for (folder, output) in prepared.outputs.iter().filter_map(|text| Some((folder(text)?, text))).collect::<BTreeSet<_>>() {
        let Some(file) = file_on_the_way(world, &folder) else { continue };
        if let Some(whose) = claim(world, prepared, &file) {
            return Err(format!(
                "its output `{output}` needs the folder `{file}`, where a file stands; {whose}: name one of the two otherwise"
            ));
        }
        let _ = take_away(world, &file).map_err(|error| format!("cannot clear `{file}`: {error}"))?;
    }
    Ok(())
}

/// Returns the first thing on the way to a folder that is neither a folder nor a link.
fn file_on_the_way(world: &World, folder: &RelPath) -> Option<RelPath> {
    let mut above: Vec<RelPath> = std::iter::successors(Some(folder.clone()), RelPath::parent).filter(|path| !path.is_root()).collect();
    above.reverse();
    for path in above {
        match world.tree.stat(&path).ok()?? {
            stamp if stamp.is_dir() => {}
            stamp if stamp.is_symlink() => return None,
            _ => return Some(path),
        }
    }
    None
}

/// Says who a file belongs to that is not to be moved.
fn claim(world: &World, prepared: &Prepared, file: &RelPath) -> Option<String> {
    if (world.tracked)(file, &|_| false) {
        return Some(String::from("git tracks it"));
    }
    if let Some(maker) = world.made().makers(file).find(|maker| *maker != prepared.target) {
        return Some(format!("`{}` puts it out", world.graph.address(maker)));
    }
    let reads = |id: &TargetId| {
        let rules = &world.graph.header().envs[world.graph.row(*id).env as usize];
        let sets = rules.iter().any(|rule| matches!(rule, EnvRule::Dotenv { file: one, .. } if one == file));
        sets || world.graph.task(*id).is_some_and(|task| {
            let texts = |negated: bool| {
                let those = task.inputs.iter().filter(move |pattern| pattern.negated == negated);
                those.filter_map(|pattern| pattern.text.as_literal()).map(str::to_owned).collect::<Vec<_>>()
            };
            // What a hole stands for nobody knows yet: what begins as the text before it may be meant.
            let may_mean =
                |text: &Text| matches!(text.parts(), [Part::Literal(start), _, ..] if file.as_bytes().starts_with(start.as_bytes()));
            PatternSet::new(&texts(false), &texts(true)).is_ok_and(|set| set.matches(file))
                || task.inputs.iter().any(|pattern| !pattern.negated && may_mean(&pattern.text))
        })
    };
    let found_to_read = |id: &TargetId| {
        let checkout = world.checkout.lock().expect("no holder panics");
        checkout.task(world.graph.row(*id).key).is_some_and(|record| record.discovered.contains(file))
    };
    let reader =
        if prepared.action.has_file(file) { Some(prepared.target) } else { world.graph.ids().find(|id| reads(id) || found_to_read(id)) };
    reader.map(|reader| format!("`{}` reads it", world.graph.address(reader)))
}
