//! Which files are compiled together: those below the nearest folder with a project file.

use crate::base::RelPath;
use crate::facts::world::World;

use super::extract::Means;

/// The projects of a tree.
pub(super) struct Projects {
    /// Their folders, and what their files say is used everywhere.
    all: Vec<(RelPath, Vec<(String, Means)>)>,
}

impl Projects {
    /// Reads every project file of the tree.
    pub fn new(world: &World<'_>) -> Projects {
        let mut all: Vec<(RelPath, Vec<(String, Means)>)> = Vec::new();
        for path in world.files.iter().filter(|path| path.name().ends_with(b".csproj")) {
            let folder = path.parent().unwrap_or_default();
            let usings = world.text(path).map(|text| usings(&text)).unwrap_or_default();
            match all.iter_mut().find(|(known, _)| *known == folder) {
                Some((_, known)) => known.extend(usings),
                None => all.push((folder, usings)),
            }
        }
        all.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.as_bytes().len()));
        Projects { all }
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

/// Returns the `<Using Include="…" />` of a project file.
fn usings(text: &str) -> Vec<(String, Means)> {
    let mut text = text.to_owned();
    while let Some(start) = text.find("<!--") {
        let end = text[start..].find("-->").map_or(text.len(), |end| start + end + 3);
        text.replace_range(start..end, " ");
    }
    let mut found = Vec::new();
    for part in text.split("<Using").skip(1).filter(|part| part.starts_with(char::is_whitespace)) {
        let tag = part.split('>').next().unwrap_or(part);
        let attribute = |name: &str| {
            let (_, rest) = tag.split_once(&format!("{name}=\""))?;
            rest.split('"').next().map(|value| value.trim().to_owned())
        };
        if let Some(name) = attribute("Include") {
            let fixed = attribute("Static").is_some_and(|value| value.eq_ignore_ascii_case("true"));
            let means = attribute("Alias").map(Means::Alias).unwrap_or(if fixed { Means::Static } else { Means::Namespace });
            found.push((name, means));
        }
    }
    found
}
