//! The programs that a command names.

/// What the shell knows by itself, or what begins something larger.
const SHELL: [&str; 40] = [
    "!", ".", ":", "[", "alias", "bg", "break", "case", "cd", "command", "continue", "echo", "eval", "exec", "exit", "export", "false",
    "fg", "for", "hash", "if", "jobs", "kill", "printf", "pwd", "read", "return", "set", "shift", "test", "time", "times", "trap", "true",
    "type", "ulimit", "umask", "unset", "until", "while",
];

/// Returns the programs whose content decides what a command does: the first word of each command in a row of them, where it can only be
/// the name or the absolute path of a program.
pub(super) fn tools(command: &str) -> impl Iterator<Item = &str> {
    let first = |piece: &str| {
        let piece = piece.trim_start();
        let end = piece.find(' ').unwrap_or(piece.len());
        (piece.as_ptr() as usize - command.as_ptr() as usize, end)
    };
    let words = command.split(" && ").map(first).map(|(start, length)| &command[start..start + length]);
    // What is quoted is no row of commands that a split at `&&` understands.
    let plain = !command.contains(" && ") || !command.contains(['\'', '"', '`', '(', '<']);
    words.take(if plain { usize::MAX } else { 1 }).filter(|word| is_program(word))
}

fn is_program(word: &str) -> bool {
    let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+');
    let path = word.starts_with('/');
    !word.is_empty() && word.bytes().all(|byte| name(byte) || (path && byte == b'/')) && !SHELL.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(command: &str) -> Vec<&str> {
        tools(command).collect()
    }

    #[test]
    fn the_first_word_of_each_command() {
        assert_eq!(named("cc -c a.c -o a.o"), ["cc"]);
        assert_eq!(named(": && /usr/bin/c++ a.o -o a && :"), ["/usr/bin/c++"]);
        assert_eq!(named("cd /out && /usr/bin/cmake -E touch x && ar qc x y"), ["/usr/bin/cmake", "ar"]);
    }

    #[test]
    fn what_is_no_program_for_sure() {
        assert_eq!(named("echo x && X=1 cc a.c && ./gen && $CC a"), [] as [&str; 0]);
        assert_eq!(named("echo 'a && b c' && cc a"), [] as [&str; 0]);
        assert_eq!(named("bin/gen a && (cd x && y)"), [] as [&str; 0]);
        assert_eq!(named(""), [] as [&str; 0]);
    }
}
