//! What an action came to.

use serde::{Deserialize, Serialize};

use crate::base::{Digest, Hasher, RelPath};

/// The first byte of an encoded result.
const VERSION: u8 = 1;

/// What an action came to: only successes have one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ActionResult {
    /// Sorted by path, no path twice. A folder output lists itself and everything below it.
    pub outputs: Vec<Output>,
    /// What was printed; `None` where nothing was.
    pub log: Option<Digest>,
    /// How long the commands took, in milliseconds.
    pub duration_ms: u64,
    /// The files that the depfile named, sorted.
    pub discovered: Vec<RelPath>,
}

/// One thing in the tree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Output {
    /// Where.
    pub path: RelPath,
    /// What.
    pub kind: OutputKind,
}

/// What an output is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum OutputKind {
    /// A file.
    File {
        /// Of its bytes.
        digest: Digest,
        /// Whether it can be executed.
        executable: bool,
    },
    /// A symbolic link and where it points.
    Link(Vec<u8>),
    /// A folder, empty or not.
    Folder,
}

impl ActionResult {
    /// Returns the digest of the outputs alone: what those that need them see.
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::new();
        for output in &self.outputs {
            hasher.piece(output.path.as_bytes());
            match &output.kind {
                OutputKind::File { digest, executable } => hasher.piece(if *executable { b"x" } else { b"f" }).digest(digest),
                OutputKind::Link(target) => hasher.piece(b"l").piece(target),
                OutputKind::Folder => hasher.piece(b"d"),
            };
        }
        hasher.finish()
    }

    /// Returns the digests of all bytes that the result needs.
    pub fn blobs(&self) -> Vec<Digest> {
        let files = self.outputs.iter().filter_map(|output| match &output.kind {
            OutputKind::File { digest, .. } => Some(*digest),
            _ => None,
        });
        files.chain(self.log).collect()
    }

    /// Returns the bytes that are stored.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![VERSION]).expect("writing to memory does not fail")
    }

    /// Reads what [`ActionResult::encode`] wrote; `None` for anything else, also for paths that leave the project or are not in order.
    pub fn decode(bytes: &[u8]) -> Option<ActionResult> {
        let (version, rest) = bytes.split_first()?;
        let (result, behind): (ActionResult, &[u8]) = (*version == VERSION).then(|| postcard::take_from_bytes(rest).ok()).flatten()?;
        let normal = |path: &RelPath| RelPath::parse(path.as_bytes()).as_ref() == Ok(path);
        // Compilers name headers of the system by absolute paths, often with `..` in them.
        let readable = |path: &RelPath| normal(path) || (path.as_bytes().starts_with(b"/") && !path.as_bytes().contains(&0));
        let good = behind.is_empty()
            && result.outputs.is_sorted_by(|one, next| one.path < next.path)
            && result.outputs.iter().all(|output| normal(&output.path) && !output.path.is_root())
            && result.discovered.is_sorted_by(|one, next| one < next)
            && result.discovered.iter().all(readable);
        good.then_some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &[u8]) -> Output {
        Output { path: RelPath::from_normal(path), kind: OutputKind::Folder }
    }

    #[test]
    fn a_result_comes_back_and_a_hostile_one_does_not() {
        let result = ActionResult { outputs: vec![folder(b"a"), folder(b"b")], ..ActionResult::default() };
        assert_eq!(ActionResult::decode(&result.encode()), Some(result));
        for outputs in [
            vec![folder(b"../x")],
            vec![folder(b"/etc")],
            vec![folder(b"b"), folder(b"a")],
            vec![folder(b"a"), folder(b"a")],
            vec![folder(b"")],
        ] {
            let hostile = ActionResult { outputs, ..ActionResult::default() };
            assert_eq!(ActionResult::decode(&hostile.encode()), None);
        }
        let found = |paths: &[&[u8]]| ActionResult {
            discovered: paths.iter().map(|path| RelPath::from_normal(*path)).collect(),
            ..ActionResult::default()
        };
        let system = found(&[b"/usr/lib/gcc/../x.h", b"src/a.h"]);
        assert_eq!(ActionResult::decode(&system.encode()), Some(system));
        for hostile in [found(&[b"../x"]), found(&[b"b", b"a"]), found(&[b"a", b"a"]), found(&[b"a/./b"]), found(&[b"/a\0"])] {
            assert_eq!(ActionResult::decode(&hostile.encode()), None, "{hostile:?}");
        }
        let mut longer = ActionResult::default().encode();
        longer.push(0);
        assert_eq!(ActionResult::decode(&longer), None);
        assert_eq!(ActionResult::decode(b""), None);
        assert_eq!(ActionResult::decode(b"\x02\x00"), None);
    }
}
