//! Whether a task has to run, and why.
