//! Completions: the script for each shell, and the answers that these scripts ask orket for.
//!
//! A script calls `orket -- WORDS` with the shell's name in `ORKET_COMPLETE`. Whatever is wrong, the answer is nothing and nothing is said: somebody
//! is in the middle of a line.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Bash, EnvCompleter, Shells};

use super::Cli;
use crate::engine::{Engine, Glimpse, Surroundings};
use crate::graph::{TargetKind, flag};

/// The variable that makes orket answer a shell.
const ASKED: &str = "ORKET_COMPLETE";

/// Up to so many candidates come with what they are for.
const TOLD: usize = 200;

/// With more candidates than this, what stands in an epic waits until the epic is typed.
const MANY: usize = 1000;

/// Bash breaks words at `:` and `=`, which addresses hold: the script joins them again, and gives back what stands behind the last break.
/// Where no quote was begun, it quotes what the shell would read as more than one word.
const BASH: &str = r#"
_orket() {
    local words=() rest=${COMP_LINE:0:COMP_POINT} word joined i last=-1
    for ((i = 0; i <= COMP_CWORD; i++)); do
        joined=1
        while [[ $rest == [[:space:]]* ]]; do rest=${rest:1} joined=0; done
        word=${COMP_WORDS[i]}
        if ((i == COMP_CWORD)); then word=$rest; fi
        rest=${rest#"$word"}
        if ((joined && last >= 0)); then words[last]+=$word; else words[++last]=$word; fi
    done
    local whole=${words[last]#[\'\"]}
    words[last]=$whole
    local before=${whole%"${2#[\'\"]}"} IFS=$'\n'
    COMPREPLY=($(ORKET_COMPLETE=bash _CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$last orket -- "${words[@]}" 2> /dev/null))
    local bare=1 i
    if [[ $2 == [\'\"]* ]]; then bare=0; fi
    for i in "${!COMPREPLY[@]}"; do
        word=${COMPREPLY[i]}
        if ((bare)) && [[ $word == *[[:space:]\'\"\\\$\&\|\;\<\>\`]* ]]; then
            if [[ $word == "$before"* ]]; then printf -v word '%q' "${word#"$before"}"; else printf -v word '%q' "$word"; fi
        fi
        COMPREPLY[i]=${word#"$before"}
    done
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/:\(,] ]]; then compopt -o nospace 2> /dev/null; fi
}
complete -o bashdefault -o default -F _orket orket
"#;

/// Answers the shell that asks, if one does; returns whether one did.
pub fn answered() -> bool {
    let Some(name) = std::env::var_os(ASKED).filter(|name| !name.is_empty()) else { return false };
    let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let shells = Shells::builtins();
    let mut text = Vec::new();
    if let Some(shell) = name.to_str().and_then(|name| shells.completer(name))
        && !words.is_empty()
        && shell.write_complete(&mut Cli::command(), words, std::env::current_dir().ok().as_deref(), &mut text).is_ok()
    {
        let _ = io::stdout().write_all(&text);
    }
    true
}

/// Returns the script that makes a shell ask orket.
pub fn script(shell: Shell) -> String {
    let name = shell.to_string();
    let mut text = Vec::new();
    match Shells::builtins().completer(&name) {
        Some(shell) if shell.name() != Bash.name() => {
            let _ = shell.write_registration(ASKED, "orket", "orket", "orket", &mut text);
        }
        _ => text.extend_from_slice(BASH.trim_start().as_bytes()),
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Completes what `build` takes.
pub fn buildable() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| addresses(word, &|kind| kind != TargetKind::Service))
}

/// Completes what `run` takes.
pub fn runnable() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| addresses(word, &|kind| kind == TargetKind::Task))
}

/// Completes every target.
pub fn any() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| addresses(word, &|_| true))
}

/// Completes the last name of a question.
pub fn question() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let Some(word) = unquoted(word) else { return Vec::new() };
        let start = word.rfind(['(', ',', ' ', '&']).map_or(0, |at| at + 1);
        let (before, name) = word.split_at(start);
        let functions = crate::graph::FUNCTIONS.iter().filter(|function| function.starts_with(name));
        functions
            .map(|function| CompletionCandidate::new(format!("{function}(")))
            .chain(addresses(OsStr::new(name), &|_| true))
            .map(|candidate| candidate.add_prefix(before))
            .collect()
    })
}

/// Returns the addresses that begin with what was typed. What is private shows once something was typed; where nothing begins so, names
/// without their epic do.
fn addresses(word: &OsStr, wanted: &dyn Fn(TargetKind) -> bool) -> Vec<CompletionCandidate> {
    let (Some(word), Some(Glimpse { graph, package })) = (unquoted(word), Engine::glimpse(&surroundings(std::env::args_os()))) else {
        return Vec::new();
    };
    let shown = |id| {
        let kind = graph.kind(id);
        kind != TargetKind::Entry && wanted(kind) && (!word.is_empty() || !graph.has(id, flag::PRIVATE))
    };
    let local = |address: &'_ str| -> Option<usize> {
        let at = package.len() + 1;
        (!package.is_empty() && address.starts_with(&package) && address[package.len()..].starts_with(':')).then_some(at)
    };
    let spelled = |id| {
        let address = graph.address(id);
        let short = local(address).map_or(address, |at| &address[at..]);
        if short.starts_with(&word) { Some((id, short)) } else { address.starts_with(&word).then_some((id, address)) }
    };
    let mut found: Vec<_> = graph.ids().filter(|id| shown(*id)).filter_map(spelled).collect();
    if found.is_empty() {
        let bare = |id| {
            let address = graph.address(id);
            let name = &address[address.rfind(['/', ':']).map_or(0, |at| at + 1)..];
            name.starts_with(&word).then_some((id, name))
        };
        found = graph.ids().filter(|id| shown(*id)).filter_map(bare).collect();
        found.sort_by_key(|(_, name)| *name);
        found.dedup_by_key(|(_, name)| *name);
    }
    if found.len() > MANY {
        let outer: Vec<_> =
            found.iter().filter(|(_, text)| text.len() < word.len() || !text[word.len()..].contains('/')).copied().collect();
        found = if outer.is_empty() { found } else { outer };
    }
    let told = found.len() <= TOLD;
    let about = |id| graph.detail(id).about().filter(|about| !about.is_empty()).map(|about| about.to_owned().into());
    found.into_iter().map(|(id, text)| CompletionCandidate::new(text).help(if told { about(id) } else { None })).collect()
}

/// Returns a word as the shell would pass it on: zsh and fish hand out what stands on the line, quotes and all.
fn unquoted(word: &OsStr) -> Option<String> {
    let text = word.to_str()?;
    Some(text.strip_prefix(['\'', '"']).unwrap_or(text).replace('\\', ""))
}

/// What orket would be started with if the line were sent as it stands: `-C` and `-f` of its words count.
fn surroundings(words: impl Iterator<Item = OsString>) -> Surroundings {
    let (mut folder, mut manifest) = (PathBuf::from("."), None);
    let mut words = words.skip_while(|word| word != "--").skip(2);
    while let Some(word) = words.next() {
        let Some(word) = word.to_str() else { continue };
        if word == "--" {
            break;
        }
        for (short, long, is_folder) in [("-C", "--directory", true), ("-f", "--file", false)] {
            let joined = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('='));
            let joined = joined.or_else(|| word.strip_prefix(short).filter(|rest| !rest.is_empty()));
            let value = match joined {
                Some(value) => PathBuf::from(value),
                None if word == short || word == long => PathBuf::from(words.next().unwrap_or_default()),
                None => continue,
            };
            if is_folder { folder = value } else { manifest = Some(value) }
        }
    }
    Surroundings { folder, manifest, ..Surroundings::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_line_say_where_to_look() {
        let of = |line: &str| {
            let surroundings = surroundings(line.split_whitespace().map(OsString::from));
            (surroundings.folder, surroundings.manifest)
        };
        for line in ["o -- orket -C a -f b build", "o -- orket build --directory=a --file=b", "o -- orket -Ca run x -fb -- -C c"] {
            assert_eq!(of(line), ("a".into(), Some("b".into())), "{line}");
        }
        assert_eq!(of("o -- orket build -C"), ("".into(), None));
        assert_eq!(of("o -- orket build"), (".".into(), None));
    }
}
