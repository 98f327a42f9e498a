//! What a task may see of the environment, and what of it enters its digest.

use std::collections::{BTreeMap, BTreeSet};

use super::dotenv;
use crate::action::EnvValue;
use crate::base::{Digest, Hasher};
use crate::disk::Tree;
use crate::model::{EnvRule, EnvRules, Scope, always_seen};

/// The environment that orket was started with, and the key under which secrets enter digests.
#[derive(Clone, Default)]
pub struct Environment {
    /// All variables, as bytes.
    pub variables: BTreeMap<String, Vec<u8>>,
    /// Local to this user; never stored beside a digest.
    pub secret_key: [u8; 32],
    /// `linux-x86_64`.
    pub platform: String,
    /// Whether `dotenv` files count.
    pub dotenv: bool,
}

/// What one task sees.
#[derive(Clone, Debug, Default)]
pub struct Visible {
    /// Everything, sorted by name.
    pub variables: BTreeMap<String, Vec<u8>>,
    /// What enters the digest, sorted by name.
    pub entries: Vec<(String, EnvValue)>,
    /// Values that must never be shown.
    pub secrets: Vec<Vec<u8>>,
}

impl Environment {
    /// Returns the value of a variable.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.variables.get(name).map(Vec::as_slice)
    }

    /// Applies rules. A `dotenv` file that is not there gives no variables.
    ///
    /// # Errors
    /// A sentence, when a `dotenv` file cannot be read or a `set` names a hole that is not there.
    pub fn visible(&self, rules: &EnvRules, tree: &Tree) -> Result<Visible, String> {
        let mut visible = Visible::default();
        let mut hidden: BTreeSet<&str> = rules.iter().filter_map(secret).collect();
        for (name, value) in &self.variables {
            if always_seen(name) {
                visible.variables.insert(name.clone(), value.clone());
            }
        }
        let mut said: BTreeSet<String> = BTreeSet::new();
        for rule in rules {
            match rule {
                // What is not set keeps what a wider level or a file says.
                EnvRule::Pass { name, .. } | EnvRule::Secret { name, .. } => {
                    if let Some(value) = self.get(name) {
                        visible.variables.insert(name.to_string(), value.to_vec());
                    }
                    said.insert(name.to_string());
                }
                EnvRule::Set { name, value: text, place } => {
                    let value = text.fill(|scope, hole| match scope {
                        Scope::Env => visible
                            .variables
                            .get(hole)
                            .or_else(|| self.variables.get(hole))
                            .ok_or_else(|| format!("`{{{{env.{hole}}}}}` at {place} is not set"))
                            .and_then(|value| {
                                let text = String::from_utf8(value.to_vec());
                                text.map_err(|_| format!("`{{{{env.{hole}}}}}` at {place} is no UTF-8, and cannot be a part of a text"))
                            }),
                        _ => Ok(format!("{{{{{}.{hole}}}}}", scope.word())),
                    })?;
                    // What is made of a secret is one itself.
                    if text.holes(Scope::Env).any(|hole| hidden.contains(hole)) {
                        hidden.insert(name);
                    }
                    said.insert(name.to_string());
                    visible.variables.insert(name.to_string(), value.into_bytes());
                }
                EnvRule::Dotenv { .. } if !self.dotenv => {}
                EnvRule::Dotenv { file, place } => {
                    let bytes = match tree.read(file) {
                        Ok(bytes) => bytes,
                        Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                        Err(error) => return Err(format!("cannot read `{file}` named at {place}: {error}")),
                    };
                    let read = dotenv::variables(&bytes).map_err(|wrong| {
                        let dotenv::Wrong { line, text, why } = wrong;
                        format!("`{file}:{line}` cannot be read: `{text}`: {why} (`dotenv` at {place})")
                    });
                    for (name, value) in read? {
                        said.insert(name.clone());
                        visible.variables.insert(name, value.into_bytes());
                    }
                }
            }
        }
        let declared = rules.iter().filter_map(secret).filter_map(|name| visible.variables.get(name));
        visible.secrets = declared.cloned().collect();
        let entry = |name: String| {
            let value = match visible.variables.get(&name) {
                None => EnvValue::Unset,
                Some(value) if hidden.contains(&*name) => EnvValue::Secret(self.keyed(value)),
                Some(value) => EnvValue::Plain(value.clone()),
            };
            (name, value)
        };
        visible.entries = said.into_iter().map(entry).collect();
        Ok(visible)
    }

    fn keyed(&self, value: &[u8]) -> Digest {
        let keyed = blake3::keyed_hash(&self.secret_key, value);
        Hasher::new().piece(keyed.as_bytes()).finish()
    }
}

/// Returns the name that a rule says to be a secret.
fn secret(rule: &EnvRule) -> Option<&str> {
    match rule {
        EnvRule::Secret { name, .. } => Some(name),
        _ => None,
    }
}
