//! Asking a watcher, if one lives in this checkout, which files may not be as a picture has them.
//!
//! The question goes through the socket `.orket/watcher`, which answers only while its process lives. All that was written before the question
//! has been told to the watcher by then: the kernel queues what it tells before the call returns that wrote, and the watcher reads its queue
//! when it has the question. No answer, a late one and a wrong one are the same to whoever asks: then all files are looked at.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use serde::{Deserialize, Serialize};

use super::picture::Picture;
use crate::disk::{Tree, View};

/// The name of the socket in `.orket`.
pub(super) const SOCKET: &str = "watcher";

/// How long is waited for an answer.
const PATIENCE: Duration = Duration::from_millis(50);

/// The longest question, in bytes.
const LONG: u32 = 4096;

/// What is asked.
#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Question {
    /// Of orket: others may mean something else by a row.
    pub version: String,
    pub view: View,
    /// See [`Picture::mark`].
    pub picture: [u64; 2],
}

/// What is answered.
#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The rows of files that may not be as the picture has them; all others are.
    Doubtful(Vec<u32>),
    /// Why nothing can be said.
    Nothing(String),
}

impl Question {
    pub(super) fn new(tree: &Tree, picture: [u64; 2]) -> io::Result<Question> {
        Ok(Question { version: env!("CARGO_PKG_VERSION").to_owned(), view: View::of(tree)?, picture })
    }
}

/// Returns which files of a picture may not be as it has them, if a watcher says so; `None` if all have to be looked
/// at. `state`: the folder `.orket`.
pub fn doubtful(tree: &Tree, state: &Path, picture: &Picture) -> Option<Vec<u32>> {
    match ask(tree, state, picture) {
        Ok(rows) => {
            tracing::debug!(files = picture.files(), doubtful = rows.len(), "a watcher knows what may have changed");
            Some(rows)
        }
        Err(why) => {
            tracing::debug!(%why, "no watcher says what has changed: all files are looked at");
            None
        }
    }
}

/// Whether a watcher lives in the checkout whose state folder this is.
pub fn is_watched(state: &Path) -> bool {
    reach(state).is_ok()
}

fn ask(tree: &Tree, state: &Path, picture: &Picture) -> Result<Vec<u32>, String> {
    let said = |error: io::Error| error.to_string();
    let due = Instant::now() + PATIENCE;
    let mut stream = reach(state).map_err(said)?;
    send(&mut stream, &Question::new(tree, picture.mark()).map_err(said)?).map_err(said)?;
    let count = picture.files();
    match receive(&mut stream, due, count as u32 * 5 + LONG).map_err(said)? {
        Answer::Nothing(why) => Err(why),
        Answer::Doubtful(rows) if rows.iter().all(|row| (*row as usize) < count) => Ok(rows),
        Answer::Doubtful(_) => Err(String::from("it speaks of files that there are not")),
    }
}

/// Connects without ever waiting for it, and only with a process of the same user.
fn reach(state: &Path) -> io::Result<UnixStream> {
    let folder = open_state(state)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(socket_path(&folder))?)?;
    let stream = UnixStream::from(socket);
    if !is_own(&stream) {
        return Err(io::Error::other("it is another user's"));
    }
    Ok(stream)
}

pub(super) fn open_state(state: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(state, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Returns the socket's path, short enough for an address however long that of the checkout is.
pub(super) fn socket_path(folder: &OwnedFd) -> String {
    format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd())
}

/// Whether the other end belongs to the user who runs this.
pub(super) fn is_own(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

/// Sends something, with its length before it.
pub(super) fn send(stream: &mut UnixStream, what: &impl Serialize) -> io::Result<()> {
    let body = postcard::to_stdvec(what).map_err(io::Error::other)?;
    stream.write_all(&[&(body.len() as u32).to_le_bytes()[..], &body].concat())
}

/// Receives what was sent with [`send`], at most `most` bytes of it, until `due`. The stream does not block.
pub(super) fn receive<T: for<'a> Deserialize<'a>>(stream: &mut UnixStream, due: Instant, most: u32) -> io::Result<T> {
    let mut length = [0; 4];
    fill(stream, &mut length, due)?;
    let length = u32::from_le_bytes(length);
    if length > most {
        return Err(io::Error::other("it says more than there is to say"));
    }
    let mut body = vec![0; length as usize];
    fill(stream, &mut body, due)?;
    postcard::from_bytes(&body).map_err(|_| io::Error::other("what it says cannot be read"))
}

pub(super) fn receive_question(stream: &mut UnixStream, due: Instant) -> io::Result<Question> {
    receive(stream, due, LONG)
}

fn fill(stream: &mut UnixStream, mut bytes: &mut [u8], due: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.read(bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => bytes = &mut bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let left = due.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "it does not answer in time"));
                }
                let left = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
                poll(&mut [PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::IN)], Some(&left))?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
