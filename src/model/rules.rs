//! How the project wants orket to decide: which strategy answers each question, and strategies of its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::Place;

/// One node of `process_rules`: which strategy fills a seam.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// The node's name: `planner_node`.
    pub key: Box<str>,
    /// The strategy's name.
    pub strategy: Box<str>,
    /// What the strategy is told, in the order of the manifest.
    pub options: Vec<RuleOption>,
    /// Where it was written.
    pub place: Place,
}

/// One child of a node of `process_rules`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RuleOption {
    /// Its name.
    pub name: Box<str>,
    /// Its value.
    pub value: RuleValue,
    /// Where it was written.
    pub place: Place,
}

/// The value of an option.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum RuleValue {
    /// `#true` or `#false`; an option without a value is `#true`.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// A text.
    Text(Box<str>),
    /// A number with a fraction, as it was written.
    Decimal(Box<str>),
}

/// `strategy "NAME" seam="SEAM"`: a program of the user's that answers the questions of a seam.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct UserStrategy {
    /// Its name.
    pub name: Box<str>,
    /// The seam whose questions it answers: `planner`.
    pub seam: Box<str>,
    /// The program and its words.
    pub exec: Vec<Box<str>>,
    /// How long it may take for one answer.
    pub within: Duration,
    /// Where it was written.
    pub place: Place,
}
