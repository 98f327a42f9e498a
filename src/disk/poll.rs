//! Looking again and again at what stands in a tree, where the system does not tell of changes.

use std::collections::BTreeMap;
use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::changes::{Changes, PassedOver, Told, own};
use super::{Kind, Signature, Tree, now_ns};
use crate::base::RelPath;

/// How often is looked.
const LOOKED: Duration = Duration::from_secs(1);

/// Compares what stands in a tree with what stood there at the last look.
pub(super) struct Poller {
    tree: Tree,
    passed_over: PassedOver,
    /// `None` where the stamp was so fresh that other bytes can have the same one.
    known: BTreeMap<RelPath, Option<Signature>>,
}

impl Poller {
    /// Looks for the first time.
    pub(super) fn new(tree: &Tree, passed_over: &PassedOver) -> Poller {
        let mut poller = Poller { tree: tree.clone(), passed_over: passed_over.clone(), known: BTreeMap::new() };
        poller.known = poller.stamps();
        poller
    }

    /// Returns what is not as it was at the last look; a file that was written just before that counts as changed.
    pub(super) fn look(&mut self) -> Changes {
        let now = self.stamps();
        let before = std::mem::replace(&mut self.known, now);
        let came = self.known.iter().filter(|(path, stamp)| before.get(*path).is_none_or(|old| old.is_none() || *old != **stamp));
        let went = before.keys().filter(|path| !self.known.contains_key(*path));
        Changes { paths: came.map(|(path, _)| path).chain(went).cloned().collect(), ..Changes::default() }
    }

    /// Looks every second from now on, in a thread of its own, and tells what has changed until what it returns is dropped.
    ///
    /// # Errors
    /// When the system allows no more threads.
    pub(super) fn begin(mut self, told: Sender<Told>) -> io::Result<Sender<()>> {
        let (leash, over): (Sender<()>, Receiver<()>) = bounded(0);
        thread::Builder::new().name(String::from("poll")).spawn(move || {
            while over.recv_timeout(LOOKED) == Err(RecvTimeoutError::Timeout) {
                let changes = self.look();
                if !changes.is_empty() && told.send(Told::Looked(changes)).is_err() {
                    return;
                }
            }
        })?;
        Ok(leash)
    }

    fn stamps(&self) -> BTreeMap<RelPath, Option<Signature>> {
        let (now, mut stamps, mut open) = (now_ns(), BTreeMap::new(), vec![RelPath::root()]);
        while let Some(folder) = open.pop() {
            for (name, kind) in self.tree.list(&folder).unwrap_or_default() {
                let path = folder.join(&name);
                if own(&path) || (self.passed_over)(&path) {
                    continue;
                }
                match kind {
                    Kind::Folder => open.push(path),
                    _ => {
                        if let Some(stamp) = self.tree.stat(&path).ok().flatten() {
                            stamps.insert(path, stamp.settled_at(now).then_some(stamp));
                        }
                    }
                }
            }
        }
        stamps
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, FileTimes};
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn every_kind_of_change_is_found_also_one_that_sets_the_time_back() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("src")).unwrap();
        for path in ["src/kept", "src/edited", "src/older", "src/gone", "out"] {
            fs::write(at(path), "1").unwrap();
        }
        let out = RelPath::parse("out").unwrap();
        let mut poller =
            Poller::new(&Tree::open(folder.path()).unwrap(), &(Arc::new(move |path: &RelPath| path.is_in(&out)) as PassedOver));
        // Until no stamp is fresh any more.
        while !poller.known.values().all(Option::is_some) {
            poller.look();
        }
        assert!(poller.look().is_empty());
        fs::write(at("src/edited"), "2").unwrap();
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        fs::File::options().write(true).open(at("src/older")).unwrap().set_times(FileTimes::new().set_modified(hour_ago)).unwrap();
        fs::remove_file(at("src/gone")).unwrap();
        fs::create_dir(at("src/new")).unwrap();
        fs::write(at("src/new/file"), "1").unwrap();
        fs::write(at("out"), "2").unwrap();
        let found: Vec<String> = poller.look().paths.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["src/edited", "src/gone", "src/new/file", "src/older"]);
    }

    #[test]
    fn what_was_written_just_before_a_look_is_looked_at_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "1").unwrap();
        let mut poller = Poller::new(&Tree::open(folder.path()).unwrap(), &(Arc::new(|_: &RelPath| false) as PassedOver));
        poller.known.values_mut().for_each(|stamp| *stamp = None);
        assert_eq!(poller.look().paths.len(), 1, "whatever its stamp says");
    }
}
