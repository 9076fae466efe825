//! The real program with secrets: kept in no other place than a store, and found again in none of its files and words.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// What must be seen nowhere.
const CANARY: &str = "tr0ub4dor-canary";

/// Runs the program in a home of its own, where no keyring is, with something piped into it.
fn andon(home: &Path, arguments: &[&str], piped: &str) -> Output {
    let mut child = start(home, arguments);
    // It may refuse before it reads.
    let _unread = child.stdin.take().expect("a pipe").write_all(piped.as_bytes());
    child.wait_with_output().expect("our own child")
}

fn start(home: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_andon"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env("CREDENTIALS_DIRECTORY", home.join("credentials"))
        // The most that anybody could ask the log for.
        .env("ANDON_LOG", "trace")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is built")
}

/// Passes a secret as systemd would.
fn pass(home: &Path, name: &str, secret: &str) {
    let credentials = home.join("credentials");
    fs::create_dir_all(&credentials).expect("a folder");
    fs::write(credentials.join(name), secret).expect("a file");
    fs::set_permissions(credentials.join(name), fs::Permissions::from_mode(0o400)).expect("our own file");
}

/// A broker that takes one packet of each connection, hands it over, and answers with these bytes before it closes.
fn broker(answer: &'static [u8]) -> (u16, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut packet = vec![0; 4_096];
            let length = stream.read(&mut packet).unwrap_or(0);
            packet.truncate(length);
            if length > 0 && stream.write_all(answer).is_ok() && tell.send(packet).is_err() {
                return;
            }
        }
    });
    (port, told)
}

/// Asks a served Andon something.
fn ask(url: &str, command: &str) -> String {
    let authority = url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("host and port");
    let (_, port) = authority.rsplit_once(':').expect("a port");
    let (_, token) = url.split_once("token=").expect("a token");
    let mut stream = TcpStream::connect(authority).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
    write!(
        stream,
        "POST /api/call/{command} HTTP/1.1\r\nHost: {authority}\r\nCookie: andon_{port}={token}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    )
    .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// All files below a folder that hold the canary.
fn holding(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            holding(&path, found);
        } else if fs::read(&path).expect("a file").windows(CANARY.len()).any(|window| window == CANARY.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
}

#[test]
fn without_a_keyring_nothing_is_kept_and_the_way_out_is_told() {
    let home = tempfile::tempdir().expect("a scratch folder");
    for arguments in [&["secret", "set", "broker"][..], &["secret", "set", "broker", "--login"]] {
        let output = andon(home.path(), arguments, &format!("anna\n{CANARY}\n"));
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("none runs in this session") && said.contains("systemd credential"), "{said}");
        assert!(!said.contains(CANARY), "{said}");
    }
    let output = andon(home.path(), &["secret", "set", "no/name"], CANARY);
    assert_eq!(output.status.code(), Some(1));
    let mut found = Vec::new();
    holding(home.path(), &mut found);
    assert_eq!(found, Vec::<String>::new(), "it was kept as plain text");
}

#[test]
fn a_secret_in_the_plant_file_is_refused_and_not_repeated() {
    let home = tempfile::tempdir().expect("a scratch folder");
    let plant = format!(
        "[plant]\nname = \"Ulm\"\n\n[[gateways]]\nid = \"broker\"\nkind = \"mqtt\"\nhost = \"anna:{CANARY}@broker\"\n\
         password = \"{CANARY}\"\n"
    );
    fs::write(home.path().join("plant.toml"), plant).expect("a file");
    let output = andon(home.path(), &["check", home.path().to_str().expect("UTF-8")], "");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("plant.toml:7: error") && said.contains("plant.toml:8: error"), "{said}");
    assert!(said.contains("must not be written into the plant file"), "{said}");
    assert!(!said.contains(CANARY), "{said}");
}

#[test]
fn what_systemd_passes_is_found_and_not_removed() {
    let home = tempfile::tempdir().expect("a scratch folder");
    pass(home.path(), "broker", &format!("anna\n{CANARY}"));
    let output = andon(home.path(), &["secret", "forget", "broker"], "");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(home.path().join("credentials/broker").exists() && !said.contains(CANARY), "{said}");
}

#[test]
fn a_secret_goes_to_its_broker_and_nowhere_else() {
    let home = tempfile::tempdir().expect("a scratch folder");
    let (plant, data) = (home.path().join("plant"), home.path().join("data"));
    fs::create_dir(&plant).expect("a folder");
    pass(home.path(), "login", &format!("anna\n{CANARY}"));
    // No key at all, where one should be: what does not work is the most talkative.
    pass(home.path(), "key", &format!("-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"));
    // One refuses the log-in, one closes without a word, one does not speak MQTT, one is of version 5.
    let brokers = [
        broker(b"\x20\x02\x00\x05"),
        broker(b""),
        broker(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        broker(b"\x20\x03\x00\x87\x00"),
    ];
    let mut text = "[plant]\nname = \"Ulm\"\n".to_owned();
    for (number, (port, _)) in brokers.iter().enumerate() {
        let version = if number == 3 { "5" } else { "3.1.1" };
        text += &format!(
            "[[gateways]]\nid = \"b{number}\"\nkind = \"mqtt\"\nhost = \"127.0.0.1\"\nport = {port}\n\
             login = \"login\"\nversion = \"{version}\"\n\
             [[tags]]\nid = \"t{number}\"\ngateway = \"b{number}\"\naddress = {{ topic = \"a\" }}\n"
        );
    }
    text += &format!(
        "[[gateways]]\nid = \"tls\"\nkind = \"mqtt\"\nhost = \"127.0.0.1\"\nport = {}\nlogin = \"login\"\n\
         tls = true\nca = \"ca.pem\"\ncertificate = \"ca.pem\"\nkey_secret = \"key\"\n\
         [[tags]]\nid = \"t\"\ngateway = \"tls\"\naddress = {{ topic = \"a\" }}\n",
        brokers[1].0
    );
    fs::write(plant.join("plant.toml"), text).expect("a file");
    let parameters = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = parameters.self_signed(&key).expect("a certificate");
    fs::write(plant.join("ca.pem"), certificate.pem()).expect("a file");

    let (dir, folder) = (plant.to_str().expect("UTF-8"), data.to_str().expect("UTF-8"));
    let mut child = start(home.path(), &["serve", "--plant", dir, "--data", folder]);
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    out.read_line(&mut line).expect("the address");
    let url = line.trim().strip_prefix("Andon is served at ").unwrap_or_else(|| panic!("{line}")).to_owned();
    for (port, packets) in &brokers {
        let packet = packets.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("nobody calls {port}"));
        let is_there = packet.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(is_there, "the broker did not get the secret, so that this test shows nothing");
    }
    let give_up = Instant::now() + Duration::from_secs(20);
    let mut answers = ask(&url, "status_read");
    while !answers.contains("private key") {
        assert!(Instant::now() < give_up, "nobody says that the key is none: {answers}");
        std::thread::sleep(Duration::from_millis(100));
        answers = ask(&url, "status_read");
    }
    let process = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(process, Signal::TERM).expect("it runs");
    answers += &said(&child.wait_with_output().expect("our own child"));
    assert!(!answers.contains(CANARY), "{answers}");
    fs::remove_dir_all(home.path().join("credentials")).expect("our own folder");
    let mut found = Vec::new();
    holding(home.path(), &mut found);
    assert_eq!(found, Vec::<String>::new(), "the secret was written down");
}

#[test]
fn a_station_says_by_which_key_the_others_know_it_and_never_the_key() {
    let home = tempfile::tempdir().expect("a folder");
    let none = andon(home.path(), &["station", "key"], "");
    assert!(!none.status.success() && said(&none).contains("keyring"), "{}", said(&none));

    let printed = andon(home.path(), &["station", "key", "--print"], "");
    let lines = String::from_utf8(printed.stdout).expect("text");
    let lines: Vec<&str> = lines.lines().collect();
    let [_, secret, table, line] = lines[..] else { panic!("{lines:?}") };
    assert_eq!(table, "[stations.keys]");
    pass(home.path(), "station-key", secret);
    let passed = andon(home.path(), &["station", "key"], "");
    assert_eq!(String::from_utf8_lossy(&passed.stdout), format!("{table}\n{line}\n"), "the same key again");
    assert!(!said(&passed).contains(secret));
    let replaced = andon(home.path(), &["station", "key", "--replace"], "");
    assert!(!replaced.status.success() && said(&replaced).contains("systemd"), "{}", said(&replaced));
}
