//! A build on which all is decided, and what it needs before anything of it runs.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::Receiver;

use super::checkout::clear_orphans;
use super::face::Person;
use super::goal::Goal;
use super::isolated::{self, Apart, Heard, Isolated, Isolating};
use super::policy::Policy;
use crate::base::TargetId;
use crate::commands::{Failure, Ui};
use crate::decisions::{AfterFailure, OWN_STORE};
use crate::engine::{Engine, OpenError};
use crate::graph::{Graph, TargetKind, flag};
use crate::manifest::Problems;
use crate::model::{Sandbox, Task};
use crate::plan::Plan;
use crate::process::{Jobs, Output, listen_to_signals};
use crate::rebuild::{Mode, World};
use crate::run::{Choices, Gates, HeldPorts, Options};
use crate::shell::BuildArgs;

/// How a build begins.
pub(super) struct Beginning {
    since: Instant,
    began: SystemTime,
    /// The jobserver of whoever started orket.
    outer: Option<Jobs>,
}

impl Beginning {
    /// Notes when it is, before anything is opened; see [`Jobs::from_parent`].
    pub(super) fn now(ui: &Ui, args: &BuildArgs) -> Beginning {
        let (since, began) = (Instant::now(), SystemTime::now());
        let makeflags = ui.surroundings.variables.iter().find(|(name, _)| name == "MAKEFLAGS").map(|(_, value)| value.as_os_str());
        // Whoever says -j wants that many, whatever stands above.
        let outer = Jobs::from_parent(makeflags.filter(|_: &&OsStr| args.jobs.is_none()));
        Beginning { since, began, outer }
    }

    /// Returns when the run began.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Returns when the run began, in milliseconds since 1970 UTC.
    fn began(&self) -> u64 {
        self.began.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
    }
}

/// What a run takes from the machine; nothing where there is nothing to run.
pub(super) struct Means {
    jobserver: Option<Jobs>,
    /// Numbers of signals that ask orket to end.
    pub signals: Receiver<i32>,
    ports: HeldPorts,
    person: Person,
    since: Instant,
    /// When the run began, in milliseconds since 1970 UTC.
    pub began: u64,
}

/// A build on which all is decided.
pub(super) struct Stage<'a> {
    pub ui: &'a Ui,
    pub args: &'a BuildArgs,
    pub engine: &'a Engine,
    pub goal: &'a Goal,
    pub policy: &'a Policy,
    pub choices: &'a Choices<'a>,
    pub mode: Mode,
}

impl<'a> Stage<'a> {
    /// Plans what is needed for some targets.
    ///
    /// # Errors
    /// When some of it waits for itself.
    pub(super) fn plan(&self, targets: &[TargetId]) -> Result<Plan, Failure> {
        let (graph, remedies) = (&self.engine.graph, self.policy.wiring.remediation && !self.mode.look);
        let plan = Plan::without(graph, targets, remedies, &|id| self.choices.is_given(id));
        match plan.steps().map(|step| plan.target(step)).find(|id| graph.has(*id, flag::CIRCLE)) {
            Some(id) => Err(self.ui.unopened(OpenError::Wrong(Box::new(circle(graph, id))))),
            None => Ok(plan),
        }
    }

    /// Says what a person should know before it begins.
    pub(super) fn say_first(&self) {
        let Stage { ui, engine, .. } = self;
        say_later(ui, engine);
        let variables = ui.surroundings.variables.iter().filter(|(_, value)| !value.is_empty());
        let names = variables.filter_map(|(name, _)| name.to_str().map(str::to_owned));
        Choices::unknown(&engine.graph, names).iter().for_each(|text| ui.say(&format!("note: {text}")));
        let store = engine.store().root();
        if !self.mode.look && ui.surroundings.has_no_home() && *store == engine.root.join(OWN_STORE) && !store.exists() {
            ui.say(&format!(
                "note: neither HOME nor XDG_CACHE_HOME is set, so that results are kept in `{}`, for this checkout alone",
                store.display()
            ));
        }
        let services = self.goal.targets.iter().filter(|id| engine.graph.kind(**id) == TargetKind::Service);
        for id in services.filter(|_| self.goal.foreground.is_none()) {
            let name = engine.graph.address(*id);
            ui.say(&format!("note: `{name}` is a service: what it needs is built, and it is not started; `orket run {name}` runs it"));
        }
    }

    /// Says which tasks of a plan are to be kept from the network, and are not, since they run in no box.
    pub(super) fn say_unboxed(&self, plan: &Plan) {
        let graph = &self.engine.graph;
        let offline = plan.steps().map(|step| plan.target(step)).filter(|id| graph.has(*id, flag::OFFLINE));
        let boxed = |task: &Task| task.confined.sandbox.map_or(self.policy.boxed.strict, |sandbox| sandbox == Sandbox::Strict);
        let mut tasks = offline.filter_map(|id| graph.task(id)).filter(|task| !boxed(task));
        let Some(first) = tasks.next() else { return };
        let more = match tasks.count() {
            0 => String::new(),
            more => format!(", nor in {more} more"),
        };
        let (name, place) = (&first.address, &first.place);
        self.ui.say(&format!(
            "note: `network #false` has no effect in `{name}` ({place}){more}: only a box keeps from the network (`sandbox \"strict\"`)"
        ));
    }

    /// Returns the epics that are built in workspaces of their own.
    ///
    /// # Errors
    /// When the plan holds something that cannot be built there.
    pub(super) fn epics_apart(&self, plan: &Plan) -> Result<BTreeSet<TargetId>, Failure> {
        if !self.policy.wiring.isolated || self.goal.foreground.is_some() || self.mode.look {
            return Ok(BTreeSet::new());
        }
        let epics = isolated::epics_of(&self.engine.graph, &self.goal.targets);
        if !epics.is_empty() {
            isolated::fit(self.engine, plan, self.choices)?;
        }
        Ok(epics)
    }

    /// Returns the checkout as a run sees it, without what tasks had put out that are gone.
    ///
    /// # Errors
    /// When its state cannot be read, or something cannot be taken away.
    pub(super) fn world(&self, beginning: &Beginning) -> Result<World, Failure> {
        let mut world = self
            .engine
            .world(self.policy.named.run.clone(), true)
            .map_err(|error| Failure::Broken(format!("cannot read the state of this checkout: {error}")))?;
        if let Some(complaint) = world.checkout.lock().expect("nobody holds it yet").complaint() {
            self.ui.say(&format!("note: {complaint}"));
        }
        world.args = self.goal.foreground.clone();
        world.began = beginning.began();
        if self.engine.loaded {
            clear_orphans(self.ui, self.engine, &world)?;
            self.engine.keep();
        }
        Ok(world)
    }

    /// Builds epics in workspaces of their own; the world knows then what ran there. Returns the plan of what is left, and what was told there.
    ///
    /// # Errors
    /// When a workspace cannot be used.
    pub(super) fn build_apart(
        &self,
        epics: &BTreeSet<TargetId>,
        world: &mut World,
        beginning: &Beginning,
        build: Apart,
    ) -> Result<(Plan, Heard), Failure> {
        let Stage { ui, args, engine, policy, .. } = *self;
        let here = Isolating { ui, args, engine, world, policy, since: beginning.since(), build };
        let Isolated { adopted, targets, heard } = here.build(&self.goal.targets, epics, &world.adopted)?;
        world.adopted = adopted;
        Ok((self.plan(&targets)?, heard))
    }

    /// Takes from the machine what a run needs. `busy`: whether there is anything to run.
    ///
    /// # Errors
    /// When it has no port left, or signals cannot be heard.
    pub(super) fn means(&self, beginning: Beginning, world: &World, busy: bool) -> Result<Means, Failure> {
        let (since, began, outer) = (beginning.since(), beginning.began(), beginning.outer);
        let jobserver = if busy { outer.or_else(|| Jobs::host(self.policy.slots).ok()) } else { None };
        let signals = if busy { listen_to_signals() } else { Ok(crossbeam_channel::never()) };
        let ports = if busy { HeldPorts::pick(world) } else { Ok(Default::default()) };
        Ok(Means {
            jobserver,
            ports: ports.map_err(|error| Failure::Broken(format!("cannot find a free port: {error}")))?,
            signals: signals.map_err(|error| Failure::Broken(format!("cannot listen to signals: {error}")))?,
            person: Person(self.ui.asks()),
            since,
            began,
        })
    }

    /// Returns how the loop is to run.
    pub(super) fn options<'o>(&'o self, means: &'o mut Means, gates: &'o dyn Gates) -> Options<'o> {
        let Stage { args, policy, .. } = *self;
        Options {
            ports: std::mem::take(&mut means.ports),
            jobs: policy.slots,
            keep_going: policy.after_failure == AfterFailure::KeepGoing,
            fail_fast: policy.after_failure == AfterFailure::FailFast,
            fail_on_flaky: args.fail_on_flaky,
            mode: self.mode,
            timeout: args.timeout,
            cheaper_than: Duration::from_millis(policy.cache.cheaper_than_ms),
            rounds: policy.rules.rounds,
            remediation: policy.wiring.remediation,
            variables: Policy::variables(),
            jobserver: means.jobserver.as_ref(),
            foreground: self.goal.foreground(),
            open: if self.ui.json { Output::Aside } else { Output::Inherit },
            goal: args.targets.clone(),
            began: means.began,
            since: means.since,
            asker: &means.person,
            choices: self.choices,
            gates,
            signals: means.signals.clone(),
        }
    }
}

/// Says which declarations this version does not run yet.
fn say_later(ui: &Ui, engine: &Engine) {
    let mut kinds: Vec<_> = engine.graph.header().later.iter().collect();
    kinds.sort_by_key(|later| later.kind);
    kinds.dedup_by_key(|later| later.kind);
    for later in kinds {
        ui.say(&format!("note: `{}` ({}) has no effect: this version does not run it yet", later.kind.word(), later.place));
    }
}

/// Says which targets of another tool's manifest wait for each other.
fn circle(graph: &Graph, target: TargetId) -> Problems {
    let mut problems = Problems::default();
    if let Some(task) = graph.task(target) {
        let round = task.imported.as_ref().and_then(|imported| imported.circle.as_deref()).unwrap_or_default();
        let message = format!("these targets wait for each other: {round}");
        problems.add("graph/cycle", message, Some(task.place.clone()), Some(String::from("take one of these edges out")));
    }
    problems
}
