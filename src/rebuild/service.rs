//! What makes a service what it is for those that use it.

use std::borrow::Cow;
use std::io;

use super::inputs::patterns;
use super::tools::program;
use super::{Blocked, Visible, World};
use crate::action::{Content, EnvValue};
use crate::base::{Digest, Hasher, RelPath, TargetId, glob};
use crate::disk::{self, PatternSet};
use crate::graph::Detail;
use crate::model::{Command, Scope, Service, Text};

/// Returns the digest of a service: its declaration, what its rules show of the environment, its filled words, and its program. What cannot be
/// had stands for itself: starting it says what is wrong. Ports, ids of runs and values of decisions stay out, the last since they are edges
/// of their own. `again`: something has run that may have changed files.
pub fn service_digest(world: &World, target: TargetId, again: bool) -> Digest {
    let mut hasher = Hasher::new();
    let Detail::Service(service) = world.graph.detail(target) else { return hasher.finish() };
    hasher.piece(b"service").piece(service.definition().as_bytes());
    match world.environment.visible(&service.env, &world.tree) {
        Ok(visible) => {
            hash(world, &service, &visible, again, &mut hasher);
            match files(world, &service, &visible, again) {
                Ok(files) => files.iter().for_each(|(path, content)| hash_file(path, content, &mut hasher)),
                Err(error) => drop(hasher.piece(error.as_bytes())),
            }
        }
        Err(error) => drop(hasher.piece(error.as_bytes())),
    }
    hasher.finish()
}

fn hash_file(path: &RelPath, content: &Content, hasher: &mut Hasher) {
    hasher.piece(path.as_bytes());
    match content {
        Content::File { digest, executable } => hasher.digest(digest).piece(if *executable { b"x" } else { b"" }),
        Content::Link(target) => hasher.piece(b"->").piece(target),
        Content::Folder(_) | Content::Missing => hasher.piece(b""),
    };
}

/// Returns the files that a service reads, but for what tasks make: that comes by what it needs.
///
/// # Errors
/// What cannot be known or read, in a sentence.
fn files(world: &World, service: &Service, visible: &Visible, again: bool) -> Result<Vec<(RelPath, Content)>, String> {
    if service.inputs.is_empty() {
        return Ok(Vec::new());
    }
    let hole = |scope: Scope, name: &str| {
        let value = match scope {
            Scope::Env => visible.variables.get(name).map(|value| String::from_utf8_lossy(value).into_owned()),
            Scope::Decision => world.decision(name),
            Scope::Port | Scope::Run => None,
        };
        value.ok_or_else(|| Blocked::new(format!("`{{{{{}.{name}}}}}` is not known", scope.word())))
    };
    let (mut included, excluded) = patterns(&service.inputs, &hole).map_err(|blocked| blocked.text)?;
    for text in &mut included {
        let folder = glob::plain(text).and_then(|name| RelPath::parse(&*name).ok());
        let folder = folder.filter(|path| world.tree.stat(path).ok().flatten().is_some_and(|stamp| stamp.is_dir()));
        if folder.is_some() && !text.ends_with('/') {
            text.push('/');
        }
    }
    let named = included.iter().filter_map(|text| RelPath::parse(&*glob::plain(text.trim_end_matches('/'))?).ok());
    let named: Vec<RelPath> = named.collect();
    let set = PatternSet::new(&included, &excluded)?;
    let mut files = disk::expand(&world.tree, &set).map_err(|error| error.to_string())?;
    files.retain(|path| !world.made().holds(path));
    // One that is named is told of also where it is not there, or made.
    files.extend(named);
    files.sort();
    files.dedup();
    let mut found = Vec::with_capacity(files.len());
    for path in files {
        let content = world.content(&path, again).map_err(|error| error.to_string())?;
        if matches!(content, Content::Link(_)) {
            found.extend(behind(world, &path, again).map_err(|error| error.to_string())?);
        }
        found.push((path, content));
    }
    Ok(found)
}

/// Returns the file that a link leads to in the end, if it leads to one.
fn behind(world: &World, link: &RelPath, again: bool) -> io::Result<Option<(RelPath, Content)>> {
    let Ok(file) = std::fs::canonicalize(link.under(world.tree.root())) else { return Ok(None) };
    let path = RelPath::from_normal(file.as_os_str().as_encoded_bytes());
    let content = world.content(&path, again)?;
    Ok(Some((path, content)))
}

/// Returns a file that a service names among its inputs and that is not there.
pub fn lacks_input(world: &World, target: TargetId) -> Option<RelPath> {
    let Detail::Service(service) = world.graph.detail(target) else { return None };
    let names = service
        .inputs
        .iter()
        .filter(|pattern| !pattern.negated)
        .filter_map(|pattern| glob::plain(pattern.text.as_literal()?).map(Cow::into_owned));
    let paths = names.filter_map(|name| RelPath::parse(&*name).ok());
    paths.into_iter().find(|path| world.tree.stat_follow(path).is_ok_and(|stamp| stamp.is_none()))
}

fn hash(world: &World, service: &Service, visible: &Visible, again: bool, hasher: &mut Hasher) {
    for (name, value) in &visible.entries {
        hasher.piece(name.as_bytes());
        match value {
            EnvValue::Plain(value) => hasher.piece(b"=").piece(value),
            EnvValue::Secret(digest) => hasher.piece(b"#").digest(digest),
            EnvValue::Unset => hasher.piece(b""),
        };
    }
    let secret = |name: &str| visible.entries.iter().any(|(one, value)| one == name && matches!(value, EnvValue::Secret(_)));
    let fill = |text: &Text| {
        let filled = text.fill(|scope, name| match scope {
            Scope::Env if !secret(name) => {
                visible.variables.get(name).map(|value| String::from_utf8_lossy(value).into_owned()).ok_or_else(|| name.to_owned())
            }
            _ => Ok(format!("{{{{{}.{name}}}}}", scope.word())),
        });
        filled.unwrap_or_else(|missing| missing)
    };
    let (words, name) = match &service.command {
        Command::Run { words, .. } => (words.iter().map(fill).collect::<Vec<_>>(), words.first().map(fill)),
        Command::Sh { script, .. } => (vec![fill(script)], Some(String::from("/bin/sh"))),
    };
    for word in &words {
        hasher.piece(word.as_bytes());
    }
    // A service of a compose file is started by that, whatever its command says.
    if let Some(name) = name.filter(|_| !world.boxed.compose) {
        let folder = service.dir.under(world.tree.root());
        match program(world, visible, &name, &folder, again) {
            Ok((_, digest)) => hasher.digest(&digest),
            Err(blocked) => hasher.piece(blocked.text.as_bytes()),
        };
    }
}
