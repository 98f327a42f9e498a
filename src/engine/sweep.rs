//! Keeping the store within its limit, without what the last build of any checkout used.

use std::collections::HashSet;
use std::thread;

use crossbeam_channel::{Receiver, bounded};

use super::Engine;
use crate::action::ActionResult;
use crate::record::{Checkout, Status};
use crate::store::{LocalStore, StoreError, Swept};

impl Engine {
    /// Removes what was used least from the store until it holds at most `limit` bytes; what the last build of any checkout used stays.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn sweep(store: &LocalStore, limit: u64) -> Result<Swept, StoreError> {
        store.sweep(limit, &pinned(store))
    }

    /// As [`Engine::sweep`], beside the caller and only if what was put in has made the store larger than `limit`; the channel brings what
    /// came of it, and is closed at once where the system allows no more threads: the next build looks after the store then.
    pub fn keep_store_within(&self, limit: u64) -> Receiver<Result<Option<Swept>, StoreError>> {
        let (store, (sender, receiver)) = (self.store.clone(), bounded(1));
        let _ = thread::Builder::new().name(String::from("store")).spawn(move || sender.send(store.keep_within(limit, || pinned(&store))));
        receiver
    }
}

/// The names of all entries that the last build of some checkout used.
fn pinned(store: &LocalStore) -> HashSet<String> {
    let mut pinned = HashSet::new();
    for state in store.checkouts() {
        let Ok(checkout) = Checkout::open(&state, false) else { continue };
        for record in checkout.records().filter(|record| record.status == Status::Succeeded) {
            pinned.insert(record.action.hex());
            pinned.extend(ActionResult::decode(&record.result).iter().flat_map(ActionResult::blobs).map(|digest| digest.hex()));
        }
    }
    pinned
}
