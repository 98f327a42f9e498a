//! `planner`: which ready task runs first.

use serde::{Deserialize, Serialize};

use super::{Question, Seam, Strategy};

/// How urgent is a task that could run now?
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// Its address.
    pub task: String,
    /// How long the longest chain of tasks that begins with it is expected to take, in milliseconds. A task of which nothing is known
    /// counts as one.
    pub path_ms: f32,
    /// As the manifest says: high is 3, medium 2, low 1.
    pub priority: f64,
    /// How many slots it takes.
    pub weight: u32,
    /// Its pool.
    pub pool: Option<String>,
    /// Whether its last run failed.
    pub failed_before: bool,
    /// How many tasks became ready before it in this run.
    pub turn: u64,
}

/// How urgent it is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rank {
    /// It may run. Higher numbers first; the second counts where the first are equal, and so on; then the order of the manifest.
    Run(Vec<f64>),
    /// It may not run yet: it is asked for again when a task has ended. If nothing else moves, the run is stalled.
    Hold,
}

impl Question for Ready {
    type Answer = Rank;

    const SEAM: Seam = Seam::Planner;
}

pub(super) fn brought(name: &str) -> Box<dyn Strategy<Ready>> {
    match name {
        "critical_path" => Box::new(|task: &Ready| Rank::Run(vec![f64::from(task.path_ms)])),
        "priority" => Box::new(|task: &Ready| Rank::Run(vec![task.priority, near(task.path_ms)])),
        "fifo" => Box::new(|task: &Ready| Rank::Run(vec![-(task.turn as f64)])),
        "failed_first" => {
            Box::new(|task: &Ready| Rank::Run(vec![f64::from(u8::from(task.failed_before)), near(task.path_ms), task.priority]))
        }
        _ => Box::new(|task: &Ready| Rank::Run(vec![near(task.path_ms), task.priority])),
    }
}

/// Returns a duration by steps of a tenth on a logarithmic scale: nearer than that, durations are noise. Steps rather than a tolerance,
/// since an order has to be transitive.
fn near(ms: f32) -> f64 {
    if ms <= 0.0 { f64::MIN } else { f64::from((ms.ln() / 1.1f32.ln()) as i32) }
}
