//! `orket fmt`.

use std::sync::Arc;

use kdl::{FormatConfigBuilder, KdlDocument};

use super::problem::Problems;
use super::read;

/// Returns the text in the usual form: four spaces a level, one blank between words, comments where they were. Tidying twice changes nothing more.
///
/// # Errors
/// When the text cannot be read.
pub fn tidy(text: &str, file: &str) -> Result<String, Problems> {
    let name: Arc<str> = file.into();
    let mut problems = Problems::new(vec![(name.clone(), text)]);
    if let Err(found) = read(&name, text.as_bytes()) {
        found.into_iter().for_each(|problem| problems.push(problem));
        return Err(problems);
    }
    let Ok(mut document) = KdlDocument::parse_v2(text) else { return Err(problems) };
    document.autoformat_config(&FormatConfigBuilder::new().indent("    ").build());
    Ok(document.to_string())
}
