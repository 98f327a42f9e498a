//! A watcher beside the builds of a sequence, and what can befall it.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::case::Play;
use super::random::Random;
use crate::common::{Background, Project, skipped, wait_until};

/// Starts a watcher. It does not stand in the project's folder: what does is taken for a part of a build.
pub fn start(project: &Project) -> Background {
    let watcher = project.start_beside("-C project watch --no-build");
    assert!(wait_until(|| watcher.said().contains("keeping watch")), "no watcher: {}", watcher.said());
    watcher
}

/// Returns what a look says would be done, with or without a watcher; whether one has answered; and what was said of that.
fn asked(project: &Project, asks: &str) -> (String, bool, String) {
    let (code, seen) = project.run_with("build -n", &[("ORKET_WATCHER", asks), ("ORKET_LOG", "orket::record=debug")]).either();
    (format!("{code}\n{}", seen.out()), seen.err().contains("a watcher knows"), seen.err().to_owned())
}

fn look(project: &Project, asks: &str) -> String {
    asked(project, asks).0
}

impl Play {
    /// What is said beside a watcher is what is said without one.
    pub fn says_the_same(&self) -> Result<(), String> {
        if self.watcher.is_none() {
            return Ok(());
        }
        let (with, without) = (look(&self.project, "on"), look(&self.project, "off"));
        if with == without { Ok(()) } else { Err(format!("beside a watcher:\n{with}\nwithout it:\n{without}")) }
    }

    /// Waits, most of the time, until the watcher knows what the last build has left, so that it hears of all that happens from then on.
    pub fn let_it_watch(&mut self) -> Result<(), String> {
        let Some(watcher) = &self.watcher else { return Ok(()) };
        let mut last = String::new();
        let knows = |last: &mut String| {
            let (_, knows, said) = asked(&self.project, "on");
            *last = said;
            knows
        };
        if self.random.once_in(4) || wait_until(|| knows(&mut last)) {
            return Ok(());
        }
        // That it comes to know is held by the tests of `watch`; here it is held that nothing is wrong, whatever it knows.
        skipped(&format!("a step beside a watcher that knows: {}\n{last}", watcher.said()));
        Ok(())
    }

    /// Lets the watcher die, stand still for a while, or lose count; `edit` happens meanwhile.
    pub fn befall(&mut self, random: &mut Random, edit: fn(&mut Play, &mut Random)) {
        let Some(watcher) = self.watcher.take() else { return edit(self, random) };
        let lives = match random.below(4) {
            dies @ (0 | 1) => {
                if dies == 0 {
                    edit(self, random);
                }
                watcher.signal(Signal::KILL);
                watcher.end();
                if dies == 1 {
                    edit(self, random);
                }
                None
            }
            stands => {
                watcher.signal(Signal::STOP);
                if stands == 3 {
                    overflow(&self.project);
                }
                edit(self, random);
                // A build waits a moment for an answer, and goes on without.
                let (with, without) = (look(&self.project, "on"), look(&self.project, "off"));
                assert_eq!(with, without, "beside a watcher that stands still");
                watcher.signal(Signal::CONT);
                Some(watcher)
            }
        };
        self.watcher = Some(lives.unwrap_or_else(|| start(&self.project)));
        thread::park_timeout(Duration::from_micros(random.below(20_000) as u64));
    }
}

/// Lets more happen in the project than the system keeps for a watcher that does not listen.
pub fn overflow(project: &Project) {
    let kept = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap_or_default();
    let kept: usize = kept.trim().parse().unwrap_or(16384);
    let path = project.at("s/passing");
    for _ in 0..kept / 2 + 10 {
        fs::create_dir(&path).unwrap();
        fs::remove_dir(&path).unwrap();
    }
}
