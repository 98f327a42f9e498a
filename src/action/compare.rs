//! Two explanations side by side.

use std::collections::BTreeMap;

use super::Explanation;
use crate::event::{Change, Subject};

/// How telling a difference is: a changed command says more than the input that it also brought along.
fn rank(subject: Subject) -> usize {
    use Subject::*;
    [Command, Args, Decision, Strategy, Dir, Setting, Output, Platform, Input, Need, Env, Tool, Service]
        .iter()
        .position(|one| *one == subject)
        .unwrap_or(usize::MAX)
}

/// Returns what differs between `old` and `new`, most telling first, then by name. Secrets show as `(secret)`.
pub fn compare(old: &Explanation, new: &Explanation) -> Vec<Change> {
    let table = |explanation: &Explanation| -> BTreeMap<(usize, String), (Subject, Option<String>)> {
        explanation.0.iter().map(|entry| ((rank(entry.subject), entry.name.clone()), (entry.subject, entry.value.clone()))).collect()
    };
    let (old, new) = (table(old), table(new));
    // What is a secret on one side is one on the other, too.
    let is_secret = |value: &Option<String>| value.as_ref().is_some_and(|value| value.starts_with("(secret)"));
    let public = |old: Option<String>, new: Option<String>| match is_secret(&old) || is_secret(&new) {
        true => (old.map(|_| String::from("(secret)")), new.map(|_| String::from("(secret)"))),
        false => (old, new),
    };
    let mut keys: Vec<_> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter(|key| old.get(key) != new.get(key))
        .map(|key| {
            let subject = new.get(key).or(old.get(key)).map_or(Subject::Setting, |(subject, _)| *subject);
            let value = |table: &BTreeMap<_, (Subject, Option<String>)>| table.get(key).and_then(|(_, value)| value.clone());
            let (old, new) = public(value(&old), value(&new));
            Change { subject, name: key.1.clone(), old, new }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Entry;

    #[test]
    fn the_command_comes_before_the_input_and_secrets_stay_hidden() {
        let entry = |subject, name: &str, value: &str| Entry { subject, name: name.into(), value: Some(value.into()) };
        let old =
            Explanation(vec![entry(Subject::Input, "a", "1"), entry(Subject::Env, "T", "(secret)1"), entry(Subject::Command, "1", "x")]);
        let new = Explanation(vec![
            entry(Subject::Input, "a", "2"),
            entry(Subject::Env, "T", "(secret)2"),
            entry(Subject::Command, "1", "y"),
            entry(Subject::Tool, "cc", "9"),
        ]);
        let shown: Vec<String> = compare(&old, &new)
            .into_iter()
            .map(|change| format!("{:?} {} {:?} {:?}", change.subject, change.name, change.old, change.new))
            .collect();
        assert_eq!(
            shown,
            [
                "Command 1 Some(\"x\") Some(\"y\")",
                "Input a Some(\"1\") Some(\"2\")",
                "Env T Some(\"(secret)\") Some(\"(secret)\")",
                "Tool cc None Some(\"9\")",
            ]
        );
    }
}
