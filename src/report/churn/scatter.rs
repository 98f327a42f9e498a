//! A picture of files by how often they change and how complex they are. Both scales are logarithmic, since few files have most of both.

/// Where a value stands on a logarithmic scale.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    most: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Makes a scale on which 1 stands at `from`, and at least `most`, rounded up to a power of ten, at `to`.
    pub(super) fn new(most: u64, from: f64, to: f64) -> Scale {
        Scale { most: (most.max(2) as f64).log10().ceil().max(1.0), from, to }
    }

    /// Returns where a value stands; what is less than 1 stands at 1.
    pub(super) fn at(&self, value: u64) -> f64 {
        self.from + (self.to - self.from) * (value.max(1) as f64).log10() / self.most
    }

    /// Returns the values that are written beside the scale: the powers of ten.
    pub(super) fn ticks(&self) -> Vec<u64> {
        (0..=self.most as u32).map(|power| 10_u64.saturating_pow(power)).collect()
    }
}

/// Chooses which labels fit: each is a place and a width, the most important first. Returns their indices.
pub(super) fn fitting(labels: &[(f64, f64, f64)], height: f64) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for (at, (x, y, width)) in labels.iter().enumerate() {
        let clear = |other: &usize| {
            let (left, top, wide) = labels[*other];
            (y - top).abs() >= height || *x >= left + wide || left >= x + width
        };
        if kept.iter().all(clear) {
            kept.push(at);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_runs_through_powers_of_ten() {
        let scale = Scale::new(350, 0.0, 300.0);
        assert_eq!(scale.ticks(), [1, 10, 100, 1000]);
        assert_eq!([0, 1, 10, 1000].map(|value| scale.at(value)), [0.0, 0.0, 100.0, 300.0]);
        assert_eq!(Scale::new(0, 5.0, 0.0).ticks(), [1, 10]);
    }

    #[test]
    fn labels_do_not_overlap() {
        let labels = [(0.0, 0.0, 50.0), (40.0, 5.0, 50.0), (60.0, 5.0, 50.0), (0.0, 20.0, 50.0)];
        assert_eq!(fitting(&labels, 12.0), [0, 2, 3]);
    }
}
