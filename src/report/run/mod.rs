//! A run as a page: one file that works offline, without any script.

mod page;
mod sections;

pub use page::{Bar, Page, html};
