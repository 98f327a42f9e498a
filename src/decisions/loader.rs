//! `loader_strategy`: where manifest and overrides are looked for. Asked before the manifest is read.

use serde::{Deserialize, Serialize};

use super::{Question, Seam, Strategy};

/// Where may orket look?
#[derive(Clone, Debug, Serialize)]
pub struct Looking {
    /// The folder that orket was started in.
    pub folder: String,
    /// The manifest that `-f` names.
    pub manifest: Option<String>,
}

/// What may be looked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// Whether the folders above are searched for the manifest.
    pub upward: bool,
    /// Files with local overrides, beside the manifest; the first one wins.
    pub overrides: Vec<String>,
    /// Whether ORKET_PROJECT_NAME and ORKET_PROJECT_ABOUT replace what the manifest says.
    pub environment: bool,
}

impl Question for Looking {
    type Answer = Look;

    const SEAM: Seam = Seam::LoaderStrategy;
}

pub(super) fn brought(name: &str) -> Box<dyn Strategy<Looking>> {
    let strict = name == "strict";
    Box::new(move |_: &Looking| Look {
        upward: !strict,
        overrides: if strict { Vec::new() } else { vec![String::from("orket.local.kdl")] },
        environment: !strict,
    })
}
