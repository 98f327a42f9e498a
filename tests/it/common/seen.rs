//! What one call of orket came to.

use serde_json::Value;

use super::spawn::Ended;
use super::{Project, filtered};

/// A call that has ended, and whose exit status has to be looked at first.
#[must_use = "say how it ends: `ok()` or `code(n)`"]
pub struct Typed<'p> {
    seen: Seen<'p>,
    code: i32,
}

/// What was seen of a call whose exit status was as expected.
pub struct Seen<'p> {
    project: &'p Project,
    told: String,
    out: String,
    err: String,
    ran: Vec<String>,
}

impl<'p> Typed<'p> {
    pub(super) fn new(project: &'p Project, told: String, ended: Ended, before: usize) -> Typed<'p> {
        let code = ended.code();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ran = project.log().split_off(before);
        Typed { seen: Seen { project, told, out: text(&ended.out), err: text(&ended.err), ran }, code }
    }

    /// It ends with 0.
    pub fn ok(self) -> Seen<'p> {
        self.code(0)
    }

    /// It ends with this status.
    pub fn code(self, code: i32) -> Seen<'p> {
        assert_eq!(self.code, code, "{}", self.seen.all());
        self.seen
    }

    /// Returns the exit status and what was seen, for tests that take several.
    pub fn either(self) -> (i32, Seen<'p>) {
        (self.code, self.seen)
    }

    /// Returns the exit status and all that is known of the call, for tests whose project does not last.
    pub fn either_owned(self) -> (i32, String) {
        (self.code, self.seen.all())
    }
}

impl Seen<'_> {
    /// Exactly these ran, in any order; one that ran twice stands twice.
    pub fn ran<const N: usize>(self, names: [&str; N]) -> Self {
        let mut ran = self.ran.clone();
        ran.sort();
        let mut names = names.map(str::to_owned).to_vec();
        names.sort();
        assert_eq!(ran, names, "what ran differs\n{}", self.all());
        self
    }

    /// Exactly these ran, in this order.
    pub fn ran_in_order<const N: usize>(self, names: [&str; N]) -> Self {
        assert_eq!(self.ran, names, "what ran differs\n{}", self.all());
        self
    }

    /// Returns what ran, in order.
    pub fn names_that_ran(&self) -> &[String] {
        &self.ran
    }

    /// Exactly these came from the store, as `--json` says.
    pub fn cached<const N: usize>(self, addresses: [&str; N]) -> Self {
        self.had("cached", &addresses)
    }

    /// Exactly these ended with the outcome, as `--json` says.
    pub fn had(self, outcome: &str, addresses: &[&str]) -> Self {
        let mut addresses = addresses.to_vec();
        addresses.sort_unstable();
        let mut having: Vec<String> = self.tasks().into_iter().filter(|(_, had)| had == outcome).map(|(address, _)| address).collect();
        having.sort();
        assert_eq!(having, addresses, "other tasks are {outcome}\n{}", self.all());
        self
    }

    /// So many were fresh, as `--json` says.
    pub fn fresh(self, count: usize) -> Self {
        let fresh = self.tasks().iter().filter(|(_, outcome)| outcome == "fresh").count();
        assert_eq!(fresh, count, "another number is fresh\n{}", self.all());
        self
    }

    /// Nothing ran, and one line says so.
    pub fn nothing_to_do(self) -> Self {
        let printed = format!("{}{}", self.out, self.err);
        let one = printed.lines().count() == 1 && printed.starts_with("nothing to do:");
        assert!(one && self.ran.is_empty(), "something was to do\n{}", self.all());
        self
    }

    /// Standard output, filtered, is this text.
    pub fn stdout(self, text: &str) -> Self {
        assert_eq!(filtered(&self.out, self.project.base()), text, "{}", self.all());
        self
    }

    /// Standard error, filtered, is this text.
    pub fn stderr(self, text: &str) -> Self {
        assert_eq!(filtered(&self.err, self.project.base()), text, "{}", self.all());
        self
    }

    /// What was printed holds each of these, somewhere.
    pub fn says<const N: usize>(self, parts: [&str; N]) -> Self {
        for part in parts {
            assert!(self.out.contains(part) || self.err.contains(part), "{part:?} is not said\n{}", self.all());
        }
        self
    }

    /// What was printed holds none of these.
    pub fn never_says<const N: usize>(self, parts: [&str; N]) -> Self {
        for part in parts {
            assert!(!self.out.contains(part) && !self.err.contains(part), "{part:?} is said\n{}", self.all());
        }
        self
    }

    /// Returns standard output as it is.
    pub fn out(&self) -> &str {
        &self.out
    }

    /// Returns standard error as it is.
    pub fn err(&self) -> &str {
        &self.err
    }

    /// Returns standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON: {error}\n{}", self.all()))
    }

    /// Returns everything that is known of the call, for messages.
    pub fn all(&self) -> String {
        format!("$ {}\nran: {:?}\n--- stdout\n{}--- stderr\n{}---", self.told, self.ran, self.out, self.err)
    }

    fn tasks(&self) -> Vec<(String, String)> {
        let json = self.json();
        let tasks = json["tasks"].as_array().unwrap_or_else(|| panic!("no tasks in JSON\n{}", self.all()));
        let word = |task: &Value, key: &str| task[key].as_str().unwrap_or_else(|| panic!("no {key}\n{}", self.all())).to_owned();
        tasks.iter().map(|task| (word(task, "address"), word(task, "outcome"))).collect()
    }
}
