//! `cargo xtask run`: Andon on the demo plant, or on a plant of one's own, in a window.
//!
//! Where there is no display, the window opens on a virtual one, its picture is saved once live values are in it, and the
//! same user interface is served to a browser on this machine.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::display::{self, Virtual};
use crate::packages::Purpose;
use crate::process::{self, Interrupt, Running, Trouble};
use crate::project::Project;
use crate::set_up;

/// How long the first live values may take.
const LIVE_LIMIT: Duration = Duration::from_secs(90);
/// How long the compiler may take, on a slow machine with nothing built yet.
const BUILD_LIMIT: Duration = Duration::from_secs(3000);
/// What Andon prints once its window has shown live values.
const LIVE: &str = "Andon's window shows live values";
/// What Andon prints before the address at which it is served.
const SERVED: &str = "Andon is served at ";

/// Builds the program.
pub fn build(project: &Project, interrupt: &Interrupt) -> Result<(), Trouble> {
    process::run(project.cargo().args(["build", "--locked", "--package", "andon"]), BUILD_LIMIT, interrupt)
}

/// Sets up, builds and runs.
pub fn run(project: &Project, interrupt: &Interrupt, arguments: &[String]) -> Result<ExitCode, Trouble> {
    let wanted = Wanted::read(arguments)?;
    let mut steps = set_up(project, interrupt, Purpose::Run, 2)?;
    steps.step("Andon", || build(project, interrupt))?;
    let until = wanted.exit_after.map(|after| Instant::now() + after);

    let screen = match display::present() {
        Some(_) => None,
        None => Some(Virtual::start(interrupt)?),
    };
    let mut andon = Command::new(project.andon());
    andon.args(&wanted.andon).current_dir(project.root()).stdout(Stdio::piped());
    if let Some(screen) = &screen {
        println!("      there is no display here: the window opens on a virtual one, {}", screen.name());
        andon.arg("--serve").env("DISPLAY", screen.name()).env_remove("WAYLAND_DISPLAY");
    }
    let (mut running, lines) = steps.step("Open the window", || {
        let mut running = Running::start(&mut andon)?;
        let lines = relay(&mut running);
        let address = wait_until_live(&mut running, &lines, interrupt)?;
        if let Some(screen) = &screen {
            let picture = project.target().join("andon.png");
            screenshot(screen, &picture, interrupt)?;
            println!("      a picture of the window is in {}", picture.display());
            if let Some(address) = address {
                println!("      the same user interface, for a browser on this machine: {address}");
            }
        }
        Ok((running, lines))
    })?;
    println!("\nAndon is running. Close its window or press Ctrl-C to end it.");
    watch(&mut running, &lines, interrupt, until)
}

/// What was typed after `--`.
struct Wanted {
    andon: Vec<OsString>,
    exit_after: Option<Duration>,
}

impl Wanted {
    fn read(arguments: &[String]) -> Result<Self, Trouble> {
        let mut andon = Vec::new();
        let mut exit_after = None;
        let mut words = arguments.iter().filter(|word| *word != "--");
        while let Some(word) = words.next() {
            if word == "--exit-after" {
                let seconds = words
                    .next()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| Trouble::Usage("--exit-after wants a number of seconds.".into()))?;
                exit_after = Some(Duration::from_secs(seconds));
            } else {
                andon.push(OsString::from(word));
            }
        }
        if !arguments.iter().any(|word| word == "--plant" || word.starts_with("--plant=")) {
            andon.insert(0, "demo".into());
        }
        Ok(Self { andon, exit_after })
    }
}

/// Shows Andon's lines as they come, and gives them on.
fn relay(running: &mut Running) -> Receiver<String> {
    let (tell, told) = channel();
    let pipe = running.child().stdout.take().expect("its standard output was asked to be a pipe");
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            println!("      {line}");
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    told
}

/// Waits for live values in the window; gives the address where Andon is served, if it is.
fn wait_until_live(
    running: &mut Running,
    lines: &Receiver<String>,
    interrupt: &Interrupt,
) -> Result<Option<String>, Trouble> {
    let started = Instant::now();
    let mut address = None;
    while started.elapsed() < LIVE_LIMIT {
        if interrupt.is_set() {
            return Err(Trouble::Interrupted);
        }
        match lines.recv_timeout(Duration::from_millis(100)) {
            Ok(line) if line == LIVE => return Ok(address),
            Ok(line) => {
                if let Some(served) = line.strip_prefix(SERVED) {
                    address = Some(served.to_owned());
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let status = running.wait(Duration::from_secs(10), interrupt)?;
                return Err(Trouble::Failed("Andon".into(), status));
            }
        }
    }
    Err(Trouble::TimedOut("The first live value in Andon's window".into(), LIVE_LIMIT))
}

fn screenshot(screen: &Virtual, picture: &std::path::Path, interrupt: &Interrupt) -> Result<(), Trouble> {
    let mut scrot = Command::new("scrot");
    scrot.args(["--overwrite", "--silent"]).arg(picture).env("DISPLAY", screen.name());
    process::run(&mut scrot, Duration::from_secs(30), interrupt)
}

/// Keeps Andon running until it ends by itself, is interrupted, or its time is over.
fn watch(
    running: &mut Running,
    lines: &Receiver<String>,
    interrupt: &Interrupt,
    until: Option<Instant>,
) -> Result<ExitCode, Trouble> {
    loop {
        if let Some(status) = running.ended()? {
            return Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        if interrupt.is_set() || until.is_some_and(|until| Instant::now() >= until) {
            println!("Ending Andon.");
            return Ok(ExitCode::SUCCESS);
        }
        match lines.recv_timeout(Duration::from_millis(100)) {
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            // Its standard output is closed: it is about to end.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}
