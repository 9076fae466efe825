//! The real program, as it is typed: what it says, with which exit code it ends, and what it refuses.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use engine::SystemClock;
use history::History;
use journal::{Action, Entry, Journal, Phase, Query};
use rustix::process::{Pid, Signal, kill_process};

/// How long a start may take, seven days of past made up included.
const START_LIMIT: Duration = Duration::from_secs(60);

fn andon(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a scratch folder");
    Command::new(env!("CARGO_BIN_EXE_andon"))
        .args(arguments)
        .env("HOME", home.path())
        .env_remove("XDG_DATA_HOME")
        .stdin(Stdio::null())
        .output()
        .expect("the program is built")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A web server that takes one message, and what it was sent.
fn take_one() -> (u16, mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody sends");
        let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines().map_while(Result::ok);
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").expect("a stream");
        tell.send(head.join("\n")).expect("the test waits");
    });
    (port, told)
}

#[test]
fn a_trial_message_goes_to_everybody_whom_a_notification_names() {
    let (port, told) = take_one();
    let plant = tempfile::tempdir().expect("a scratch folder");
    let text = format!(
        "[plant]\nname = \"Ulm\"\n[[notifications]]\nname = \"night\"\n\
         to = [\"http://127.0.0.1:{port}/first\", \"http://127.0.0.1:1/second\"]\n"
    );
    fs::write(plant.path().join("plant.toml"), text).expect("a file");
    let folder = plant.path().to_str().expect("a path in UTF-8");
    let output = andon(&["notify", "test", "night", "--plant", folder]);
    let said = text_of(&output);
    assert!(told.recv_timeout(Duration::from_secs(10)).expect("it is sent").starts_with("POST /first HTTP/1.1"));
    assert!(said.contains(&format!("http://127.0.0.1:{port}/first: delivered: 204")), "{said}");
    assert!(said.contains("http://127.0.0.1:1/second: not delivered"), "{said}");
    assert_eq!(output.status.code(), Some(1), "somebody was not reached");
    let unknown = andon(&["notify", "test", "nihgt", "--plant", folder]);
    assert!(text_of(&unknown).contains("no notification \"nihgt\"; it has: night"), "{}", text_of(&unknown));
}

/// What a program printed, on both ways.
fn text_of(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

/// An Andon that is served, until it is dropped.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(arguments: &[&str], data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_andon"))
            .args(arguments)
            .arg("--data")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program is built");
        let pipe = child.stdout.take().expect("its standard output is a pipe");
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let line = told.recv_timeout(START_LIMIT).expect("it says where it is served");
        let url = line.strip_prefix("Andon is served at ").expect("the address").to_owned();
        Self { child, url }
    }

    fn authority(&self) -> &str {
        self.url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("host and port")
    }

    fn token(&self) -> &str {
        self.url.split_once("token=").expect("a token").1
    }

    /// Status and head and document of the answer to a request with these further headers.
    fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.authority()).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.authority(),
            body.len()
        )
        .expect("a request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let answer = text(&answer);
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
        (status, answer)
    }

    fn cookie(&self) -> String {
        let port = self.authority().rsplit_once(':').expect("a port").1;
        format!("Cookie: andon_{port}={}\r\n", self.token())
    }

    fn end(mut self) -> Duration {
        let started = Instant::now();
        let process = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(process, Signal::TERM).expect("it runs");
        let status = self.child.wait().expect("our own child");
        assert!(status.success(), "{status}");
        started.elapsed()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already, which is as well.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

const BROKEN: &str = r#"
[plant]
name = "Ulm"

[[gateways]]
id = "broker"
name = "Broker"
kind = "mqqt"
host = "127.0.0.1"

[[machines]]
path = "ulm/filling/line1/filler"
name = "Filler"
colour = "blue"

[[tags]]
machine = "ulm/filling/line1/filler"
id = "temperature"
name = "Temperature"
gateway = "brokr"
address = { topic = "ulm/filler/temperature" }
type = "float"
range = [100, 0]
"#;

#[test]
fn a_broken_plant_is_told_in_full() {
    let plant = tempfile::tempdir().expect("a scratch folder");
    fs::write(plant.path().join("plant.toml"), BROKEN).expect("a file");
    let dir = plant.path().to_str().expect("a path in UTF-8");
    let output = andon(&["check", dir]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for place in ["plant.toml:8: error", "plant.toml:14: error", "plant.toml:20: error", "plant.toml:23: error"] {
        assert!(said.contains(place), "{place} is not in\n{said}");
    }
    for remedy in ["mqtt", "broker"] {
        assert!(
            said.lines().any(|line| line.starts_with("  ") && line.contains(remedy)),
            "{remedy} is no remedy in\n{said}"
        );
    }

    // A plant with errors is not run either, and says the same.
    let data = tempfile::tempdir().expect("a scratch folder");
    let output = andon(&["serve", "--plant", dir, "--data", data.path().to_str().expect("a path in UTF-8")]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("plant.toml:8: error") && said.contains("plant.toml:23: error"), "{said}");
    assert!(output.stdout.is_empty(), "nothing is served");
}

const WHOLE: &str = r#"
[plant]
name = "Ulm works"

[[gateways]]
id = "broker"
kind = "mqtt"
host = "127.0.0.1"
port = 1

[[machines]]
path = "ulm/filling/line1/filler"
name = "Filler"

[[tags]]
machine = "ulm/filling/line1/filler"
id = "temperature"
name = "Temperature"
gateway = "broker"
address = { topic = "ulm/filler/temperature" }
"#;

#[test]
fn a_whole_plant_is_run_and_run_again() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let (plant, data) = (scratch.path().join("plant"), scratch.path().join("data"));
    fs::create_dir(&plant).expect("a folder");
    fs::write(plant.join("plant.toml"), WHOLE).expect("a file");
    let dir = plant.to_str().expect("a path in UTF-8");
    let checked = andon(&["check", dir]);
    let said = text(&checked.stdout);
    assert!(checked.status.success() && said.contains("Ulm works: 1 gateway, 1 tag, 1 alarm; no errors"), "{said}");

    for arguments in [&["serve", "--plant", dir][..], &["serve"]] {
        let served = Served::start(arguments, &data);
        let headers = format!("{}Content-Type: application/json\r\n", served.cookie());
        let (status, answer) = served.request("POST", "/api/call/plant_read", &headers, "{}");
        assert!(status == 200 && answer.contains("Ulm works"), "{answer}");
        let (status, answer) = served.request("POST", "/api/call/demo_read", &headers, "{}");
        assert!(status != 200, "it is no demo: {answer}");
        let took = served.end();
        assert!(took < Duration::from_secs(3), "ending took {took:?}");
    }
}

#[test]
fn without_a_plant_it_says_what_to_do() {
    for arguments in [&["serve"][..], &["check", "/nonexistent"]] {
        let output = andon(arguments);
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(said.contains("demo"), "{said}");
    }
    let output = andon(&["export", "trend", "--tag", "a/b", "--last", "8h", "--png", "/nonexistent/a.png"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("--data DIR"), "{}", text(&output.stderr));
    let output = andon(&["demo", "act", "stop-broker"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("andon demo --serve"), "{}", text(&output.stderr));
}

#[test]
fn a_history_that_was_not_brought_up_to_date_says_what_to_do() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let file = scratch.path().join("history.db");
    drop(History::open(&file, Arc::new(SystemClock)).expect("a history"));
    // Where SQLite keeps the format that a file says it has.
    let mut bytes = fs::read(&file).expect("it is there");
    bytes[60..64].copy_from_slice(&1_u32.to_be_bytes());
    fs::write(&file, bytes).expect("it can be changed");
    let data = scratch.path().to_str().expect("a path in UTF-8");
    let output = andon(&["export", "--tags", "*", "--last", "8h", "--output", "-", "--data", data]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("history.db was made by an older version of this program (format 1)"), "{said}");
    assert!(said.contains("start Andon once with this data folder"), "{said}");
}

#[test]
fn a_served_demo_guards_its_data_and_its_address_and_ends_in_order() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let data = scratch.path().join("data");
    let folder = data.to_str().expect("a path in UTF-8");
    let served = Served::start(&["demo", "--headless"], &data);

    // A second start with the same data is refused, and says who has it.
    let second = andon(&["demo", "--headless", "--data", folder]);
    let said = text(&second.stderr);
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("process {}", served.child.id())) && said.contains("--data DIR"), "{said}");

    // Nobody without the token is let in, not even to the page.
    let session = "/api/call/session_read";
    for (method, path) in
        [("GET", "/"), ("GET", "/index.html"), ("GET", "/?token=guess"), ("POST", session), ("POST", "/api/frame")]
    {
        let (status, _) = served.request(method, path, "Content-Type: application/json\r\n", "{}");
        assert!(matches!(status, 401 | 403), "{method} {path}: {status}");
    }
    let cookie = served.cookie();
    let headers = format!("{cookie}Content-Type: application/json\r\n");
    let (status, answer) = served.request("POST", session, &headers, "{}");
    assert!(status == 200 && answer.contains("\"demo\":true"), "{answer}");
    let (status, page) = served.request("GET", "/", &cookie, "");
    assert!(status == 200 && page.contains("<title>Andon</title>"), "{page}");
    let headers = page.to_lowercase();
    assert!(headers.contains("content-security-policy: default-src 'self'"), "{headers}");

    // The terminal disturbs it through the same contract.
    let act = andon(&["demo", "act", "jam", "filler", "--data", folder]);
    let said = text(&act.stdout);
    assert!(act.status.success() && said.contains("jammed:  Filler"), "{said}{}", text(&act.stderr));
    let act = andon(&["demo", "act", "jam", "teapot", "--data", folder]);
    assert_eq!(act.status.code(), Some(1));
    assert!(text(&act.stderr).contains("filler"), "{}", text(&act.stderr));

    // Samples can be taken out while it runs, and not put in.
    let csv = data.join("samples.csv");
    let csv = csv.to_str().expect("UTF-8");
    let out = andon(&[
        "export",
        "--tags",
        "*/filler/speed,*/filler/state",
        "--last",
        "7d",
        "--output",
        csv,
        "--data",
        folder,
    ]);
    assert!(out.status.success() && text(&out.stdout).contains("rows of 2 tags"), "{}", text(&out.stderr));
    assert!(fs::read_to_string(csv).expect("a file").lines().count() > 1000);
    let into = andon(&["import", csv, "--data", folder]);
    assert_eq!(into.status.code(), Some(2), "{}", text(&into.stderr));

    // A trend can be drawn while it runs, and after it ended.
    let png = data.join("trend.png");
    draw(folder, "--png", &png);
    let drawn = fs::read(&png).expect("a picture");
    assert!(drawn.starts_with(b"\x89PNG") && drawn.len() > 10_000, "{} bytes", drawn.len());

    let took = served.end();
    assert!(took < Duration::from_secs(3), "ending took {took:?}");
    assert!(!data.join("served").exists(), "the token stays behind");
    let svg = data.join("trend.svg");
    draw(folder, "--svg", &svg);
    assert!(fs::read_to_string(&svg).expect("a picture").contains("<svg"));
}

#[test]
fn samples_go_from_one_history_to_another_and_wrong_rows_are_told() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let path = |name: &str| scratch.path().join(name).to_str().expect("UTF-8").to_owned();
    let (old, first, second) = (path("old.csv"), path("first"), path("second"));
    fs::write(
        &old,
        "Zeit;Name;Wert\r\n23.11.2025 07:00:00;TT101;21,5\r\n23.11.2025 07:00:01;TT101;warm\r\n\
         23.11.2025 07:00:02;TT102;=1+1\r\n23.11.2025 07:00:03;TT101;22\r\n",
    )
    .expect("a file");
    let mapping = path("old.toml");
    let words = "separator = \";\"\ndecimal = \",\"\ntag = { column = \"Name\" }\nvalue = { column = \"Wert\" }\n\
                 time = { column = \"Zeit\", format = \"%d.%m.%Y %H:%M:%S\", zone = \"Europe/Berlin\" }\n";
    fs::write(&mapping, words).expect("a file");

    let strict = andon(&["import", &old, "--mapping", &mapping, "--strict", "--data", &first]);
    assert_eq!(strict.status.code(), Some(1));
    assert!(text(&strict.stdout).contains("0 samples") && text(&strict.stdout).contains("line 3: `warm`"));
    let import = andon(&["import", &old, "--mapping", &mapping, "--data", &first]);
    let said = text(&import.stdout);
    assert_eq!(import.status.code(), Some(1), "{said}");
    assert!(said.contains("4 rows read, 2 samples of 1 tag stored, from 2025-11-23T06:00:00.000Z"), "{said}");
    assert!(said.contains("line 3: `warm` is no number") && said.contains("line 4: `=1+1`"), "{said}");

    let journal = Journal::open(&Path::new(&first).join("journal.db"), Arc::new(SystemClock)).expect("a journal");
    let page = journal.page(&Query { limit: 10, ..Query::default() }).expect("the journal can be read");
    let outcomes = page.records.into_iter().filter_map(|record| match record.entry {
        Entry::Action(Action { command, target, phase: Phase::Outcome { words, .. }, .. }) => {
            Some(format!("{command} {target}: {words}"))
        }
        Entry::Action(_) | Entry::Alarm(_) | Entry::Remark(_) | Entry::System(_) => None,
    });
    let outcomes: Vec<String> = outcomes.collect();
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    assert!(outcomes[0].starts_with(&format!("andon import {old}: 4 rows read, 2 samples of 1 tag")), "{outcomes:?}");
    assert!(outcomes[1].contains("0 samples"), "{outcomes:?}");
    drop(journal);

    let journal = |data: &str, filter: [&str; 2]| {
        let whole = ["journal", "export", "--last", "1h", "--output", "-", "--data", data];
        andon(&[&whole[..], &filter].concat())
    };
    let found = text(&journal(&first, ["--text", "2 SAMPLES of 1"]).stdout);
    let rows: Vec<&str> = found.trim_end().split("\r\n").collect();
    assert_eq!(rows[0], "time,what,priority,equipment,alarm,message,value,user,station,note");
    assert_eq!(rows.len(), 2, "{found}");
    assert!(rows[1].contains(&format!(",action,,,,andon import: {old},,")), "{found}");
    assert_eq!(text(&journal(&first, ["--kind", "raised"]).stdout).lines().count(), 1, "nothing but the header");
    let nowhere = journal(&second, ["--priority", "1"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere.stderr).contains("say where Andon keeps its data with --data DIR"));

    for (format, name) in [("csv", "out.csv"), ("parquet", "out.parquet")] {
        let (file, into) = (path(name), format!("{second}-{format}"));
        let span = ["--from", "2025-11-23T06:00Z", "--to", "2025-11-23T07:00Z"];
        let export = |data: &str, format: &str, file: &str| {
            let arguments = ["export", "--tags", "*", "--format", format, "--output", file, "--data", data];
            andon(&[&arguments[..], &span].concat())
        };
        let out = export(&first, format, &file);
        assert!(out.status.success() && text(&out.stdout).contains("2 rows of 1 tag\n"), "{}", text(&out.stderr));
        let import = andon(&["import", &file, "--data", &into]);
        assert!(import.status.success() && text(&import.stdout).contains("2 samples"), "{}", text(&import.stdout));
        assert_eq!(
            text(&export(&into, "csv", "-").stdout),
            "time,tag,value,quality\r\n2025-11-23T06:00:00.000Z,TT101,21.5,good\r\n2025-11-23T06:00:03.000Z,TT101,22,good\r\n"
        );
    }
}

#[test]
fn a_history_is_checked_and_copied_while_it_is_recorded_and_put_back_after() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let data = scratch.path().join("data");
    let folder = data.to_str().expect("a path in UTF-8");
    let copy = scratch.path().join("copy");
    let file = copy.to_str().expect("a path in UTF-8");
    let served = Served::start(&["demo", "--headless"], &data);

    let checked = andon(&["history", "check", "--data", folder]);
    let said = text(&checked.stdout);
    assert!(checked.status.success() && said.contains("the history is whole"), "{said}{}", text(&checked.stderr));
    assert!(said.contains(" samples, ") && said.contains(" a sample), from "), "{said}");

    let made = andon(&["history", "backup", file, "--data", folder]);
    assert!(made.status.success() && copy.exists(), "{}", text(&made.stderr));
    let again = andon(&["history", "backup", file, "--data", folder]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("nothing is written over"), "{}", text(&again.stderr));

    let refused = andon(&["history", "restore", file, "--data", folder]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("process {}", served.child.id())), "{said}");
    served.end();

    let restored = andon(&["history", "restore", file, "--data", folder]);
    let said = text(&restored.stdout);
    assert!(restored.status.success() && said.contains("history.db.replaced-"), "{said}{}", text(&restored.stderr));
    let checked = andon(&["history", "check", "--data", folder]);
    assert!(checked.status.success(), "{}", text(&checked.stdout));

    // A damaged one is told, and not put back.
    let mut bytes = fs::read(&copy).expect("the copy");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0x5a);
    fs::write(&copy, bytes).expect("the copy");
    let refused = andon(&["history", "restore", file, "--data", folder]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("is damaged in"), "{}", text(&refused.stderr));
    fs::copy(&copy, data.join("history.db")).expect("a copy");
    let checked = andon(&["history", "check", "--data", folder]);
    assert_eq!(checked.status.code(), Some(1), "{}", text(&checked.stdout));
    assert!(text(&checked.stdout).contains("finding"), "{}", text(&checked.stdout));
}

fn draw(data: &str, option: &str, file: &Path) {
    let plant = fs::read_to_string(Path::new(data).join("demo-plant/plant.toml")).expect("the demo's plant");
    assert!(plant.contains("filler"));
    let tag = "demo/filling/line1/filler/speed";
    let output = andon(&[
        "export",
        "trend",
        "--tag",
        tag,
        "--last",
        "8h",
        "--data",
        data,
        option,
        file.to_str().expect("UTF-8"),
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}
