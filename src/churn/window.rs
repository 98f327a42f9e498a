//! Windows of time that end with the newest commit, and what they say of the way things go.

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// How often something was touched in the time before the newest commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Recent {
    /// In the last 30 days.
    pub days_30: u32,
    /// In the last 90 days.
    pub days_90: u32,
    /// In the 90 days before those.
    pub before_90: u32,
    /// In the last 365 days.
    pub days_365: u32,
}

/// Where things go: the last 90 days beside the 90 days before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trend {
    /// At least half as much again.
    Rising,
    /// About as much.
    Steady,
    /// Two thirds or less.
    Falling,
    /// Nothing in either.
    Quiet,
}

impl Recent {
    /// Counts a touch that is so many seconds old.
    pub(super) fn add(&mut self, age: i64) {
        self.days_30 += u32::from(age <= 30 * DAY);
        self.days_90 += u32::from(age <= 90 * DAY);
        self.before_90 += u32::from((90 * DAY + 1..=180 * DAY).contains(&age));
        self.days_365 += u32::from(age <= 365 * DAY);
    }

    /// Adds what was counted elsewhere.
    pub(super) fn join(&mut self, other: &Recent) {
        self.days_30 += other.days_30;
        self.days_90 += other.days_90;
        self.before_90 += other.before_90;
        self.days_365 += other.days_365;
    }

    /// Returns where things go.
    pub fn trend(&self) -> Trend {
        let (now, before) = (u64::from(self.days_90), u64::from(self.before_90));
        match () {
            () if now == 0 && before == 0 => Trend::Quiet,
            () if now * 2 >= before * 3 => Trend::Rising,
            () if now * 3 <= before * 2 => Trend::Falling,
            () => Trend::Steady,
        }
    }
}

impl Trend {
    /// Returns it as a word.
    pub fn word(self) -> &'static str {
        match self {
            Trend::Rising => "rising",
            Trend::Steady => "steady",
            Trend::Falling => "falling",
            Trend::Quiet => "quiet",
        }
    }
}

/// Returns the year and month that a time falls into, in UTC.
pub(super) fn month(at: i64) -> (i16, i8) {
    let time = jiff::Timestamp::from_second(at).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    (time.year(), time.month())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_end_with_the_newest_commit() {
        let mut recent = Recent::default();
        for days in [0, 30, 31, 90, 91, 180, 181, 365, 366] {
            recent.add(days * DAY);
        }
        assert_eq!(recent, Recent { days_30: 2, days_90: 4, before_90: 2, days_365: 8 });
        recent.add(-5 * DAY);
        assert_eq!(recent.days_30, 3, "a clock that went wrong is no reason to lose a touch");
    }

    #[test]
    fn where_things_go() {
        let trend = |days_90, before_90| Recent { days_90, before_90, ..Recent::default() }.trend();
        assert_eq!(trend(0, 0), Trend::Quiet);
        assert_eq!([trend(3, 2), trend(1, 0)], [Trend::Rising; 2]);
        assert_eq!([trend(2, 3), trend(0, 1)], [Trend::Falling; 2]);
        assert_eq!([trend(5, 4), trend(5, 5), trend(5, 6)], [Trend::Steady; 3]);
    }

    #[test]
    fn months() {
        assert_eq!([month(0), month(-1), month(1_709_251_199)], [(1970, 1), (1969, 12), (2024, 2)]);
    }
}
