//! The folders that compilers are told to look in, from `compile_commands.json`.

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::base::RelPath;
use crate::facts::settings;
use crate::facts::world::World;

#[derive(Deserialize)]
struct Entry {
    directory: String,
    file: String,
    arguments: Option<Vec<String>>,
    command: Option<String>,
}

/// A folder that is looked in.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Folder {
    pub path: RelPath,
    /// Whether it is for names in quotes only: `-iquote`.
    pub quotes: bool,
}

/// What a compiler is told about one file.
#[derive(Default)]
struct Told {
    folders: Vec<Folder>,
    forced: Vec<(RelPath, String)>,
}

/// Include folders, in the order in which they are looked in.
#[derive(Default)]
pub(super) struct Commands {
    by_file: FxHashMap<RelPath, Told>,
    /// The folders of all files, for headers.
    all: Vec<Folder>,
}

/// Options that are followed by a folder, or hold it.
const FOLDERS: [&str; 5] = ["-iquote", "-isystem", "-idirafter", "-I", "/I"];

/// Options that are followed by a file which is included before all others.
const FORCED: [&str; 5] = ["-include", "--include", "-imacros", "--imacros", "/FI"];

impl Commands {
    /// Reads all compilation databases of the tree; `concerns` tells folders that files to be told stand in.
    pub(super) fn new(world: &World<'_>, concerns: &dyn Fn(&RelPath) -> bool) -> Commands {
        let mut commands = Commands::default();
        for path in world.files().filter(|path| path.name() == b"compile_commands.json") {
            let here = path.parent().unwrap_or_default();
            let entries = match world.said(path, settings::json::<Vec<Entry>>) {
                Some(Ok(entries)) => entries,
                // It stands in the folder of a build, or above the sources.
                Some(Err(wrong)) if concerns(&here.parent().unwrap_or_default()) => {
                    world.is_broken(path, wrong);
                    continue;
                }
                _ => continue,
            };
            for entry in entries {
                commands.add(world, &here, entry);
            }
        }
        commands
    }

    /// Returns the folders to look in on behalf of a file.
    pub(super) fn folders(&self, file: &RelPath) -> &[Folder] {
        self.by_file.get(file).map_or(&self.all, |told| &told.folders)
    }

    /// Returns what a file includes because the compiler is told so: each with the folder in which the compiler is started.
    pub(super) fn forced(&self, file: &RelPath) -> &[(RelPath, String)] {
        self.by_file.get(file).map_or(&[], |told| &told.forced)
    }

    fn add(&mut self, world: &World<'_>, here: &RelPath, entry: Entry) {
        let inside = |base: &RelPath, text: &str| {
            let path = RelPath::anywhere(world.tree.root(), base, text.as_bytes()).ok()?;
            (!path.is_outside()).then_some(path)
        };
        let Some(directory) = inside(here, &entry.directory) else { return };
        let Some(file) = inside(&directory, &entry.file) else { return };
        let words = entry.arguments.unwrap_or_else(|| words(entry.command.as_deref().unwrap_or_default()));
        let told = self.by_file.entry(file).or_default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let joined =
                || word.strip_prefix("--include=").or_else(|| word.strip_prefix("--imacros=")).or_else(|| word.strip_prefix("/FI"));
            if FORCED.contains(&&**word) {
                told.forced.extend(words.next().map(|name| (directory.clone(), name.clone())));
            } else if let Some(name) = joined() {
                told.forced.push((directory.clone(), name.to_owned()));
            } else if let Some((option, rest)) = FOLDERS.iter().find_map(|option| Some((*option, word.strip_prefix(option)?))) {
                let folder = if rest.is_empty() { words.next().map(String::as_str) } else { Some(rest) };
                let folder = folder.and_then(|folder| inside(&directory, folder));
                told.folders.extend(folder.map(|path| Folder { path, quotes: option == "-iquote" }));
            }
        }
        for folder in &told.folders {
            if !self.all.contains(folder) {
                self.all.push(folder.clone());
            }
        }
    }
}

/// Takes a command apart, as a shell would.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', _) if quote != Some('\'') => word.get_or_insert_default().extend(letters.next()),
            (_, Some(open)) if letter == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (_, None) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}
