//! Dense indices. Each kind is a type of its own, so that mixing two of them does not compile.

use serde::{Deserialize, Serialize};

/// The index of a target in one compiled graph: 0 up to the number of targets. Meaningless in any other graph.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct TargetId(pub u32);

/// The index of a file in one table of files: 0 up to the number of files.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct FileId(pub u32);

impl TargetId {
    /// Returns the index as a `usize`, for looking things up in a vector.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl FileId {
    /// Returns the index as a `usize`, for looking things up in a vector.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
