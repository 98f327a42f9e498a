//! The part of the graph that a goal needs, ordered.
