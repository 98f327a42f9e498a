//! Targets and what they need, in flat arrays.
