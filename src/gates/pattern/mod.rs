//! `pattern`: what must not stand in files, or must.

mod judge;
mod rules;

pub(super) use rules::read;
