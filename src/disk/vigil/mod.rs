//! Stamps under watch: the system tells which of many may no longer be so, and the rest need not be looked at.
//!
//! What is kept of a stamp is one promise: a look at its path would find exactly it. A row that the promise is not given for is doubtful, from
//! the start (what the system does not tell of) or since something was told, and stays so: whoever wants to know looks. See
//! `docs/design/watch.md` for what is seen, and what is not.

mod doubts;
mod folders;
mod news;
mod stamped;
#[cfg(test)]
mod tests;
mod view;
mod vigil;

pub use stamped::Stamped;
pub use view::View;
pub use vigil::Vigil;
