//! What cannot be right, as far as it shows before anything runs.

use crate::base::Place;

/// A mistake that only shows when all targets are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// `graph/cycle`
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// The edit that mends it.
    pub help: Option<String>,
    /// Other places that have to do with it.
    pub notes: Vec<(String, Place)>,
}
