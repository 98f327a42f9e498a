//! The GNU jobserver: how many processes run, counted together with every make and cargo below and above.
//!
//! Tokens are bytes in a pipe. Orket hosts one, or joins the one it was started under. A task holds the token that orket took for it; the
//! tools in it take further ones from the pipe themselves. The pipe is offered through inherited descriptors, since older makes know no
//! named pipe; they are made inheritable once, in orket itself, so that starting a command stays a plain `posix_spawn`.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;

use jobserver::Client;

/// One more process may run, until this is dropped.
pub struct Token(#[expect(dead_code, reason = "held, so that it is given back when dropped")] jobserver::Acquired);

/// Where tokens come from.
#[derive(Clone)]
pub struct Jobs {
    client: Arc<Client>,
    env: Vec<(OsString, OsString)>,
}

impl Jobs {
    /// Hosts a jobserver with this many tokens.
    ///
    /// # Errors
    /// When no pipe can be made.
    pub fn host(slots: usize) -> io::Result<Jobs> {
        let client = Client::new(slots)?;
        let auth = client.string_arg();
        for descriptor in auth.split(',').filter_map(|number| number.parse::<i32>().ok()) {
            inheritable(descriptor)?;
        }
        let flags = OsString::from(format!("-j{slots} --jobserver-fds={auth} --jobserver-auth={auth}"));
        // make reads MAKEFLAGS with a leading blank as flags only; without it a first word without a dash would be one-letter flags.
        let mut make = OsString::from(" ");
        make.push(&flags);
        let env = vec![(OsString::from("MAKEFLAGS"), make), (OsString::from("CARGO_MAKEFLAGS"), flags)];
        Ok(Jobs { client: Arc::new(client), env })
    }

    /// Takes a token if one is free.
    ///
    /// # Errors
    /// When the pipe is broken.
    pub fn try_acquire(&self) -> io::Result<Option<Token>> {
        Ok(self.client.try_acquire()?.map(Token))
    }

    /// What tasks are given, so that their tools join in.
    pub fn env(&self) -> &[(OsString, OsString)] {
        &self.env
    }
}

fn inheritable(descriptor: i32) -> io::Result<()> {
    // The descriptors belong to the client and live as long as it: its text form is the only way to learn them.
    let file = fs_descriptor(descriptor)?;
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty())?;
    std::mem::forget(file);
    Ok(())
}

#[expect(unsafe_code, reason = "the jobserver crate names its descriptors only as numbers")]
fn fs_descriptor(descriptor: i32) -> io::Result<std::os::fd::OwnedFd> {
    // SAFETY: the descriptor is open as long as the client, and the caller forgets the owner, so that it is not closed twice.
    Ok(unsafe { std::os::fd::FromRawFd::from_raw_fd(descriptor) })
}
