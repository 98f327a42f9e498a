//! `api_runtime`: who may do what through `orket serve`.

use serde::{Deserialize, Serialize};

use super::{Options, Question, Seam, Strategy};

/// May this be done?
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path that was asked for.
    pub path: String,
    /// The page that asks, as its browser says; `None` for what is no browser.
    pub origin: Option<String>,
}

/// Whether it may.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Access {
    /// Yes.
    Allowed,
    /// No, and this is why.
    Refused(String),
}

impl Question for Asked {
    type Answer = Access;

    const SEAM: Seam = Seam::ApiRuntime;
}

pub(super) fn brought(name: &str, options: &Options) -> Box<dyn Strategy<Asked>> {
    let read_only = name == "read_only";
    let more = options.text("origin").map(str::to_owned);
    Box::new(move |question: &Asked| {
        if question.method == "GET" || question.method == "HEAD" {
            return Access::Allowed;
        }
        if read_only {
            return Access::Refused(String::from("this server only shows"));
        }
        let local = |origin: &str| {
            let host = origin.split("://").nth(1).unwrap_or_default();
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
            matches!(host, "localhost" | "127.0.0.1" | "[::1]") || more.as_deref() == Some(origin)
        };
        match question.origin.as_deref() {
            Some(origin) if !local(origin) => Access::Refused(format!("pages of {origin} may not build here")),
            _ => Access::Allowed,
        }
    })
}
