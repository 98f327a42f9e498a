//! Telling a server elsewhere what a build does, and what a build does when there is none.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::common::Project;

const SECRET: &str = "a-secret-nobody-sees";

/// One request.
struct Heard {
    signature: String,
    body: Vec<u8>,
}

impl Heard {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// `NUMBER EVENT TASK`
    fn told(&self) -> String {
        let json = self.json();
        let event = &json["event"];
        format!("{} {} {}", json["number"], event["event"].as_str().unwrap(), event["task"].as_str().unwrap_or("-"))
    }
}

/// A server that answers with these statuses, then with 204; once it has, and a pipe is there, it opens that for whoever waits behind it.
fn server(mut statuses: Vec<u16>, pipe: Option<PathBuf>) -> (String, Receiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/builds?token=hidden", listener.local_addr().unwrap());
    let (sender, heard) = channel();
    thread::spawn(move || {
        let mut pipe = pipe;
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut length, mut signature) = (0, String::new());
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                let (name, value) = line.trim_end().split_once(": ").unwrap_or((line.trim_end(), ""));
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.parse().unwrap(),
                    "x-orket-signature-256" => signature = value.to_owned(),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            if sender.send(Heard { signature, body }).is_err() {
                return;
            }
            let status = if statuses.is_empty() { 204 } else { statuses.remove(0) };
            let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            if let Some(pipe) = pipe.take_if(|_| status == 204) {
                fs::write(pipe, "go\n").unwrap();
            }
        }
    });
    (address, heard)
}

/// A project whose first task runs until the first event has arrived.
fn project(statuses: Vec<u16>) -> (Project, Receiver<Heard>) {
    let project = Project::new().var("ORKET_WEBHOOK_SECRET", SECRET);
    let pipe = project.at("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (address, heard) = server(statuses, Some(pipe));
    let rules = format!("process_rules {{ pipeline_wiring_node \"default\" {{ webhook \"{address}\" }} }}\n");
    let tasks =
        "project \"shop\"\ntask \"a\" { sh \"read x < pipe; echo a > a\"; outputs \"a\" }\ntask \"b\" { needs \"a\"; sh \"env\" }\n";
    (project.manifest(&format!("{rules}{tasks}")), heard)
}

const ALL: [&str; 6] = ["1 run_started -", "2 started a", "3 finished a", "4 started b", "5 finished b", "6 run_finished -"];

#[test]
fn each_event_is_told_once_in_order_and_signed() {
    let (project, heard) = project(vec![]);
    project.run("build --events events.jsonl").ok().says(["ORKET_TASK=b", "built 2 tasks: 2 done"]).never_says(["webhook", SECRET]);
    let heard: Vec<Heard> = heard.try_iter().collect();
    assert_eq!(heard.iter().map(Heard::told).collect::<Vec<_>>(), ALL);
    for letter in &heard {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(&letter.body);
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(letter.signature, format!("sha256={hex}"));
        assert!(!String::from_utf8_lossy(&letter.body).contains(SECRET));
    }
    let (first, last) = (heard[0].json(), heard[5].json());
    assert_eq!((&first["project"], &first["v"], &last["event"]["exit"]), (&"shop".into(), &1.into(), &0.into()));
    assert_eq!(first["run"], first["event"]["run"]);
    let told: Vec<Value> = heard.iter().map(|letter| letter.json()["event"].clone()).collect();
    let written: Vec<Value> = project.read("events.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told, written);
    assert!(!project.read("events.jsonl").contains(SECRET));
}

#[test]
fn what_is_answered_with_500_is_told_again_before_the_rest() {
    let (project, heard) = project(vec![500, 429]);
    project.run("build").ok().never_says(["webhook"]);
    let told: Vec<String> = heard.try_iter().map(|letter| letter.told()).collect();
    assert_eq!(told, [&[ALL[0]; 2][..], &ALL].concat());
}

#[test]
fn what_is_refused_is_told_once_and_counted() {
    let (project, heard) = project(vec![403]);
    let seen = project.run("build").ok();
    assert!(seen.err().contains("note: 1 of 6 events did not reach the webhook `http://127.0.0.1:"), "{}", seen.err());
    assert!(seen.err().contains("/builds`: it answers with status 403\n"), "{}", seen.err());
    assert_eq!(heard.try_iter().map(|letter| letter.told()).collect::<Vec<_>>(), ALL);
}

#[test]
fn a_build_neither_fails_nor_waits_where_nobody_answers() {
    let rules = |address: &str| {
        format!("process_rules {{ pipeline_wiring_node \"default\" {{ webhook \"{address}\"; webhook_secret_from \"HOOK\" }} }}\n")
    };
    let task = "task \"t\" { sh \"echo > o\"; outputs \"o\" }";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let project = Project::new().var("HOOK", SECRET).manifest(&format!("{}{task}", rules(&address)));
    // It takes the connection and never answers. A request may take 10 s, and is tried five times: the build ends before the first has.
    project.run("build").ok().says(["built 1 task: 1 done", "did not reach the webhook", "the build ended before it answered"]);
    drop(listener);
    project.remove("o");
    project.run("build --force").ok().says(["built 1 task: 1 done", "4 of 4 events did not reach the webhook", "connection refused"]);
    assert!(project.has("o"));
    project.proven();
    project.run("build").ok().nothing_to_do();
}

#[test]
fn nobody_is_told_by_minimal_nor_without_a_secret_nor_by_what_only_looks() {
    let (mut project, heard) = project(vec![]);
    project.run("build -n").ok().never_says(["webhook"]);
    let manifest = project.read("orket.kdl").replace("read x < pipe;", "");
    project.write("orket.kdl", &manifest);
    project.run("build --strategy pipeline_wiring=minimal").ok().never_says(["webhook"]);
    project.set("ORKET_WEBHOOK_SECRET", None);
    let seen = project.run("build --force").ok();
    assert!(seen.err().contains("/builds` is told nothing: ORKET_WEBHOOK_SECRET is not set\n"), "{}", seen.err());
    assert!(heard.try_recv().is_err());
}

#[test]
fn a_wrong_address_or_variable_is_said_before_anything_runs_and_shows_no_secret() {
    let with = |options: &str| {
        let manifest = format!("process_rules {{ pipeline_wiring_node \"default\" {{ {options} }} }}\ntask \"t\" {{ sh \"echo > o\" }}");
        let project = Project::new().manifest(&manifest);
        let (exit, text) = project.run("build").either_owned();
        assert_eq!(exit, 2, "{text}");
        assert!(!project.has("o"));
        text
    };
    assert!(with("webhook \"ftp://host/x?token=hidden\"").contains("the webhook `ftp://host/x` is no address"));
    let text = with("webhook \"http://127.0.0.1/\"; webhook_secret_from \"hunter2-itself\"");
    assert!(text.contains("`webhook_secret_from` of the webhook `http://127.0.0.1/` names no variable") && !text.contains("hunter2"));
    assert!(with("webhok \"http://127.0.0.1/\"").contains("did you mean `webhook`?"));
    assert!(with("webhook 7").contains("the option `webhook` takes a text"));
}
