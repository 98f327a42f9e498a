//! Keeping watch for all builds in a checkout, so that they need not look at every file.

use std::time::Duration;

use crossbeam_channel::{Receiver, select};

use super::{Failure, Ui};
use crate::engine::Engine;
use crate::record::{Begun, Watcher, has_picture};

/// How often is looked whether there is something to watch again, where a checkout's state was deleted.
const AGAIN: Duration = Duration::from_secs(1);

/// The watcher of this process, if it has one.
#[derive(Default)]
pub(super) struct Keeper {
    watcher: Option<Watcher>,
    /// Whether it was said why there is none, or none that helps.
    said: bool,
}

impl Keeper {
    /// Begins to watch if that is wanted, unless it is done: by this process or another one.
    pub(super) fn keep(&mut self, ui: &Ui, engine: &Engine) {
        if !engine.watches_along() || self.watcher.as_ref().is_some_and(Watcher::lives) {
            return;
        }
        self.watcher = None;
        match engine.watcher() {
            Ok(Some(Begun::Watching(watcher))) => self.watcher = Some(watcher),
            Ok(_) => {}
            Err(error) => self.tell(ui, &error.to_string()),
        }
    }

    /// Says to the watcher that a build has ended, and to the user why it is of no use, if so.
    pub(super) fn built(&mut self, ui: &Ui) {
        let Some(watcher) = &self.watcher else { return };
        watcher.call();
        if let Ok(why) = watcher.trouble().try_recv() {
            self.tell(ui, &why);
        }
    }

    fn tell(&mut self, ui: &Ui, why: &str) {
        if !std::mem::replace(&mut self.said, true) {
            ui.say(&format!("note: builds look at every file, as if nobody watched: {why}"));
        }
    }
}

/// Watches and builds nothing, until a signal comes.
///
/// # Errors
/// When nobody could ask, or another process watches; and with the signal that ended it.
pub(super) fn keep_watch(ui: &Ui, signals: &Receiver<i32>) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let mut keeper = Keeper::default();
    loop {
        match engine.watcher() {
            Ok(Some(Begun::Watching(watcher))) => keeper.watcher = Some(watcher),
            Ok(Some(Begun::Watched)) => return Err(Failure::Wrong(String::from("another `orket watch` keeps watch in this checkout"))),
            Ok(None) => return Err(Failure::Wrong(String::from("ORKET_WATCHER is `off`: nobody would ask what has changed"))),
            Err(error) => return Err(Failure::Broken(format!("cannot keep watch in `{}`: {error}", engine.root.display()))),
        }
        ui.say("keeping watch for builds in this checkout (Ctrl-C ends)");
        while let Some(watcher) = &keeper.watcher {
            select! {
                recv(signals) -> signal => if let Ok(signal) = signal { return Err(Failure::Exit(128 + signal)) },
                recv(watcher.trouble()) -> trouble => match trouble {
                    Ok(why) => keeper.tell(ui, &why),
                    Err(_) => keeper.watcher = None,
                },
            }
        }
        // The state was deleted. The next build makes it anew; before that, a folder that comes again would be in somebody's way.
        loop {
            select! {
                recv(signals) -> signal => if let Ok(signal) = signal { return Err(Failure::Exit(128 + signal)) },
                default(AGAIN) => if has_picture(&engine.state()) { break },
            }
        }
    }
}
