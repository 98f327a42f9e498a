//! How the loop keeps services: started for those that need them, ended after them.

use std::sync::Arc;
use std::time::Duration;

use super::request::make_scratch;
use super::service::{self, Exact};
use super::services::{Answer, Story};
use super::state::State;
use super::state::{Loop, Parked};
use super::walk::finished;
use super::work::Message;
use crate::base::TargetId;
use crate::base::quantity::show_duration;
use crate::event::{Event, Face, Finished, ServiceChange};
use crate::executor::{Gone, Told};
use crate::graph::{EdgeKind, TargetKind};
use crate::plan::Step;

impl Loop<'_> {
    /// Returns the services that a task uses, in the order in which it names them.
    pub(super) fn uses(&self, target: TargetId) -> Vec<TargetId> {
        let uses = self.graph.edges(target).iter().filter(|edge| edge.kind() == EdgeKind::Uses);
        uses.map(|edge| edge.to).filter(|to| self.graph.kind(*to) == TargetKind::Service).collect()
    }

    /// Lets a step wait for the first of its services that is not ready, or for a slot once all are.
    pub(super) fn attend(&mut self, step: Step) {
        if !self.services.is_empty() {
            for service in self.uses(self.target(step)) {
                match self.services.ask(service, step) {
                    Answer::Ready => {}
                    Answer::Wait { start } => {
                        self.states[step.index()] = State::Attending;
                        if start {
                            self.start_service(service);
                        }
                        return;
                    }
                    Answer::Gone(story) => return self.without_service(step, &story),
                }
            }
        }
        self.enqueue(step);
    }

    /// Returns what became of a service that a task needs and that is not there any more.
    pub(super) fn lost_service(&self, target: TargetId) -> Option<Arc<Story>> {
        if self.services.is_empty() {
            return None;
        }
        self.uses(target).into_iter().find_map(|service| self.services.lost(service))
    }

    /// Fails a step that was about to run.
    pub(super) fn without_service(&mut self, step: Step, story: &Story) {
        let reason = match self.parked.remove(&step) {
            Some(Parked::Task(_, reason, _)) => Some(reason),
            _ => None,
        };
        let Story { status, command, output, output_size, log } = story.clone();
        let told = Finished { reason, status: Some(status), command, output, output_size, log, ..finished(self.target(step)) };
        let mut ready = Vec::new();
        self.failed(step, told, 1, &mut ready);
        ready.into_iter().for_each(|step| self.ready(step));
        self.start_errands();
    }

    fn start_service(&mut self, service: TargetId) {
        self.tell_service(ServiceChange::new(service, Face::Started));
        let started = Exact::of(self.world, service).and_then(|exact| {
            make_scratch(self.world, exact.spawns())?;
            let answers = self.answers.clone();
            let tell = move |told| drop(answers.send(Message::Service { service, told: Box::new(told) }));
            self.executor.serve(exact.beside(&self.options.ports), Box::new(tell)).map_err(|error| error.to_string())
        });
        match started {
            Ok(leash) => drop(self.leashes.insert(service, leash)),
            Err(error) => {
                let told = Told::Lost(error);
                let _ = self.answers.send(Message::Service { service, told: Box::new(told) });
            }
        }
    }

    /// Ends what nobody uses any more; all, where nothing is left to be done.
    pub(super) fn end_services(&mut self) {
        if !self.services.any_lives() {
            return;
        }
        let all = !self.acts() && !self.errands_wait();
        if let Some(service) = self.services.next_to_end(all)
            && let Some(leash) = self.leashes.get(&service)
        {
            leash.stop();
            if self.signal.is_some() && self.cancel.killed() {
                leash.kill();
            }
        }
    }

    /// Takes note of what was told of a service.
    pub(super) fn service(&mut self, service: TargetId, told: Told) {
        let gone = match told {
            Told::Ready(after) => {
                let waiting = self.services.ready(service);
                self.tell_service(ServiceChange { after: Some(after), ..ServiceChange::new(service, Face::Ready) });
                return waiting.into_iter().for_each(|step| self.attend(step));
            }
            Told::Gone(gone) => Ok(gone),
            Told::Lost(error) => Err(error),
        };
        self.leashes.remove(&service);
        let was_ready = self.services.is_ready(service);
        let after = gone.as_ref().map_or(Duration::ZERO, |gone| gone.duration);
        let story = self.story(service, gone, was_ready);
        let left = self.services.gone(service, story.again());
        let Story { status, command, output, output_size, log } = story.clone();
        let ended = ServiceChange { after: Some(after), output, output_size, log, ..ServiceChange::new(service, Face::Stopped) };
        // What a second signal ends at once has not ended by itself.
        if left.asked || self.cancel.killed() {
            self.tell_service(ended);
            if left.again {
                self.start_service(service);
            }
            return;
        }
        let told = !left.waiting.is_empty();
        self.tell_service(ServiceChange { state: Face::Died, status: Some(status), command, told, ..ended });
        let again = story.again();
        for (index, step) in left.waiting.into_iter().enumerate() {
            self.without_service(step, if index == 0 { &story } else { &again });
        }
    }

    fn tell_service(&mut self, change: ServiceChange) {
        (self.tell)(&Event::Service(Box::new(ServiceChange { at: self.began.elapsed(), ..change })));
    }

    fn story(&self, service: TargetId, gone: Result<Gone, String>, was_ready: bool) -> Story {
        let place = self.graph.detail(service).place().map_or(String::new(), |place| format!(" ({place})"));
        let name = format!("the service `{}`{place}", self.graph.address(service));
        let command = Exact::of(self.world, service).ok().map(|exact| exact.command);
        let shown = |text: &str| service::shown(self.world, service, text);
        let gone = match gone {
            Ok(gone) => gone,
            Err(error) => return Story { status: format!("{name} cannot be started: {}", shown(&error)), command, ..Story::default() },
        };
        let what = match (&gone.ended, &gone.unready) {
            (Err(error), _) => format!("cannot be started: {error}"),
            (_, Some(unready)) => unready.clone(),
            (Ok(ended), None) => {
                let when = if was_ready { "by itself while it was in use" } else { "before it was ready" };
                let hint = if ended.success() { "; the command of a service has to stay in the foreground" } else { "" };
                format!("ended {when}: {ended} after {}{hint}", show_duration(gone.duration))
            }
        };
        let root = self.world.tree.root();
        let log = gone.log.file().and_then(|path| path.strip_prefix(root).ok()).map(|path| path.to_string_lossy().into_owned());
        let (output, output_size) = (gone.log.tail().to_vec(), gone.log.size());
        Story { status: format!("{name} {}", shown(&what)), command, output, output_size, log }
    }

    /// Runs the service that was asked for with the terminal.
    pub(super) fn foreground(&mut self, step: Step, ready: &mut Vec<Step>) {
        let target = self.plan.target(step);
        match Exact::of(self.world, target).and_then(|exact| make_scratch(self.world, exact.spawns()).map(|_| exact)) {
            Ok(exact) => {
                self.parked.insert(step, Parked::Service(Box::new(exact.alone(&self.options.ports, self.options.open))));
                self.enqueue(step);
            }
            Err(status) => {
                let status = Some(service::shown(self.world, target, &status));
                self.failed(step, Finished { status, ..finished(target) }, 1, ready)
            }
        }
    }
}
