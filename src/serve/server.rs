//! The server: it listens on this machine, lets in who may, and ends with what it started.

use std::ffi::OsString;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use tiny_http::{Header, Request, Response, Server};

use super::answer::Answer;
use super::builds::Builds;
use super::guard::{Asker, Guard};
use super::routes::Site;
use crate::commands::{Failure, Ui};
use crate::engine::Engine;
use crate::process::listen_to_signals;
use crate::shell::ServeArgs;

/// How many requests are answered at once.
const WORKERS: usize = 4;

/// How long a body may be, in bytes.
const BODY: u64 = 64 << 10;

/// Serves the project until a signal comes; then the builds that were started here are ended. `words`: `-C` and `-f`, as they were typed.
///
/// # Errors
/// When the project cannot be opened or the port is taken; and with the signal that ended it.
pub fn serve(ui: &Ui, args: &ServeArgs, words: &[OsString]) -> Result<(), Failure> {
    let engine = ui.open(true)?;
    let signals = listen_to_signals().map_err(|error| Failure::Broken(format!("cannot listen to signals: {error}")))?;
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let server = Server::http(wanted).map_err(|error| Failure::Broken(format!("cannot listen on {wanted}: {error}")))?;
    let address = server.server_addr().to_ip().unwrap_or(wanted);
    let guard = Guard::new(address).map_err(|error| Failure::Broken(error.to_string()))?;
    let site = Site {
        project: engine.name.clone(),
        folder: std::env::current_dir().unwrap_or_else(|_| ".".into()),
        words: words.to_vec(),
        deciding: args.strategy.iter().flat_map(|one| ["--strategy".into(), one.into()]).collect(),
        builds: Builds::default(),
    };
    if ui.json {
        ui.out_json(&serde_json::json!({ "version": 1, "address": format!("http://{address}"), "open": guard.door() }));
    } else {
        ui.out(&format!("serving {} at {}\n", engine.name, guard.door()));
        ui.say("Ctrl-C ends");
    }
    let (server, builds) = (Arc::new(server), site.builds.clone());
    let scene = Scene { engine, guard, site };
    let signal = thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| scene.work(&server));
        }
        let signal = signals.recv().unwrap_or_default();
        (0..WORKERS).for_each(|_| server.unblock());
        signal
    });
    builds.end_all();
    Err(Failure::Exit(128 + signal))
}

struct Scene {
    engine: Engine,
    guard: Guard,
    site: Site,
}

impl Scene {
    fn work(&self, server: &Server) {
        // `recv` fails once it is unblocked, which is how it ends.
        while let Ok(mut request) = server.recv() {
            let answer = self.answer(&mut request);
            // Who has gone away needs no answer.
            let _ = request.respond(sent(answer));
        }
    }

    fn answer(&self, request: &mut Request) -> Answer {
        let header = |name: &'static str| {
            request.headers().iter().find(|header| header.field.equiv(name)).map(|header| header.value.as_str().to_owned())
        };
        let (path, query) = request.url().split_once('?').map_or((request.url(), ""), |(path, query)| (path, query));
        let asker = Asker {
            method: request.method().to_string(),
            path: path.to_owned(),
            host: header("Host"),
            origin: header("Origin"),
            cookies: header("Cookie"),
            authorization: header("Authorization"),
            typed: query.split('&').find_map(|pair| pair.strip_prefix("session=")).map(str::to_owned),
        };
        let path = match self.guard.admits(&asker, &self.engine.seams) {
            Ok(path) => path,
            Err((status, why)) => return Answer::wrong(status, &why),
        };
        if self.guard.opens(&asker) && asker.method == "GET" {
            // The key does not stay in the address, where others may read it.
            let mut answer = Answer::elsewhere(&asker.path);
            answer.headers.push(("Set-Cookie", self.guard.cookie()));
            return answer;
        }
        let mut body = Vec::new();
        match request.as_reader().take(BODY + 1).read_to_end(&mut body) {
            Ok(_) if body.len() as u64 > BODY => Answer::wrong(413, &format!("a body has at most {BODY} bytes")),
            Ok(_) => self.site.answer(&asker.method, &path, &body),
            Err(error) => Answer::wrong(400, &format!("the body cannot be read: {error}")),
        }
    }
}

fn sent(answer: Answer) -> Response<std::io::Cursor<Vec<u8>>> {
    let common = [
        ("Content-Type", answer.kind.to_owned()),
        ("X-Content-Type-Options", String::from("nosniff")),
        ("Referrer-Policy", String::from("same-origin")),
        ("Cache-Control", String::from("no-store")),
    ];
    let headers = common.into_iter().chain(answer.headers);
    // A value that is no header text is one of ours and cannot be.
    let headers = headers.filter_map(|(name, value)| Header::from_bytes(name, value).ok());
    // How long it is, is known.
    let whole = Response::from_data(answer.body).with_status_code(answer.status).with_chunked_threshold(usize::MAX);
    headers.fold(whole, Response::with_header)
}
