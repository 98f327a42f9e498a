//! Keeping the store within its limit without walking through it: each process adds what it wrote to an account, and only when that says that
//! the store has grown over the limit is it measured and swept.
//!
//! The account is no more than a hint. Two processes that write it at once lose what one of them added, and one that was killed added nothing;
//! a store that was not measured for a week is measured again.

use std::collections::HashSet;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{LocalStore, StoreError, Swept};

/// The file of the account.
pub(super) const ACCOUNT: &str = "size";

/// How long a measured size is good for, in seconds.
const GOOD: u64 = 7 * 24 * 3600;

/// What is thought to be in the store, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Account {
    now: u64,
    /// What was there when it was last measured.
    measured: u64,
    /// When that was, in seconds since 1970.
    at: u64,
}

impl Account {
    fn text(self) -> String {
        format!("{} {} {}\n", self.now, self.measured, self.at)
    }
}

/// Returns the account of a store in which nothing is.
pub(super) fn empty() -> String {
    Account { at: seconds(), ..Account::default() }.text()
}

/// Since 1970.
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl LocalStore {
    /// Adds what this store's user wrote to the account, and sweeps the store if it has grown over `limit` bytes; then some room is made, so
    /// that the next build finds it within the limit. `pinned` names what stays. `None` if there was nothing to do; nothing is read then
    /// but the account, and not even that if nothing was written.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_within(&self, limit: u64, pinned: impl FnOnce() -> HashSet<String>) -> Result<Option<Swept>, StoreError> {
        let written = self.take_written();
        if written == 0 {
            return Ok(None);
        }
        let now = seconds();
        let account = match self.account() {
            Some(account) if now.abs_diff(account.at) <= GOOD => Account { now: account.now.saturating_add(written), ..account },
            _ => {
                let stats = self.stats()?;
                let measured = stats.blob_bytes + stats.action_bytes;
                // Nothing of it was looked at with the limit in mind.
                Account { now: measured, measured: 0, at: now }
            }
        };
        // What is pinned may be more than the limit: only what has come since is worth another walk.
        let grown = account.now.saturating_sub(account.measured);
        if account.now <= limit || grown < limit / 10 {
            self.keep_account(account)?;
            return Ok(None);
        }
        self.sweep(limit - limit / 10, &pinned()).map(Some)
    }

    /// Enters what was just measured.
    pub(super) fn measured(&self, bytes: u64) -> Result<(), StoreError> {
        let at = seconds();
        self.take_written();
        self.keep_account(Account { now: bytes, measured: bytes, at })
    }

    fn account(&self) -> Option<Account> {
        let text = fs::read_to_string(self.root().join(ACCOUNT)).ok()?;
        let mut numbers = text.split_whitespace().map(str::parse);
        let (now, measured, at) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(Account { now, measured, at })
    }

    fn keep_account(&self, account: Account) -> Result<(), StoreError> {
        self.write(&self.root().join(ACCOUNT), account.text().as_bytes())?;
        self.take_written();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Blobs;

    fn kept(store: &LocalStore, limit: u64) -> Option<u64> {
        store.keep_within(limit, HashSet::new).unwrap().map(|swept| swept.left)
    }

    #[test]
    fn it_is_swept_when_it_has_grown_over_its_limit_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        assert_eq!(kept(&store, 1_000_000), None);
        assert!(!folder.path().join("size").exists(), "who wrote nothing writes no account");
        let first = store.put_bytes(&[1; 900_000]).unwrap();
        fs::File::open(store.blob(&first)).unwrap().set_modified(UNIX_EPOCH).unwrap();
        assert_eq!(kept(&store, 1_000_000), None);
        assert_eq!(store.account().unwrap().now, 900_000);
        store.put_bytes(&[2; 50_000]).unwrap();
        assert_eq!(kept(&store, 1_000_000), None);
        store.put_bytes(&[3; 100_000]).unwrap();
        assert_eq!(kept(&store, 1_000_000), Some(150_000));
        assert_eq!(store.account().map(|account| (account.now, account.measured)), Some((150_000, 150_000)));
    }

    #[test]
    fn what_is_pinned_is_not_walked_through_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        let pinned = HashSet::from([store.put_bytes(&[1; 5_000_000]).unwrap().hex()]);
        assert_eq!(store.keep_within(1_000_000, || pinned.clone()).unwrap().unwrap().left, 5_000_000);
        store.put_bytes(&[2; 50_000]).unwrap();
        assert_eq!(store.keep_within(1_000_000, || panic!("it has hardly grown")).unwrap(), None);
        store.put_bytes(&[3; 60_000]).unwrap();
        assert_eq!(store.keep_within(1_000_000, || pinned.clone()).unwrap().unwrap().left, 5_000_000);
    }

    #[test]
    fn an_account_that_is_old_or_damaged_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        store.put_bytes(&[1; 700_000]).unwrap();
        for text in ["", "x", "5 5", "5 5 5", "18446744073709551615 0 99999999999"] {
            fs::write(folder.path().join("size"), text).unwrap();
            store.put_bytes(text.as_bytes()).unwrap();
            kept(&store, 1_000_000);
            assert!((700_000..701_000).contains(&store.account().unwrap().now), "{text}");
        }
    }
}
