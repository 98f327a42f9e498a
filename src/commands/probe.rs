//! Orket's own tools for the steps of a release: is it there, does it answer, are the rows in the table?

use std::io::{Seek, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::base::{glob, quantity};
use crate::disk::{PatternSet, Tree, expand};
use crate::process::listen_to_signals;

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(5);

/// The `application_id` by which a database is known that a step has made (bytes 68 to 71 of SQLite's file format): `ORKT`.
const OWN: u32 = 0x4f52_4b54;

/// `probe http URL WITHIN STATUS` or `probe tcp ADDRESS WITHIN`: waits until somebody answers as wanted.
pub(super) fn probe(words: &[String]) -> Result<(), String> {
    let [kind, address, within, rest @ ..] = words else { return Err(String::from("it takes a kind, an address, and how long to wait")) };
    let within = quantity::duration(within).ok_or_else(|| format!("`{within}` is no duration"))?;
    let wanted = match rest {
        [status] => Some(status.parse::<u16>().map_err(|_| format!("`{status}` is no status"))?),
        _ => None,
    };
    let until = Instant::now() + within;
    // The last look may have had no time: what the one before it saw says more.
    let mut last = None;
    loop {
        let seen = match kind.as_str() {
            "http" => http(address, wanted, look(until)),
            "tcp" => tcp(address, look(until)),
            other => return Err(format!("there is no probe `{other}`")),
        };
        match seen {
            Ok(()) => return Ok(()),
            Err(why) if Instant::now() >= until => {
                return Err(format!("`{address}` after {}: {}", quantity::show_duration(within), last.unwrap_or(why)));
            }
            Err(why) => last = Some(why),
        }
        std::thread::park_timeout(PAUSE);
    }
}

/// How long the next look may take: an answer that comes after `until` is none.
fn look(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).clamp(Duration::from_millis(1), LOOK)
}

fn http(url: &str, wanted: Option<u16>, within: Duration) -> Result<(), String> {
    let config = ureq::Agent::config_builder().timeout_global(Some(within)).http_status_as_error(false).max_redirects(0).proxy(None);
    let agent: ureq::Agent = config.build().into();
    let status = agent.get(url).call().map_err(|error| error.to_string())?.status().as_u16();
    let wanted = wanted.unwrap_or(200);
    if status == wanted { Ok(()) } else { Err(format!("it answers {status}, not {wanted}")) }
}

fn tcp(address: &str, within: Duration) -> Result<(), String> {
    let addresses = address.to_socket_addrs().map_err(|error| error.to_string())?;
    let mut why = String::from("it is no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, within) {
            Ok(_) => return Ok(()),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

/// `whole PROGRAM WORD…`: runs a program to its end, whatever signals its starter's group is sent meanwhile.
pub(super) fn whole(words: &[String]) -> Result<(), String> {
    let [program, words @ ..] = words else { return Err(String::from("it takes a program")) };
    let failed = |error: std::io::Error| format!("cannot run `{program}`: {error}");
    let _heard = listen_to_signals().map_err(failed)?;
    let status = Command::new(program).args(words).process_group(0).status().map_err(failed)?;
    if status.success() { Ok(()) } else { Err(format!("`{program}` ended with {status}")) }
}

/// `within TIME PROGRAM WORD…`: runs a program, and ends it with all of its group when it takes longer; returns its status.
pub(super) fn within(words: &[String]) -> Result<i32, String> {
    let [time, program, words @ ..] = words else { return Err(String::from("it takes a time and a program")) };
    let time = quantity::duration(time).ok_or_else(|| format!("`{time}` is no duration"))?;
    let failed = |error: std::io::Error| format!("cannot run `{program}`: {error}");
    let until = Instant::now() + time;
    let mut child = Command::new(program).args(words).process_group(0).spawn().map_err(failed)?;
    loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => return Ok(status.code().unwrap_or(1)),
            None if Instant::now() < until => std::thread::park_timeout(PAUSE),
            None => break,
        }
    }
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended just now.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
    Err(format!("`{program}` did not answer within {}", quantity::show_duration(time)))
}

/// `sqlite DATABASE fresh`, `sqlite DATABASE apply PATTERN` or `sqlite DATABASE rows TABLE LEAST`, by `sqlite3` or, where that is missing, `python3`.
pub(super) fn sqlite(words: &[String]) -> Result<(), String> {
    let [database, verb, rest @ ..] = words else { return Err(String::from("it takes a database and what to do")) };
    match (verb.as_str(), rest) {
        ("fresh", []) => fresh(database),
        ("apply", [pattern]) => {
            let files = migrations(Path::new(""), pattern)?;
            ask(database, &format!("pragma application_id = {OWN};"), false)?;
            files.iter().try_for_each(|file| {
                let shown = file.display();
                let script = std::fs::read_to_string(file).map_err(|error| format!("{shown}: {error}"))?;
                // What is not committed would be lost at the end without a word.
                let closed = ask(database, &format!("{script}\n;\nbegin; commit;"), false);
                closed.map(drop).map_err(|why| match why.contains("within a transaction") {
                    true => format!("{shown}: it begins a transaction and does not end it: put `commit;` behind it"),
                    false => format!("{shown}: {why}"),
                })
            })
        }
        ("rows", [table, least]) => {
            let least: u64 = least.parse().map_err(|_| format!("`{least}` is no number"))?;
            let rows = ask(database, &format!("select count(*) from \"{}\";", table.replace('"', "\"\"")), true)?;
            let rows: u64 = rows.trim().parse().map_err(|_| format!("the table `{table}` cannot be counted: {}", rows.trim()))?;
            if rows >= least {
                Ok(())
            } else {
                Err(format!(
                    "the table `{table}` has {}, and at least {least} wanted",
                    if rows == 1 { "1 row".into() } else { format!("{rows} rows") }
                ))
            }
        }
        _ => Err(format!("it cannot `{verb}`")),
    }
}

/// Returns the files that a pattern means, sorted by their paths. It may lead out of the folder that it is said in.
fn migrations(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let fixed = pattern
        .split_inclusive('/')
        .take_while(|part| part.ends_with('/') && !glob::is_glob(part) && !part.contains('\\'))
        .map(str::len)
        .sum();
    let (above, pattern) = pattern.split_at(fixed);
    let folder = folder.join(if above.is_empty() { "." } else { above });
    let set = PatternSet::new(&[pattern.to_owned()], &[])?;
    let found = match Tree::open(&folder).and_then(|tree| expand(&tree, &set)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        found => found.map_err(|error| format!("{}: {error}", folder.display()))?,
    };
    match found.is_empty() {
        true => Err(format!("there is no migration: `{above}{pattern}` matches nothing")),
        false => Ok(found.iter().map(|path| Path::new(above).join(path.as_path())).collect()),
    }
}

/// Takes away the database that an earlier run of the step has made, and nothing else.
fn fresh(database: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{database}: {error}");
    let mut head = [0; 72];
    match std::fs::File::open(database).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {}
        read => read.map_err(failed)?,
    }
    if head[68..] != OWN.to_be_bytes() {
        return Err(format!(
            "`{database}` is there already, and no step has made it; move it away, or name a path below {{{{run.scratch}}}}"
        ));
    }
    std::fs::remove_file(database).map_err(failed)
}

/// Returns what a script prints; `one`: it is one question with one answer.
fn ask(database: &str, script: &str, one: bool) -> Result<String, String> {
    const PYTHON: &str = "import sqlite3, sys
database, script = sqlite3.connect(sys.argv[1]), sys.stdin.buffer.read().decode()
if sys.argv[2] == 'one':
    print(database.execute(script).fetchone()[0])
else:
    database.executescript(script)
database.commit()";
    let programs: [(&str, &[&str]); 2] =
        [("sqlite3", &["-bail", "-batch", database]), ("python3", &["-c", PYTHON, database, if one { "one" } else { "all" }])];
    for (program, words) in programs {
        // By a file: a script may be longer than a word may be, and begin as an option does.
        let failed = |error: std::io::Error| format!("{program}: {error}");
        let mut file = tempfile::tempfile().map_err(failed)?;
        file.write_all(script.as_bytes()).and_then(|()| file.rewind()).map_err(failed)?;
        let output = match Command::new(program).args(words).stdin(file).output() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            output => output.map_err(failed)?,
        };
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // The last line of `sqlite3` may be a mark below the others.
        let said = said.trim();
        let said = if program == "python3" { said.lines().next_back().unwrap_or_default() } else { said };
        return Err(if said.is_empty() { format!("{program} ended with {}", output.status) } else { said.to_owned() });
    }
    Err(String::from("neither sqlite3 nor python3 is there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_what_a_pattern_means() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["n/2 b.sql", "n/a/b/1.sql", "n/a/3.sql", "n/x.txt"] {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let found = |pattern: &str| {
            let found = migrations(folder.path(), pattern)?;
            Ok::<_, String>(found.iter().map(|file| file.to_str().unwrap().to_owned()).collect::<Vec<_>>().join(", "))
        };
        assert_eq!(found("n/**/*.sql").unwrap(), "n/2 b.sql, n/a/3.sql, n/a/b/1.sql");
        assert_eq!(found("n/{a/b,.}/*.sql").unwrap(), "n/a/b/1.sql");
        assert_eq!(found("n/2 *.sql").unwrap(), "n/2 b.sql");
        assert_eq!(found("n/a/../a/3.sql").unwrap(), "n/a/../a/3.sql");
        let whole = folder.path().join("n/a").display().to_string();
        assert_eq!(found(&format!("{whole}/*.sql")).unwrap(), format!("{whole}/3.sql"));
        for nothing in ["n/*.txt.sql", "m/*.sql"] {
            assert_eq!(found(nothing).unwrap_err(), format!("there is no migration: `{nothing}` matches nothing"));
        }
    }
}
