//! `pipeline_wiring`: which parts a run is wired from.

use serde::{Deserialize, Serialize};

use super::{Options, Question, Seam, Strategy};

/// Which parts does a run have?
#[derive(Clone, Debug, Serialize)]
pub struct Wished {
    /// The rocks that were asked for, with the epics that each is made of.
    pub rocks: Vec<(String, Vec<String>)>,
}

/// The parts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wiring {
    /// Whether `on_failure` starts anything.
    pub remediation: bool,
    /// Addresses to which events are sent as JSON.
    pub webhooks: Vec<String>,
    /// The variable that holds the key with which they are signed.
    pub webhook_secret: Option<String>,
    /// Whether each epic of a rock is a run of its own.
    pub isolated: bool,
}

impl Question for Wished {
    type Answer = Wiring;

    const SEAM: Seam = Seam::PipelineWiring;
}

pub(super) fn brought(name: &str, options: &Options) -> Box<dyn Strategy<Wished>> {
    let wiring = Wiring {
        remediation: name != "minimal",
        webhooks: options.text("webhook").map(|text| text.split_whitespace().map(str::to_owned).collect()).unwrap_or_default(),
        webhook_secret: options.text("webhook_secret").map(str::to_owned),
        isolated: name == "isolated",
    };
    Box::new(move |_: &Wished| wiring.clone())
}
