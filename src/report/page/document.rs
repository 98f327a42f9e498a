//! A page as a whole: its head, its policy, its style and its script.

use super::text::safe;
use crate::base::Digest;

/// What all pages look like, in light and in dark.
pub const STYLE: &str = include_str!("page.css");

/// What all pages with a script can do: themes, tables that are searched and sorted.
const SCRIPT: &str = include_str!("page.js");

/// A page before it is written.
#[derive(Default)]
pub struct Document<'a> {
    /// What stands in the window's title; any text.
    pub title: String,
    /// Further styles.
    pub styles: &'a [&'a str],
    /// Further scripts, which share one scope with the common one; without any the page runs none.
    pub scripts: &'a [&'a str],
    /// JSON that the scripts read, from the element `data`.
    pub data: Option<String>,
    /// A class of the body.
    pub class: &'static str,
    /// What is seen: HTML, all names in it safe.
    pub body: String,
}

impl Document<'_> {
    /// Returns the page. Its policy lets nothing be fetched, and no style or script run but the page's own.
    pub fn html(&self) -> String {
        // In JSON, `<` stands in strings alone; escaped, nothing in them ends the element.
        let data = self.data.as_deref().map(|data| data.replace('<', "\\u003c"));
        // Names cannot hold a digest of themselves, so that no name can bring a script or style that the policy lets in.
        let nonce = Digest::of(format!("{}{}", self.body, data.as_deref().unwrap_or_default()).as_bytes()).hex();
        let runs = !self.scripts.is_empty();
        let allowed = if runs { format!("script-src 'nonce-{nonce}'; ") } else { String::new() };
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; {allowed}style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n{}\n\
             <title>{}</title>\n<style nonce=\"{nonce}\">\n{STYLE}{}</style>\n",
            made(self.class),
            safe(&self.title),
            self.styles.concat()
        );
        if runs {
            // What waits for the script to be shown is shown at once where none runs.
            page += &format!(
                "<noscript><style nonce=\"{nonce}\">tr[hidden] {{ display: table-row !important; }} .scripted {{ display: none; }}</style></noscript>\n"
            );
        }
        page += &format!("</head>\n<body class=\"{}\">\n{}", self.class, self.body);
        if let Some(data) = data {
            page += &format!("<script id=\"data\" type=\"application/json\">{data}</script>\n");
        }
        if runs {
            page +=
                &format!("<script nonce=\"{nonce}\">\n\"use strict\";\n(() => {{\n{SCRIPT}{}}})();\n</script>\n", self.scripts.concat());
        }
        page + "</body>\n</html>\n"
    }
}

/// Returns the mark by which a page is known later.
pub fn made(class: &str) -> String {
    format!("<meta name=\"generator\" content=\"orket {class}\">")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_a_script_lets_none_run() {
        let page = Document { title: "a <b>".into(), body: "<p>text</p>\n".into(), ..Document::default() }.html();
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">") && page.ends_with("</html>\n"));
        assert!(page.contains("<title>a &lt;b&gt;</title>") && page.contains("content=\"default-src 'none'; style-src 'nonce-"), "{page}");
        assert!(!page.contains("<script") && !page.contains("script-src"), "{page}");
    }

    #[test]
    fn what_is_read_ends_no_element_and_only_the_own_script_runs() {
        let data = Some(String::from("[\"</script><script>alert(1)</script><!--\"]"));
        let page = Document { scripts: &["let x;\n"], data, ..Document::default() }.html();
        let nonce = page.split_once("script-src 'nonce-").unwrap().1.split_once('\'').unwrap().0;
        assert!(nonce.len() == 64 && page.contains(&format!("<script nonce=\"{nonce}\">\n\"use strict\";")), "{nonce}");
        assert_eq!((page.matches("<script").count(), page.matches("</script>").count()), (2, 2));
        assert!(!page.contains("<!--") && page.contains("\\u003c/script>"), "{page}");
    }

    #[test]
    fn nothing_common_asks_anybody() {
        let page = Document { scripts: &[""], ..Document::default() }.html();
        for outside in ["http:", "https:", " src=", " href=", "@import", "url(", "fetch(", " style=", " onclick="] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
