//! The project's own commands: everything a newcomer or a build server types, written once.
//!
//! `cargo xtask run` and `cargo xtask test` install what is missing, build, and then run or check Andon. Whatever was done
//! before is not done again: see `stamp`. You do *not* need this crate to build Andon by hand once its packages are there.
//!
//! **Invariant:** it depends on nothing heavy, so that the first line of progress is on the screen seconds after the
//! command was typed; and every child process has a bound on its time and ends when this one is interrupted.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "saying what is being done is this program's work")]

mod checks;
mod display;
mod fuzz;
mod icons;
mod node;
mod packages;
mod process;
mod project;
mod run;
mod stamp;
mod steps;
mod summary;
mod tools;

use std::process::ExitCode;

use crate::packages::Purpose;
use crate::process::{Interrupt, Trouble};
use crate::project::Project;
use crate::steps::Steps;

const HELP: &str = "\
cargo xtask COMMAND

  run [-- ARGS]  set up, build, and open Andon on the demo plant; ARGS go to Andon
                   -- --plant DIR        a plant of your own instead of the demo
                   -- --exit-after SEC   end by itself after so many seconds
  test [NAME]    set up, then every check, or only those whose name has NAME in it; what passed
                 on the very same tree before is not done again
                   --again               do it all the same
  bench [NAME]   the benchmarks, or only those of this name, such as `gateways` or `history`
                   -- ARGS               what the benchmark takes, such as `rounds=1`
  faults [NAME]  the faults of docs/faults.md at full length, or only those whose name has NAME in it
  fuzz [TARGET]  whatever bytes, into everything that reads what comes from outside
                   --seconds N           for so long each, 600 if not said
  screenshots    pictures of every screen in both themes, to look at
  pictures       the pictures that the README shows
  setup          only install what is missing
  ui             only build the user interface
  icons          make the icon files from icons/andon.svg
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match command(&arguments) {
        Ok(code) => code,
        Err(trouble) => {
            eprintln!("\n{trouble}");
            ExitCode::FAILURE
        }
    }
}

fn command(arguments: &[String]) -> Result<ExitCode, Trouble> {
    let Some((name, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(ExitCode::FAILURE);
    };
    let project = Project::find()?;
    let interrupt = Interrupt::listen()?;
    match name.as_str() {
        "run" => run::run(&project, &interrupt, rest),
        "test" => checks::test(&project, &interrupt, rest),
        "bench" => bench(&project, &interrupt, rest),
        "faults" => {
            let mut steps = Steps::new(2);
            steps.step("System packages", || packages::install(&project, Purpose::Test, &interrupt))?;
            steps.step("Faults", || checks::faults(&project, &interrupt, rest.first().map(String::as_str)))?;
            Ok(ExitCode::SUCCESS)
        }
        "fuzz" => fuzz::fuzz(&project, &interrupt, rest),
        "screenshots" | "pictures" => {
            let purpose = if name == "pictures" { Purpose::Pictures } else { Purpose::Test };
            let mut steps = set_up(&project, &interrupt, purpose, 3)?;
            steps.step("Packages of the journeys", || node::install(&project, &project.tests(), &interrupt))?;
            steps.step("Andon", || run::build(&project, &interrupt))?;
            steps.step("Pictures", || node::screenshots(&project, &interrupt, name))?;
            Ok(ExitCode::SUCCESS)
        }
        "setup" => set_up(&project, &interrupt, Purpose::Test, 0).map(|_| ExitCode::SUCCESS),
        "ui" => {
            let mut steps = Steps::new(2);
            node::build_ui(&project, &interrupt, &mut steps)?;
            Ok(ExitCode::SUCCESS)
        }
        "icons" => icons::make(&project, &interrupt).map(|()| ExitCode::SUCCESS),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        other => Err(Trouble::Usage(format!("There is no command `{other}`.\n\n{HELP}"))),
    }
}

/// The benchmarks, and where those of the alarms are wanted, what a browser makes of ten thousand of them.
fn bench(project: &Project, interrupt: &Interrupt, arguments: &[String]) -> Result<ExitCode, Trouble> {
    if arguments.first().is_some_and(|name| name != "alarms") {
        let mut steps = Steps::new(2);
        steps.step("System packages", || packages::install(project, Purpose::Run, interrupt))?;
        steps.step("Benchmarks", || checks::bench(project, interrupt, arguments))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut steps = set_up(project, interrupt, Purpose::Test, 4)?;
    steps.step("Benchmarks", || checks::bench(project, interrupt, arguments))?;
    steps.step("Packages of the journeys", || node::install(project, &project.tests(), interrupt))?;
    steps.step("Andon", || run::build(project, interrupt))?;
    steps.step("Ten thousand alarms in a browser", || node::figures(project, interrupt))?;
    Ok(ExitCode::SUCCESS)
}

/// What every command starts with: system packages, the UI's packages, and the UI itself, which is built into Andon.
fn set_up(project: &Project, interrupt: &Interrupt, purpose: Purpose, more: usize) -> Result<Steps, Trouble> {
    let mut steps = Steps::new(3 + more);
    steps.step("System packages", || packages::install(project, purpose, interrupt))?;
    node::build_ui(project, interrupt, &mut steps)?;
    Ok(steps)
}
