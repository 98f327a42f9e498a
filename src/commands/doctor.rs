//! `orket doctor`: whether what orket stands on is sound.

use serde_json::json;

use super::{Failure, Ui};
use crate::process::Reaper;

/// Checks the set-up and prints what it found, one line each.
///
/// # Errors
/// When something is wrong that would make builds fail.
pub fn doctor(ui: &Ui) -> Result<(), Failure> {
    let mut rows: Vec<(bool, &str, String)> = Vec::new();
    let (mut fault, mut problems) = (None, serde_json::Value::Null);
    match ui.open(false) {
        Ok(engine) => {
            rows.push((
                true,
                "manifest",
                format!("{} targets in {}", engine.graph.len(), engine.root.join(engine.manifest.as_path()).display()),
            ));
            let writable = tempfile::tempfile_in(&engine.root).is_ok();
            rows.push((
                writable,
                "folder",
                if writable {
                    String::from("the project's folder can be written")
                } else {
                    String::from("the project's folder cannot be written: only commands that look will work")
                },
            ));
            let watched = match engine.is_watched() {
                None => "off (ORKET_WATCHER): builds look at every file",
                Some(true) => "alive: builds in this checkout look at what has changed",
                Some(false) => "none here: builds look at every file; `orket watch --no-build` is one",
            };
            rows.push((true, "watcher", watched.to_owned()));
            // Tasks that need one are refused where there is none; others are not concerned.
            let boxes = match engine.bubblewrap().program() {
                Ok(program) => format!("{}: a sandbox_policy can put tasks into boxes", program.display()),
                Err(why) => format!("none: {why}"),
            };
            rows.push((true, "boxes", boxes));
        }
        Err(Failure::Wrong(text)) => {
            let said = serde_json::from_str::<serde_json::Value>(&text).ok();
            let first = said.as_ref().and_then(|said| said["problems"][0]["message"].as_str().map(str::to_owned));
            problems = said.map_or(serde_json::Value::Null, |mut said| said["problems"].take());
            rows.push((false, "manifest", first.unwrap_or(text)));
            fault = Some(Failure::Exit(2));
        }
        Err(other) => return Err(other),
    }
    let store = ui.store();
    let made = store.exists() || std::fs::create_dir_all(&store).is_ok();
    let writable = made && tempfile::tempfile_in(&store).is_ok();
    rows.push((
        writable,
        "store",
        format!("{}{}", store.display(), if writable { "" } else { " cannot be written: nothing will be cached" }),
    ));
    let reaper = Reaper::install().works();
    rows.push((
        reaper,
        "orphans",
        String::from(if reaper {
            "processes that get away from their task are found and ended"
        } else {
            "processes that leave their session outlive their task here"
        }),
    ));
    let shell = std::path::Path::new("/bin/sh").exists();
    rows.push((shell, "shell", String::from(if shell { "/bin/sh" } else { "there is no /bin/sh: `sh` will fail" })));
    if ui.json {
        let checks: Vec<_> = rows.iter().map(|(good, name, text)| json!({ "name": name, "ok": good, "text": text })).collect();
        let mut value = json!({ "version": 1, "checks": checks });
        if !problems.is_null() {
            value["problems"] = problems;
        }
        ui.out_json(&value);
    } else {
        ui.out(
            &rows
                .iter()
                .map(|(good, name, text)| format!("{:8}  {name:8}  {text}\n", if *good { "ok" } else { "wrong" }))
                .collect::<String>(),
        );
    }
    match fault {
        Some(fault) => Err(fault),
        None if rows.iter().all(|(good, ..)| *good) => Ok(()),
        None => Err(Failure::Exit(3)),
    }
}
