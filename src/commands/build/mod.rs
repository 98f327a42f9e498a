//! `orket build` and `orket run`, from what was typed to what is left to read.
//!
//! Start from [`build()`]: it opens the checkout, settles the goal and the policy, and has the plan run before an audience.

mod accounts;
mod audience;
mod build;
mod checkout;
mod face;
mod goal;
mod isolated;
mod look;
mod policy;
mod remake;
mod stage;
mod webhooks;

pub use build::{build, run};
