//! Who may ask: whoever knows the session's key, through an address of this machine, as the `api_runtime` seam says.
//!
//! A page of another site can make a browser ask this server for things, with the browser's cookies. Three things stand against that: the cookie is
//! `SameSite=Strict`, the seam sees the `Origin` that the browser names, and a name that somebody else's DNS leads to this machine is not in `Host`.

use std::net::SocketAddr;

use crate::decisions::{Access, Asked, Seams};
use crate::engine::OpenError;

/// The cookie that holds the key.
const COOKIE: &str = "orket_session";

/// What of a request says who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Asker {
    /// `GET`, …
    pub method: String,
    /// The path, without what stands behind `?`.
    pub path: String,
    /// Where the request says that it goes to.
    pub host: Option<String>,
    /// The page that asks.
    pub origin: Option<String>,
    /// All cookies, as the browser sends them.
    pub cookies: Option<String>,
    /// What stands in `Authorization`.
    pub authorization: Option<String>,
    /// What stands behind `?session=`.
    pub typed: Option<String>,
}

/// Lets in who may.
pub(super) struct Guard {
    key: String,
    address: SocketAddr,
}

impl Guard {
    /// With a key that nobody can guess.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(address: SocketAddr) -> Result<Guard, OpenError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| OpenError::Broken(String::from("make a key for the session"), std::io::Error::other(error)))?;
        Ok(Guard { key: bytes.iter().map(|byte| format!("{byte:02x}")).collect(), address })
    }

    /// Returns the address that a person opens.
    pub fn door(&self) -> String {
        format!("http://{}/?session={}", self.address, self.key)
    }

    /// Returns the cookie that lets a browser in from now on.
    pub fn cookie(&self) -> String {
        format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/", self.key)
    }

    /// Whether the key came with the address, as when the printed one is opened.
    pub fn opens(&self, asker: &Asker) -> bool {
        asker.typed.as_deref().is_some_and(|typed| same(typed, &self.key))
    }

    /// Lets a request in and returns what its address means, or says with which status and why not.
    pub fn admits(&self, asker: &Asker, seams: &Seams) -> Result<String, (u16, String)> {
        let local = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{}", self.address.port()));
        let host = asker.host.as_deref().unwrap_or_default();
        if !local.iter().any(|name| name == host) {
            return Err((421, format!("this server is {}, not `{host}`", self.address)));
        }
        let cookies =
            asker.cookies.iter().flat_map(|all| all.split(';')).filter_map(|one| one.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        let bearer = asker.authorization.iter().filter_map(|text| text.strip_prefix("Bearer "));
        let session = self.opens(asker) || cookies.chain(bearer).any(|given| same(given, &self.key));
        let asked =
            Asked { method: asker.method.clone(), path: asker.path.clone(), host: host.to_owned(), origin: asker.origin.clone(), session };
        match seams.ask(&asked) {
            Ok(Access::Allowed) => Ok(asker.path.clone()),
            Ok(Access::Means(path)) => Ok(path),
            Ok(Access::Refused(why)) => Err((if session { 403 } else { 401 }, why)),
            Err(error) => Err((500, error.to_string())),
        }
    }
}

/// Whether two keys are the same, in a time that does not tell where they differ.
fn same(given: &str, key: &str) -> bool {
    given.len() == key.len() && given.bytes().zip(key.bytes()).fold(0, |sum, (one, other)| sum | (one ^ other)) == 0
}
