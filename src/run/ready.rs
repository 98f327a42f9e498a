//! The queue of steps that are to run, and the slots and pools that bound how many do.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::work::Job;
use crate::plan::Step;

/// How many numbers of a rank count.
pub(super) const RANKS: usize = 3;

/// A step that has to run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Candidate {
    pub step: Step,
    /// How urgent it is: higher first, number by number.
    pub rank: [f64; RANKS],
    pub weight: u32,
    /// Index into the graph's pools, plus 1; 0 for none.
    pub pool: u32,
    pub exclusive: bool,
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Candidate) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By rank, then the order of the plan.
impl Ord for Candidate {
    fn cmp(&self, other: &Candidate) -> Ordering {
        urgency(&self.rank, &other.rank).then(other.step.cmp(&self.step))
    }
}

/// A job that waits for a worker, by the rank of its step.
pub(super) struct Ranked {
    pub rank: [f64; RANKS],
    pub step: Step,
    pub job: Job,
}

impl Eq for Ranked {}

impl PartialEq for Ranked {
    fn eq(&self, other: &Ranked) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> Ordering {
        urgency(&self.rank, &other.rank).then(other.step.cmp(&self.step))
    }
}

fn urgency(one: &[f64; RANKS], other: &[f64; RANKS]) -> Ordering {
    one.iter().zip(other).map(|(one, other)| one.total_cmp(other)).fold(Ordering::Equal, Ordering::then)
}

/// Steps that wait for a slot.
pub(super) struct Queue {
    ready: BinaryHeap<Candidate>,
    held: Vec<Vec<Candidate>>,
    pools: Vec<(u32, u32)>,
    slots: u32,
    used: u32,
    running: usize,
    exclusive: bool,
}

impl Queue {
    /// `pools`: how many slots each pool has.
    pub fn new(slots: u32, pools: impl Iterator<Item = u32>) -> Queue {
        let pools: Vec<(u32, u32)> = pools.map(|slots| (slots, 0)).collect();
        Queue { ready: BinaryHeap::new(), held: vec![Vec::new(); pools.len()], pools, slots, used: 0, running: 0, exclusive: false }
    }

    pub fn push(&mut self, candidate: Candidate) {
        self.ready.push(candidate);
    }

    /// Takes everything that waits.
    pub fn drain(&mut self) -> Vec<Candidate> {
        self.ready.drain().chain(self.held.iter_mut().flat_map(std::mem::take)).collect()
    }

    /// Takes the most urgent step that fits. Steps whose pool is full are set aside until one of that pool ends; a heavy or exclusive
    /// step that does not fit yet keeps its turn, so that light ones cannot starve it.
    pub fn take(&mut self) -> Option<Candidate> {
        while let Some(candidate) = self.ready.peek().copied() {
            if candidate.pool > 0 {
                let index = candidate.pool as usize - 1;
                if self.pools[index].1 >= self.pools[index].0 {
                    self.ready.pop();
                    self.held[index].push(candidate);
                    continue;
                }
            }
            let fits = self.used + self.cost(&candidate) <= self.slots && !self.exclusive && (!candidate.exclusive || self.running == 0);
            if !fits {
                return None;
            }
            self.ready.pop();
            self.used += self.cost(&candidate);
            self.running += 1;
            self.exclusive = candidate.exclusive;
            if candidate.pool > 0 {
                self.pools[candidate.pool as usize - 1].1 += 1;
            }
            return Some(candidate);
        }
        None
    }

    /// Gives back what `take` took.
    pub fn release(&mut self, candidate: &Candidate) {
        self.used -= self.cost(candidate);
        self.running -= 1;
        self.exclusive &= !candidate.exclusive;
        if candidate.pool > 0 {
            let index = candidate.pool as usize - 1;
            self.pools[index].1 -= 1;
            self.ready.extend(self.held[index].drain(..));
        }
    }

    /// How many slots a step takes: its weight, and never more than there are.
    pub fn cost(&self, candidate: &Candidate) -> u32 {
        candidate.weight.clamp(1, self.slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(step: u32, first: f64, second: f64) -> Candidate {
        Candidate { step: Step(step), rank: [first, second, 0.0], weight: 1, pool: 0, exclusive: false }
    }

    fn order(queue: &mut Queue) -> Vec<u32> {
        std::iter::from_fn(|| {
            let taken = queue.take()?;
            queue.release(&taken);
            Some(taken.step.0)
        })
        .collect()
    }

    #[test]
    fn the_highest_rank_runs_first_then_the_order_of_declaration() {
        let mut queue = Queue::new(1, std::iter::empty());
        for candidate in [candidate(0, 1.0, 1.0), candidate(1, 1.0, 3.0), candidate(2, 50.0, 1.0), candidate(3, 1.0, 3.0)] {
            queue.push(candidate);
        }
        assert_eq!(order(&mut queue), [2, 1, 3, 0]);
    }

    #[test]
    fn a_full_pool_holds_back_only_its_own() {
        let mut queue = Queue::new(4, [1].into_iter());
        queue.push(Candidate { pool: 1, ..candidate(0, 9.0, 1.0) });
        queue.push(Candidate { pool: 1, ..candidate(1, 8.0, 1.0) });
        queue.push(candidate(2, 1.0, 1.0));
        let first = queue.take().unwrap();
        assert_eq!(first.step.0, 0);
        assert_eq!(queue.take().unwrap().step.0, 2);
        assert_eq!(queue.take(), None);
        queue.release(&first);
        assert_eq!(queue.take().unwrap().step.0, 1);
    }

    #[test]
    fn a_heavy_step_takes_at_most_all_slots_and_is_not_starved() {
        let mut queue = Queue::new(2, std::iter::empty());
        queue.push(candidate(0, 9.0, 1.0));
        let light = queue.take().unwrap();
        queue.push(Candidate { weight: 8, ..candidate(1, 5.0, 1.0) });
        queue.push(candidate(2, 1.0, 1.0));
        assert_eq!(queue.take(), None);
        queue.release(&light);
        assert_eq!(queue.take().unwrap().step.0, 1);
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn an_exclusive_step_runs_alone() {
        let mut queue = Queue::new(4, std::iter::empty());
        queue.push(Candidate { exclusive: true, ..candidate(0, 9.0, 1.0) });
        queue.push(candidate(1, 1.0, 1.0));
        let alone = queue.take().unwrap();
        assert_eq!(alone.step.0, 0);
        assert_eq!(queue.take(), None);
        queue.release(&alone);
        assert_eq!(queue.take().unwrap().step.0, 1);
    }
}
