//! A failure in full: what was run, how it ended, what it said, and what to do next.

use super::chars::{clean, escape};
use super::paint::Paint;
use super::reason_text;
use crate::base::Place;
use crate::base::quantity::{WHOLE_LOG, plural, show_duration, show_size};
use crate::event::{Finished, Reason, ServiceChange};

/// How many lines of output a failure shows.
const SHOWN: usize = 40;

/// Returns all that is said of a failed target, in whole lines. `again`: what runs it again.
pub(super) fn block(name: &str, place: Option<&Place>, finished: &Finished, again: &str, paint: Paint) -> String {
    let place = place.map_or(String::new(), |place| format!(" ({})", escape(&place.to_string())));
    let mut text = format!("{}  {}{place}\n", paint.red("failed"), paint.cyan(name));
    if let Some(reason @ Reason::Remedy(_)) = &finished.reason {
        text += &format!("  it was run because {}\n", reason_text(reason));
    }
    text += &command_lines(finished);
    let status = escape(finished.status.as_deref().unwrap_or("failed"));
    let after = if finished.duration.as_millis() == 0 { String::new() } else { format!(" after {}", show_duration(finished.duration)) };
    let attempts = if finished.attempts > 1 { format!(", {} attempts", finished.attempts) } else { String::new() };
    text += &format!("  {}{after}{attempts}\n", paint.red(&status));
    if let Some(hint) = &finished.hint {
        text += &format!("  hint: {}\n", lines_of(hint));
    }
    text += &tail(&finished.output, finished.output_size, paint.color);
    if let Some(log) = &finished.log {
        text += &format!("  {}: {}\n", log_words(finished.output_size), escape(log));
    }
    text += &withheld(&finished.withheld, paint);
    text += &format!("  again: {}\n", paint.cyan(again));
    text
}

/// Returns all that is said of a service that died, in whole lines.
pub(super) fn service_block(name: &str, place: Option<&Place>, change: &ServiceChange, paint: Paint) -> String {
    let place = place.map_or(String::new(), |place| format!(" ({})", escape(&place.to_string())));
    let mut text = format!("{}    {}{place}\n", paint.red("died"), paint.cyan(name));
    text += &change.command.as_ref().map_or(String::new(), |command| format!("  command: {}\n", lines_of(command)));
    text += &format!("  {}\n", paint.red(&escape(change.status.as_deref().unwrap_or("it ended"))));
    text += &tail(&change.output, change.output_size, paint.color);
    if let Some(log) = &change.log {
        text += &format!("  {}: {}\n", log_words(change.output_size), escape(log));
    }
    text
}

/// Returns what a log is called of a target that has printed so many bytes.
pub(super) fn log_words(size: u64) -> &'static str {
    if size > WHOLE_LOG { "log (its first 64 MiB and its end; the middle is left out)" } else { "whole log" }
}

/// Returns the command line of a target, if there was one.
pub(super) fn command_lines(finished: &Finished) -> String {
    finished.command.as_ref().map_or(String::new(), |command| format!("  command: {}\n", lines_of(command)))
}

/// Returns the error annotation that GitHub Actions shows beside the declaration.
pub(super) fn annotation(name: &str, place: Option<&Place>, status: &str) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let place = place.map_or(String::new(), |place| format!("file={},line={},", property(&place.file), place.line));
    format!("::error {place}title={}::{}\n", property(&format!("{name} failed")), data(&escape(status)))
}

/// Makes a text of several lines safe to print: the lines behind the first are indented.
pub(super) fn lines_of(text: &str) -> String {
    text.trim_end().lines().map(escape).collect::<Vec<_>>().join("\n    ")
}

/// Returns the last lines of the output, and how much is left out before them.
fn tail(output: &[u8], size: u64, color: bool) -> String {
    let before = size.saturating_sub(output.len() as u64);
    let output = clean(output, color);
    let lines: Vec<&str> = output.split_inclusive('\n').collect();
    let left_out = lines.len().saturating_sub(SHOWN);
    let said = match (before, left_out) {
        (0, 0) => String::new(),
        (0, lines) => format!("  ({} left out)\n", plural(lines, "earlier line")),
        (bytes, 0) => format!("  (the first {} left out)\n", show_size(bytes)),
        (bytes, lines) => format!("  (the first {} and {} left out)\n", show_size(bytes), plural(lines, "line")),
    };
    said + &lines[left_out..].concat()
}

/// Names the variables that the task might have needed.
fn withheld(names: &[String], paint: Paint) -> String {
    if names.is_empty() {
        return String::new();
    }
    let listed = names.iter().map(|name| escape(name)).collect::<Vec<_>>().join(", ");
    let pass = names.iter().map(|name| super::chars::quote(name)).collect::<Vec<_>>().join(" ");
    let fix = paint.cyan(&format!("env {{ pass {pass} }}"));
    format!("  the output mentions {listed}, which this task cannot see; to let it: {fix}\n")
}

#[cfg(test)]
mod tests {
    use super::super::chars::shell_word;
    use super::super::invented::{failed, place};
    use super::*;

    const PAINT: Paint = Paint { color: false };

    #[test]
    fn all_of_it() {
        let mut finished = failed(0, 2);
        finished.command = Some("cc -c src/a.c\ncc -c src/b.c".into());
        finished.withheld = vec!["JAVA_HOME".into(), "M2".into()];
        finished.attempts = 3;
        assert_eq!(
            block("app/compile", Some(&place(12)), &finished, "orket build app/compile", PAINT),
            "failed  app/compile (orket.kdl:12)\n\
             \x20 command: cc -c src/a.c\n\
             \x20   cc -c src/b.c\n\
             \x20 exit status 2 after 300 ms, 3 attempts\n\
             line 1\n\
             line 2\n\
             \x20 whole log: .orket/logs/1.log\n\
             \x20 the output mentions JAVA_HOME, M2, which this task cannot see; to let it: env { pass \"JAVA_HOME\" \"M2\" }\n\
             \x20 again: orket build app/compile\n"
        );
    }

    #[test]
    fn the_end_of_a_long_output() {
        let finished = failed(0, 52);
        let shown = tail(&finished.output, finished.output_size, false);
        assert!(shown.starts_with("  (12 earlier lines left out)\nline 13\n"), "{shown}");
        assert!(shown.ends_with("line 51\nline 52\n"), "{shown}");
        let mut finished = failed(0, 41);
        finished.output_size += 2048;
        assert!(tail(&finished.output, finished.output_size, false).starts_with("  (the first 2.0 KiB and 1 line left out)\nline 2\n"));
        let mut finished = failed(0, 1);
        finished.output_size += 2048;
        assert_eq!(tail(&finished.output, finished.output_size, false), "  (the first 2.0 KiB left out)\nline 1\n");
    }

    #[test]
    fn a_log_that_was_cut_is_not_called_whole() {
        assert_eq!(log_words(64 << 20), "whole log");
        assert!(log_words((64 << 20) + 1).contains("the middle is left out"));
    }

    #[test]
    fn names_that_a_shell_would_split() {
        assert_eq!(shell_word("app/x"), "app/x");
        assert_eq!(shell_word("it's [a=b]"), "'it'\\''s [a=b]'");
    }

    #[test]
    fn annotations_stay_on_one_line() {
        assert_eq!(annotation("a:b,c", Some(&place(3)), "50% done"), "::error file=orket.kdl,line=3,title=a%3Ab%2Cc failed::50%25 done\n");
    }
}
