//! Bytes by digest, results by action.
