//! Paths with the stamps that they had, and what a look at them finds.

use crate::disk::{Signature, Tree};

/// Many paths with the stamps that they had, sorted by path; absolute, or relative to a folder.
pub trait Stamped: Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// Returns the path of one.
    fn path(&self, row: usize) -> &[u8];

    /// Whether it had the stamp of a folder.
    fn is_folder(&self, row: usize) -> bool;

    /// Whether its stamp was this one; `None` if nothing is there.
    fn is_like(&self, row: usize, now: Option<Signature>) -> bool;
}

/// Looks at all rows but those that are passed over. Returns which have the stamp that they had, and files that have several names: these
/// can be written through a name that nobody watches.
pub(super) fn looked_at(tree: &Tree, rows: &dyn Stamped, passed_over: &[bool]) -> (Vec<bool>, Vec<usize>) {
    let wanted: Vec<usize> = (0..rows.count()).filter(|row| !passed_over[*row]).collect();
    let found = tree.stat_each(
        wanted.len(),
        |index| rows.path(wanted[index]),
        |index, stamp, names| (rows.is_like(wanted[index], stamp), names > 1 && stamp.is_some_and(|stamp| !stamp.is_dir())),
    );
    let (mut same, mut several) = (vec![false; rows.count()], Vec::new());
    for (row, (as_it_was, named)) in wanted.into_iter().zip(found) {
        same[row] = as_it_was;
        if named {
            several.push(row);
        }
    }
    (same, several)
}
