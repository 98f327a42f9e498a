//! From what was typed to the command that does it, and from how that ended to an exit status.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};

use super::{crash, man};
use crate::commands::{self, Failure, Ui};
use crate::decisions::Registry;
use crate::engine::Surroundings;
use crate::process::{end_with_starter, survive_size_limit};
use crate::report::chars::shell_word;
use crate::serve::serve;
use crate::shell::{Cli, Color, Command, Exit, complete};

/// Runs the program: reads the command line, does what it says, returns how it ended.
pub fn main() -> Exit {
    crash::guarded(dispatch)
}

fn dispatch() -> Exit {
    if complete::answered() {
        return Exit::Holds;
    }
    end_with_starter();
    survive_size_limit();
    let cli = parse();
    let variables: Vec<_> = std::env::vars_os().collect();
    let set = |name: &str| variables.iter().any(|(key, value)| key == name && !value.is_empty());
    let dumb = variables.iter().any(|(key, value)| key == "TERM" && value == "dumb");
    let color = |terminal: bool| match cli.global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto if variables.iter().any(|(key, value)| key == "CLICOLOR_FORCE" && !value.is_empty() && value != "0") => true,
        Color::Auto => terminal && !dumb,
    };
    let filter = variables.iter().find(|(name, value)| name == "ORKET_LOG" && !value.is_empty());
    let filter = filter.map(|(_, value)| tracing_subscriber::EnvFilter::try_new(value.to_string_lossy()).map_err(|error| (value, error)));
    let misled = match filter {
        Some(Ok(filter)) => {
            let _ = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr).try_init();
            None
        }
        Some(Err((value, error))) => {
            let value = value.to_string_lossy();
            Some(Failure::Wrong(format!("ORKET_LOG is `{value}`: {error}\nhint: it takes a filter such as `debug` or `orket::run=debug`")))
        }
        None => None,
    };
    let columns = variables
        .iter()
        .find(|(key, _)| key == "COLUMNS")
        .and_then(|(_, value)| value.to_str()?.parse().ok())
        .filter(|columns| *columns > 0);
    let (width, height) = Ui::terminal().unwrap_or((80, 24));
    let here = std::env::current_dir().unwrap_or_else(|_| ".".into());
    let ui = Ui {
        called: called(&cli),
        json: cli.global.json,
        color_out: color(std::io::stdout().is_terminal()),
        color_err: color(std::io::stderr().is_terminal()),
        width: columns.unwrap_or(width),
        height,
        fixed_width: columns.is_some(),
        live: std::io::stderr().is_terminal() && !dumb,
        surroundings: Surroundings {
            folder: cli.global.directory.as_ref().map_or(here.clone(), |folder| here.join(folder)),
            manifest: cli.global.manifest.clone(),
            variables,
            strategies: match &cli.command {
                Some(Command::Build(args)) => args.deciding.strategies(),
                Some(Command::Watch(args)) => args.build.deciding.strategies(),
                Some(Command::Run(args)) => args.deciding.strategies(),
                Some(Command::Explain(args)) => args.deciding.strategies(),
                Some(Command::Decisions(args)) => args.strategies(),
                Some(Command::Serve(args)) => args.strategy.clone(),
                _ => Vec::new(),
            },
            registry: Registry::default(),
        },
        unwritten: Arc::default(),
    };
    let done = || match cli.command.as_ref().unwrap_or(&Command::List) {
        Command::Build(args) => commands::build(&ui, args),
        Command::Watch(args) => commands::watch(&ui, args, &build_words()),
        Command::Run(args) => commands::run(&ui, args),
        Command::List => commands::list(&ui),
        Command::Graph(args) => commands::graph(&ui, args),
        Command::Affected(args) => commands::affected(&ui, args),
        Command::Query(args) => commands::query(&ui, args),
        Command::Explain(args) => commands::explain(&ui, args),
        Command::Decisions(args) => commands::decisions(&ui, args),
        Command::Tool { words } => commands::tool(&ui, words),
        Command::Runs { command } => commands::runs(&ui, command.as_ref()),
        Command::Cache { command } => commands::cache(&ui, command),
        Command::Report(args) => commands::report(&ui, args),
        Command::Smoke(args) => commands::smoke(&ui, args),
        Command::Roadmap { command } => commands::roadmap(&ui, command),
        Command::Check(args) => commands::check(&ui, args),
        Command::Init(args) => commands::init(&ui, args),
        Command::Hooks { command } => commands::hooks(&ui, command),
        Command::Churn(args) => commands::churn(&ui, args),
        Command::Serve(args) => serve(&ui, args, &global_words(&cli)),
        Command::Fmt(args) => commands::fmt(&ui, args),
        Command::Doctor => commands::doctor(&ui),
        Command::Completions(args) => {
            ui.out(&complete::script(args.shell));
            Ok(())
        }
        Command::Man => man::page().map(|page| ui.out(&page)).map_err(|error| Failure::Broken(error.to_string())),
    };
    let result = misled.map_or_else(done, Err);
    let said = |text: String, exit: Exit| {
        if ui.json && ui.unwritten().is_none() {
            // Problems of a manifest are JSON already.
            let mut value = serde_json::from_str(&text).unwrap_or_else(|_| {
                let text = text.strip_prefix("error: ").unwrap_or(&text);
                serde_json::json!({ "version": 1, "error": { "message": text } })
            });
            value["exit"] = exit.code().into();
            ui.out_json(&value);
            return exit;
        }
        // The mistakes of a manifest say so themselves, in colour maybe.
        let told = text.starts_with("error") || text.starts_with('{') || text.lines().next().is_some_and(|line| line.contains("error["));
        ui.say(&if told { text } else { format!("error: {text}") });
        exit
    };
    let result = match (result, ui.unwritten()) {
        (Ok(()) | Err(Failure::Failed), Some(why)) => Err(Failure::Broken(format!("cannot write the result: {why}"))),
        (result, _) => result,
    };
    match result {
        Ok(()) => Exit::Holds,
        Err(Failure::Failed) => Exit::Failed,
        Err(Failure::Unheld(text)) => said(text, Exit::Failed),
        Err(Failure::Wrong(text)) => said(text, Exit::Wrong),
        Err(Failure::Broken(text)) => said(text, Exit::Broken),
        Err(Failure::NoTarget(text)) => said(text, Exit::NoTarget),
        Err(Failure::Refused(text)) => said(text, Exit::Refused),
        Err(Failure::Exit(code)) => Exit::Program(code),
    }
}

/// Reads the command line. What it may say is described at length, and is not taken down again piece by piece before the work begins.
fn parse() -> Cli {
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some(cli) = Cli::of_build(&words) {
        return cli;
    }
    let mut command = ManuallyDrop::new(Cli::command());
    let mut matches = command.try_get_matches_from_mut(words).unwrap_or_else(|error| error.exit());
    Cli::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.format(&mut command).exit())
}

/// Returns how orket was called, up to the command, so that what is said to do next works where it was typed.
fn called(cli: &Cli) -> String {
    let words = global_words(cli);
    std::iter::once("orket".into()).chain(words.iter().map(|word| shell_word(&word.to_string_lossy()))).collect::<Vec<_>>().join(" ")
}

/// Returns `-C` and `-f` as they were given.
fn global_words(cli: &Cli) -> Vec<OsString> {
    let given = [("-C", &cli.global.directory), ("-f", &cli.global.manifest)];
    given.into_iter().flat_map(|(flag, path)| path.iter().flat_map(move |path| [flag.into(), path.into()])).collect()
}

/// Returns what was typed behind `orket`, with `build` for `watch`.
fn build_words() -> Vec<OsString> {
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let takes_value = |word: &OsString| matches!(word.to_str(), Some("-C" | "--directory" | "-f" | "--file" | "--color"));
    let mut value = false;
    for word in &mut words {
        let is_value = std::mem::replace(&mut value, takes_value(word));
        if !is_value && word == "watch" {
            *word = "build".into();
            break;
        }
    }
    words
}
