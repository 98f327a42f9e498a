//! What a task may see of the environment.

use serde::{Deserialize, Serialize};

use super::Text;
use crate::base::{Place, RelPath};

/// One line of an `env` block.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum EnvRule {
    /// `pass "NAME"`: visible as orket was started with it; the value enters the digest. Unset is a value of its own.
    Pass { name: Box<str>, place: Place },
    /// `set "NAME" "value"`.
    Set { name: Box<str>, value: Text, place: Place },
    /// `dotenv "FILE"`: all variables of the file. A missing file gives none.
    Dotenv { file: RelPath, place: Place },
    /// `secret "NAME"`: visible, redacted wherever it would be shown or stored; enters a digest only under a local key.
    Secret { name: Box<str>, place: Place },
}

impl EnvRule {
    /// Returns the variable that this is about; `None` for a file of variables.
    pub fn name(&self) -> Option<&str> {
        match self {
            EnvRule::Pass { name, .. } | EnvRule::Set { name, .. } | EnvRule::Secret { name, .. } => Some(name),
            EnvRule::Dotenv { .. } => None,
        }
    }
}

/// Whether every task sees this variable; its value stays out of digests, since programs enter them by content.
pub fn always_seen(name: &str) -> bool {
    let orkets_own = name.starts_with("ORKET_") && !name.ends_with("_SECRET");
    matches!(name, "PATH" | "HOME" | "USER" | "LANG" | "TERM" | "TMPDIR" | "SHELL" | "LOGNAME") || name.starts_with("LC_") || orkets_own
}

/// All rules that hold for one task, farthest first: the project's, its package's, its epic's, its own. A later rule wins over an
/// earlier one for the same name; within one level, `set`, `pass` and `secret` win over what a `dotenv` file says.
pub type EnvRules = Vec<EnvRule>;
