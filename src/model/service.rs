//! Programs that run beside tasks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Command, EnvRule, EnvRules, Need, Pattern, Text};
use crate::base::{Address, Place, RelPath};

/// A long-running program: started when the first task that `uses` it is about to start, stopped after the last.
#[derive(Clone, PartialEq, Hash, Debug, Serialize, Deserialize)]
pub struct Service {
    /// Its address.
    pub address: Address,
    /// Where it was declared.
    pub place: Place,
    /// What it is for.
    pub about: Option<Box<str>>,
    /// The one command that starts it and stays in the foreground.
    pub command: Command,
    /// Where it is started.
    pub dir: RelPath,
    /// Files that it reads: for those that use it, it is another one when they change.
    pub inputs: Vec<Pattern>,
    /// Names of ports; each gets a free number, picked once for each run, seen as `{{port.NAME}}`.
    pub ports: Vec<Box<str>>,
    /// What it may see.
    pub env: EnvRules,
    /// Built before it is started.
    pub needs: Vec<Need>,
    /// How it is known to be ready, all must hold; without any it is ready once it has started.
    pub ready: Vec<Probe>,
    /// How long it may take until it is ready.
    pub within: Duration,
    /// How it is ended.
    pub stop: Stop,
}

impl Service {
    /// Returns what decides how it works for those that use it: command, folder, ports and rules of its environment, without their places.
    pub fn definition(&self) -> String {
        let words = match &self.command {
            Command::Run { words, .. } => words.iter().map(Text::to_string).collect(),
            Command::Sh { script, .. } => vec![String::from("sh -c"), script.to_string()],
        };
        let env = self.env.iter().map(|rule| match rule {
            EnvRule::Pass { name, .. } => vec![String::from("pass"), name.to_string()],
            EnvRule::Set { name, value, .. } => vec![String::from("set"), name.to_string(), value.to_string()],
            EnvRule::Dotenv { file, .. } => vec![String::from("dotenv"), file.to_string()],
            EnvRule::Secret { name, .. } => vec![String::from("secret"), name.to_string()],
        });
        format!("{words:?} {} {:?} {:?}", self.dir, self.ports, env.collect::<Vec<_>>())
    }
}

/// A question whose answer says that a service is ready.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Probe {
    /// `tcp "PORT"` or `tcp "HOST:PORT"`: somebody accepts a connection there.
    Tcp(Text),
    /// `http "URL"`: plain HTTP answers with this status, or, without one, with 200 to 399.
    Http { url: Text, status: Option<u16> },
    /// `command "one shell line"`: it ends with status 0.
    Command(Text),
    /// `output "text"`: the service printed this.
    Output(Text),
}

/// How a service is ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Stop {
    /// The signal's number.
    pub signal: i32,
    /// How long it may take before it is killed.
    pub within: Duration,
}
