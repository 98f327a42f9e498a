//! `orket serve`: what it answers, and to whom.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{Project, Served, wait_until};

fn project() -> Project {
    Project::new().manifest(
        "project \"shop\" { about \"<b>all</b> of it\" }
task \"a\" { about \"first\"; sh \"{log:a}; echo said by a\" }
epic \"e\" { task \"b c\" { sh \"{log:b}; exit 3\" } }
task \"long\" { private #true; sh \"{log:long}; while [ -e {base}/ran -a ! -e {base}/go ]; do sleep 0.02; done\" }",
    )
}

/// Waits until a build is over; returns what there is to say of it.
fn over(served: &Served, id: u64) -> Value {
    let mut build = Value::Null;
    let ended = wait_until(|| {
        build = served.ask("GET", &format!("/api/v1/builds/{id}"), "").json();
        build["state"] != "running"
    });
    assert!(ended, "{build}");
    build
}

#[test]
fn what_there_is_is_told_as_json() {
    let project = project();
    let served = Served::start(&project, "", &[]);
    let get = |path: &str| served.ask("GET", path, "");
    let addresses: Vec<Value> =
        get("/api/v1/targets").json()["targets"].as_array().unwrap().iter().map(|target| target["address"].clone()).collect();
    assert_eq!(json!(addresses), json!(["e", "a", "e/b c", "long"]));
    assert_eq!(get("/api/v1/decisions").json()["seams"].as_array().unwrap().len(), 13);
    assert_eq!(get("/api/v1/runs").json()["runs"], json!([]));
    assert!(get("/api/v1/explain/e/b%20c").body.contains("\"e/b c\""));
    assert!(get("/api/v1/graph").json().to_string().contains("\"e/b c\""));
    assert_eq!(get("/api/v1/explain/nope").status, 404);
    assert_eq!(get("/api/v1/runs/nope").status, 404);
    assert_eq!(get("/api/v1/nope").status, 404);
    assert_eq!(get("/nope").status, 404);
    assert_eq!(served.ask("PUT", "/", "").status, 405);
    project.write("orket.kdl", "tsk \"a\"");
    let wrong = get("/api/v1/targets");
    assert_eq!((wrong.status, &wrong.json()["problems"][0]["help"]), (409, &json!("did you mean `task`?")));
    assert_eq!(project.log(), [] as [&str; 0]);
}

#[test]
fn builds_are_started_and_told_and_ended() {
    let project = project();
    let served = Served::start(&project, "", &[]);
    let started = served.ask("POST", "/api/v1/builds", r#"{"targets": ["a"]}"#);
    assert_eq!((started.status, started.json()), (202, json!({ "id": 1, "targets": ["a"], "state": "running", "exit": null })));
    let build = over(&served, 1);
    assert_eq!((&build["state"], &build["exit"]), (&json!("succeeded"), &json!(0)));
    assert!(build["output"].as_str().unwrap().contains("said by a\n"), "{build}");
    served.ask("POST", "/api/v1/builds", r#"{"targets": ["e/b c"]}"#);
    assert_eq!((&over(&served, 2)["state"], &over(&served, 2)["exit"]), (&json!("failed"), &json!(1)));
    served.ask("POST", "/api/v1/builds", r#"{"targets": ["long"]}"#);
    assert!(wait_until(|| project.log().iter().any(|name| name == "long")));
    assert_eq!(served.ask("DELETE", "/api/v1/builds/3", "").status, 202);
    assert_eq!((&over(&served, 3)["state"], &over(&served, 3)["exit"]), (&json!("ended"), &json!(130)));
    assert_eq!(served.ask("DELETE", "/api/v1/builds/4", "").status, 404);
    let runs = served.ask("GET", "/api/v1/runs", "").json();
    let run = runs["runs"].as_array().unwrap().last().unwrap()["run"].as_str().unwrap().to_owned();
    let page = served.ask("GET", &format!("/runs/{run}"), "");
    assert!(page.status == 200 && page.body.starts_with("<!doctype html>") && page.head.contains("text/html"), "{}", page.head);
    for (body, said) in [
        ("nothing", "the body is not what a build is asked for with"),
        (r#"{"target": "a"}"#, "unknown field `target`"),
        (&"x".repeat(70_000), "a body has at most 65536 bytes"),
    ] {
        let refused = served.ask("POST", "/api/v1/builds", body);
        assert!(matches!(refused.status, 400 | 413) && refused.body.contains(said), "{}", refused.body);
    }
    served.ask("POST", "/api/v1/builds", r#"{"targets": ["--force"]}"#);
    assert_eq!(over(&served, 4)["exit"], 4, "a target is no flag");
    served.ask("POST", "/api/v1/builds", r#"{"decide": ["nope=1"]}"#);
    assert_eq!(over(&served, 5)["exit"], 2);
    project.declare("task \"bad\" { sh \"exit 1\" }\ntask \"good\" { after \"bad\"; inputs \"orket.kdl\"; sh \"{log:good}\" }");
    let last = r#"{"keep_going": true, "force": true}"#;
    for (id, body, ran) in [(6, "{}", 0), (7, r#"{"keep_going": true}"#, 1), (8, r#"{"keep_going": true}"#, 1), (9, last, 2)] {
        served.ask("POST", "/api/v1/builds", body);
        over(&served, id);
        assert_eq!(project.log().iter().filter(|name| *name == "good").count(), ran, "{body}");
    }
}

#[test]
fn a_browser_is_shown_pages_without_script() {
    let project = project();
    let served = Served::start(&project, "", &[]);
    let browser = |extra: &str| format!("Host: {}\r\nCookie: a=b; orket_session={}\r\n{extra}", served.address, served.key);
    let door = served.ask_as("GET", &format!("/?session={}", served.key), &format!("Host: {}\r\n", served.address), "");
    assert_eq!(door.status, 303);
    assert!(door.head.contains(&format!("Set-Cookie: orket_session={}; HttpOnly; SameSite=Strict; Path=/", served.key)), "{}", door.head);
    assert!(door.head.contains("Location: /\r\n"), "{}", door.head);
    let page = served.ask_as("GET", "/", &browser(""), "");
    assert!(page.body.contains("&lt;b&gt;all&lt;/b&gt; of it") && !page.body.contains("<script"), "{}", page.body);
    assert!(page.head.contains("Content-Security-Policy: default-src 'none'; style-src 'self'; form-action 'self';"), "{}", page.head);
    let style = served.ask_as("GET", "/style.css", &browser(""), "");
    assert!(style.status == 200 && style.head.contains("text/css") && style.body.contains("--ink"), "{}", style.head);
    let own = format!("Origin: http://{}\r\n", served.address);
    let sent = served.ask_as("POST", "/builds", &browser(&own), "target=e%2Fb+c");
    assert!(sent.status == 303 && sent.head.contains("Location: /builds/1\r\n"), "{}", sent.head);
    over(&served, 1);
    let page = served.ask_as("GET", "/builds/1", &browser(""), "").body;
    assert!(page.contains("<p class=\"fail\">failed</p>") && page.contains("exit status 3") && !page.contains("http-equiv"), "{page}");
    assert_eq!(project.log(), ["b"]);
}

#[test]
fn who_does_not_know_the_session_sees_nothing() {
    let project = project();
    let served = Served::start(&project, "", &[]);
    let host = format!("Host: {}\r\n", served.address);
    let known = format!("{host}Authorization: Bearer {}\r\n", served.key);
    for (headers, status) in [
        (host.clone(), 401),
        (format!("{host}Cookie: orket_session={}\r\n", "0".repeat(32)), 401),
        (format!("{host}Authorization: Bearer {}x\r\n", served.key), 401),
        (known.replace(&served.address, "evil.example"), 421),
        (format!("{known}Origin: http://evil.example\r\n"), 403),
        (format!("{known}Origin: http://127.0.0.1:1\r\n"), 403),
        (format!("{known}Origin: null\r\n"), 403),
    ] {
        let reply = served.ask_as("POST", "/api/v1/builds", &headers, r#"{"targets": ["a"]}"#);
        assert_eq!(reply.status, status, "{headers}{}", reply.body);
        assert!(!reply.body.contains("\"id\""), "{}", reply.body);
    }
    assert_eq!(served.ask_as("GET", "/api/v1/targets", &host, "").status, 401);
    assert_eq!(served.ask("GET", "/api/v1/builds", "").json()["builds"], json!([]));
}

#[test]
fn a_signal_ends_the_server_and_its_builds() {
    let project = project();
    let served = Served::start(&project, "", &[]);
    served.ask("POST", "/api/v1/builds", r#"{"targets": ["long"]}"#);
    assert!(wait_until(|| project.log().iter().any(|name| name == "long")));
    served.process.signal(Signal::TERM);
    assert_eq!(served.process.end().code(), 143);
    let run = project.run("runs --json").ok().json()["runs"][0].clone();
    assert_eq!(run["exit"], 130);
}

#[test]
fn a_port_that_is_taken_is_said() {
    let project = project();
    let served = Served::start(&project, "", &[]);
    let port = served.address.rsplit(':').next().unwrap();
    project.run(&format!("serve --port {port}")).code(3).says([&*format!("cannot listen on 127.0.0.1:{port}: ")]);
}

#[test]
fn the_first_address_means_what_the_strategy_says() {
    let project = project();
    let text = format!("process_rules {{ api_runtime_node \"read_only\" {{ home \"/api/v1/targets\" }} }}\n{}", project.read("orket.kdl"));
    project.write("orket.kdl", text);
    let served = Served::start(&project, "", &[]);
    assert!(served.ask("GET", "/", "").json()["targets"].is_array());
    assert_eq!(served.ask("POST", "/builds", "").status, 403);
    let other = Served::start(&project, "--strategy api_runtime=default", &[]);
    // An option belongs to the strategy that it was said for.
    assert!(other.ask("GET", "/", "").body.contains("<h1>"));
}
