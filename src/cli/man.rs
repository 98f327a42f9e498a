//! The man page: one page for all commands.

use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::shell::Cli;

/// What stands behind the commands.
const REST: &str = r#".SH "EXIT STATUS"
.TP
0
all that was asked for holds
.TP
1
a task failed, or what was asked about does not hold
.TP
2
the command line or the manifest is wrong; nothing ran
.TP
3
orket itself or its surroundings failed
.TP
4
no target matched
.TP
5
refused: a question with nobody to ask
.TP
129, 130, 131, 143
ended by SIGHUP, SIGINT, SIGQUIT, SIGTERM, after every child was ended and reaped
.SH ENVIRONMENT
.TP
ORKET_CACHE_DIR
the folder of the content store; else $XDG_CACHE_HOME/orket
.TP
ORKET_CACHE_LIMIT
how much the content store may hold, such as 50GiB, or none
.TP
ORKET_JOBS
how many tasks run at once
.TP
ORKET_LOG
a filter for orket's own log
.TP
ORKET_WATCHER
`on`: `orket watch` tells all builds what has changed, as `orket watch --no-build` does; `off`: nobody is asked
.TP
NO_COLOR, CLICOLOR_FORCE, TERM, CI, COLUMNS
are honoured
.SH FILES
.TP
orket.kdl
the manifest
.TP
\&.orket/
the state of this checkout; may be deleted at any time
"#;

/// Returns the page, in the language of `man`.
///
/// # Errors
/// Never in practice: it is written to memory.
pub fn page() -> io::Result<String> {
    let (bare, mut whole) = (Cli::command(), Cli::command());
    whole.build();
    let man = Man::new(bare.clone());
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    let mut text = String::from_utf8_lossy(&text).into_owned();
    text.push_str(".SH COMMANDS\n");
    commands(&bare, &mut whole, "orket", &mut text)?;
    text.push_str(REST);
    Ok(text)
}

/// Describes all commands below one. `bare` has no flags but its own, `whole` knows how each is used.
fn commands(bare: &Command, whole: &mut Command, above: &str, text: &mut String) -> io::Result<()> {
    for sub in bare.get_subcommands() {
        let path = format!("{above} {}", sub.get_name());
        let Some(known) = whole.find_subcommand_mut(sub.get_name()) else { continue };
        let usage = known.render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").lines().next().unwrap_or_default();
        text.push_str(&format!(".SS \"{}\"\n{}.\n", plain(usage), plain(&sub.get_about().map(ToString::to_string).unwrap_or_default())));
        let mut own = Vec::new();
        Man::new(sub.clone().disable_help_flag(true).disable_version_flag(true)).render_options_section(&mut own)?;
        let own = String::from_utf8_lossy(&own);
        text.extend(
            own.lines()
                .filter(|line| !line.starts_with(".SH") && !line.starts_with(".ie") && !line.starts_with(".el"))
                .map(|line| format!("{line}\n")),
        );
        commands(sub, known, &path, text)?;
    }
    Ok(())
}

/// Escapes what the language of `man` reads in a line of its own way.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_its_flags_are_on_the_page() {
        let page = page().unwrap();
        for part in ["orket build [OPTIONS] [TARGET]...", "orket runs logs [OPTIONS] [RUN]", "\\-\\-keep\\-going", "ORKET_CACHE_LIMIT"] {
            assert!(page.contains(part) || page.contains(&plain(part)), "{part}\n{page}");
        }
        assert_eq!(page.matches("Work as if started in this folder").count(), 1, "flags of every command stand once");
        for line in page.lines().filter(|line| line.starts_with('.')) {
            assert!([".TH", ".SH", ".SS", ".TP", ".ie", ".el", ".PP", ".IP", ".RS", ".RE", ".br"].contains(&&line[..3]), "{line}");
        }
    }
}
