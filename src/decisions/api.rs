//! `api_runtime`: who may do what through `orket serve`, and what an address there means.

use serde::{Deserialize, Serialize};

use super::{Options, Question, Seam, Strategy};

/// May this be done?
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path that was asked for.
    pub path: String,
    /// The server's address, as the request names it: `127.0.0.1:8080`.
    pub host: String,
    /// The page that asks, as its browser says; `None` for what is no browser.
    pub origin: Option<String>,
    /// Whether who asks knows the key of the session.
    pub session: bool,
}

/// Whether it may.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Access {
    /// Yes.
    Allowed,
    /// Yes, and the address means what stands at this one.
    Means(String),
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
    let home = options.text("home").map(str::to_owned);
    Box::new(move |question: &Asked| {
        let looks = question.method == "GET" || question.method == "HEAD";
        let seen = || match &home {
            Some(home) if question.path == "/" => Access::Means(home.clone()),
            _ => Access::Allowed,
        };
        if read_only {
            return if looks { seen() } else { Access::Refused(String::from("this server only shows")) };
        }
        if !question.session {
            return Access::Refused(String::from("who asks does not know the session; open the address that `orket serve` has printed"));
        }
        if looks {
            return seen();
        }
        let own = |origin: &str| origin.strip_prefix("http://") == Some(&question.host) || more.as_deref() == Some(origin);
        match question.origin.as_deref() {
            Some(origin) if !own(origin) => Access::Refused(format!("pages of {origin} may not build here")),
            _ => Access::Allowed,
        }
    })
}
