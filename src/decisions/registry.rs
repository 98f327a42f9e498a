//! The strategies that there are, and the ones that were chosen.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use super::external::External;
use super::{
    Asked, Asking, Attempted, Caching, Choice, Looking, Looping, NamedTool, Naming, Options, Question, Ready, Routed, Sandboxing, Seam,
    Starting, Strategy, StrategyError, Wished, api, cache, engine, evaluator, execution, loader, orchestration, pipeline, planner, prompt,
    router, sandbox, tools,
};
use crate::model::UserStrategy;

/// A `Box<dyn Strategy<Q>>` of some seam's question.
type Held = Arc<dyn Any + Send + Sync>;

fn hold<Q: Question>(strategy: Box<dyn Strategy<Q>>) -> Held {
    Arc::new(strategy)
}

/// Strategies that a program which embeds orket brings along.
#[derive(Clone, Default)]
pub struct Registry(Vec<(Seam, String, Held)>);

impl Registry {
    /// Adds a strategy under a name, by which `process_rules`, variables and `--strategy` choose it; the latest of a name counts.
    pub fn register<Q: Question>(&mut self, name: &str, strategy: impl Strategy<Q> + 'static) {
        self.0.push((Q::SEAM, name.to_owned(), hold::<Q>(Box::new(strategy))));
    }

    /// Returns the names of what was added for a seam.
    pub fn names(&self, seam: Seam) -> impl Iterator<Item = String> + '_ {
        self.0.iter().filter(move |(one, ..)| *one == seam).map(|(_, name, _)| name.clone())
    }

    fn find(&self, seam: Seam, name: &str) -> Option<Held> {
        self.0.iter().rev().find(|(one, other, _)| *one == seam && other == name).map(|(.., held)| held.clone())
    }
}

/// The strategies that were chosen, one for each seam.
#[derive(Clone)]
pub struct Seams {
    choices: Vec<Choice>,
    strategies: Vec<Held>,
}

impl Seams {
    /// Makes the strategies of these choices, which are in the order of [`Seam::ALL`]. Programs of the user's run in `root`, and are started
    /// when they are asked for the first time; with `looking` they are never started, and orket's `default` answers instead.
    pub fn new(choices: Vec<Choice>, registry: &Registry, own: &[UserStrategy], root: &Path, looking: bool) -> Seams {
        let strategies = choices
            .iter()
            .map(|choice| {
                let Choice { seam, strategy, options, .. } = choice;
                let program = own.iter().find(|own| *own.seam == *seam.name() && *own.name == **strategy);
                match (program, registry.find(*seam, strategy)) {
                    (Some(_), _) if looking => brought(*seam, "default", &Options::default()),
                    (Some(program), _) => external(*seam, External::new(*seam, program, options, root)),
                    (None, Some(held)) => held,
                    (None, None) => brought(*seam, strategy, options),
                }
            })
            .collect();
        Seams { choices, strategies }
    }

    /// Asks the strategy of a question's seam.
    ///
    /// # Errors
    /// When it has no answer.
    ///
    /// # Panics
    /// Never: a strategy stands at the place of its own seam.
    pub fn ask<Q: Question>(&self, question: &Q) -> Result<Q::Answer, StrategyError> {
        let held = &self.strategies[Q::SEAM as usize];
        let strategy = held.downcast_ref::<Box<dyn Strategy<Q>>>().expect("a strategy stands at the place of its own seam");
        strategy.decide(question)
    }

    /// Returns what was chosen for each seam.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Returns what was chosen for one seam.
    pub fn choice(&self, seam: Seam) -> &Choice {
        &self.choices[seam as usize]
    }

    /// Returns seam, strategy and options of the choices that shape what tasks do, where they are not `default` as it is.
    pub fn shaping(&self) -> Vec<(String, String)> {
        let plain = |choice: &&Choice| choice.strategy == "default" && choice.options.is_empty();
        let shaping = self.choices.iter().filter(|choice| choice.seam.shapes_actions() && !plain(choice));
        shaping.map(|choice| (choice.seam.name().to_owned(), format!("{} {}", choice.strategy, choice.options.to_json()))).collect()
    }
}

impl Default for Seams {
    fn default() -> Seams {
        let choices = super::resolve(&super::Given::default()).unwrap_or_default();
        Seams::new(choices, &Registry::default(), &[], Path::new("."), true)
    }
}

fn brought(seam: Seam, name: &str, options: &Options) -> Held {
    match seam {
        Seam::LoaderStrategy => hold(loader::brought(name)),
        Seam::EngineRuntime => hold(engine::brought(name)),
        Seam::ExecutionRuntime => hold(execution::brought(name)),
        Seam::PipelineWiring => hold(pipeline::brought(name, options)),
        Seam::SandboxPolicy => hold(sandbox::brought(name, options)),
        Seam::ToolStrategy => hold(tools::brought(name)),
        Seam::ApiRuntime => hold(api::brought(name, options)),
        Seam::OrchestrationLoop => hold(orchestration::brought(name, options)),
        Seam::Planner => hold(planner::brought(name)),
        Seam::Router => hold(router::brought(name)),
        Seam::Evaluator => hold(evaluator::brought(name, options)),
        Seam::PromptStrategy => hold(prompt::brought(name)),
        Seam::CachePolicy => hold(cache::brought(name, options)),
    }
}

fn external(seam: Seam, program: External) -> Held {
    match seam {
        Seam::LoaderStrategy => hold::<Looking>(Box::new(program)),
        Seam::EngineRuntime => hold::<Starting>(Box::new(program)),
        Seam::ExecutionRuntime => hold::<Naming>(Box::new(program)),
        Seam::PipelineWiring => hold::<Wished>(Box::new(program)),
        Seam::SandboxPolicy => hold::<Sandboxing>(Box::new(program)),
        Seam::ToolStrategy => hold::<NamedTool>(Box::new(program)),
        Seam::ApiRuntime => hold::<Asked>(Box::new(program)),
        Seam::OrchestrationLoop => hold::<Looping>(Box::new(program)),
        Seam::Planner => hold::<Ready>(Box::new(program)),
        Seam::Router => hold::<Routed>(Box::new(program)),
        Seam::Evaluator => hold::<Attempted>(Box::new(program)),
        Seam::PromptStrategy => hold::<Asking>(Box::new(program)),
        Seam::CachePolicy => hold::<Caching>(Box::new(program)),
    }
}
