//! What a step of the plan is doing.

/// The states of a step. It moves down this list, never up, and may leave it early:
///
/// `Spare` until a remedy needs it; `Waiting` until everything before it has ended; `Judging` while a worker finds out whether it has to
/// run; `Attending` until its services are ready; `Queued` until there is a slot; `Running`; `Ended`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Spare,
    Waiting,
    Judging,
    Attending,
    Queued,
    Running,
    Ended,
}
