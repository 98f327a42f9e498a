//! The loop that walks the plan.
