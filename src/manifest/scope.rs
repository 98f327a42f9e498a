//! `{{scope.name}}`: filled where it is known while loading, left open where it is not.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::settings::{Ports, port_name};
use crate::base::{Address, RelPath, did_you_mean};
use crate::model::{Part, Scope, Text};

const UNKNOWN: &str = "manifest/unknown_name";

/// What is known of a task, in the order of [`Scopes::task`].
const TASK: [&str; 2] = ["address", "name"];

/// How many bytes a text may have when it is filled: names in names grow fast.
const LONGEST: usize = 16 << 20;
/// So many wrong holes of one text are told.
const MOST_WRONG: usize = 10;

/// Why a hole of a text cannot be filled.
#[derive(Debug)]
pub(super) struct Unfilled {
    /// `manifest/unknown_name`
    pub code: &'static str,
    /// What is unknown, in a sentence.
    pub message: String,
    /// What to write.
    pub hint: String,
    /// The hole as it is written, with its braces; one that is not closed reaches to the end.
    pub hole: String,
}

/// The names that are known while loading, by scope.
#[derive(Clone, Default)]
pub(super) struct Scopes {
    /// Shared by all that is declared where no name is added.
    known: Arc<BTreeMap<String, BTreeMap<String, Text>>>,
    /// Each task has its own: `task.address` and `task.name`.
    task: Option<(Address, Box<str>)>,
    /// What templates are given, as patterns: the manifest may write one, in which what a hole comes to stands for itself.
    patterns: Arc<BTreeMap<String, Text>>,
    /// The ports of all services; `None` where they are not known by name.
    pub ports: Option<Arc<Ports>>,
    /// The package, whose ports come first.
    pub package: RelPath,
}

impl Scopes {
    pub fn set(&mut self, scope: &str, name: &str, value: impl Into<String>) {
        Arc::make_mut(&mut self.known).entry(scope.to_owned()).or_default().insert(name.to_owned(), Text::literal(value.into()));
    }

    /// Returns the same for another thread.
    pub fn apart(&self) -> Scopes {
        let ports = self.ports.as_deref().map(|ports| Arc::new(ports.clone()));
        Scopes { known: Arc::new(BTreeMap::clone(&self.known)), ports, ..self.clone() }
    }

    /// Sets `task.name` and `task.address`.
    pub fn set_task(&mut self, name: &str, address: &Address) {
        self.task = Some((address.clone(), name.into()));
    }

    /// Forgets a scope: one of the same name begins.
    pub fn forget(&mut self, scope: &str) {
        if self.known.contains_key(scope) {
            Arc::make_mut(&mut self.known).remove(scope);
        }
    }

    /// Sets what a template is given, of which some may only be known later: as a text, and as a pattern.
    pub fn set_param(&mut self, name: &str, value: Text, pattern: Text) {
        if pattern != value {
            Arc::make_mut(&mut self.patterns).insert(name.to_owned(), pattern);
        } else if self.patterns.contains_key(name) {
            Arc::make_mut(&mut self.patterns).remove(name);
        }
        Arc::make_mut(&mut self.known).entry(String::from("param")).or_default().insert(name.to_owned(), value);
    }

    /// Fills a text.
    ///
    /// # Errors
    /// All holes that cannot be filled, up to 10.
    pub fn fill(&self, text: &str) -> Result<Text, Vec<Unfilled>> {
        self.filled(text, |scopes, hole| scopes.hole(hole))
    }

    /// As `fill`, for a pattern: what a hole comes to is the name of a file or a part of one, whatever characters it has. A template's parameter
    /// is what the manifest gives it, which may be a pattern.
    ///
    /// # Errors
    /// As `fill`.
    pub fn fill_pattern(&self, text: &str) -> Result<Text, Vec<Unfilled>> {
        self.filled(text, |scopes, hole| match hole.split_once('.') {
            Some(("param", name)) => match scopes.patterns.get(name) {
                Some(pattern) => Ok(pattern.parts().to_vec()),
                None => scopes.hole(hole),
            },
            _ => Ok(scopes.hole(hole)?.into_iter().map(Part::as_pattern).collect()),
        })
    }

    fn filled(&self, text: &str, fill: impl Fn(&Scopes, &str) -> Result<Vec<Part>, (String, String)>) -> Result<Text, Vec<Unfilled>> {
        if !text.contains("{{") {
            return Ok(Text::literal(text));
        }
        let (mut parts, mut wrong, mut length) = (Vec::new(), Vec::new(), text.len());
        let mut rest = text;
        while let Some(at) = rest.find("{{").filter(|_| wrong.len() < MOST_WRONG) {
            parts.push(Part::Literal(rest[..at].into()));
            let hole = &rest[at..];
            rest = &hole[2..];
            if let Some(behind) = rest.strip_prefix("{{") {
                parts.push(Part::Literal("{{".into()));
                rest = behind;
                continue;
            }
            let Some(end) = rest.find("}}") else {
                wrong.push(Unfilled {
                    code: UNKNOWN,
                    message: String::from("`{{` is not closed"),
                    hint: String::from("close it with `}}`, or write `{{{{` for a literal `{{`"),
                    hole: hole.to_owned(),
                });
                break;
            };
            let written = || hole[..end + 4].to_owned();
            match fill(self, rest[..end].trim()) {
                Ok(filled) => {
                    length += filled.iter().map(Part::size).sum::<usize>();
                    parts.extend(filled);
                }
                Err((message, hint)) => wrong.push(Unfilled { code: UNKNOWN, message, hint, hole: written() }),
            }
            if length > LONGEST {
                return Err(vec![Unfilled {
                    code: "manifest/too_much_text",
                    message: format!("filled in, this text is longer than {} MiB", LONGEST >> 20),
                    hint: String::from("put what is long into a file, and name the file"),
                    hole: written(),
                }]);
            }
            rest = &rest[end + 2..];
        }
        parts.push(Part::Literal(rest.into()));
        if wrong.is_empty() { Ok(Text::from_parts(parts)) } else { Err(wrong) }
    }

    fn hole(&self, inside: &str) -> Result<Vec<Part>, (String, String)> {
        let Some((scope, name)) = inside.split_once('.') else {
            return Err((
                format!("`{{{{{inside}}}}}` names no scope"),
                String::from("write it as `{{scope.name}}`; for a literal `{{` write `{{{{`"),
            ));
        };
        let open = match scope {
            "env" => Some(Scope::Env),
            "decision" => Some(Scope::Decision),
            "port" => Some(Scope::Port),
            "run" => Some(Scope::Run),
            _ => None,
        };
        match (scope, name, &self.task) {
            ("task", "address", Some((address, _))) => return Ok(vec![Part::Literal(address.as_str().into())]),
            ("task", "name", Some((_, name))) => return Ok(vec![Part::Literal(name.clone())]),
            _ => {}
        }
        if let Some(value) = self.known.get(scope).and_then(|names| names.get(name)) {
            return Ok(value.parts().to_vec());
        }
        match open {
            Some(Scope::Port) => {
                let name = match &self.ports {
                    Some(ports) => ports.find(name, &self.package)?,
                    None => port_name(&self.package, name),
                };
                return Ok(vec![Part::Hole(Scope::Port, name.into())]);
            }
            Some(Scope::Run) if !matches!(name, "id" | "scratch") => {
                return Err((format!("`run` has no `{name}`"), String::from("it has `run.id` and `run.scratch`")));
            }
            Some(open) => return Ok(vec![Part::Hole(open, name.into())]),
            None => {}
        }
        let names: Option<Vec<&str>> = match &self.task {
            Some(_) if scope == "task" => Some(TASK.to_vec()),
            _ => self.known.get(scope).map(|names| names.keys().map(String::as_str).collect()),
        };
        match names {
            Some(names) => {
                let known: Vec<String> = names.iter().map(|name| format!("`{scope}.{name}`")).collect();
                let hint = did_you_mean(name, names.iter().copied())
                    .map_or_else(|| format!("there is {}", known.join(", ")), |near| format!("did you mean `{scope}.{near}`?"));
                Err((format!("`{scope}` has no `{name}`"), hint))
            }
            None => {
                let mut scopes: Vec<&str> = self.known.keys().map(String::as_str).chain(self.task.iter().map(|_| "task")).collect();
                scopes.sort_unstable();
                scopes.extend(["env", "decision", "port", "run"]);
                let hint = did_you_mean(scope, scopes.iter().copied())
                    .map_or_else(|| format!("here there is {}", scopes.join(", ")), |near| format!("did you mean `{near}.{name}`?"));
                Err((format!("there is no scope `{scope}` here"), hint))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_filled_open_ones_stay_and_unknown_ones_are_told() {
        let mut scopes = Scopes::default();
        scopes.set("src", "stem", "app");
        assert_eq!(scopes.fill("dist/{{src.stem}}.js").unwrap(), Text::literal("dist/app.js"));
        assert_eq!(scopes.fill("{{ env.CC }} {{{{x}}").unwrap().to_string(), "{{env.CC}} {{x}}");
        assert_eq!(scopes.fill("$VAR ${VAR} }}").unwrap(), Text::literal("$VAR ${VAR} }}"));
        assert_eq!(scopes.fill("{{src.stm}}").unwrap_err()[0].hint, "did you mean `src.stem`?");
        assert_eq!(scopes.fill("{{sc.stem}}").unwrap_err()[0].hint, "did you mean `src.stem`?");
        assert_eq!(scopes.fill("{{{{ {{env.A}} {{src.stm }}").unwrap_err()[0].hole, "{{src.stm }}");
        let holes = scopes.fill("{{a}} {{src.stem}} {{b.c}} {{x").unwrap_err().into_iter().map(|wrong| wrong.hole).collect::<Vec<_>>();
        assert_eq!(holes, ["{{a}}", "{{b.c}}", "{{x"]);
    }

    #[test]
    fn a_text_that_grows_is_filled_in_time_or_not_at_all() {
        let long = |bytes: usize, holes: usize| {
            let mut scopes = Scopes::default();
            scopes.set("param", "x", "x".repeat(bytes));
            scopes.fill(&"{{param.x}}".repeat(holes))
        };
        // Quadratic joining would copy 100 GB here.
        assert_eq!(long(300, 30_000).unwrap().size(), 9_000_000);
        assert_eq!(long(1 << 20, 1_000_000).unwrap_err()[0].code, "manifest/too_much_text");
    }
}
