//! The fuzz targets: whatever bytes, into everything that reads what comes from outside.
//!
//! What a run found worth keeping stays below the target folder, so that the next one goes on from there; the seeds are in
//! the tree, and every ordinary test run has them too. Without a sanitizer, because the crates forbid `unsafe`: what is
//! looked for are panics, overflows, answers that must not be, and work without a bound. That needs no nightly compiler.

use std::fs;
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::process::{self, Interrupt, Trouble};
use crate::project::Project;
use crate::steps::Steps;
use crate::tools;

/// For each target, where nothing else is said.
const SECONDS: u64 = 600;
/// To build all of them, and to end.
const AROUND: Duration = Duration::from_secs(1_800);

/// Runs one target or all, one after the other.
pub fn fuzz(project: &Project, interrupt: &Interrupt, arguments: &[String]) -> Result<ExitCode, Trouble> {
    let known = targets(project)?;
    let (chosen, seconds) = chosen(arguments, &known)?;
    let mut steps = Steps::new(1 + chosen.len());
    let program = steps.step("cargo fuzz", || tools::cargo_fuzz(project, interrupt))?;
    for target in chosen {
        steps.step(&format!("{target}, {seconds} s"), || {
            let seeds = project.tests().join("fuzz/seeds").join(target);
            let kept = folder(project, "corpus", target)?;
            let found = folder(project, "artifacts", target)?;
            let mut run = Command::new(&program);
            run.current_dir(project.root()).args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir", "tests/fuzz"]);
            run.arg("--target-dir").arg(project.target().join("fuzz")).arg(target).arg(kept).arg(seeds).arg("--");
            run.arg(format!("-max_total_time={seconds}")).arg(format!("-artifact_prefix={found}/"));
            run.args(["-timeout=5", "-rss_limit_mb=1024", "-max_len=65536", "-print_final_stats=1"]);
            process::run(&mut run, Duration::from_secs(seconds) + AROUND, interrupt)
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The names of the targets: each is a file of its own.
fn targets(project: &Project) -> Result<Vec<String>, Trouble> {
    let folder = project.tests().join("fuzz/targets");
    let unreadable = |error| Trouble::Usage(format!("{}: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// What was asked for: which targets, and for how long.
fn chosen<'k>(arguments: &[String], known: &'k [String]) -> Result<(Vec<&'k str>, u64), Trouble> {
    let mut chosen: Vec<&str> = Vec::new();
    let mut seconds = SECONDS;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let number = arguments.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
            seconds = number.ok_or_else(|| Trouble::Usage("--seconds needs a whole number of seconds.".to_owned()))?;
        } else if let Some(target) = known.iter().find(|target| *target == argument) {
            chosen.push(target);
        } else {
            let all = known.join(", ");
            return Err(Trouble::Usage(format!("There is no fuzz target `{argument}`. There are: {all}.")));
        }
    }
    if chosen.is_empty() {
        chosen.extend(known.iter().map(String::as_str));
    }
    Ok((chosen, seconds))
}

fn folder(project: &Project, what: &str, target: &str) -> Result<String, Trouble> {
    let folder = project.target().join("fuzz").join(what).join(target);
    fs::create_dir_all(&folder).map_err(|error| Trouble::Usage(format!("{}: {error}", folder.display())))?;
    Ok(folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_and_a_time_can_be_said_in_either_order() {
        let known = ["one".to_owned(), "two".to_owned()];
        let read = |line: &str| {
            let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            chosen(&words, &known).map_err(|trouble| trouble.to_string())
        };
        assert_eq!(read(""), Ok((vec!["one", "two"], 600)));
        assert_eq!(read("two --seconds 5"), Ok((vec!["two"], 5)));
        assert_eq!(read("--seconds 5 one two"), Ok((vec!["one", "two"], 5)));
        for line in ["three", "--seconds", "--seconds 0", "--seconds x"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
