//! `router`: where a task runs.

use serde::{Deserialize, Serialize};

use super::{Question, Seam, Strategy};

/// Where does a task run?
#[derive(Clone, Debug, Serialize)]
pub struct Routed {
    /// Its address.
    pub task: String,
    /// Whether there is a remote.
    pub remote: bool,
    /// Whether it has to run here: it takes the terminal, or its results may not be kept.
    pub bound: bool,
}

/// A seat.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seat {
    /// On this machine.
    Local,
    /// On a remote, and on this machine where there is none.
    Remote,
    /// On both; the first that ends wins.
    Race,
}

impl Question for Routed {
    type Answer = Seat;

    const SEAM: Seam = Seam::Router;
}

pub(super) fn brought(name: &str) -> Box<dyn Strategy<Routed>> {
    match name {
        "local" => Box::new(|_: &Routed| Seat::Local),
        "remote_first" => Box::new(|task: &Routed| if task.bound { Seat::Local } else { Seat::Remote }),
        "race" => Box::new(|task: &Routed| if task.bound { Seat::Local } else { Seat::Race }),
        _ => Box::new(|task: &Routed| if task.bound || !task.remote { Seat::Local } else { Seat::Remote }),
    }
}
