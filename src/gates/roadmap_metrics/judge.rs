//! Claims, held against what their commands print.

use std::collections::BTreeMap;

use super::claims::{Claim, Document, Expected, claims, read};
use super::counts::{Bound, Count, parsed, written_like};
use super::reads::{number, obscures, searches};
use super::rules::{Rules, Said, rules};
use crate::base::{Decimal, RelPath, glob};
use crate::disk::{PatternSet, expand};
use crate::event::{Facts, Finding};
use crate::gates::judge::{Asked, Gap, Judge, Judged, Printed, Reads, Sight, Unjudged, finding};
use crate::gates::markdown::ends_oddly;
use crate::gates::settings::Reader;
use crate::gates::sight::meant;
use crate::model::Gate;

const KIND: &str = "roadmap_metrics";

/// What orket does that may judge gates.
const JUDGING: [&str; 5] = ["build", "check", "roadmap", "smoke", "watch"];

impl Judge for Rules {
    fn reads(&self, _: &RelPath) -> Reads {
        // What the commands read, nobody knows.
        Box::new(|_| true)
    }

    fn judge(&self, sight: &dyn Sight, asked: &Asked<'_>) -> Result<Judged, Unjudged> {
        sight.looks_beyond();
        let mut judged = Judged { links: self.links(sight), ..Judged::default() };
        let mut ran: BTreeMap<String, Result<Printed, Unjudged>> = BTreeMap::new();
        for path in self.documents(sight)? {
            let file = path.to_string();
            let bytes = sight.read(&path).map_err(|error| Unjudged::broken(format!("cannot read `{path}`: {error}")))?;
            let text = String::from_utf8_lossy(&bytes);
            if let Some(why) = ends_oddly(&text) {
                return Err(Unjudged::broken(format!("`{path}`: {why}")));
            }
            let Document { claims: found, silent } = read(&text);
            judged.facts = Facts { files: judged.facts.files + 1, extracted: judged.facts.extracted + 1, cached: 0 };
            if found.is_empty() {
                let (message, help) = (String::from("it makes no claim"), "write one in a list: `cargo test` -> 197 passed.");
                let finding = finding(&format!("{KIND}/no_claims"), &file, 0, 0, message, help.to_owned(), &[&file]);
                judged.gaps.push(Gap { finding, empty: true });
            }
            // What the gate would run if it claimed something was meant to.
            for claim in silent.iter().filter(|claim| matches!(self.said_of(&claim.subject), Said::Allowed(_))) {
                let message = format!("what stands behind the arrow of `{}` claims nothing", claim.subject);
                let help = "claim a number beside a word (`-> 3 passed`), `-> exit 0`, or a text in backticks; or leave the arrow out";
                let about = [&*file, &*claim.subject];
                judged.findings.push(finding(
                    &format!("{KIND}/unread_claim"),
                    &file,
                    claim.line,
                    claim.column,
                    message,
                    help.to_owned(),
                    &about,
                ));
            }
            let mut held = 0;
            for claim in found.iter().filter(|claim| !asked.quick || self.is_quick(claim)) {
                held += 1;
                self.hold(claim, &file, std::str::from_utf8(&bytes).ok(), sight, &mut ran, &mut judged)?;
            }
            if held == 0 && !found.is_empty() {
                let (message, help) =
                    (String::from("no claim of it is quick"), "let a command of the gate be quick=#true, or check it without --quick");
                let finding = finding(&format!("{KIND}/no_claims"), &file, 0, 0, message, help.to_owned(), &[&file]);
                judged.gaps.push(Gap { finding, empty: true });
            }
            judged.read.push(path);
        }
        Ok(judged)
    }
}

impl Rules {
    fn documents(&self, sight: &dyn Sight) -> Result<Vec<RelPath>, Unjudged> {
        let mut documents = Vec::new();
        for name in &self.files {
            if glob::is_glob(name) {
                let found = sight.files(std::slice::from_ref(name), false).map_err(|error| Unjudged::broken(error.to_string()))?;
                documents.extend(found);
            } else if let Ok(path) = RelPath::parse(name.as_str()) {
                documents.push(sight.folder().join(path.as_bytes()));
            }
        }
        if documents.is_empty() {
            let links = if self.links(sight) > 0 { " but links, which are not followed" } else { "" };
            return Err(Unjudged::empty(format!("no document was read: its `file` matches nothing{links}")));
        }
        Ok(documents)
    }

    /// Returns how many links its patterns mean.
    fn links(&self, sight: &dyn Sight) -> usize {
        let patterns: Vec<String> = self.files.iter().filter(|name| glob::is_glob(name)).cloned().collect();
        if patterns.is_empty() { 0 } else { sight.links(&meant(sight.folder(), &patterns)).len() }
    }

    fn hold(
        &self,
        claim: &Claim,
        file: &str,
        text: Option<&str>,
        sight: &dyn Sight,
        ran: &mut BTreeMap<String, Result<Printed, Unjudged>>,
        judged: &mut Judged,
    ) -> Result<(), Unjudged> {
        let command = &claim.subject;
        let say = |rule: &str, about: &str, message: String, help: &str| {
            finding(&format!("{KIND}/{rule}"), file, claim.line, claim.column, message, help.to_owned(), &[file, command, about])
        };
        if claim.expected.is_empty() {
            if there(sight, file, command)? == Some(false) {
                judged.findings.push(say("not_found", "", format!("`{command}` is not there"), "make it, or correct the document"));
            }
            return Ok(());
        }
        let said = self.said_of(command);
        let quoted = || command.replace('\\', "\\\\").replace('"', "\\\"");
        if let Said::Beyond { pattern, what } = said {
            let message = format!("`{what}` in `{command}` is more than `*` stands for in the command \"{pattern}\" that is allowed");
            let help = format!("`*` stands for words of one command; if all of it may run, allow it as it is: command \"{}\"", quoted());
            judged.findings.push(say("beyond", "", message, &help));
            return Ok(());
        }
        let Said::Allowed(allowed) = said else {
            let message = format!("the command `{command}` is not allowed to run");
            let help = format!("allow it in the gate: command \"{}\"", quoted());
            judged.findings.push(say("not_allowed", "", message, &help));
            return Ok(());
        };
        let recursive = || {
            let message = format!("`{command}` runs the gate that this claim is part of");
            say("recursive", "", message, "claim what the other gates and tasks say by naming them")
        };
        if self.runs_itself(command) {
            judged.findings.push(recursive());
            return Ok(());
        }
        let printed = ran.entry(command.clone()).or_insert_with(|| match &allowed.task {
            Some(task) => sight.log_of(task),
            None => sight.run(command, allowed.timeout),
        });
        let printed = match printed {
            Ok(Printed { recursive: true, .. }) => {
                judged.findings.push(recursive());
                return Ok(());
            }
            Ok(printed) => printed,
            Err(unjudged) => {
                let message = format!("`{command}` tells nothing: {}", unjudged.text);
                judged.gaps.push(Gap { finding: say("not_run", "", message, "see that it can run here"), empty: false });
                return Ok(());
            }
        };
        let before = judged.findings.len();
        // What is no UTF-8 is not written anew.
        let renews = |expected: &Expected| match (expected, text) {
            (Expected::Count(count), Some(text)) => printed.succeeded(command) && renewable(text, count).is_some(),
            _ => false,
        };
        let differing = |expected: &Expected| differs(command, expected, printed, renews(expected), &say);
        judged.findings.extend(claim.expected.iter().filter_map(differing));
        // A command that failed and of which nothing can be read has told nothing.
        let exits = claim.expected.iter().any(|expected| matches!(expected, Expected::Exit(_)));
        if !exits && !printed.succeeded(command) {
            // A search that failed may have searched a part, and what it prints of that is no match.
            let read = |expected: &Expected| match expected {
                _ if searches(command) => false,
                Expected::Count(count) => number(command, &printed.text, printed.code, count).is_some(),
                Expected::Text(text) => holds(&printed.text, text),
                Expected::Exit(_) => true,
            };
            let (status, help) = (&printed.status, "see why it fails, then look at the number again");
            let message = format!("`{command}` failed: {status}");
            if claim.expected.iter().any(read) {
                judged.findings.push(say("failed", "", message, help));
            } else {
                judged.findings.truncate(before);
                judged.gaps.push(Gap { finding: say("failed", "", message, help), empty: false });
            }
        }
        Ok(())
    }

    /// Whether a claim is cheap to look at: a path, a quick command, or one that is not run.
    fn is_quick(&self, claim: &Claim) -> bool {
        claim.expected.is_empty() || !matches!(self.said_of(&claim.subject), Said::Allowed(allowed) if !allowed.quick)
    }

    /// Whether a command lets orket judge this gate.
    fn runs_itself(&self, command: &str) -> bool {
        let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['"', '\'', '(', ')', ';'])).collect();
        let Some(orket) = words.iter().position(|word| word.rsplit('/').next() == Some("orket")) else { return false };
        let Some(verb) = words[orket + 1..].iter().position(|word| JUDGING.contains(word)) else { return false };
        let (verb, rest) = (words[orket + 1 + verb], &words[orket + 2 + verb..]);
        let targets: Vec<&&str> = rest.iter().filter(|word| !word.starts_with('-') && verb != "roadmap").collect();
        let own = |target: &&&str| {
            let name = self.address.rsplit('/').next().unwrap_or_default();
            ***target == self.address || ***target == *name || self.address.starts_with(&format!("{target}/")) || target.contains('*')
        };
        targets.is_empty() || targets.iter().any(own)
    }
}

impl Printed {
    /// Whether the command did what it is for: a search that finds nothing has searched.
    fn succeeded(&self, command: &str) -> bool {
        self.code == Some(0) || (searches(command) && self.code == Some(1))
    }
}

/// Says how a claim is not what a command printed. `renews`: whether an update of the document would mend it.
fn differs(
    command: &str,
    expected: &Expected,
    printed: &Printed,
    renews: bool,
    say: &dyn Fn(&str, &str, String, &str) -> Finding,
) -> Option<Finding> {
    let help = "correct the document, or what it is about";
    match expected {
        Expected::Exit(code) if printed.code != Some(*code) => {
            Some(say("drifted", "exit", format!("claimed: `{command}` -> exit {code}; it is: {}", printed.status), help))
        }
        Expected::Text(text) if !holds(&printed.text, text) => {
            Some(say("drifted", text, format!("claimed: `{command}` -> `{text}`; its output does not hold that"), help))
        }
        Expected::Count(count) => match number(command, &printed.text, printed.code, count) {
            None if count.word.is_empty() => {
                Some(say("unread", "", format!("claimed: {}; the output of `{command}` is not one number", count.text), help))
            }
            None => {
                let (claimed, word) = (&count.text, &count.word);
                let of = if count.percent { " in percent" } else { "" };
                let leave = obscures(command).map(|flag| format!("leave out `{flag}`: with it, what is printed is not the matches alone"));
                let message = format!("claimed: {claimed}; the output of `{command}` says nothing of `{word}`{of}");
                Some(say("unread", word, message, leave.as_deref().unwrap_or(help)))
            }
            Some(actual) if !count.holds(actual) => {
                let percent = if count.percent { "%" } else { "" };
                let update = "correct the document (`orket roadmap check --update` corrects numbers), or what it is about";
                let help = if renews { update } else { help };
                Some(say("drifted", &count.word, format!("claimed: {}; actual: {}{percent}", count.text, actual), help))
            }
            Some(_) => None,
        },
        _ => None,
    }
}

/// Whether an output holds a text as it is, and not as a part of a longer word, number or version.
fn holds(output: &str, text: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let behind = |rest: &str| rest.trim_start_matches(['.', '-']).starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let (opens, closes) = (text.starts_with(joins), text.ends_with(joins));
    output.match_indices(text).any(|(at, _)| !(opens && output[..at].ends_with(joins) || closes && behind(&output[at + text.len()..])))
}

/// Whether a path is there: from the project's folder, the gate's, or the document's; `None` where it leads out of the project from each.
fn there(sight: &dyn Sight, document: &str, path: &str) -> Result<Option<bool>, Unjudged> {
    let broken = |error: std::io::Error| Unjudged::broken(format!("cannot look for `{path}`: {error}"));
    let beside = RelPath::parse(document).ok().and_then(|document| document.parent()).unwrap_or_else(RelPath::root);
    let climbs = path.split('/').take_while(|part| *part == "..").count();
    let below = path.split('/').skip(climbs).collect::<Vec<_>>().join("/");
    let mut inside = false;
    for folder in [&RelPath::root(), sight.folder(), &beside] {
        let Some(folder) = (0..climbs).try_fold(folder.clone(), |folder, _| folder.parent()) else { continue };
        inside = true;
        if glob::is_glob(&below) {
            let pattern = crate::gates::sight::rooted(&folder, &below);
            let found = PatternSet::new(&[pattern], &[]).ok().map(|set| expand(sight.tree(), &set)).transpose().map_err(broken)?;
            if found.is_some_and(|found| !found.is_empty()) {
                return Ok(Some(true));
            }
        } else if let Ok(path) = RelPath::parse_in(&folder, below.trim_end_matches('/').as_bytes())
            && sight.tree().stat_follow(&path).map_err(broken)?.is_some()
        {
            return Ok(Some(true));
        }
    }
    Ok(inside.then_some(false))
}

/// A document with the numbers that its commands show now.
pub struct Renewed {
    /// The document.
    pub file: RelPath,
    /// The text that was read.
    pub before: String,
    /// Its new text.
    pub text: String,
    /// What was changed, a line each.
    pub changes: Vec<String>,
}

/// Returns what all documents of a gate say.
///
/// # Errors
/// When a document cannot be read.
pub fn claims_of(gate: &Gate, sight: &dyn Sight) -> Result<Vec<(RelPath, Document)>, Unjudged> {
    let (_, rules) = rules(&mut Reader::new(gate));
    let mut all = Vec::new();
    for file in rules.documents(sight)? {
        let text = document(sight, &file)?;
        let said = read(&text);
        all.push((file, said));
    }
    Ok(all)
}

/// Runs the allowed commands of a gate's documents, and returns the documents whose numbers are others now. Nothing is taken from a command
/// that failed.
///
/// # Errors
/// When a document cannot be read.
pub fn renew(gate: &Gate, sight: &dyn Sight) -> Result<Vec<Renewed>, Unjudged> {
    let (_, rules) = rules(&mut Reader::new(gate));
    let mut ran: BTreeMap<String, Option<Printed>> = BTreeMap::new();
    let mut all = Vec::new();
    for file in rules.documents(sight)? {
        let text = document(sight, &file)?;
        for claim in claims(&text).iter().filter(|claim| !claim.expected.is_empty()) {
            let allowed = rules.allowed(&claim.subject).filter(|_| !rules.runs_itself(&claim.subject));
            ran.entry(claim.subject.clone()).or_insert_with(|| {
                let allowed = allowed?;
                let printed = match &allowed.task {
                    Some(task) => sight.log_of(task),
                    None => sight.run(&claim.subject, allowed.timeout),
                };
                printed.ok().filter(|printed| !printed.recursive && printed.succeeded(&claim.subject))
            });
        }
        let (renewed, changes) = renewed(&text, &|command| ran.get(command).cloned().flatten());
        if !changes.is_empty() {
            all.push(Renewed { file, before: text, text: renewed, changes });
        }
    }
    Ok(all)
}

fn document(sight: &dyn Sight, file: &RelPath) -> Result<String, Unjudged> {
    let bytes = sight.read(file).map_err(|error| Unjudged::broken(format!("cannot read `{file}`: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| Unjudged::broken(format!("`{file}` is not UTF-8")))?;
    ends_oddly(&text).map_or(Ok(()), |why| Err(Unjudged::broken(format!("`{file}`: {why}"))))?;
    Ok(text)
}

/// Returns the number that a document claims, where another one can be put in its place.
fn renewable(text: &str, count: &Count) -> Option<Decimal> {
    // What a bound should be, only a person knows.
    let Bound::Exactly(claimed) = count.bound else { return None };
    // Where emphasis divides a number, a person has to correct it.
    (text.get(count.at.clone()).and_then(parsed) == Some(claimed)).then_some(claimed)
}

/// Returns a text with the numbers that were printed, and a line about each that was changed.
fn renewed(text: &str, printed: &dyn Fn(&str) -> Option<Printed>) -> (String, Vec<String>) {
    let mut edits = Vec::new();
    for claim in claims(text) {
        let Some(printed) = printed(&claim.subject) else { continue };
        for expected in &claim.expected {
            let Expected::Count(count) = expected else { continue };
            let Some(claimed) = renewable(text, count) else { continue };
            let actual = number(&claim.subject, &printed.text, printed.code, count);
            if let Some(actual) = actual.filter(|actual| *actual != claimed) {
                let before = &text[count.at.clone()];
                let now = written_like(before, actual);
                let said = format!("{}: {} -> {}", claim.line, count.text, count.text.replacen(before, &now, 1));
                edits.push((count.at.clone(), now, said));
            }
        }
    }
    let mut renewed = text.to_owned();
    for (at, now, _) in edits.iter().rev() {
        renewed.replace_range(at.clone(), now);
    }
    (renewed, edits.into_iter().map(|(.., said)| said).collect())
}
