//! Steps of a gate `release_smoke`: each one that is more than a name becomes a task of its own, `GATE.STEP`, so that services, ports, limits
//! and logs are those of every task.

use super::common::Context;
use super::load::Load;
use super::node::{Node, Value};
use crate::base::{Place, RelPath};

/// How long a probe may take, unless the step says so.
const WITHIN: &str = "60s";

/// What docker's client looks for in its environment.
const DOCKER: [&str; 8] = [
    "DOCKER_API_VERSION",
    "DOCKER_BUILDKIT",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "XDG_RUNTIME_DIR",
];

/// What a step may hold.
const KNOWN: [&str; 10] = ["uses", "http", "tcp", "command", "run", "sh", "image", "probe", "sqlite", "table"];

impl Load<'_> {
    /// Lowers one step of the gate `gate`; returns the name of the target that it needs. `before`: that of the step before it.
    pub(super) fn smoke_step(&mut self, gate: &str, step: &Node, before: Option<&str>, context: &Context) -> Option<String> {
        let (name, _) = self.problems.name_of(step, context)?;
        self.problems.only(step, &[]);
        if step.children.is_empty() {
            return Some(name);
        }
        for child in step.children.iter().filter(|child| !KNOWN.contains(&child.name.as_str())) {
            self.problems.unknown("node", &child.name, "`step`", &child.place, &KNOWN);
        }
        self.whole_step(&step.children);
        let target = format!("{gate}.{name}");
        let text = |name: &str, text: String| plain(name, vec![Value::Text(text)], &step.place);
        let mut children = vec![text("about", format!("The step `{name}` of the gate `{gate}`"))];
        children.extend(step.children.iter().filter(|child| child.name == "uses").cloned());
        if step.children.iter().any(|child| child.name == "image") {
            let names = DOCKER.map(|name| Value::Text(name.to_owned())).to_vec();
            children.push(Node { children: vec![plain("pass", names, &step.place)], ..plain("env", Vec::new(), &step.place) });
        }
        children.push(text("sh", script(&step.children)));
        children.push(plain("cache", vec![Value::Bool(false)], &step.place));
        children.push(plain("private", vec![Value::Bool(true)], &step.place));
        children.extend(before.map(|before| text("after", before.to_owned())));
        let task = Node { children, ..text("task", target.clone()) };
        self.task(&task, context);
        Some(target)
    }

    /// Finds what a step could never do, before a release is under way.
    fn whole_step(&mut self, nodes: &[Node]) {
        let mut say = |node: &Node, message: String, help: &str| self.problems.say("manifest/wrong_step", &node.place, message, help);
        for (index, node) in nodes.iter().enumerate() {
            let (name, first) = (node.name.as_str(), argument(node));
            let comes_after = |what: &str| nodes[..index].iter().any(|before| before.name == what);
            match name {
                "http" if !["http://", "https://", "{{"].iter().any(|start| first.starts_with(start)) => {
                    say(node, format!("`{first}` is no address of the web"), "write it as \"http://127.0.0.1:{{port.NAME}}/health\"");
                }
                "tcp" if !is_open_port(&first) => {
                    say(node, format!("`{first}` is no host with a port"), "write it as \"127.0.0.1:{{port.NAME}}\"");
                }
                "table" if !comes_after("sqlite") => {
                    say(node, String::from("`table` asks no database"), "put a node `sqlite` before it");
                }
                "probe" if property(node, "port").is_none() => {
                    say(node, String::from("`probe` does not say which port of the container"), "write it as probe \"/health\" port=8082");
                }
                "probe" if property(node, "port").is_some_and(|port| !is_port(&port)) => {
                    let port = property(node, "port").unwrap_or_default();
                    say(node, format!("`{port}` is no port"), "write a number from 1 to 65535");
                }
                "probe" if !["/", "{{"].iter().any(|start| first.starts_with(start)) => {
                    say(node, format!("`{first}` is no path of a server"), "begin it with `/`, as in probe \"/health\" port=8082");
                }
                "sqlite" if leads_out(&first, &node.place) => {
                    say(node, format!("`{first}` leads out of the project"), "name a file of the project, or one in \"{{run.scratch}}\"");
                }
                "probe" if !comes_after("image") => {
                    say(node, String::from("`probe` asks no container"), "put a node `image` before it, or write `http`");
                }
                _ => {}
            }
            if let Some(status) = property(node, "status").filter(|status| !matches!(status.parse(), Ok(100..=599))) {
                say(node, format!("`{status}` is no status of HTTP"), "write a number from 100 to 599");
            }
        }
        for node in nodes {
            let known: &[&str] = match node.name.as_str() {
                "http" => &["status", "within"],
                "tcp" => &["within"],
                "probe" => &["port", "status", "within"],
                "sqlite" => &["apply"],
                "table" => &["min_rows"],
                _ => &[],
            };
            self.problems.leaf(node, known);
            if !matches!(node.name.as_str(), "run" | "uses") {
                self.problems.at_most(node, 1);
            }
        }
        for (_, value, place) in nodes.iter().flat_map(|node| &node.props).filter(|(name, ..)| name == "within") {
            self.problems.duration(&text(value), place);
        }
    }
}

/// Whether a text has a host and a port from 1 on, or one that is filled in later.
fn is_open_port(text: &str) -> bool {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
    port.is_some_and(is_port)
}

/// Whether a text is a port from 1 on, or one that is filled in later.
fn is_port(text: &str) -> bool {
    text.contains("}}") || matches!(text.parse(), Ok(1u16..))
}

/// Whether a path that stands in a manifest leads out of the project; a hole that it begins with leads to a folder of its own.
fn leads_out(text: &str, place: &Place) -> bool {
    if let Some((_, below)) = text.strip_prefix("{{").and_then(|rest| rest.split_once("}}")) {
        return RelPath::parse(below.trim_start_matches('/')).is_err();
    }
    let folder = RelPath::parse(&*place.file).ok().and_then(|file| file.parent()).unwrap_or_else(RelPath::root);
    RelPath::parse_in(&folder, text.as_bytes()).is_err()
}

fn plain(name: &str, values: Vec<Value>, place: &Place) -> Node {
    let args = values.into_iter().map(|value| (value, place.clone())).collect();
    Node { name: name.to_owned(), place: place.clone(), args, props: Vec::new(), children: Vec::new() }
}

/// Ends a step that docker cannot do here.
const USABLE: &str = r#"command -v docker > /dev/null || { echo 'skipped: docker is not there'; exit 0; }
why=$("$ORKET_EXE" tool within 30s docker version 2>&1 > /dev/null) || {
    case $why in *'ermission denied'*)
        printf '%s\n' "$why" >&2
        echo 'docker is there, and not for this user: let an administrator add it to the group of the socket (often `docker`), or let DOCKER_HOST name a daemon of its own' >&2
        exit 1 ;;
    esac
    printf 'skipped: docker cannot be used: %s\n' "$(printf '%s\n' "$why" | tail -n 1)"
    exit 0
}"#;

/// Takes the containers away when the step ends, and shows what those of a step that failed have said. A shell that is ended by a signal does
/// nothing at its end unless it is told to.
const REMOVED: &str = r#"boxes=; trap 'status=$?; trap "" HUP INT TERM
for box in $boxes; do
    case $status in 0 | 143) ;; *) echo "what the container said last:" >&2; docker logs --tail 20 "$box" >&2 || true ;; esac
    docker rm -f -v "$box" > /dev/null 2>&1 || true
done
exit $status' EXIT; trap 'exit 143' HUP INT TERM"#;

/// Returns what a step does, for a shell.
fn script(nodes: &[Node]) -> String {
    let mut lines = vec![String::from("set -e")];
    for (index, node) in nodes.iter().enumerate() {
        let first = argument(node);
        match node.name.as_str() {
            "sh" | "command" => lines.push(first),
            "run" => lines.push(node.args.iter().map(|(word, _)| quoted(&text(word))).collect::<Vec<_>>().join(" ")),
            "http" => {
                let status = property(node, "status").unwrap_or_else(|| String::from("200"));
                lines.push(probe("http", &first, &status, &within(node)));
            }
            "tcp" => lines.push(probe("tcp", &first, "", &within(node))),
            "image" => {
                if !nodes[..index].iter().any(|before| before.name == "image") {
                    lines.extend([USABLE.to_owned(), REMOVED.to_owned()]);
                }
                lines.push(format!("image=$(docker build -q {})", quoted(&first)));
                lines.push(String::from("box=orket-$(od -An -N8 -tx1 /dev/urandom | tr -d ' '); boxes=\"$boxes $box\""));
                // A client that is ended while it starts a container may leave one behind.
                let published = published(&nodes[index + 1..]);
                lines.push(format!("\"$ORKET_EXE\" tool whole docker run -d --name \"$box\" {published}\"$image\" > /dev/null"));
            }
            "probe" => {
                let port = property(node, "port").unwrap_or_default();
                let status = property(node, "status").unwrap_or_else(|| String::from("200"));
                lines.push(probe("http", &format!("http://127.0.0.1:{port}{first}"), &status, &within(node)));
            }
            "sqlite" => {
                let apply = property(node, "apply").unwrap_or_default();
                lines.push(format!("database={}", quoted(&first)));
                lines.push(String::from("mkdir -p \"$(dirname \"$database\")\"; \"$ORKET_EXE\" tool sqlite \"$database\" fresh"));
                lines.push(format!("\"$ORKET_EXE\" tool sqlite \"$database\" apply {}", quoted(&apply)));
            }
            "table" => {
                let least = property(node, "min_rows").unwrap_or_else(|| String::from("0"));
                lines.push(format!("\"$ORKET_EXE\" tool sqlite \"$database\" rows {} {least}", quoted(&first)));
            }
            _ => {}
        }
    }
    lines.join("\n")
}

fn probe(kind: &str, address: &str, status: &str, within: &str) -> String {
    format!("\"$ORKET_EXE\" tool probe {kind} {} {within} {status}", quoted(address))
}

fn within(node: &Node) -> String {
    property(node, "within").unwrap_or_else(|| WITHIN.to_owned())
}

/// Returns the ports of the container that is probed, up to the next one.
fn published(behind: &[Node]) -> String {
    let own = behind.iter().take_while(|node| node.name != "image");
    let mut ports: Vec<String> = own.filter(|node| node.name == "probe").filter_map(|node| property(node, "port")).collect();
    ports.sort();
    ports.dedup();
    ports.iter().map(|port| format!("-p 127.0.0.1:{port}:{port} ")).collect()
}

fn argument(node: &Node) -> String {
    node.args.first().map(|(value, _)| text(value)).unwrap_or_default()
}

fn property(node: &Node, name: &str) -> Option<String> {
    node.props.iter().find(|(known, ..)| known == name).map(|(_, value, _)| text(value))
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Whole(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => String::new(),
    }
}

/// Quotes a word for a shell; holes in it are filled in later.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
