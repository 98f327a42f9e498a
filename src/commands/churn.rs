//! `orket churn`: what the history says of files.

use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{Failure, Ui, written};
use crate::base::quantity;
use crate::engine::{ChurnError, ChurnWanted, Engine, SymbolsWanted, churn as read};
use crate::report::{ReportKind, churn as report};
use crate::shell::{ChurnArgs, ChurnFormat};
use crate::vcs::VcsError;

/// Prints how often files change, who changes them and what changes together, or writes that to a file.
///
/// # Errors
/// When there is no history to read, nothing in it is in the scope, or the file cannot be written.
pub fn churn(ui: &Ui, args: &ChurnArgs) -> Result<(), Failure> {
    ui.spare(args.output.as_deref(), ReportKind::Churn)?;
    let now = jiff::Timestamp::now();
    let since = args.since.as_deref().map(|text| since(text, now, &TimeZone::system())).transpose().map_err(Failure::Wrong)?;
    // A history has its worth without a manifest, and beside one that is wrong.
    let project = Engine::open(&ui.surroundings, false).ok().map(|engine| engine.graph.header().name.to_string());
    let wanted = ChurnWanted {
        folder: ui.surroundings.folder.clone(),
        scope: args.scope.clone(),
        since,
        renames: !args.no_renames,
        sure: false,
        symbols: args.symbols.map_or(SymbolsWanted::Cheap, SymbolsWanted::Files),
        project: project.filter(|name| !name.is_empty()),
        made: now.strftime("%Y-%m-%d").to_string(),
    };
    let found = read(&wanted)?;
    let output = written(args.output.as_deref());
    let folder = output.filter(|output| is_folder(&ui.surroundings.folder.join(output)));
    let format = format(ui, args.format, output.filter(|_| folder.is_none()), output.is_some());
    let text = match format {
        ChurnFormat::Text if output.is_some() => report::text(&found, args.top, 120),
        ChurnFormat::Text => report::text(&found, args.top, ui.width),
        ChurnFormat::Json => report::json(&found, args.top),
        ChurnFormat::Html => report::html(&found, args.top),
    };
    let Some(output) = output else {
        ui.out(&text);
        return Ok(());
    };
    let ending = match format {
        ChurnFormat::Text => "txt",
        ChurnFormat::Json => "json",
        ChurnFormat::Html => "html",
    };
    let shown = match folder {
        Some(folder) => folder.join(format!("{}_{}_churn.{ending}", found.ground.made, plain(&found.ground.project))),
        None => output.to_path_buf(),
    };
    ui.write(&shown, ReportKind::Churn, &text)?;
    if ui.json {
        ui.out_json(&json!({ "version": 1, "output": shown.to_string_lossy() }));
    } else {
        ui.out(&shown.to_string_lossy());
    }
    Ok(())
}

impl From<ChurnError> for Failure {
    fn from(error: ChurnError) -> Failure {
        let text = error.to_string();
        match error {
            ChurnError::NoScope(_) | ChurnError::Moved(_) => Failure::NoTarget(text),
            ChurnError::Vcs(VcsError::NoFolder(_) | VcsError::NoRepository(_) | VcsError::Outside(..)) => Failure::Wrong(text),
            ChurnError::Vcs(_) => Failure::Broken(text),
        }
    }
}

/// Returns the format: what was asked for, else what the file's name says, else JSON for a file and text for the screen.
fn format(ui: &Ui, asked: Option<ChurnFormat>, file: Option<&Path>, written: bool) -> ChurnFormat {
    let ending = file.and_then(Path::extension).and_then(|ending| ending.to_str());
    match (asked, ending) {
        (Some(format), _) => format,
        _ if ui.json => ChurnFormat::Json,
        (None, Some("html" | "htm")) => ChurnFormat::Html,
        (None, Some("txt" | "md")) => ChurnFormat::Text,
        (None, _) if written => ChurnFormat::Json,
        (None, _) => ChurnFormat::Text,
    }
}

/// Reads a day (`2026-01-31`, its beginning in UTC), a moment (`2026-01-31T12:00:00Z`; without a zone, in `here`, as git would have it) or
/// how long ago (`90d`); in seconds since 1970.
fn since(text: &str, now: jiff::Timestamp, here: &TimeZone) -> Result<i64, String> {
    let text = text.trim();
    let local = |text: &str, zone: &TimeZone| text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok().map(|time| time.timestamp());
    let day = || if text.contains(':') { local(text, here) } else { local(text, &TimeZone::UTC) };
    let ago = || Some(now.as_second().saturating_sub(i64::try_from(quantity::duration(text)?.as_secs()).ok()?));
    text.parse::<jiff::Timestamp>().ok().or_else(day).map(jiff::Timestamp::as_second).or_else(ago).ok_or_else(|| {
        format!("`--since {text}` is no date: expected a day such as `2026-01-31`, a moment such as `2026-01-31T12:00:00Z`, or how long ago, such as `90d`")
    })
}

fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// Returns a name as a part of a file's name.
fn plain(name: &str) -> String {
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '.' | '_') { c } else { '-' }).collect();
    safe.trim_matches(['.', '-']).chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let now = jiff::Timestamp::from_second(1_000_000_000).unwrap();
        let since = |text: &str, now| since(text, now, &TimeZone::fixed(jiff::tz::offset(2)));
        assert_eq!(since("1970-01-02", now), Ok(86_400));
        assert_eq!([since("1970-01-02T00:00:01", now), since("1970-01-02 00:00", now)], [Ok(79_201), Ok(79_200)], "where one is");
        assert_eq!([since("1969-12-31", now), since("1969-12-31T23:59:59+01:00", now)], [Ok(-86_400), Ok(-3601)]);
        assert_eq!(since("1970-01-02T00:00:01Z", now), Ok(86_401));
        assert_eq!(since(" 90d ", now), Ok(1_000_000_000 - 90 * 86_400));
        for wrong in ["", "yesterday", "2026-13-01", "90", "2026"] {
            assert!(since(wrong, now).unwrap_err().contains("2026-01-31"), "{wrong}");
        }
    }

    #[test]
    fn names_of_files() {
        assert_eq!([plain("my shop"), plain("../a/b"), plain("é-1")], ["my-shop", "a-b", "é-1"]);
    }
}
