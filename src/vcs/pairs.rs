//! Which texts a commit changed: the ids of a file's text before and behind it.

use serde::{Deserialize, Serialize};

use super::history::changes_of;
use super::parse::{Id, Raw, Reader, hex};
use super::{Repository, VcsError};
use crate::base::Paths;

/// The texts of one file around a commit.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct TextPair {
    /// The path and text before; `None` where there was no regular file.
    pub old: Option<(Vec<u8>, String)>,
    /// The path and text behind.
    pub new: Option<(Vec<u8>, String)>,
}

/// The path of a file behind a commit, or before it if it was deleted, and its texts.
pub type PathTexts = (Vec<u8>, TextPair);

impl Repository {
    /// Hands the texts that commits changed to `each`, with the id of the commit and the path of the file: its path behind the commit, or
    /// before it if it was deleted.
    ///
    /// # Errors
    /// When git cannot read them.
    pub fn pairs(&self, commits: &[&[u8]], renames: bool, mut each: impl FnMut(&[u8], &[u8], TextPair)) -> Result<(), VcsError> {
        if commits.is_empty() {
            return Ok(());
        }
        let input = commits.iter().map(|id| hex(id) + "\n").collect::<String>().into_bytes();
        let words = changes_of(renames, false);
        let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
        let mut stream = self.git.stream(&words, Some(input))?;
        let (mut paths, mut authors, mut changes) = (Paths::default(), Paths::default(), Vec::new());
        let mut reader = Reader::with_texts(&mut stream.out);
        let result = loop {
            match reader.next(&mut paths, &mut authors, &mut changes) {
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
                Ok(Some(head)) => {
                    pairs_of(reader.raw_changes(), &paths).for_each(|(path, pair)| each(&head.id, &path, pair));
                }
            }
        };
        stream.ended(result)
    }
}

/// Returns the texts of changes.
pub(super) fn pairs_of(raw: &[Raw], paths: &Paths) -> impl Iterator<Item = PathTexts> {
    raw.iter().map(|raw| {
        let side = |path: u32, text: &Option<Id>| text.as_ref().map(|text| (paths.bytes(path).to_vec(), hex(text)));
        let path = raw.path.0;
        let old = side(raw.from.map_or(path, |from| from.0), &raw.texts[0]);
        (paths.bytes(path).to_vec(), TextPair { old, new: side(path, &raw.texts[1]) })
    })
}
