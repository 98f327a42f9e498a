//! Which of many stamps may no longer be so.

use std::sync::Arc;

use super::stamped::Stamped;
use crate::base::RelPath;

/// The rows of which nothing is promised.
pub(super) struct Doubts {
    rows: Arc<dyn Stamped>,
    doubted: Vec<bool>,
    doubtful: Vec<u32>,
}

impl Doubts {
    /// Doubts nothing yet.
    pub fn new(rows: Arc<dyn Stamped>) -> Doubts {
        Doubts { doubted: vec![false; rows.count()], doubtful: Vec::new(), rows }
    }

    /// Returns all rows, doubtful or not.
    pub fn rows(&self) -> &Arc<dyn Stamped> {
        &self.rows
    }

    /// Returns of each row whether it is doubtful.
    pub fn doubted(&self) -> &[bool] {
        &self.doubted
    }

    /// Returns the doubtful rows, in the order in which they became so.
    pub fn doubtful(&self) -> &[u32] {
        &self.doubtful
    }

    /// Takes a row for doubtful.
    pub fn add(&mut self, row: usize) {
        if let Some(doubted) = self.doubted.get_mut(row)
            && !std::mem::replace(doubted, true)
        {
            self.doubtful.push(row as u32);
        }
    }

    /// Takes the rows of one path for doubtful.
    pub fn add_path(&mut self, wanted: &[u8]) {
        let first = self.first(|path| path >= wanted);
        let rows = self.rows.clone();
        (first..rows.count()).take_while(|row| rows.path(*row) == wanted).for_each(|row| self.add(row));
    }

    /// Takes a folder and all that is in it for doubtful.
    pub fn add_all_in(&mut self, folder: &RelPath) {
        self.add_path(folder.as_bytes());
        let (first, end) = match folder.is_root() {
            true => (0, self.rows.count()),
            false => {
                let below = [folder.as_bytes(), b"/"].concat();
                (self.first(|path| path >= &below[..]), self.first(|path| path > &below[..] && !path.starts_with(&below)))
            }
        };
        (first..end).for_each(|row| self.add(row));
    }

    /// Returns the first row from which on `is_there` says yes.
    fn first(&self, is_there: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (0, self.rows.count());
        while low < high {
            let middle = low + (high - low) / 2;
            if is_there(self.rows.path(middle)) { high = middle } else { low = middle + 1 }
        }
        low
    }
}
