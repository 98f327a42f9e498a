//! What is decided once for a build, before it begins: the command line wins over the strategies that are asked.

use std::ffi::OsString;
use std::sync::Arc;

use crate::base::{Digest, TargetId};
use crate::commands::{Failure, Ui};
use crate::decisions::{
    AfterFailure, Boxed, CI_VARIABLES, CacheUse, Caching, Looping, Named, Naming, Rules, Sandboxing, Seam, StrategyError, Wiring, Wished,
};
use crate::engine::Engine;
use crate::graph::{Detail, TargetKind};
use crate::process::find_program;
use crate::sandbox::Bubblewrap;
use crate::shell::BuildArgs;

/// What is decided.
pub(super) struct Policy {
    /// How many slots there are.
    pub slots: usize,
    /// What a failure does to the rest.
    pub after_failure: AfterFailure,
    /// The rules of the loop.
    pub rules: Rules,
    /// How the store is used.
    pub cache: CacheUse,
    naming: Naming,
    /// What the run is called.
    pub named: Named,
    /// Which parts it has.
    pub wiring: Wiring,
    /// What its tasks may touch.
    pub boxed: Boxed,
    /// What makes boxes for them, where they are to have any.
    pub bubblewrap: Arc<Bubblewrap>,
}

impl Policy {
    /// Asks all seams that decide for a build as a whole.
    ///
    /// # Errors
    /// When a strategy has no answer, or what it wants is not to be had here.
    pub(super) fn ask(ui: &Ui, args: &BuildArgs, engine: &Engine, goal: &[TargetId]) -> Result<Policy, Failure> {
        let graph = &engine.graph;
        let failed = |error: StrategyError| Failure::Broken(error.to_string());
        let tasks = graph.ids().filter(|id| graph.kind(*id) == TargetKind::Task).count();
        let rules = engine.seams.ask(&Looping { tasks, processors: processors() }).map_err(failed)?;
        let after_failure = match (args.keep_going, args.fail_fast) {
            (true, _) => AfterFailure::KeepGoing,
            (_, true) => AfterFailure::FailFast,
            _ => rules.after_failure,
        };
        let limit = ui.surroundings.store_limit().map_err(Failure::Wrong)?;
        let remote = ui.surroundings.text("ORKET_REMOTE").is_some();
        let cache = engine.seams.ask(&Caching { limit, remote }).map_err(failed)?;
        let one = |kind: TargetKind| match goal {
            [target] if graph.kind(*target) == kind => Some(graph.address(*target).to_owned()),
            _ => None,
        };
        let naming = Naming {
            given: ui.surroundings.text("ORKET_RUN_ID"),
            random: random_id(),
            ci: CI_VARIABLES.iter().find_map(|name| ui.surroundings.text(name)),
            graph: match &*engine.seams.choice(Seam::ExecutionRuntime).strategy {
                // Digesting the graph costs more than all the rest of a build that has nothing to do.
                "default" | "ci" => String::new(),
                _ => Digest::of(graph.image()).hex(),
            },
            rock: one(TargetKind::Rock),
            epic: one(TargetKind::Epic),
        };
        let named = engine.seams.ask(&naming).map_err(failed)?;
        if !fitting(&named.run) {
            let strategy = &engine.seams.choice(Seam::ExecutionRuntime).strategy;
            let text =
                format!("the execution runtime `{strategy}` calls the run `{}`; it takes 1 to 64 letters, digits, - and _", named.run);
            return Err(Failure::Broken(text));
        }
        // The kind first: a detail has to be decoded.
        let of_rocks = goal.iter().filter(|target| graph.kind(**target) == TargetKind::Rock);
        let rocks = of_rocks.filter_map(|target| match graph.detail(*target) {
            Detail::Rock(rock) => Some((rock.address.to_string(), rock.parts.iter().map(|part| part.text.to_string()).collect())),
            _ => None,
        });
        let wiring = engine.seams.ask(&Wished { rocks: rocks.collect() }).map_err(failed)?;
        let boxed = engine.seams.ask(&Sandboxing { rock: naming.rock.clone().unwrap_or_else(|| engine.name.clone()) }).map_err(failed)?;
        let strategy = &engine.seams.choice(Seam::SandboxPolicy).strategy;
        let bubblewrap = Arc::new(engine.bubblewrap());
        if boxed.strict
            && let Err(why) = bubblewrap.program()
        {
            return Err(Failure::Refused(format!("the sandbox policy `{strategy}` is not to be had here: {why}")));
        }
        if boxed.compose && graph.ids().any(|id| graph.kind(id) == TargetKind::Service) {
            let path = ui.surroundings.text("PATH").unwrap_or_default();
            if find_program("docker".as_ref(), path.as_ref(), &engine.root).is_err() {
                let hint = "hint: install it, or choose another policy";
                let text = format!("the sandbox policy `{strategy}` cannot start services here: `docker` is not there\n{hint}");
                return Err(Failure::Broken(text));
            }
        }
        Ok(Policy { bubblewrap, slots: slots(ui, args, rules.concurrency)?, after_failure, rules, cache, naming, named, wiring, boxed })
    }

    /// Returns what is asked of the name of an epic that is built for this run.
    pub(super) fn naming_of_epic(&self, epic: &str) -> Naming {
        Naming { rock: None, epic: Some(epic.to_owned()), random: random_id(), ..self.naming.clone() }
    }

    /// Returns what tasks are told beside their environment: what starts orket again starts this one.
    pub(super) fn variables() -> Vec<(OsString, OsString)> {
        std::env::current_exe().ok().map(|own| ("ORKET_EXE".into(), own.into_os_string())).into_iter().collect()
    }
}

/// Whether something can be called so: 1 to 64 letters, digits, `-` and `_`.
pub(super) fn fitting(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn slots(ui: &Ui, args: &BuildArgs, decided: Option<usize>) -> Result<usize, Failure> {
    if let Some(jobs) = args.jobs {
        return Ok(jobs.max(1) as usize);
    }
    let variable = ui
        .surroundings
        .variables
        .iter()
        .find(|(name, _)| name == "ORKET_JOBS")
        .map(|(_, value)| value.to_string_lossy().trim().to_owned())
        .filter(|value| !value.is_empty());
    match variable {
        Some(text) => match text.parse::<usize>() {
            Ok(jobs) if jobs >= 1 => Ok(jobs),
            _ => Err(Failure::Wrong(format!("ORKET_JOBS is `{text}`; it has to be a whole number from 1 on"))),
        },
        None => Ok(decided.unwrap_or_else(processors).max(1)),
    }
}

fn random_id() -> String {
    let mut bytes = [0u8; 4];
    // Without randomness the clock tells runs apart.
    if getrandom::fill(&mut bytes).is_err() {
        bytes = (crate::disk::now_ns() as u32).to_le_bytes();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
