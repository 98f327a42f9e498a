//! A target that judges.

use serde::{Deserialize, Serialize};

use super::{EnvRules, Need, RuleValue};
use crate::base::{Address, Place};

/// A target that judges and yields findings.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Gate {
    /// Its address.
    pub address: Address,
    /// Where it was declared.
    pub place: Place,
    /// What it is for.
    pub about: Option<Box<str>>,
    /// Which judge: `dependency_direction`, `pattern`, …
    pub kind: Box<str>,
    /// Built before.
    pub needs: Vec<Need>,
    /// What commands that it runs see of the environment.
    pub env: EnvRules,
    /// For `tag(NAME, x)`.
    pub tags: Vec<Box<str>>,
    /// Left out of a bare `orket build`.
    pub private: bool,
    /// All else that stands in it; its kind says what that means.
    pub settings: Vec<Setting>,
}

/// A node in a gate, as it was written.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Setting {
    /// Its name.
    pub name: Box<str>,
    /// Its values.
    pub values: Vec<RuleValue>,
    /// Its properties.
    pub properties: Vec<(Box<str>, RuleValue)>,
    /// What stands in its braces.
    pub children: Vec<Setting>,
    /// Where.
    pub place: Place,
}

impl Setting {
    /// Returns its values that are texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(|value| match value {
            RuleValue::Text(text) => Some(&**text),
            _ => None,
        })
    }

    /// Returns a property.
    pub fn property(&self, name: &str) -> Option<&RuleValue> {
        self.properties.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }
}
