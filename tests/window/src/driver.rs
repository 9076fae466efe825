//! A WebDriver session in Andon's window, through tauri-driver and WebKitWebDriver (W3C WebDriver, level 1).

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use crate::http::request;
use crate::{Display, program, tauri_driver, until};

/// The key under which WebDriver names an element (W3C WebDriver, section 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long the driver and the window may take to come up.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Andon in a window that is driven.
pub struct Driver {
    driver: Child,
    /// Where WebKitWebDriver listens. tauri-driver only knows better how to start the window; through it now and then a
    /// request is lost, because it takes a closed connection for an open one.
    port: u16,
    session: String,
}

/// Something on the page.
#[derive(Clone, Debug)]
pub struct Element(String);

impl Driver {
    /// Starts Andon on the demo plant with this data folder and these changes to its environment.
    pub fn start(display: &Display, data: &Path, environment: &[(&str, &str)]) -> Self {
        let (port, native) = (free_port(), free_port());
        let driver = Command::new(tauri_driver())
            .args(["--port", &port.to_string(), "--native-port", &native.to_string()])
            .env("DISPLAY", display.name())
            .env_remove("WAYLAND_DISPLAY")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            // It says with a stack trace that its first attempt to reach WebKitWebDriver came too early.
            .stderr(Stdio::null())
            // It starts WebKitWebDriver and leaves it behind when it is killed: the group ends as one.
            .process_group(0)
            .spawn()
            .expect("tauri-driver is installed; `cargo xtask setup` does it");
        let mut driver = Self { driver, port: native, session: String::new() };
        until("tauri-driver", START_LIMIT, || request(port, "GET", "/status", &Value::Null).ok());
        let wanted = json!({ "capabilities": { "alwaysMatch": { "tauri:options": {
            "application": program(),
            "args": ["demo", "--data", data],
        } } } });
        // tauri-driver may find its first connection to WebKitWebDriver closed, and then answers nothing at all.
        let answer =
            until("a connection to WebKitWebDriver", START_LIMIT, || request(port, "POST", "/session", &wanted).ok());
        let answer = value(answer).expect("a session in the window");
        driver.session = answer["sessionId"].as_str().expect("a session has an id").to_owned();
        driver
    }

    /// The first element that a selector finds, waited for.
    pub fn find(&self, selector: &str, limit: Duration) -> Element {
        until(selector, limit, || self.all(selector).into_iter().next())
    }

    /// Every element that a selector finds now.
    pub fn all(&self, selector: &str) -> Vec<Element> {
        let found = self.post("/elements", &json!({ "using": "css selector", "value": selector }));
        let list = found.as_ref().ok().and_then(Value::as_array).cloned().unwrap_or_default();
        list.iter().filter_map(|element| element[ELEMENT].as_str()).map(|id| Element(id.to_owned())).collect()
    }

    /// Clicks on an element as a mouse does.
    pub fn click(&self, element: &Element) {
        self.post(&format!("/element/{}/click", element.0), &json!({})).expect("a click");
    }

    /// Types into an element.
    pub fn type_into(&self, element: &Element, text: &str) {
        self.post(&format!("/element/{}/value", element.0), &json!({ "text": text })).expect("typing");
    }

    /// The text that an element shows.
    pub fn text(&self, element: &Element) -> String {
        let text = self.get(&format!("/element/{}/text", element.0));
        text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// An attribute of an element.
    pub fn attribute(&self, element: &Element, name: &str) -> Option<String> {
        let value = self.get(&format!("/element/{}/attribute/{name}", element.0)).ok()?;
        value.as_str().map(str::to_owned)
    }

    /// What a piece of JavaScript returns.
    pub fn script(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] })).expect("a script")
    }

    /// Takes a picture of the page.
    pub fn picture(&self, display: &Display, file: &Path) -> u64 {
        crate::picture(display, file)
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        request(self.port, "GET", &format!("/session/{}{path}", self.session), &Value::Null).and_then(value)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        request(self.port, "POST", &format!("/session/{}{path}", self.session), body).and_then(value)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // The window may be gone already: some tests kill it.
            let _ended = request(self.port, "DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
        if let Some(group) = i32::try_from(self.driver.id()).ok().and_then(Pid::from_raw) {
            let _ended = kill_process_group(group, Signal::KILL);
        }
        let _reaped = self.driver.wait();
    }
}

fn value((status, document): (u16, Value)) -> Result<Value, String> {
    if status == 200 { Ok(document["value"].clone()) } else { Err(document["value"].to_string()) }
}

/// A port that is free now. The driver wants to be told one; between this and its start it could be taken, which then
/// fails the test with the driver's own words.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port").port()
}
