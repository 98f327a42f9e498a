//! "Did you mean".

/// Returns the candidate that `typed` was most likely meant to be, if one is near enough to be worth a suggestion.
///
/// Near is: at most two fifths of the typed letters wrong (an exchange of two neighbours counts as one), one more where at least three letters and
/// half of the word are right from the beginning; or equal but for case.
pub fn did_you_mean<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = typed.chars().count();
    let bound = |candidate: &str| {
        let right = typed.chars().zip(candidate.chars()).take_while(|(one, other)| one == other).count();
        (length * 2 / 5).max(1) + usize::from(right >= 3.max(length / 2))
    };
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = if candidate.eq_ignore_ascii_case(typed) { 0 } else { strsim::damerau_levenshtein(typed, candidate) };
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= bound(candidate) && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_wins_and_far_words_are_not_suggested() {
        assert_eq!(did_you_mean("imputs", ["outputs", "inputs", "needs"]), Some("inputs"));
        assert_eq!(did_you_mean("Inputs", ["inputs"]), Some("inputs"));
        assert_eq!(did_you_mean("zebra", ["inputs", "needs"]), None);
        assert_eq!(did_you_mean("x", ["y"]), None);
        assert_eq!(did_you_mean("retry", ["about", "retries", "run"]), Some("retries"));
        assert_eq!(did_you_mean("deflt", ["about", "default"]), Some("default"));
    }
}
