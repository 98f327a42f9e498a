//! `orket serve`, and a plain client for it.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::{Background, Project, wait_until};

/// A server that runs.
pub struct Served {
    /// The process.
    pub process: Background,
    /// Where it listens: `127.0.0.1:40123`.
    pub address: String,
    /// The key of its session.
    pub key: String,
}

/// What a server has answered.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The lines above the body.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}\n{}{}", self.head, self.body))
    }
}

impl Served {
    /// Starts `orket serve WORDS` with these variables set, and waits until it listens.
    pub fn start(project: &Project, words: &str, variables: &[(&str, &str)]) -> Served {
        let process = project.start_with(&format!("serve --json {words}"), variables);
        assert!(wait_until(|| process.wrote().ends_with("}\n")), "it does not listen: {}", process.said());
        let told: Value = serde_json::from_str(&process.wrote()).unwrap();
        let address = told["address"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        let key = told["open"].as_str().unwrap().split("session=").nth(1).unwrap().to_owned();
        Served { process, address, key }
    }

    /// Asks with the key of the session.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        self.ask_as(method, path, &format!("Host: {}\r\nAuthorization: Bearer {}\r\n", self.address, self.key), body)
    }

    /// Asks with these headers and no other.
    pub fn ask_as(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.1\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{text}"));
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }
}
