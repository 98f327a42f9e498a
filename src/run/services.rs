//! Which service is to be started or stopped when: who uses it, who waits for it, and in which order they end. Nothing is done here.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::TargetId;
use crate::plan::Step;

/// Why a service is not there for those that use it, and what it said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Story {
    /// ``the service `db` (orket.kdl:3) ended: exit status 1``.
    pub status: String,
    /// How it was started, as one line for a shell.
    pub command: Option<String>,
    /// The end of what it printed.
    pub output: Vec<u8>,
    /// How much it printed, in bytes.
    pub output_size: u64,
    /// Where all of that is, relative to the project's root.
    pub log: Option<String>,
}

impl Story {
    /// Returns the story for those that come after one who was told all of it.
    pub fn again(&self) -> Story {
        Story { status: self.status.clone(), log: self.log.clone(), ..Story::default() }
    }
}

/// The answer to a task that is about to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// It is there.
    Ready,
    /// The task is told later; where it says so, the service is to be started now.
    Wait { start: bool },
    /// It will not come any more.
    Gone(Arc<Story>),
}

/// What the end of a service means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Left {
    /// Whether it was told to end.
    pub asked: bool,
    /// The tasks that waited for it.
    pub waiting: Vec<Step>,
    /// Whether it is to be started once more: a remedy asked for it while it was ending.
    pub again: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Phase {
    Idle,
    Starting,
    Ready,
    Ending,
    Gone(Arc<Story>),
}

struct Entry {
    users: u32,
    phase: Phase,
    waiting: Vec<Step>,
}

/// All services of a run.
#[derive(Default)]
pub(super) struct Services {
    entries: FxHashMap<TargetId, Entry>,
    /// Those that live, in the order in which they were started.
    live: Vec<TargetId>,
}

impl Services {
    /// Counts `users` more tasks that will end at some time; each is to be let go with [`Services::release`].
    pub fn expect(&mut self, service: TargetId, users: u32) {
        self.entries.entry(service).or_insert(Entry { users: 0, phase: Phase::Idle, waiting: Vec::new() }).users += users;
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a process of any of them may be there.
    pub fn any_lives(&self) -> bool {
        !self.live.is_empty()
    }

    /// Says what a task that is about to run has to do.
    pub fn ask(&mut self, service: TargetId, step: Step) -> Answer {
        let Some(entry) = self.entries.get_mut(&service) else { return Answer::Ready };
        let start = match &entry.phase {
            Phase::Ready => return Answer::Ready,
            Phase::Gone(story) => return Answer::Gone(story.clone()),
            Phase::Idle => {
                entry.phase = Phase::Starting;
                self.live.push(service);
                true
            }
            Phase::Starting | Phase::Ending => false,
        };
        entry.waiting.push(step);
        Answer::Wait { start }
    }

    /// Says why a service that a queued task was promised is not there; `None` while it is.
    pub fn lost(&self, service: TargetId) -> Option<Arc<Story>> {
        match self.entries.get(&service).map(|entry| &entry.phase) {
            Some(Phase::Gone(story)) => Some(story.clone()),
            _ => None,
        }
    }

    /// Whether it was ready, and nobody told it to end.
    pub fn is_ready(&self, service: TargetId) -> bool {
        self.entries.get(&service).is_some_and(|entry| entry.phase == Phase::Ready)
    }

    /// Takes note that a service is ready; returns who waited for it. One that is already ending is not ready any more.
    pub fn ready(&mut self, service: TargetId) -> Vec<Step> {
        match self.entries.get_mut(&service) {
            Some(entry) if entry.phase == Phase::Starting => {
                entry.phase = Phase::Ready;
                std::mem::take(&mut entry.waiting)
            }
            _ => Vec::new(),
        }
    }

    /// Takes note that nothing of a service is left.
    pub fn gone(&mut self, service: TargetId, story: Story) -> Left {
        self.live.retain(|live| *live != service);
        let Some(entry) = self.entries.get_mut(&service) else { return Left { asked: true, waiting: Vec::new(), again: false } };
        let told = entry.phase == Phase::Ending;
        let asked = told || (entry.users == 0 && entry.waiting.is_empty());
        if told && !entry.waiting.is_empty() {
            entry.phase = Phase::Starting;
            self.live.push(service);
            return Left { asked, waiting: Vec::new(), again: true };
        }
        entry.phase = if asked { Phase::Idle } else { Phase::Gone(Arc::new(story)) };
        Left { asked, waiting: std::mem::take(&mut entry.waiting), again: false }
    }

    /// Lets go: one user less.
    pub fn release(&mut self, service: TargetId) {
        if let Some(entry) = self.entries.get_mut(&service) {
            entry.users = entry.users.saturating_sub(1);
        }
    }

    /// Returns all that wait, which then do not any more.
    pub fn give_up(&mut self) -> Vec<Step> {
        let mut waiting: Vec<Step> = self.entries.values_mut().flat_map(|entry| std::mem::take(&mut entry.waiting)).collect();
        waiting.sort_unstable();
        waiting
    }

    /// Returns the service that is to be ended now: the one started last of those that nobody uses any more, or of all. One is ended
    /// after the other: what was started later may need what was started before it.
    pub fn next_to_end(&mut self, all: bool) -> Option<TargetId> {
        if self.live.iter().any(|service| self.entries[service].phase == Phase::Ending) {
            return None;
        }
        let service = *self.live.iter().rev().find(|service| all || self.entries[*service].users == 0)?;
        if let Some(entry) = self.entries.get_mut(&service) {
            entry.phase = Phase::Ending;
        }
        Some(service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DB: TargetId = TargetId(7);
    const WEB: TargetId = TargetId(8);

    fn services(users: u32) -> Services {
        let mut services = Services::default();
        services.expect(DB, users);
        services.expect(WEB, users);
        services
    }

    fn up(services: &mut Services, service: TargetId) {
        assert_eq!(services.ask(service, Step(0)), Answer::Wait { start: true });
        assert_eq!(services.ready(service), [Step(0)]);
    }

    #[test]
    fn it_is_started_for_the_first_and_there_for_the_others() {
        let mut services = services(3);
        assert_eq!(services.ask(DB, Step(1)), Answer::Wait { start: true });
        assert_eq!(services.ask(DB, Step(2)), Answer::Wait { start: false });
        assert_eq!(services.ready(DB), [Step(1), Step(2)]);
        assert_eq!(services.ask(DB, Step(3)), Answer::Ready);
        assert!(services.any_lives());
    }

    #[test]
    fn it_is_ended_after_its_last_user_and_not_before() {
        let mut services = services(2);
        up(&mut services, DB);
        services.release(DB);
        assert_eq!(services.next_to_end(false), None);
        services.release(DB);
        assert_eq!(services.next_to_end(false), Some(DB));
        assert_eq!(services.next_to_end(false), None);
        assert_eq!(services.gone(DB, Story::default()), Left { asked: true, waiting: Vec::new(), again: false });
        assert!(!services.any_lives());
    }

    #[test]
    fn the_last_one_started_is_ended_first_and_one_after_the_other() {
        let mut services = services(1);
        up(&mut services, DB);
        up(&mut services, WEB);
        assert_eq!(services.next_to_end(true), Some(WEB));
        assert_eq!(services.next_to_end(true), None);
        services.gone(WEB, Story::default());
        assert_eq!(services.next_to_end(true), Some(DB));
    }

    #[test]
    fn one_that_dies_takes_along_who_waits_and_who_comes_later() {
        let mut services = services(3);
        let story = Story { status: String::from("it ended"), ..Story::default() };
        services.ask(DB, Step(1));
        services.ask(DB, Step(2));
        assert_eq!(services.gone(DB, story.clone()), Left { asked: false, waiting: vec![Step(1), Step(2)], again: false });
        assert_eq!(services.ask(DB, Step(3)), Answer::Gone(Arc::new(story.clone())));
        assert_eq!(services.lost(DB), Some(Arc::new(story)));
        assert_eq!(services.next_to_end(true), None);
    }

    #[test]
    fn who_gives_up_is_not_told_and_what_was_starting_is_ended() {
        let mut services = services(1);
        services.ask(DB, Step(1));
        assert_eq!(services.give_up(), [Step(1)]);
        services.release(DB);
        assert_eq!(services.next_to_end(false), Some(DB));
        assert_eq!(services.ready(DB), []);
        assert!(services.gone(DB, Story::default()).asked);
    }

    #[test]
    fn a_remedy_may_have_it_started_once_more() {
        let mut services = services(1);
        up(&mut services, DB);
        services.release(DB);
        assert_eq!(services.next_to_end(false), Some(DB));
        services.expect(DB, 1);
        assert_eq!(services.ask(DB, Step(9)), Answer::Wait { start: false });
        assert!(services.gone(DB, Story::default()).again);
        assert_eq!(services.ready(DB), [Step(9)]);
    }
}
