//! A project in a folder of its own, and what orket says of it.

use std::process::Command;

/// A folder with a manifest, and a store of its own.
pub struct Project {
    folder: tempfile::TempDir,
    store: tempfile::TempDir,
}

/// What one call of orket came to.
#[must_use]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Project {
    pub fn new(manifest: &str) -> Project {
        let project = Project { folder: tempfile::tempdir().unwrap(), store: tempfile::tempdir().unwrap() };
        project.write("orket.kdl", manifest);
        project
    }

    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder.path().join(file), text).unwrap();
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    pub fn remove(&self, file: &str) {
        std::fs::remove_file(self.folder.path().join(file)).unwrap();
    }

    pub fn orket(&self, words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orket"));
        command.args(words).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.store.path()).env("ORKET_CACHE_DIR", self.store.path());
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Builds, and returns the exit status and the outcome of each task in the order in which they ended.
    pub fn build(&self, words: &[&str]) -> (Option<i32>, Vec<String>) {
        let said = self.orket(&[&["build", "--json"], words].concat());
        let json: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("no JSON: {}{}", said.out, said.err));
        let mut tasks: Vec<String> = json["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| format!("{} {}", task["address"].as_str().unwrap(), task["outcome"].as_str().unwrap()))
            .collect();
        tasks.sort();
        (said.code, tasks)
    }
}
