//! What a C# name means where it stands: from the namespace around it outward, what each declares and what is used in it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::extract::{Facts, Means, within};
use crate::base::RelPath;
use crate::facts::syntax::At;
use crate::facts::world::Source;

/// All namespaces of the tree and what is in them.
#[derive(Default)]
pub(super) struct Namespaces<'a> {
    /// The full names of namespaces, also of those with nothing but other namespaces in them.
    known: FxHashSet<String>,
    /// By full name.
    types: FxHashMap<String, Vec<&'a RelPath>>,
    /// By namespace and method, as a full name.
    extensions: FxHashMap<String, Vec<&'a RelPath>>,
}

/// A `using` that holds somewhere, made full.
#[derive(Clone, Debug)]
pub(super) struct Open {
    /// The namespace that it stands in.
    pub inside: String,
    pub name: String,
    pub means: Means,
    /// Where edges through it are said to be; `None`: where the name stands that needs it.
    pub at: Option<At>,
}

/// What a full name is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Thing {
    Type(String),
    Namespace,
}

impl<'a> Namespaces<'a> {
    pub fn new(sources: &'a [Source<Facts>]) -> Namespaces<'a> {
        let mut all = Namespaces::default();
        for source in sources {
            for (namespace, name) in &source.facts.types {
                all.types.entry(within(namespace, name)).or_default().push(&source.path);
                let ends = namespace.match_indices('.').map(|(at, _)| at).chain([namespace.len()]);
                all.known.extend(ends.filter(|end| *end > 0).map(|end| namespace[..end].to_owned()));
            }
            for (namespace, method) in &source.facts.extensions {
                all.extensions.entry(within(namespace, method)).or_default().push(&source.path);
            }
        }
        all
    }

    /// Returns the files that declare a type.
    pub fn files(&self, full: &str) -> &[&'a RelPath] {
        self.types.get(full).map_or(&[], Vec::as_slice)
    }

    /// Returns the files with an extension method.
    pub fn extending(&self, namespace: &str, method: &str) -> &[&'a RelPath] {
        self.extensions.get(&within(namespace, method)).map_or(&[], Vec::as_slice)
    }

    /// Returns what a full name is, which may go on into a type.
    pub fn thing(&self, full: &str) -> Option<Thing> {
        if self.known.contains(full) {
            return Some(Thing::Namespace);
        }
        let ends = full.match_indices('.').map(|(at, _)| at).chain([full.len()]);
        let first = ends.into_iter().find(|end| self.types.contains_key(&full[..*end]))?;
        Some(Thing::Type(full[..first].to_owned()))
    }

    /// Whether there is such a namespace.
    pub fn has(&self, namespace: &str) -> bool {
        self.known.contains(namespace)
    }

    /// Returns the full name that a `using` in a namespace means: the innermost one that is known, else as it is written.
    pub fn full(&self, inside: &str, name: &str) -> String {
        if let Some(absolute) = name.strip_prefix("global::") {
            return absolute.to_owned();
        }
        let first = name.split('.').next().unwrap_or(name);
        let level = levels(inside).find(|level| {
            let full = within(level, first);
            self.known.contains(&full) || self.types.contains_key(&full)
        });
        level.map_or_else(|| name.to_owned(), |level| within(level, name))
    }

    /// Returns the type that a name means in a namespace, and the `using` that led there.
    pub fn find<'o>(&self, inside: &str, name: &str, open: &'o [Open]) -> Option<(String, Option<&'o Open>)> {
        let type_of = |full: &str| match self.thing(full) {
            Some(Thing::Type(full)) => Some(full),
            _ => None,
        };
        if let Some(absolute) = name.strip_prefix("global::") {
            return type_of(absolute).map(|full| (full, None));
        }
        let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        for level in levels(inside) {
            let full = within(level, first);
            if self.types.contains_key(&full) {
                return Some((full, None));
            }
            let here = || open.iter().filter(|one| one.inside == level);
            let alias = here().find(|one| matches!(&one.means, Means::Alias(alias) if alias == first));
            if let Some(alias) = alias {
                let full = rest.map_or_else(|| alias.name.clone(), |rest| within(&alias.name, rest));
                return type_of(&full).map(|full| (full, Some(alias)));
            }
            if rest.is_some() && self.known.contains(&full) {
                return type_of(&within(level, name)).map(|full| (full, None));
            }
            let using = here().filter(|one| one.means == Means::Namespace).find_map(|one| {
                let full = within(&one.name, first);
                self.types.contains_key(&full).then_some((full, Some(one)))
            });
            if using.is_some() {
                return using;
            }
        }
        None
    }
}

/// Returns a namespace and those around it, the last one without a name.
pub(super) fn levels(inside: &str) -> impl Iterator<Item = &str> {
    let outer = inside.rmatch_indices('.').map(|(at, _)| &inside[..at]);
    let last = (!inside.is_empty()).then_some("");
    std::iter::once(inside).chain(outer).chain(last)
}
