//! How fast history takes samples, how small it keeps them and how quickly it answers, beside a plain table in the same run.
//!
//! `cargo xtask bench history` prints a table in Markdown. What is measured can be made smaller or left out:
//! `cargo xtask bench history -- rounds=1 seconds=3600 days=2 year=30 sizes=10,100 peers=0`; a 0 leaves a part out. `plot=FILE.svg`
//! draws the growth. The largest part is the file of 1,000 million samples, which takes 2 GB below the system's temporary folder.
//!
//! `only=prune` removes 50 million samples while others record and look, `prune=MILLIONS` for another number; `only=start` kills
//! a program that writes a file of 10 GB and opens the file, `start=GIGABYTES` for another size.

mod data;
mod growth;
mod ingest;
mod measure;
mod peers;
mod pictures;
mod plain;
mod prune;
mod start;

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use history::{History, Options, Reader, Row, SeriesId};
use model::{Clock, Now, Sample};

use crate::measure::Figures;

/// Points of a trend.
const PIXELS: u32 = 2_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The benchmark asks nothing of time but durations.
struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Now {
        Now::default()
    }
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let said: HashMap<&str, &str> = arguments.iter().filter_map(|argument| argument.split_once('=')).collect();
    let number = |name: &str, default: u32| said.get(name).map_or(Ok(default), |given| given.parse());
    if let Some(path) = said.get("write_on") {
        return start::write_on(Path::new(path), number("from", 0)? as usize);
    }
    let folder = tempfile::tempdir()?;
    let mut figures = Figures::default();
    match said.get("only").copied() {
        Some("prune") => prune::prune(folder.path(), number("prune", 50)?, &mut figures)?,
        Some("start") => start::start(folder.path(), number("start", 10)?, &mut figures)?,
        Some(other) => return Err(format!("there is no part '{other}': `prune` or `start`").into()),
        None => most(folder.path(), &said, &mut figures)?,
    }
    write!(std::io::stdout().lock(), "{}", figures.table())?;
    Ok(())
}

/// What is measured where nothing is said.
fn most(folder: &Path, said: &HashMap<&str, &str>, figures: &mut Figures) -> Outcome<()> {
    let number = |name: &str, default: u32| said.get(name).map_or(Ok(default), |given| given.parse());
    let (rounds, seconds) = (number("rounds", 5)?, number("seconds", 21_600)?);
    if rounds > 0 && seconds > 0 {
        ingest::mix(folder, rounds as usize, seconds, figures)?;
    }
    if seconds > 0 {
        ingest::steady(folder, seconds, figures)?;
    }
    let days = number("days", 30)?;
    if days > 0 {
        pictures::one_tag(folder, days, figures)?;
    }
    let year = number("year", 365)?;
    if year > 0 {
        pictures::year(folder, year, figures)?;
    }
    let sizes = said.get("sizes").copied().unwrap_or("10,100,1000");
    let sizes: Vec<u32> = sizes.split(',').map(str::parse).collect::<Result<_, _>>()?;
    if sizes != [0] {
        let plot = said.get("plot").map(PathBuf::from);
        growth::growth(folder, &sizes, plot.as_deref(), figures)?;
    }
    if number("peers", 1)? > 0 && seconds > 0 && days > 0 {
        peers::peers(folder, seconds, days, figures)?;
    }
    Ok(())
}

fn open(path: &Path) -> Outcome<History> {
    Ok(History::open_with(path, Arc::new(NoClock), Options { retention: None })?)
}

fn look(path: &Path) -> Outcome<Reader> {
    Ok(Reader::open(path, Arc::new(NoClock))?)
}

fn import(history: &History, ids: &[SeriesId], rows: Vec<(usize, Sample)>) -> Outcome<()> {
    Ok(history.import(rows.into_iter().map(|(i, sample)| Row { series: ids[i], sample }).collect())?)
}
