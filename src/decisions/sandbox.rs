//! `sandbox_policy`: what a task may touch, and what its surroundings are called.

use serde::{Deserialize, Serialize};

use super::{Options, Question, Seam, Strategy};

/// What holds for the tasks of a run?
#[derive(Clone, Debug, Serialize)]
pub struct Sandboxing {
    /// The rock that the run is for, else the project's name.
    pub rock: String,
}

/// What holds.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boxed {
    /// The sandbox's name: lower case, `a-z0-9_-`; empty for none.
    pub sandbox: String,
    /// The name of the docker compose project; empty for none.
    pub compose_project: String,
    /// Whether a task may write only its outputs and reach no network.
    pub strict: bool,
    /// Whether services are started by docker compose.
    pub compose: bool,
    /// Where the sandbox's database is, with holes such as `{{port.sql}}` still open; empty for none.
    #[serde(default)]
    pub database_url: String,
}

impl Boxed {
    /// Returns the variables that services know it by.
    pub fn surroundings(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let told = [("ORKET_SANDBOX", &self.sandbox), ("COMPOSE_PROJECT_NAME", &self.compose_project)];
        told.into_iter().filter(|(_, value)| !value.is_empty()).chain(self.database())
    }

    /// Returns the variable that tasks that use services know its database by. They do not know what it is called: that changes with the
    /// rock that is built, and they would run again.
    pub fn database(&self) -> Option<(&'static str, &String)> {
        Some(("DATABASE_URL", &self.database_url)).filter(|(_, url)| !url.is_empty())
    }
}

impl Question for Sandboxing {
    type Answer = Boxed;

    const SEAM: Seam = Seam::SandboxPolicy;
}

pub(super) fn brought(name: &str, options: &Options) -> Box<dyn Strategy<Sandboxing>> {
    let database = options.text("database_url").unwrap_or_default().to_owned();
    let (strict, compose, named) = (name == "strict", name == "compose", name != "none");
    Box::new(move |question: &Sandboxing| {
        let tidy = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c.to_ascii_lowercase() } else { '-' };
        let sandbox = if named { format!("sandbox-{}", question.rock.chars().map(tidy).collect::<String>()) } else { String::new() };
        let compose_project = if named { format!("orket-{sandbox}") } else { String::new() };
        let database_url = database.replace("{sandbox}", &sandbox).replace("{compose_project}", &compose_project);
        Boxed { sandbox, compose_project, strict, compose, database_url }
    })
}
