//! The file system, behind a small door: stat, read, write whole, walk.
//!
//! Start from [`Tree`], one folder that is kept open and that nothing below it can lead out of.

mod beneath;
mod changes;
mod links;
mod map;
mod poll;
mod rewrite;
mod signature;
mod sources;
mod transfer;
mod tree;
mod vigil;
mod walk;
mod watch;

pub use changes::{Changes, PassedOver, Told};
pub use links::Names;
pub use map::{create, map, write_beside, write_whole};
pub use signature::{Signature, now_ns, stamp_clock};
pub use sources::{Sources, below_repository, is_installed, repository_of, sources, sources_and_links, sources_without};
pub use tree::{Kind, Tree};
pub use vigil::{Stamped, View, Vigil};
pub use walk::{Noted, PatternSet, expand, expand_noting, walk_folder};
pub use watch::Watch;
