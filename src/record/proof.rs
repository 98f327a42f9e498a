//! What was so when a task was last found to be in order.
//!
//! While all of it is still so, the task is fresh, and nothing of it has to be decoded, read or digested to know that: what "Build Systems à
//! la Carte" calls a verifying trace. The constructive trace is the action and its result in the store. A proof is only ever written for
//! what was judged in full, and whatever is off leads back to that judgement.

use serde::{Deserialize, Serialize};

use crate::base::{Digest, RelPath};
use crate::disk::Signature;

/// What was so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Proof {
    /// Of its declaration: the shape of its row in the graph.
    pub shape: [u64; 2],
    /// Of what it sees of the environment, of the platform and of orket itself.
    pub surroundings: [u64; 2],
    /// Of what those that it needs had put out.
    pub needs: [u64; 2],
    /// What it had put out itself.
    pub yields: Digest,
    /// The programs that its name names led to.
    pub tools: Vec<Tool>,
    /// Its own inputs and outputs, and the folders that were searched for them, with their stamps; `None` where nothing was.
    pub watched: Vec<(RelPath, Option<Signature>)>,
}

/// A program.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Tool {
    /// As the manifest names it.
    pub name: String,
    /// Where it is looked for, if it is named by a path that is not absolute; relative to the project's root.
    pub folder: RelPath,
    /// Of the file that was found.
    pub digest: Digest,
}
