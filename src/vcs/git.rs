//! Git, asked through its command line, in a way that lets nothing of the repository's run.

use std::io::{self, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use super::VcsError;

/// Settings of a repository that name programs, or that change what is printed.
const SETTINGS: [&str; 9] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "log.showSignature=false",
    "log.showRoot=true",
    "protocol.allow=never",
    "diff.relative=false",
    "core.quotePath=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// What would lead git to another repository than the one that a folder stands in; hooks are started with some of them set.
pub const ELSEWHERE: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// What lets git take other objects and parents for those that were written.
pub(super) const STANDINS: [&str; 4] = ["GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE"];

/// What has git write when it has much to say and not at each line (git(1)), and the C library of GNU keep memory that git gives back, rather
/// than ask the system for it again with each object (mallopt(3); others do not know these).
const FLOWING: [(&str, &str); 4] =
    [("GIT_FLUSH", "0"), ("MALLOC_MMAP_THRESHOLD_", "67108864"), ("MALLOC_TRIM_THRESHOLD_", "268435456"), ("MALLOC_TOP_PAD_", "16777216")];

/// Git in one folder.
#[derive(Clone, Debug)]
pub(super) struct Git {
    folder: PathBuf,
    /// Whether variables that lead to another repository count.
    led: bool,
    /// The repository that was found, and whether `folder` is its work tree.
    own: Option<(PathBuf, bool)>,
    /// The index that is meant, where it is not the one that git itself would take.
    index: Option<PathBuf>,
}

/// What a call printed, and whether it ended well.
pub(super) struct Answer {
    pub(super) good: bool,
    pub(super) out: Vec<u8>,
    pub(super) err: String,
}

/// A call whose output is read as it comes.
pub(super) struct Stream {
    child: Child,
    pub(super) out: BufReader<ChildStdout>,
    feeding: Option<JoinHandle<()>>,
    complaint: JoinHandle<String>,
}

impl Git {
    pub(super) fn new(folder: &Path) -> Git {
        Git { folder: folder.to_path_buf(), led: true, own: None, index: None }
    }

    /// Git in a repository that was found; `folder` is its work tree, or itself.
    pub(super) fn of(folder: &Path, own: PathBuf, has_tree: bool) -> Git {
        Git { own: Some((own, has_tree)), ..Git::new(folder) }
    }

    /// Git in the repository that a folder stands in, whatever the environment says.
    pub(super) fn around(folder: &Path) -> Git {
        Git { led: false, ..Git::new(folder) }
    }

    /// Git with another index.
    pub(super) fn with_index(self, index: PathBuf) -> Git {
        Git { index: Some(index), ..self }
    }

    /// Returns a command with its words still to come. No pager, no programs of the repository's, no network, no locks.
    pub(super) fn command(&self, words: &[&[u8]]) -> Command {
        let mut command = Command::new("git");
        command.args(["--no-pager", "--literal-pathspecs"]);
        command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        command.args(words.iter().map(|word| std::ffi::OsStr::from_bytes(word)));
        command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0");
        // Beats what a repository or an older git says of fetching.
        command.env("GIT_ALLOW_PROTOCOL", "none");
        for name in ELSEWHERE.iter().filter(|_| !self.led) {
            command.env_remove(name);
        }
        // A work tree that a variable names need not be where its repository is found.
        if let Some((own, has_tree)) = &self.own {
            command.env("GIT_DIR", own);
            if *has_tree {
                command.env("GIT_WORK_TREE", &self.folder);
            }
        }
        if let Some(index) = &self.index {
            command.env("GIT_INDEX_FILE", index);
        }
        command.env_remove("GIT_EXTERNAL_DIFF").env_remove("GIT_DIFF_OPTS");
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs git to its end.
    pub(super) fn ask(&self, words: &[&[u8]]) -> Result<Answer, VcsError> {
        let output = self.command(words).output().map_err(start)?;
        let err = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Ok(Answer { good: output.status.success(), out: output.stdout, err })
    }

    /// Runs git to its end; returns what it printed.
    ///
    /// # Errors
    /// When git did not end well, with its own words.
    pub(super) fn told(&self, words: &[&[u8]]) -> Result<Vec<u8>, VcsError> {
        let answer = self.ask(words)?;
        match answer.good {
            true => Ok(answer.out),
            false if answer.err.contains("not a git repository") => Err(VcsError::NoRepository(self.folder.clone())),
            false => Err(VcsError::refused(answer.err)),
        }
    }

    /// Runs git to its end, with `input` to read; returns what it printed.
    ///
    /// # Errors
    /// When git did not end well, with its own words.
    pub(super) fn fed(&self, words: &[&[u8]], input: &[u8]) -> Result<Vec<u8>, VcsError> {
        let mut stream = self.stream(words, Some(input.to_vec()))?;
        let mut text = Vec::new();
        stream.out.read_to_end(&mut text).map_err(VcsError::Unreadable)?;
        stream.end()?;
        Ok(text)
    }

    /// Runs git to its end; returns what it printed, without the last end of line.
    pub(super) fn line(&self, words: &[&[u8]]) -> Result<Option<Vec<u8>>, VcsError> {
        let mut answer = self.ask(words)?;
        if answer.out.last() == Some(&b'\n') {
            answer.out.pop();
        }
        Ok(answer.good.then_some(answer.out))
    }

    /// Starts git, feeds it `input`, and leaves its output to be read.
    pub(super) fn stream(&self, words: &[&[u8]], input: Option<Vec<u8>>) -> Result<Stream, VcsError> {
        let mut command = self.command(words);
        command.envs(FLOWING.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()));
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn().map_err(start)?;
        let feeding = input.zip(child.stdin.take()).map(|(input, mut stdin)| {
            // Git that ends early says why by itself.
            std::thread::spawn(move || drop(stdin.write_all(&input)))
        });
        let mut stderr = child.stderr.take();
        let complaint = std::thread::spawn(move || {
            let mut text = Vec::new();
            if let Some(stderr) = &mut stderr {
                let _ = stderr.take(64 << 10).read_to_end(&mut text);
                let _ = io::copy(stderr, &mut io::sink());
            }
            String::from_utf8_lossy(&text).trim().to_owned()
        });
        let Some(out) = child.stdout.take() else { return Err(VcsError::Unreadable(io::ErrorKind::BrokenPipe.into())) };
        Ok(Stream { child, out: BufReader::with_capacity(256 << 10, out), feeding, complaint })
    }
}

impl Stream {
    /// Waits for the end.
    ///
    /// # Errors
    /// When git did not end well, with its own words.
    pub(super) fn end(self) -> Result<(), VcsError> {
        let Stream { mut child, out, feeding, complaint } = self;
        drop(out);
        let status = child.wait().map_err(VcsError::Unreadable)?;
        if let Some(feeding) = feeding {
            let _ = feeding.join();
        }
        let text = complaint.join().unwrap_or_default();
        if status.success() { Ok(()) } else { Err(VcsError::refused(text)) }
    }

    /// Waits for the end behind a reader that came to one, or ends git where the reader failed.
    ///
    /// # Errors
    /// The reader's, unless git says better what is wrong.
    pub(super) fn ended<T>(self, result: Result<T, VcsError>) -> Result<T, VcsError> {
        match result {
            Ok(value) => self.end().map(|()| value),
            // Git that failed in the middle of a line says better than its output does what is wrong.
            Err(VcsError::Strange(text)) => self.end().and(Err(VcsError::Strange(text))),
            Err(error) => {
                self.give_up();
                Err(error)
            }
        }
    }

    /// Ends git, whatever it was about to say.
    fn give_up(mut self) {
        let _ = self.child.kill();
        let _ = self.end();
    }
}

fn start(error: io::Error) -> VcsError {
    if error.kind() == io::ErrorKind::NotFound { VcsError::NoGit } else { VcsError::Unreadable(error) }
}
