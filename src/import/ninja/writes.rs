//! Whether a command writes nothing but what its edge names.
//!
//! Ninja does not ask: a stamp may stand for a header that was copied beside it, and a program that is linked may be copied once more. What has
//! such effects is only had by running it, never from a store. So a command is believed where each part of it is of a kind that is known and says
//! itself where it writes; any other may write more than its edge names.

/// Programs that write to standard output alone, with any words.
const FILTERS: [&str; 20] = [
    ":", "[", "basename", "cat", "cmp", "cut", "date", "diff", "dirname", "echo", "expr", "false", "grep", "head", "printf", "rev",
    "sleep", "tail", "tr", "true",
];

/// Programs that compile, assemble or link what `-o` names.
const COMPILERS: [&str; 12] = ["as", "c++", "c11", "c89", "c99", "cc", "clang", "clang++", "g++", "gcc", "ld", "nasm"];

/// Programs that start the program that their first word names.
const LAUNCHERS: [&str; 3] = ["ccache", "distcc", "sccache"];

/// What words begin with that have a compiler, assembler or linker write further files, or do something that is not known.
const FURTHER: [&str; 31] = [
    "--MD",
    "--coverage",
    "--dependency-file",
    "--out-implib",
    "--reproduce",
    "--save-temps",
    "--serialize-diagnostics",
    "-MJ",
    "-Map",
    "-Xassembler",
    "-Xpreprocessor",
    "-aux-info",
    "-dependency-file",
    "-diagnostic-log-file",
    "-dump",
    "-fcallgraph-info",
    "-fdiagnostics-format",
    "-fdump",
    "-fmodule",
    "-foptimization-record",
    "-fplugin",
    "-fprofile",
    "-fsave-optimization",
    "-fstack-usage",
    "-ftest-coverage",
    "-gsplit-dwarf",
    "-serialize-diagnostics",
    "-specs",
    "-stats-file",
    "-working-directory",
    "-wrapper",
];

/// The same among what a compiler hands to the linker.
const LINKED: [&str; 7] = ["@", "Map", "cref", "dependency-file", "out-implib", "reproduce", "stats-file"];

/// What words begin with that are handed to the assembler, and have it write nothing.
const ASSEMBLED: [&str; 6] = ["--fatal-warnings", "--noexecstack", "--no-warn", "-W", "-m", "-I"];

/// What an edge names: what it puts out, and its depfile.
pub(super) struct Named<'a, 'r> {
    /// Whether a path, as the command has it, is one of these files.
    pub file: &'a dyn Fn(&str) -> bool,
    /// Whether it is a folder that one of them stands in.
    pub folder: &'a dyn Fn(&str) -> bool,
    /// Returns what stands in its response file, if a path is that one's.
    pub response: &'a dyn Fn(&str) -> Option<&'r str>,
}

impl<'r> Named<'_, 'r> {
    /// Whether a command writes at most what is named.
    pub(super) fn is_all_of(&self, command: &str) -> bool {
        let Some(commands) = simple(command) else { return false };
        let mut moved = false;
        for Simple { words, into } in &commands {
            // From another folder, relative paths mean something else.
            let file = |word: &str| (!moved || word.starts_with('/')) && (self.file)(word);
            let folder = |word: &str| (!moved || word.starts_with('/')) && (self.folder)(word);
            if !into.iter().all(|word| word == "/dev/null" || file(word)) {
                return false;
            }
            match words.first().map(String::as_str) {
                Some("cd") => moved = true,
                _ if !(Named { file: &file, folder: &folder, response: self.response }).covers(words) => return false,
                _ => {}
            }
        }
        !commands.is_empty()
    }

    fn covers(&self, words: &[String]) -> bool {
        let Some((program, rest)) = words.split_first() else { return true };
        let plain: Vec<&str> = rest.iter().map(|word| &**word).filter(|word| !word.starts_with('-')).collect();
        let all = |words: &[&str]| !words.is_empty() && words.iter().all(|word| (self.file)(word));
        let copies = |words: &[&str]| matches!(words, [_, target] if (self.file)(target));
        let name = family(program);
        match name {
            "cmake" => match &plain[..] {
                ["echo" | "true" | "compare_files", ..] => rest[0] == "-E",
                ["rm" | "remove" | "touch", files @ ..] => rest[0] == "-E" && all(files),
                ["make_directory", folders @ ..] => rest[0] == "-E" && folders.iter().all(|word| (self.folder)(word)),
                ["copy" | "copy_if_different" | "create_symlink", words @ ..] => rest[0] == "-E" && copies(words),
                ["cmake_symlink_library" | "cmake_symlink_executable", _, links @ ..] => rest[0] == "-E" && all(links),
                _ => false,
            },
            "ar" => match rest {
                [how, file, ..] => how.trim_start_matches('-').bytes().all(|letter| b"cDqrsSTuUvP".contains(&letter)) && (self.file)(file),
                _ => false,
            },
            "cp" | "ln" => copies(&plain),
            "mkdir" => plain.iter().all(|word| (self.folder)(word)),
            "ranlib" | "rm" | "strip" | "touch" => all(&plain),
            // Its scripts may write files, too.
            "sed" => {
                matches!(plain[..], [script, ..] if !script.contains('w'))
                    && !rest.iter().any(|word| word.starts_with("-i") || word.starts_with("--"))
            }
            _ if FILTERS.contains(&name) => true,
            _ if LAUNCHERS.contains(&name) => self.covers(rest),
            _ if COMPILERS.contains(&name) => self.expanded(rest).is_some_and(|words| self.compiles(name, &words)),
            _ => false,
        }
    }

    /// Returns the words of a compiler with those of response files in their place; `None` where it is not known what stands in one.
    fn expanded<'w>(&self, words: &'w [String]) -> Option<Vec<&'w str>>
    where
        'r: 'w,
    {
        let mut all = Vec::with_capacity(words.len());
        for word in words {
            match word.strip_prefix('@') {
                None => all.push(&**word),
                Some(file) => {
                    let content = (self.response)(file).filter(|content| !content.contains(['"', '\'', '\\', '@']))?;
                    all.extend(content.split_whitespace());
                }
            }
        }
        Some(all)
    }

    /// Whether a compiler, assembler or linker writes what `-o` names, its depfile, and nothing else.
    fn compiles(&self, name: &str, words: &[&str]) -> bool {
        let behind = |option: &str| words.iter().position(|word| *word == option).and_then(|at| words.get(at + 1)).copied();
        let handed = |word: &str, how: &str| word.strip_prefix(how).map(|rest| rest.split(',').map(str::to_owned).collect::<Vec<_>>());
        let further = |word: &&str| {
            FURTHER.iter().any(|begin| word.starts_with(begin))
                || ["save-temps", "time-trace"].iter().any(|part| word.contains(part))
                || *word == "-da"
                || (word.starts_with("-fopt-info") && word.contains('='))
                || (word.starts_with("-Wl,") && LINKED.iter().any(|part| word.contains(part)))
                || handed(word, "-Wa,").is_some_and(|parts| !parts.iter().all(|part| ASSEMBLED.iter().any(|known| part.starts_with(known))))
                || handed(word, "-Wp,").is_some_and(|parts| parts.iter().any(|part| part.starts_with("-M") || part.starts_with("-d")))
                || (matches!(name, "as" | "nasm") && ["-a", "-l", "-L", "-M", "-Z"].iter().any(|begin| word.starts_with(begin)))
        };
        let Some(target) = behind("-o").filter(|target| (self.file)(target)) else { return false };
        let depfile =
            || match behind("-MF").or_else(|| words.iter().find_map(|word| word.strip_prefix("-MF").filter(|file| !file.is_empty()))) {
                Some(file) => (self.file)(file),
                // Beside what `-o` names.
                None => {
                    let start = target.rfind('/').map_or(0, |slash| slash + 1);
                    let stem = target[start..].rfind('.').map_or(target, |dot| &target[..start + dot]);
                    (self.file)(&format!("{stem}.d"))
                }
            };
        let asks = words.iter().any(|word| matches!(*word, "-MD" | "-MMD"));
        !words.iter().any(further) && (!asks || depfile())
    }
}

/// Returns the plain name of a program: `/usr/bin/x86_64-linux-gnu-gcc-13` is a `gcc`.
fn family(program: &str) -> &str {
    let name = program.rsplit('/').next().unwrap_or_default();
    let versioned = |end: &str| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let name = name.rsplit_once('-').filter(|(_, end)| versioned(end)).map_or(name, |(name, _)| name);
    let last = name.rsplit('-').next().unwrap_or_default();
    let known = COMPILERS.contains(&last) || matches!(last, "ar" | "ranlib" | "strip");
    if known { last } else { name }
}

/// One command of a row of them.
#[derive(Default)]
struct Simple {
    words: Vec<String>,
    /// The files that its output goes into.
    into: Vec<String>,
}

/// Takes a row of commands for the shell apart; `None` where it is more than that: with variables, groups, or what goes on in the background.
fn simple(command: &str) -> Option<Vec<Simple>> {
    let mut row = vec![Simple::default()];
    let mut letters = command.chars().peekable();
    let (mut word, mut target): (Option<String>, Option<bool>) = (None, None);
    loop {
        let letter = letters.next();
        let ends = matches!(letter, None | Some(' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>'));
        if ends && let Some(whole) = word.take() {
            let digits = matches!(letter, Some('<' | '>')) && whole.bytes().all(|byte| byte.is_ascii_digit());
            let one = row.last_mut()?;
            match target.take() {
                Some(true) => one.into.push(whole),
                Some(false) => {}
                None if digits => {}
                None => one.words.push(whole),
            }
        }
        match letter {
            None => break,
            Some(' ' | '\t') => {}
            Some('\n' | ';') => row.push(Simple::default()),
            Some('&') => {
                letters.next_if_eq(&'&')?;
                row.push(Simple::default());
            }
            Some('|') => {
                letters.next_if_eq(&'|');
                row.push(Simple::default());
            }
            Some(way @ ('<' | '>')) => {
                if target.is_some() || letters.peek() == Some(&'(') || (way == '<' && letters.peek() == Some(&'<')) {
                    return None;
                }
                letters.next_if(|next| *next == way || *next == '|');
                match letters.next_if_eq(&'&') {
                    Some(_) => drop(letters.next_if(char::is_ascii_digit)?),
                    None => target = Some(way == '>'),
                }
            }
            Some('$' | '`' | '(' | ')') => return None,
            Some('{' | '}' | '#' | '!') if word.is_none() => return None,
            Some('\\') => word.get_or_insert_default().push(letters.next()?),
            Some('\'') => loop {
                match letters.next()? {
                    '\'' => break word.get_or_insert_default().push_str(""),
                    letter => word.get_or_insert_default().push(letter),
                }
            },
            Some('"') => loop {
                match letters.next()? {
                    '"' => break word.get_or_insert_default().push_str(""),
                    '$' | '`' | '\\' => return None,
                    letter => word.get_or_insert_default().push(letter),
                }
            },
            Some(letter) => word.get_or_insert_default().push(letter),
        }
    }
    row.retain(|one| !one.words.is_empty() || !one.into.is_empty());
    target.is_none().then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(command: &str) -> bool {
        let file = |word: &str| matches!(word, "out/o" | "out/m.o" | "out/m.d" | "/p/out/o" | "lib.so" | "lib.so.1" | "o.d");
        let folder = |word: &str| matches!(word, "out" | "/p/out");
        let response = |word: &str| match word {
            "o.rsp" => Some("a.o b.o\n-lm"),
            "cov.rsp" => Some("--coverage a.o"),
            _ => None,
        };
        Named { file: &file, folder: &folder, response: &response }.is_all_of(command)
    }

    #[test]
    fn what_says_where_it_writes() {
        for command in [
            "gcc -MMD -MF o.d -c a.c -o out/o",
            "gcc -MD -MFo.d -c a.c -o out/o",
            "gcc -MMD -c a.c -o out/m.o",
            "gcc -Wa,--noexecstack,-W -fopt-info -c a.c -o out/o",
            "gcc @o.rsp -o out/o",
            ": && /usr/bin/x86_64-linux-gnu-g++-13 -O2 a.o -o out/o -Wl,-rpath,x && :",
            "ccache clang-17 -c a.c -o out/o",
            "rm -f out/o && gcc-ar csrD out/o a.o b.o",
            ": && /usr/bin/cmake -E rm -f out/o && /usr/bin/ar qc out/o a.o && /usr/bin/ranlib out/o && :",
            "/usr/bin/cmake -E cmake_symlink_library lib.so.1.2 lib.so.1 lib.so && :",
            "cd /elsewhere && /usr/bin/cmake -E touch /p/out/o",
            "sed 's/x/3/' in > out/o",
            "mkdir -p out; cp a out/o",
            "cat a 'b c' \"d\" | tr a b >out/o 2>/dev/null",
            "echo x >> out/o 2>&1",
            "touch out/o",
        ] {
            assert!(whole(command), "{command}");
        }
    }

    #[test]
    fn what_may_write_more() {
        for command in [
            "",
            "cp version.txt gen.h && touch out/o",
            "cd out && touch out/o",
            ": && gcc a.o -o out/o && cd /p && /usr/bin/cmake -E copy out/o out/copy",
            "gcc --coverage -c a.c -o out/o",
            "gcc -gsplit-dwarf -c a.c -o out/o",
            "clang -MJ side.json -c a.c -o out/o",
            "gcc -MMD -c a.c -o out/o",
            "gcc -MD -MF side -c a.c -o out/o",
            "gcc -Wp,-MMD,side.d -c a.c -o out/o",
            "gcc -Wa,-MD,as.d -c a.c -o out/o",
            "gcc -Xassembler -al=list -c a.c -o out/o",
            "gcc -aux-info side -c a.c -o out/o",
            "gcc -fopt-info-all=side -c a.c -o out/o",
            "gcc -wrapper x,y -c a.c -o out/o",
            "gcc @flags -c a.c -o out/o",
            "gcc @cov.rsp -o out/o",
            "as -al=list a.s -o out/o",
            "gcc a.o -o out/o -Wl,-Map=a.map",
            "gcc -c a.c",
            "python gen.py out/o",
            "./gen > out/o",
            "cat a > out/o; touch beside",
            "cat $x > out/o",
            "(cat a) > out/o",
            "cat a > out/o & touch out/o",
            "sed -i s/a/b/ out/o",
            "sed 'w beside' a > out/o",
            "cat < a > beside",
            "cat a > out/o 2> beside",
            "sh -c 'touch out/o'",
            "X=1 cc -c a.c -o out/o",
            "touch out/o beside",
            "mkdir -p beside && cp a out/o",
            "ar x out/o",
            "cat 'a > out/o",
        ] {
            assert!(!whole(command), "{command}");
        }
    }
}
