//! From what was typed to targets.

use rustc_hash::FxHashSet;

use super::resolve::{AddressGlob, bare};
use super::{Graph, TargetKind, flag};
use crate::base::{RelPath, TargetId, did_you_mean, glob};
use crate::model::{Need, Pattern};

/// What was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selected {
    /// In the order in which they were typed, without repetitions.
    pub targets: Vec<TargetId>,
}

/// Why a name means no target.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SelectError {
    /// Several bear it.
    #[error("`{typed}` is ambiguous: {}", .candidates.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))]
    Ambiguous {
        /// What was typed.
        typed: String,
        /// What it may mean.
        candidates: Vec<String>,
    },
    /// None does.
    #[error("no target matches `{typed}`{}", .similar.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    NoMatch {
        /// What was typed.
        typed: String,
        /// An address like it.
        similar: Option<String>,
    },
}

/// Finds what was typed; nothing typed means the project's default, else everything that is not private. A name is looked up as an
/// address, as one in the package that was typed in (`package`), as the bare name of one target, as all variants of a matrix, as a
/// pattern whose `*` stays within one part, and as the path of a file that an imported task puts out.
///
/// # Errors
/// At the first name that means nothing, or more than one thing.
pub fn select(graph: &Graph, typed: &[String], package: &str) -> Result<Selected, SelectError> {
    if typed.is_empty() {
        return Ok(Selected { targets: everything(graph) });
    }
    let mut targets = Vec::new();
    let mut seen = FxHashSet::default();
    for name in typed {
        targets.extend(one(graph, name, package)?.into_iter().filter(|id| seen.insert(*id)));
    }
    Ok(Selected { targets })
}

/// Returns what a bare `orket build` builds: the project's default, else every task and gate that is not private, and the rocks and epics that
/// have no private part.
pub fn everything(graph: &Graph) -> Vec<TargetId> {
    if !graph.header().default.is_empty() {
        let mut seen = FxHashSet::default();
        return graph.header().default.iter().copied().filter(|id| seen.insert(*id)).collect();
    }
    let wanted = |id: &TargetId| {
        !matches!(graph.kind(*id), TargetKind::Entry | TargetKind::Service | TargetKind::Decision)
            && ![flag::PRIVATE, flag::HIDES].into_iter().any(|hidden| graph.has(*id, hidden))
    };
    graph.ids().filter(wanted).collect()
}

fn one(graph: &Graph, typed: &str, package: &str) -> Result<Vec<TargetId>, SelectError> {
    let named = || graph.ids().filter(|id| graph.kind(*id) != TargetKind::Entry);
    if let Some(id) = (!package.is_empty()).then(|| graph.find(&format!("{package}:{typed}"))).flatten().or_else(|| graph.find(typed)) {
        return Ok(vec![id]);
    }
    let variants_of = |address: &str| {
        named().filter(|id| graph.address(*id).split_once('[').is_some_and(|(family, _)| family == address)).collect::<Vec<_>>()
    };
    let variants = variants_of(typed);
    if !variants.is_empty() {
        return Ok(variants);
    }
    // A bare name: the whole of what stands behind the package and behind the epic.
    let bears = |id: &TargetId| {
        let address = graph.address(*id);
        let local = address.split_once(':').map_or(address, |(_, local)| local);
        let bare = |name: &str| name == typed || name.split_once('[').is_some_and(|(family, _)| family == typed);
        bare(local) || local.match_indices('/').any(|(at, _)| bare(&local[at + 1..]))
    };
    let found: Vec<TargetId> = named().filter(bears).collect();
    let mut families: Vec<&str> =
        found.iter().map(|id| graph.address(*id)).map(|address| address.split_once('[').map_or(address, |(family, _)| family)).collect();
    families.dedup();
    match families.len() {
        0 => {}
        1 => return Ok(found),
        _ => return Err(SelectError::Ambiguous { typed: typed.to_owned(), candidates: families.into_iter().map(str::to_owned).collect() }),
    }
    for text in [format!("{package}:{typed}"), typed.to_owned()] {
        let Some(glob) = AddressGlob::new(&text) else { continue };
        let found: Vec<TargetId> =
            named().filter(|id| graph.kind(*id) != TargetKind::Decision && glob.matches(graph.address(*id))).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    if let Some(maker) = maker(graph, typed) {
        return Ok(vec![maker]);
    }
    let addresses: Vec<&str> = named().map(|id| graph.address(id)).collect();
    let bare = addresses.iter().map(|address| bare(address));
    let similar = did_you_mean(typed, addresses.iter().copied().chain(bare)).map(str::to_owned);
    Err(SelectError::NoMatch { typed: typed.to_owned(), similar })
}

/// Returns what a need of the manifest means: the nearest of its candidates that means anything, with all its variants, or all that a pattern
/// matches.
pub fn meant(graph: &Graph, need: &Need) -> Vec<TargetId> {
    let named = || graph.ids().filter(|id| graph.kind(*id) != TargetKind::Entry);
    let means = |address: &str| -> Vec<TargetId> {
        if let Some(id) = graph.find(address) {
            return vec![id];
        }
        let glob = AddressGlob::new(address);
        let fits = |name: &str| {
            name.split_once('[').is_some_and(|(family, _)| family == address) || glob.as_ref().is_some_and(|glob| glob.matches(name))
        };
        named().filter(|id| fits(graph.address(*id))).collect()
    };
    need.candidates.iter().map(|candidate| means(candidate.as_str())).find(|found| !found.is_empty()).unwrap_or_default()
}

/// Returns the imported task that puts out the file at this path: other tools have several names for one task.
fn maker(graph: &Graph, typed: &str) -> Option<TargetId> {
    let path = RelPath::parse(typed).ok()?;
    let names = |pattern: &Pattern| pattern.text.as_literal().and_then(glob::plain).is_some_and(|name| name.as_bytes() == path.as_bytes());
    graph.ids().filter(|id| graph.has(*id, flag::OUTPUTS)).find(|id| {
        let task = graph.task(*id).filter(|task| task.imported.is_some());
        task.is_some_and(|task| task.outputs.iter().any(names))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{graph, needs, shop, task, tasks};

    fn said(graph: &Graph, typed: &[&str], package: &str) -> Result<Vec<String>, String> {
        let typed: Vec<String> = typed.iter().map(|name| name.to_string()).collect();
        let selected = select(graph, &typed, package).map_err(|error| {
            format!("{}: {error}", if matches!(error, SelectError::Ambiguous { .. }) { "Ambiguous" } else { "NoMatch" })
        })?;
        Ok(selected.targets.into_iter().map(|id| graph.address(id).to_owned()).collect())
    }

    fn found(typed: &[&str], package: &str) -> Vec<String> {
        said(&graph(&shop()), typed, package).unwrap()
    }

    #[test]
    fn addresses_bare_names_and_families() {
        assert_eq!(found(&["app/lint"], ""), ["app/lint"]);
        assert_eq!(found(&["serve"], ""), ["app/serve"]);
        assert_eq!(found(&["pay:wheel"], ""), ["pay:wheel[py=3.11]", "pay:wheel[py=3.12]"]);
        assert_eq!(found(&["wheel"], ""), ["pay:wheel[py=3.11]", "pay:wheel[py=3.12]"]);
        assert_eq!(found(&["wheel[py=3.12]"], "pay"), ["pay:wheel[py=3.12]"]);
        assert_eq!(found(&["serve", "churn", "app/serve"], ""), ["app/serve", "churn"]);
    }

    #[test]
    fn patterns() {
        assert_eq!(found(&["*/lint"], ""), ["core/lint", "app/lint"]);
        assert_eq!(found(&["*"], ""), ["ship", "core", "app", "helper", "db", "churn", "slow"]);
        assert_eq!(found(&["*"], "pay"), ["pay:wheel[py=3.11]", "pay:wheel[py=3.12]"]);
        assert_eq!(found(&["pay:wheel[*12]"], ""), ["pay:wheel[py=3.12]"]);
    }

    #[test]
    fn a_name_in_the_current_package_comes_before_one_in_the_root() {
        let graph = graph(&tasks(vec![task("lint", &[], &[], &[]), task("pay:lint", &[], &[], &[])]));
        assert_eq!(said(&graph, &["lint"], "pay"), Ok(vec![String::from("pay:lint")]));
        assert_eq!(said(&graph, &["lint"], ""), Ok(vec![String::from("lint")]));
    }

    #[test]
    fn what_means_nothing_or_too_much_is_told() {
        let graph = graph(&shop());
        let error = |typed: &str| said(&graph, &[typed], "").unwrap_err();
        assert_eq!(error("lint"), "Ambiguous: `lint` is ambiguous: `core/lint`, `app/lint`");
        assert_eq!(error("app/lnit"), "NoMatch: no target matches `app/lnit`; did you mean `app/lint`?");
        assert_eq!(error("sevre"), "NoMatch: no target matches `sevre`; did you mean `serve`?");
        assert_eq!(error("zebra/*"), "NoMatch: no target matches `zebra/*`");
    }

    #[test]
    fn an_output_of_an_imported_task() {
        let mut imported = task("native/lib.so.1", &[], &["out/lib.so.1", "out/lib.so"], &[]);
        imported.imported = Some(Box::default());
        let graph = graph(&tasks(vec![imported, task("own", &[], &["out/own"], &[])]));
        assert_eq!(said(&graph, &["./out/lib.so"], ""), Ok(vec![String::from("native/lib.so.1")]));
        assert!(said(&graph, &["out/own"], "").is_err());
    }

    #[test]
    fn nothing_typed_means_the_default_else_all_that_is_not_private() {
        let mut project = shop();
        let all = ["ship", "core", "app", "core/lib", "core/lint", "app/serve", "app/lint"];
        let rest = ["pay:wheel[py=3.11]", "pay:wheel[py=3.12]", "churn"];
        assert_eq!(said(&graph(&project), &[], "").unwrap(), [&all[..], &rest].concat());
        project.default = needs(&["core/*", "core/lint"]);
        assert_eq!(said(&graph(&project), &[], "").unwrap(), ["core/lib", "core/lint"]);
    }
}
