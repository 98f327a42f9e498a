//! From what was typed to targets.

use super::{Graph, TargetKind, flag};
use crate::base::{RelPath, TargetId, did_you_mean, glob::Glob};

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
/// address, as one in the package that was typed in (`package`), as the bare name of one target, as all variants of a matrix, and as a
/// pattern whose `*` stays within one part.
///
/// # Errors
/// At the first name that means nothing, or more than one thing.
pub fn select(graph: &Graph, typed: &[String], package: &str) -> Result<Selected, SelectError> {
    let mut targets = Vec::new();
    if typed.is_empty() {
        targets = graph.header().default.clone();
        if targets.is_empty() {
            let wanted =
                |id: &TargetId| !matches!(graph.kind(*id), TargetKind::Entry | TargetKind::Service) && !graph.has(*id, flag::PRIVATE);
            targets = graph.ids().filter(wanted).collect();
        }
    }
    for name in typed {
        for id in one(graph, name, package)? {
            if !targets.contains(&id) {
                targets.push(id);
            }
        }
    }
    Ok(Selected { targets })
}

fn one(graph: &Graph, typed: &str, package: &str) -> Result<Vec<TargetId>, SelectError> {
    let named = || graph.ids().filter(|id| graph.kind(*id) != TargetKind::Entry);
    if let Some(id) = (!package.is_empty()).then(|| graph.find(&format!("{package}:{typed}"))).flatten().or_else(|| graph.find(typed)) {
        return Ok(vec![id]);
    }
    let family = |address: &str| {
        named().filter(|id| graph.address(*id).split_once('[').is_some_and(|(family, _)| family == address)).collect::<Vec<_>>()
    };
    let variants = family(typed);
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
    if typed.contains(['*', '?'])
        && let Ok(glob) = Glob::new(&typed.replace('[', "\\[").replace('{', "\\{"))
    {
        let found: Vec<TargetId> = named().filter(|id| glob.matches(&RelPath::from_normal(graph.address(*id).as_bytes()))).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let addresses: Vec<&str> = named().map(|id| graph.address(id)).collect();
    let bare = addresses.iter().map(|address| address.rsplit(['/', ':']).next().unwrap_or(address));
    let similar = did_you_mean(typed, addresses.iter().copied().chain(bare)).map(str::to_owned);
    Err(SelectError::NoMatch { typed: typed.to_owned(), similar })
}
