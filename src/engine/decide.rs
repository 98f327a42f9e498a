//! Which strategies decide for this project: asked for in the order in which orket needs them.

use std::io;

use super::manifests::Disk;
use super::{OpenError, Surroundings};
use crate::base::{Place, RelPath};
use crate::decisions::{Given, Look, Looking, Mistake, Origin, Registry, Seam, Seams, StrategyError, resolve};
use crate::disk::Tree;
use crate::graph::Graph;
use crate::manifest::{self, Problem, Problems, Source};
use crate::model::{Project, Rule};

/// What may be looked for, and by whose word.
pub(super) struct Search {
    pub look: Look,
    /// Who said so.
    pub strategy: String,
    /// Whether the command line or the environment said so: then `process_rules` have no say.
    settled: bool,
}

/// Asks where manifest and overrides are looked for. The manifest is not read yet: only the command line, the environment and an embedder
/// have a say; see [`seams`] for the rest.
pub(super) fn search(surroundings: &Surroundings) -> Result<Search, OpenError> {
    let loader: Vec<String> = {
        let wanted = |text: &&String| text.split('=').next().is_some_and(|seam| seam.trim() == Seam::LoaderStrategy.name());
        surroundings.strategies.iter().filter(wanted).cloned().collect()
    };
    let variable = |name: &str| (name == Seam::LoaderStrategy.variable()).then(|| surroundings.text(name)).flatten();
    let given = Given { command_line: &loader, variable: Some(&variable), registry: Some(&surroundings.registry), ..Given::default() };
    let choices = resolve(&given).map_err(|mistakes| undecided(&mistakes, &|_| None))?;
    let loader = &choices[Seam::LoaderStrategy as usize];
    let (settled, strategy) = (loader.origin != Origin::Default, loader.strategy.clone());
    let seams = Seams::new(choices, &surroundings.registry, &[], &surroundings.folder, true);
    Ok(Search { look: ask_loader(&seams, surroundings)?, strategy, settled })
}

fn ask_loader(seams: &Seams, surroundings: &Surroundings) -> Result<Look, OpenError> {
    let manifest = surroundings.manifest.as_ref().map(|path| path.to_string_lossy().into_owned());
    let question = Looking { folder: surroundings.folder.to_string_lossy().into_owned(), manifest };
    seams.ask(&question).map_err(|error| OpenError::Undecided(error.to_string()))
}

/// Chooses the strategies of all seams, now that the manifest is read. `looking`: no program of the project may be started.
pub(super) fn seams(
    surroundings: &Surroundings,
    search: Search,
    tree: &Tree,
    graph: &Graph,
    manifest: &RelPath,
    looking: bool,
) -> Result<(Seams, Look), OpenError> {
    let header = graph.header();
    let variable = |name: &str| surroundings.text(name);
    let choose = |local: &[Rule]| {
        let given = Given {
            command_line: &surroundings.strategies,
            variable: Some(&variable),
            local,
            rules: &header.rules,
            strategies: &header.strategies,
            registry: Some(&surroundings.registry),
        };
        let text = |file: &str| Disk(tree).read(&RelPath::parse(file).ok()?).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        resolve(&given).map_err(|mistakes| undecided(&mistakes, &text))
    };
    let make = |choices| Seams::new(choices, &surroundings.registry, &header.strategies, tree.root(), looking);
    let mut look = search.look;
    if !search.settled && header.rules.iter().any(|rule| *rule.key == *Seam::LoaderStrategy.key()) {
        look = ask_loader(&make(choose(&[])?), surroundings)?;
    }
    let folder = manifest.parent().unwrap_or_else(RelPath::root);
    for name in &look.overrides {
        let path = folder.join(name.as_bytes());
        match Disk(tree).read(&path) {
            Ok(bytes) => {
                let local = manifest::local_rules(&path, &bytes).map_err(|problems| OpenError::Wrong(Box::new(problems)))?;
                return Ok((make(choose(&local)?), look));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(OpenError::Broken(format!("read `{path}`"), error)),
        }
    }
    Ok((make(choose(&[])?), look))
}

/// Returns what is wrong with the strategies that a project declares and chooses, for who tells it beside other mistakes of the manifest.
pub(super) fn wrong(registry: &Registry, project: &Project) -> Vec<Problem> {
    let given = Given { rules: &project.rules, strategies: &project.strategies, registry: Some(registry), ..Given::default() };
    resolve(&given).err().unwrap_or_default().iter().map(problem).collect()
}

fn problem(mistake: &Mistake) -> Problem {
    Problem {
        code: "decisions/unknown",
        message: mistake.message.clone(),
        place: mistake.place.clone(),
        length: 1,
        help: Some(mistake.help.clone()),
        notes: Vec::new(),
    }
}

/// Shows mistakes as those of a manifest are shown, each with its line.
fn undecided(mistakes: &[Mistake], text: &dyn Fn(&str) -> Option<String>) -> OpenError {
    let mut files: Vec<&Place> = mistakes.iter().filter_map(|mistake| mistake.place.as_ref()).collect();
    files.sort_by(|one, other| one.file.cmp(&other.file));
    files.dedup_by(|one, other| one.file == other.file);
    let texts: Vec<(String, String)> =
        files.into_iter().map(|place| (place.file.to_string(), text(&place.file).unwrap_or_default())).collect();
    let mut problems = Problems::new(texts);
    mistakes.iter().for_each(|mistake| problems.push(problem(mistake)));
    OpenError::Wrong(Box::new(problems))
}

impl From<StrategyError> for OpenError {
    fn from(error: StrategyError) -> OpenError {
        OpenError::Undecided(error.to_string())
    }
}
