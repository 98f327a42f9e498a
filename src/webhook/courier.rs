//! Who carries letters: the one place that reaches the network, behind a trait that tests replace.

use std::fmt;
use std::time::Duration;

use crossbeam_channel::Receiver;

use super::{Letter, SIGNATURE};

/// How long one request may take, from looking up the name to the end of the answer.
const LONGEST: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes: so that the connection can be used again.
const ANSWER: u64 = 64 << 10;

/// Why a letter did not arrive, or never will.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WebhookError {
    /// What is written is no address that can be told anything.
    #[error("the webhook `{0}` {1}")]
    Address(String, &'static str),
    /// It may arrive another time.
    #[error("{0}")]
    Later(String),
    /// It was refused, and will be again.
    #[error("it answers with status {0}")]
    Refused(u16),
}

/// Carries letters, and waits between two attempts.
pub trait Courier: Send {
    /// Carries one letter. Returns when it has arrived.
    ///
    /// # Errors
    /// When it has not; [`WebhookError::Later`] is worth another attempt.
    fn deliver(&mut self, letter: &Letter) -> Result<(), WebhookError>;

    /// Waits so long, or until `closing` is closed.
    fn wait(&mut self, time: Duration, closing: &Receiver<()>);
}

/// Where letters go: `http://…`, and `https://…` in a build with the feature `tls`.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none, or of a kind that this build cannot reach.
    pub fn parse(text: &str) -> Result<Address, WebhookError> {
        let address = Address(text.to_owned());
        let refused = |why| Err(WebhookError::Address(address.to_string(), why));
        let rest = match text.split_once("://") {
            Some(("http", rest)) => rest,
            Some(("https", rest)) if cfg!(feature = "tls") => rest,
            Some(("https", _)) => return refused("wants TLS, which this build of orket has not: build it with `--features tls`"),
            _ => return refused("is no address; it takes one such as `http://127.0.0.1:8080/builds`"),
        };
        if rest.starts_with('/') || ureq::http::Uri::try_from(text).is_err() {
            return refused("is no address; it takes one such as `http://127.0.0.1:8080/builds`");
        }
        Ok(address)
    }
}

/// Without what may be a password or a token in it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
        let host = host.rsplit('@').next().unwrap_or_default();
        if scheme.is_empty() { write!(f, "{host}{path}") } else { write!(f, "{scheme}://{host}{path}") }
    }
}

/// Carries letters over HTTP, one `POST` each. Redirects are not followed: what is signed is meant for one address.
pub struct Http {
    address: Address,
    agent: ureq::Agent,
}

impl Http {
    /// Reaches nothing yet.
    pub fn new(address: Address) -> Http {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(LONGEST))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("orket/", env!("CARGO_PKG_VERSION")))
            .build();
        Http { address, agent: config.into() }
    }
}

impl Courier for Http {
    fn deliver(&mut self, letter: &Letter) -> Result<(), WebhookError> {
        let request = self.agent.post(&self.address.0).header("Content-Type", "application/json").header(SIGNATURE, &letter.signature);
        let mut answer = request.send(&letter.body[..]).map_err(|error| WebhookError::Later(told(&error)))?;
        // What it says beyond the status is of no use.
        let _ = answer.body_mut().with_config().limit(ANSWER).read_to_vec();
        match answer.status().as_u16() {
            200..=299 => Ok(()),
            status @ (408 | 425 | 429 | 500..=599) => Err(WebhookError::Later(format!("it answers with status {status}"))),
            status => Err(WebhookError::Refused(status)),
        }
    }

    fn wait(&mut self, time: Duration, closing: &Receiver<()>) {
        let _ = closing.recv_timeout(time);
    }
}

/// Says what went wrong; never the address, which may hold a token.
fn told(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.kind().to_string(),
        ureq::Error::Timeout(_) => format!("it does not answer within {} s", LONGEST.as_secs()),
        ureq::Error::HostNotFound => String::from("there is no such host"),
        ureq::Error::ConnectionFailed => String::from("it cannot be reached"),
        _ => String::from("it does not speak HTTP as expected"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        let shown = |text: &str| Address::parse(text).map(|address| address.to_string()).map_err(|error| error.to_string());
        assert_eq!(shown("http://me:pw@host:80/a/b?token=1"), Ok(String::from("http://host:80/a/b")));
        assert_eq!(shown("http://host"), Ok(String::from("http://host")));
        let none = "is no address; it takes one such as `http://127.0.0.1:8080/builds`";
        assert_eq!(shown("me:pw@host/?token=1"), Err(format!("the webhook `host/` {none}")));
        assert_eq!(shown("http:///path"), Err(format!("the webhook `http:///path` {none}")));
        assert_eq!(shown("ftp://host"), Err(format!("the webhook `ftp://host` {none}")));
        assert_eq!(shown("http://a b"), Err(format!("the webhook `http://a b` {none}")));
        assert_eq!(shown("https://host").is_ok(), cfg!(feature = "tls"));
    }
}
