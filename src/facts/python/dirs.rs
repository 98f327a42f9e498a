//! What settings say of folders whose packages are called otherwise than they stand: `package-dir` of setuptools, `sources` of hatch.

use toml::{Table, Value};

use crate::base::RelPath;
use crate::facts::settings;
use crate::facts::world::World;

/// Returns folders, the deepest first, and what the names of the modules in them begin with; empty for nothing.
pub(super) fn package_dirs(world: &World<'_>) -> Vec<(RelPath, String)> {
    let mut found = Vec::new();
    for path in world.files() {
        let pairs = match path.name() {
            b"pyproject.toml" => world.said(path, settings::toml).and_then(Result::ok).map_or_else(Vec::new, |table| of_toml(&table)),
            b"setup.cfg" => of_cfg(&world.text(path).unwrap_or_default()),
            b"setup.py" => of_script(&world.text(path).unwrap_or_default()),
            _ => continue,
        };
        let here = path.parent().unwrap_or_default();
        let below = |(folder, package): (String, String)| Some((RelPath::parse_in(&here, folder.as_bytes()).ok()?, package));
        // In the folder of the settings itself, names are what they seem.
        found.extend(pairs.into_iter().filter_map(below).filter(|(folder, _)| *folder != here));
    }
    found.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.parts().count()));
    found
}

fn of_toml(table: &Table) -> Vec<(String, String)> {
    let at = |keys: &[&str]| {
        let mut keys = keys.iter();
        let first = table.get(*keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(*key))
    };
    let pairs = |value: Option<&Value>| -> Vec<(String, String)> {
        let table = value.and_then(Value::as_table).into_iter().flatten();
        table.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    };
    let folders = |value: Option<&Value>| -> Vec<(String, String)> {
        let folders = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        folders.map(|folder| (folder.to_owned(), String::new())).collect()
    };
    let mut found: Vec<(String, String)> =
        pairs(at(&["tool", "setuptools", "package-dir"])).into_iter().map(|(package, folder)| (folder, package)).collect();
    found.extend(folders(at(&["tool", "setuptools", "packages", "find", "where"])));
    for sources in [at(&["tool", "hatch", "build", "targets", "wheel", "sources"]), at(&["tool", "hatch", "build", "sources"])] {
        found.extend(pairs(sources).into_iter().chain(folders(sources)));
    }
    found
}

fn of_cfg(text: &str) -> Vec<(String, String)> {
    let (mut section, mut key, mut found) = ("", "", Vec::new());
    for line in text.lines() {
        let trimmed = line.trim();
        let mut value = trimmed;
        if let Some(name) = trimmed.strip_prefix('[') {
            (section, key) = (name.trim_end_matches(']'), "");
            continue;
        }
        if !line.starts_with(char::is_whitespace) {
            let Some((name, rest)) = trimmed.split_once('=') else { continue };
            (key, value) = (name.trim(), rest.trim());
        }
        match (section, key) {
            ("options", "package_dir" | "package-dir") => {
                let pair = value.split_once('=').map(|(package, folder)| (folder.trim().to_owned(), package.trim().to_owned()));
                found.extend(pair);
            }
            ("options.packages.find", "where") if !value.is_empty() => found.push((value.to_owned(), String::new())),
            _ => {}
        }
    }
    found
}

/// Of a program, what is spelled out: `package_dir={"": "source"}`, `find_packages("source")`, `find_packages(where="source")`.
fn of_script(text: &str) -> Vec<(String, String)> {
    let quoted = |text: &str| text.split(['"', '\'']).skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let dirs = text.split_once("package_dir").and_then(|(_, rest)| rest.trim_start_matches([' ', '=', '"', '\'', ':']).strip_prefix('{'));
    let dirs = dirs.and_then(|rest| rest.split_once('}')).map_or_else(Vec::new, |(inner, _)| quoted(inner));
    let mut found: Vec<(String, String)> = dirs.chunks_exact(2).map(|pair| (pair[1].clone(), pair[0].clone())).collect();
    for call in text.split("packages(").skip(1) {
        let arguments = call.split(')').next().unwrap_or(call).trim_start();
        let place = arguments.split_once("where").map(|(_, rest)| rest).or_else(|| arguments.starts_with(['"', '\'']).then_some(arguments));
        found.extend(place.and_then(|place| quoted(place).into_iter().next()).map(|folder| (folder, String::new())));
    }
    found
}
