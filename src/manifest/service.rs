//! A `service` node.

use std::time::Duration;

use super::common::Context;
use super::node::{Node, Value};
use super::problems::Problems;
use super::property::command;
use super::settings::port_name;
use crate::model::{Part, Probe, Service, Stop, Text};

const SIGNALS: [(&str, i32); 7] =
    [("SIGTERM", 15), ("SIGINT", 2), ("SIGQUIT", 3), ("SIGHUP", 1), ("SIGKILL", 9), ("SIGUSR1", 10), ("SIGUSR2", 12)];

pub(super) fn lower(problems: &mut Problems, node: &Node, context: &Context) -> Option<Service> {
    problems.only(node, &[]);
    problems.once(&node.children, &["run", "sh", "port", "env", "needs"]);
    let (name, _) = problems.name_of(node, context)?;
    problems.env_once(&node.children);
    let mut commands = Vec::new();
    let mut service = Service {
        address: context.address(&name),
        place: node.place.clone(),
        about: None,
        command: crate::model::Command::Run { words: Vec::new(), place: node.place.clone() },
        dir: context.package.clone(),
        inputs: Vec::new(),
        ports: Vec::new(),
        env: context.env.clone(),
        needs: Vec::new(),
        ready: Vec::new(),
        within: Duration::from_secs(30),
        stop: Stop { signal: 15, within: Duration::from_secs(10) },
    };
    for child in &node.children {
        match child.name.as_str() {
            "env" | "needs" | "inputs" => {}
            "ready" | "stop" => problems.block(child),
            _ => problems.leaf(child, &[]),
        }
        match child.name.as_str() {
            "about" => service.about = problems.about(child, context),
            "run" | "sh" => commands.extend(command(problems, child, context)),
            "port" => {
                for (text, place) in problems.texts(child) {
                    let port = problems.fill(context, &text, &place).to_string();
                    if let Err(error) = crate::base::Address::check_name(&port) {
                        problems.say("manifest/wrong_name", &place, format!("the port `{port}`: {error}"), "choose another name");
                    }
                    if service.ports.iter().any(|other| **other == *port) {
                        problems.say("manifest/duplicate", &place, format!("there are two ports `{port}`"), "rename one of them");
                    }
                    service.ports.push(port.into());
                }
            }
            "dir" => {
                let Some((text, place)) = problems.text_of(child) else { continue };
                let path = problems.path(context, &text, &place);
                match path.as_literal().map(crate::base::RelPath::parse) {
                    Some(Ok(dir)) => service.dir = dir,
                    Some(Err(_)) => {}
                    None => problems.say(
                        "manifest/open_name",
                        &place,
                        "the folder of a service has to be known while loading",
                        "env, decision, port and run are only known later",
                    ),
                }
            }
            "env" => {
                let rules = problems.env(child, context);
                service.env.extend(rules);
            }
            "inputs" => service.inputs.extend(problems.patterns(child, context)),
            "needs" => service.needs.extend(problems.needs(child, context)),
            "ready" => ready(problems, child, context, &mut service),
            "stop" => {
                for part in &child.children {
                    match part.name.as_str() {
                        "signal" => {
                            if let Some((text, place)) = problems.text_of(part) {
                                match SIGNALS.iter().find(|(name, _)| *name == text || name.strip_prefix("SIG") == Some(&text)) {
                                    Some((_, number)) => service.stop.signal = *number,
                                    None => problems.unknown("signal", &text, "`signal`", &place, &SIGNALS.map(|(name, _)| name)),
                                }
                            }
                        }
                        "within" => service.stop.within = problems.duration_of(part).unwrap_or(service.stop.within),
                        unknown => problems.unknown("node", unknown, "`stop`", &part.place, &["signal", "within"]),
                    }
                }
            }
            unknown => problems.unknown(
                "node",
                unknown,
                "`service`",
                &child.place,
                &["about", "run", "sh", "port", "dir", "env", "inputs", "needs", "ready", "stop"],
            ),
        }
    }
    match (commands.pop(), commands.is_empty()) {
        (Some(command), true) => service.command = command,
        (None, _) => problems.say(
            "manifest/no_command",
            &node.place,
            format!("the service `{name}` has no command"),
            "add `run \"program\" \"word\"`",
        ),
        _ => problems.say(
            "manifest/too_many",
            &node.place,
            format!("the service `{name}` has several commands"),
            "keep the one that stays in the foreground",
        ),
    }
    for port in &mut service.ports {
        *port = port_name(&context.package, port).into();
    }
    Some(service)
}

/// Whether a text is a port, or a host and a port.
fn is_tcp(text: &str) -> bool {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map_or(text, |(_, port)| port);
    port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn ready(problems: &mut Problems, node: &Node, context: &Context, service: &mut Service) {
    for part in &node.children {
        let text = |problems: &mut Problems| problems.text_of(part).map(|(text, place)| problems.fill(context, &text, &place));
        problems.leaf(part, if part.name == "http" { &["status"] } else { &[] });
        match part.name.as_str() {
            "tcp" => {
                let at = text(problems);
                if let Some(literal) = at.as_ref().and_then(Text::as_literal).filter(|literal| !is_tcp(literal)) {
                    let message = format!("`tcp` takes a port or HOST:PORT, and `{literal}` is neither");
                    problems.say("manifest/wrong_value", &part.place, message, "such as `tcp \"{{port.db}}\"` or `tcp \"localhost:5432\"`");
                }
                service.ready.extend(at.map(Probe::Tcp));
            }
            "command" => service.ready.extend(text(problems).map(Probe::Command)),
            "output" => service.ready.extend(text(problems).map(Probe::Output)),
            "http" => {
                let status = part.props.iter().find(|(name, ..)| name == "status").and_then(|(_, value, place)| match value {
                    Value::Whole(number) if (100..=599).contains(&**number) => u16::try_from(**number).ok(),
                    _ => {
                        problems.say("manifest/wrong_value", place, "`status` takes a number from 100 to 599", "write it as `status=200`");
                        None
                    }
                });
                let url = text(problems);
                let plain =
                    |url: &Text| url.parts().first().is_some_and(|part| matches!(part, Part::Literal(text) if text.starts_with("http://")));
                if let Some(url) = url.as_ref().filter(|url| !plain(url)) {
                    let message = format!("`http` takes an address that begins with http://, and `{url}` does not");
                    let help = "such as `http \"http://127.0.0.1:{{port.web}}/health\"`; what speaks TLS is asked with `command`";
                    problems.say("manifest/wrong_value", &part.place, message, help);
                }
                service.ready.extend(url.map(|url| Probe::Http { url, status }));
            }
            "within" => service.within = problems.duration_of(part).unwrap_or(service.within),
            unknown => problems.unknown("node", unknown, "`ready`", &part.place, &["tcp", "http", "command", "output", "within"]),
        }
    }
}
