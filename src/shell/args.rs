//! What can be typed: one enum of commands, a struct for the flags of each.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use super::complete;
use crate::base::quantity;

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

/// Where the help of a command shows what every command takes.
const EVERYWHERE: &str = "Options of every command";

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
pub struct GlobalArgs {
    /// Work as if started in this folder.
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true, help_heading = EVERYWHERE, value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
    /// Read this manifest instead of looking for `orket.kdl` here and above.
    #[arg(short = 'f', long = "file", value_name = "MANIFEST", global = true, help_heading = EVERYWHERE, value_hint = ValueHint::FilePath)]
    pub manifest: Option<PathBuf>,
    /// Use colour: auto, always or never.
    #[arg(long, value_name = "WHEN", global = true, help_heading = EVERYWHERE, value_enum, default_value_t, hide_possible_values = true)]
    pub color: Color,
    /// Print the same facts as JSON.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
}

/// How somebody decides on the command line.
#[derive(Clone, Debug, Default, Args)]
pub struct DecidingArgs {
    /// Choose a value for a decision, whatever its conditions say; wins over ORKET_DECISION_NAME.
    #[arg(long, value_name = "NAME=VALUE")]
    pub decide: Vec<String>,
    /// Let this strategy fill a seam, such as `planner=fifo`; `orket decisions` shows what there is.
    #[arg(long, value_name = "SEAM=NAME")]
    pub strategy: Vec<String>,
}

/// What `build` takes.
#[derive(Clone, Debug, Default, Args)]
pub struct BuildArgs {
    /// Names, addresses or globs of rocks, epics, tasks and gates.
    #[arg(value_name = "TARGET", add = complete::buildable())]
    pub targets: Vec<String>,
    /// Run at most N tasks at once; wins over ORKET_JOBS.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// After a failure, go on with all that does not need what failed.
    #[arg(short, long)]
    pub keep_going: bool,
    /// After a failure, end what is running too.
    #[arg(long, conflicts_with = "keep_going")]
    pub fail_fast: bool,
    /// Exit 1 if a task passed only on a further attempt.
    #[arg(long)]
    pub fail_on_flaky: bool,
    /// Say what would run, and run nothing.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Show why tasks ran; twice: their starts and commands too.
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
    /// Show failures only.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say of each task why it runs.
    #[arg(long)]
    pub explain: bool,
    /// Run every task of the plan, even where nothing has changed.
    #[arg(long)]
    pub force: bool,
    /// Neither take results from the store nor put any there.
    #[arg(long)]
    pub no_cache: bool,
    /// Run also what is known, and fail each task whose outputs differ from those of another run of the same action.
    #[arg(long)]
    pub verify_determinism: bool,
    /// Who decides.
    #[command(flatten)]
    pub deciding: DecidingArgs,
    /// Run nothing, and exit with 1 if something is not fresh.
    #[arg(long, conflicts_with_all = ["force", "dry_run"])]
    pub check: bool,
    /// Build only what ended so in the last run: failed.
    #[arg(long, value_name = "WHICH", value_enum, hide_possible_values = true)]
    pub rerun: Option<Rerun>,
    /// Build only what is reached from what changed since this git revision.
    #[arg(long, value_name = "REV", value_hint = ValueHint::Other)]
    pub affected: Option<String>,
    /// Limit each attempt of a task that sets no timeout of its own, such as `90s` or `1h30m`.
    #[arg(long, value_name = "D", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Write a Chrome trace of the run.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub trace: Option<PathBuf>,
    /// Write the events of the run, one JSON object a line.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub events: Option<PathBuf>,
    /// Write a summary of the run as JSON.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub summary: Option<PathBuf>,
    /// Show progress as: auto, plain, live or json.
    #[arg(long, value_enum, default_value_t, value_name = "FACE", hide_possible_values = true)]
    pub ui: Ui,
}

/// What `watch` takes.
#[derive(Clone, Debug, Args)]
pub struct WatchArgs {
    /// What every build takes.
    #[command(flatten)]
    pub build: BuildArgs,
    /// Build nothing: only keep watch, so that builds in this checkout need not look at every file.
    #[arg(long, conflicts_with_all = ["targets", "force", "jobs"])]
    pub no_build: bool,
}

/// What `run` takes.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// The name or address of one task or service.
    #[arg(value_name = "TARGET", add = complete::runnable())]
    pub target: String,
    /// Words for the task: appended to its last `run`, or `"$@"` in its `sh`.
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<String>,
    /// Run at most N tasks at once while building what it needs; wins over ORKET_JOBS.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// Show why tasks ran; twice: their starts and commands too.
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
    /// Show failures only.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Who decides.
    #[command(flatten)]
    pub deciding: DecidingArgs,
}

impl RunArgs {
    /// Returns the flags as `build` would have them, with the one target.
    pub fn as_build(&self) -> BuildArgs {
        let deciding = self.deciding.clone();
        let targets = vec![self.target.clone()];
        BuildArgs { targets, jobs: self.jobs, verbose: self.verbose, quiet: self.quiet, deciding, ..BuildArgs::default() }
    }
}

/// What `graph` takes.
#[derive(Clone, Debug, Args)]
pub struct GraphArgs {
    /// Show only this target and what it needs; `imports` shows what source files import.
    #[arg(value_name = "TARGET", add = complete::any())]
    pub target: Option<String>,
    /// Of `imports`: list what could not be resolved.
    #[arg(long)]
    pub unresolved: bool,
    /// Draw it as: text, dot, mermaid, json or html; `--json` is short for `--format json`.
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: GraphFormat,
}

/// What `query` takes.
#[derive(Clone, Debug, Args)]
pub struct QueryArgs {
    /// The question, such as `deps(ship) - deps(app)`.
    #[arg(value_name = "EXPR", add = complete::question())]
    pub expression: String,
}

/// What `affected` takes.
#[derive(Clone, Debug, Args)]
pub struct AffectedArgs {
    /// The git revision to compare with, such as `HEAD`, `origin/main` or `v1.2`.
    #[arg(long, value_name = "REV", value_hint = ValueHint::Other)]
    pub since: String,
}

/// What `report` takes.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// The run's id, or its beginning; none means the last one.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Compare it with this run.
    #[arg(long, value_name = "RUN")]
    pub compare: Option<String>,
    /// Write the page here instead of `.orket/reports/RUN.html`.
    #[arg(long, visible_alias = "out", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

/// What `smoke` takes.
#[derive(Clone, Debug, Args)]
pub struct SmokeArgs {
    /// Run only this step; may be repeated.
    #[arg(long, value_name = "STEP")]
    pub only: Vec<String>,
    /// Leave this step out; may be repeated.
    #[arg(long, value_name = "STEP")]
    pub skip: Vec<String>,
    /// Write the report here.
    #[arg(long, visible_alias = "out", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

/// Commands of `roadmap`.
#[derive(Clone, Debug, Subcommand)]
pub enum RoadmapCommand {
    /// Run the claims.
    Check(RoadmapCheckArgs),
    /// List claims, and items with where they stand; nothing is run.
    List,
    /// Begin to work on an item: a note in the handoff file becomes active.
    Start {
        /// The item's id, such as `SHOP-12`.
        #[arg(value_name = "ITEM")]
        item: String,
    },
    /// Say that an item is done: it leaves the roadmap, and the changelog names it.
    Done {
        /// The item's id, such as `SHOP-12`.
        #[arg(value_name = "ITEM")]
        item: String,
    },
}

/// What `roadmap check` takes.
#[derive(Clone, Debug, Args)]
pub struct RoadmapCheckArgs {
    /// Write the numbers of today into the documents; nothing is taken from a command that failed.
    #[arg(long)]
    pub update: bool,
    /// Check only paths and quick commands.
    #[arg(long)]
    pub quick: bool,
}

/// What `check` takes.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Gates, or epics and rocks with gates in them; none means all.
    #[arg(value_name = "GATE", add = complete::any())]
    pub gates: Vec<String>,
    /// Only gates of this stage, and those that name none.
    #[arg(long, value_name = "STAGE", value_enum)]
    pub stage: Option<StageName>,
    /// Leave out the dear half of gates that have a cheap one.
    #[arg(long)]
    pub quick: bool,
    /// Count only findings in files that differ from a revision, committed or not.
    #[arg(long, value_name = "REV", num_args = 0..=1, default_missing_value = "HEAD", require_equals = true, value_hint = ValueHint::Other)]
    pub changed: Option<String>,
    /// How to print what was found.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub format: CheckFormat,
    /// Write to a file; standard error gets the text.
    #[arg(long, visible_alias = "out", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Let gates that are fixers write the files as they should be, before all gates judge.
    #[arg(long, conflicts_with = "update_baseline")]
    pub fix: bool,
    /// Write down today's findings as tolerated, and drop what is gone.
    #[arg(long, visible_alias = "update_baseline")]
    pub update_baseline: bool,
}

/// What `init` takes.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct InitArgs {
    /// Write a workflow for this host, with the gates before everything else.
    #[arg(long, value_name = "HOST", value_enum)]
    pub ci: Option<CiHost>,
    /// What to write; nothing means a manifest.
    #[command(subcommand)]
    pub command: Option<InitCommand>,
}

/// Hosts that run workflows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum CiHost {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
}

/// What `init` can write besides a manifest.
#[derive(Clone, Debug, Subcommand)]
pub enum InitCommand {
    /// Propose a gate that the code as it is holds to.
    Gate {
        /// The kind of gate: dependency_direction.
        #[arg(value_name = "KIND")]
        kind: String,
        /// Add it to orket.kdl instead of printing it.
        #[arg(long)]
        write: bool,
    },
}

/// What can be done with git's hooks.
#[derive(Clone, Debug, Subcommand)]
pub enum HooksCommand {
    /// Write the hooks `pre-commit`, `pre-merge-commit` and `pre-push`; hooks that are there run first.
    Install,
    /// Take these hooks away, and put those back that were there before.
    Uninstall,
    /// Check the index as a whole, manifest included, by the gates of a stage; `pre_push` checks the commits that git names on standard input.
    Run {
        /// The stage.
        #[arg(value_name = "STAGE", value_enum)]
        stage: StageName,
    },
}

/// When gates run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum StageName {
    /// Before a commit.
    #[value(name = "pre_commit", alias = "pre-commit")]
    PreCommit,
    /// Before a push.
    #[value(name = "pre_push", alias = "pre-push")]
    PrePush,
    /// In continuous integration.
    Ci,
}

/// Formats of `check`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum CheckFormat {
    /// For people.
    Text,
    /// Orket's own.
    Json,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
    /// JUnit's XML.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
}

/// What `explain` takes.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// The name or address of a target.
    #[arg(value_name = "TARGET", add = complete::any())]
    pub target: String,
    /// Who decides.
    #[command(flatten)]
    pub deciding: DecidingArgs,
}

/// What there is to see of past runs.
#[derive(Clone, Debug, Subcommand)]
pub enum RunsCommand {
    /// List past runs, the latest first.
    List,
    /// Show one run.
    Show {
        /// The run's id; the last run if left out.
        run: Option<String>,
    },
    /// Show what differs between two runs.
    Diff {
        /// The earlier run's id; the last run but one if left out.
        old: Option<String>,
        /// The later run's id; the last run if left out.
        new: Option<String>,
    },
    /// Print what the tasks of a run printed.
    Logs {
        /// The run's id; the last run if left out.
        run: Option<String>,
        /// Print only what this task printed.
        #[arg(long, value_name = "TARGET", add = complete::runnable())]
        target: Option<String>,
    },
}

/// What can be done with the content store.
#[derive(Clone, Debug, Subcommand)]
pub enum CacheCommand {
    /// Say how much the store holds, its limit, and where it is.
    Stats,
    /// Remove what was not used for longest, until the store is small enough.
    Gc {
        /// The size to keep, such as `2GiB`; if left out, the store's limit: ORKET_CACHE_LIMIT, else 20 GiB.
        #[arg(long, value_name = "SIZE", value_parser = size)]
        max_size: Option<u64>,
    },
    /// Check every entry against its digest, and exit with 1 on damage.
    Verify,
    /// Print the store's folder, and nothing else.
    Path,
    /// Remove everything from the store.
    Clear,
}

/// What `churn` takes.
#[derive(Clone, Debug, Default, Args)]
pub struct ChurnArgs {
    /// Count only what is in this folder, or this file.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub scope: Option<PathBuf>,
    /// Tell of the N files that were touched most; without it, text tells of 20, a page of 200, JSON of all.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub top: Option<usize>,
    /// Count only what was committed since a day (`2026-01-31`), a moment, or so long ago (`90d`).
    #[arg(long, value_name = "DATE")]
    pub since: Option<String>,
    /// Count every path for itself instead of following files through renames.
    #[arg(long)]
    pub no_renames: bool,
    /// Count functions, classes and methods in the N source files that were touched most; without it, in as many as cost little.
    #[arg(long, value_name = "N")]
    pub symbols: Option<usize>,
    /// Write to this file; in a folder, to `DATE_NAME_churn.json`.
    #[arg(long, visible_alias = "out", value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub output: Option<PathBuf>,
    /// Tell it as: text, json or html; otherwise as the file's name says; `--json` is short for `--format json`.
    #[arg(long, value_enum, hide_possible_values = true)]
    pub format: Option<ChurnFormat>,
}

/// What `serve` takes.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Listen on this port of 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// Let this strategy fill a seam, here and in builds that are started from here.
    #[arg(long, value_name = "SEAM=NAME")]
    pub strategy: Vec<String>,
}

/// What `fmt` takes.
#[derive(Clone, Debug, Args)]
pub struct FmtArgs {
    /// Change nothing, and exit with 1 if the manifest is not tidy.
    #[arg(long)]
    pub check: bool,
}

/// What `completions` takes.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// When colour is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Color {
    /// At a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise.
    #[default]
    Auto,
    /// Whatever the output is.
    Always,
    /// Not at all.
    Never,
}

/// How progress is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Ui {
    /// Live at a terminal, plain elsewhere.
    #[default]
    Auto,
    /// Stable lines, one a finished task.
    Plain,
    /// Finished lines scroll up, a few live lines stay at the bottom.
    Live,
    /// Events, one JSON object a line.
    Json,
}

/// What of the last run is built again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Rerun {
    /// What failed in the last run.
    Failed,
}

/// How a graph is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum GraphFormat {
    /// Indented lines.
    #[default]
    Text,
    /// For Graphviz.
    Dot,
    /// For Markdown pages that draw Mermaid.
    Mermaid,
    /// For machines.
    Json,
    /// A page of its own.
    Html,
}

/// How churn is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ChurnFormat {
    /// Tables.
    Text,
    /// For machines.
    Json,
    /// A page of its own.
    Html,
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a number from 1 on".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    quantity::duration(text).ok_or_else(|| "expected a duration such as `90s`, `10m` or `1h30m`".to_owned())
}

fn size(text: &str) -> Result<u64, String> {
    quantity::size(text).ok_or_else(|| "expected a size such as `500MiB` or `2GiB`".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Cli {
        Cli::try_parse_from(line.split_whitespace()).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    fn refusal(line: &str) -> (i32, String) {
        let error = Cli::try_parse_from(line.split_whitespace()).expect_err(line);
        (error.exit_code(), error.to_string())
    }

    #[test]
    fn the_table_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn nothing_typed_is_no_command() {
        assert!(parse("orket").command.is_none());
        assert!(parse("orket --json").global.json);
        assert!(matches!(parse("orket runs").command, Some(Command::Runs { command: None })));
    }

    #[test]
    fn flags_of_every_command_stand_anywhere() {
        for line in ["orket -C a -f b --color never list --json", "orket list -C a --color never -f b --json"] {
            let global = parse(line).global;
            assert_eq!((global.directory, global.manifest), (Some("a".into()), Some("b".into())), "{line}");
            assert_eq!((global.color, global.json), (Color::Never, true), "{line}");
        }
    }

    #[test]
    fn a_build() {
        let line = "orket build a b/* -j4 -k -n -vv --explain --force --no-cache --rerun failed --timeout 1m --trace t --events e --summary s --ui plain";
        let Some(Command::Build(build)) = parse(line).command else { panic!("no build") };
        assert_eq!(build.targets, ["a", "b/*"]);
        assert_eq!((build.jobs, build.verbose, build.timeout), (Some(4), 2, Some(Duration::from_secs(60))));
        assert!(build.keep_going && build.dry_run && build.explain && build.force && build.no_cache);
        assert!(!build.fail_fast && !build.quiet && !build.check);
        assert_eq!((build.rerun, build.ui), (Some(Rerun::Failed), Ui::Plain));
        assert_eq!([build.trace, build.events, build.summary], ["t", "e", "s"].map(|file| Some(PathBuf::from(file))));
    }

    #[test]
    fn words_for_a_task_stand_behind_two_dashes() {
        let Some(Command::Run(run)) = parse("orket run serve -j2 -- --port 80 -j9").command else { panic!("no run") };
        assert_eq!((run.target.as_str(), run.jobs), ("serve", Some(2)));
        assert_eq!(run.args, ["--port", "80", "-j9"]);
        assert_eq!((run.as_build().targets, run.as_build().jobs), (vec!["serve".to_owned()], Some(2)));
    }

    #[test]
    fn sizes_are_read() {
        let Some(Command::Cache { command: CacheCommand::Gc { max_size } }) = parse("orket cache gc --max-size 2GiB").command else {
            panic!("no gc")
        };
        assert_eq!(max_size, Some(2 << 30));
    }

    #[test]
    fn wrong_lines_end_with_2_and_say_what_was_meant() {
        for (line, says) in [
            ("orket buidl", "'build'"),
            ("orket build --keep-goin", "'--keep-going'"),
            ("orket graph --format dott", "'dot'"),
            ("orket build -j 0", "0 is not in 1.."),
            ("orket build --timeout soon", "expected a duration such as `90s`"),
            ("orket cache gc --max-size big", "expected a size such as `500MiB`"),
            ("orket build -k --fail-fast", "cannot be used with"),
            ("orket run", "<TARGET>"),
        ] {
            let (code, text) = refusal(line);
            assert_eq!(code, 2, "{line}: {text}");
            assert!(text.contains(says), "{line}: {text}");
        }
    }

    #[test]
    fn version_and_help_are_no_mistakes() {
        assert_eq!(refusal("orket --version"), (0, format!("orket {}\n", env!("CARGO_PKG_VERSION"))));
        assert_eq!(refusal("orket build --help").0, 0);
    }
}
