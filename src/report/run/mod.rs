//! A run as a page: the verdict and what failed, then where time went, then why things ran.
//!
//! Start from [`Page`]. A file a section; what the record and the journal of a run tell together is a [`Story`].

mod cache;
mod compared;
mod gates;
mod head;
mod html;
mod page;
mod path;
mod story;
mod timeline;

pub use html::html;
pub use page::Page;
pub use path::remedied;
pub use story::Story;
