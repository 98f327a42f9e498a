//! Which files are compiled together: those below the nearest folder with a project file.

use std::collections::BTreeSet;

use crate::base::RelPath;
use crate::facts::world::World;

use super::extract::Means;

/// The projects of a tree.
pub(super) struct Projects {
    /// Their folders, and what their files say is used everywhere.
    all: Vec<(RelPath, Vec<(String, Means)>)>,
    /// The packages that they refer to.
    packages: BTreeSet<String>,
}

impl Projects {
    /// Reads every project file of the tree.
    pub fn new(world: &World<'_>) -> Projects {
        let mut all: Vec<(RelPath, Vec<(String, Means)>)> = Vec::new();
        let mut packages = BTreeSet::new();
        for path in world.files().filter(|path| path.name().ends_with(b".csproj")) {
            let folder = path.parent().unwrap_or_default();
            let text = without_comments(world.text(path).unwrap_or_default());
            packages.extend(tags(&text, "PackageReference").filter_map(|tag| attribute(tag, "Include")));
            let usings = usings(&text);
            match all.iter_mut().find(|(known, _)| *known == folder) {
                Some((_, known)) => known.extend(usings),
                None => all.push((folder, usings)),
            }
        }
        all.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.as_bytes().len()));
        // Of those above a project, the nearest one counts.
        let mut shared = Vec::new();
        for path in world.files().filter(|path| path.name() == b"Directory.Build.props") {
            let text = without_comments(world.text(path).unwrap_or_default());
            packages.extend(tags(&text, "PackageReference").filter_map(|tag| attribute(tag, "Include")));
            shared.push((path.parent().unwrap_or_default(), usings(&text)));
        }
        shared.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.as_bytes().len()));
        for (folder, known) in &mut all {
            known.extend(shared.iter().find(|(above, _)| folder.is_in(above)).map_or(&[][..], |(_, usings)| usings).iter().cloned());
        }
        Projects { all, packages }
    }

    /// Returns the packages that the projects refer to.
    pub fn packages(&self) -> impl Iterator<Item = &String> {
        self.packages.iter()
    }

    /// Returns the number of a file's project; the last one stands for all that is in none.
    pub fn of(&self, path: &RelPath) -> usize {
        self.all.iter().position(|(folder, _)| path.is_in(folder)).unwrap_or(self.all.len())
    }

    /// Returns what each project's file says is used everywhere, and nothing for what is in none.
    pub fn usings(&self) -> Vec<Vec<(String, Means)>> {
        self.all.iter().map(|(_, usings)| usings.clone()).chain([Vec::new()]).collect()
    }
}

/// Returns a project file without its comments.
fn without_comments(mut text: String) -> String {
    while let Some(start) = text.find("<!--") {
        let end = text[start..].find("-->").map_or(text.len(), |end| start + end + 3);
        text.replace_range(start..end, " ");
    }
    text
}

/// Returns what stands in the tags of a name.
fn tags<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let parts: Vec<&str> = text.split(&format!("<{name}")).skip(1).collect();
    parts.into_iter().filter(|part| part.starts_with(char::is_whitespace)).map(|part| part.split('>').next().unwrap_or(part))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split('"').next().map(|value| value.trim().to_owned())
}

/// Returns the `<Using Include="…" />` of a project file.
fn usings(text: &str) -> Vec<(String, Means)> {
    let using = |tag: &str| {
        let fixed = attribute(tag, "Static").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let means = attribute(tag, "Alias").map(Means::Alias).unwrap_or(if fixed { Means::Static } else { Means::Namespace });
        Some((attribute(tag, "Include")?, means))
    };
    tags(text, "Using").filter_map(using).collect()
}
