//! Which module a Python import means.

use std::path::Path;

use super::extract::{Facts, What};
use super::layout::{Evidence, Layout, above};
use super::stdlib::stdlib;
use crate::base::RelPath;
use crate::facts::syntax::Wrong;
use crate::facts::world::{Found, Goal, Source, World};

/// What an import leads to: perhaps a goal, and whether something of it stays unresolved.
struct Lead {
    goal: Option<Goal>,
    missing: bool,
}

/// Adds the modules and edges of all files.
pub(in crate::facts) fn resolve(world: &World<'_>, evidence: Evidence<'_>, sources: &[Source<Facts>], found: &mut Found) {
    let layout = Layout::new(evidence, sources);
    let around = package_around(world);
    for source in sources.iter().filter(|source| source.told) {
        let Some((name, start)) = layout.name(&source.path) else { continue };
        found.module(name, &source.path);
        for raw in &source.facts {
            let (lead, written) = match &raw.what {
                What::Module(module) => {
                    let parts: Vec<&str> = module.split('.').collect();
                    (absolute(&layout, &source.path, start, &parts, parts.len()), module.clone())
                }
                What::From(0, module, name) => {
                    let parts: Vec<&str> = module.split('.').chain(name.as_deref()).collect();
                    let least = module.split('.').count();
                    (absolute(&layout, &source.path, start, &parts, least), parts.join("."))
                }
                What::From(level, module, name) => {
                    let parts: Vec<&str> = module.split('.').filter(|part| !part.is_empty()).chain(name.as_deref()).collect();
                    let least = parts.len() - usize::from(name.is_some());
                    let written = format!("{}{}", ".".repeat(*level as usize), parts.join("."));
                    (relative(&layout, &source.path, *level, &parts, least), written)
                }
                What::Computed(written) => (Lead { goal: None, missing: true }, written.clone()),
            };
            if let Some(Goal::Package(top)) = &lead.goal
                && around.as_ref() == Some(top)
            {
                let why = format!("the package `{top}` begins above the manifest, and so it is not known what of it is imported");
                world.is_broken(&source.path, Wrong { line: raw.at.line, why });
            }
            if let Some(goal) = lead.goal {
                found.edge((name, &source.path), goal, raw.at, raw.kind);
            }
            if lead.missing {
                found.unresolved(&source.path, raw.at, &written);
            }
        }
    }
}

/// Returns the name of the package that the whole tree stands in, if it does.
fn package_around(world: &World<'_>) -> Option<String> {
    let is_package = |folder: &&Path| folder.join("__init__.py").exists();
    let outermost = world.tree.root().ancestors().take_while(is_package).last().filter(|_| world.has(b"__init__.py"))?;
    Some(outermost.file_name()?.to_string_lossy().into_owned())
}

fn goal(layout: &Layout<'_>, file: &RelPath) -> Option<Goal> {
    layout.name(file).map(|(name, _)| Goal::File(name.to_owned(), file.clone()))
}

/// Finds the deepest module of `parts`; if it has fewer than `least`, the rest is missing.
fn absolute(layout: &Layout<'_>, from: &RelPath, start: &[u8], parts: &[&str], least: usize) -> Lead {
    let top = parts[0];
    let known = stdlib(top);
    let whole = parts.join(".");
    let mut ends = std::iter::successors(Some(&*whole), |name| name.rfind('.').map(|dot| &name[..dot]));
    for length in (1..=parts.len()).rev() {
        let Some(file) = ends.next().and_then(|name| layout.file(name, start)) else { continue };
        // What another project of the tree calls like a part of the standard library hides it there, not here.
        if known && layout.name(file).is_none_or(|(_, other)| other != start) {
            continue;
        }
        return Lead { goal: goal(layout, file), missing: length < least };
    }
    if known {
        return Lead { goal: Some(Goal::Stdlib(top.to_owned())), missing: false };
    }
    // A script finds what stands beside it; in a package, only what stands beside the outermost one.
    for near in above(from.as_bytes()).filter(|folder| !layout.in_package(folder)) {
        for length in (1..=parts.len()).rev() {
            if let Some(file) = layout.below(near, &parts[..length]) {
                return Lead { goal: goal(layout, file), missing: length < least };
            }
        }
    }
    if layout.is_namespace(top) {
        let exists = layout.is_namespace(&parts[..least].join(".")) && least == parts.len();
        return Lead { goal: None, missing: !exists };
    }
    Lead { goal: Some(Goal::Package(top.to_owned())), missing: false }
}

/// As [`absolute`], from the package that the file is in, or one above it.
fn relative(layout: &Layout<'_>, from: &RelPath, level: u32, parts: &[&str], least: usize) -> Lead {
    let Some(base) = above(from.as_bytes()).nth(level as usize - 1) else { return Lead { goal: None, missing: true } };
    for length in (0..=parts.len()).rev() {
        if let Some(file) = layout.below(base, &parts[..length]) {
            return Lead { goal: goal(layout, file), missing: length < least };
        }
    }
    // The folders of a namespace package are one, wherever they stand.
    for length in (1..=parts.len()).rev() {
        if let Some(file) = layout.portions(base).find_map(|folder| layout.below(folder, &parts[..length])) {
            return Lead { goal: goal(layout, file), missing: length < least };
        }
    }
    Lead { goal: None, missing: true }
}
