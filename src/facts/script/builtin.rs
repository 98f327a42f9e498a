//! The modules that Node.js brings.

/// Returns the top module of the standard library that `name` means. What only exists with `node:` before it keeps that.
pub(super) fn builtin(name: &str) -> Option<String> {
    let plain = name.strip_prefix("node:");
    let top = plain.unwrap_or(name).split('/').next().unwrap_or_default();
    // `punycode/` and `util/x` are of the packages of these names.
    if plain.is_none() && !BUILTIN.contains(&name) && !BELOW.contains(&name) {
        return None;
    }
    Some(if BUILTIN.contains(&top) { top.to_owned() } else { format!("node:{top}") })
}

/// As `module.builtinModules` of Node.js 24 lists them, without those that begin with `_` or need `node:`, and without those below others.
#[rustfmt::skip]
const BUILTIN: &[&str] = &[
    "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram", "diagnostics_channel", "dns",
    "domain", "events", "fs", "http", "http2", "https", "inspector", "module", "net", "os", "path", "perf_hooks", "process", "punycode",
    "querystring", "readline", "repl", "stream", "string_decoder", "sys", "timers", "tls", "trace_events", "tty", "url", "util", "v8", "vm",
    "wasi", "worker_threads", "zlib",
];

/// Those below others.
#[rustfmt::skip]
const BELOW: &[&str] = &[
    "assert/strict", "dns/promises", "fs/promises", "inspector/promises", "path/posix", "path/win32", "readline/promises",
    "stream/consumers", "stream/promises", "stream/web", "timers/promises", "util/types",
];
