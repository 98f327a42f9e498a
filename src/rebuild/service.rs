//! What makes a service what it is for those that use it.

use super::tools::program;
use super::{Visible, World};
use crate::action::EnvValue;
use crate::base::{Digest, Hasher, TargetId};
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
        Ok(visible) => hash(world, &service, &visible, again, &mut hasher),
        Err(error) => drop(hasher.piece(error.as_bytes())),
    }
    hasher.finish()
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
