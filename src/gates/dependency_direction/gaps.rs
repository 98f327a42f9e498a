//! Where the rules cannot judge: what they mean that is not there, and what nobody claims.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::judge::{Case, KIND, patterns, ring_of};
use super::rules::Layer;
use crate::base::{RelPath, did_you_mean};
use crate::gates::judge::{Gap, Unjudged, finding};
use crate::gates::sight::rooted;

impl Case<'_> {
    /// Layers that no file is in.
    pub(super) fn layers_without_files(&self, folder: &RelPath) -> Vec<Gap> {
        let used: FxHashSet<usize> = self.layers.iter().copied().flatten().collect();
        // Of a file that cannot be parsed it is told that it cannot.
        let unread = |layer: &Layer| {
            patterns(folder, &layer.patterns).is_ok_and(|set| self.seen.unreadable.iter().any(|wrong| set.matches(&wrong.file)))
        };
        let empty = self.rules.layers.iter().enumerate().filter(|(index, layer)| !used.contains(index) && !unread(layer));
        empty
            .map(|(_, layer)| {
                let wanted: Vec<String> = layer.patterns.iter().map(|text| format!("`{}`", rooted(folder, text))).collect();
                let message = format!("the layer `{}` matches no source file: {}", layer.name, wanted.join(", "));
                let near = layer.patterns.iter().find_map(|text| Some((text, self.near(text)?)));
                let help = match near {
                    Some((text, near)) => format!("did you mean `{near}` instead of `{text}`?"),
                    None => String::from("correct its patterns, or its `root`, or take it out"),
                };
                let (file, place) = (layer.place.file.to_string(), &layer.place);
                let finding =
                    finding(&format!("{KIND}/empty_layer"), &file, place.line, place.column, message, help, &[&file, &layer.name]);
                Gap { finding, empty: true }
            })
            .collect()
    }

    /// Rules about files that are not there, which would hold whatever the imports are.
    pub(super) fn rules_without_files(&self) -> Result<Vec<Gap>, Unjudged> {
        let acyclic = self.rules.acyclic.iter().map(|(folder, place)| ("acyclic", vec![ring_of(folder)], place));
        let protected = self.rules.protected.iter().map(|rule| ("protected", rule.files.clone(), &rule.place));
        let mut gaps = Vec::new();
        for (name, texts, place) in acyclic.chain(protected) {
            let meant = patterns(self.folder, &texts)?;
            let used = self.seen.modules().any(|(_, file, _)| meant.matches(file))
                || self.seen.unreadable.iter().any(|wrong| meant.matches(&wrong.file))
                || self.imports().any(|import| import.to_file.is_some_and(|file| meant.matches(file)));
            if used {
                continue;
            }
            let wanted: Vec<String> = texts.iter().map(|text| format!("`{}`", rooted(self.folder, text))).collect();
            let message = format!("`{name}` matches no source file: {}", wanted.join(", "));
            let help = match texts.iter().find_map(|text| Some((text, self.near(text)?))) {
                Some((text, near)) if name == "protected" => format!("did you mean `{near}` instead of `{text}`?"),
                _ => String::from("correct its patterns, or the gate's `root`, or take it out"),
            };
            let file = place.file.to_string();
            let identity = [&file[..], name, &wanted.join(" ")];
            let finding = finding(&format!("{KIND}/empty_rule"), &file, place.line, place.column, message, help, &identity);
            gaps.push(Gap { finding, empty: true });
        }
        for rule in &self.rules.external {
            let others = self.imports().filter(|import| import.external);
            if others.clone().any(|import| rule.means(import)) {
                continue;
            }
            let Some(package) = others.map(|import| import.to).find(|package| rule.is_inside(package)) else { continue };
            let (place, file) = (&rule.place, rule.place.file.to_string());
            let message =
                format!("`external \"{}\"` matches no import: imports are known by their package, such as `{package}`", rule.package);
            let help = format!("name the package: external \"{package}\"");
            let identity = [&file[..], "external", &*rule.package];
            let finding = finding(&format!("{KIND}/empty_rule"), &file, place.line, place.column, message, help, &identity);
            gaps.push(Gap { finding, empty: false });
        }
        Ok(gaps)
    }

    /// Returns the pattern that was meant by one which matches nothing: a folder's files where it names the folder alone, or without what that
    /// stands in, or nearly so.
    fn near(&self, text: &str) -> Option<String> {
        // What stands in front of a pattern's first special character, or all of it.
        let named = text.split(['*', '?', '[', '{', '\\']).next()?.trim_end_matches('/');
        let above = if self.folder.is_root() { String::new() } else { format!("{}/", self.folder) };
        let own = |file: &RelPath| file.parent()?.to_string().strip_prefix(&above).map(str::to_owned);
        let names: BTreeSet<String> = self.seen.modules().filter_map(|(_, file, _)| own(file)).collect();
        let folders: BTreeSet<&str> =
            names.iter().flat_map(|name| name.match_indices('/').map(|(at, _)| &name[..at]).chain([&**name])).collect();
        let inner = |folder: &&&str| folder.strip_suffix(named).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        let meant = match folders.iter().filter(inner).min_by_key(|folder| folder.len()) {
            Some(folder) => folder,
            None => did_you_mean(named, folders.iter().copied())?,
        };
        let rest = text[named.len()..].trim_start_matches('/');
        Some(format!("{meant}/{}", if rest.is_empty() { "**" } else { rest })).filter(|near| near != text)
    }

    /// Modules that no layer claims. One that only makes a folder a package has no direction.
    pub(super) fn unclaimed(&self) -> Vec<Gap> {
        if self.rules.layers.is_empty() {
            return Vec::new();
        }
        let mut touched = vec![false; self.layers.len()];
        for import in self.imports() {
            touched[import.from_at] = true;
            import.to_at.iter().for_each(|to| touched[*to] = true);
        }
        let marker = |file: &RelPath, at: usize| file.name().starts_with(b"__init__.py") && !touched[at];
        let open = self.seen.modules().filter(|(_, file, at)| self.layers[*at].is_none() && !marker(file, *at));
        open.map(|(name, file, _)| {
            let file = file.to_string();
            let message = format!("no layer claims `{name}`");
            let help = String::from("add it to a layer, or leave it out of the roots");
            Gap { finding: finding(&format!("{KIND}/unclaimed"), &file, 0, 0, message, help, &[name]), empty: true }
        })
        .collect()
    }
}
