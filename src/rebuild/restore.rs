//! Outputs put in place from the store.

use super::World;
use super::clear::{Own, clear_outputs};
use super::in_place::is;
use crate::action::{Content, Output, OutputKind};
use crate::base::{Digest, RelPath};
use crate::disk;

/// Puts outputs in place from the store: all bytes are fetched and verified beside the targets first, then swapped in.
///
/// Returns whether it did: not, with nothing in the tree changed, if the store has lost some of the bytes, cannot be read, or its bytes cannot
/// be written here; `notices` then says so.
///
/// # Errors
/// A sentence, when the disk refuses, or version control tracks what stands in the way.
pub(super) fn restore(
    world: &World,
    outputs: &[Output],
    declared: &[String],
    excluded: &[String],
    own: &Own,
    notices: &mut Vec<String>,
) -> Result<bool, String> {
    let stage = stage();
    let own_name = format!("{}-{:?}", world.run, std::thread::current().id());
    let fail = |error: std::io::Error| format!("cannot restore outputs: {error}");
    // What is read behind a link that stands in the place of a folder is not there any more once the link is moved.
    let astray: Vec<&RelPath> =
        outputs.iter().filter(|one| one.kind == OutputKind::Folder && !is(world, one)).map(|one| &one.path).collect();
    let stands = |output: &Output| is(world, output) && !astray.iter().any(|folder| output.path.is_in(folder));
    let mut staged: Vec<(RelPath, &Output, Digest)> = Vec::new();
    for (index, output) in outputs.iter().enumerate() {
        if let OutputKind::File { digest, executable } = &output.kind {
            if stands(output) {
                continue;
            }
            // It stays for the whole run: making folders is dear.
            if staged.is_empty() && world.tree.stat(&stage).map_err(fail)?.is_none() {
                world.tree.make_folder(&stage).map_err(fail)?;
            }
            let to = stage.join(format!("{own_name}-{index}").as_bytes());
            world.tree.remove(&to).map_err(fail)?;
            match world.blobs.get_file(digest, &world.tree, &to, *executable) {
                Ok(true) => staged.push((to, output, *digest)),
                found => {
                    // What cannot be read is not there: the task runs.
                    if let Err(error) = found {
                        notices.push(format!("it runs, since `{}` cannot be restored from the store: {error}", output.path));
                    }
                    unstage(world, &staged);
                    let _ = world.tree.remove(&to);
                    return Ok(false);
                }
            }
        }
    }
    let right = |path: &RelPath| {
        let found = outputs.binary_search_by(|output| output.path.cmp(path)).ok().map(|index| &outputs[index]);
        found.is_some_and(|output| output.kind != OutputKind::Folder && stands(output))
    };
    clear_outputs(world, declared, excluded, &right, own).inspect_err(|_| unstage(world, &staged))?;
    for output in outputs {
        match &output.kind {
            OutputKind::Folder => world.tree.make_folder(&output.path).map_err(fail)?,
            OutputKind::Link(target) if !right(&output.path) => {
                parent(world, &output.path).map_err(fail)?;
                world.tree.link(&output.path, target).map_err(fail)?;
                world.files.forget(&output.path);
            }
            _ => {}
        }
    }
    for (from, output, digest) in &staged {
        parent(world, &output.path).map_err(fail)?;
        world.tree.transfer(from, &output.path).map_err(fail)?;
        world.files.forget(&output.path);
        if let Some(signature) = world.tree.stat(&output.path).map_err(fail)? {
            let content = Content::File { digest: *digest, executable: signature.is_executable() };
            world.files.learn(&output.path, &content, signature, disk::now_ns());
        }
    }
    Ok(true)
}

/// Removes what was staged by this run or one before it and did not get to its place, and the scratch folders of both.
pub fn clear_stage(world: &World) {
    // What cannot be removed now is in nobody's way.
    let _ = world.tree.remove_all(&stage());
    let _ = world.tree.remove_all(&RelPath::from_normal(&b".orket/scratch"[..]));
}

/// Where outputs stand until all bytes of their task are there.
fn stage() -> RelPath {
    RelPath::from_normal(&b".orket/stage"[..])
}

fn unstage(world: &World, staged: &[(RelPath, &Output, Digest)]) {
    for (path, ..) in staged {
        // What is left here is removed when the run ends.
        let _ = world.tree.remove(path);
    }
}

fn parent(world: &World, path: &RelPath) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |parent| world.tree.make_folder(&parent))
}
