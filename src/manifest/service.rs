//! A `service` node.

use std::time::Duration;

use super::common::Context;
use super::problem::Problems;
use super::read::{Node, Value};
use super::task::command;
use crate::model::{Probe, Service, Stop};

const SIGNALS: [(&str, i32); 7] =
    [("SIGTERM", 15), ("SIGINT", 2), ("SIGQUIT", 3), ("SIGHUP", 1), ("SIGKILL", 9), ("SIGUSR1", 10), ("SIGUSR2", 12)];

pub(super) fn lower(problems: &mut Problems, node: &Node, context: &Context) -> Option<Service> {
    problems.only(node, &[]);
    let (name, _) = problems.name_of(node, context)?;
    let mut commands = Vec::new();
    let mut service = Service {
        address: context.address(&name),
        place: node.place.clone(),
        about: None,
        command: crate::model::Command::Run { words: Vec::new(), place: node.place.clone() },
        dir: context.package.clone(),
        ports: Vec::new(),
        env: context.env.clone(),
        needs: Vec::new(),
        ready: Vec::new(),
        within: Duration::from_secs(30),
        stop: Stop { signal: 15, within: Duration::from_secs(10) },
    };
    for child in &node.children {
        match child.name.as_str() {
            "about" => service.about = problems.text_of(child).map(|(text, _)| text.into()),
            "run" | "sh" => commands.extend(command(problems, child, context)),
            "port" => service.ports.extend(problems.texts(child).into_iter().map(|(text, _)| Box::from(text))),
            "dir" => {
                if let Some((text, place)) = problems.text_of(child)
                    && let Some(dir) =
                        problems.path(context, &text, &place).as_literal().and_then(|text| crate::base::RelPath::parse(text).ok())
                {
                    service.dir = dir;
                }
            }
            "env" => {
                let rules = problems.env(child, context);
                service.env.extend(rules);
            }
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
                &["about", "run", "sh", "port", "dir", "env", "needs", "ready", "stop"],
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
    Some(service)
}

fn ready(problems: &mut Problems, node: &Node, context: &Context, service: &mut Service) {
    for part in &node.children {
        let text = |problems: &mut Problems| problems.text_of(part).map(|(text, place)| problems.fill(context, &text, &place));
        match part.name.as_str() {
            "tcp" => service.ready.extend(text(problems).map(Probe::Tcp)),
            "command" => service.ready.extend(text(problems).map(Probe::Command)),
            "output" => service.ready.extend(text(problems).map(Probe::Output)),
            "http" => {
                let status = part.props.iter().find_map(|(name, value, _)| match value {
                    Value::Whole(number) if name == "status" => u16::try_from(*number).ok(),
                    _ => None,
                });
                service.ready.extend(text(problems).map(|url| Probe::Http { url, status }));
            }
            "within" => service.within = problems.duration_of(part).unwrap_or(service.within),
            unknown => problems.unknown("node", unknown, "`ready`", &part.place, &["tcp", "http", "command", "output", "within"]),
        }
    }
}
