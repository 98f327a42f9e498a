//! One mistake in a manifest.

use crate::base::Place;

/// One mistake.
#[derive(Clone, Debug)]
pub struct Problem {
    /// `manifest/unknown_node`
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// How many bytes behind the place belong to it.
    pub length: usize,
    /// The edit that mends it.
    pub help: Option<String>,
    /// Other places that have to do with it.
    pub notes: Vec<(String, Place)>,
}
