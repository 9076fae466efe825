//! `cargo xtask test`: everything that says whether the tree is sound, each with a bound on its time.
//!
//! A check that fails does not keep the others from running. A check that cannot run here is said, never left out silently,
//! and so is one that is left out because it passed before and nothing has changed since: the tree, the compiler and Node.

use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::packages::Purpose;
use crate::process::{self, Interrupt, Trouble};
use crate::project::Project;
use crate::stamp::Stamp;
use crate::steps::Steps;
use crate::summary::Summary;
use crate::{node, set_up, tools};

/// For what compiles a whole tree on a slow machine.
const LONG: Duration = Duration::from_secs(2400);
/// For the building and all figures; the history's take an hour.
const BENCHMARKS: Duration = Duration::from_secs(3 * 3600);
/// For faults at full length: some of them last ten minutes.
const FAULTS: Duration = Duration::from_secs(3 * 3600);
/// For what only reads.
const SHORT: Duration = Duration::from_secs(300);

/// A check: its name, its bound, and how to make the command that does it.
type Check<'a> = (&'static str, Duration, Box<dyn Fn() -> Result<Command, Trouble> + 'a>);

/// What the checks make or only keep for themselves: no part of what they check.
const NOT_CHECKED: [&str; 8] =
    [".git", "target", "node_modules", "dist", "gen", "permissions", "results", "__pycache__"];

/// Sets up and checks. `arguments` may name the checks that are wanted, and say `--again`.
pub fn test(project: &Project, interrupt: &Interrupt, arguments: &[String]) -> Result<ExitCode, Trouble> {
    let again = arguments.iter().any(|argument| argument == "--again");
    let only = arguments.iter().map(String::as_str).find(|argument| *argument != "--again");
    let mut steps = set_up(project, interrupt, Purpose::Test, 3)?;
    set_up_tools(project, interrupt, &mut steps)?;

    let checks: Vec<Check<'_>> =
        all(project).into_iter().filter(|(name, ..)| only.is_none_or(|only| name.contains(only))).collect();
    let with_deny = only.is_none_or(|only| "cargo deny".contains(only));
    let mut summary = Summary::new(checks.len() + if with_deny { 2 } else { 0 });
    for (name, limit, command) in checks {
        let stamp = stamp(project, name)?;
        if stamp.is_current() && !again {
            summary.passed_before(name);
            continue;
        }
        summary.check(name, || {
            process::run(&mut command()?, limit, interrupt)?;
            stamp.set()
        })?;
    }
    if with_deny {
        deny(project, interrupt, &mut summary)?;
    }
    Ok(summary.finish())
}

/// What a check depends on: everything in the tree, and what compiles and runs it.
fn stamp(project: &Project, check: &str) -> Result<Stamp, Trouble> {
    let version = |program: &str| process::answer(Command::new(program).arg("--version")).unwrap_or_default();
    let stamp = Stamp::new(project, &format!("passed {check}"));
    stamp.text(&version("rustc")).text(&version("node")).tree(project.root(), &NOT_CHECKED)
}

/// The benchmarks of all crates that have some, or those of one name. The window and the tests around it have none, and
/// leaving them out spares building them once more for speed.
pub fn bench(project: &Project, interrupt: &Interrupt, arguments: &[String]) -> Result<(), Trouble> {
    let mut command = project.cargo();
    let (only, rest) = arguments.split_first().map_or(("*", &[][..]), |(only, rest)| (only.as_str(), rest));
    command.args(["bench", "--workspace", "--bench", only, "--locked"]);
    for without in ["andon", "window", "tidy", "xtask"] {
        command.args(["--exclude", without]);
    }
    command.args(rest);
    process::run(&mut command, BENCHMARKS, interrupt)
}

/// The tests with real peers and faults at full length, one after the other, as `docs/faults.md` reports them.
pub fn faults(project: &Project, interrupt: &Interrupt, only: Option<&str>) -> Result<(), Trouble> {
    let history = ["--package", "history", "--test", "crash", "--test", "long_reader"];
    for tests in [&["--package", "field"][..], &["--package", "disk"], &history] {
        let mut command = project.cargo();
        command.args(["test", "--locked", "--no-fail-fast"]).args(tests).args(["--", "--test-threads", "1"]);
        command.args(only).env("ANDON_FAULTS", "long");
        process::run(&mut command, FAULTS, interrupt)?;
    }
    Ok(())
}

fn set_up_tools(project: &Project, interrupt: &Interrupt, steps: &mut Steps) -> Result<(), Trouble> {
    steps.step("Packages of the journeys", || node::install(project, &project.tests(), interrupt))?;
    steps.step("Packages of the field tests' peers", || {
        node::install(project, &project.tests().join("field/peers"), interrupt)
    })?;
    steps.step("Driver of the real window", || tools::tauri_driver(project, interrupt))?;
    Ok(())
}

fn all(project: &Project) -> Vec<Check<'_>> {
    let cargo = move |arguments: &'static [&'static str]| -> Box<dyn Fn() -> Result<Command, Trouble>> {
        Box::new(move || {
            let mut command = project.cargo();
            command.args(arguments);
            Ok(command)
        })
    };
    let ui = move |script: &'static str| -> Box<dyn Fn() -> Result<Command, Trouble>> {
        Box::new(move || {
            let mut command = node::npm(&project.ui());
            command.args(["run", script]);
            Ok(command)
        })
    };
    vec![
        ("rustfmt", SHORT, cargo(&["fmt", "--all", "--check"])),
        // The tests come before clippy: they build the program that the journeys and the window test start.
        ("cargo test", LONG, cargo(&["test", "--workspace", "--no-fail-fast", "--exclude", "window", "--locked"])),
        ("clippy", LONG, cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"])),
        ("UI format", SHORT, ui("format:check")),
        ("UI lint", SHORT, ui("lint")),
        ("UI types", SHORT, ui("check")),
        ("UI tests", SHORT, ui("test")),
        (
            "journeys types",
            SHORT,
            Box::new(move || {
                let mut command = node::npm(&project.tests());
                command.args(["run", "check"]);
                Ok(command)
            }),
        ),
        ("browser journeys", Duration::from_secs(1200), Box::new(move || node::journeys(project, "test"))),
        (
            "real window",
            Duration::from_secs(1200),
            Box::new(move || {
                let mut command = project.cargo();
                command.args(["test", "--package", "window", "--locked", "--", "--test-threads", "1"]);
                command.env("ANDON_BIN", project.andon());
                command.env("ANDON_TAURI_DRIVER", project.tools().join("bin/tauri-driver"));
                Ok(command)
            }),
        ),
    ]
}

fn deny(project: &Project, interrupt: &Interrupt, summary: &mut Summary) -> Result<(), Trouble> {
    let (rules, advisories) = ("cargo deny: licences, bans, sources", "cargo deny: advisories");
    if tools::deny().is_none() {
        for name in [rules, advisories] {
            summary.could_not_run(name, "cargo-deny is not installed");
        }
        return Ok(());
    }
    let deny = |arguments: &[&str]| {
        let mut command = project.cargo();
        command.arg("deny").args(arguments);
        process::run(&mut command, SHORT, interrupt)
    };
    summary.check(rules, || deny(&["check", "licenses", "bans", "sources"]))?;
    match deny(&["fetch", "db"]) {
        Err(Trouble::Interrupted) => Err(Trouble::Interrupted),
        Err(_) => {
            summary.could_not_run(advisories, "the database of advisories could not be had");
            Ok(())
        }
        Ok(()) => summary.check(advisories, || deny(&["check", "--disable-fetch", "advisories"])),
    }
}
