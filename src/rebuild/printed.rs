//! What tasks printed when they last succeeded, as the store has it.

use super::World;
use crate::action::ActionResult;
use crate::base::{Digest, TargetId};

/// Whether what a task printed can be read, if it printed anything.
pub(super) fn heard(world: &World, result: &[u8]) -> bool {
    ActionResult::decode(result).is_some_and(|result| result.log.is_none_or(|log| world.blobs.has(&log)))
}

/// Returns what a task printed when it last succeeded, by its name in the store; `None` if it printed nothing.
pub fn log_of(world: &World, target: TargetId) -> Option<Digest> {
    let record = world.checkout.lock().expect("no holder panics").task(world.graph.row(target).key);
    record.and_then(|record| ActionResult::decode(&record.result))?.log
}

/// How much of an output is handed on in memory, in bytes.
pub const END: usize = 64 << 10;

/// Returns the end of what the store calls `log`, at most `most` bytes; `None` where the store has lost it.
pub fn end_of(world: &World, log: &Digest, most: usize) -> Option<Vec<u8>> {
    world.blobs.get_end(log, most).ok().flatten()
}
