//! Telling: a file a format.
