//! What is to be built: the targets that were typed, or what the last run or a revision leaves of them.

use crate::base::TargetId;
use crate::commands::{Failure, Ui, affected};
use crate::engine::Engine;
use crate::event::{Outcome, Reason};
use crate::graph::{TargetKind, flag, select};
use crate::plan::Plan;
use crate::shell::BuildArgs;

/// What is to be built.
pub(super) struct Goal {
    /// The targets; none where nothing is affected.
    pub targets: Vec<TargetId>,
    /// What runs with the terminal, and the words for it.
    pub foreground: Option<(TargetId, Vec<String>)>,
}

impl Goal {
    /// Reads what was typed. `words`: those for the one target of `orket run`.
    ///
    /// # Errors
    /// When it names nothing that can be built, or the last run or the revision cannot be read.
    pub(super) fn of(ui: &Ui, args: &BuildArgs, engine: &Engine, words: Option<&[String]>) -> Result<Goal, Failure> {
        let mut targets = select(&engine.graph, &args.targets, &engine.package)?.targets;
        if args.rerun.is_some() {
            let whole = Plan::new(&engine.graph, &targets);
            targets = failed_last(engine)?;
            targets.retain(|target| args.targets.is_empty() || whole.step(*target).is_some());
        }
        if let Some(revision) = &args.affected {
            targets = affected::among(ui, engine, revision, &targets)?;
            if targets.is_empty() {
                return Ok(Goal { targets, foreground: None });
            }
        }
        let foreground = match words {
            Some(words) => Some((with_terminal(engine, &targets, words)?, words.to_vec())),
            None => None,
        };
        Ok(Goal { targets, foreground })
    }

    /// Returns what runs with the terminal.
    pub(super) fn foreground(&self) -> Option<TargetId> {
        self.foreground.as_ref().map(|(target, _)| *target)
    }
}

fn failed_last(engine: &Engine) -> Result<Vec<TargetId>, Failure> {
    let runs = engine.runs();
    let Some(last) = runs.last().map_err(|error| Failure::Broken(format!("cannot read the records of runs: {error}")))? else {
        return Err(Failure::Wrong(String::from("there are no runs yet, and so none that failed\nhint: leave out `--rerun failed`")));
    };
    // A remedy runs when that failed again which it is for.
    let failed = last.tasks.iter().filter(|task| task.outcome == Outcome::Failed && !matches!(task.reason, Some(Reason::Remedy(_))));
    // What was begun and did not get to its end has not passed either.
    let mut addresses = runs.cut_off(&last);
    addresses.extend(failed.map(|task| task.address.clone()));
    let targets = addresses.iter().filter_map(|address| engine.graph.find(address));
    Ok(targets.filter(|id| engine.graph.kind(*id) != TargetKind::Service).collect())
}

fn with_terminal(engine: &Engine, targets: &[TargetId], words: &[String]) -> Result<TargetId, Failure> {
    match *targets {
        [target] if engine.graph.has(target, flag::EMPTY) && !words.is_empty() => Err(Failure::Wrong(format!(
            "`{}` only gathers what it needs: it has no command to give words to",
            engine.graph.address(target)
        ))),
        [target] if engine.graph.kind(target) == TargetKind::Task => Ok(target),
        [target] if engine.graph.kind(target) == TargetKind::Service && words.is_empty() => Ok(target),
        [target] if engine.graph.kind(target) == TargetKind::Service => {
            Err(Failure::Wrong(String::from("a service takes no words of its own; they stand in its declaration")))
        }
        _ => Err(Failure::Wrong(String::from("`orket run` takes one task or service; `orket build` takes the rest"))),
    }
}
