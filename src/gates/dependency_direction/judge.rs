//! The imports of a tree, held against the rules.

use std::cell::OnceCell;
use std::io::ErrorKind;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::chain::Modules;
use super::knots::knots;
use super::rules::{Layer, Rules, rules};
use crate::base::{Digest, RelPath};
use crate::disk::PatternSet;
use crate::event::{Edge, Facts, Finding, State};
use crate::facts::{Import, ImportKind, Imports, Language, Root};
use crate::gates::judge::{Asked, Gap, Judge, Judged, Reads, Sight, Unjudged, about, finding};
use crate::gates::settings::Reader;
use crate::gates::sight::rooted;
use crate::model::Gate;

pub(super) const KIND: &str = "dependency_direction";

/// Of a longer way, so many modules are told: a knot may have one of thousands for each of its imports.
const LONGEST: usize = 12;

impl Judge for Rules {
    fn settle(&self, findings: &mut Vec<Finding>) -> Vec<Finding> {
        let mut alike = knots(findings);
        alike.extend(behind(findings));
        alike
    }

    fn reads(&self, _: &RelPath) -> Reads {
        // Also outside of the roots.
        let roots = self.roots.clone();
        Box::new(move |path| roots.iter().any(|root| root.heeds(path)))
    }

    fn judge(&self, sight: &dyn Sight, asked: &Asked<'_>) -> Result<Judged, Unjudged> {
        let seen = sight.imports(&self.roots).map_err(|error| {
            let text = format!("cannot read the imports: {error}");
            if error.kind() == ErrorKind::NotFound { Unjudged::empty(text) } else { Unjudged::broken(text) }
        })?;
        let links = sight.links(&|link| {
            let below = |root: &Root| link.is_in(&sight.folder().join(root.folder.as_bytes())) && root.may_hold(link);
            self.roots.iter().any(below)
        });
        let mut judged = Judged {
            facts: Facts { files: seen.extracted + seen.cached, extracted: seen.extracted, cached: seen.cached },
            links: links.len(),
            read: seen.modules().map(|(_, file, _)| file).filter(|file| seen.marked.binary_search(file).is_ok()).cloned().collect(),
            ..Judged::default()
        };
        for wrong in &seen.unreadable {
            let file = wrong.file.to_string();
            let help = "mend the file; what it says of imports is not known. If its compiler takes it, it may be newer than the parser here: \
                        `exclude` leaves it out of a `root`";
            let finding = finding(&format!("{KIND}/unparsable"), &file, wrong.line, 1, wrong.why.clone(), help.to_owned(), &[&file]);
            judged.gaps.push(Gap { finding, empty: false });
        }
        let dangling = |link: &&RelPath| Language::of(link).is_some() && !matches!(sight.tree().stat_follow(link), Ok(Some(_)));
        for link in links.iter().filter(dangling) {
            let (file, help) = (link.to_string(), String::from("let it lead to a file, or take it out"));
            let why = String::from("it cannot be read: it is a link that leads nowhere");
            let finding = finding(&format!("{KIND}/unparsable"), &file, 0, 0, why, help, &[&file]);
            judged.gaps.push(Gap { finding, empty: false });
        }
        if seen.edges().len() == 0 && judged.gaps.is_empty() {
            return Err(Unjudged::empty("no file below its roots imports anything"));
        }
        judged.gaps.extend(self.needless(sight.folder(), &seen)?);
        let case = Case::new(self, sight, &seen)?;
        judged.gaps.extend(case.layers_without_files(sight.folder()));
        judged.gaps.extend(case.rules_without_files()?);
        judged.gaps.extend(case.unclaimed());
        let mut findings = case.direct(&asked.today.0);
        let chains = case.independent().chain(case.transitive(&asked.today.0));
        findings.extend(case.chains(chains));
        findings.extend(case.cycles()?);
        findings.extend(case.protected()?);
        findings.extend(case.external());
        findings.extend(seen.left_out.iter().map(left_out));
        judged.findings = findings;
        Ok(judged)
    }
}

impl Rules {
    /// What leaves no file out, which would hide nothing today and anything tomorrow.
    fn needless(&self, folder: &RelPath, seen: &Imports) -> Result<Vec<Gap>, Unjudged> {
        let mut gaps = Vec::new();
        for (pattern, place) in &self.without {
            let meant = patterns(folder, std::slice::from_ref(pattern))?;
            if !seen.left_out.iter().any(|file| meant.matches(file)) {
                let file = place.file.to_string();
                let message = format!("`exclude \"{pattern}\"` leaves out no source file: `{}`", rooted(folder, pattern));
                let help = String::from("correct the pattern, or take it out");
                let finding =
                    finding(&format!("{KIND}/empty_rule"), &file, place.line, place.column, message, help, &[&file, "exclude", pattern]);
                gaps.push(Gap { finding, empty: true });
            }
        }
        Ok(gaps)
    }
}

/// Tells that a file is not judged.
fn left_out(file: &RelPath) -> Finding {
    let file = file.to_string();
    let message = format!("`{file}` is left out: what it imports is not known");
    let help = String::from("take it out of `exclude` as soon as it can be read");
    Finding { state: State::Suppressed, ..finding(&format!("{KIND}/left_out"), &file, 0, 0, message, help, &[&file]) }
}

/// What is judged: the imports, and the layer of each file.
pub(super) struct Case<'a> {
    pub(super) rules: &'a Rules,
    pub(super) folder: &'a RelPath,
    pub(super) seen: &'a Imports,
    /// By the numbers of files.
    pub(super) layers: Vec<Option<usize>>,
    modules: OnceCell<Modules<'a>>,
    shared: OnceCell<FxHashSet<&'a str>>,
}

impl<'a> Case<'a> {
    fn new(rules: &'a Rules, sight: &'a dyn Sight, seen: &'a Imports) -> Result<Case<'a>, Unjudged> {
        let folder = sight.folder();
        let sets: Vec<PatternSet> = rules.layers.iter().map(|layer| patterns(folder, &layer.patterns)).collect::<Result<_, _>>()?;
        let claimed = |file: &RelPath| {
            let mut claims = (0..sets.len()).filter(|index| sets[*index].matches(file));
            (claims.next(), claims.next())
        };
        let claims: Vec<(Option<usize>, Option<usize>)> = seen.files().par_iter().map(claimed).collect();
        let both = |(file, claims): (_, &(Option<usize>, Option<usize>))| Some((file, claims.0?, claims.1?));
        let twice: Vec<(&RelPath, usize, usize)> = seen.files().iter().zip(&claims).filter_map(both).collect();
        let layers = claims.into_iter().map(|(first, _)| first).collect();
        if let Some((file, first, second)) = twice.iter().min() {
            let (first, second) = (&rules.layers[*first], &rules.layers[*second]);
            let more = if twice.len() > 1 { format!(" (and {} more files)", twice.len() - 1) } else { String::new() };
            let text = format!(
                "`{file}`{more} is in two layers, `{}` ({}) and `{}` ({}); take it out of one with `!`",
                first.name, first.place, second.name, second.place
            );
            return Err(Unjudged::broken(text));
        }
        Ok(Case { rules, folder, seen, layers, modules: OnceCell::new(), shared: OnceCell::new() })
    }

    fn layer(&self, index: usize) -> &'a Layer {
        &self.rules.layers[index]
    }

    /// Returns the imports that count.
    pub(super) fn imports(&self) -> impl Iterator<Item = Import<'a>> + Clone + use<'a> {
        let without_types = self.rules.without_types;
        self.seen.edges().filter(move |import| !(without_types && import.kind == ImportKind::Type))
    }

    fn modules(&self) -> &Modules<'a> {
        self.modules.get_or_init(|| Modules::new(self.seen, self.imports()))
    }

    /// Returns the layers of both ends of an import, if it stays in the tree and both have one.
    fn ends(&self, import: Import<'_>) -> Option<(usize, usize)> {
        Some((self.layers[import.from_at]?, self.layers[import.to_at?]?))
    }

    /// Returns why one layer may not import another, and the rule that says so.
    fn forbidden(&self, from: usize, to: usize, today: &str) -> Option<(&'static str, String, String)> {
        if from == to {
            return None;
        }
        let (one, other) = (&self.layer(from).name, &self.layer(to).name);
        let mut expired = String::new();
        for allowed in self.rules.allowed.iter().filter(|allowed| (allowed.from, allowed.to) == (from, to)) {
            match &allowed.until {
                Some(until) if **until < *today => expired = format!("; it was allowed until {until} ({})", allowed.place),
                _ => return None,
            }
        }
        if let Some((.., place)) = self.rules.denied.iter().find(|(denied, what, _)| (*denied, *what) == (from, to)) {
            return Some(("deny", format!("`{one}` must not import `{other}`{expired}"), format!("deny, {place}")));
        }
        let wrong = |order: &Vec<usize>| {
            let at = |layer: usize| order.iter().position(|one| *one == layer);
            at(from).zip(at(to)).is_some_and(|(from, to)| to < from)
        };
        let (_, place) = self.rules.orders.iter().find(|(order, _)| wrong(order))?;
        Some(("order", format!("`{other}` stands above `{one}`{expired}"), format!("order, {place}")))
    }

    /// Returns the names that modules in several folders have.
    fn shared(&self) -> &FxHashSet<&'a str> {
        self.shared.get_or_init(|| {
            let mut folders: FxHashMap<&str, RelPath> = FxHashMap::default();
            let modules = self.seen.modules().map(|(name, file, _)| (name, file.parent().unwrap_or_default()));
            modules.filter(|(name, folder)| folders.entry(name).or_insert_with(|| folder.clone()) != folder).map(|(name, _)| name).collect()
        })
    }

    /// Leaves one finding for each identity and file: an edge that is there in two kinds is one edge. Modules of one name in several folders are
    /// known by their files, too. Where several files of a module have an edge, the first stands for it, and so are the others: what tolerates
    /// the one does not tolerate the others.
    fn once(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        let by_file = |finding: &mut Finding, file: &str| {
            finding.fingerprint = Digest::of([&*finding.fingerprint, file].join("\0").as_bytes()).hex()[..16].to_owned();
        };
        let mut seen: FxHashMap<String, FxHashSet<String>> = FxHashMap::default();
        findings.retain_mut(|finding| {
            if let Some(edge) = finding.edge.clone() {
                let shared = |name: &str| self.shared().contains(name);
                let files = [shared(&edge.from).then_some(edge.from_file), edge.to_file.filter(|_| shared(&edge.to))];
                files.iter().flatten().for_each(|file| by_file(finding, file));
            }
            let files = seen.entry(finding.fingerprint.clone()).or_default();
            let (first, new) = (files.is_empty(), files.insert(finding.file.clone()));
            if new && !first {
                let file = finding.file.clone();
                by_file(finding, &file);
            }
            new
        });
        findings
    }

    fn direct(&self, today: &str) -> Vec<Finding> {
        let mut found = Vec::new();
        // Layers are few, and imports are many.
        let count = self.rules.layers.len();
        let forbidden: Vec<_> = (0..count * count).map(|both| self.forbidden(both / count, both % count, today)).collect();
        for import in self.imports() {
            if let Some((rule, why, which)) = self.ends(import).and_then(|(from, to)| forbidden[from * count + to].as_ref()) {
                let message = format!("`{}` imports `{}`, and {why}", import.from, import.to);
                found.push(one(rule, import, message, format!("turn the dependency round, or allow it with a reason ({which})")));
            }
        }
        self.once(found)
    }

    fn independent(&self) -> impl Iterator<Item = Broken<'a>> {
        let mut found = Vec::new();
        for (layers, place) in &self.rules.independent {
            for from in layers {
                for to in layers.iter().filter(|to| *to != from) {
                    let why = format!("`{}` and `{}` are independent", self.layer(*from).name, self.layer(*to).name);
                    let chains = self.modules().chains(&|file| self.layers[file] == Some(*from), &|file| self.layers[file] == Some(*to));
                    let broken = |chain| Broken { rule: "independent", chain, why: why.clone(), which: format!("independent, {place}") };
                    found.extend(chains.into_iter().map(broken));
                }
            }
        }
        found.into_iter()
    }

    /// Indirect imports, where they count.
    fn transitive(&self, today: &str) -> Vec<Broken<'a>> {
        let mut found = Vec::new();
        let all = if self.rules.transitive { self.rules.layers.len() } else { 0 };
        for (from, to) in (0..all).flat_map(|from| (0..all).map(move |to| (from, to))) {
            let Some((rule, why, which)) = self.forbidden(from, to, today) else { continue };
            let chains = self.modules().chains(&|file| self.layers[file] == Some(from), &|file| self.layers[file] == Some(to));
            let chains = chains.into_iter().filter(|chain| chain.len() > 1);
            found.extend(chains.map(|chain| Broken { rule, chain, why: why.clone(), which: which.clone() }));
        }
        found
    }

    fn chains(&self, broken: impl Iterator<Item = Broken<'a>>) -> Vec<Finding> {
        self.once(broken.filter_map(|broken| along(broken.rule, &broken.chain, &broken.why, &broken.which)).collect())
    }

    /// Each import that is part of a cycle, so that a new cycle is a new finding whatever others are tolerated: it has an import that was part
    /// of none, or was not there.
    fn cycles(&self) -> Result<Vec<Finding>, Unjudged> {
        let mut found = Vec::new();
        for (folder, place) in &self.rules.acyclic {
            let within = patterns(self.folder, &[ring_of(folder)])?;
            found.extend(self.modules().cycles(&|file| within.matches(file), &|cycle| {
                let first = cycle[0];
                let ring: Vec<&str> = cycle.iter().map(|import| import.from).chain([first.from]).collect();
                let message = format!("these modules import each other: {}", abridged(ring.iter(), " -> "));
                let help = format!("take one of the imports out: {} (acyclic, {place})", places(cycle));
                (cycle.len(), one("cycle", first, message, help))
            }));
        }
        // The shortest first: it stands for its knot.
        found.sort();
        Ok(self.once(found.into_iter().map(|(_, finding)| finding).collect()))
    }

    fn protected(&self) -> Result<Vec<Finding>, Unjudged> {
        let mut found = Vec::new();
        for rule in &self.rules.protected {
            let (inside, by) = (patterns(self.folder, &rule.files)?, patterns(self.folder, &rule.by)?);
            for import in self.imports() {
                let Some(to) = import.to_file.filter(|to| inside.matches(to)) else { continue };
                if !inside.matches(import.from_file) && !by.matches(import.from_file) {
                    let by: Vec<String> = rule.by.iter().map(|by| format!("`{by}`")).collect();
                    let who = if by.is_empty() { String::from("nothing outside of it") } else { format!("only {}", by.join(", ")) };
                    let message = format!("`{}` imports `{}`, and {who} may import `{to}`", import.from, import.to);
                    found.push(one("protected", import, message, format!("go through what may import it (protected, {})", rule.place)));
                }
            }
        }
        Ok(self.once(found))
    }

    fn external(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for rule in &self.rules.external {
            for import in self.imports().filter(|import| import.external && rule.means(*import)) {
                if self.layers[import.from_at].is_some_and(|layer| rule.only_in.contains(&layer)) {
                    continue;
                }
                let only: Vec<String> = rule.only_in.iter().map(|layer| format!("`{}`", self.layer(*layer).name)).collect();
                let message = format!("`{}` imports `{}`, which only {} may", import.from, import.to, only.join(", "));
                found.push(one("external", import, message, format!("move what needs it there (external, {})", rule.place)));
            }
        }
        self.once(found)
    }
}

/// A chain of imports that must not be.
struct Broken<'a> {
    rule: &'static str,
    chain: Vec<Import<'a>>,
    why: String,
    which: String,
}

/// Returns the names of the layers that a gate of this kind declares in a folder's manifest, each with what belongs to it.
pub fn layers(gate: &Gate, folder: &RelPath) -> Vec<(String, PatternSet)> {
    let one = |layer: &Layer| Some((layer.name.clone(), patterns(folder, &layer.patterns).ok()?));
    rules(&mut Reader::new(gate)).1.layers.iter().filter_map(one).collect()
}

/// Returns the pattern of the folder that `acyclic` names.
pub(super) fn ring_of(folder: &str) -> String {
    let plain = folder.trim_end_matches('/');
    String::from(if matches!(plain, "." | "") { "**" } else { plain })
}

pub(super) fn patterns(folder: &RelPath, texts: &[String]) -> Result<PatternSet, Unjudged> {
    let (excluded, included): (Vec<&String>, Vec<&String>) = texts.iter().partition(|text| text.starts_with('!'));
    let included: Vec<String> = included.into_iter().map(|text| rooted(folder, text)).collect();
    let excluded: Vec<String> = excluded.into_iter().map(|text| rooted(folder, &text[1..])).collect();
    PatternSet::new(&included, &excluded).map_err(Unjudged::broken)
}

/// A finding about one import.
fn one(rule: &str, import: Import<'_>, message: String, help: String) -> Finding {
    let edge = Edge {
        from: import.from.to_owned(),
        to: import.to.to_owned(),
        from_file: import.from_file.to_string(),
        to_file: import.to_file.map(RelPath::to_string),
    };
    about(edge, &format!("{KIND}/{rule}"), (import.line, import.column), message, help)
}

/// A finding about a chain, at its first import, from its first module to its last.
fn along(rule: &str, chain: &[Import<'_>], why: &str, which: &str) -> Option<Finding> {
    let (first, last) = (*chain.first()?, *chain.last()?);
    let ends = Import { to: last.to, to_file: last.to_file, to_at: last.to_at, ..first };
    if chain.len() == 1 {
        let message = format!("`{}` imports `{}`, and {why}", first.from, first.to);
        return Some(one(rule, ends, message, format!("take the import out ({which})")));
    }
    let way: Vec<&str> = chain.iter().map(|import| import.from).chain([last.to]).collect();
    let message = format!("`{}` reaches `{}`, and {why}: {}", first.from, last.to, way.join(" -> "));
    let found = one(rule, ends, message, format!("take one of the imports out: {} ({which})", places(chain)));
    Some(Finding { chain: chain.iter().map(|import| (import.from.to_owned(), import.to.to_owned())).collect(), ..found })
}

fn places(chain: &[Import<'_>]) -> String {
    let shown = chain.iter().map(|import| format!("{}:{}", import.from_file, import.line));
    abridged(shown, ", ")
}

/// Joins pieces; where they are many, it tells the first ones, how many follow, and the last.
fn abridged(mut pieces: impl ExactSizeIterator<Item = impl AsRef<str>>, between: &str) -> String {
    let left = pieces.len().saturating_sub(LONGEST);
    let mut text = String::new();
    for at in 0..pieces.len().min(LONGEST) {
        let skipped = if at + 1 == LONGEST { left } else { 0 };
        let more = if skipped > 0 { format!("({skipped} more){between}") } else { String::new() };
        let Some(piece) = pieces.nth(skipped) else { break };
        let join = if at > 0 { between } else { "" };
        text.extend([join, &more, piece.as_ref()]);
    }
    text
}

/// Takes out chains that stand because of an import that fails itself: one wrong import makes many. One that is tolerated hides none, or what
/// is new would pass.
fn behind(findings: &mut Vec<Finding>) -> Vec<Finding> {
    let fails = |finding: &&Finding| finding.chain.is_empty() && finding.state == State::New && is_direct(finding);
    let edges = findings.iter().filter(fails).filter_map(|finding| finding.edge.as_ref());
    let failing: FxHashSet<(String, String)> = edges.map(|edge| (edge.from.clone(), edge.to.clone())).collect();
    findings.extract_if(.., |finding| finding.chain.iter().any(|import| failing.contains(import))).collect()
}

/// Whether a finding is about an import by its own two ends.
fn is_direct(finding: &Finding) -> bool {
    finding.rule.strip_prefix(KIND).is_some_and(|rule| matches!(rule, "/deny" | "/order"))
}
