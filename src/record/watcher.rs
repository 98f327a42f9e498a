//! The watcher of a checkout: keeps the files of its picture under watch, and answers those who ask what may have changed.
//!
//! One thread hears what the system tells and who asks. Another one, that comes and goes, begins a new [`Vigil`] where there is a new picture,
//! or where nothing is known any more; until it has, the answer is that nothing is known.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use super::asking::{Answer, Question, SOCKET, is_own, open_state, receive_question, send, socket_path};
use super::picture::Picture;
use crate::base::RelPath;
use crate::disk::{Tree, Vigil};

/// How long is waited for the question of somebody who has come: longer than that one waits for an answer, so that a busy machine turns
/// nobody away.
const PATIENCE: Duration = Duration::from_millis(100);

/// Up to how many doubts it is not worth beginning anew.
const FEW: usize = 1000;

/// How much of the time may go into beginning anew: one part of so many.
const SHARE: u32 = 5;

/// How long after a refusal is tried again.
const REFUSED: Duration = Duration::from_secs(60);

/// How often all files are looked at, where somebody has asked in between: what changed without being told is doubtful from then on.
const CHECKED: Duration = Duration::from_secs(10);

/// A watcher that lives until it is dropped, or until the checkout's state folder goes.
pub struct Watcher {
    bell: Arc<OwnedFd>,
    leash: Option<Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    trouble: Receiver<String>,
    /// Held as long as it lives.
    _lock: File,
}

/// What came of beginning to watch.
pub enum Begun {
    /// It lives.
    Watching(Watcher),
    /// Another process watches this checkout.
    Watched,
}

impl Watcher {
    /// Begins to watch a checkout; `state` is its folder `.orket`.
    ///
    /// # Errors
    /// When nobody could ask.
    pub fn begin(tree: &Tree, state: &Path) -> io::Result<Begun> {
        let lock = File::options().create(true).truncate(false).write(true).open(state.join("watcher.lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Begun::Watched),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let folder = open_state(state)?;
        let path = socket_path(&folder);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let (leash, over) = unbounded();
        let (told, trouble) = unbounded();
        let door = Door {
            socket: place(&path),
            tree: tree.clone(),
            state: state.to_path_buf(),
            listener,
            over,
            helper: unbounded(),
            bell: bell.clone(),
            told,
            watched: None,
            wanted: true,
            busy: false,
            asked: false,
            not_before: Instant::now(),
            checked: Instant::now(),
        };
        let thread = thread::Builder::new().name(String::from("watcher")).spawn(move || door.stand())?;
        Ok(Begun::Watching(Watcher { bell, leash: Some(leash), thread: Some(thread), trouble, _lock: lock }))
    }

    /// Whether it can be reached in this state folder.
    pub fn lives(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Says that there may be a new picture.
    pub fn call(&self) {
        ring(&self.bell);
    }

    /// Returns where it is told why nothing can be promised in this checkout; closed when it lives no more.
    pub fn trouble(&self) -> &Receiver<String> {
        &self.trouble
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.leash = None;
        ring(&self.bell);
        self.thread.take().map(thread::JoinHandle::join);
    }
}

fn ring(bell: &OwnedFd) {
    // A bell that is full has been rung.
    let _ = rustix::io::write(bell, &1u64.to_ne_bytes());
}

/// What a helper has found out.
enum Found {
    /// A new vigil over the picture with this mark, and how long it took to begin.
    Vigil(Result<([u64; 2], Vigil), Unwatched>, Duration),
    /// Rows of the picture with this mark that have changed.
    Unlike([u64; 2], Vec<usize>),
}

/// Why there is no vigil.
enum Unwatched {
    /// There is no picture yet.
    Unpictured,
    /// It is not to be had here.
    Refused(String),
}

struct Door {
    tree: Tree,
    state: PathBuf,
    listener: UnixListener,
    /// Which file the socket is.
    socket: Option<(u64, u64)>,
    /// Closed when it is over.
    over: Receiver<()>,
    helper: (Sender<Found>, Receiver<Found>),
    bell: Arc<OwnedFd>,
    /// Where troubles are told.
    told: Sender<String>,
    watched: Option<([u64; 2], Vigil)>,
    /// Whether a vigil has to be begun.
    wanted: bool,
    /// Whether a helper is at work.
    busy: bool,
    /// Whether anybody was given an answer since all files were looked at.
    asked: bool,
    not_before: Instant,
    checked: Instant,
}

impl Door {
    fn stand(mut self) {
        let over = |over: &Receiver<()>| over.try_recv() == Err(crossbeam_channel::TryRecvError::Disconnected);
        while !over(&self.over) && self.is_in_place() {
            self.help();
            if self.wait().is_err() {
                break;
            }
            // A call, or a helper that is ready.
            let rung = rustix::io::read(&*self.bell, &mut [0; 8]).is_ok();
            self.wanted |= rung && !self.busy && self.watched.is_none();
            while let Ok(found) = self.helper.1.try_recv() {
                self.found(found);
            }
            self.hear();
            while let Ok((stream, _)) = self.listener.accept() {
                // Whoever has gone meanwhile needs no answer.
                let _ = self.answer(stream);
            }
        }
        if self.is_in_place() {
            let _ = fs::remove_file(self.state.join(SOCKET));
        }
    }

    /// Whether those who ask come here: the folder may be gone, or another one.
    fn is_in_place(&self) -> bool {
        place(self.state.join(SOCKET)) == self.socket && self.socket.is_some()
    }

    fn wait(&self) -> io::Result<()> {
        let until = match (self.wanted, self.asked) {
            _ if self.busy => CHECKED,
            (true, _) => self.not_before.saturating_duration_since(Instant::now()),
            (_, true) => (self.checked + CHECKED).saturating_duration_since(Instant::now()),
            _ => CHECKED,
        };
        let until = Timespec { tv_sec: until.as_secs() as i64, tv_nsec: i64::from(until.subsec_nanos()) };
        let bell = self.bell.as_fd();
        let mut heard = vec![PollFd::new(&self.listener, PollFlags::IN), PollFd::from_borrowed_fd(bell, PollFlags::IN)];
        heard.extend(self.watched.iter().map(|(_, vigil)| PollFd::new(vigil, PollFlags::IN)));
        match poll(&mut heard, Some(&until)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes note of what was told by now.
    fn hear(&mut self) {
        let Some((_, vigil)) = &mut self.watched else { return };
        vigil.catch_up();
        let many = FEW.max(vigil.rows().count() / 8);
        self.wanted |= vigil.rang() || vigil.doubtful().is_none() || vigil.doubts() > many;
    }

    /// Lets a helper do what is due.
    fn help(&mut self) {
        let now = Instant::now();
        if self.busy {
            return;
        }
        if self.wanted && now >= self.not_before {
            self.wanted = false;
            let (tree, state) = (self.tree.clone(), self.state.clone());
            self.send_helper(move || Found::Vigil(begin(&tree, &state), now.elapsed()));
        } else if self.asked
            && now >= self.checked + CHECKED
            && let Some((mark, vigil)) = &self.watched
        {
            let (tree, mark, rows, doubted) = (self.tree.clone(), *mark, vigil.rows().clone(), vigil.doubted());
            (self.asked, self.checked) = (false, now);
            self.send_helper(move || Found::Unlike(mark, Vigil::unlike(&tree, &*rows, &doubted)));
        }
    }

    fn send_helper(&mut self, work: impl FnOnce() -> Found + Send + 'static) {
        let (sender, bell) = (self.helper.0.clone(), self.bell.clone());
        let begun = thread::Builder::new().name(String::from("watcher")).spawn(move || {
            let _ = sender.send(work());
            ring(&bell);
        });
        self.busy = begun.is_ok();
    }

    fn found(&mut self, found: Found) {
        self.busy = false;
        match found {
            Found::Vigil(Ok((mark, vigil)), took) => {
                tracing::debug!(files = vigil.rows().count(), ?took, "the files of the state are under watch");
                (self.watched, self.wanted) = (Some((mark, vigil)), false);
                (self.not_before, self.checked) = (Instant::now() + took * SHARE, Instant::now());
            }
            Found::Vigil(Err(Unwatched::Unpictured), _) => self.watched = None,
            Found::Vigil(Err(Unwatched::Refused(why)), _) => {
                tracing::debug!(%why, "the files of the state are not under watch");
                self.watched = None;
                self.not_before = Instant::now() + REFUSED;
                // Nobody may listen.
                let _ = self.told.send(why);
            }
            Found::Unlike(mark, rows) => {
                if let Some((_, vigil)) = self.watched.as_mut().filter(|(watched, _)| *watched == mark) {
                    rows.into_iter().for_each(|row| vigil.doubt(row));
                }
            }
        }
    }

    fn answer(&mut self, mut stream: UnixStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        if !is_own(&stream) {
            return Ok(());
        }
        let question = receive_question(&mut stream, Instant::now() + PATIENCE)?;
        // All that was written before the question has been told by now: see `asking`.
        self.hear();
        let answer = self.known(&question);
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        send(&mut stream, &answer)
    }

    fn known(&mut self, question: &Question) -> Answer {
        let nothing = |why: &str| Answer::Nothing(why.to_owned());
        match Question::new(&self.tree, question.picture) {
            Ok(own) if own == *question => {}
            _ => return nothing("it sees files from elsewhere, or is of another version"),
        }
        let Some((mark, vigil)) = &self.watched else {
            self.wanted |= !self.busy;
            return nothing("it has not begun to watch");
        };
        if *mark != question.picture {
            self.wanted |= !self.busy;
            return nothing("it watches the files of another state");
        }
        match vigil.doubtful() {
            Some(rows) => {
                self.asked = true;
                Answer::Doubtful(rows.to_vec())
            }
            None => nothing("it was not told of everything"),
        }
    }
}

fn place(path: impl AsRef<Path>) -> Option<(u64, u64)> {
    rustix::fs::stat(path.as_ref()).ok().map(|stat| (stat.st_dev, stat.st_ino))
}

/// Whether a checkout remembers anything that could be watched; `state` is its folder `.orket`.
pub fn has_picture(state: &Path) -> bool {
    state.join("state").exists()
}

fn begin(tree: &Tree, state: &Path) -> Result<([u64; 2], Vigil), Unwatched> {
    let Ok(Some(Ok(picture))) = Picture::open(&state.join("state")) else { return Err(Unwatched::Unpictured) };
    let name = state.file_name().unwrap_or_default().as_encoded_bytes();
    let bell = RelPath::from_normal(name).join(b"state");
    let mark = picture.mark();
    Ok((mark, Vigil::begin(tree, Arc::new(picture), &bell).map_err(Unwatched::Refused)?))
}
