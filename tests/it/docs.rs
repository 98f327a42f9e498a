//! Every manifest in the manual and in the examples is read by the real binary.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::Project;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).into_iter().flatten().flatten().map(|entry| entry.path());
    docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")).chain([root().join("README.md")]).collect()
}

/// Returns the blocks of KDL in a page, each with the line where it begins.
fn blocks(page: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(page).unwrap();
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        match line.trim() {
            "```kdl" => {
                inside = true;
                blocks.push((number + 1, String::new()));
            }
            "```" => inside = false,
            _ if inside => blocks.last_mut().unwrap().1 += &format!("{line}\n"),
            _ => {}
        }
    }
    blocks
}

#[test]
fn every_block_of_the_manual_is_a_manifest() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        for (line, text) in blocks(&page) {
            let (code, list) = Project::new().file("orket.kdl", &text).run("list").either_owned();
            seen += 1;
            if code != 0 {
                wrong.push(format!("{}:{line}\n{list}", page.display()));
            }
        }
    }
    assert!(seen > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_is_a_manifest() {
    for folder in fs::read_dir(root().join("examples")).into_iter().flatten().flatten() {
        let Ok(manifest) = fs::read_to_string(folder.path().join("orket.kdl")) else { continue };
        // What lies in `source/` is there once it has been fetched; until then, `examples::` says that it is not.
        if !manifest.contains("include \"source/") || folder.path().join("source").exists() {
            Project::new().words(&["-C", folder.path().to_str().unwrap(), "list"]).ok();
        }
    }
}

#[test]
fn the_projects_own_manifest() {
    Project::new().words(&["-C", root().to_str().unwrap(), "list"]).ok().says(["program", "test"]);
}
