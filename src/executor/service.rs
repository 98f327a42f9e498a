//! A service on this machine: a thread waits for its end, another one asks whether it is ready.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::redacted::Redacted;
use crate::base::quantity::show_duration;
use crate::process::{self, Cancel, Ended, Limits, Log, OutputSink, Spawn};

/// How long is waited for one answer of the network before the next question.
const ANSWER: Duration = Duration::from_secs(5);

/// How long an answer of somebody else is waited for before a service is started.
const BEFORE: Duration = Duration::from_secs(1);

/// How long a read stands still before it is looked whether somebody still wants to know.
const GLANCE: Duration = Duration::from_millis(50);

/// A service made exact.
pub struct Upkeep {
    /// What is started; its output is captured.
    pub spawn: Spawn,
    /// All of them have to hold; without any it is ready once it has started.
    pub probes: Vec<Probing>,
    /// Which of them, by index, hold of a service alone that was started: before that, nobody may answer there on this machine.
    pub own: Vec<usize>,
    /// How long that may take.
    pub within: Duration,
    /// How it is ended; no timeout.
    pub limits: Limits,
    /// Values that must not be shown or stored.
    pub secrets: Vec<Vec<u8>>,
    /// Where its output goes.
    pub log_file: PathBuf,
}

/// A probe made exact.
pub enum Probing {
    /// Somebody accepts connections at `HOST:PORT`.
    Tcp(String),
    /// A GET of this `http://` address is answered with this status, or, without one, with 200 to 399.
    Http { url: String, status: Option<u16> },
    /// The command ends with status 0; the text is what the manifest says.
    Command { spawn: Spawn, text: String },
    /// The service printed this.
    Output(String),
}

/// What is told of a service.
pub enum Told {
    /// It is ready, so long after its start. At most once, and never after `Gone`.
    Ready(Duration),
    /// It has ended, and nothing of it is left. Once, and last.
    Gone(Gone),
    /// It could not even be tried, for this reason. Once, and last.
    Lost(String),
}

/// How a service ended.
pub struct Gone {
    /// How its process ended, or why it could not be started.
    pub ended: Result<Ended, String>,
    /// What was waited for in vain, where it was ended for that.
    pub unready: Option<String>,
    /// What it printed, redacted.
    pub log: Log,
    /// How long it ran.
    pub duration: Duration,
}

/// Who is told, from another thread.
pub type Tell = Box<dyn Fn(Told) + Send + Sync>;

/// Starts a service and returns the switch that ends it.
pub(super) fn keep(upkeep: Upkeep, tell: Tell) -> io::Result<Cancel> {
    let (leash, over) = (Cancel::new()?, Cancel::new()?);
    let held = leash.clone();
    thread::Builder::new().name(String::from("service")).spawn(move || {
        let tell = Arc::new(tell);
        let before = Asker { over: leash.clone(), said: Vec::new() };
        if let Some(place) = upkeep.own.iter().filter_map(|index| upkeep.probes.get(*index)).find_map(|probe| before.taken(probe)) {
            return tell(Told::Lost(format!(
                "something else answers at {place} already, and would be taken for it; end that, or let the service have a free port (port \"NAME\")"
            )));
        }
        let began = Instant::now();
        let unready = Arc::new(Mutex::new(None));
        let said: Vec<(Vec<u8>, Arc<AtomicBool>)> = upkeep
            .probes
            .iter()
            .filter_map(|probe| match probe {
                Probing::Output(text) => Some((text.clone().into_bytes(), Arc::new(AtomicBool::new(false)))),
                _ => None,
            })
            .collect();
        let begin = {
            let asker = Asker { over: over.clone(), said: said.iter().map(|(_, said)| said.clone()).collect() };
            let (tell, unready, leash, probes) = (tell.clone(), unready.clone(), leash.clone(), upkeep.probes);
            move || {
                let ask = move || match asker.until_ready(&probes, upkeep.within) {
                    Ok(()) => tell(Told::Ready(began.elapsed())),
                    Err(Some(complaint)) => {
                        *unready.lock().unwrap_or_else(PoisonError::into_inner) = Some(complaint);
                        leash.stop();
                    }
                    Err(None) => {}
                };
                thread::Builder::new().name(String::from("probe")).spawn(ask)
            }
        };
        let redacted = Redacted::new(&upkeep.secrets, &upkeep.log_file);
        let mut watched = Watched { redacted, said, before: Vec::new(), begin: Some(Box::new(begin)), asking: None };
        let ended = process::run(&upkeep.spawn, &upkeep.limits, &leash, &mut watched);
        over.stop();
        let mut ended = ended.map_err(|error| error.to_string());
        match watched.asking {
            Some(Ok(asking)) => drop(asking.join()),
            Some(Err(error)) => ended = Err(format!("cannot make a thread: {error}")),
            None => {}
        }
        let unready = unready.lock().unwrap_or_else(PoisonError::into_inner).take();
        tell(Told::Gone(Gone { ended, unready, log: watched.redacted.finish(true), duration: began.elapsed() }));
    })?;
    Ok(held)
}

type Begin = Box<dyn FnOnce() -> io::Result<thread::JoinHandle<()>>>;

/// What a service prints, on its way into the log.
struct Watched {
    redacted: Redacted,
    /// What is waited for, and whether it came.
    said: Vec<(Vec<u8>, Arc<AtomicBool>)>,
    /// The end of what came before, as long as what is waited for may have begun there.
    before: Vec<u8>,
    begin: Option<Begin>,
    asking: Option<io::Result<thread::JoinHandle<()>>>,
}

impl OutputSink for Watched {
    fn bytes(&mut self, bytes: &[u8]) {
        if self.said.iter().any(|(_, said)| !said.load(Ordering::SeqCst)) {
            self.before.extend_from_slice(bytes);
            for (text, said) in &self.said {
                if text.is_empty() || self.before.windows(text.len()).any(|window| window == &text[..]) {
                    said.store(true, Ordering::SeqCst);
                }
            }
            let keep = self.said.iter().map(|(text, _)| text.len()).max().unwrap_or(0);
            self.before.drain(..self.before.len().saturating_sub(keep));
        }
        self.redacted.bytes(bytes);
        // Whoever wonders what it does can read along.
        self.redacted.keep();
    }

    fn started(&mut self, _: u32) {
        self.asking = self.begin.take().map(|begin| begin());
    }
}

struct Asker {
    over: Cancel,
    said: Vec<Arc<AtomicBool>>,
}

impl Asker {
    /// Asks until everything holds.
    ///
    /// # Errors
    /// What did not hold in time; `None` when the service has ended.
    fn until_ready(&self, probes: &[Probing], within: Duration) -> Result<(), Option<String>> {
        let began = Instant::now();
        let mut said = self.said.iter();
        for probe in probes {
            let said = if matches!(probe, Probing::Output(_)) { said.next() } else { None };
            let mut pause = Duration::from_millis(5);
            let mut before: Option<String> = None;
            loop {
                let left = within.saturating_sub(began.elapsed());
                let answer = self.ask(probe, said.map(|said| &**said), left);
                if self.over.stopped() {
                    return Err(None);
                }
                match answer {
                    Ok(()) => break,
                    // The last question had no time for an answer.
                    Err(complaint) if left.is_zero() => {
                        let complaint = before.unwrap_or(complaint);
                        return Err(Some(format!("was not ready within {}: {complaint}", show_duration(within))));
                    }
                    Err(complaint) if began.elapsed() < within || before.is_none() => before = Some(complaint),
                    Err(_) => {}
                }
                if !self.over.wait(pause.min(within.saturating_sub(began.elapsed()))) {
                    return Err(None);
                }
                pause = (pause * 2).min(Duration::from_millis(100));
            }
        }
        if self.over.stopped() { Err(None) } else { Ok(()) }
    }

    /// Returns where somebody answers as the probe wants it, if that is on this machine.
    fn taken(&self, probe: &Probing) -> Option<String> {
        let place = match probe {
            Probing::Tcp(address) => address.clone(),
            Probing::Http { url, .. } => split(url).ok()?.0,
            Probing::Command { .. } | Probing::Output(_) => return None,
        };
        let mut found = place.to_socket_addrs().ok()?;
        let here = found.any(|address| address.ip().is_loopback() || address.ip().is_unspecified());
        (here && self.ask(probe, None, BEFORE).is_ok()).then_some(place)
    }

    fn ask(&self, probe: &Probing, said: Option<&AtomicBool>, left: Duration) -> Result<(), String> {
        let time = left.clamp(Duration::from_millis(10), ANSWER);
        match probe {
            Probing::Tcp(address) => connect(address, time).map(drop).map_err(|why| format!("{address} accepts no connection ({why})")),
            Probing::Http { url, status } => match (self.get(url, time), status) {
                (Ok(got), Some(wanted)) if got == *wanted => Ok(()),
                (Ok(200..=399), None) => Ok(()),
                (Ok(got), _) => Err(format!("{url} answers with status {got}")),
                (Err(why), _) => Err(format!("{url} gives no answer ({why})")),
            },
            Probing::Command { spawn, text } => {
                let limits = Limits { timeout: Some(left.max(Duration::from_millis(10))), grace: Duration::ZERO, signal: Limits::TERM };
                match process::run(spawn, &limits, &self.over, &mut |_: &[u8]| {}) {
                    Ok(ended) if ended.success() => Ok(()),
                    Ok(ended) => Err(format!("`{text}`: {ended}")),
                    Err(error) => Err(format!("`{text}`: {error}")),
                }
            }
            Probing::Output(text) => match said {
                Some(said) if said.load(Ordering::SeqCst) => Ok(()),
                _ => Err(format!("it has not printed `{text}`")),
            },
        }
    }

    /// Returns the status of the answer to a plain GET.
    fn get(&self, url: &str, time: Duration) -> Result<u16, String> {
        let began = Instant::now();
        let (address, host, path) = split(url)?;
        let slash = if path.starts_with('/') { "" } else { "/" };
        let mut stream = connect(&address, time)?;
        let ask = format!("GET {slash}{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: orket\r\nAccept: */*\r\nConnection: close\r\n\r\n");
        let said = |error: io::Error| error.to_string();
        stream.set_write_timeout(Some(time)).map_err(said)?;
        stream.set_read_timeout(Some(GLANCE)).map_err(said)?;
        stream.write_all(ask.as_bytes()).map_err(said)?;
        let mut answer = Vec::new();
        let mut buffer = [0; 64];
        while !answer.contains(&b'\n') && answer.len() < 1024 {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => answer.extend_from_slice(&buffer[..count]),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {
                    if began.elapsed() >= time || self.over.stopped() {
                        return Err(String::from("it takes too long"));
                    }
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        let line = String::from_utf8_lossy(&answer);
        let status = line.strip_prefix("HTTP/").and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok());
        status.ok_or_else(|| String::from("what answers does not speak HTTP"))
    }
}

/// Returns the address that is meant by a URL, its host as it is written, and what is asked for there.
fn split(url: &str) -> Result<(String, &str, &str), String> {
    let rest = url.strip_prefix("http://").ok_or("only http:// can be asked")?;
    let rest = rest.split('#').next().unwrap_or_default();
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let port = host.rsplit_once(':').filter(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    Ok((if port.is_some() { host.to_owned() } else { format!("{host}:80") }, host, path))
}

/// Connects to the first that answers of all that `HOST:PORT` means.
fn connect(address: &str, time: Duration) -> Result<TcpStream, String> {
    let found: Vec<SocketAddr> = address.to_socket_addrs().map_err(|error| error.to_string())?.collect();
    let mut why = String::from("there is no such host");
    for address in found {
        match TcpStream::connect_timeout(&address, time) {
            // A port that nobody listens at may be given to the very socket that asks for it.
            Ok(stream) if stream.local_addr().ok() == stream.peer_addr().ok() => why = String::from("nobody listens"),
            Ok(stream) => return Ok(stream),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => why = String::from("nobody listens"),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn asker() -> Asker {
        Asker { over: Cancel::new().unwrap(), said: Vec::new() }
    }

    fn answering(answer: &'static str) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        address
    }

    fn http(answer: &'static str, status: Option<u16>) -> Result<(), String> {
        let address = answering(answer);
        let probe = Probing::Http { url: format!("http://{address}/health?x=1"), status };
        asker().ask(&probe, None, ANSWER).map_err(|said| said.replace(&address, "HERE"))
    }

    #[test]
    fn http_is_ready_with_a_good_answer() {
        assert_eq!(http("HTTP/1.1 204 No Content\r\n\r\n", None), Ok(()));
        assert_eq!(http("HTTP/1.0 503 Busy\r\n\r\n", None), Err(String::from("http://HERE/health?x=1 answers with status 503")));
        assert_eq!(http("HTTP/1.0 503 Busy\r\n\r\n", Some(503)), Ok(()));
        assert_eq!(http("HTTP/1.0 200 OK\r\n\r\n", Some(204)), Err(String::from("http://HERE/health?x=1 answers with status 200")));
        assert_eq!(
            http("SSH-2.0\r\n", None),
            Err(String::from("http://HERE/health?x=1 gives no answer (what answers does not speak HTTP)"))
        );
    }

    #[test]
    fn tcp_is_ready_when_somebody_listens() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let probe = Probing::Tcp(address.clone());
        assert_eq!(asker().ask(&probe, None, ANSWER), Ok(()));
        drop(listener);
        assert_eq!(asker().ask(&probe, None, ANSWER), Err(format!("{address} accepts no connection (nobody listens)")));
    }

    #[test]
    fn what_does_not_hold_in_time_is_told() {
        let asker = Asker { said: vec![Arc::new(AtomicBool::new(false))], ..asker() };
        let told = asker.until_ready(&[Probing::Output(String::from("up"))], Duration::from_millis(20));
        assert_eq!(told, Err(Some(String::from("was not ready within 20 ms: it has not printed `up`"))));
        asker.over.stop();
        assert_eq!(asker.until_ready(&[], Duration::ZERO), Err(None));
    }

    #[test]
    fn a_text_that_comes_in_pieces_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let said = Arc::new(AtomicBool::new(false));
        let redacted = Redacted::new(&[], &folder.path().join("log"));
        let waited = vec![(b"ready now".to_vec(), said.clone())];
        let mut watched = Watched { redacted, said: waited, before: Vec::new(), begin: None, asking: None };
        for piece in ["it is re", "ady", " no", "body"] {
            watched.bytes(piece.as_bytes());
        }
        assert!(!said.load(Ordering::SeqCst));
        for piece in ["so rea", "dy no", "w!"] {
            watched.bytes(piece.as_bytes());
        }
        assert!(said.load(Ordering::SeqCst));
    }
}
