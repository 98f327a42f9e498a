//! `cache_policy`: what is looked up and stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Options, Question, Seam, Strategy};

/// How is the store used?
#[derive(Clone, Debug, Serialize)]
pub struct Caching {
    /// How many bytes it may hold, as ORKET_CACHE_LIMIT says, or else 20 GiB.
    pub limit: u64,
    /// Whether there is a remote store.
    pub remote: bool,
}

/// How it is used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheUse {
    /// Whether results are looked up.
    pub look_up: bool,
    /// Whether results are stored.
    pub store: bool,
    /// Whether a remote store takes part.
    pub remote: bool,
    /// How many bytes the store may hold.
    pub limit: u64,
    /// What takes less time than this is not stored, in milliseconds.
    pub cheaper_than_ms: u64,
}

impl Question for Caching {
    type Answer = CacheUse;

    const SEAM: Seam = Seam::CachePolicy;
}

pub(super) fn brought(name: &str, options: &Options) -> Box<dyn Strategy<Caching>> {
    let (look_up, store, remote) = match name {
        "off" => (false, false, false),
        "read_only" => (true, false, true),
        "local_only" => (true, true, false),
        _ => (true, true, true),
    };
    let (limit, cheaper_than) = (options.size("limit"), options.duration("cheaper_than").unwrap_or(Duration::ZERO));
    Box::new(move |question: &Caching| CacheUse {
        look_up,
        store,
        remote: remote && question.remote,
        limit: limit.unwrap_or(question.limit),
        cheaper_than_ms: cheaper_than.as_millis() as u64,
    })
}
