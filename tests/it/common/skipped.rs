//! Proofs that cannot be had on every machine.

/// Says on the terminal that a proof was skipped, and why: it must not look like one that held.
#[expect(clippy::print_stderr, reason = "a proof that was skipped must not look like one that held")]
pub fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// The same for want of something that `.ci/run` installs: where `CI` is set, that is a failure.
pub fn missing(what: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} has to be there where CI is set: {why}");
    skipped(&format!("{what} is missing: {why}"));
}
