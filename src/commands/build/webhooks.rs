//! Who is told of a build elsewhere: from what `pipeline_wiring` says to the parts that send, and what is said at the end of what did not arrive.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crossbeam_channel::{Receiver, after, select};

use crate::base::quantity::plural;
use crate::commands::{Failure, Ui};
use crate::decisions::Webhook;
use crate::webhook::{Address, Http, Outbox, Tally};

/// How long the end of a build may wait at most for what is still to be sent.
const GRACE: Duration = Duration::from_secs(1);
/// The same where all went well so far.
const LONG_GRACE: Duration = Duration::from_secs(5);

/// The webhooks of a build, known to be right, and reached by nobody yet.
#[derive(Default)]
pub(super) struct Webhooks(Vec<(Address, Vec<u8>)>);

impl Webhooks {
    /// Reads addresses and secrets. One whose secret is not set is left out, and said.
    ///
    /// # Errors
    /// When an address, or the name of a variable, is none.
    pub(super) fn new(ui: &Ui, wished: &[Webhook]) -> Result<Webhooks, Failure> {
        let mut webhooks = Vec::new();
        for webhook in wished {
            let address = Address::parse(&webhook.address).map_err(|error| Failure::Wrong(error.to_string()))?;
            // Whoever writes the secret itself there should not see it shown.
            let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            if webhook.secret_from.is_empty() || !webhook.secret_from.chars().all(fits) {
                let text = format!(
                    "`webhook_secret_from` of the webhook `{address}` names no variable\n\
                     hint: it takes the name of the variable that holds the secret, such as `ORKET_WEBHOOK_SECRET`, in capital letters"
                );
                return Err(Failure::Wrong(text));
            }
            match ui.surroundings.text(&webhook.secret_from) {
                Some(secret) => webhooks.push((address, secret.into_bytes())),
                None => ui.say(&format!("note: the webhook `{address}` is told nothing: {} is not set", webhook.secret_from)),
            }
        }
        Ok(Webhooks(webhooks))
    }

    /// Starts what sends.
    pub(super) fn open(self, project: &str, run: &str) -> Vec<Told> {
        let open = |(address, secret): (Address, Vec<u8>)| {
            let outbox = Outbox::new(project, run, secret, Box::new(Http::new(address.clone())));
            Told { address, outbox: Arc::new(Mutex::new(outbox)) }
        };
        self.0.into_iter().map(open).collect()
    }
}

/// A webhook that is told of this build.
pub(super) struct Told {
    address: Address,
    outbox: Arc<Mutex<Outbox>>,
}

impl Told {
    /// Returns what events are written to.
    pub(super) fn writer(&self) -> Box<dyn Write + Send> {
        Box::new(Shared(self.outbox.clone()))
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().expect("no holder panics")
    }
}

struct Shared(Arc<Mutex<Outbox>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no holder panics").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives what still waits a moment to go out, or less if a signal comes, and says what did not arrive.
pub(super) fn close(ui: &Ui, webhooks: &[Told], signals: &Receiver<impl Sized>) {
    let well = |tally: Tally| tally.dropped < tally.written && tally.trouble.is_none();
    let grace = after(if webhooks.iter().all(|told| well(told.outbox().tally())) { LONG_GRACE } else { GRACE });
    let ends: Vec<_> = webhooks.iter().map(|told| told.outbox().close()).collect();
    for end in ends {
        select! {
            recv(end) -> _ => {}
            recv(grace) -> _ => break,
            recv(signals) -> _ => break,
        }
    }
    for told in webhooks {
        let Tally { written, dropped, trouble } = told.outbox().tally();
        if dropped > 0 {
            let why = trouble.unwrap_or_else(|| String::from("the build ended before it answered"));
            let (events, address) = (plural(written, "event"), &told.address);
            ui.say(&format!("note: {dropped} of {events} did not reach the webhook `{address}`: {why}"));
        }
    }
}
