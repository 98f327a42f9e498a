//! What conditions of decisions look at, for real.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::base::{RelPath, glob};
use crate::disk::{self, PatternSet, Tree};
use crate::model::{EnvRule, EnvRules};
use crate::process::{self, Cancel, Ended, Limits, Output, Spawn, Stdin, find_program};
use crate::rebuild::Environment;
use crate::run::Facts;
use crate::vcs;

/// How long a command of a condition may take.
const WITHIN: Duration = Duration::from_secs(10);

/// The project's folder, its repository, the environment and the clock, each asked once.
pub struct Surveyed {
    tree: Tree,
    environment: Environment,
    secrets: BTreeSet<String>,
    moment: (u8, u8),
    branch: OnceLock<Option<String>>,
    tags: OnceLock<Vec<String>>,
    started: AtomicUsize,
    within: Duration,
}

impl Surveyed {
    pub(super) fn new(tree: Tree, environment: Environment, rules: &[EnvRules]) -> Surveyed {
        let secret = |rule: &EnvRule| match rule {
            EnvRule::Secret { name, .. } => Some(name.to_string()),
            _ => None,
        };
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        let moment = (now.weekday().to_monday_zero_offset() as u8, now.hour() as u8);
        Surveyed {
            tree,
            environment,
            secrets: rules.iter().flatten().filter_map(secret).collect(),
            moment,
            branch: OnceLock::new(),
            tags: OnceLock::new(),
            started: AtomicUsize::new(0),
            within: WITHIN,
        }
    }
}

impl Facts for Surveyed {
    fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    fn is_secret(&self, name: &str) -> bool {
        self.secrets.contains(name)
    }

    fn platform(&self) -> (String, String) {
        (std::env::consts::OS.to_owned(), std::env::consts::ARCH.to_owned())
    }

    fn branch(&self) -> Option<String> {
        self.branch.get_or_init(|| vcs::branch(self.tree.root())).clone()
    }

    fn tags(&self) -> Vec<String> {
        self.tags.get_or_init(|| vcs::tags(self.tree.root())).clone()
    }

    fn changed(&self, since: Option<&str>) -> Result<Vec<RelPath>, String> {
        vcs::changed(self.tree.root(), since)
    }

    fn exists(&self, pattern: &str) -> Result<bool, String> {
        let failed = |error: io::Error| format!("cannot look for `{pattern}`: {error}");
        if let Some(name) = glob::plain(pattern.trim_end_matches('/')) {
            let path = RelPath::parse(&*name).map_err(|error| format!("the path `{pattern}`: {error}"))?;
            let found = self.tree.stat_follow(&path).map_err(failed)?;
            return Ok(found.is_some_and(|found| !pattern.ends_with('/') || found.is_dir()));
        }
        let set = PatternSet::new(&[pattern.to_owned()], &[])?;
        disk::expand(&self.tree, &set).map(|found| !found.is_empty()).map_err(failed)
    }

    fn read(&self, path: &RelPath) -> Result<Option<Vec<u8>>, String> {
        match self.tree.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(format!("cannot read `{path}`: {error}")),
        }
    }

    fn moment(&self) -> (u8, u8) {
        self.moment
    }

    fn command(&self, env: &EnvRules, line: &str, cancel: &Cancel) -> Result<Ended, String> {
        let visible = self.environment.visible(env, &self.tree)?;
        let path = visible.variables.get("PATH").map(Vec::as_slice).unwrap_or_default();
        let program = find_program(OsStr::new("/bin/sh"), OsStr::from_bytes(path), self.tree.root()).map_err(|error| error.to_string())?;
        let mark = format!("decision-{}-{}", std::process::id(), self.started.fetch_add(1, Ordering::Relaxed));
        let env = visible.variables.iter().map(|(name, value)| (OsString::from(name), OsString::from_vec(value.clone())));
        let spawn = Spawn {
            program,
            arg0: "sh".into(),
            args: vec!["-c".into(), line.into()],
            dir: self.tree.root().to_path_buf(),
            env: env.chain([("ORKET_MARK".into(), mark.into())]).collect(),
            stdin: Stdin::Null,
            output: Output::Capture,
            apart: false,
            group: true,
        };
        let limits = Limits { timeout: Some(self.within), grace: Duration::from_secs(1), signal: Limits::TERM };
        process::run(&spawn, &limits, cancel, &mut |_: &[u8]| ()).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_runs_in_the_project_and_one_that_takes_too_long_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = std::env::var_os("PATH").unwrap().into_vec();
        let environment = Environment { variables: [(String::from("PATH"), path)].into(), ..Environment::default() };
        let facts = Surveyed::new(Tree::open(folder.path()).unwrap(), environment, &[]);
        let cancel = Cancel::new().unwrap();
        assert_eq!(facts.command(&Vec::new(), "echo > here; exit 3", &cancel), Ok(Ended::Exit(3)));
        assert!(folder.path().join("here").exists());
        let hasty = Surveyed { within: Duration::from_millis(50), ..facts };
        let ended = hasty.command(&Vec::new(), "sleep 1000", &cancel);
        assert_eq!(ended, Ok(Ended::TimedOut(Duration::from_millis(50))));
        cancel.stop();
        assert_eq!(hasty.command(&Vec::new(), "sleep 1000", &cancel), Ok(Ended::Cancelled));
    }
}
