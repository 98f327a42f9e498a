//! The last words of a run.

use super::paint::Paint;
use crate::base::quantity::{plural, show_duration};
use crate::event::{Ending, Totals};

/// The signal by which `orket watch` ends a build that has become stale: `SIGUSR1`.
const OUTDATED: i32 = if cfg!(target_os = "macos") { 30 } else { 10 };

/// How many of those that failed are listed at the end; each was told where it failed.
const NAMED: usize = 50;

/// Returns how a run ended: one line, and the names of what failed where there are several.
///
/// `planned` is how many tasks were to be looked at.
pub(super) fn text(ending: &Ending, planned: usize, failed: &[String], paint: Paint) -> String {
    let totals = &ending.totals;
    let took = show_duration(ending.at);
    let counts = counts(totals, 0);
    let listed = |counts: String| if counts.is_empty() { String::new() } else { format!(": {counts}") };
    if let Some(signal) = ending.signal {
        let head = match signal {
            OUTDATED => paint.yellow("ended, since what it builds from has changed"),
            signal => paint.red(&format!("interrupted by {}", signal_name(signal))),
        };
        return format!("{head}{}\n{}", listed(counts), names(failed, paint));
    }
    if ending.exit != 0 || totals.failed + totals.stalled > 0 {
        let counts = match totals.flaky {
            0 => counts,
            flaky => self::counts(&Totals { done: totals.done.saturating_sub(flaky), ..*totals }, flaky),
        };
        return format!("{}{} ({took})\n{}", paint.red("failed"), listed(counts), names(failed, paint));
    }
    if totals.all() == 0 && planned == 0 {
        return "nothing to do: no tasks\n".to_owned();
    }
    let made = totals.done + totals.cached;
    if made > 0 {
        let looked_at = plural(made + totals.fresh, "task");
        return format!("{} {looked_at}: {counts} ({took})\n", paint.green("built"));
    }
    let idle = [(totals.fresh, "fresh"), (totals.skipped, "skipped"), (totals.cancelled, "not reached")];
    let mut idle = idle.into_iter().filter(|(count, _)| *count > 0);
    let Some((count, word)) = idle.next() else { return format!("nothing to do ({took})\n") };
    let rest: String = idle.map(|(count, word)| format!(", {count} {word}")).collect();
    format!("nothing to do: {} {word}{rest} ({took})\n", plural(count, "task"))
}

/// Counts what there is at least one of. `flaky`: how many are told to be that and are not counted as done.
fn counts(totals: &Totals, flaky: usize) -> String {
    let counts = [
        (totals.failed, "failed"),
        (totals.stalled, "stalled"),
        (flaky, "flaky"),
        (totals.done, "done"),
        (totals.cached, "cached"),
        (totals.fresh, "fresh"),
        (totals.skipped, "skipped"),
        (totals.interrupted, "interrupted"),
        (totals.cancelled.saturating_sub(totals.interrupted), "not reached"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// Lists what failed, one a line, unless it is the one that was told just before.
fn names(failed: &[String], paint: Paint) -> String {
    if failed.len() < 2 {
        return String::new();
    }
    let shown = failed.iter().take(NAMED).map(|name| format!("  {}\n", paint.cyan(name)));
    let more = (failed.len() > NAMED).then(|| format!("  and {} more\n", failed.len() - NAMED));
    shown.chain(more).collect()
}

/// Returns the name of a signal that may end a run, as on Linux.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn told(exit: i32, signal: Option<i32>, totals: Totals, failed: &[&str]) -> String {
        let ending = Ending { at: Duration::from_millis(2400), exit, signal, totals };
        let failed: Vec<String> = failed.iter().map(|&name| name.to_owned()).collect();
        text(&ending, totals.all(), &failed, Paint { color: false })
    }

    #[test]
    fn nothing_to_do() {
        let none = Totals::default();
        assert_eq!(told(0, None, none, &[]), "nothing to do: no tasks\n");
        assert_eq!(told(0, None, Totals { fresh: 1, ..none }, &[]), "nothing to do: 1 task fresh (2.4 s)\n");
        assert_eq!(told(0, None, Totals { fresh: 34, ..none }, &[]), "nothing to do: 34 tasks fresh (2.4 s)\n");
        assert_eq!(told(0, None, Totals { fresh: 3, skipped: 2, ..none }, &[]), "nothing to do: 3 tasks fresh, 2 skipped (2.4 s)\n");
        assert_eq!(told(0, None, Totals { skipped: 2, ..none }, &[]), "nothing to do: 2 tasks skipped (2.4 s)\n");
    }

    #[test]
    fn something_done() {
        let none = Totals::default();
        assert_eq!(
            told(0, None, Totals { done: 3, cached: 2, fresh: 7, ..none }, &[]),
            "built 12 tasks: 3 done, 2 cached, 7 fresh (2.4 s)\n"
        );
        assert_eq!(told(0, None, Totals { done: 1, skipped: 1, ..none }, &[]), "built 1 task: 1 done, 1 skipped (2.4 s)\n");
    }

    #[test]
    fn something_wrong() {
        let none = Totals::default();
        let totals = Totals { failed: 1, done: 3, cancelled: 4, ..none };
        assert_eq!(told(1, None, totals, &["a"]), "failed: 1 failed, 3 done, 4 not reached (2.4 s)\n");
        let totals = Totals { failed: 2, ..none };
        assert_eq!(told(1, None, totals, &["a", "b"]), "failed: 2 failed (2.4 s)\n  a\n  b\n");
        assert_eq!(told(3, None, none, &[]), "failed (2.4 s)\n");
        let totals = Totals { done: 3, cancelled: 5, ..none };
        assert_eq!(told(130, Some(2), totals, &[]), "interrupted by SIGINT: 3 done, 5 not reached\n");
        assert_eq!(told(137, Some(9), none, &[]), "interrupted by signal 9\n");
        let totals = Totals { failed: 1, cancelled: 3, interrupted: 2, ..none };
        assert_eq!(told(1, None, totals, &["a"]), "failed: 1 failed, 2 interrupted, 1 not reached (2.4 s)\n");
        assert_eq!(told(1, None, Totals { done: 3, flaky: 1, ..none }, &[]), "failed: 1 flaky, 2 done (2.4 s)\n");
        assert_eq!(told(0, None, Totals { done: 3, flaky: 1, ..none }, &[]), "built 3 tasks: 3 done (2.4 s)\n");
    }
}
