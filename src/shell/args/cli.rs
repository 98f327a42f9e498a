//! The line as a whole, and the commands: one enum.

use std::ffi::OsString;
use std::mem::ManuallyDrop;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::affected::AffectedArgs;
use super::build::BuildArgs;
use super::cache::CacheCommand;
use super::check::CheckArgs;
use super::churn::ChurnArgs;
use super::completions::CompletionsArgs;
use super::deciding::DecidingArgs;
use super::explain::ExplainArgs;
use super::fmt::FmtArgs;
use super::global::GlobalArgs;
use super::graph::GraphArgs;
use super::hooks::HooksCommand;
use super::init::InitArgs;
use super::query::QueryArgs;
use super::report::ReportArgs;
use super::roadmap::RoadmapCommand;
use super::run::RunArgs;
use super::runs::RunsCommand;
use super::serve::ServeArgs;
use super::smoke::SmokeArgs;
use super::watch::WatchArgs;

/// A declarative, build-tool style task runner whose rules are run, not believed.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "orket",
    version,
    max_term_width = 100,
    after_help = "Without a command, orket lists what there is; it never starts a build by accident."
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// The command; none means `list`.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// Reads what was typed, if it is a build and nothing about it is wrong or asked. For that only this command has to be described: to
    /// describe them all takes a good part of a small build in which there is nothing to do.
    pub fn of_build(words: &[OsString]) -> Option<Cli> {
        if !words.iter().any(|word| word == "build") {
            return None;
        }
        // It is not taken down again piece by piece before the work begins.
        let mut described = ManuallyDrop::new(Line::command());
        let mut matches = described.try_get_matches_from_mut(words).ok()?;
        let Line { global, command: Short::Build(args) } = Line::from_arg_matches_mut(&mut matches).ok()?;
        Some(Cli { global, command: Some(Command::Build(args)) })
    }
}

/// The line of a build: as [`Cli`], with one command.
#[derive(Parser)]
#[command(name = "orket")]
struct Line {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Short,
}

/// The one command.
#[derive(Subcommand)]
enum Short {
    Build(BuildArgs),
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Build targets and what they need.
    #[command(after_help = "Without a target: the project's default, else everything that is not private.")]
    Build(BuildArgs),
    /// Build what a target needs, then run it in the foreground with the terminal.
    #[command(after_help = "Example: orket run serve -- --port 8080")]
    Run(RunArgs),
    /// Build, then build again on each change, until Ctrl-C.
    #[command(after_help = "\
A change ends a build that rests on what was changed, and begins the next one.
Example: orket watch app/test")]
    Watch(WatchArgs),
    /// Let the gates judge: the rules of the project, run.
    #[command(after_help = "\
Exit status: 0 all hold, 1 something was found, 3 a gate could not judge.
Example: orket check --stage pre_commit --changed")]
    Check(CheckArgs),
    /// Write what is not there yet: a manifest that fits the project, a workflow, a gate.
    #[command(after_help = "Example: orket init && orket build")]
    Init(InitArgs),
    /// Let gates judge what is about to be committed: the index, not the work tree.
    #[command(after_help = "\
Exit status of `run`: 0 all hold, 1 something was found, 2 the manifest is wrong or not in the index, 3 a gate could not judge.
Example: orket hooks install")]
    Hooks {
        /// What to do.
        #[command(subcommand)]
        command: HooksCommand,
    },
    /// List what there is: rocks, epics, tasks, gates and services.
    List,
    /// Show the graph of targets.
    Graph(GraphArgs),
    /// List the targets that are reached from what changed since a revision.
    #[command(after_help = "\
Compared are the files of the revision and those of the work tree, committed or not.
Example: orket affected --since origin/main")]
    Affected(AffectedArgs),
    /// Ask the graph a question.
    #[command(after_help = "\
Functions: deps(x), rdeps(x), somepath(a,b), allpaths(a,b), inputs(x), outputs(x), kind(gate, x), tag(ci, x), affected(REV)
Set operators: + (either) - (without) & (both)
deps(x) and rdeps(x) hold x itself; kind, tag, inputs and outputs look into rocks and epics too.
Example: orket query 'deps(ship) & rdeps(app)'")]
    Query(QueryArgs),
    /// Say why a target would run, or why it ran last time.
    Explain(ExplainArgs),
    /// Show who decides: every seam, its strategy, and where that choice came from.
    #[command(after_help = "Example: orket decisions --strategy planner=fifo")]
    Decisions(DecidingArgs),
    /// Look at past runs.
    Runs {
        /// What to look at; nothing means `list`.
        #[command(subcommand)]
        command: Option<RunsCommand>,
    },
    /// Look after the content store.
    Cache {
        /// What to do.
        #[command(subcommand)]
        command: CacheCommand,
    },
    /// Say how often files change, who changes them, and what changes together.
    #[command(after_help = "\
Reads the git history that is checked out; needs no manifest. Merges are not counted.
With --no-renames, each row equals the sum of `git log --numstat --no-merges --no-renames -- DIR`.
Example: orket churn --scope src --top 20 --since 90d")]
    Churn(ChurnArgs),
    /// Write a page of a run: timeline, critical path, reasons, gates, decisions.
    Report(ReportArgs),
    /// Run the steps of a release, and report on each.
    #[command(after_help = "\
The steps are those of the gates of kind release_smoke; the report is kept as benchmarks/results/DATE_release_smoke.json.
Example: orket smoke --skip image")]
    Smoke(SmokeArgs),
    /// Look after roadmaps: what documents claim, and whether it holds.
    Roadmap {
        /// What to do.
        #[command(subcommand)]
        command: RoadmapCommand,
    },
    /// Serve the project as pages and as JSON, for this machine alone
    Serve(ServeArgs),
    /// Tidy the manifest.
    Fmt(FmtArgs),
    /// Check the set-up of this machine and this checkout.
    Doctor,
    /// Print a script that completes commands, flags and targets in a shell.
    #[command(after_help = "\
To turn it on, add a line to the shell's own start file:
  bash  source <(orket completions bash)
  zsh   source <(orket completions zsh)     behind compinit
  fish  orket completions fish | source")]
    Completions(CompletionsArgs),
    /// Print the man page.
    Man,
    /// One of orket's own tools, for the tool strategy `portable`.
    #[command(hide = true)]
    Tool {
        /// The tool and its words.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<std::ffi::OsString>,
    },
}
