//! The whole of what was declared.

use serde::{Deserialize, Serialize};

use super::{Decision, EnvRules, Later, Rule, Service, Task, UserStrategy};
use crate::base::{Address, Place, RelPath};

/// All that the manifest and its packages declare.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Project {
    /// `project "NAME"`, else the name of the manifest's folder.
    pub name: Box<str>,
    /// What it is for.
    pub about: Option<Box<str>>,
    /// What a bare `orket build` builds; empty: everything that is not private.
    pub default: Vec<Need>,
    /// In the order of declaration, as all lists here.
    pub rocks: Vec<Rock>,
    /// Bodies of work.
    pub epics: Vec<Epic>,
    /// Units of work.
    pub tasks: Vec<Task>,
    /// Programs that run beside tasks.
    pub services: Vec<Service>,
    /// Targets that judge.
    pub gates: Vec<super::Gate>,
    /// Choices on the graph.
    pub decisions: Vec<Decision>,
    /// Bounds on how many tasks of a kind run at once.
    pub pools: Vec<Pool>,
    /// The packages, the root first.
    pub packages: Vec<Package>,
    /// Which strategies fill the seams.
    pub rules: Vec<Rule>,
    /// Strategies of the user's own.
    pub strategies: Vec<UserStrategy>,
    /// What has no effect in this version.
    pub later: Vec<Later>,
    /// The `each` blocks; one in another stands here once for each round.
    pub each: Vec<Each>,
}

/// What an `each` looks for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Each {
    /// Where it was declared.
    pub place: Place,
    /// Its globs, relative to the project's root; `!` stands before those that leave out.
    pub globs: Vec<Box<str>>,
    /// The folders of the files that it finds; none where it finds no file.
    pub folders: Vec<RelPath>,
}

/// An outcome that a team promises.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Rock {
    /// Its address.
    pub address: Address,
    /// Where it was declared.
    pub place: Place,
    /// What it promises.
    pub about: Option<Box<str>>,
    /// The epics (or single tasks) it is made of.
    pub parts: Vec<Need>,
    /// What must hold before any of its parts starts.
    pub needs: Vec<Need>,
    /// What its parts come after, if it is built at all.
    pub after: Vec<Need>,
    /// For `tag(NAME, x)`.
    pub tags: Vec<Box<str>>,
}

/// A body of work and a namespace. Its parts are the tasks, gates and services whose `epic` it is.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Epic {
    /// Its address.
    pub address: Address,
    /// Where it was declared.
    pub place: Place,
    /// What it is for.
    pub about: Option<Box<str>>,
    /// Addresses of its tasks and gates, in order of declaration.
    pub parts: Vec<Address>,
    /// What must hold before any of its parts starts; what it puts out is an input of each part.
    pub needs: Vec<Need>,
    /// What its parts come after, if it is built at all.
    pub after: Vec<Need>,
    /// For `tag(NAME, x)`.
    pub tags: Vec<Box<str>>,
}

/// A bound on how many tasks of a kind run at once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pool {
    /// Its name, with `PACKAGE:` before it where it stands in one.
    pub name: Box<str>,
    /// At least 1.
    pub slots: u32,
    /// Where it was declared.
    pub place: Place,
}

/// A manifest and its folder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Package {
    /// The folder.
    pub folder: RelPath,
    /// The manifest in it.
    pub manifest: RelPath,
    /// The rules of its top-level `env` blocks (for the root package: the project's).
    pub env: EnvRules,
}

/// A target that another one names; resolved against all targets when the graph is assembled.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Need {
    /// What the manifest wrote.
    pub text: Box<str>,
    /// The full addresses it may mean, tried in order: the sibling in the same epic, the same package, the root package.
    ///
    /// A task's address without a variant means all its variants; one with `*` means every target that matches.
    pub candidates: Vec<Address>,
    /// Whether a skipped target leaves the one that needs it as it is.
    pub optional: bool,
    /// Where it was written.
    pub place: Place,
}
