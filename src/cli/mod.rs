//! What was typed, and how orket ends.
