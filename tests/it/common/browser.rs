//! Chromium without a screen, spoken to through pipes in the DevTools protocol: what a page asks for, says and shows.

use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::missing;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser with one window.
pub struct Browser {
    process: Child,
    words: RefCell<ChildStdin>,
    told: Receiver<Value>,
    next: Cell<u64>,
    session: String,
    /// Every address that was asked for since the last visit, but for the page's own.
    asked: RefCell<Vec<String>>,
    /// Every error, warning and exception since the last visit.
    complaints: RefCell<Vec<String>>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts the browser that is there; `None`, said on the terminal, where there is none.
    pub fn start() -> Option<Browser> {
        let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(str::to_owned);
        let path = std::env::var("PATH").unwrap_or_default();
        let named = std::env::var("ORKET_TEST_CHROMIUM").ok();
        let there = |name: &String| path.split(':').map(|folder| Path::new(folder).join(name)).find(|file| file.is_file());
        let Some(program) = named.iter().chain(&names).find_map(there) else {
            missing("chromium", "the pages are not tested");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        // The protocol is spoken on the descriptors 3 and 4.
        command.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null"]).arg(program).args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
        ]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).env("HOME", profile.path());
        let mut process = command.arg("about:blank").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let words = RefCell::new(process.stdin.take().unwrap());
        let told = listen(process.stdout.take().unwrap());
        let mut browser = Browser {
            process,
            words,
            told,
            next: Cell::default(),
            session: String::new(),
            asked: RefCell::default(),
            complaints: RefCell::default(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Opens an address, and waits until all of it is there.
    pub fn visit(&self, url: &str) -> &Browser {
        self.call("Page.navigate", json!({ "url": "about:blank" }));
        self.asked.borrow_mut().clear();
        self.complaints.borrow_mut().clear();
        let gone = self.call("Page.navigate", json!({ "url": url }));
        assert!(gone["errorText"].is_null(), "{gone}");
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'");
        self.rest()
    }

    /// Opens a file.
    pub fn open(&self, file: &Path) -> &Browser {
        self.visit(&format!("file://{}", file.canonicalize().unwrap().display()))
    }

    /// Waits until what was begun is drawn.
    pub fn rest(&self) -> &Browser {
        self.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))");
        self
    }

    /// Returns what an expression comes to in the page.
    pub fn eval(&self, script: &str) -> Value {
        let wanted = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let found = self.call("Runtime.evaluate", wanted);
        assert!(found["exceptionDetails"].is_null(), "{script}\n{found:#}");
        found["result"]["value"].clone()
    }

    /// Returns the text of what a selector finds first; empty where it finds nothing.
    pub fn text(&self, selector: &str) -> String {
        let found = self.eval(&format!("document.querySelector({})?.innerText ?? ''", json!(selector)));
        found.as_str().unwrap().to_owned()
    }

    /// Returns how many elements a selector finds that are to be seen.
    pub fn count(&self, selector: &str) -> u64 {
        let found =
            self.eval(&format!("[...document.querySelectorAll({})].filter((one) => one.checkVisibility()).length", json!(selector)));
        found.as_u64().unwrap()
    }

    /// Waits until an expression is true.
    pub fn wait_for(&self, condition: &str) -> &Browser {
        let held = super::wait_until(|| self.eval(&format!("Boolean({condition})")) == true);
        assert!(held, "never: {condition}\n{}\n{}", self.eval("location.href"), self.text("body"));
        self
    }

    /// Clicks in the middle of the first element that a selector finds, as a mouse does.
    pub fn click(&self, selector: &str) -> &Browser {
        let first = format!("document.querySelector({})", json!(selector));
        // What comes into sight may be drawn only then, and move what is below it.
        for _ in 0..2 {
            self.eval(&format!("{first}.scrollIntoView({{ block: 'center', inline: 'center' }})"));
            self.rest();
        }
        let place = self.eval(&format!(
            "(() => {{ const box = {first}.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": button, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
        self.rest()
    }

    /// Presses keys, one after the other: `Enter`, `ArrowDown`, `/`.
    pub fn press(&self, keys: &[&str]) -> &Browser {
        for key in keys {
            let code = match *key {
                "Enter" => 13,
                "Escape" => 27,
                "Tab" => 9,
                "ArrowLeft" => 37,
                "ArrowUp" => 38,
                "ArrowRight" => 39,
                "ArrowDown" => 40,
                _ => 0,
            };
            let text = if key.chars().count() == 1 {
                *key
            } else if *key == "Enter" {
                "\r"
            } else {
                ""
            };
            let down = json!({ "type": "keyDown", "key": key, "text": text, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", down);
            self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code }));
        }
        self.rest()
    }

    /// Types a text into what has the focus.
    pub fn write(&self, text: &str) -> &Browser {
        self.call("Input.insertText", json!({ "text": text }));
        self.rest()
    }

    /// Looks as a system in light or dark does, in a window of this width.
    pub fn look(&self, scheme: &str, width: u32) -> &Browser {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.rest()
    }

    /// Fails if the page asked for anything but itself, or complained.
    pub fn quiet(&self) -> &Browser {
        self.rest();
        assert_eq!(*self.complaints.borrow(), [] as [String; 0]);
        assert_eq!(*self.asked.borrow(), [] as [String; 0], "something was asked for");
        self
    }

    /// Returns every address that was asked for, but for pages.
    pub fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// Returns what was complained about, but for an icon that a browser looks for by itself.
    pub fn complaints_but_for_the_icon(&self) -> Vec<String> {
        self.complaints.borrow().iter().filter(|text| !text.contains("favicon.ico")).cloned().collect()
    }

    /// Calls a method of the protocol; what is told meanwhile is kept. Where the page was left in the middle of it, it is asked of the next one.
    pub fn call(&self, method: &str, params: Value) -> Value {
        for _ in 0..20 {
            match self.called(method, &params) {
                Ok(result) => return result,
                Err(told) => assert!(told.contains("navigated or closed") || told.contains("Cannot find context"), "{method}: {told}"),
            }
        }
        panic!("{method}: the page never stays");
    }

    fn called(&self, method: &str, params: &Value) -> Result<Value, String> {
        let id = self.next.get() + 1;
        self.next.set(id);
        let mut wanted = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            wanted["sessionId"] = json!(self.session);
        }
        self.words.borrow_mut().write_all(format!("{wanted}\0").as_bytes()).unwrap();
        loop {
            let told = self.told.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{method}: the browser says nothing: {error}"));
            if told["id"] == id {
                return if told["error"].is_null() { Ok(told["result"].clone()) } else { Err(told.to_string()) };
            }
            self.note(&told);
        }
    }

    fn note(&self, told: &Value) {
        let params = &told["params"];
        match told["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" if params["type"] != "Document" => {
                self.asked.borrow_mut().push(params["request"]["url"].to_string());
            }
            "Runtime.exceptionThrown" => self.complaints.borrow_mut().push(params["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" => self.complaints.borrow_mut().push(params["args"].to_string()),
            "Log.entryAdded" => self.complaints.borrow_mut().push(params["entry"].to_string()),
            _ => {}
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.words.borrow_mut().write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        // Its end closes the pipe, and so the channel; one that does not listen is ended.
        while self.told.recv_timeout(PATIENCE).is_ok() {}
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads what the browser tells, each piece ended by a zero.
fn listen(out: ChildStdout) -> Receiver<Value> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut out = BufReader::new(out);
        let mut piece = Vec::new();
        while out.read_until(0, &mut piece).is_ok_and(|read| read > 0) {
            piece.pop();
            let told = serde_json::from_slice(&piece).unwrap_or_default();
            piece.clear();
            if send.send(told).is_err() {
                return;
            }
        }
    });
    receive
}
