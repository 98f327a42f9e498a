//! `pipeline_wiring`: which parts a run is wired from.

use serde::{Deserialize, Serialize};

use super::{Options, Question, Seam, Strategy};

/// The variable with a webhook's secret, unless another one is named.
const SECRET: &str = "ORKET_WEBHOOK_SECRET";

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
    /// Whether each epic of a rock is built in a workspace of its own, and brought here when it has succeeded.
    #[serde(default)]
    pub isolated: bool,
    /// Who is told what the run does.
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
}

/// Somebody who is told what a run does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where: `http://127.0.0.1:8080/builds`.
    pub address: String,
    /// The name of the variable that holds the secret for signatures.
    #[serde(default = "secret_from")]
    pub secret_from: String,
}

fn secret_from() -> String {
    SECRET.to_owned()
}

impl Question for Wished {
    type Answer = Wiring;

    const SEAM: Seam = Seam::PipelineWiring;
}

pub(super) fn brought(name: &str, options: &Options) -> Box<dyn Strategy<Wished>> {
    let (remediation, isolated) = (name != "minimal", name == "isolated");
    let webhook = options.text("webhook").map(|address| Webhook {
        address: address.to_owned(),
        secret_from: options.text("webhook_secret_from").map_or_else(secret_from, str::to_owned),
    });
    Box::new(move |_: &Wished| Wiring { remediation, isolated, webhooks: webhook.iter().cloned().collect() })
}
