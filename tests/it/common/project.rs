//! A project in a folder of its own, with a home, a store and an environment of its own.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::spawn::{Ended, LIMIT};
use super::{Background, Typed};

/// A project folder, and beside it a home, a store, a folder for temporary files and the log of what ran.
pub struct Project {
    base: tempfile::TempDir,
    env: Vec<(String, String)>,
    calls: Cell<usize>,
    limit: Duration,
}

impl Default for Project {
    fn default() -> Project {
        Project::new()
    }
}

impl Project {
    /// An empty folder.
    pub fn new() -> Project {
        let base = tempfile::Builder::new().prefix("orket-it-").tempdir().unwrap();
        for folder in ["project", "home", "cache", "tmp", "calls"] {
            fs::create_dir(base.path().join(folder)).unwrap();
        }
        fs::write(base.path().join("ran"), "").unwrap();
        Project { base, env: Vec::new(), calls: Cell::new(0), limit: LIMIT }
    }

    /// With a quarter of an hour for each call, where a minute may not do.
    pub fn patient(mut self) -> Project {
        self.limit = Duration::from_secs(900);
        self
    }

    /// With this file in the project.
    pub fn file(self, path: &str, text: &str) -> Project {
        self.write(path, text);
        self
    }

    /// With this manifest; see [`Project::declare`].
    pub fn manifest(self, text: &str) -> Project {
        self.declare(text);
        self
    }

    /// With this variable in orket's environment.
    pub fn var(mut self, name: &str, value: &str) -> Project {
        self.set(name, Some(value));
        self
    }

    /// Sets or removes a variable of orket's environment.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.env.retain(|(known, _)| known != name);
        self.env.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// Writes the manifest: `{log:NAME}` becomes a command that says that NAME ran, `{base}` the folder around the project.
    pub fn declare(&self, text: &str) -> &Project {
        let text = self.placed(text);
        self.write("orket.kdl", &text)
    }

    /// Returns the text with `{log:NAME}` and `{base}` filled in.
    pub fn placed(&self, text: &str) -> String {
        let base = self.base().to_str().unwrap();
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("{log:") {
            let length = rest[start..].find('}').expect("`{log:` without an end");
            out.push_str(&rest[..start]);
            out.push_str(&format!("echo {} >> {base}/ran", &rest[start + 5..start + length]));
            rest = &rest[start + length + 1..];
        }
        (out + rest).replace("{base}", base)
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Project {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Removes a file or folder.
    pub fn remove(&self, path: &str) -> &Project {
        let path = self.at(path);
        if path.is_dir() && !path.is_symlink() {
            fs::remove_dir_all(path).unwrap()
        } else {
            fs::remove_file(path).unwrap()
        }
        self
    }

    /// Makes a symbolic link.
    pub fn link(&self, target: &str, path: &str) -> &Project {
        symlink(target, self.at(path)).unwrap();
        self
    }

    /// Changes the permission bits.
    pub fn mode(&self, path: &str, mode: u32) -> &Project {
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Reads a file of the project.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
    }

    /// Whether there is something, a dangling link too.
    pub fn has(&self, path: &str) -> bool {
        self.at(path).symlink_metadata().is_ok()
    }

    /// Returns the path of something in the project.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Returns the project's folder.
    pub fn root(&self) -> PathBuf {
        self.base().join("project")
    }

    /// Returns the folder that holds the project's folder, `home`, `cache` and `ran`.
    pub fn base(&self) -> &Path {
        self.base.path()
    }

    /// Runs git in the project's folder.
    pub fn git(&self, words: &str) -> &Project {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]).args(words.split_whitespace());
        let output = git.current_dir(self.root()).env("HOME", self.base().join("home")).output().unwrap();
        assert!(output.status.success(), "git {words}: {}", String::from_utf8_lossy(&output.stderr));
        self
    }

    /// Types `orket WORDS`, split at blanks.
    pub fn run(&self, words: &str) -> Typed<'_> {
        self.words(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// Types `orket WORDS` with these variables set.
    pub fn run_with(&self, words: &str, variables: &[(&str, &str)]) -> Typed<'_> {
        let mut command = self.command(&words.split_whitespace().collect::<Vec<_>>());
        command.envs(variables.iter().copied());
        self.typed(command, words)
    }

    /// Types `orket WORDS`.
    pub fn words(&self, words: &[&str]) -> Typed<'_> {
        self.typed(self.command(words), &words.join(" "))
    }

    /// Types `orket WORDS` in a folder below the project's.
    pub fn run_in(&self, folder: &str, words: &str) -> Typed<'_> {
        let mut command = self.command(&words.split_whitespace().collect::<Vec<_>>());
        command.current_dir(self.at(folder));
        self.typed(command, words)
    }

    /// Types `orket WORDS` with at most so much memory to address, in MiB, and so many seconds of a processor: another process may have the rest.
    pub fn run_within(&self, mebibytes: u64, seconds: u64, words: &str) -> Typed<'_> {
        let mut command = self.clean(Command::new("sh"));
        command
            .args(["-c", &format!("ulimit -v {}; ulimit -t {seconds}; exec \"$0\" \"$@\"", mebibytes * 1024), orket()])
            .args(words.split_whitespace());
        self.typed(command, words)
    }

    /// Types `orket WORDS > FILE`.
    pub fn run_to(&self, file: &str, words: &str) -> Typed<'_> {
        let mut command = self.clean(Command::new("sh"));
        command.args(["-c", &format!("exec \"$0\" \"$@\" > {file}"), orket()]).args(words.split_whitespace());
        self.typed(command, words)
    }

    /// Types `PROGRAM OPTIONS orket WORDS`.
    pub fn under(&self, program: &str, options: &[String], words: &str) -> Ended {
        let mut command = self.clean(Command::new(program));
        command.args(options).arg(orket()).args(words.split_whitespace());
        Background::start(command, self.call()).within(self.limit).end()
    }

    /// Waits until everything that was written so far is older than two ticks of the clock, so that its stamps can be relied on.
    pub fn settle(&self) -> &Project {
        let last = std::time::Instant::now();
        assert!(super::wait_until(|| last.elapsed() > Duration::from_millis(25)), "the clock stands still");
        self
    }

    /// Builds until all is as it was proven to be, so that the next build judges nothing that has not changed: stamps have to be older than
    /// a tick of the clock for that.
    pub fn proven(&self) -> &Project {
        assert!(super::wait_until(|| self.left() == 0), "it never came to rest");
        self
    }

    /// The same with further words.
    pub fn proven_with(&self, words: &str) -> &Project {
        assert!(super::wait_until(|| self.left_with(words) == 0), "it never came to rest");
        self
    }

    /// Builds; returns how many targets had to be judged.
    pub fn left(&self) -> usize {
        self.left_with("")
    }

    fn left_with(&self, words: &str) -> usize {
        let mut command = self.command(&["build"]);
        command.args(words.split_whitespace());
        command.env("ORKET_LOG", "orket::run=debug");
        let ended = Background::start(command, self.call()).within(self.limit).end();
        let err = String::from_utf8_lossy(&ended.err);
        let left = err.split("left=").nth(1).and_then(|rest| rest.split_whitespace().next());
        left.and_then(|left| left.parse().ok()).unwrap_or_else(|| panic!("nothing was said of what is left:\n{err}"))
    }

    /// Starts `orket WORDS` and returns at once.
    pub fn start(&self, words: &str) -> Background {
        self.start_with(words, &[])
    }

    /// Starts `orket WORDS` in the folder around the project, and returns at once.
    pub fn start_beside(&self, words: &str) -> Background {
        let mut command = self.command(&words.split_whitespace().collect::<Vec<_>>());
        command.current_dir(self.base());
        Background::start(command, self.call())
    }

    /// Starts `orket WORDS` with these variables set, and returns at once.
    pub fn start_with(&self, words: &str, variables: &[(&str, &str)]) -> Background {
        let mut command = self.command(&words.split_whitespace().collect::<Vec<_>>());
        command.envs(variables.iter().copied());
        Background::start(command, self.call())
    }

    /// Returns the names that commands have logged so far, in order.
    pub fn log(&self) -> Vec<String> {
        fs::read_to_string(self.base().join("ran")).unwrap().lines().map(str::to_owned).collect()
    }

    fn typed(&self, command: Command, told: &str) -> Typed<'_> {
        let before = self.log().len();
        let ended = Background::start(command, self.call()).within(self.limit).end();
        Typed::new(self, format!("orket {told}"), ended, before)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.clean(Command::new(orket()));
        command.args(words);
        command
    }

    fn clean(&self, mut command: Command) -> Command {
        command.env_clear().current_dir(self.root()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .env("HOME", self.base().join("home"))
            .env("TMPDIR", self.base().join("tmp"))
            .env("ORKET_CACHE_DIR", self.base().join("cache"));
        command.env("LANG", "C.UTF-8").envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn call(&self) -> PathBuf {
        self.calls.set(self.calls.get() + 1);
        let folder = self.base().join(format!("calls/{}", self.calls.get()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }
}

fn orket() -> &'static str {
    env!("CARGO_BIN_EXE_orket")
}
