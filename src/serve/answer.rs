//! What is answered.

use serde_json::{Value, json};

/// An answer before it is sent.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status, as 200.
    pub status: u16,
    /// What kind of text the body is.
    pub kind: &'static str,
    /// The text.
    pub body: Vec<u8>,
    /// Further headers, name and value.
    pub headers: Vec<(&'static str, String)>,
}

impl Answer {
    /// JSON, as given.
    pub fn json(status: u16, value: &Value) -> Answer {
        let body = format!("{value:#}\n").into_bytes();
        Answer { status, kind: "application/json", body, headers: Vec::new() }
    }

    /// A text of another kind.
    pub fn text(kind: &'static str, body: impl Into<Vec<u8>>) -> Answer {
        Answer { status: 200, kind, body: body.into(), headers: Vec::new() }
    }

    /// A page, which may load the style from here and nothing else, and send forms here and nowhere else.
    pub fn page(html: String) -> Answer {
        let policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        Answer { headers: vec![("Content-Security-Policy", policy.to_owned())], ..Answer::text("text/html; charset=utf-8", html) }
    }

    /// What went wrong, in a sentence.
    pub fn wrong(status: u16, message: &str) -> Answer {
        Answer::json(status, &json!({ "version": 1, "error": { "message": message } }))
    }

    /// Go there instead, by a GET.
    pub fn elsewhere(to: &str) -> Answer {
        Answer { status: 303, kind: "text/plain", body: Vec::new(), headers: vec![("Location", to.to_owned())] }
    }
}
