//! One event on its way: its body, and the signature that proves who wrote it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header that holds the signature.
pub const SIGNATURE: &str = "X-Orket-Signature-256";

/// What is sent in one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    /// From 1, without gaps where nothing was dropped.
    pub number: u64,
    /// `{"v":1,"project":…,"run":…,"number":…,"event":{…}}`
    pub body: Vec<u8>,
    /// `sha256=` and the HMAC-SHA256 of the body, in hex.
    pub signature: String,
}

impl Letter {
    /// Puts an event, one JSON object, into a body that says which run it is of, and signs it.
    pub(super) fn new(project: &str, run: &str, number: u64, event: &[u8], secret: &[u8]) -> Letter {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut body =
            format!("{{\"v\":1,\"project\":{},\"run\":{},\"number\":{number},\"event\":", quoted(project), quoted(run)).into_bytes();
        body.extend_from_slice(event);
        body.push(b'}');
        let signature = sign(secret, &body);
        Letter { number, body, signature }
    }
}

fn sign(secret: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    bytes.iter().fold(String::from("sha256="), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_rfc_4231() {
        let signature = sign(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(signature, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_body_is_json_whatever_the_names_hold() {
        let letter = Letter::new("a \"shop\"", "r1", 2, br#"{"event":"notice"}"#, b"key");
        let json: serde_json::Value = serde_json::from_slice(&letter.body).unwrap();
        let event = serde_json::json!({"event": "notice"});
        assert_eq!(json, serde_json::json!({"v": 1, "project": "a \"shop\"", "run": "r1", "number": 2, "event": event}));
    }
}
