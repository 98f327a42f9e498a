//! Calls of orket in which strace lets a system call fail, or kills orket at it.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::{Project, missing};

/// What came of a call with something put in its way.
pub struct Injected {
    /// The exit status, as a shell would say it.
    pub code: i32,
    /// What it said on standard error.
    pub err: String,
    /// Whether the call that was meant was reached.
    pub hit: bool,
    /// The last system calls of those that were looked at.
    pub calls: String,
}

/// Whether strace is there and allowed to trace. If not, that is said on the terminal, once, and is a failure where CI is set.
pub fn strace_works() -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    *WORKS.get_or_init(|| {
        let mut command = Command::new("strace");
        command.args(["-f", "-b", "execve", "-o", "/dev/null", "-e", "inject=?flock:error=EIO:when=1", "true"]);
        let works = command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !works {
            missing("strace", "it is not there or may not trace, so no system call of orket was made to fail");
        }
        works
    })
}

impl Project {
    /// Types `orket WORDS`; the `nth` of `calls` (names as strace takes them) in each of orket's own threads meets `what`: `error=NAME` or
    /// `signal=KILL`. What a task starts is left alone.
    pub fn injected(&self, calls: &str, what: &str, nth: usize, words: &str) -> Injected {
        let trace = self.base().join("trace");
        let calls: Vec<String> = calls.split(',').map(|call| format!("?{call}")).collect();
        let calls = calls.join(",");
        let mut options: Vec<String> = ["-f", "-q", "-b", "execve", "-o"].map(str::to_owned).to_vec();
        options.extend([trace.to_string_lossy().into_owned(), "-e".into(), format!("trace={calls}")]);
        options.extend(["-e".into(), format!("inject={calls}:{what}:when={nth}")]);
        let ended = self.under("strace", &options, words);
        let text = fs::read(&trace).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        // A guard of orket's own is killed wherever it has ended by itself.
        let hit = text.contains("INJECTED") || ended.code() == 137;
        let last: Vec<&str> = text.lines().filter(|line| !line.contains("resumed") && !line.contains("+++")).collect();
        let told = if what.starts_with("error") { last.iter().rfind(|line| line.contains("INJECTED")) } else { last.last() };
        Injected {
            code: ended.code(),
            err: String::from_utf8_lossy(&ended.err).into_owned(),
            hit,
            calls: (*told.unwrap_or(&"")).to_owned(),
        }
    }
}
