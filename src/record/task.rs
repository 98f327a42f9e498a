//! What is remembered of one task, and of one file.

use serde::{Deserialize, Serialize};

use super::proof::Proof;
use crate::base::{Digest, RelPath};
use crate::disk::Signature;

/// What is known of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Known {
    /// Of its bytes.
    pub digest: Digest,
    /// With which signature they were read; all zero if that is not to be trusted.
    pub signature: Signature,
    /// Whether it can be executed.
    pub executable: bool,
}

/// How a task's last run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Status {
    /// It succeeded, and the rest of the record is true of that run.
    Succeeded,
    /// It was started, and not heard of since, or cancelled.
    Started,
    /// It failed, as the action with this digest.
    Failed(Digest),
    /// It succeeded, and something that it reads was changed meanwhile: nobody knows what it made its outputs of.
    Overtaken,
    /// It succeeded as the remedy of a failure, of which it was told: its outputs are no result of its action alone.
    Remedy,
    /// It succeeded, and what it had put out was taken away since: a run has left it out, or it was declared no longer.
    LeftOut,
}

/// What is known of a task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TaskRecord {
    /// The hash of its address.
    pub key: [u64; 2],
    /// The hash of the path of the manifest that declared it.
    pub manifest: u64,
    /// Of its action, when it last succeeded.
    pub action: Digest,
    /// Its encoded result.
    #[serde(with = "serde_bytes")]
    pub result: Vec<u8>,
    /// Files that its depfile named.
    pub discovered: Vec<RelPath>,
    /// Its encoded explanation.
    #[serde(with = "serde_bytes")]
    pub explanation: Vec<u8>,
    /// How long its commands took, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    pub status: Status,
    /// Its own outputs beside those of its result, with the stamps that they had: its depfile, where it has succeeded; what it had made, where it
    /// has ended otherwise; what it was about to make, where its end was not seen.
    pub own: Vec<(RelPath, Option<Signature>)>,
    /// What was so when it was last found to be in order, if nothing has run since.
    pub proof: Option<Proof>,
}

impl TaskRecord {
    /// Returns the record of a task of which nothing is known but that it was started.
    pub fn unknown(key: [u64; 2]) -> TaskRecord {
        TaskRecord {
            key,
            manifest: 0,
            action: Digest::empty(),
            result: Vec::new(),
            discovered: Vec::new(),
            explanation: Vec::new(),
            duration_ms: 0,
            status: Status::Started,
            own: Vec::new(),
            proof: None,
        }
    }
}
