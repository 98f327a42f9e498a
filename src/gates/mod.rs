//! Gates: rules that are run. A file or folder a kind.
//!
//! Start from [`check()`]: it lets a [`Judge`] look at the tree, takes away what comments and the baseline tolerate, and says what is left.

mod baseline;
mod check;
mod churn;
mod dependency_direction;
mod evidence;
mod fixer;
mod judge;
mod markdown;
mod pattern;
mod policy;
mod release_smoke;
mod roadmap_metrics;
mod settings;
mod sight;
mod suppress;
mod working_model;

pub use baseline::{Baseline, Entry, Today};
pub use check::{Rules, baseline_path, check, read, standing};
pub use dependency_direction::layers;
pub use fixer::{fixes, mended};
pub use judge::{Asked, Filter, Gap, Judge, Judged, Printed, Reads, Sight, Unjudged};
pub use release_smoke::{Step, steps};
pub use roadmap_metrics::{Claim, Count, Document, Expected, Renewed, claims_of, renew};
pub use settings::{Common, Stage, Wrong};
pub use sight::{Ground, Outside, View, folder_of};
pub use suppress::{agree, is_unused};
pub use working_model::{Model, Moved, Unmoved, model};
