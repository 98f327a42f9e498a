//! Git, asked through its command line.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::base::RelPath;

/// Whether git tracks a path, or something below it. Nothing of the repository's configuration that starts programs is honoured. Without
/// git, or outside a repository, nothing is tracked.
pub fn tracks(root: &Path, path: &RelPath) -> bool {
    let mut command = Command::new("git");
    command.args(["-c", "core.fsmonitor=false", "--literal-pathspecs", "ls-files", "--error-unmatch", "--"]).arg(path.as_path());
    command.current_dir(root).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
