//! A report of churn as text, for programs, and as a page.

#[cfg(test)]
mod invented;
mod json;
mod page;
mod scatter;
mod text;
mod treemap;
mod words;

pub use json::json;
pub use page::{STYLE, html, notes, pictures};
pub use text::text;
