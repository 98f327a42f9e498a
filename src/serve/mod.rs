//! `orket serve`: a project over HTTP, as pages and as JSON, for this machine alone.
//!
//! Start from [`serve()`]. Every answer is what another orket printed: a request becomes a command, so that there is one way to know a thing.

mod answer;
mod builds;
mod guard;
mod page;
mod routes;
mod server;

pub use server::serve;
