//! One command made exact: all that decides its result, walked once, digested or explained.
//!
//! Start from [`Action`]. [`walk`] is the one walk over it; [`digest`] and [`explanation`] are its two readers, so that what is explained is
//! what is digested.

mod action;
mod compare;
mod fingerprint;
mod result;

pub use action::{Action, Content, EnvValue, Exact, Needed};
pub use compare::compare;
pub use fingerprint::{Entry, Explanation, FORMAT, Sink, digest, explanation, walk};
pub use result::{ActionResult, Output, OutputKind};
