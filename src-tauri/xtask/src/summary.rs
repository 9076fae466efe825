//! What ran, what passed, what failed, and what could not run and why.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::process::Trouble;

/// How one check went.
enum Outcome {
    Passed,
    PassedBefore,
    Failed(String),
    CouldNotRun(String),
}

/// The checks of one run.
pub struct Summary {
    total: usize,
    started: Instant,
    checks: Vec<(String, Outcome, Duration)>,
}

impl Summary {
    /// `total` checks are to come.
    pub fn new(total: usize) -> Self {
        Self { total, started: Instant::now(), checks: Vec::new() }
    }

    /// Runs a check and notes how it went. Only an interruption ends the whole run.
    pub fn check(&mut self, name: &str, work: impl FnOnce() -> Result<(), Trouble>) -> Result<(), Trouble> {
        self.begin(name);
        let started = Instant::now();
        let outcome = match work() {
            Ok(()) => Outcome::Passed,
            Err(Trouble::Interrupted) => return Err(Trouble::Interrupted),
            Err(trouble) => {
                println!("      FAILED: {trouble}");
                Outcome::Failed(trouble.to_string())
            }
        };
        self.checks.push((name.to_owned(), outcome, started.elapsed()));
        Ok(())
    }

    /// Notes a check that passed on the very same tree before.
    pub fn passed_before(&mut self, name: &str) {
        self.begin(name);
        println!("      passed before, and nothing has changed since (--again does it all the same)");
        self.checks.push((name.to_owned(), Outcome::PassedBefore, Duration::ZERO));
    }

    /// Notes a check that cannot be made on this machine.
    pub fn could_not_run(&mut self, name: &str, why: &str) {
        self.begin(name);
        println!("      could not run: {why}");
        self.checks.push((name.to_owned(), Outcome::CouldNotRun(why.to_owned()), Duration::ZERO));
    }

    /// Prints the table, and as its last line how many passed and failed.
    pub fn finish(self) -> ExitCode {
        println!("\nWhat ran, in {} s:", self.started.elapsed().as_secs());
        let (mut passed, mut failed) = (0, 0);
        for (name, outcome, time) in &self.checks {
            let (word, why) = match outcome {
                Outcome::Passed => {
                    passed += 1;
                    ("passed", "")
                }
                Outcome::PassedBefore => {
                    passed += 1;
                    ("passed before", "")
                }
                Outcome::Failed(why) => {
                    failed += 1;
                    ("FAILED", why.as_str())
                }
                Outcome::CouldNotRun(why) => ("could not run", why.as_str()),
            };
            println!("  {name:<34} {word:<14} {:>7.1} s  {why}", time.as_secs_f64());
        }
        println!("\n{passed} passed, {failed} failed");
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn begin(&self, name: &str) {
        println!("\n[{}/{}] {name}", self.checks.len() + 1, self.total);
    }
}
