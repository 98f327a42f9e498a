//! Being told what changes in a tree: by the system, or by looking again and again where it refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, Sender, unbounded};
use notify::event::{EventKind, MetadataKind, ModifyKind};
use notify::{Config, NullWatcher, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::changes::{Changes, PassedOver, Told, own};
use super::poll::Poller;
use super::{Kind, Tree};
use crate::base::RelPath;

/// How many links one after the other are followed to find out what else a file is called.
const LINKS: usize = 8;

type Teller = Box<dyn notify::Watcher + Send>;

/// Watches the folders of a tree, new ones as they come.
pub struct Watch {
    tree: Tree,
    /// The folder as the system names it.
    root: PathBuf,
    told: Receiver<Told>,
    teller: Teller,
    watched: BTreeSet<RelPath>,
    /// Files outside of the tree, the folders that they stand in, and all that are on the way there, which another one may replace.
    outside: BTreeSet<RelPath>,
    around: BTreeSet<RelPath>,
    ways: BTreeSet<RelPath>,
    passed_over: PassedOver,
    /// Links, with what they mean where that stands in the tree.
    links: BTreeMap<RelPath, Option<RelPath>>,
    /// Whether links may mean something else than they did.
    turned: bool,
    /// Ends the looking when it is dropped.
    leash: Option<Sender<()>>,
    /// Why it looks again and again instead of being told.
    pub polls: Option<String>,
}

impl Watch {
    /// Begins to watch every folder but those that are to be passed over; never what stands in `.git` and `.orket`.
    ///
    /// # Errors
    /// A sentence, when nothing can be watched at all.
    pub fn begin(tree: &Tree, passed_over: PassedOver) -> Result<Watch, String> {
        let (sender, told) = unbounded();
        let tell = move |event| drop(sender.send(Told::Event(event)));
        let teller = RecommendedWatcher::new(tell, Config::default());
        Watch::with(tree, passed_over, teller.map(|teller| Box::new(teller) as Teller).map_err(|error| plain(&error)), told)
    }

    fn with(tree: &Tree, passed_over: PassedOver, teller: Result<Teller, String>, told: Receiver<Told>) -> Result<Watch, String> {
        let root = std::fs::canonicalize(tree.root()).map_err(|error| error.to_string())?;
        let (teller, refused) = match teller {
            Ok(teller) => (teller, None),
            Err(why) => (Box::new(NullWatcher) as Teller, Some(why)),
        };
        let mut watch = Watch {
            tree: tree.clone(),
            root,
            told,
            teller,
            watched: BTreeSet::new(),
            outside: BTreeSet::new(),
            around: BTreeSet::new(),
            ways: BTreeSet::new(),
            passed_over,
            links: BTreeMap::new(),
            turned: false,
            leash: None,
            polls: None,
        };
        match refused.or_else(|| watch.watch(&RelPath::root(), &mut Changes::default()).err()) {
            None => {}
            Some(why) => watch.poll(why)?,
        }
        Ok(watch)
    }

    /// Watches files outside of the tree, too: these, and what comes into the folders that they stand in or goes from there. Where the system
    /// refuses, nothing is told of them.
    pub fn look_outside(&mut self, files: BTreeSet<RelPath>) {
        let above = |path: &RelPath| path.parent().filter(RelPath::is_outside);
        let around: BTreeSet<RelPath> = files.iter().filter_map(above).collect();
        let ways: BTreeSet<RelPath> = around.iter().flat_map(|folder| std::iter::successors(Some(folder.clone()), above)).collect();
        for folder in ways.difference(&self.ways) {
            let _ = self.teller.watch(&folder.under(&self.root), RecursiveMode::NonRecursive);
        }
        for folder in self.ways.difference(&ways) {
            let _ = self.teller.unwatch(&folder.under(&self.root));
        }
        (self.outside, self.around, self.ways) = (files, around, ways);
    }

    /// Something has happened outside of the tree.
    fn changed_outside(&mut self, path: RelPath, entered: bool, found: &mut Changes) {
        if self.outside.contains(&path) || (entered && path.parent().is_some_and(|folder| self.around.contains(&folder))) {
            found.paths.insert(path.clone());
        }
        if !entered || !self.ways.contains(&path) {
            return;
        }
        // Another folder may have that name now; the one that had it took its watch along.
        for folder in self.ways.range(path.clone()..).take_while(|folder| folder.as_bytes().starts_with(path.as_bytes())) {
            if folder.is_in(&path) {
                let _ = self.teller.unwatch(&folder.under(&self.root));
                let _ = self.teller.watch(&folder.under(&self.root), RecursiveMode::NonRecursive);
            }
        }
        found.paths.extend(self.outside.iter().filter(|file| file.is_in(&path)).cloned());
    }

    /// How many folders are watched; 0 where it looks again and again.
    pub fn folders(&self) -> usize {
        self.watched.len()
    }

    /// Returns where it is told that something has changed, for whoever waits for several things; see [`Watch::take`].
    pub fn told(&self) -> &Receiver<Told> {
        &self.told
    }

    /// Adds to `changes` what was told, and all that was told since.
    pub fn take(&mut self, told: Told, changes: &mut Changes) {
        let (mut next, mut found) = (Some(told), Changes::default());
        while let Some(told) = next {
            match told {
                Told::Event(Ok(event)) if event.need_rescan() => drop(found.folders.insert(RelPath::root())),
                Told::Event(Ok(event)) if tells_of_change(event.kind) => {
                    let entered = !matches!(event.kind, EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)));
                    event.paths.iter().for_each(|path| self.changed(path, entered, &mut found));
                }
                Told::Event(Ok(_)) => {}
                Told::Event(Err(_)) => drop(found.folders.insert(RelPath::root())),
                Told::Looked(looked) => {
                    self.turned = true;
                    found.add(looked);
                }
            }
            next = self.told.try_recv().ok();
        }
        if std::mem::take(&mut self.turned) {
            self.follow_links(&found);
        }
        changes.folders.extend(found.folders);
        found.paths.into_iter().for_each(|path| changes.paths.extend(self.names_of(path)));
    }

    /// Adds all that was told by now.
    pub fn take_rest(&mut self, changes: &mut Changes) {
        if let Ok(told) = self.told.try_recv() {
            self.take(told, changes);
        }
    }

    /// `entered`: whether another thing may stand at `path` now.
    fn changed(&mut self, path: &Path, entered: bool, found: &mut Changes) {
        let Some(path) = below(&self.root, path) else {
            return self.changed_outside(RelPath::from_normal(path.as_os_str().as_encoded_bytes()), entered, found);
        };
        if own(&path) || (self.passed_over)(&path) {
            return;
        }
        self.turned |= entered;
        let is_folder = self.tree.stat(&path).ok().flatten().is_some_and(|stamp| stamp.is_dir());
        if !is_folder {
            // A folder of that name that went takes its watch along.
            self.watched.remove(&path);
            found.paths.insert(path);
        } else if self.polls.is_none() && (entered || !self.watched.contains(&path)) {
            // What was put into it before it was watched is told by nobody, and a folder may have taken another one's place.
            if let Err(why) = self.watch(&path, found) {
                found.folders.insert(RelPath::root());
                // Whoever cannot look either hears of it the next time that something happens here.
                let _ = self.poll(why);
            }
        }
    }

    fn watch(&mut self, folder: &RelPath, found: &mut Changes) -> Result<(), String> {
        let mut open = vec![folder.clone()];
        while let Some(folder) = open.pop() {
            if let Err(error) = self.teller.watch(&folder.under(&self.root), RecursiveMode::NonRecursive) {
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
                if kind == Kind::Folder {
                    open.push(path);
                    continue;
                }
                if kind == Kind::Link {
                    self.links.insert(path.clone(), self.meaning(&path));
                }
                found.paths.insert(path);
            }
        }
        Ok(())
    }

    /// Finds out again what links mean: those that are known, and those among what was found.
    fn follow_links(&mut self, found: &Changes) {
        let is_link = |path: &&RelPath| self.tree.stat(path).ok().flatten().is_some_and(|stamp| stamp.is_symlink());
        let links: BTreeSet<RelPath> = self.links.keys().chain(&found.paths).filter(is_link).cloned().collect();
        self.links = links.into_iter().map(|link| (link.clone(), self.meaning(&link))).collect();
    }

    /// Returns what a link means, if that stands in the tree; not where it is a folder around the link.
    fn meaning(&self, link: &RelPath) -> Option<RelPath> {
        let means = std::fs::canonicalize(link.under(&self.root)).ok()?;
        below(&self.root, &means).filter(|means| !link.is_in(means))
    }

    /// Returns what a file is called, also through links.
    fn names_of(&self, path: RelPath) -> BTreeSet<RelPath> {
        let mut names = BTreeSet::from([path]);
        for _ in 0..if self.links.is_empty() { 0 } else { LINKS } {
            let more: Vec<RelPath> = names.iter().flat_map(|name| self.called(name)).filter(|name| !names.contains(name)).collect();
            if more.is_empty() {
                break;
            }
            names.extend(more);
        }
        names
    }

    /// Returns what a file is called through one link.
    fn called(&self, path: &RelPath) -> impl Iterator<Item = RelPath> {
        let leads = self.links.iter().filter_map(|(link, means)| Some((link, means.as_ref()?)));
        leads.filter(|(_, means)| path.is_in(means)).map(|(link, means)| {
            let rest = &path.as_bytes()[means.as_bytes().len()..];
            if rest.is_empty() { link.clone() } else { link.join(rest.strip_prefix(b"/").unwrap_or(rest)) }
        })
    }

    /// Looks from now on instead of being told.
    fn poll(&mut self, why: String) -> Result<(), String> {
        let (sender, told) = unbounded();
        (self.told, self.teller, self.polls) = (told, Box::new(NullWatcher), Some(why));
        // For the links: whoever watches nothing refuses nothing.
        self.watch(&RelPath::root(), &mut Changes::default())?;
        self.watched.clear();
        self.leash = Some(Poller::new(&self.tree, &self.passed_over).begin(sender).map_err(|error| error.to_string())?);
        Ok(())
    }
}

/// Whether something may be another thing than before: not where somebody only looked at it.
fn tells_of_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)))
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
    use std::sync::Arc;
    use std::time::Duration;

    use notify::Event;

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
        let mut watch = Watch::begin(&tree, Arc::new(move |path: &RelPath| path.is_in(&out))).unwrap();
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
        let mut watch = Watch::begin(&Tree::open(folder.path()).unwrap(), Arc::new(|_: &RelPath| false)).unwrap();
        let mut changes = Changes::default();
        watch.take(Told::Event(Ok(Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan))), &mut changes);
        assert_eq!(changes.folders, BTreeSet::from([RelPath::root()]));
    }

    /// A system that watches only so many folders.
    struct Full(usize);

    impl notify::Watcher for Full {
        fn new<F: notify::EventHandler>(_: F, _: Config) -> notify::Result<Full> {
            Ok(Full(0))
        }

        fn watch(&mut self, _: &Path, _: RecursiveMode) -> notify::Result<()> {
            self.0 = self.0.checked_sub(1).ok_or_else(|| notify::Error::new(notify::ErrorKind::MaxFilesWatch))?;
            Ok(())
        }

        fn unwatch(&mut self, _: &Path) -> notify::Result<()> {
            Ok(())
        }

        fn kind() -> notify::WatcherKind {
            notify::WatcherKind::NullWatcher
        }
    }

    #[test]
    fn where_no_more_folders_can_be_watched_they_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        let (_sender, told) = unbounded();
        let begin = |count| Watch::with(&tree, Arc::new(|_: &RelPath| false), Ok(Box::new(Full(count))), told.clone()).unwrap();
        assert!(begin(1).polls.unwrap().contains("max_user_watches"));
        let mut watch = begin(2);
        assert_eq!((watch.folders(), &watch.polls), (2, &None));
        std::fs::create_dir(folder.path().join("new")).unwrap();
        let mut changes = Changes::default();
        let made = Event::new(EventKind::Create(notify::event::CreateKind::Folder)).add_path(watch.root.join("new"));
        watch.take(Told::Event(Ok(made)), &mut changes);
        assert!(watch.polls.is_some());
        assert_eq!(changes.folders, BTreeSet::from([RelPath::root()]), "everything may have changed meanwhile");
        std::fs::write(folder.path().join("new/file"), "1").unwrap();
        next(&mut watch, "new/file");
    }

    #[test]
    fn a_file_is_told_under_the_names_that_links_give_it() {
        let folder = tempfile::tempdir().unwrap();
        let link = |target: &str, path: &str| std::os::unix::fs::symlink(target, folder.path().join(path)).unwrap();
        std::fs::create_dir_all(folder.path().join("real/deep")).unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        std::fs::write(folder.path().join("real/deep/x"), "1").unwrap();
        link("../real", "src/l");
        link("src/l/deep", "d");
        link("..", "real/up");
        let mut watch = Watch::begin(&Tree::open(folder.path()).unwrap(), Arc::new(|_: &RelPath| false)).unwrap();
        std::fs::write(folder.path().join("real/deep/x"), "2").unwrap();
        let told = next(&mut watch, "d/x");
        assert!(told.paths.iter().map(ToString::to_string).eq(["d/x", "real/deep/x", "src/l/deep/x"]), "{told:?}");
        link("../d/x", "src/m");
        next(&mut watch, "src/m");
        std::fs::write(folder.path().join("real/deep/x"), "3").unwrap();
        next(&mut watch, "src/m");
    }

    #[test]
    fn a_folder_in_the_place_of_another_one_is_watched() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(at("src/sub")).unwrap();
        std::fs::create_dir_all(at("new/sub")).unwrap();
        let mut watch = Watch::begin(&Tree::open(folder.path()).unwrap(), Arc::new(|_: &RelPath| false)).unwrap();
        std::fs::rename(at("src"), at("old")).unwrap();
        std::fs::rename(at("new"), at("src")).unwrap();
        std::fs::write(at("src/seen"), "1").unwrap();
        next(&mut watch, "src/seen");
        std::fs::write(at("src/sub/x"), "1").unwrap();
        next(&mut watch, "src/sub/x");
    }
}
