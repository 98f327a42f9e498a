//! Reasons in words.

use super::chars::{escape, quote, shorten};
use crate::event::{Change, Reason, Subject};

/// The most columns a value takes on the one line of [`reason_text`].
const VALUE: usize = 32;

/// Returns why a task ran on one line, without a full stop: `input src/a.c changed (+2 more)`.
pub fn reason_text(reason: &Reason) -> String {
    match reason {
        Reason::New => "first build here".to_owned(),
        Reason::Always => "runs every time".to_owned(),
        Reason::Forced => "forced".to_owned(),
        Reason::Verified => "to compare two runs".to_owned(),
        Reason::Asked => "asked for by name".to_owned(),
        Reason::Unjudged => "no verdict is kept for what it sees now".to_owned(),
        Reason::NotFinished => "its last run failed or was interrupted".to_owned(),
        Reason::Running => "another build is running it".to_owned(),
        Reason::RanAsRemedy => "it ran last as the remedy of a failure".to_owned(),
        Reason::Overtaken => "what it reads was changed while it ran last".to_owned(),
        Reason::Unmade(path) => format!("input {} is not there, and as long as that is so it runs every time", escape(path)),
        Reason::Upstream(task) => format!("{} would run first", escape(task)),
        Reason::Remedy(task) => format!("{} failed", escape(task)),
        Reason::Changed(changes) => match &changes[..] {
            [] => "its declaration changed".to_owned(),
            [first, rest @ ..] => format!("{}{}", change(first, has_value(first.subject), VALUE), more(rest.len())),
        },
        Reason::Outputs(changes) => match &changes[..] {
            [] => "its outputs are missing".to_owned(),
            [first, rest @ ..] => format!("{}{}", output(first), more(rest.len())),
        },
    }
}

/// Returns why a task ran, one line for each difference, with what was and what is.
pub fn reason_lines(reason: &Reason) -> Vec<String> {
    match reason {
        Reason::Changed(changes) if !changes.is_empty() => changes.iter().map(|one| change(one, true, usize::MAX)).collect(),
        Reason::Outputs(changes) if !changes.is_empty() => {
            changes.iter().map(|one| format!("{}{}", output(one), between(one, usize::MAX))).collect()
        }
        reason => vec![reason_text(reason)],
    }
}

/// Says how many further differences there are.
fn more(rest: usize) -> String {
    if rest == 0 { String::new() } else { format!(" (+{rest} more)") }
}

/// Whether what differs is known by a value that a person can read, not by a digest, and short enough for one line.
fn has_value(subject: Subject) -> bool {
    match subject {
        Subject::Env | Subject::Dir | Subject::Args | Subject::Decision | Subject::Strategy | Subject::Platform | Subject::Setting => true,
        Subject::Command | Subject::Input | Subject::Need | Subject::Tool | Subject::Output | Subject::Service => false,
    }
}

/// Names one difference, with its values if `values`.
fn change(change: &Change, values: bool, columns: usize) -> String {
    if change.subject == Subject::Strategy && (change.old.is_none() || change.new.is_none()) {
        // Where nobody says anything, `default` answers.
        let known = |value: &Option<String>| Some(value.clone().unwrap_or_else(|| String::from("default")));
        return self::change(&Change { old: known(&change.old), new: known(&change.new), ..change.clone() }, values, columns);
    }
    let subject = named(change);
    let values = if values { between(change, columns) } else { String::new() };
    let verb = match (&change.old, &change.new, change.subject) {
        (None, Some(_), Subject::Env) => "was set",
        (Some(_), None, Subject::Env) => "was unset",
        (None, Some(_), _) => "is new",
        (Some(_), None, _) => "is gone",
        _ => "changed",
    };
    format!("{subject} {verb}{values}")
}

/// Names an output that is not as its task left it.
fn output(change: &Change) -> String {
    let verb = if change.new.is_none() { "is missing" } else { "was changed by something else" };
    format!("{} {verb}", named(change))
}

/// Returns the subject and its name; the first command and what there is only one of go without.
fn named(change: &Change) -> String {
    let word = change.subject.word();
    let alone = match change.subject {
        Subject::Command => change.name.is_empty() || change.name == "1",
        Subject::Dir | Subject::Args | Subject::Platform => true,
        _ => change.name.is_empty(),
    };
    if alone { word.to_owned() } else { format!("{word} {}", escape(&change.name)) }
}

/// Returns `: old -> new`, `: new`, ` (was old)` or nothing.
fn between(change: &Change, columns: usize) -> String {
    let value = |value: &String| shown(change.subject, value, columns);
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!(": {} -> {}", value(old), value(new)),
        (None, Some(new)) => format!(": {}", value(new)),
        (Some(old), None) => format!(" (was {})", value(old)),
        (None, None) => String::new(),
    }
}

/// Returns a value in quotes; a digest and `(secret)` as they are.
fn shown(subject: Subject, value: &str, columns: usize) -> String {
    let value = if subject == Subject::Strategy { value.trim_end_matches(" {}") } else { value };
    let plain = value == "(secret)" || !(has_value(subject) || subject == Subject::Command);
    let value = shorten(value, columns);
    if plain { escape(&value) } else { quote(&value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(subject: Subject, name: &str, old: Option<&str>, new: Option<&str>) -> Change {
        Change { subject, name: name.into(), old: old.map(Into::into), new: new.map(Into::into) }
    }

    fn text(change: Change) -> String {
        reason_text(&Reason::Changed(vec![change]))
    }

    #[test]
    fn one_line() {
        assert_eq!(text(of(Subject::Input, "src/a.c", Some("1"), Some("2"))), "input src/a.c changed");
        assert_eq!(text(of(Subject::Input, "src/a.c", None, Some("2"))), "input src/a.c is new");
        assert_eq!(text(of(Subject::Input, "src/a.c", Some("1"), None)), "input src/a.c is gone");
        assert_eq!(text(of(Subject::Env, "CC", Some("gcc"), Some("clang"))), "env CC changed: \"gcc\" -> \"clang\"");
        assert_eq!(text(of(Subject::Env, "CC", None, Some("clang"))), "env CC was set: \"clang\"");
        assert_eq!(text(of(Subject::Env, "CC", Some("gcc"), None)), "env CC was unset (was \"gcc\")");
        assert_eq!(text(of(Subject::Env, "KEY", Some("(secret)"), Some("(secret)"))), "env KEY changed: (secret) -> (secret)");
        assert_eq!(text(of(Subject::Command, "1", Some("cc a"), Some("cc b"))), "command changed");
        assert_eq!(text(of(Subject::Command, "2", Some("cc a"), Some("cc b"))), "command 2 changed");
        assert_eq!(text(of(Subject::Dir, "", Some("a"), Some("b"))), "dir changed: \"a\" -> \"b\"");
        assert_eq!(reason_text(&Reason::Outputs(vec![of(Subject::Output, "x.o", Some("1"), None)])), "output x.o is missing");
        assert_eq!(reason_text(&Reason::New), "first build here");
        assert_eq!(reason_text(&Reason::Always), "runs every time");
    }

    #[test]
    fn several_changes() {
        let reason = Reason::Changed(vec![
            of(Subject::Input, "src/a.c", Some("0123456789ab"), Some("ba9876543210")),
            of(Subject::Env, "A\u{1b}", Some("x\ny"), None),
            of(Subject::Command, "1", Some("cc -O1"), Some("cc -O2")),
        ]);
        assert_eq!(reason_text(&reason), "input src/a.c changed (+2 more)");
        assert_eq!(
            reason_lines(&reason),
            [
                "input src/a.c changed: 0123456789ab -> ba9876543210",
                "env A\\u{1b} was unset (was \"x\\ny\")",
                "command changed: \"cc -O1\" -> \"cc -O2\"",
            ]
        );
        assert_eq!(reason_lines(&Reason::Forced), ["forced"]);
        assert_eq!(reason_lines(&Reason::Verified), ["to compare two runs"]);
    }

    #[test]
    fn long_values_lose_their_middle() {
        let path = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";
        assert_eq!(
            text(of(Subject::Env, "PATH", Some("/bin"), Some(path))),
            "env PATH changed: \"/bin\" -> \"/usr/local/bin:/…ames:/usr/games\""
        );
    }
}
