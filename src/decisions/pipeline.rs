//! `pipeline_wiring`: which parts a run is wired from.

use serde::{Deserialize, Serialize};

use super::{Question, Seam, Strategy};

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
}

impl Question for Wished {
    type Answer = Wiring;

    const SEAM: Seam = Seam::PipelineWiring;
}

pub(super) fn brought(name: &str) -> Box<dyn Strategy<Wished>> {
    let remediation = name != "minimal";
    Box::new(move |_: &Wished| Wiring { remediation })
}
