//! What a manifest means: plain, immutable data, each piece with its [`Place`](crate::base::Place).
//!
//! Start from [`Project`]. Everything is expanded (`each`, `matrix`, `template`, `include`): a task here is one thing that can run.
//! What is only known when a task runs (`{{env.X}}`, `{{decision.X}}`, `{{port.X}}`, `{{run.X}}`) is still open in a [`Text`].

mod decision;
mod environment;
mod gate;
mod imported;
mod later;
mod project;
mod rules;
mod service;
mod task;
mod text;

pub use decision::{Choose, Condition, Decision, Test};
pub use environment::{EnvRule, EnvRules, always_seen};
pub use gate::{Gate, Setting};
pub use imported::Imported;
pub use later::{Later, LaterKind};
pub use project::{Each, Epic, Need, Package, Pool, Project, Rock};
pub use rules::{Rule, RuleOption, RuleValue, UserStrategy};
pub use service::{Probe, Service, Stop};
pub use task::{Command, Confined, OnlyIf, Pattern, Priority, Sandbox, Task};
pub use text::{Part, Scope, Text};
