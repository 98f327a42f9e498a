//! The file system, behind a small door: stat, walk, copy, write whole.
