//! The same samples in other stores, by a script in Python: DuckDB from PyPI, and VictoriaMetrics where it is installed.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use model::Sample;

use crate::Outcome;
use crate::data::{Mix, TAGS, one};
use crate::measure::Figures;

/// Versions that the script was written for.
const PACKAGES: [&str; 2] = ["duckdb==2.0.1", "numpy==2.4.6"];

/// Hands the mix of so many seconds and the one tag of so many days to each peer. What cannot be run says so.
pub fn peers(folder: &Path, seconds: u32, days: u32, figures: &mut Figures) -> Outcome<()> {
    let python = match python() {
        Ok(python) => python,
        Err(error) => {
            figures.put("peers", format!("not run: {error}"));
            return Ok(());
        }
    };
    let (mix, one_tag) = (folder.join("mix.bin"), folder.join("one.bin"));
    write_mix(&mix, seconds)?;
    write_one(&one_tag, days)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/history/peers.py");
    for name in ["duckdb", "victoria-metrics"] {
        let own = folder.join(name);
        fs::create_dir(&own)?;
        let ran = Command::new(&python).arg(&script).arg(name).args([&mix, &one_tag, &own]).output()?;
        for line in String::from_utf8_lossy(&ran.stdout).lines() {
            let (what, figure) = line.split_once('\t').unwrap_or((name, line));
            figures.put(what, figure);
        }
        if !ran.status.success() {
            let words = String::from_utf8_lossy(&ran.stderr);
            figures.put(name, format!("not run to the end: {}", words.lines().last().unwrap_or_default()));
        }
        fs::remove_dir_all(&own)?;
    }
    fs::remove_file(&mix)?;
    fs::remove_file(&one_tag)?;
    Ok(())
}

/// A Python that has the packages: the one that `ANDON_PYTHON` names, or one made in the target folder.
fn python() -> Outcome<PathBuf> {
    if let Some(named) = std::env::var_os("ANDON_PYTHON") {
        return Ok(named.into());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/bench-venv");
    let python = folder.join("bin/python");
    if !python.exists() && !Command::new("python3").args(["-m", "venv"]).arg(&folder).status()?.success() {
        return Err("no Python environment can be made: apt-get install python3-venv".into());
    }
    let install = Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES).status()?;
    if install.success() { Ok(python) } else { Err("the packages cannot be installed".into()) }
}

fn write_mix(path: &Path, seconds: u32) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut mix = Mix::new(TAGS);
    for _ in 0..seconds {
        for (tag, sample) in mix.second().enumerate() {
            write_sample(&mut file, u32::try_from(tag)?, &sample)?;
        }
    }
    Ok(file.flush()?)
}

fn write_one(path: &Path, days: u32) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for sample in one().take(days as usize * 864_000) {
        write_sample(&mut file, 0, &sample)?;
    }
    Ok(file.flush()?)
}

fn write_sample(file: &mut impl Write, tag: u32, sample: &Sample) -> Outcome<()> {
    file.write_all(&tag.to_le_bytes())?;
    file.write_all(&sample.time.millis().to_le_bytes())?;
    Ok(file.write_all(&sample.number().unwrap_or(f64::NAN).to_le_bytes())?)
}
