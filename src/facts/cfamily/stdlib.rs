//! The headers that come with C, C++ and POSIX.

/// Whether the standards of C or C++ name this header.
pub(super) fn stdlib(name: &str) -> bool {
    C.contains(&name) || CPP.contains(&name)
}

/// Whether the header belongs to the system, so that only a compiler's own options could find another file.
pub(super) fn system(name: &str) -> bool {
    let first = name.split('/').next().unwrap_or(name);
    let folder = first != name && matches!(first, "sys" | "net" | "netinet" | "arpa" | "linux" | "asm" | "mach" | "machine" | "bits");
    folder || POSIX.contains(&name)
}

#[rustfmt::skip]
const C: &[&str] = &[
    "assert.h", "complex.h", "ctype.h", "errno.h", "fenv.h", "float.h", "inttypes.h", "iso646.h", "limits.h", "locale.h", "math.h",
    "setjmp.h", "signal.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbit.h", "stdbool.h", "stdckdint.h", "stddef.h", "stdint.h",
    "stdio.h", "stdlib.h", "stdmchar.h", "stdnoreturn.h", "string.h", "tgmath.h", "threads.h", "time.h", "uchar.h", "wchar.h",
    "wctype.h",
];

#[rustfmt::skip]
const CPP: &[&str] = &[
    "algorithm", "any", "array", "atomic", "barrier", "bit", "bitset", "cassert", "ccomplex", "cctype", "cerrno", "cfenv", "cfloat",
    "charconv", "chrono", "cinttypes", "ciso646", "climits", "clocale", "cmath", "codecvt", "compare", "complex", "concepts",
    "condition_variable", "contracts", "coroutine", "csetjmp", "csignal", "cstdalign", "cstdarg", "cstdbool", "cstddef", "cstdint",
    "cstdio", "cstdlib", "cstring", "ctgmath", "ctime", "cuchar", "cwchar", "cwctype", "debugging", "deque", "exception", "execution",
    "expected", "filesystem", "flat_map", "flat_set", "format", "forward_list", "fstream", "functional", "future", "generator",
    "hazard_pointer", "hive", "initializer_list", "inplace_vector", "iomanip", "ios", "iosfwd", "iostream", "istream", "iterator",
    "latch", "limits", "linalg", "list", "locale", "map", "mdspan", "memory", "memory_resource", "meta", "mutex", "new", "numbers",
    "numeric", "optional", "ostream", "print", "queue", "random", "ranges", "ratio", "rcu", "regex", "scoped_allocator", "semaphore",
    "set", "shared_mutex", "simd", "source_location", "span", "spanstream", "sstream", "stack", "stacktrace", "stdexcept", "stdfloat",
    "stop_token", "streambuf", "string", "string_view", "strstream", "syncstream", "system_error", "text_encoding", "thread", "tuple",
    "type_traits", "typeindex", "typeinfo", "unordered_map", "unordered_set", "utility", "valarray", "variant", "vector", "version",
];

#[rustfmt::skip]
const POSIX: &[&str] = &[
    "aio.h", "alloca.h", "cpio.h", "dirent.h", "dlfcn.h", "endian.h", "err.h", "execinfo.h", "fcntl.h", "features.h", "fmtmsg.h",
    "fnmatch.h", "ftw.h", "getopt.h", "glob.h", "grp.h", "iconv.h", "ifaddrs.h", "langinfo.h", "libgen.h", "libintl.h", "malloc.h",
    "memory.h", "monetary.h", "mqueue.h", "ndbm.h", "netdb.h", "nl_types.h", "paths.h", "poll.h", "pthread.h", "pwd.h", "regex.h",
    "sched.h", "search.h", "semaphore.h", "spawn.h", "strings.h", "stropts.h", "syslog.h", "tar.h", "termios.h", "trace.h",
    "ucontext.h", "ulimit.h", "unistd.h", "utime.h", "utmpx.h", "values.h", "windows.h", "winsock2.h", "wordexp.h",
];
