//! From a request to the command whose answer it is.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use super::answer::Answer;
use super::builds::Builds;
use super::page;
use crate::process::own_command;

/// The project that is served.
pub(super) struct Site {
    /// The project's name.
    pub project: String,
    /// Where orket was started.
    pub folder: PathBuf,
    /// `-C` and `-f`, as they were typed.
    pub words: Vec<OsString>,
    /// `--strategy` and what follows, once for each.
    pub deciding: Vec<OsString>,
    /// What was built.
    pub builds: Builds,
}

/// What a build is asked for with.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    targets: Vec<String>,
    force: bool,
    keep_going: bool,
    decide: Vec<String>,
}

impl Site {
    /// Answers a request that was let in. `path` is without what stands behind `?`.
    pub fn answer(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let parts: Option<Vec<String>> = path
            .trim_matches('/')
            .split('/')
            .map(|part| percent_decode_str(part).decode_utf8().ok().map(|part| part.into_owned()))
            .collect();
        let Some(parts) = parts else { return Answer::wrong(400, "the address is not UTF-8") };
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let looks = matches!(method, "GET" | "HEAD");
        match parts[..] {
            [""] if looks => self.overview(),
            ["style.css"] if looks => Answer::text("text/css; charset=utf-8", page::style()),
            ["runs", run] if looks => self.report(run),
            ["builds", id] if looks => self.build(id, &|value| page::build(&self.project, &value)),
            ["builds"] if method == "POST" => self.form(body),
            ["builds", id, "end"] if method == "POST" => {
                self.end(id);
                Answer::elsewhere(&format!("/builds/{id}"))
            }
            ["api", "v1", ref rest @ ..] => self.api(method, rest, body),
            _ if looks => Answer::wrong(404, &format!("there is nothing at `{path}`")),
            _ => Answer::wrong(405, &format!("`{path}` takes no {method}")),
        }
    }

    fn api(&self, method: &str, parts: &[&str], body: &[u8]) -> Answer {
        match (method, parts) {
            ("GET" | "HEAD", ["targets"]) => self.look(&["list", "--json"]),
            ("GET" | "HEAD", ["graph"]) => self.look(&["graph", "--format", "json"]),
            ("GET" | "HEAD", ["decisions"]) => self.look(&["decisions", "--json"]),
            ("GET" | "HEAD", ["runs"]) => self.look(&["runs", "list", "--json"]),
            ("GET" | "HEAD", ["runs", run]) => self.look(&["runs", "show", "--json", "--", run]),
            ("GET" | "HEAD", ["explain", target @ ..]) if !target.is_empty() => self.look(&["explain", "--json", "--", &target.join("/")]),
            ("GET" | "HEAD", ["builds"]) => Answer::json(200, &self.builds.all()),
            ("GET" | "HEAD", ["builds", id]) => self.build(id, &|value| Answer::json(200, &value)),
            ("POST", ["builds"]) => match serde_json::from_slice(body) {
                Ok(wanted) => self.started(wanted).unwrap_or_else(|answer| answer),
                Err(error) => Answer::wrong(400, &format!("the body is not what a build is asked for with: {error}")),
            },
            ("DELETE", ["builds", id]) => match self.end(id) {
                Some(value) => Answer::json(202, &value),
                None => no_build(id),
            },
            ("GET" | "HEAD", _) => {
                Answer::wrong(404, "there is no such thing; there are targets, graph, decisions, runs, explain and builds")
            }
            _ => Answer::wrong(405, &format!("this takes no {method}")),
        }
    }

    fn overview(&self) -> Answer {
        let targets = self.look(&["list", "--json"]);
        let runs = self.look(&["runs", "list", "--json"]);
        let read = |answer: &Answer| serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
        match targets.status {
            200 => page::overview(&self.project, &read(&targets), &read(&runs), &self.builds.all()),
            _ => targets,
        }
    }

    /// The page of a past run.
    fn report(&self, run: &str) -> Answer {
        let made = || -> io::Result<Answer> {
            let folder = tempfile::tempdir()?;
            let file = folder.path().join("run.html");
            let words: Vec<OsString> = ["report", "--json", "--output"].into_iter().map(OsString::from).collect();
            let words = words.into_iter().chain([file.clone().into(), "--".into(), run.into()]);
            let answer = self.ask(words)?;
            // The page has its own policy.
            match answer.status {
                200 => Ok(Answer::text("text/html; charset=utf-8", std::fs::read(&file)?)),
                _ => Ok(answer),
            }
        };
        made().unwrap_or_else(|error| Answer::wrong(500, &format!("cannot make the page: {error}")))
    }

    /// A form's wish: `target=ADDRESS`, once or several times.
    fn form(&self, body: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(body).replace('+', " ");
        let value = |pair: &str| pair.strip_prefix("target=").map(|value| percent_decode_str(value).decode_utf8_lossy().into_owned());
        let targets = text.split('&').filter_map(value).filter(|target| !target.is_empty()).collect();
        match self.started(Wanted { targets, ..Wanted::default() }) {
            Ok(answer) => {
                let id = serde_json::from_slice::<Value>(&answer.body).ok().and_then(|value| value["id"].as_u64());
                Answer::elsewhere(&format!("/builds/{}", id.unwrap_or_default()))
            }
            Err(answer) => answer,
        }
    }

    fn started(&self, wanted: Wanted) -> Result<Answer, Answer> {
        let mut words: Vec<OsString> = vec!["build".into(), "--ui".into(), "plain".into()];
        words.extend(self.deciding.iter().cloned());
        words.extend(wanted.force.then(|| "--force".into()));
        words.extend(wanted.keep_going.then(|| "--keep-going".into()));
        words.extend(wanted.decide.iter().flat_map(|one| ["--decide".into(), one.into()]));
        words.push("--".into());
        words.extend(wanted.targets.iter().map(OsString::from));
        let started = self.command(words).and_then(|command| self.builds.start(command, wanted.targets));
        started.map(|value| Answer::json(202, &value)).map_err(|error| Answer::wrong(500, &format!("cannot start a build: {error}")))
    }

    fn build(&self, id: &str, show: &dyn Fn(Value) -> Answer) -> Answer {
        id.parse().ok().and_then(|id| self.builds.one(id)).map_or_else(|| no_build(id), show)
    }

    fn end(&self, id: &str) -> Option<Value> {
        id.parse().ok().and_then(|id| self.builds.end(id))
    }

    fn look(&self, words: &[&str]) -> Answer {
        let deciding = matches!(words[0], "explain" | "decisions").then_some(&self.deciding);
        let (first, rest) = words.split_at(1);
        let words = first.iter().map(OsString::from).chain(deciding.into_iter().flatten().cloned()).chain(rest.iter().map(OsString::from));
        self.ask(words).unwrap_or_else(|error| Answer::wrong(500, &format!("cannot start orket: {error}")))
    }

    /// Lets another orket answer in JSON.
    fn ask(&self, words: impl IntoIterator<Item = OsString>) -> io::Result<Answer> {
        let output = self.command(words)?.stdin(Stdio::null()).output()?;
        let status = match output.status.code() {
            Some(0) => 200,
            Some(2) => 409,
            Some(4) => 404,
            _ => 500,
        };
        Ok(match serde_json::from_slice::<Value>(&output.stdout) {
            Ok(value) => Answer::json(status, &value),
            Err(_) => Answer::wrong(status.max(404), String::from_utf8_lossy(&output.stderr).trim()),
        })
    }

    fn command(&self, words: impl IntoIterator<Item = OsString>) -> io::Result<Command> {
        let mut command = own_command()?;
        command.current_dir(&self.folder).args(&self.words).args(words);
        Ok(command)
    }
}

fn no_build(id: &str) -> Answer {
    Answer::wrong(404, &format!("there is no build `{id}`; builds are known while the server runs, and runs in `runs`"))
}
