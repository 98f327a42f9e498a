//! Orket killed at each system call that changes something.

use super::{Scene, Way, sweep};

const fn at(calls: &'static str, stride: usize) -> Way {
    Way { calls, what: "signal=KILL", stride }
}

const WAYS: [Way; 11] = [
    at("write,pwrite64,writev,pwritev", 7),
    at("rename,renameat,renameat2", 3),
    at("unlink,unlinkat,rmdir", 3),
    at("mkdir,mkdirat", 3),
    at("link,linkat,symlink,symlinkat", 3),
    at("ftruncate,fallocate", 3),
    at("flock", 5),
    at("chmod,fchmod,fchmodat,utimensat,futimesat", 3),
    at("copy_file_range,sendfile,fsync,fdatasync", 3),
    at("clone,clone3,vfork,fork", 3),
    at("openat,openat2", 40),
];

/// How many calls are reached in each scene at least.
const LEAST: usize = 3;

#[test]
fn a_build_killed_at_any_call_is_made_good_by_the_next() {
    sweep(&WAYS, killed, LEAST);
}

fn killed(scene: &Scene, way: Way, nth: usize) -> Result<bool, String> {
    let project = scene.project();
    let met = project.injected(way.calls, way.what, nth, scene.words);
    let tell = |why: String| format!("{why}\nit ended with {} at `{}`\n{}", met.code, met.calls, met.err);
    if met.code != if met.hit { 137 } else { 0 } {
        return Err(tell(String::from("another exit status")));
    }
    scene.holds_after(&project, met.code).map_err(tell)?;
    Ok(met.hit)
}
