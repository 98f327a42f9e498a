//! What comes with Ruby 3.4: its library and the gems that are installed with it (docs.ruby-lang.org/en/3.4, `standard_library`).

/// Whether a feature comes with Ruby, by the first part of its name.
pub(super) fn is_stdlib(first: &str) -> bool {
    NAMES.binary_search(&first).is_ok()
}

/// Sorted.
const NAMES: &[&str] = &[
    "English",
    "abbrev",
    "base64",
    "benchmark",
    "bigdecimal",
    "bundler",
    "cgi",
    "continuation",
    "coverage",
    "csv",
    "date",
    "delegate",
    "did_you_mean",
    "digest",
    "drb",
    "erb",
    "error_highlight",
    "etc",
    "expect",
    "fcntl",
    "fiddle",
    "fileutils",
    "find",
    "forwardable",
    "getoptlong",
    "io",
    "ipaddr",
    "irb",
    "json",
    "logger",
    "mkmf",
    "monitor",
    "mutex_m",
    "net",
    "nkf",
    "objspace",
    "observer",
    "open-uri",
    "open3",
    "openssl",
    "optparse",
    "ostruct",
    "pathname",
    "pp",
    "prettyprint",
    "prism",
    "pstore",
    "psych",
    "pty",
    "random",
    "rbconfig",
    "rdoc",
    "readline",
    "reline",
    "resolv",
    "rinda",
    "ripper",
    "ruby2_keywords",
    "rubygems",
    "securerandom",
    "set",
    "shellwords",
    "singleton",
    "socket",
    "stringio",
    "strscan",
    "syntax_suggest",
    "syslog",
    "tempfile",
    "thread",
    "time",
    "timeout",
    "tmpdir",
    "tsort",
    "un",
    "unicode_normalize",
    "uri",
    "weakref",
    "win32",
    "win32ole",
    "yaml",
    "zlib",
];

#[cfg(test)]
mod tests {
    use super::NAMES;

    #[test]
    fn names_are_in_order() {
        assert!(NAMES.is_sorted());
    }
}
