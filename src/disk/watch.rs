//! Being told what changes in a tree: by the system, or by looking again and again where it refuses.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use notify::event::{EventKind, MetadataKind, ModifyKind};
use notify::{Config, Event, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::Tree;
use crate::base::RelPath;

/// How often is looked, where the system tells nothing.
const LOOKED: Duration = Duration::from_secs(1);

/// What has changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// Files, links and folders that came, went, or are not what they were.
    pub paths: BTreeSet<RelPath>,
    /// Folders in which more may have changed than was told.
    pub folders: BTreeSet<RelPath>,
}

impl Changes {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.folders.is_empty()
    }
}

/// Watches the folders of a tree, new ones as they come.
pub struct Watch {
    tree: Tree,
    /// The folder as the system names it.
    root: PathBuf,
    told: Receiver<notify::Result<Event>>,
    watcher: Box<dyn notify::Watcher + Send>,
    watched: BTreeSet<RelPath>,
    passed_over: Box<dyn Fn(&RelPath) -> bool + Send>,
    /// Why it looks again and again instead of being told.
    pub polls: Option<String>,
}

impl Watch {
    /// Begins to watch every folder but those that are to be passed over; never what stands in `.git` and `.orket`.
    ///
    /// # Errors
    /// A sentence, when nothing can be watched at all.
    pub fn begin(tree: &Tree, passed_over: Box<dyn Fn(&RelPath) -> bool + Send>) -> Result<Watch, String> {
        let root = std::fs::canonicalize(tree.root()).map_err(|error| error.to_string())?;
        let (sender, told) = unbounded();
        let tell = move |event| drop(sender.send(event));
        let watcher = RecommendedWatcher::new(tell, Config::default()).map_err(|error| plain(&error));
        let (watcher, polls): (Box<dyn notify::Watcher + Send>, _) = match watcher {
            Ok(watcher) => (Box::new(watcher), None),
            Err(why) => (Box::new(notify::NullWatcher), Some(why)),
        };
        let mut watch = Watch { tree: tree.clone(), root, told, watcher, watched: BTreeSet::new(), passed_over, polls };
        let failed = watch.polls.clone().or_else(|| watch.add(&RelPath::root(), &mut Changes::default()).err());
        match failed {
            None => Ok(watch),
            Some(why) => watch.poll(why),
        }
    }

    /// How many folders are watched.
    pub fn folders(&self) -> usize {
        self.watched.len()
    }

    /// Returns where it is told that something has changed, for whoever waits for several things; see [`Watch::take`].
    pub fn told(&self) -> &Receiver<notify::Result<Event>> {
        &self.told
    }

    /// Adds to `changes` what was told, and all that was told since.
    pub fn take(&mut self, event: notify::Result<Event>, changes: &mut Changes) {
        let mut next = Some(event);
        while let Some(event) = next {
            match event {
                Ok(event) if event.need_rescan() => drop(changes.folders.insert(RelPath::root())),
                Ok(event) if tells_of_change(event.kind) => event.paths.iter().for_each(|path| self.changed(path, changes)),
                Ok(_) => {}
                Err(_) => drop(changes.folders.insert(RelPath::root())),
            }
            next = self.told.try_recv().ok();
        }
    }

    fn changed(&mut self, path: &Path, changes: &mut Changes) {
        let Some(path) = below(&self.root, path) else { return };
        if own(&path) || (self.passed_over)(&path) {
            return;
        }
        let is_folder = self.tree.stat(&path).ok().flatten().is_some_and(|stamp| stamp.is_dir());
        if is_folder && self.polls.is_none() && !self.watched.contains(&path) {
            // What was put into it before it was watched is told by nobody.
            if self.add(&path, changes).is_err() {
                changes.folders.insert(RelPath::root());
            }
        }
        if !is_folder {
            // A folder of that name that went takes its watch along.
            self.watched.remove(&path);
            changes.paths.insert(path);
        }
    }

    fn add(&mut self, folder: &RelPath, changes: &mut Changes) -> Result<(), String> {
        let mut open = vec![folder.clone()];
        while let Some(folder) = open.pop() {
            if let Err(error) = self.watcher.watch(&folder.under(&self.root), RecursiveMode::NonRecursive) {
                match self.tree.stat(&folder) {
                    Ok(None) => continue,
                    _ => return Err(plain(&error)),
                }
            }
            self.watched.insert(folder.clone());
            for (name, kind) in self.tree.list(&folder).unwrap_or_default() {
                let path = folder.join(&name);
                if own(&path) || (self.passed_over)(&path) {
                    continue;
                }
                match kind {
                    super::Kind::Folder => open.push(path),
                    _ => drop(changes.paths.insert(path)),
                }
            }
        }
        Ok(())
    }

    fn poll(mut self, why: String) -> Result<Watch, String> {
        let (sender, told) = unbounded();
        let config = Config::default().with_poll_interval(LOOKED);
        let mut watcher = PollWatcher::new(move |event| drop(sender.send(event)), config).map_err(|error| plain(&error))?;
        watcher.watch(&self.root, RecursiveMode::Recursive).map_err(|error| plain(&error))?;
        (self.told, self.watcher, self.polls) = (told, Box::new(watcher), Some(why));
        Ok(self)
    }
}

/// Whether something may be another thing than before: not where somebody only looked at it.
fn tells_of_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)))
}

/// Whether a path is git's or orket's own.
fn own(path: &RelPath) -> bool {
    path.parts().any(|part| part == b".git" || part == b".orket")
}

fn below(root: &Path, path: &Path) -> Option<RelPath> {
    RelPath::parse(path.strip_prefix(root).ok()?.as_os_str().as_encoded_bytes()).ok()
}

fn plain(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => String::from("the system watches no more folders for this user (fs.inotify.max_user_watches)"),
        notify::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(watch: &mut Watch, wanted: &str) -> Changes {
        let mut changes = Changes::default();
        let wanted = RelPath::parse(wanted).unwrap();
        while !changes.paths.contains(&wanted) {
            let event = watch.told().recv_timeout(Duration::from_secs(20)).expect("it is told");
            watch.take(event, &mut changes);
        }
        changes
    }

    #[test]
    fn what_is_written_made_and_removed_is_told_also_in_new_folders() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        };
        write("src/a");
        let tree = Tree::open(folder.path()).unwrap();
        let out = RelPath::parse("out").unwrap();
        let mut watch = Watch::begin(&tree, Box::new(move |path| path.is_in(&out))).unwrap();
        assert_eq!((watch.folders(), &watch.polls), (2, &None));
        for path in ["src/a", "src/b", "new/deep/c", "new/deep/d"] {
            write(".git/index");
            write(".orket/state");
            write("out/o");
            write(path);
            let told = next(&mut watch, path);
            assert!(told.paths.iter().all(|path| !own(path) && !path.as_bytes().starts_with(b"out")), "{told:?}");
        }
        std::fs::remove_file(folder.path().join("src/a")).unwrap();
        next(&mut watch, "src/a");
        std::fs::read(folder.path().join("src/b")).unwrap();
        write("src/z");
        assert!(!next(&mut watch, "src/z").paths.contains(&RelPath::parse("src/b").unwrap()), "reading is no change");
    }

    #[test]
    fn where_too_much_happens_everything_may_have_changed() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch::begin(&Tree::open(folder.path()).unwrap(), Box::new(|_| false)).unwrap();
        let mut changes = Changes::default();
        watch.take(Ok(Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan)), &mut changes);
        assert_eq!(changes.folders, BTreeSet::from([RelPath::root()]));
    }
}
