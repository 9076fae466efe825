//! Progress on the screen: each step with its number, its name and how long it took.

use std::time::Instant;

use crate::process::Trouble;

/// Steps of known number, one after the other.
pub struct Steps {
    total: usize,
    done: usize,
}

impl Steps {
    /// `total` steps are to come.
    pub fn new(total: usize) -> Self {
        Self { total, done: 0 }
    }

    /// Says what comes, does it, and says how long it took.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.done += 1;
        println!("[{}/{}] {name}", self.done, self.total);
        let started = Instant::now();
        let result = work()?;
        println!("      done in {:.1} s", started.elapsed().as_secs_f64());
        Ok(result)
    }
}
