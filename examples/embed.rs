//! A program that embeds orket and brings a strategy of its own: of the tasks that are ready, the one with the shortest name runs first.
//!
//!     cargo run --example embed FOLDER
//!
//! writes a small manifest into the folder, unless there is one, and builds it.

use std::path::{Path, PathBuf};
use std::{env, fs};

use orket::commands::{Failure, Ui, build};
use orket::decisions::{Rank, Ready, Registry, Strategy, StrategyError};
use orket::engine::Surroundings;
use orket::shell::BuildArgs;

const MANIFEST: &str = r#"
process_rules { planner_node "shortest_name" }

task "engine" { sh "echo engine >> order"; cache #false }
task "app" { sh "echo app >> order"; cache #false }
task "ui" { sh "echo ui >> order"; cache #false }
"#;

/// Answers the planner's question: data in, data out.
struct ShortestName;

impl Strategy<Ready> for ShortestName {
    fn decide(&self, ready: &Ready) -> Result<Rank, StrategyError> {
        // What ranks higher runs first; where two rank alike, the next number decides.
        Ok(Rank::Run(vec![-(ready.task.len() as f64), ready.priority]))
    }
}

/// Builds the project in `folder`, with the strategies of orket and one more.
fn build_with_my_planner(folder: &Path) -> Result<(), Failure> {
    let mut registry = Registry::default();
    registry.register::<Ready>("shortest_name", ShortestName);
    // Anything from a question to an answer will do, too. This one has no effect until somebody asks for it by name.
    registry.register::<Ready>("longest_name", |ready: &Ready| Rank::Run(vec![ready.task.len() as f64]));

    let ui = Ui::plain(Surroundings {
        folder: folder.to_path_buf(),
        variables: env::vars_os().chain([("ORKET_CACHE_DIR".into(), folder.join(".orket/store").into())]).collect(),
        registry,
        ..Surroundings::default()
    });
    build(&ui, &BuildArgs { jobs: Some(1), ..BuildArgs::default() })
}

fn main() -> Result<(), Failure> {
    let broken = |error: std::io::Error| Failure::Broken(error.to_string());
    let folder = env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let folder = fs::canonicalize(folder).map_err(broken)?;
    if !folder.join("orket.kdl").exists() {
        fs::write(folder.join("orket.kdl"), MANIFEST).map_err(broken)?;
    }
    build_with_my_planner(&folder)
}

#[test]
fn the_strategy_decides() {
    let folder = tempfile::tempdir().unwrap();
    let order = |manifest: &str| {
        let _ = fs::remove_file(folder.path().join("order"));
        fs::write(folder.path().join("orket.kdl"), manifest).unwrap();
        build_with_my_planner(folder.path()).unwrap();
        fs::read_to_string(folder.path().join("order")).unwrap()
    };
    assert_eq!(order(MANIFEST), "ui\napp\nengine\n");
    assert_eq!(order(&MANIFEST.replace("shortest", "longest")), "engine\napp\nui\n");
    fs::write(folder.path().join("orket.kdl"), MANIFEST.replace("shortest", "shrtest")).unwrap();
    let Err(Failure::Wrong(text)) = build_with_my_planner(folder.path()) else { panic!("a name that nobody bears is an error") };
    assert!(text.contains("did you mean `shortest_name`?"), "{text}");
}
