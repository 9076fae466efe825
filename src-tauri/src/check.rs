//! `andon check DIR`: everything that is wrong with a plant folder, with its place and what to do.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use api::PlantFolder as _;
use engine::SystemClock;
use gateway::Network;
use model::Clock as _;
use plant::{Problem, Severity, TagIndices};

use crate::folder::{Folder, Owner};
use crate::references;
use crate::secrets::Store;

/// Prints the problems, one on two lines; fails if one of them is an error.
pub fn run(dir: &Path) -> ExitCode {
    let network = Arc::new(Network::new(Arc::new(SystemClock)));
    let folder = Folder::new(dir.to_path_buf(), Owner::Person, Arc::clone(&network));
    let mut reading = folder.read(&TagIndices::default());
    if let Some(plant) = &reading.plant {
        let missing =
            references::missing(plant, network.as_ref(), &Store::new(dir.to_path_buf()), SystemClock.now().wall);
        reading.problems.extend(missing);
    }
    for problem in &reading.problems {
        println!("{}", words(problem));
    }
    let errors = reading.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let warnings = reading.problems.len() - errors;
    match &reading.plant {
        Some(plant) => {
            println!(
                "{}: {}, {}, {}; no errors, {}",
                plant.name,
                count(plant.gateways.len(), "gateway"),
                count(plant.tags.len(), "tag"),
                count(plant.alarms.len(), "alarm"),
                count(warnings, "warning")
            );
            ExitCode::SUCCESS
        }
        None => {
            println!("{}, {}: this plant cannot be run", count(errors, "error"), count(warnings, "warning"));
            ExitCode::FAILURE
        }
    }
}

/// A problem as `file:line: error: what is wrong`, and below it what to do.
pub fn words(problem: &Problem) -> String {
    let place = match problem.line {
        0 => problem.file.clone(),
        line => format!("{}:{line}", problem.file),
    };
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    format!("{place}: {severity}: {}\n  {}", problem.message, problem.remedy)
}

pub fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
