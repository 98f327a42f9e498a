//! `execution_runtime`: what runs and builds are called.

use serde::{Deserialize, Serialize};

use super::{Question, Seam, Strategy};

/// The variables in which CI systems say the id of a run, in the order in which they are looked at.
pub const CI_VARIABLES: [&str; 8] = [
    "GITHUB_RUN_ID",
    "CI_PIPELINE_ID",
    "BUILDKITE_BUILD_ID",
    "CIRCLE_WORKFLOW_ID",
    "TRAVIS_BUILD_ID",
    "BUILD_BUILDID",
    "DRONE_BUILD_NUMBER",
    "BUILD_NUMBER",
];

/// What is a run called?
#[derive(Clone, Debug, Serialize)]
pub struct Naming {
    /// ORKET_RUN_ID, if it is set.
    pub given: Option<String>,
    /// 8 random hex digits.
    pub random: String,
    /// What the CI system calls the run, if there is one.
    pub ci: Option<String>,
    /// The digest of the graph, in hex.
    pub graph: String,
    /// The rock or epic that the run is for, if it is for one alone.
    pub rock: Option<String>,
    /// See `rock`.
    pub epic: Option<String>,
}

/// What it is called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The run's id: letters, digits, `-` and `_`, at most 64.
    pub run: String,
    /// The build's id: `build-EPIC` or `rock-build-ROCK`; empty for a run that is for neither.
    pub build: String,
    /// The id of the session that the run belongs to.
    pub session: String,
}

impl Question for Naming {
    type Answer = Named;

    const SEAM: Seam = Seam::ExecutionRuntime;
}

pub(super) fn brought(name: &str) -> Box<dyn Strategy<Naming>> {
    let (ci, content) = (name == "ci", name == "content");
    Box::new(move |question: &Naming| {
        let plain = || question.given.clone().unwrap_or_else(|| question.random.clone());
        let run = match () {
            () if ci => question.ci.clone().unwrap_or_else(plain),
            () if content => question.graph.chars().take(8).collect(),
            () => plain(),
        };
        let run = tidy(&run);
        let build = match (&question.epic, &question.rock) {
            (Some(epic), _) => format!("build-{}", tidy(epic)),
            (None, Some(rock)) => format!("rock-build-{}", tidy(rock)),
            (None, None) => String::new(),
        };
        Named { session: run.clone(), run, build }
    })
}

/// Returns a name with everything but letters, digits, `-` and `_` made a `-`, at most 64 characters.
fn tidy(name: &str) -> String {
    let tidy = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    name.chars().map(tidy).take(64).collect()
}
