//! What a formula costs, beside the same calculation in plain Rust over the same readings.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use formula::{Formula, Reading};
use model::{Quality, TagIndex, Value};

const ROUNDS: u32 = 200_000;

fn main() -> io::Result<()> {
    let readings: Vec<Reading> =
        (0..16).map(|i| Reading { value: Some(Value::Float(f64::from(i))), quality: Quality::GOOD }).collect();
    let read = |tag: TagIndex| readings[tag.slot()].clone();
    let resolve = |name: &str| name.strip_prefix('t').and_then(|digits| digits.parse().ok()).map(TagIndex);

    let plain = nanoseconds(|| {
        let (Some(x), Some(limit)) = (read(TagIndex(1)).value, read(TagIndex(2)).value) else { return };
        black_box(x.number() > limit.number());
    });
    let mut out = io::stdout().lock();
    writeln!(out, "plain Rust, t1 > t2: {plain:.0} ns")?;
    for text in [
        "t1 > 80",
        "t1 > t2",
        "t1 > 80 && t2 < 5 || t3 == 4",
        "good(t1) ? max(t1, t2) * 1.5 : t3",
        "(t1 + t2 + t3 + t4 + t5 + t6 + t7 + t8) / 8",
    ] {
        let formula = match Formula::compile(text, &resolve) {
            Ok(formula) => formula,
            Err(error) => return Err(io::Error::other(error)),
        };
        let taken = nanoseconds(|| {
            black_box(formula.evaluate(&read));
        });
        writeln!(out, "{text}: {taken:.0} ns, {:.1} times plain Rust", taken / plain)?;
    }
    let started = Instant::now();
    for _ in 0..200 {
        black_box(Formula::compile("t1 > 80 && t2 < 5 || t3 == 4", &resolve).is_ok());
    }
    writeln!(out, "compiling: {:.0} us", started.elapsed().as_secs_f64() * 1e6 / 200.0)
}

fn nanoseconds(work: impl Fn()) -> f64 {
    for _ in 0..ROUNDS / 10 {
        work();
    }
    let started = Instant::now();
    for _ in 0..ROUNDS {
        work();
    }
    started.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
}
