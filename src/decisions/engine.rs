//! `engine_runtime`: how the environment is set up, and where the store is. Asked before anything of the project is used.

use serde::{Deserialize, Serialize};

use super::{Question, Seam, Strategy};

/// The store of a project whose user has no folder for caches.
pub const OWN_STORE: &str = ".orket/store";

/// How is orket to start?
#[derive(Clone, Debug, Serialize)]
pub struct Starting {
    /// The project's folder.
    pub root: String,
    /// ORKET_CACHE_DIR, if it is set.
    pub cache_dir: Option<String>,
    /// The folder for caches of the user: XDG_CACHE_HOME, else `.cache` at home; `None` where there is no home.
    pub user_cache: Option<String>,
}

/// How it starts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// Whether `dotenv` files count.
    pub dotenv: bool,
    /// The folder of the content store; relative to the project's.
    pub store: String,
}

impl Question for Starting {
    type Answer = Bootstrap;

    const SEAM: Seam = Seam::EngineRuntime;
}

pub(super) fn brought(name: &str) -> Box<dyn Strategy<Starting>> {
    let (dotenv, here) = (name == "default", name == "ci");
    Box::new(move |question: &Starting| {
        // Where everybody may write, somebody else could have put something into it.
        let user = question.user_cache.as_ref().filter(|_| !here).map(|cache| format!("{cache}/orket"));
        let store = question.cache_dir.clone().or(user).unwrap_or_else(|| String::from(OWN_STORE));
        Bootstrap { dotenv, store }
    })
}
