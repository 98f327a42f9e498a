//! The digest of a declaration: all of it that can shape what a task does, and nothing that cannot.

use super::{Command, Task};
use crate::base::{Digest, Hasher};

impl Task {
    /// Returns the digest of what is declared: commands, folder, patterns, environment rules and switches, with holes unfilled.
    ///
    /// Names, places, abouts, order and limits (`needs`, `timeout`, `priority`, …) are left out: a task that only moved in the manifest
    /// is the same task. Equal digests and equal surroundings mean equal actions.
    pub fn shape(&self) -> Digest {
        let mut hasher = Hasher::new();
        let text = |hasher: &mut Hasher, text: String| {
            hasher.piece(text.as_bytes());
        };
        for command in &self.commands {
            match command {
                Command::Run { words, .. } => {
                    hasher.piece(b"run");
                    words.iter().for_each(|word| text(&mut hasher, word.to_string()));
                }
                Command::Sh { script, .. } => {
                    hasher.piece(b"sh");
                    text(&mut hasher, script.to_string());
                }
            }
            hasher.piece(b"");
        }
        hasher.piece(b"tools");
        self.tools.iter().for_each(|tool| text(&mut hasher, tool.to_string()));
        hasher.piece(b"dir");
        text(&mut hasher, self.dir.to_string());
        for (list, patterns) in [("inputs", &self.inputs), ("outputs", &self.outputs)] {
            hasher.piece(list.as_bytes());
            for pattern in patterns {
                hasher.piece(if pattern.negated { b"!" } else { b"=" });
                text(&mut hasher, pattern.text.to_string());
            }
        }
        hasher.piece(b"depfile");
        self.depfile.iter().for_each(|depfile| text(&mut hasher, depfile.to_string()));
        hasher.piece(b"uses");
        self.uses.iter().for_each(|need| text(&mut hasher, need.text.to_string()));
        hasher.piece(&[self.cache as u8, self.incremental as u8, self.interactive as u8]);
        hasher.finish()
    }
}
