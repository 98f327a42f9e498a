//! Letters that wait to be sent: a bounded queue, and a thread that empties it.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::{Courier, Letter, WebhookError};

/// How many letters may wait.
const LETTERS: usize = 1024;
/// How many bytes they may have together.
const BYTES: usize = 8 << 20;
/// How often one letter is tried.
const ATTEMPTS: u32 = 5;
/// How long the first wait between two attempts is; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// What became of the letters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// How many there were.
    pub written: usize,
    /// How many did not arrive.
    pub dropped: usize,
    /// What went wrong last.
    pub trouble: Option<String>,
}

/// What the run and the thread both know.
#[derive(Default)]
struct Shared {
    written: AtomicUsize,
    arrived: AtomicUsize,
    bytes: AtomicUsize,
    closed: AtomicBool,
    trouble: Mutex<Option<String>>,
}

/// Takes events, one JSON object a line, and sends each as a letter. Writing never waits and never fails.
pub struct Outbox {
    project: String,
    run: String,
    secret: Vec<u8>,
    begun: Vec<u8>,
    shared: Arc<Shared>,
    queue: Option<Sender<Letter>>,
    closing: Option<Sender<()>>,
    ended: Receiver<()>,
}

impl Outbox {
    /// Starts the thread that sends. Where the system allows no more threads, all is dropped.
    pub fn new(project: &str, run: &str, secret: Vec<u8>, courier: Box<dyn Courier>) -> Outbox {
        let (queue, letters) = bounded(LETTERS);
        let (closing, closed) = bounded(0);
        let (end, ended) = bounded(0);
        let shared = Arc::new(Shared::default());
        let sending = Sending { letters, closed, courier, shared: shared.clone() };
        let started = thread::Builder::new().name(String::from("webhook")).spawn(move || {
            sending.all();
            drop(end);
        });
        if let Err(error) = started {
            shared.trouble(&WebhookError::Later(format!("no thread can be started for it: {error}")));
        }
        let (project, run) = (project.to_owned(), run.to_owned());
        Outbox { project, run, secret, begun: Vec::new(), shared, queue: Some(queue), closing: Some(closing), ended }
    }

    /// Says that nothing more is written: what still waits is tried once more, without pauses, up to the first that does not arrive. The
    /// channel is closed when that is done; whoever does not want to wait for it need not.
    pub fn close(&mut self) -> Receiver<()> {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.queue = None;
        self.closing = None;
        self.ended.clone()
    }

    /// Returns what has become of the letters by now; those that wait count as dropped.
    pub fn tally(&self) -> Tally {
        let written = self.shared.written.load(Ordering::SeqCst);
        let dropped = written - self.shared.arrived.load(Ordering::SeqCst);
        Tally { written, dropped, trouble: self.shared.trouble.lock().expect("no holder panics").clone() }
    }

    fn post(&mut self, event: &[u8]) {
        let number = self.shared.written.fetch_add(1, Ordering::SeqCst) as u64 + 1;
        let Some(queue) = &self.queue else { return };
        let letter = Letter::new(&self.project, &self.run, number, event, &self.secret);
        let size = letter.body.len();
        let full = self.shared.bytes.fetch_add(size, Ordering::SeqCst) + size > BYTES;
        if full || matches!(queue.try_send(letter), Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) {
            self.shared.bytes.fetch_sub(size, Ordering::SeqCst);
            self.shared.trouble_unless_known("more was to be told than may wait");
        }
    }
}

impl Write for Outbox {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut begun = std::mem::take(&mut self.begun);
        begun.extend_from_slice(bytes);
        let mut rest = &begun[..];
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            if end > 0 {
                self.post(&rest[..end]);
            }
            rest = &rest[end + 1..];
        }
        self.begun = rest.to_vec();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn trouble(&self, error: &WebhookError) {
        *self.trouble.lock().expect("no holder panics") = Some(error.to_string());
    }

    fn trouble_unless_known(&self, text: &str) {
        self.trouble.lock().expect("no holder panics").get_or_insert_with(|| text.to_owned());
    }
}

/// The thread's side.
struct Sending {
    letters: Receiver<Letter>,
    closed: Receiver<()>,
    courier: Box<dyn Courier>,
    shared: Arc<Shared>,
}

impl Sending {
    fn all(mut self) {
        while let Ok(letter) = self.letters.recv() {
            self.shared.bytes.fetch_sub(letter.body.len(), Ordering::SeqCst);
            match self.one(&letter) {
                Ok(()) => {
                    self.shared.arrived.fetch_add(1, Ordering::SeqCst);
                }
                Err(error) => {
                    self.shared.trouble(&error);
                    if self.shared.closed.load(Ordering::SeqCst) {
                        return;
                    }
                }
            }
        }
    }

    fn one(&mut self, letter: &Letter) -> Result<(), WebhookError> {
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            let last = attempt == ATTEMPTS || self.shared.closed.load(Ordering::SeqCst);
            match self.courier.deliver(letter) {
                Err(WebhookError::Later(_)) if !last => self.courier.wait(wait, &self.closed),
                result => return result,
            }
            wait *= 2;
        }
        unreachable!("the last attempt returns")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is to come of the next deliveries; then all arrive. Notes what was carried, and each wait.
    struct Double {
        come: Vec<Result<(), WebhookError>>,
        seen: Sender<String>,
    }

    impl Courier for Double {
        fn deliver(&mut self, letter: &Letter) -> Result<(), WebhookError> {
            let _ = self.seen.send(format!("letter {}", letter.number));
            if self.come.is_empty() { Ok(()) } else { self.come.remove(0) }
        }

        fn wait(&mut self, time: Duration, _: &Receiver<()>) {
            let _ = self.seen.send(format!("wait {}", time.as_millis()));
        }
    }

    fn later() -> Result<(), WebhookError> {
        Err(WebhookError::Later(String::from("busy")))
    }

    fn sent(come: Vec<Result<(), WebhookError>>, text: &[&str]) -> (Vec<String>, Tally) {
        let (seen, notes) = crossbeam_channel::unbounded();
        let mut outbox = Outbox::new("p", "r", b"key".to_vec(), Box::new(Double { come, seen }));
        for part in text {
            outbox.write_all(part.as_bytes()).unwrap();
        }
        // Not closed yet: so it tries as often as it does during a run.
        outbox.queue = None;
        let _ = outbox.ended.recv();
        (notes.try_iter().collect(), outbox.tally())
    }

    #[test]
    fn a_line_is_a_letter_however_it_is_cut() {
        let (seen, tally) = sent(vec![], &["{\"a\"", ":1}\n{}\n", "\n{", "}\n"]);
        assert_eq!(seen, ["letter 1", "letter 2", "letter 3"]);
        assert_eq!(tally, Tally { written: 3, dropped: 0, trouble: None });
    }

    #[test]
    fn what_does_not_arrive_is_tried_again_after_ever_longer_waits_and_the_rest_stays_in_order() {
        let (seen, tally) = sent(vec![later(), later(), Ok(()), Ok(())], &["{}\n{}\n"]);
        assert_eq!(seen, ["letter 1", "wait 200", "letter 1", "wait 400", "letter 1", "letter 2"]);
        assert_eq!((tally.written, tally.dropped), (2, 0));
    }

    #[test]
    fn it_gives_up_after_five_attempts_and_at_once_where_it_is_refused() {
        let (seen, tally) = sent((0..5).map(|_| later()).collect(), &["{}\n{}\n"]);
        assert_eq!(seen.iter().filter(|note| *note == "letter 1").count(), 5);
        assert_eq!(seen.last().unwrap(), "letter 2");
        assert_eq!(tally, Tally { written: 2, dropped: 1, trouble: Some(String::from("busy")) });
        let (seen, tally) = sent(vec![Err(WebhookError::Refused(403))], &["{}\n{}\n"]);
        assert_eq!(seen, ["letter 1", "letter 2"]);
        assert_eq!(tally, Tally { written: 2, dropped: 1, trouble: Some(String::from("it answers with status 403")) });
    }

    /// Never comes back from its first letter until it is let go.
    struct Stuck(Receiver<()>);

    impl Courier for Stuck {
        fn deliver(&mut self, _: &Letter) -> Result<(), WebhookError> {
            let _ = self.0.recv();
            later()
        }

        fn wait(&mut self, _: Duration, _: &Receiver<()>) {}
    }

    #[test]
    fn writing_never_waits_and_what_cannot_be_kept_is_counted() {
        let (free, held) = bounded::<()>(0);
        let mut outbox = Outbox::new("p", "r", b"key".to_vec(), Box::new(Stuck(held)));
        for _ in 0..LETTERS + 10 {
            outbox.write_all(b"{}\n").unwrap();
        }
        let tally = outbox.tally();
        assert_eq!((tally.written, tally.dropped), (LETTERS + 10, LETTERS + 10));
        assert_eq!(tally.trouble.unwrap(), "more was to be told than may wait");
        let ended = outbox.close();
        drop(free);
        assert!(ended.recv().is_err(), "it ends by itself, after the first failure");
    }

    #[test]
    fn letters_that_are_too_large_together_are_dropped() {
        let (free, held) = bounded::<()>(0);
        let mut outbox = Outbox::new("p", "r", b"key".to_vec(), Box::new(Stuck(held)));
        let mut line = vec![b'x'; BYTES / 2];
        line.push(b'\n');
        (0..4).for_each(|_| outbox.write_all(&line).unwrap());
        assert_eq!(outbox.tally().trouble.unwrap(), "more was to be told than may wait");
        assert!(outbox.shared.bytes.load(Ordering::SeqCst) <= BYTES);
        drop(free);
    }
}
