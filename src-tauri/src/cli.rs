//! What can be typed, and what each of it does.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::data::{self, DataError};
use crate::operate::{self, Served, Showing};
use crate::running::Source;
use crate::{act, check, export, history, import, notifying, secrets};

/// Exit code where another Andon has the data folder.
const IN_USE: u8 = 2;

/// Shows a plant live: machines, trends and alarms, straight from its gateways.
#[derive(Debug, Parser)]
#[command(name = "andon", version, about)]
struct Cli {
    /// Where Andon keeps history, journal and logs.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The plant to show, a folder with a plant.toml; the one shown last if not given.
    #[arg(long, value_name = "DIR")]
    plant: Option<PathBuf>,
    #[command(flatten)]
    beside: Beside,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What else a window may come with.
#[derive(Debug, Args)]
struct Beside {
    /// Serve the same user interface to a browser on this machine too.
    #[arg(long)]
    serve: bool,
    /// The port to serve on; any free one if not given.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the demo plant: a bottling line on this machine.
    Demo(DemoArgs),
    /// Read a plant folder and say everything that is wrong with it.
    Check {
        /// The folder with the plant.toml.
        dir: PathBuf,
    },
    /// Run a plant without a window, for a browser on this machine.
    Serve {
        /// The plant to run, a folder with a plant.toml; the one that ran last if not given.
        #[arg(long, value_name = "DIR")]
        plant: Option<PathBuf>,
        /// The port; any free one if not given.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Keep the passwords and keys that a plant file names.
    #[command(subcommand)]
    Secret(secrets::SecretCommand),
    /// Look after the messages to people who are not at the screen.
    #[command(subcommand)]
    Notify(notifying::NotifyCommand),
    /// Make this station known to the others of its plant.
    #[command(subcommand)]
    Station(secrets::StationCommand),
    /// Look after the history: check it, copy it, put a copy back.
    #[command(subcommand)]
    History(history::HistoryCommand),
    /// Write out what the journal says.
    #[command(subcommand)]
    Journal(Box<export::JournalCommand>),
    /// Write out what history knows, as a file or as a picture.
    Export(Box<export::Export>),
    /// Take the samples of a file into history.
    Import(import::ImportArgs),
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
struct DemoArgs {
    /// Without a window, for a browser on this machine.
    #[arg(long)]
    headless: bool,
    /// Another seed makes another story.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    beside: Beside,
    #[command(subcommand)]
    command: Option<DemoCommand>,
}

#[derive(Debug, Subcommand)]
enum DemoCommand {
    /// Disturb the demo plant that runs now and is served.
    #[command(subcommand)]
    Act(act::Act),
}

/// Does what was typed.
pub fn run() -> ExitCode {
    match carry_out(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            let in_use =
                error.downcast_ref::<DataError>().is_some_and(|error| matches!(error, DataError::InUse { .. }));
            say_why(error.as_ref());
            if in_use { ExitCode::from(IN_USE) } else { ExitCode::FAILURE }
        }
    }
}

fn carry_out(cli: Cli) -> Result<ExitCode, Box<dyn Error>> {
    let Cli { data, plant, beside, command } = cli;
    let served = |port| Served { port };
    let window = |beside: &Beside| Showing::Window { served: beside.serve.then(|| served(beside.port)) };
    match command {
        None => operate::run(Source::plant(plant, data.as_deref())?, data, window(&beside)),
        Some(Command::Demo(DemoArgs { command: Some(DemoCommand::Act(what)), .. })) => {
            act::run(&data.map_or_else(data::demo_default, Ok)?, &what)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Demo(DemoArgs { headless: true, seed, beside, command: None })) => {
            operate::run(Source::Demo { seed }, data, Showing::Headless(served(beside.port)))
        }
        Some(Command::Demo(DemoArgs { headless: false, seed, beside, command: None })) => {
            operate::run(Source::Demo { seed }, data, window(&beside))
        }
        Some(Command::Check { dir }) => Ok(check::run(&dir)),
        Some(Command::Serve { plant, port }) => {
            operate::run(Source::plant(plant, data.as_deref())?, data, Showing::Headless(served(port)))
        }
        Some(Command::Secret(what)) => {
            let folder = data.map_or_else(data::default, Ok)?;
            secrets::run(what, data::last_plant(&folder))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Notify(what)) => {
            let folder = data.map_or_else(data::default, Ok)?;
            notifying::run(what, data::last_plant(&folder))
        }
        Some(Command::Station(what)) => {
            secrets::run_station(&what)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::History(what)) => history::run(data.map_or_else(data::default, Ok)?, &what),
        Some(Command::Journal(what)) => {
            export::run_journal(&data.map_or_else(data::default, Ok)?, &what)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Export(wanted)) => {
            export::run(&data.map_or_else(data::default, Ok)?, *wanted)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Import(wanted)) => import::run(data.map_or_else(data::default, Ok)?, &wanted),
    }
}

/// Prints an error and the chain of its causes, in one line.
pub fn say_why(error: &dyn Error) {
    let mut text = format!("andon: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    // Without anywhere to say it, the exit code has to do.
    let _unheard = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn what_the_readme_shows_is_understood() {
        for line in [
            "andon",
            "andon --plant plants/ulm --data /tmp/a --serve --port 8080",
            "andon demo",
            "andon demo --headless --seed 7 --port 8080 --data /tmp/a",
            "andon demo act jam filler",
            "andon demo act flood --data /tmp/a",
            "andon check plants/ulm",
            "andon serve --plant plants/ulm --port 8080",
            "andon secret set broker --login",
            "andon secret list --plant plants/ulm",
            "andon secret forget broker",
            "andon notify test night-shift --plant plants/ulm",
            "andon station key",
            "andon station key --replace",
            "andon history check",
            "andon history backup /media/stick/andon.backup --data /tmp/a",
            "andon history restore andon.backup",
            "andon export trend --tag a/b --tag c/d --last 8h --png trend.png",
            "andon export trend --tag a/b --from 2026-11-23T06:00 --to 2026-11-23T14:00 --svg trend.svg",
            "andon export --data /tmp/a --tags */filler/*,a/b --last 8h --output -",
            "andon export --tags * --from 2026-11-23T06:00Z --to 2026-11-23T14:00 --format parquet --output a.parquet",
            "andon export --tags * --last 8h --wide --every 15min --zone Europe/Berlin --output a.csv",
            "andon journal export --last 30d --output -",
            "andon journal export --last 8h --kind raised,recurred --priority 1 --equipment ulm/l1 --output a.csv",
            "andon journal export --from 2026-11-23 --to 2026-11-24 --text jam --user ada --alarm a/b --output a.csv",
            "andon import old.csv --data /tmp/a --mapping old.toml --strict",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
        for line in [
            "andon demo --headless act jam filler",
            "andon export trend --png trend.png --last 8h",
            "andon export trend --tag a --last 8h",
            "andon export trend --tag a --last 8h --png a --svg b",
            "andon export trend --tag a --last 8h --from 2026-11-23T06:00 --to 2026-11-23T14:00 --png a",
            "andon export --last 8h --output a.csv",
            "andon export --tags * --output a.csv",
            "andon export --tags * --last 8h",
            "andon export --tags * --last 8h --every 1s --output a.csv",
            "andon export --tags * --last 8h --zone Europe/Ulm --output a.csv",
            "andon export --tags * --last 8h --output a.csv trend --tag a --last 8h --png a.png",
            "andon export",
            "andon journal export --output a.csv",
            "andon journal export --last 8h --kind rose --output a.csv",
            "andon journal export --last 8h --priority 5 --output a.csv",
            "andon import",
            "andon check",
            "andon history backup",
            "andon notify test",
            "andon secret set broker tr0ub4dor",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line} should not be understood");
        }
    }
}
