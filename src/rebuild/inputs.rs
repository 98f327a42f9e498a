//! The files that a task reads: those that it declares, those that links lead to, and those that its depfile named.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io;

use rustc_hash::FxHashSet;

use super::{Blocked, Links, World};
use crate::action::Content;
use crate::base::{Digest, Hasher, RelPath, TargetId, glob};
use crate::disk::{self, Kind, Noted, PatternSet};
use crate::graph::EdgeKind;
use crate::model::{Pattern, Scope, Task, Text};

/// The files of one task, without what needed tasks put out.
#[derive(Default)]
pub(super) struct Inputs {
    /// By path.
    pub files: BTreeMap<RelPath, Content>,
    /// What the patterns among the declarations meant.
    pub listing: Listing,
    /// A file that is not there, without which it runs each time.
    pub unmade: Option<RelPath>,
}

/// Which files patterns meant when somebody looked.
#[derive(Default)]
pub struct Listing {
    set: PatternSet,
    files: Vec<RelPath>,
    /// The places that were looked at, with their stamps.
    pub searched: Noted,
}

impl Listing {
    /// Returns the files that have come under the patterns since `began` (nanoseconds since 1970, before they were looked for), or are gone.
    pub fn changes(&self, world: &World, began: i64) -> Vec<RelPath> {
        let stands = |(place, stamp): &(RelPath, Option<disk::Signature>)| {
            stamp.is_none_or(|stamp| stamp.settled_at(began)) && world.tree.stat(place).is_ok_and(|now| now == *stamp)
        };
        if self.searched.iter().all(stands) {
            return Vec::new();
        }
        // What cannot be looked at any more is told by whoever looks next.
        let now = disk::expand(&world.tree, &self.set).unwrap_or_default();
        let differs = |one: &[RelPath], other: &[RelPath]| -> Vec<RelPath> {
            one.iter().filter(|path| other.binary_search(path).is_err() && !world.made().holds(path)).cloned().collect()
        };
        [differs(&now, &self.files), differs(&self.files, &now)].concat()
    }
}

/// Splits patterns into those that include and those that exclude, filled in.
pub(super) fn patterns(
    patterns: &[Pattern],
    hole: &impl Fn(Scope, &str) -> Result<String, Blocked>,
) -> Result<(Vec<String>, Vec<String>), Blocked> {
    let (mut included, mut excluded) = (Vec::new(), Vec::new());
    for pattern in patterns {
        if pattern.negated { &mut excluded } else { &mut included }.push(pattern.fill(hole)?);
    }
    Ok((included, excluded))
}

/// Whether a folder stands in the place of an output.
pub(super) fn stands_as_folder(world: &World, text: &str) -> bool {
    let path = glob::plain(text).and_then(|name| RelPath::parse(&*name).ok());
    path.and_then(|path| world.tree.stat(&path).ok().flatten()).is_some_and(|signature| signature.is_dir())
}

/// Finds what a task reads. `again`: files are looked at again.
///
/// # Errors
/// When a declared file is missing, stands behind a link, or cannot be read.
pub(super) fn gather(
    world: &World,
    target: TargetId,
    task: &Task,
    links: &Links,
    discovered: &[RelPath],
    hole: &impl Fn(Scope, &str) -> Result<String, Blocked>,
    again: bool,
) -> Result<Inputs, Blocked> {
    let (included, excluded) = patterns(&task.inputs, hole)?;
    let mut reading = Reading {
        world,
        target,
        links,
        again,
        named: task.imported.is_some(),
        made: OnceCell::new(),
        files: BTreeMap::new(),
        searched: Noted::new(),
    };
    for (path, content) in links.iter().flat_map(|(_, yielded)| yielded.outputs.iter()) {
        reading.follow(path, content)?;
    }
    let wrong = |error: String| Blocked::new(format!("an input pattern at {}: {error}", task.place));
    let means_more = |text: &String| glob::is_glob(text) || text.ends_with('/') || text.is_empty() || text == ".";
    let (mut folders, literals): (Vec<String>, Vec<String>) =
        included.into_iter().partition(|text| task.imported.is_none() && means_more(text));
    let without = PatternSet::new(&excluded, &[]).map_err(wrong)?;
    for literal in literals {
        let name = glob::plain(&literal).unwrap_or_default();
        let path = match (name.is_empty() || name.starts_with('/')) && task.imported.is_some() {
            true => RelPath::from_normal(name.as_bytes()),
            false => RelPath::parse(&*name).map_err(|error| Blocked::new(format!("the input `{literal}`: {error}")))?,
        };
        if reading.knows(&path) || without.matches(&path) {
            continue;
        }
        match reading.content(&path)? {
            Content::Missing if world.tree.stat(&path).ok().flatten().is_some_and(|signature| signature.is_dir()) => {
                match task.imported.is_none() {
                    true => folders.push(format!("{path}/")),
                    false => reading.folder(path)?,
                }
            }
            // Of a device or pipe nothing can be known.
            Content::Missing if task.imported.is_some() && world.tree.stat_follow(&path).is_ok_and(|there| there.is_some()) => {}
            Content::Missing if world.tree.stat(&path).ok().flatten().is_some() => {
                return Err(Blocked {
                    text: format!("the input `{path}` is neither a file nor a folder, so that nothing can be known of what is in it"),
                    hint: Some(format!("take it out of `inputs` at {}", task.place)),
                    broken: false,
                });
            }
            Content::Missing => {
                return Err(Blocked {
                    text: format!("the input `{path}` does not exist, and no task that it needs makes it"),
                    hint: Some(format!(
                        "make the file, or correct {} at {}",
                        if task.imported.is_some() { "the edge" } else { "`inputs`" },
                        task.place
                    )),
                    broken: false,
                });
            }
            content => reading.add(path, content)?,
        }
    }
    let mut listing = Listing::default();
    if !folders.is_empty() {
        for text in folders.iter().filter(|_| task.imported.is_none()) {
            behind_link(world, task, text, &reading.files)?;
        }
        let mut hidden = excluded;
        for pattern in task.outputs.iter().filter(|pattern| !pattern.negated) {
            hidden.push(pattern.fill(hole)?);
        }
        listing.set = PatternSet::new(&folders, &hidden).map_err(wrong)?;
        listing.files = disk::expand_noting(&world.tree, &listing.set, &mut listing.searched)
            .map_err(|error| Blocked::new(format!("cannot look for the inputs of the task at {}: {error}", task.place)))?;
        listing.files.retain(|path| !world.is_absent(path));
        // What a task makes is no source; it is an input of those that wait for it, however far away it is.
        let waited = OnceCell::new();
        let foreign = |path: &RelPath| {
            let made = world.made();
            made.holds(path) && !made.makers(path).any(|maker| waited.get_or_init(|| needed_by(world, target)).contains(&maker))
        };
        for path in &listing.files {
            if !reading.knows(path) && !foreign(path) {
                reading.read(path)?;
            }
        }
    }
    let mut unmade = None;
    for file in task.imported.iter().flat_map(|imported| &imported.files) {
        let path = RelPath::from_normal(file.as_bytes());
        if !reading.knows(&path) {
            let missing = reading.read(&path)? == Content::Missing;
            match missing && world.tree.stat(&path).ok().flatten().is_some_and(|signature| signature.is_dir()) {
                true => reading.folder(path)?,
                false if missing => unmade = unmade.or(Some(path)),
                false => {}
            }
        }
    }
    // What such a task needs as a whole is a group; its digest says nothing of what is in a folder.
    for folder in links.iter().filter(|_| task.imported.is_some()).flat_map(|(_, yielded)| yielded.folders.iter()) {
        if world.tree.stat(folder).ok().flatten().is_some_and(|signature| signature.is_dir()) {
            reading.folder(folder.clone())?;
        }
    }
    for path in discovered {
        if !reading.knows(path)
            && reading.read(path)? == Content::Missing
            && world.tree.stat(path).ok().flatten().is_some_and(|signature| signature.is_dir())
        {
            reading.folder(path.clone())?;
        }
    }
    listing.searched.append(&mut reading.searched);
    Ok(Inputs { files: reading.files, listing, unmade })
}

/// Returns the names in a folder, sorted: without orket's own, and without what the task itself puts out or tasks do that it does not wait
/// for, since these may or may not be there yet.
fn names_in(world: &World, target: TargetId, waited: &OnceCell<FxHashSet<TargetId>>, folder: &RelPath) -> io::Result<Vec<(RelPath, Kind)>> {
    let waited = |maker: &TargetId| waited.get_or_init(|| before(world, target, &|kind| kind.waits())).contains(maker);
    let made = world.made();
    let stands = |path: &RelPath| match made.named(path) {
        Some(maker) => waited(&maker),
        None => {
            let mut makers = made.makers(path).peekable();
            makers.peek().is_none() || makers.any(|maker| waited(&maker))
        }
    };
    let own: Vec<RelPath> = world.graph.task(target).map(|task| beside(&task)).unwrap_or_default();
    let mut names = world.tree.list(folder)?;
    names.retain(|(name, _)| **name != *b".orket" && !name.starts_with(b".ninja_"));
    let paths = names.into_iter().map(|(name, kind)| (folder.join(&name), kind));
    Ok(paths.filter(|(path, _)| stands(path) && !own.contains(path)).collect())
}

/// Returns the files that a task writes beside its outputs.
fn beside(task: &Task) -> Vec<RelPath> {
    let depfile = task.depfile.as_ref().and_then(Text::as_literal);
    let response = task.imported.as_ref().and_then(|imported| imported.response.as_ref()).map(|(path, _)| &**path);
    depfile.into_iter().chain(response).map(|path| RelPath::from_normal(path.as_bytes())).collect()
}

fn names_digest(names: &[(RelPath, Kind)]) -> Digest {
    let mut hasher = Hasher::new();
    for (path, _) in names {
        hasher.piece(path.name());
    }
    hasher.finish()
}

/// Whether the names in a folder are what they were; see [`Content::Folder`].
pub(super) fn same_names(world: &World, target: TargetId, folder: &RelPath, names: &Digest) -> bool {
    names_in(world, target, &OnceCell::new(), folder).is_ok_and(|now| names_digest(&now) == *names)
}

/// Returns all that a target waits for and takes in, directly or not.
fn needed_by(world: &World, target: TargetId) -> FxHashSet<TargetId> {
    before(world, target, &|kind| kind.hands_over())
}

/// Returns the targets that edges of such kinds lead to, directly or not.
fn before(world: &World, target: TargetId, follows: &dyn Fn(EdgeKind) -> bool) -> FxHashSet<TargetId> {
    let (mut seen, mut open) = (FxHashSet::default(), vec![target]);
    while let Some(id) = open.pop() {
        let edges = world.graph.edges(id).iter().filter(|edge| follows(edge.kind()));
        open.extend(edges.map(|edge| edge.to).filter(|to| seen.insert(*to)));
    }
    seen
}

/// Files as they are come by.
struct Reading<'a> {
    world: &'a World,
    target: TargetId,
    links: &'a Links,
    again: bool,
    /// Whether a folder is known by the names in it.
    named: bool,
    /// What needed tasks put out, once somebody asks.
    made: OnceCell<FxHashSet<&'a [u8]>>,
    files: BTreeMap<RelPath, Content>,
    /// The folders whose names were read, with their stamps from before.
    searched: Noted,
}

impl<'a> Reading<'a> {
    fn knows(&self, path: &RelPath) -> bool {
        let outputs = || self.links.iter().flat_map(|(_, yielded)| yielded.outputs.iter());
        self.files.contains_key(path)
            || self.made.get_or_init(|| outputs().map(|(path, _)| path.as_bytes()).collect()).contains(path.as_bytes())
    }

    fn content(&self, path: &RelPath) -> Result<Content, Blocked> {
        let unreadable = |error: io::Error| Blocked::new(format!("cannot read the input `{path}`: {error}"));
        self.world.content(path, self.again).map_err(unreadable)
    }

    fn read(&mut self, path: &RelPath) -> Result<Content, Blocked> {
        let content = self.content(path)?;
        self.add(path.clone(), content.clone())?;
        Ok(content)
    }

    fn add(&mut self, path: RelPath, content: Content) -> Result<(), Blocked> {
        self.follow(&path, &content)?;
        self.files.insert(path, content);
        Ok(())
    }

    /// Adds a folder: the names in it, and all that stands in it where a task makes it, since nobody else tells of that.
    fn folder(&mut self, folder: RelPath) -> Result<(), Blocked> {
        let (world, waited) = (self.world, OnceCell::new());
        let mut open = vec![folder];
        while let Some(folder) = open.pop() {
            if matches!(self.files.get(&folder), Some(Content::Folder(_))) {
                continue;
            }
            let unreadable = |error: io::Error| Blocked::new(format!("cannot read the input `{folder}`: {error}"));
            self.searched.push((folder.clone(), world.tree.stat(&folder).map_err(unreadable)?));
            let names = names_in(world, self.target, &waited, &folder).map_err(unreadable)?;
            self.files.insert(folder.clone(), Content::Folder(names_digest(&names)));
            if !world.made().holds(&folder) {
                continue;
            }
            for (path, kind) in names {
                match kind {
                    Kind::Folder => open.push(path),
                    Kind::File | Kind::Link if !self.knows(&path) => drop(self.read(&path)?),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Adds what a link leads to, since that is what a program reads: the links on the way, and the file at its end. That nothing is there
    /// is something a program can find out, too.
    fn follow(&mut self, path: &RelPath, content: &Content) -> Result<(), Blocked> {
        let Content::Link(target) = content else { return Ok(()) };
        let unreadable = |error: io::Error| Blocked::new(format!("cannot follow the link `{path}`: {error}"));
        for met in self.world.tree.follow(path, target).map_err(unreadable)? {
            if self.knows(&met) {
                continue;
            }
            let content = self.content(&met)?;
            let folder = content == Content::Missing && self.world.tree.stat(&met).ok().flatten().is_some();
            match folder {
                true if self.named => self.folder(met)?,
                true => {}
                false => drop(self.files.insert(met, content)),
            }
        }
        Ok(())
    }
}

/// Refuses a pattern all of whose files stand behind a link to a folder: such folders are not entered, so that it would mean nothing. A link
/// that is an input is known for what it is.
fn behind_link(world: &World, task: &Task, text: &str, inputs: &BTreeMap<RelPath, Content>) -> Result<(), Blocked> {
    let base = match glob::plain(text) {
        Some(name) => RelPath::parse(&*name).ok(),
        None => glob::Glob::new(text.trim_end_matches('/')).ok().map(|glob| glob.base().clone()),
    };
    let base = base.unwrap_or_default();
    let ends = base.as_bytes().iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).chain([base.as_bytes().len()]);
    for folder in ends.filter(|end| *end > 0).map(|end| RelPath::from_normal(&base.as_bytes()[..end])) {
        let link = world.tree.stat(&folder).ok().flatten().is_some_and(|signature| signature.is_symlink());
        if link && !inputs.contains_key(&folder) {
            let target = world.tree.read_link(&folder).map(|target| String::from_utf8_lossy(&target).into_owned()).unwrap_or_default();
            return Err(Blocked {
                text: format!("the input `{text}` stands behind the link `{folder}`, and no glob goes into a folder through a link"),
                hint: Some(format!("name the folder that the link leads to (`{target}`) in `inputs` at {}", task.place)),
                broken: false,
            });
        }
    }
    Ok(())
}
