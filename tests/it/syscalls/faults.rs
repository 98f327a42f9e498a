//! System calls of orket that fail: it says so and ends, loses nothing that is not its own, and the next build makes all good.

use super::{Scene, Way, sweep};

const fn at(calls: &'static str, what: &'static str, stride: usize) -> Way {
    Way { calls, what, stride }
}

const OPEN: &str = "openat,openat2,open";
const WRITE: &str = "write,pwrite64,writev,pwritev";
const RENAME: &str = "rename,renameat,renameat2";

const WAYS: [Way; 24] = [
    at(OPEN, "error=EMFILE", 31),
    at(OPEN, "error=EACCES", 37),
    at(OPEN, "error=ENOSPC", 41),
    at(OPEN, "error=EIO", 43),
    at(WRITE, "error=ENOSPC", 7),
    at(WRITE, "error=EIO", 11),
    at(RENAME, "error=EIO", 3),
    at(RENAME, "error=EACCES", 4),
    at(RENAME, "error=EXDEV", 5),
    at("unlink,unlinkat,rmdir", "error=EACCES", 3),
    at("mkdir,mkdirat", "error=ENOSPC", 3),
    at("mkdir,mkdirat", "error=EACCES", 4),
    at("link,linkat,symlink,symlinkat", "error=EIO", 3),
    at("ftruncate,fallocate,fsync,fdatasync", "error=EIO", 3),
    at("flock", "error=ENOLCK", 5),
    at("chmod,fchmod,fchmodat,utimensat", "error=EACCES", 3),
    at("copy_file_range,sendfile", "error=EIO", 3),
    at("clone,clone3,vfork,fork", "error=EAGAIN", 3),
    at("pipe2,eventfd2,epoll_create1,pidfd_open,timerfd_create", "error=EMFILE", 4),
    at("read,pread64,readv", "error=EIO", 13),
    at("getdents64", "error=EIO", 5),
    at("stat,fstat,lstat,newfstatat,statx", "error=EIO", 37),
    at("stat,fstat,lstat,newfstatat,statx", "error=EACCES", 41),
    at("readlink,readlinkat,fcntl,ioctl,statfs,fstatfs", "error=EIO", 17),
];

/// How many calls are reached in each scene at least.
const LEAST: usize = 20;

#[test]
fn a_call_that_fails_costs_nothing_but_a_build() {
    sweep(&WAYS, fails, LEAST);
}

fn fails(scene: &Scene, way: Way, nth: usize) -> Result<bool, String> {
    let project = scene.project();
    let met = project.injected(way.calls, way.what, nth, scene.words);
    let tell = |why: String| format!("{why}\nit ended with {} after `{}`\n{}", met.code, met.calls, met.err);
    // What fails before the program's first line is told by the loader.
    let loader = met.code == 127 && met.err.contains("shared librar");
    if !(0..=5).contains(&met.code) && !loader {
        return Err(tell(String::from("another exit status")));
    }
    if met.err.contains("panicked") || met.err.contains("RUST_BACKTRACE") {
        return Err(tell(String::from("a panic")));
    }
    if met.code != 0 && met.err.trim().is_empty() {
        return Err(tell(String::from("nothing is said")));
    }
    scene.holds_after(&project, met.code).map_err(tell)?;
    Ok(met.hit)
}
