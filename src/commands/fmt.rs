//! `orket fmt`: tidies manifests.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;

use super::{Failure, Ui};
use crate::base::RelPath;
use crate::disk::Tree;
use crate::engine::Engine;
use crate::import::is_ninja;
use crate::manifest;
use crate::shell::FmtArgs;

/// Tidies the manifest and those of its packages, or says which are not tidy.
///
/// # Errors
/// When a manifest has mistakes; with `--check`, when one is not tidy.
pub fn fmt(ui: &Ui, args: &FmtArgs) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    if is_ninja(&engine.manifest) {
        let text = format!("`{}` is a ninja file; `orket fmt` tidies `orket.kdl` and the manifests that it includes", engine.manifest);
        return Err(Failure::Wrong(text));
    }
    let mut untidy = Vec::new();
    for package in &engine.graph.header().packages {
        let broken = |error: std::io::Error| Failure::Broken(format!("cannot tidy `{}`: {error}", package.manifest));
        let bytes = engine.tree.read(&package.manifest).map_err(broken)?;
        let text = String::from_utf8_lossy(&bytes);
        let tidied = manifest::tidy(&text, &package.manifest.to_string())
            .map_err(|problems| Failure::Wrong(problems.render(ui.color_err, ui.excerpt())))?;
        if tidied == text {
            continue;
        }
        untidy.push(package.manifest.to_string());
        if !args.check {
            write(&engine, &package.manifest, tidied.as_bytes()).map_err(broken)?;
        }
        match (ui.json, args.check) {
            (true, _) => {}
            (false, true) => ui.out(&format!("{} is not tidy\n", package.manifest)),
            (false, false) => ui.out(&format!("tidied {}\n", package.manifest)),
        }
    }
    if ui.json {
        ui.out_json(&json!({ "version": 1, "untidy": untidy, "tidied": !args.check }));
    }
    if args.check && !untidy.is_empty() {
        ui.say("hint: `orket fmt` tidies them");
        return Err(Failure::Failed);
    }
    Ok(())
}

/// Replaces a manifest; of one that is a link, the file that the link leads to.
fn write(engine: &Engine, manifest: &RelPath, bytes: &[u8]) -> io::Result<()> {
    let file = fs::canonicalize(manifest.under(&engine.root))?;
    match (file.parent(), file.file_name()) {
        (Some(folder), Some(name)) => Tree::open(folder)?.write(&RelPath::from_normal(name.as_bytes()), bytes),
        _ => Err(io::ErrorKind::IsADirectory.into()),
    }
}
