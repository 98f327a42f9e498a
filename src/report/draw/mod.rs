//! Graphs as text, and in the languages of programs that draw them.
//!
//! Start from [`Drawing`]; each format is a function from it to a text that ends with an end of line.

mod drawing;
mod formats;
mod page;
mod tree;

pub use drawing::{DrawEdge, DrawNode, Drawing};
pub use formats::{dot, json, mermaid};
pub use page::{Mark, SCRIPT, STYLE, data, html, panel};
pub use tree::text;
