//! A file a command: arguments, engine, report.

mod affected;
mod build;
mod cache;
mod check;
mod churn;
mod decisions;
mod directions;
mod doctor;
mod explain;
mod face;
mod fmt;
mod graph;
mod hook_files;
mod hooks;
mod imports;
mod isolated;
mod list;
mod look;
mod policy;
mod query;
mod remake;
mod runs;
mod tool;
mod ui;
mod webhooks;

pub use affected::affected;
pub use build::{build, run};
pub use cache::cache;
pub use check::check;
pub use churn::churn;
pub use decisions::decisions;
pub use doctor::doctor;
pub use explain::explain;
pub use fmt::fmt;
pub use graph::graph;
pub use hooks::hooks;
pub use list::list;
pub use query::query;
pub use runs::runs;
pub use tool::tool;
pub use ui::{Failure, Ui};

use ui::wrongly;
