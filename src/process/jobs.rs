//! The GNU jobserver: how many processes run, counted together with every make and cargo below.
//!
//! Tokens are bytes in a pipe. A task holds the token that orket took for it; the tools in it take further ones from the pipe themselves
//! and put them back. The pipe is offered through inherited descriptors, since older makes know no named pipe; they are inheritable from
//! the start, so that starting a command stays a plain `posix_spawn`. Tools expect reading to wait, so orket reads through a description
//! of its own that does not (`/proc/self/fd`): the flag belongs to the description, and theirs stays as it is.
//!
//! The protocol is described in the GNU make manual, "Sharing Job Slots with GNU make".

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use rustix::pipe::{PipeFlags, pipe_with};

/// One more process may run, until this is dropped.
pub struct Token {
    byte: u8,
    pipe: Arc<Pipe>,
}

impl Drop for Token {
    fn drop(&mut self) {
        // A pipe that holds every token cannot be full, and has a reader as long as this one holds it open.
        let _ = (&self.pipe.write).write_all(&[self.byte]);
    }
}

/// Where tokens come from.
#[derive(Clone)]
pub struct Jobs {
    pipe: Arc<Pipe>,
    env: Vec<(OsString, OsString)>,
}

struct Pipe {
    own: File,
    _read: OwnedFd,
    write: File,
}

impl Jobs {
    /// Hosts a jobserver with this many tokens, at most 4,096 (what every pipe can hold).
    ///
    /// # Errors
    /// When no pipe can be made.
    pub fn host(slots: usize) -> io::Result<Jobs> {
        let slots = slots.clamp(1, 4096);
        let (read, write) = pipe_with(PipeFlags::empty())?;
        let own = OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
            .open(format!("/proc/self/fd/{}", read.as_raw_fd()))?;
        let auth = format!("{},{}", read.as_raw_fd(), write.as_raw_fd());
        let mut write = File::from(write);
        write.write_all(&vec![b'+'; slots])?;
        let flags = format!("-j{slots} --jobserver-fds={auth} --jobserver-auth={auth}");
        // A first word without a dash would be read as one-letter flags; a blank before it says that there are none.
        let env = vec![
            (OsString::from("MAKEFLAGS"), OsString::from(format!(" {flags}"))),
            (OsString::from("CARGO_MAKEFLAGS"), OsString::from(flags)),
        ];
        Ok(Jobs { pipe: Arc::new(Pipe { own, _read: read, write }), env })
    }

    /// Takes a token if one is free.
    ///
    /// # Errors
    /// When the pipe is broken.
    pub fn try_acquire(&self) -> io::Result<Option<Token>> {
        let mut byte = [0];
        match (&self.pipe.own).read(&mut byte) {
            Ok(0) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            Ok(_) => Ok(Some(Token { byte: byte[0], pipe: self.pipe.clone() })),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns what tasks are given, so that their tools join in.
    pub fn env(&self) -> &[(OsString, OsString)] {
        &self.env
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_taken_and_given_back() {
        let jobs = Jobs::host(2).unwrap();
        let one = jobs.try_acquire().unwrap().unwrap();
        let _two = jobs.try_acquire().unwrap().unwrap();
        assert!(jobs.try_acquire().unwrap().is_none());
        drop(one);
        assert!(jobs.try_acquire().unwrap().is_some());
    }
}
