//! Decisions: a choice that is expected to change is a question, and whoever answers it can be replaced.
//!
//! Start from [`Seam`], the table of all questions that orket asks. A [`Question`] is plain data with a type of answer; a [`Strategy`]
//! answers it and does nothing else; [`Seams`] are the strategies that were chosen, and where each choice came from ([`resolve()`]).
//! A seam has a file of its own, with its question, its answer and the strategies that orket brings.

mod api;
mod cache;
mod engine;
mod evaluator;
mod execution;
mod external;
mod loader;
mod orchestration;
mod pipeline;
mod planner;
mod prompt;
mod registry;
mod resolve;
mod router;
mod sandbox;
mod seam;
mod strategy;
mod tools;

pub use api::{Access, Asked};
pub use cache::{CacheUse, Caching};
pub use engine::{Bootstrap, OWN_STORE, Starting};
pub use evaluator::{Attempted, Verdict};
pub use execution::{CI_VARIABLES, Named, Naming};
pub use loader::{Look, Looking};
pub use orchestration::{AfterFailure, Looping, Rules};
pub use pipeline::{Webhook, Wiring, Wished};
pub use planner::{Rank, Ready};
pub use prompt::{Answer, Asking};
pub use registry::{Registry, Seams};
pub use resolve::{Choice, Given, Mistake, Origin, resolve};
pub use router::{Routed, Seat};
pub use sandbox::{Boxed, Sandboxing};
pub use seam::{Brought, Kind, Seam};
pub use strategy::{Options, Question, Strategy, StrategyError};
pub use tools::{BUILT_IN, Invoked, Named as NamedTool};
