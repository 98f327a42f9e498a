//! The one walk over an action, and its two readers.

use serde::{Deserialize, Serialize};

use super::{Action, Content, EnvValue, Exact, Needed};
use crate::base::{Digest, Hasher, RelPath, show_bytes};
use crate::event::Subject;

/// The format of actions: another number makes every digest another one.
pub const FORMAT: &str = "3";

/// Up to how many outputs of one needed task are told one by one. More are told as a whole, so that what is kept of many tasks that need one
/// large folder stays small.
const TOLD: usize = 64;

/// Takes what the walk comes by: what kind of thing it is, which one, its exact bytes, and how a person reads it.
pub trait Sink {
    /// One part of the action. `shown` is called only by a sink that wants words.
    fn entry(&mut self, subject: Subject, name: &[u8], value: &[u8], shown: &dyn Fn() -> Option<String>);
}

/// Walks all that decides the result of an action, each part once, in a fixed order.
pub fn walk(action: &Action, sink: &mut dyn Sink) {
    let plain =
        |sink: &mut dyn Sink, subject: Subject, name: &[u8], value: &[u8]| sink.entry(subject, name, value, &|| Some(words_of(value)));
    plain(sink, Subject::Setting, b"format", FORMAT.as_bytes());
    plain(sink, Subject::Platform, b"platform", action.platform.as_bytes());
    for (index, command) in action.commands.iter().enumerate() {
        let name = (index + 1).to_string();
        let (kind, words) = match command {
            Exact::Run(words) => (b'r', words.as_slice()),
            Exact::Sh(script) => (b's', std::slice::from_ref(script)),
        };
        let mut exact = vec![kind];
        for word in words {
            exact.extend_from_slice(&(word.len() as u64).to_le_bytes());
            exact.extend_from_slice(word.as_bytes());
        }
        sink.entry(Subject::Command, name.as_bytes(), &exact, &|| Some(command.show()));
    }
    for (index, word) in action.args.iter().enumerate() {
        plain(sink, Subject::Args, (index + 1).to_string().as_bytes(), word.as_bytes());
    }
    plain(sink, Subject::Dir, b"dir", action.dir.as_bytes());
    for (pattern, left_out) in &action.outputs {
        plain(sink, Subject::Output, pattern.as_bytes(), if *left_out { b"left out" } else { b"declared" });
    }
    if let Some(depfile) = &action.depfile {
        plain(sink, Subject::Setting, b"depfile", depfile.as_bytes());
    }
    if let Some((path, text)) = &action.response {
        let name = format!("response file {path}");
        sink.entry(Subject::Setting, name.as_bytes(), text.as_bytes(), &|| Some(Digest::of(text.as_bytes()).short()));
    }
    if action.incremental {
        plain(sink, Subject::Setting, b"incremental", b"true");
    }
    for (name, value) in &action.strategies {
        plain(sink, Subject::Strategy, name.as_bytes(), value.as_bytes());
    }
    for (name, value) in &action.decisions {
        plain(sink, Subject::Decision, name.as_bytes(), value.as_bytes());
    }
    for (name, value) in &action.env {
        match value {
            EnvValue::Plain(value) => {
                let exact = [b"=", value.as_slice()].concat();
                sink.entry(Subject::Env, name.as_bytes(), &exact, &|| Some(words_of(value)));
            }
            EnvValue::Secret(digest) => {
                let exact = [b"#", bytemuck::bytes_of(digest)].concat();
                sink.entry(Subject::Env, name.as_bytes(), &exact, &|| Some(format!("(secret){}", digest.short())));
            }
            EnvValue::Unset => sink.entry(Subject::Env, name.as_bytes(), b"", &|| None),
        }
    }
    for (name, digest) in &action.tools {
        let exact = digest.as_ref().map(bytemuck::bytes_of).unwrap_or_default();
        sink.entry(Subject::Tool, name.as_bytes(), exact, &|| digest.map(|digest| digest.short()));
    }
    for (name, digest) in &action.services {
        whole(sink, Subject::Service, name, digest);
    }
    let mut files: Vec<(&RelPath, &Content)> = action.inputs.iter().map(|(path, content)| (path, content)).collect();
    let mut folders: Vec<&RelPath> = Vec::new();
    for Needed { address, digest, outputs, folders: empty } in &action.needs {
        if (1..=TOLD).contains(&outputs.len()) {
            files.extend(outputs.iter().map(|(path, content)| (path, content)));
            folders.extend(empty.iter());
        } else {
            whole(sink, Subject::Need, address, digest);
        }
    }
    // Whoever put a file out, by whatever name, it is the same input.
    files.sort_by_key(|(path, _)| *path);
    files.into_iter().for_each(|(path, content)| file(sink, path, content));
    folders.sort_unstable();
    for folder in folders {
        sink.entry(Subject::Input, folder.as_bytes(), b"d", &|| Some(String::from("an empty folder")));
    }
}

fn whole(sink: &mut dyn Sink, subject: Subject, name: &str, digest: &Digest) {
    sink.entry(subject, name.as_bytes(), bytemuck::bytes_of(digest), &|| Some(digest.short()));
}

fn file(sink: &mut dyn Sink, path: &RelPath, content: &Content) {
    let mut exact = Vec::with_capacity(41);
    match content {
        Content::File { digest, executable } => {
            exact.push(if *executable { b'x' } else { b'f' });
            exact.extend_from_slice(bytemuck::bytes_of(digest));
        }
        Content::Link(target) => {
            exact.push(b'l');
            exact.extend_from_slice(target);
        }
        Content::Folder(names) => {
            exact.push(b'd');
            exact.extend_from_slice(bytemuck::bytes_of(names));
        }
        Content::Missing => exact.push(b'-'),
    }
    sink.entry(Subject::Input, path.as_bytes(), &exact, &|| content.show());
}

/// Returns bytes as text, so that two values that differ do not read the same.
fn words_of(bytes: &[u8]) -> String {
    show_bytes(bytes).into_owned()
}

/// Returns the digest of an action: under which its result is stored.
pub fn digest(action: &Action) -> Digest {
    struct Digesting(Hasher);
    impl Sink for Digesting {
        fn entry(&mut self, subject: Subject, name: &[u8], value: &[u8], _: &dyn Fn() -> Option<String>) {
            self.0.piece(&[subject as u8]).piece(name).piece(value);
        }
    }
    let mut sink = Digesting(Hasher::new());
    walk(action, &mut sink);
    sink.0.finish()
}

/// An action in words, kept so that a later one can be compared with it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Explanation(pub Vec<Entry>);

/// One part of an action in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// What kind of thing.
    pub subject: Subject,
    /// Which one.
    pub name: String,
    /// Its value, or the first digits of its digest; `None` for what is not set or not there.
    pub value: Option<String>,
}

/// Returns an action in words.
pub fn explanation(action: &Action) -> Explanation {
    struct Telling(Vec<Entry>);
    impl Sink for Telling {
        fn entry(&mut self, subject: Subject, name: &[u8], _: &[u8], shown: &dyn Fn() -> Option<String>) {
            self.0.push(Entry { subject, name: words_of(name), value: shown() });
        }
    }
    let mut sink = Telling(Vec::new());
    walk(action, &mut sink);
    Explanation(sink.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn every_part_enters_the_digest() {
        let base = Action::default();
        let with = |change: &dyn Fn(&mut Action)| {
            let mut action = base.clone();
            change(&mut action);
            digest(&action)
        };
        let some = Digest::of(b"x");
        let mut seen = vec![digest(&base)];
        seen.push(with(&|a| a.commands.push(Exact::Run(vec!["a".into(), "b".into()]))));
        seen.push(with(&|a| a.commands.push(Exact::Run(vec!["a b".into()]))));
        seen.push(with(&|a| a.commands.push(Exact::Sh("a b".into()))));
        seen.push(with(&|a| a.dir = RelPath::parse("d").unwrap()));
        seen.push(with(&|a| a.env.push(("A".into(), EnvValue::Unset))));
        seen.push(with(&|a| a.env.push(("A".into(), EnvValue::Plain(vec![])))));
        seen.push(with(&|a| a.env.push(("A".into(), EnvValue::Secret(some)))));
        seen.push(with(&|a| a.tools.push(("cc".into(), Some(some)))));
        seen.push(with(&|a| a.inputs.push((RelPath::parse("f").unwrap(), Content::Missing))));
        seen.push(with(&|a| a.inputs.push((RelPath::parse("f").unwrap(), Content::File { digest: some, executable: false }))));
        seen.push(with(&|a| a.inputs.push((RelPath::parse("f").unwrap(), Content::File { digest: some, executable: true }))));
        seen.push(with(&|a| a.inputs.push((RelPath::parse("f").unwrap(), Content::Folder(some)))));
        let needed = |outputs: usize, content: Content| Needed {
            address: "e".into(),
            digest: some,
            outputs: Arc::new((0..outputs).map(|at| (RelPath::parse(format!("n{at}")).unwrap(), content.clone())).collect()),
            folders: Arc::default(),
        };
        let empty = |name: &str| Needed { folders: Arc::new(vec![RelPath::parse(name).unwrap()]), ..needed(1, Content::Missing) };
        seen.push(with(&|a| a.needs.push(empty("x"))));
        seen.push(with(&|a| a.needs.push(empty("y"))));
        seen.push(with(&|a| a.needs.push(needed(0, Content::Missing))));
        seen.push(with(&|a| a.needs.push(needed(1, Content::Link(b"x".to_vec())))));
        seen.push(with(&|a| a.needs.push(needed(1, Content::Link(b"y".to_vec())))));
        seen.push(with(&|a| a.needs.push(Needed { digest: Digest::of(b"y"), ..needed(TOLD + 1, Content::Missing) })));
        seen.push(with(&|a| a.outputs.push(("o".into(), false))));
        seen.push(with(&|a| a.outputs.push(("o".into(), true))));
        seen.push(with(&|a| a.depfile = Some("d".into())));
        seen.push(with(&|a| a.response = Some(("r".into(), "x".into()))));
        seen.push(with(&|a| a.response = Some(("r".into(), "y".into()))));
        seen.push(with(&|a| a.incremental = true));
        seen.push(with(&|a| a.args.push("x".into())));
        seen.push(with(&|a| a.services.push(("s".into(), some))));
        seen.push(with(&|a| a.strategies.push(("s".into(), "x".into()))));
        seen.push(with(&|a| a.decisions.push(("s".into(), "x".into()))));
        seen.push(with(&|a| a.platform = "p".into()));
        seen.push(with(&|a| a.commands.push(Exact::Run(vec!["sh".into(), "a b".into()]))));
        let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len());
    }

    #[test]
    fn commands_that_differ_are_digested_and_told_apart() {
        let run = |words: &[&str]| Exact::Run(words.iter().map(|word| (*word).to_owned()).collect());
        let commands = [
            run(&["sh", "a", "b"]),
            run(&["sh", "a b"]),
            run(&["sh:", "a b"]),
            run(&["sh:", "a", "b"]),
            run(&["sh a b"]),
            run(&["a", "b"]),
            run(&["a b"]),
            run(&["'a", "b'"]),
            run(&["a", "b", ""]),
            Exact::Sh("a b".into()),
            Exact::Sh("sh a b".into()),
        ];
        let actions: Vec<Action> = commands.map(|command| Action { commands: vec![command], ..Action::default() }).into();
        for (index, one) in actions.iter().enumerate() {
            for other in &actions[index + 1..] {
                assert_ne!(digest(one), digest(other), "{:?} {:?}", one.commands, other.commands);
                assert_eq!(
                    crate::action::compare(&explanation(one), &explanation(other)).len(),
                    1,
                    "{:?} {:?}",
                    one.commands,
                    other.commands
                );
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_told_apart() {
        let with = |value: &[u8]| Action { env: vec![("A".into(), EnvValue::Plain(value.into()))], ..Action::default() };
        let changes = crate::action::compare(&explanation(&with(b"\xff")), &explanation(&with(b"\xfe")));
        assert_eq!(changes[0].old.as_deref(), Some("\\xff"));
        assert_eq!(changes[0].new.as_deref(), Some("\\xfe"));
    }
}
