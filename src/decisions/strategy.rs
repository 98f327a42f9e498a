//! What a seam is made of: a question, its answer, and whoever gives it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Seam;
use crate::base::quantity;
use crate::model::RuleValue;

/// A question that orket asks: plain data, so that a program in any language can be asked the same.
pub trait Question: Serialize + Send + Sync + 'static {
    /// What is answered.
    type Answer: Serialize + DeserializeOwned + Clone + PartialEq + std::fmt::Debug;

    /// To which seam it belongs.
    const SEAM: Seam;
}

/// Answers the questions of one seam. It performs nothing and keeps nothing: orket acts on the answer, and writes it down.
pub trait Strategy<Q: Question>: Send + Sync {
    /// Returns the answer.
    ///
    /// # Errors
    /// When there is none; the run ends then.
    fn decide(&self, question: &Q) -> Result<Q::Answer, StrategyError>;
}

impl<Q: Question, F: Fn(&Q) -> Q::Answer + Send + Sync> Strategy<Q> for F {
    fn decide(&self, question: &Q) -> Result<Q::Answer, StrategyError> {
        Ok(self(question))
    }
}

/// A strategy gave no answer, or a wrong one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the strategy `{strategy}` of {} {trouble}", seam.name())]
pub struct StrategyError {
    /// Which seam was asked.
    pub seam: Seam,
    /// Who was asked.
    pub strategy: String,
    /// What went wrong: `gave no answer within 200ms`.
    pub trouble: String,
}

/// What a strategy was told in `process_rules`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Options(pub BTreeMap<String, RuleValue>);

impl Options {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a whole number.
    pub fn count(&self, name: &str) -> Option<usize> {
        match self.0.get(name) {
            Some(RuleValue::Whole(number)) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    /// Returns a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(RuleValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Returns a duration.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        self.text(name).and_then(quantity::duration)
    }

    /// Returns a size in bytes.
    pub fn size(&self, name: &str) -> Option<u64> {
        self.text(name).and_then(quantity::size)
    }

    /// Returns all of them as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let value = |value: &RuleValue| match value {
            RuleValue::Flag(flag) => serde_json::json!(flag),
            RuleValue::Whole(number) => serde_json::json!(number),
            RuleValue::Text(text) | RuleValue::Decimal(text) => serde_json::json!(text),
        };
        self.0.iter().map(|(name, one)| (name.clone(), value(one))).collect::<serde_json::Map<_, _>>().into()
    }
}
