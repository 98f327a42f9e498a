//! What each kind of change makes doubtful.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::inotify::ReadFlags;

use super::news::News;
use super::{Stamped, Vigil};
use crate::base::RelPath;
use crate::disk::{Signature, Tree};

struct Rows(Vec<(RelPath, Option<Signature>)>);

impl Stamped for Rows {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn path(&self, row: usize) -> &[u8] {
        self.0[row].0.as_bytes()
    }

    fn is_folder(&self, row: usize) -> bool {
        self.0[row].1.is_some_and(|stamp| stamp.is_dir())
    }

    fn is_like(&self, row: usize, now: Option<Signature>) -> bool {
        self.0[row].1 == now
    }
}

struct Scene {
    folder: tempfile::TempDir,
    vigil: Vigil,
}

/// A folder with a few files, and a vigil over these paths as they stand there.
fn scene(paths: &[&str]) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [("src/a", "1"), ("src/b", "1"), ("src/deep/c", "1"), ("src-b/d", "1"), ("real/e", "1"), (".orket/state", "")] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    symlink("real", folder.path().join("link")).unwrap();
    fs::hard_link(folder.path().join("src/b"), folder.path().join("other")).unwrap();
    let tree = Tree::open(folder.path()).unwrap();
    let stamped = |path: &&str| {
        let path = RelPath::from_normal(path.as_bytes());
        (path.clone(), tree.stat(&path).unwrap())
    };
    let mut rows: Vec<_> = paths.iter().map(stamped).collect();
    rows.sort();
    let bell = RelPath::parse(".orket/state").unwrap();
    let vigil = Vigil::begin(&tree, Arc::new(Rows(rows)), &bell).unwrap();
    Scene { folder, vigil }
}

impl Scene {
    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn doubtful(&mut self) -> Vec<String> {
        self.vigil.catch_up();
        let rows = self.vigil.doubtful().expect("something is known");
        let mut paths: Vec<_> =
            rows.iter().map(|row| String::from_utf8_lossy(self.vigil.rows().path(*row as usize)).into_owned()).collect();
        paths.sort();
        paths
    }
}

const ALL: [&str; 7] = ["", "src", "src-b/d", "src/a", "src/deep", "src/deep/c", "src/gone/x"];

/// What one change makes doubtful, of `ALL`.
fn after(change: impl Fn(&Scene)) -> Vec<String> {
    let mut scene = scene(&ALL);
    assert_eq!(scene.doubtful(), [""; 0]);
    change(&scene);
    scene.doubtful()
}

#[test]
fn every_change_makes_what_it_reaches_doubtful_and_nothing_else() {
    assert_eq!(after(|scene| drop(fs::read(scene.at("src/a")).unwrap())), [""; 0]);
    assert_eq!(after(|scene| fs::write(scene.at("src/a"), "2").unwrap()), ["src/a"]);
    assert_eq!(
        after(|scene| fs::set_permissions(scene.at("src/a"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap()),
        ["src/a"]
    );
    assert_eq!(after(|scene| fs::File::options().write(true).open(scene.at("src/a")).unwrap().set_len(9).unwrap()), ["src/a"]);
    assert_eq!(after(|scene| fs::remove_file(scene.at("src/a")).unwrap()), ["src", "src/a"]);
    assert_eq!(after(|scene| fs::write(scene.at("src/new"), "").unwrap()), ["src"]);
    assert_eq!(after(|scene| fs::write(scene.at("src/deep/new"), "").unwrap()), ["src/deep"]);
    assert_eq!(after(|scene| fs::rename(scene.at("real/e"), scene.at("src/a")).unwrap()), ["src", "src/a"]);
    assert_eq!(after(|scene| fs::create_dir_all(scene.at("src/gone/x")).unwrap()), ["src", "src/gone/x"]);
    let below = ["src", "src/a", "src/deep", "src/deep/c", "src/gone/x"];
    let exchanged = |scene: &Scene| {
        fs::rename(scene.at("src"), scene.at("old")).unwrap();
        fs::rename(scene.at("real"), scene.at("src")).unwrap();
    };
    assert_eq!(after(exchanged), [&[""], &below[..]].concat());
    let closed = |scene: &Scene| fs::set_permissions(scene.at("src"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(after(closed), below);
    assert_eq!(after(|scene| drop(fs::remove_dir_all(scene.at("src/deep")))), ["src", "src/deep", "src/deep/c"]);
}

#[test]
fn what_is_not_told_of_is_doubtful_from_the_start() {
    let mut scene = scene(&["/bin/sh", "link", "link/e", "real/e", "src/b"]);
    assert_eq!(scene.doubtful(), ["/bin/sh", "link/e", "src/b"], "outside, behind a link, and of two names");
    assert_eq!(scene.vigil.doubts(), 0);
}

#[test]
fn what_changed_before_it_began_is_doubtful() {
    let Scene { folder, vigil } = scene(&["src/a", "src/deep/c"]);
    fs::write(folder.path().join("src/a"), "longer").unwrap();
    let tree = Tree::open(folder.path()).unwrap();
    let vigil = Vigil::begin(&tree, vigil.rows().clone(), &RelPath::parse("x/y").unwrap()).unwrap();
    assert_eq!(Scene { folder, vigil }.doubtful(), ["src/a"]);
}

#[test]
fn nothing_is_known_any_more_after_an_overflow() {
    let mut scene = scene(&["src/a"]);
    scene.vigil.take(&News { folder: -1, what: ReadFlags::QUEUE_OVERFLOW, name: None });
    scene.vigil.catch_up();
    assert_eq!(scene.vigil.doubtful(), None);
}

#[test]
fn another_file_in_the_place_of_the_bell_rings_it() {
    let mut scene = scene(&["src/a"]);
    fs::write(scene.at(".orket/journal"), "1").unwrap();
    fs::write(scene.at(".orket/new"), "1").unwrap();
    assert_eq!((scene.doubtful().len(), scene.vigil.rang()), (0, false));
    fs::rename(scene.at(".orket/new"), scene.at(".orket/state")).unwrap();
    assert_eq!((scene.doubtful().len(), scene.vigil.rang()), (0, true));
}

#[test]
fn a_look_finds_what_was_written_through_a_name_that_nobody_watches() {
    let mut scene = scene(&["src/a", "src/deep/c"]);
    let elsewhere = tempfile::tempdir_in(scene.folder.path().parent().unwrap()).unwrap();
    fs::hard_link(scene.at("src/a"), elsewhere.path().join("name")).unwrap();
    fs::write(elsewhere.path().join("name"), "2").unwrap();
    assert_eq!(scene.doubtful(), [""; 0]);
    let tree = Tree::open(scene.folder.path()).unwrap();
    for row in Vigil::unlike(&tree, &**scene.vigil.rows(), &scene.vigil.doubted()) {
        scene.vigil.doubt(row);
    }
    assert_eq!(scene.doubtful(), ["src/a"]);
}
