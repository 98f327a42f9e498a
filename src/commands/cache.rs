//! `orket cache`: the store.

use serde_json::json;

use super::{Failure, Ui};
use crate::base::quantity::{plural, show_size};
use crate::engine::Engine;
use crate::shell::CacheCommand;
use crate::store::{LocalStore, StoreError};

/// Looks after the store.
///
/// # Errors
/// When it cannot be read or written; `verify` also when something was damaged.
pub fn cache(ui: &Ui, command: &CacheCommand) -> Result<(), Failure> {
    let store = LocalStore::new(ui.store());
    let limit = || ui.surroundings.store_limit().map_err(Failure::Wrong);
    let broken = |error: StoreError| Failure::Broken(error.to_string());
    if matches!(command, CacheCommand::Gc { .. } | CacheCommand::Verify | CacheCommand::Clear) && store.is_foreign() {
        let text = format!("`{}` is no store of orket's: others have written what is there", store.root().display());
        return Err(Failure::Wrong(format!("{text}\nhint: let ORKET_CACHE_DIR name the store, or an empty folder")));
    }
    match command {
        CacheCommand::Path if ui.json => ui.out_json(&json!({ "version": 1, "path": store.root() })),
        CacheCommand::Path => ui.out(&format!("{}\n", store.root().display())),
        CacheCommand::Stats => {
            let limit = limit()?;
            let stats = store.stats().map_err(broken)?;
            let bounded = (limit < u64::MAX).then_some(limit);
            if ui.json {
                ui.out_json(&json!({ "version": 1, "path": store.root(), "results": stats.actions, "result_bytes": stats.action_bytes, "blobs": stats.blobs, "blob_bytes": stats.blob_bytes, "limit_bytes": bounded }));
            } else {
                ui.out(&format!(
                    "{}\n{} ({}), {} ({})\n{}\n",
                    store.root().display(),
                    plural(stats.actions, "result"),
                    show_size(stats.action_bytes),
                    plural(stats.blobs, "blob"),
                    show_size(stats.blob_bytes),
                    bounded.map_or_else(|| String::from("no limit"), |limit| format!("limit {}", show_size(limit)))
                ));
            }
        }
        CacheCommand::Gc { max_size } => {
            let most = max_size.map_or_else(limit, Ok)?;
            let swept = Engine::sweep(&store, most).map_err(broken)?;
            if swept.left > most {
                let (left, most) = (show_size(swept.left), show_size(most));
                ui.say(&format!("note: {left} is more than {most}: what the last build of each checkout used stays; `orket cache clear` removes that, too"));
            }
            if ui.json {
                ui.out_json(&json!({ "version": 1, "removed": swept.entries, "removed_bytes": swept.bytes, "left_bytes": swept.left }));
            } else {
                let entries = if swept.entries == 1 { "entry" } else { "entries" };
                ui.out(&format!("removed {} {entries} ({}); {} left\n", swept.entries, show_size(swept.bytes), show_size(swept.left)));
            }
        }
        CacheCommand::Verify => {
            let found = store.verify().map_err(broken)?;
            if ui.json {
                ui.out_json(&json!({ "version": 1, "entries": found.entries, "damaged": found.damaged, "dangling": found.dangling }));
            } else {
                let entries = if found.entries == 1 { "entry" } else { "entries" };
                let mut text =
                    format!("read {} {entries}: {} damaged, {} without their bytes\n", found.entries, found.damaged.len(), found.dangling);
                found.damaged.iter().for_each(|path| text.push_str(&format!("  damaged, put aside: {}\n", path.display())));
                ui.out(&text);
            }
            if !found.damaged.is_empty() {
                return Err(Failure::Failed);
            }
        }
        CacheCommand::Clear => {
            let bytes = store.clear().map_err(broken)?;
            if ui.json {
                ui.out_json(&json!({ "version": 1, "removed_bytes": bytes }))
            } else {
                ui.out(&format!("removed {}\n", show_size(bytes)))
            }
        }
    }
    Ok(())
}
