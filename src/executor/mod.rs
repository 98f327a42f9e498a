//! The seats: where an action runs.
