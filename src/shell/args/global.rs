//! What every command takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

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
