//! A service made exact: its command, its environment and its probes, all holes filled.

use std::any::Any;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::net::TcpListener;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::sync::Mutex;

use super::request::{open_holes, quoted, told};
use crate::base::{RelPath, TargetId};
use crate::executor::{Probing, Request, Upkeep};
use crate::graph::{Detail, TargetKind};
use crate::model::{Command, Probe, Scope, Service, Text};
use crate::process::{Limits, Output, Spawn, Stdin, find_program, redacted};
use crate::rebuild::World;
use crate::rebuild::lacks_input;

/// Ports that nobody else is given until the service that they were picked for is started.
#[derive(Default)]
pub struct HeldPorts(Mutex<BTreeMap<String, Box<dyn Any + Send>>>);

impl HeldPorts {
    /// Picks a free port for each one that a service names, and tells it to `world`. Nobody else is given it while it is held.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn pick(world: &World) -> io::Result<HeldPorts> {
        let mut held = HeldPorts::default();
        for id in world.graph.ids().filter(|id| world.graph.kind(*id) == TargetKind::Service) {
            let Detail::Service(service) = world.graph.detail(id) else { continue };
            for port in &service.ports {
                let listener = TcpListener::bind(("127.0.0.1", 0))?;
                world.ports.write().expect("nobody holds it yet").insert(port.to_string(), listener.local_addr()?.port());
                held.hold(port, Box::new(listener));
            }
        }
        Ok(held)
    }

    /// Keeps a port as long as `holder` is not dropped.
    fn hold(&mut self, port: &str, holder: Box<dyn Any + Send>) {
        self.0.get_mut().expect("no holder panics").insert(port.to_owned(), holder);
    }

    fn release(&self, port: &str) {
        self.0.lock().expect("no holder panics").remove(port);
    }
}

/// A service that can be started.
pub(super) struct Exact {
    service: Box<Service>,
    spawn: Spawn,
    probes: Vec<Probing>,
    /// See [`Upkeep::own`].
    own: Vec<usize>,
    secrets: Vec<Vec<u8>>,
    log_file: PathBuf,
    /// How it is started, as one line for a shell.
    pub command: String,
}

impl Exact {
    /// Fills in all that a service's declaration leaves open.
    ///
    /// # Errors
    /// A sentence, when a hole cannot be filled or the program is not there.
    pub fn of(world: &World, target: TargetId) -> Result<Exact, String> {
        let Detail::Service(service) = world.graph.detail(target) else { return Err(String::from("it is no service")) };
        let visible = world.environment.visible(&service.env, &world.tree)?;
        if let Some(path) = lacks_input(world, target) {
            return Err(format!("its input `{path}` does not exist; make the file, or correct `inputs`"));
        }
        let fill = |text: &Text| {
            text.fill(|scope, name| match scope {
                Scope::Env => match visible.variables.get(name) {
                    Some(value) => Ok(String::from_utf8_lossy(value).into_owned()),
                    None => Err(format!("`{{{{env.{name}}}}}` is not set, or withheld from it; let it see it: env {{ pass \"{name}\" }}")),
                },
                Scope::Decision => world.decision(name).ok_or_else(|| format!("the decision `{name}` was not made")),
                Scope::Port | Scope::Run => Ok(open_holes(world, &format!("{{{{{}.{name}}}}}", scope.word()))),
            })
        };
        let mark = format!("{}-{}", world.run, target.0);
        let mut env: Vec<(OsString, OsString)> = Vec::with_capacity(visible.variables.len() + 4);
        for (name, value) in &visible.variables {
            let value = match std::str::from_utf8(value) {
                Ok(text) if text.contains("{{") => open_holes(world, text).into_bytes(),
                _ => value.clone(),
            };
            env.push((OsString::from(name), OsString::from_vec(value)));
        }
        env.extend(told(world, &visible, world.boxed.surroundings()));
        env.push(("ORKET_RUN".into(), world.run.clone().into()));
        env.push(("ORKET_CHECKOUT".into(), world.identity.clone().into()));
        env.push(("ORKET_SERVICE".into(), service.address.as_str().into()));
        let start = |program: PathBuf, name: &str, words: &[String], mark: String| Spawn {
            program,
            arg0: name.into(),
            args: words.iter().map(OsString::from).collect(),
            dir: service.dir.under(world.tree.root()),
            env: env.iter().cloned().chain([("ORKET_MARK".into(), mark.into())]).collect(),
            stdin: Stdin::Null,
            output: Output::Capture,
            apart: false,
            group: true,
        };
        let shell = |script: String, mark: String| {
            let flags = if script.trim().contains('\n') { "-ec" } else { "-c" };
            let program = program(&visible.variables, &service.dir, world, "/bin/sh")?;
            Ok::<_, String>(start(program, "sh", &[flags.to_owned(), script], mark))
        };
        let (spawn, command) = match &service.command {
            _ if world.boxed.compose => {
                let name = service.address.as_str().rsplit(['/', ':']).next().unwrap_or_default();
                let words = ["compose", "-p", &world.boxed.compose_project, "up", "--no-color", name].map(str::to_owned);
                let program = program(&visible.variables, &service.dir, world, "docker")?;
                (start(program, "docker", &words, mark.clone()), format!("docker {}", words.join(" ")))
            }
            Command::Run { words, .. } => {
                let words = words.iter().map(fill).collect::<Result<Vec<_>, _>>()?;
                let name = words.first().cloned().unwrap_or_default();
                let program = program(&visible.variables, &service.dir, world, &name)?;
                let command = words.iter().map(|word| quoted(&redacted(&visible.secrets, word))).collect::<Vec<_>>().join(" ");
                (start(program, &name, &words[1.min(words.len())..], mark.clone()), command)
            }
            Command::Sh { script, .. } => {
                let script = fill(script)?;
                let shown = redacted(&visible.secrets, &script);
                (shell(script, mark.clone())?, shown)
            }
        };
        let mut probes = Vec::new();
        for (index, probe) in service.ready.iter().enumerate() {
            probes.push(match probe {
                Probe::Tcp(text) => Probing::Tcp(address(&fill(text)?)),
                Probe::Http { url, status } => Probing::Http { url: fill(url)?, status: *status },
                Probe::Command(text) => {
                    let text = fill(text)?;
                    Probing::Command { spawn: shell(text.clone(), format!("{mark}-{index}"))?, text }
                }
                Probe::Output(text) => Probing::Output(fill(text)?),
            });
        }
        let own = if world.boxed.compose { Vec::new() } else { own(world, target, &service) };
        let log_file = world.tree.root().join(".orket/logs").join(world.room()).join(format!("{}.log", target.0));
        Ok(Exact { service, spawn, probes, own, secrets: visible.secrets, log_file, command })
    }

    /// Returns all that is started for it.
    pub fn spawns(&self) -> impl Iterator<Item = &Spawn> {
        let probes = self.probes.iter().filter_map(|probe| match probe {
            Probing::Command { spawn, .. } => Some(spawn),
            _ => None,
        });
        std::iter::once(&self.spawn).chain(probes)
    }

    /// To be run beside tasks, now: its ports are let go.
    pub fn beside(self, ports: &HeldPorts) -> Upkeep {
        self.service.ports.iter().for_each(|port| ports.release(port));
        let limits = self.limits();
        Upkeep {
            spawn: self.spawn,
            probes: self.probes,
            own: self.own,
            within: self.service.within,
            limits,
            secrets: self.secrets,
            log_file: self.log_file,
        }
    }

    /// To be run in the foreground, with the terminal, now.
    pub fn alone(self, ports: &HeldPorts, open: Output) -> Request {
        self.service.ports.iter().for_each(|port| ports.release(port));
        let limits = self.limits();
        let mark = self.spawn.mark().unwrap_or_default().to_string_lossy().into_owned();
        Request {
            spawns: vec![Spawn { stdin: Stdin::Inherit, output: open, ..self.spawn }],
            commands: vec![self.command],
            limits,
            mark,
            secrets: self.secrets,
            log_file: self.log_file,
            confine: None,
        }
    }

    fn limits(&self) -> Limits {
        Limits { timeout: None, grace: self.service.stop.within, signal: self.service.stop.signal }
    }
}

/// Returns which probes of a service, by index, ask at a fixed address that no other service of the project is asked at; none, where it tells itself
/// that it is there.
fn own(world: &World, target: TargetId, service: &Service) -> Vec<usize> {
    if service.ready.iter().any(|probe| matches!(probe, Probe::Output(_))) {
        return Vec::new();
    }
    let fixed = |probe: &Probe| match probe {
        Probe::Tcp(text) | Probe::Http { url: text, .. } => Some(text.to_string()).filter(|text| !text.contains("{{port.")),
        Probe::Command(_) | Probe::Output(_) => None,
    };
    let graph = &world.graph;
    let others = graph.ids().filter(|id| *id != target && graph.kind(*id) == TargetKind::Service).map(|id| graph.detail(id));
    let others = others.flat_map(|detail| if let Detail::Service(other) = detail { other.ready } else { Vec::new() });
    let taken: Vec<String> = others.filter_map(|probe| fixed(&probe)).collect();
    let probes = service.ready.iter().enumerate();
    probes.filter(|(_, probe)| fixed(probe).is_some_and(|text| !taken.contains(&text))).map(|(index, _)| index).collect()
}

/// Returns what is said of a service without its secrets.
pub(super) fn shown(world: &World, target: TargetId, text: &str) -> String {
    match world.graph.detail(target) {
        Detail::Service(service) => match world.environment.visible(&service.env, &world.tree) {
            Ok(visible) => redacted(&visible.secrets, text),
            Err(_) => text.to_owned(),
        },
        _ => text.to_owned(),
    }
}

fn program(variables: &BTreeMap<String, Vec<u8>>, dir: &RelPath, world: &World, name: &str) -> Result<PathBuf, String> {
    let path = variables.get("PATH").map(Vec::as_slice).unwrap_or_default();
    find_program(OsStr::new(name), OsStr::from_bytes(path), &dir.under(world.tree.root())).map_err(|error| error.to_string())
}

/// A port alone is one of this machine.
fn address(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { format!("127.0.0.1:{text}") } else { text.to_owned() }
}
