//! The GNU jobserver: how many processes run, counted together with every make and cargo above and below.
//!
//! Tokens are bytes in a pipe. A task holds the token that orket took for it; the tools in it take further ones from the pipe themselves
//! and put them back. The pipe is offered through inherited descriptors, since older makes know no named pipe; they are inheritable from
//! the start, so that starting a command stays a plain `posix_spawn`. Tools expect reading to wait, so orket reads through a description
//! of its own that does not (`/proc/self/fd`): the flag belongs to the description, and theirs stays as it is.
//!
//! Under a make that offers its own jobserver, orket is one of its jobs: it came with one slot that has no byte in the pipe.
//!
//! The protocol is described in the GNU make manual, "Sharing Job Slots with GNU make".

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::pipe::{PipeFlags, pipe_with};

/// What every pipe can hold: one page.
const MOST: usize = 4096;

/// So many more processes may run, until this is dropped.
pub struct Tokens {
    bytes: Vec<u8>,
    /// Whether the slot is among them that orket came with.
    own_slot: bool,
    pipe: Arc<Pipe>,
}

impl Tokens {
    fn count(&self) -> usize {
        self.bytes.len() + usize::from(self.own_slot)
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        let mut out = self.pipe.out();
        // A pipe that holds every token cannot be full, and has a reader as long as this one holds it open.
        let _ = (&self.pipe.write).write_all(&self.bytes);
        out.own_slot |= self.own_slot;
        out.taken -= self.count();
        if out.taken == 0 {
            self.pipe.make_whole();
        }
    }
}

/// Where tokens come from.
#[derive(Clone)]
pub struct Jobs {
    pipe: Arc<Pipe>,
    env: Vec<(OsString, OsString)>,
}

struct Pipe {
    read: File,
    write: File,
    /// What children inherit, where orket made it.
    _offered: Option<OwnedFd>,
    /// How many tokens it holds when nothing runs, where orket made it.
    slots: Option<usize>,
    out: Mutex<Out>,
}

/// What is not in the pipe.
struct Out {
    own_slot: bool,
    /// How many tokens orket has taken for what it runs.
    taken: usize,
}

impl Jobs {
    /// Hosts a jobserver with this many tokens, from 1 to 4,096.
    ///
    /// # Errors
    /// When no pipe can be made.
    pub fn host(slots: usize) -> io::Result<Jobs> {
        let slots = slots.clamp(1, MOST);
        let (read, write) = pipe_with(PipeFlags::empty())?;
        let own = open(&inherited(read.as_raw_fd()), true, false)?;
        let auth = format!("{},{}", read.as_raw_fd(), write.as_raw_fd());
        let mut write = File::from(write);
        write.write_all(&vec![b'+'; slots])?;
        let flags = format!("-j{slots} --jobserver-fds={auth} --jobserver-auth={auth}");
        // A first word without a dash would be read as one-letter flags; a blank before it says that there are none.
        Ok(Jobs::over(own, write, Some((read, slots)), OsString::from(format!(" {flags}")), OsString::from(flags)))
    }

    /// Joins the jobserver that `makeflags`, the value of `MAKEFLAGS` that orket was started with, offers. To be called early: a number in
    /// it that is not offered any more could otherwise be taken for a pipe that was opened since.
    ///
    /// Returns `None` where none is offered, or none that can be used (make offers it only to recipes that are marked with `+`).
    pub fn from_parent(makeflags: Option<&OsStr>) -> Option<Jobs> {
        let flags = makeflags?;
        let offered = |word: &str| {
            let auth = word.strip_prefix("--jobserver-auth=").or(word.strip_prefix("--jobserver-fds="));
            auth.map(str::to_owned)
        };
        let auth = flags.to_str()?.split_ascii_whitespace().rev().find_map(offered)?;
        let (read, write) = match auth.strip_prefix("fifo:") {
            Some(path) => (PathBuf::from(path), PathBuf::from(path)),
            None => {
                let (read, write) = auth.split_once(',')?;
                (inherited(read.parse::<u16>().ok()?.into()), inherited(write.parse::<u16>().ok()?.into()))
            }
        };
        let is_pipe =
            |path: &Path| path.metadata().ok().filter(|about| about.file_type().is_fifo()).map(|about| (about.dev(), about.ino()));
        if is_pipe(&read)? != is_pipe(&write)? {
            return None;
        }
        // A named pipe is opened for both, since opening it for writing alone could fail or wait.
        let write = open(&write, auth.starts_with("fifo:"), true).ok()?;
        Some(Jobs::over(open(&read, true, false).ok()?, write, None, flags.to_owned(), flags.to_owned()))
    }

    /// `offered`: what children inherit, and how many tokens there are, where orket makes the pipe; else it came with a slot.
    fn over(read: File, write: File, offered: Option<(OwnedFd, usize)>, make: OsString, cargo: OsString) -> Jobs {
        let out = Mutex::new(Out { own_slot: offered.is_none(), taken: 0 });
        let (offered, slots) = offered.unzip();
        let pipe = Arc::new(Pipe { read, write, _offered: offered, slots, out });
        let env = vec![(OsString::from("MAKEFLAGS"), make), (OsString::from("CARGO_MAKEFLAGS"), cargo)];
        Jobs { pipe, env }
    }

    /// Takes tokens if so many are free. `any`: else those that are, if there are any.
    ///
    /// # Errors
    /// When the pipe is broken.
    pub fn try_acquire(&self, count: usize, any: bool) -> io::Result<Option<Tokens>> {
        let tokens = self.pipe.take(count)?;
        Ok(Some(tokens).filter(|tokens| tokens.count() == count || (any && tokens.count() > 0)))
    }

    /// Returns what tasks are given, so that their tools join in: `MAKEFLAGS` and `CARGO_MAKEFLAGS`.
    pub fn env(&self) -> Vec<(OsString, OsString)> {
        self.env.clone()
    }
}

impl Pipe {
    /// Takes so many tokens, or as many as there are.
    fn take(self: &Arc<Pipe>, count: usize) -> io::Result<Tokens> {
        let mut out = self.out();
        let own_slot = count > 0 && std::mem::take(&mut out.own_slot);
        let mut bytes = vec![0; count - usize::from(own_slot)];
        let read = match bytes.is_empty() {
            true => Ok(0),
            false => (&self.read).read(&mut bytes),
        };
        let got = match read {
            Ok(0) if !bytes.is_empty() => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
            got => got,
        };
        bytes.truncate(*got.as_ref().unwrap_or(&0));
        let tokens = Tokens { bytes, own_slot, pipe: self.clone() };
        out.taken += tokens.count();
        // Put back with the lock let go.
        drop(out);
        got.map(|_| tokens)
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts back what is missing while nothing runs that could have it: a make that was killed took along what it had taken.
    fn make_whole(&self) {
        let there = rustix::io::ioctl_fionread(&self.read).unwrap_or(u64::MAX);
        let missing = self.slots.map_or(0, |slots| (slots as u64).saturating_sub(there));
        let _ = (&self.write).write_all(&vec![b'+'; missing as usize]);
    }
}

fn inherited(descriptor: i32) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{descriptor}"))
}

fn open(path: &Path, read: bool, write: bool) -> io::Result<File> {
    let flags = if read { rustix::fs::OFlags::NONBLOCK.bits() as i32 } else { 0 };
    OpenOptions::new().read(read).write(write).custom_flags(flags).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(jobs: &Jobs) -> usize {
        let mut tokens = Vec::new();
        while let Some(token) = jobs.try_acquire(1, false).unwrap() {
            tokens.push(token);
        }
        tokens.len()
    }

    #[test]
    fn tokens_are_taken_and_given_back() {
        let jobs = Jobs::host(2).unwrap();
        let one = jobs.try_acquire(1, false).unwrap().unwrap();
        assert_eq!(count(&jobs), 1);
        assert!(jobs.try_acquire(2, false).unwrap().is_none(), "not so many are free");
        assert_eq!(jobs.try_acquire(2, true).unwrap().unwrap().count(), 1);
        drop(one);
        assert_eq!(jobs.try_acquire(2, false).unwrap().unwrap().count(), 2);
        assert_eq!(count(&jobs), 2);
    }

    #[test]
    fn what_was_taken_along_is_put_back_when_nothing_runs() {
        let jobs = Jobs::host(4).unwrap();
        let (one, other) = (jobs.try_acquire(1, false).unwrap().unwrap(), jobs.try_acquire(1, false).unwrap().unwrap());
        (&jobs.pipe.read).read_exact(&mut [0; 2]).unwrap();
        drop(one);
        assert_eq!(rustix::io::ioctl_fionread(&jobs.pipe.read), Ok(1), "the other one may have it");
        drop(other);
        assert_eq!((count(&jobs), count(&jobs)), (4, 4));
    }

    #[test]
    fn who_is_below_shares_the_tokens_and_has_a_slot_of_its_own() {
        let above = Jobs::host(3).unwrap();
        let below = Jobs::from_parent(Some(&above.env()[0].1)).unwrap();
        let taken = above.try_acquire(1, false).unwrap().unwrap();
        assert_eq!(count(&below), 3);
        drop(taken);
        assert_eq!(count(&below), 4);
        assert_eq!(count(&above), 3);
    }

    #[test]
    fn a_named_pipe_is_joined() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        let flags = format!(" -j3 --jobserver-auth=fifo:{}", path.display());
        let jobs = Jobs::from_parent(Some(OsStr::new(&flags))).unwrap();
        (&jobs.pipe.write).write_all(b"++").unwrap();
        assert_eq!(count(&jobs), 3);
    }

    #[test]
    fn what_is_no_offer_is_not_joined() {
        let wrong = ["", "k", "-j --jobserver-auth=", "--jobserver-auth=-2,-2", "--jobserver-auth=60000,60001", "--jobserver-auth=0,x"];
        for flags in wrong.iter().chain(&["--jobserver-auth=fifo:/dev/null"]) {
            assert!(Jobs::from_parent(Some(OsStr::new(flags))).is_none(), "{flags}");
        }
        assert!(Jobs::from_parent(None).is_none());
    }
}
