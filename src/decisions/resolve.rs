//! Which strategy fills each seam, and who said so.

use serde::Serialize;

use super::seam::{Brought, Kind};
use super::{Options, Registry, Seam};
use crate::base::{Place, did_you_mean, quantity};
use crate::model::{Rule, RuleOption, RuleValue, UserStrategy};

/// Where a choice came from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// `process_rules`, here.
    ProcessRules(Place),
    /// The seam's variable.
    Environment,
    /// `--strategy`.
    CommandLine,
}

impl Origin {
    /// Returns the word that output uses.
    pub fn word(&self) -> &'static str {
        match self {
            Origin::Default => "default",
            Origin::ProcessRules(_) => "process_rules",
            Origin::Environment => "environment",
            Origin::CommandLine => "command_line",
        }
    }

    /// Returns where it was written, if in a manifest.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Origin::ProcessRules(place) => Some(place),
            _ => None,
        }
    }
}

/// Which strategy fills a seam.
#[derive(Clone, PartialEq, Debug)]
pub struct Choice {
    /// The seam.
    pub seam: Seam,
    /// The strategy's name.
    pub strategy: String,
    /// Who said so.
    pub origin: Origin,
    /// What it is told.
    pub options: Options,
    /// All names that could have been said.
    pub alternatives: Vec<String>,
}

impl Choice {
    /// Returns where the choice was said: a place in a manifest, a variable, or a flag; `None` for a default.
    pub fn said(&self) -> Option<String> {
        match &self.origin {
            Origin::Default => None,
            Origin::ProcessRules(place) => Some(place.to_string()),
            Origin::Environment => Some(self.seam.variable()),
            Origin::CommandLine => Some(String::from("--strategy")),
        }
    }
}

/// Returns the value of a variable, if it is set.
pub type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// All that is said about the choices, highest first.
#[derive(Clone, Copy, Default)]
pub struct Given<'a> {
    /// `--strategy SEAM=NAME`, each as it was typed.
    pub command_line: &'a [String],
    /// The value of a variable, if it is set.
    pub variable: Option<&'a Variables<'a>>,
    /// `process_rules` of `orket.local.kdl`.
    pub local: &'a [Rule],
    /// `process_rules`.
    pub rules: &'a [Rule],
    /// `strategy` nodes.
    pub strategies: &'a [UserStrategy],
    /// What an embedder brought.
    pub registry: Option<&'a Registry>,
}

/// Something that was said and cannot be followed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// What is wrong, as a lower-case sentence.
    pub message: String,
    /// Where, if in a manifest.
    pub place: Option<Place>,
    /// What to do.
    pub help: String,
}

impl Mistake {
    fn at(place: Option<&Place>, message: String, help: String) -> Mistake {
        Mistake { message, place: place.cloned(), help }
    }

    fn unknown(what: &str, name: &str, inside: &str, place: Option<&Place>, known: &[&str]) -> Mistake {
        let help = match did_you_mean(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? There are: {}", known.join(", ")),
            None if known.is_empty() => String::from("take it out"),
            None => format!("there are: {}", known.join(", ")),
        };
        Mistake::at(place, format!("there is no {what} `{name}`{inside}"), help)
    }
}

/// Returns which strategy fills each seam, in the order of [`Seam::ALL`].
///
/// # Errors
/// Everything that was said and cannot be followed; nothing falls back to `default` in silence.
pub fn resolve(given: &Given<'_>) -> Result<Vec<Choice>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let names: Vec<&str> = Seam::ALL.iter().map(|seam| seam.name()).collect();
    let keys: Vec<&str> = Seam::ALL.iter().map(|seam| seam.key()).collect();
    for rule in given.local.iter().chain(given.rules).filter(|rule| !keys.contains(&&*rule.key)) {
        mistakes.push(Mistake::unknown("seam", &rule.key, " in `process_rules`", Some(&rule.place), &keys));
    }
    for strategy in given.strategies {
        match Seam::find(&strategy.seam) {
            None => mistakes.push(Mistake::unknown("seam", &strategy.seam, "", Some(&strategy.place), &names)),
            Some(seam) if seam.brought().iter().any(|brought| *brought.name == *strategy.name) => mistakes.push(Mistake::at(
                Some(&strategy.place),
                format!("`{}` of {} is orket's own", strategy.name, seam.name()),
                String::from("choose another name"),
            )),
            Some(Seam::LoaderStrategy) => mistakes.push(Mistake::at(
                Some(&strategy.place),
                String::from("loader_strategy is asked before the manifest is read, and cannot be answered by what stands in it"),
                String::from("an embedder can bring one: `Registry::register`"),
            )),
            Some(_) => {}
        }
    }
    let mut typed: Vec<(Seam, &str)> = Vec::new();
    for text in given.command_line {
        match text.split_once('=').map(|(seam, name)| (Seam::find(seam.trim()), seam, name.trim())) {
            Some((Some(seam), _, name)) if typed.iter().any(|(one, other)| *one == seam && *other != name) => {
                let other = typed.iter().find(|(one, _)| *one == seam).map_or(name, |(_, other)| other);
                mistakes.push(Mistake::at(
                    None,
                    format!("{} is to be `{other}` and `{name}` (--strategy)", seam.name()),
                    String::from("say it once"),
                ));
            }
            Some((Some(seam), _, name)) if !name.is_empty() => typed.push((seam, name)),
            Some((None, seam, _)) => mistakes.push(Mistake::unknown("seam", seam, "", None, &names)),
            _ => mistakes.push(Mistake::at(
                None,
                format!("`--strategy {text}` says nothing"),
                String::from("write it as `--strategy planner=fifo`"),
            )),
        }
    }
    let choices: Vec<Choice> = Seam::ALL.into_iter().map(|seam| choose(seam, given, &typed, &mut mistakes)).collect();
    if mistakes.is_empty() { Ok(choices) } else { Err(mistakes) }
}

fn choose(seam: Seam, given: &Given<'_>, typed: &[(Seam, &str)], mistakes: &mut Vec<Mistake>) -> Choice {
    let mut alternatives: Vec<String> = seam.brought().iter().map(|brought| brought.name.to_owned()).collect();
    alternatives.extend(given.strategies.iter().filter(|own| *own.seam == *seam.name()).map(|own| own.name.to_string()));
    alternatives.extend(given.registry.into_iter().flat_map(|registry| registry.names(seam)));
    let of = |rules: &'_ [Rule]| rules.iter().find(|rule| *rule.key == *seam.key()).cloned();
    let (local, project) = (of(given.local), of(given.rules));
    let variable = given.variable.and_then(|variable| variable(&seam.variable())).filter(|value| !value.trim().is_empty());
    // Options belong to the strategy that they were written for; the lesser origins are checked, too.
    let written: Vec<&Rule> = local.iter().chain(&project).collect();
    for rule in &written {
        let place = &rule.place;
        if !alternatives.contains(&rule.strategy.to_string()) {
            mistakes.push(unknown_strategy(seam, &rule.strategy, Some(place), &alternatives));
        } else if let Some(brought) = seam.brought().iter().find(|brought| *brought.name == *rule.strategy) {
            mistakes.extend(rule.options.iter().filter_map(|option| wrong_option(brought, option)));
        }
    }
    let (strategy, origin) = if let Some((_, name)) = typed.iter().rev().find(|(one, _)| *one == seam) {
        ((*name).to_owned(), Origin::CommandLine)
    } else if let Some(value) = variable {
        (value.trim().to_owned(), Origin::Environment)
    } else if let Some(rule) = written.first() {
        (rule.strategy.to_string(), Origin::ProcessRules(rule.place.clone()))
    } else {
        (String::from("default"), Origin::Default)
    };
    if matches!(origin, Origin::CommandLine | Origin::Environment) && !alternatives.contains(&strategy) {
        let mut mistake = unknown_strategy(seam, &strategy, None, &alternatives);
        let from = if origin == Origin::Environment { seam.variable() } else { String::from("--strategy") };
        mistake.message.push_str(&format!(" ({from})"));
        mistakes.push(mistake);
    }
    if let (Origin::ProcessRules(place), Seam::LoaderStrategy, Some(_)) = (&origin, seam, &local) {
        mistakes.push(Mistake::at(
            Some(place),
            String::from("`loader_strategy_node` decides whether this file is read, and cannot stand in it"),
            String::from("move it to orket.kdl, or set ORKET_LOADER_STRATEGY_NODE"),
        ));
    }
    let told = written.iter().find(|rule| *rule.strategy == *strategy);
    let options = told.map(|rule| rule.options.iter().map(|option| (option.name.to_string(), option.value.clone())).collect());
    Choice { seam, strategy, origin, options: Options(options.unwrap_or_default()), alternatives }
}

fn unknown_strategy(seam: Seam, name: &str, place: Option<&Place>, known: &[String]) -> Mistake {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Mistake::unknown("strategy", name, &format!(" for {}", seam.name()), place, &known)
}

fn wrong_option(brought: &Brought, option: &RuleOption) -> Option<Mistake> {
    let known: Vec<&str> = brought.options.iter().map(|(name, _)| *name).collect();
    let Some((_, kind)) = brought.options.iter().find(|(name, _)| **name == *option.name) else {
        let inside = format!(" for the strategy `{}`", brought.name);
        return Some(Mistake::unknown("option", &option.name, &inside, Some(&option.place), &known));
    };
    let (fits, wanted) = match (kind, &option.value) {
        (Kind::Count, RuleValue::Whole(number)) => (*number >= 1, "a whole number from 1 on"),
        (Kind::Count, _) => (false, "a whole number from 1 on"),
        (Kind::Duration, RuleValue::Text(text)) => (quantity::duration(text).is_some(), "a duration such as \"5ms\""),
        (Kind::Duration, _) => (false, "a duration such as \"5ms\""),
        (Kind::Size, RuleValue::Text(text)) => (quantity::size(text).is_some(), "a size such as \"20GiB\""),
        (Kind::Size, _) => (false, "a size such as \"20GiB\""),
        (Kind::Text, value) => (matches!(value, RuleValue::Text(_)), "a text"),
    };
    let message = format!("the option `{}` takes {wanted}", option.name);
    (!fits).then(|| Mistake::at(Some(&option.place), message, String::from("correct the value, or take it out")))
}
