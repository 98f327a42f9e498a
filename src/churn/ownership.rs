//! Whose a file is, going by who changes it.

/// What one author has of something.
#[derive(Clone, PartialEq, Debug)]
pub struct Share {
    /// The name, behind the mail map.
    pub name: String,
    /// In how many commits.
    pub touches: u32,
    /// Lines added and deleted.
    pub lines: u64,
    /// The part of all touches, 0 to 1.
    pub share: f64,
}

/// Returns the shares of the authors, the largest first, those that are alike by name.
pub(super) fn shares(mut of: Vec<(String, u32, u64)>) -> Vec<Share> {
    let all: u64 = of.iter().map(|(_, touches, _)| u64::from(*touches)).sum();
    of.sort_by(|one, other| (other.1, other.2, &one.0).cmp(&(one.1, one.2, &other.0)));
    let part = |touches: u32| f64::from(touches) / all.max(1) as f64;
    of.into_iter().map(|(name, touches, lines)| Share { name, touches, lines, share: part(touches) }).collect()
}

/// Returns how few authors made more than half of the touches; 0 where nobody made any. `shares` come largest first.
pub(super) fn bus_factor(shares: &[Share]) -> usize {
    let all: u64 = shares.iter().map(|share| u64::from(share.touches)).sum();
    let mut sum = 0;
    let reached = shares.iter().position(|share| {
        sum += u64::from(share.touches);
        sum * 2 > all
    });
    reached.map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(touches: &[u32]) -> Vec<Share> {
        shares(touches.iter().enumerate().map(|(at, touches)| (format!("{at}"), *touches, 0)).collect())
    }

    #[test]
    fn the_largest_comes_first() {
        let shares = of(&[1, 3, 1]);
        let names: Vec<(&str, f64)> = shares.iter().map(|share| (&*share.name, share.share)).collect();
        assert_eq!(names, [("1", 0.6), ("0", 0.2), ("2", 0.2)]);
    }

    #[test]
    fn the_fewest_who_made_most() {
        assert_eq!(
            [of(&[]), of(&[4]), of(&[2, 2]), of(&[5, 2, 2]), of(&[1, 1, 1, 1, 1])].map(|shares| bus_factor(&shares)),
            [0, 1, 2, 1, 3]
        );
    }
}
