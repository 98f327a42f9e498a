//! The folders that compilers are told to look in, from `compile_commands.json`.

use std::collections::BTreeSet;

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

/// How a compilation database is called,
const NAME: &[u8] = b"compile_commands.json";

/// and in which folders of a project builds put it: there, or as CMake's, CLion's and Meson's users call them.
const BUILDS: [&str; 6] = ["", "build", "builddir", "out", "cmake-build-debug", "cmake-build-release"];

/// Options that are followed by a folder, or hold it.
const FOLDERS: [&str; 5] = ["-iquote", "-isystem", "-idirafter", "-I", "/I"];

/// Options that are followed by a file which is included before all others.
const FORCED: [&str; 5] = ["-include", "--include", "-imacros", "--imacros", "/FI"];

impl Commands {
    /// Reads all compilation databases of the tree; `concerns` tells folders that files to be told stand in.
    pub(super) fn new(world: &World<'_>, concerns: &dyn Fn(&RelPath) -> bool) -> Commands {
        let mut commands = Commands::default();
        for path in &databases(world) {
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

/// Returns the compilation databases of the tree: those of its own files, and, since most are made by a build and ignored, those that stand
/// where a root, a folder above one or a project of CMake or Meson is, or in a folder there that builds are made in.
fn databases(world: &World<'_>) -> BTreeSet<RelPath> {
    let project = |path: &&RelPath| matches!(path.name(), b"CMakeLists.txt" | b"meson.build" | b"compile_commands.json");
    let projects = world.files().filter(project).filter_map(RelPath::parent);
    let roots = world.roots().iter().flat_map(|root| std::iter::successors(Some(root.folder.clone()), RelPath::parent));
    let places: BTreeSet<RelPath> = projects.chain(roots).collect();
    let within = |place: &RelPath| BUILDS.map(|build| place.join(build.as_bytes()).join(NAME));
    places.iter().flat_map(within).filter(|path| world.has(path.as_bytes()) || world.is_there(path)).collect()
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
