//! What is said when orket itself fails, which is a bug: a panic never reaches a person as such.

use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::process::Reaper;
use crate::shell::Exit;

/// Runs `main`. Where that panics, says so once, ends all that was started, and returns [`Exit::Broken`].
pub(super) fn guarded(main: impl FnOnce() -> Exit) -> Exit {
    let told = AtomicBool::new(false);
    set_hook(Box::new(move |panic| {
        // Others panic after the first, because it did.
        if !told.swap(true, Ordering::Relaxed) {
            let _ = std::io::stderr().write_all(story(panic).as_bytes());
        }
    }));
    catch_unwind(AssertUnwindSafe(main)).unwrap_or_else(|_| {
        Reaper::end_all_if_installed();
        Exit::Broken
    })
}

fn story(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    let backtrace = std::backtrace::Backtrace::capture();
    let steps = match backtrace.status() {
        std::backtrace::BacktraceStatus::Captured => format!("{backtrace}\n"),
        _ => String::new(),
    };
    format!(
        "error: orket {} has failed{place}: {}\n{steps}  this is a bug of orket, not of your project; what it had started was ended\n  \
         hint: run it again; if it fails again, please report it with the line above and what RUST_BACKTRACE=1 adds\n",
        env!("CARGO_PKG_VERSION"),
        text.unwrap_or("without saying why"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[ignore = "run by the test below, in a process of its own: a panic hook is the whole process's"]
    fn fails() {
        assert_eq!(guarded(|| panic!("the moon is full")), Exit::Broken);
    }

    #[test]
    fn a_panic_is_told_as_a_bug_and_is_exit_3() {
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "cli::crash::tests::fails", "--ignored", "--nocapture"])
            .env_remove("RUST_BACKTRACE")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{said}");
        let first = said.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        let version = env!("CARGO_PKG_VERSION");
        assert!(first.starts_with(&format!("error: orket {version} has failed at src/cli/crash.rs:")), "{said}");
        assert!(first.ends_with(": the moon is full") && said.contains("\n  this is a bug of orket"), "{said}");
    }
}
