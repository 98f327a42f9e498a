//! Targets and what they need, in flat arrays.
//!
//! Start from [`Graph`]: a read-only view of one contiguous image, which is built once from the model ([`assemble()`]), written to a file, and
//! afterwards mapped and used in place. Its rows hold what a walk over a million targets looks at; everything else of a target is decoded
//! one by one, when somebody asks ([`Graph::detail`]).

mod affected;
mod assemble;
mod declared;
mod edge;
mod graph;
mod made;
mod paths;
mod query;
mod resolve;
#[cfg(test)]
pub(crate) mod sample;
mod select;
#[cfg(test)]
mod tests;

pub use affected::{Changed, Rests, reached_from};
pub use assemble::{Problem, assemble, circles, ranks, round};
pub use declared::{declared_otherwise, made_otherwise};
pub use edge::{Edge, EdgeKind};
pub use graph::{Detail, Graph, Header, Row, TargetKind, Terms, address_key, flag};
pub use made::Made;
pub use query::{FUNCTIONS, Looks, QueryError, query};
pub use select::{SelectError, Selected, everything, meant, select};
