//! Ingest and pictures of long spans, as ratios against a plain table of `(tag, time, value)` in the same run.
//!
//! The data: a thousand tags at 1 Hz of five kinds (slow walks in steps of 0.1, booleans, counters, a noisy sine rounded
//! and not), and one tag at 10 Hz with rare spikes. `cargo bench -p history -- SECONDS DAYS` chooses how much: seconds of
//! the mix (600) and days of the one tag (2). The largest sizes are 21600 and 30.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use history::{History, Options, Row, Span};
use model::{Clock, Now, Sample, Timestamp, Value};
use rusqlite::{Connection, TransactionBehavior, params};

const TAGS: usize = 1000;
const BATCH: usize = 10_000;
const PIXELS: u32 = 2000;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The benchmark asks nothing of time but durations.
struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Now {
        Now::default()
    }
}

/// xorshift64*: the same numbers on every machine.
struct Random(u64);

/// One tag of the mix.
enum Shape {
    Walk { at: i32, moves: f64 },
    Switch { on: bool, dwell: f64 },
    Counter { at: i64, rate: f64 },
    Sine { period: f64, rounded: Rounded },
}

enum Rounded {
    Hundredths,
    Single,
}

/// One figure of ours beside the plain table's.
struct Figure {
    what: String,
    ours: f64,
    plain: f64,
    unit: &'static str,
    /// Whether more is better.
    better: Better,
}

enum Better {
    More,
    Less,
}

fn main() -> Outcome<()> {
    let sizes: Vec<i64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let seconds = sizes.first().copied().unwrap_or(600);
    let days = sizes.get(1).copied().unwrap_or(2);
    let folder = tempfile::tempdir()?;
    let mut figures = mix(folder.path(), seconds)?;
    figures.extend(one(folder.path(), days)?);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:<44} {:>12} {:>12} {:>7}", "", "history", "plain table", "ratio")?;
    for figure in figures {
        let ratio = match figure.better {
            Better::More => figure.ours / figure.plain,
            Better::Less => figure.plain / figure.ours,
        };
        let Figure { what, ours, plain, unit, .. } = figure;
        writeln!(out, "{:<44} {ours:>12.1} {plain:>12.1} {ratio:>7.2}", format!("{what}, {unit}"))?;
    }
    Ok(())
}

/// Ingest of the mix, and what it takes on disk.
fn mix(folder: &Path, seconds: i64) -> Outcome<Vec<Figure>> {
    let rows = u32::try_from(seconds)? * u32::try_from(TAGS)?;
    let (ours, plain) = (folder.join("mix.sqlite"), folder.join("plain.sqlite"));
    let ours_took = {
        let history = open(&ours)?;
        let names: Vec<String> = (0..TAGS).map(|i| format!("site/area/line/machine{}/tag{i}", i % 50)).collect();
        let ids = history.series(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let mut waiting = Vec::new();
        let store = |rows: Vec<Row>| -> Outcome<Duration> {
            let begun = Instant::now();
            history.record(rows);
            history.flush()?;
            Ok(begun.elapsed())
        };
        let recorded = generate(seconds, |second| {
            waiting.extend(second.iter().map(|(i, sample)| Row { series: ids[*i], sample: sample.clone() }));
            if waiting.len() < BATCH { Ok(Duration::ZERO) } else { store(std::mem::take(&mut waiting)) }
        })?;
        let took = recorded + store(waiting)?;
        let status = history.status();
        assert_eq!((status.written, status.dropped), (u64::from(rows), 0), "everything is stored");
        took
    };
    let plain_took = {
        let mut table = open_plain(&plain)?;
        let mut waiting = Vec::new();
        let recorded = generate(seconds, |second| {
            waiting.extend_from_slice(second);
            if waiting.len() < BATCH {
                return Ok(Duration::ZERO);
            }
            let begun = Instant::now();
            insert_plain(&mut table, &waiting)?;
            waiting.clear();
            Ok(begun.elapsed())
        })?;
        let begun = Instant::now();
        insert_plain(&mut table, &waiting)?;
        recorded + begun.elapsed()
    };
    let rate = |took: Duration| f64::from(rows) / took.as_secs_f64() / 1000.0;
    let bytes = |path: &Path| -> Outcome<f64> { Ok(size(path)? / f64::from(rows)) };
    Ok(vec![
        Figure {
            what: format!("mix, {rows} samples: ingest to disk"),
            ours: rate(ours_took),
            plain: rate(plain_took),
            unit: "1000/s",
            better: Better::More,
        },
        Figure {
            what: "mix: size".to_owned(),
            ours: bytes(&ours)?,
            plain: bytes(&plain)?,
            unit: "bytes/sample",
            better: Better::Less,
        },
    ])
}

/// A picture of one tag at 10 Hz, warm: the median of five.
fn one(folder: &Path, days: i64) -> Outcome<Vec<Figure>> {
    let (ours, plain) = (folder.join("one.sqlite"), folder.join("plain-one.sqlite"));
    let history = open(&ours)?;
    let id = history.series(&["one"])[0];
    let mut table = open_plain(&plain)?;
    let mut random = Random(7);
    let count = days * 864_000;
    let mut rows = Vec::new();
    for i in 0..count {
        rows.push(Row { series: id, sample: noisy_sine(&mut random, i) });
        if rows.len() == 100_000 || i + 1 == count {
            insert_plain(&mut table, &rows.iter().map(|row| (0, row.sample.clone())).collect::<Vec<_>>())?;
            history.import(std::mem::take(&mut rows))?;
        }
    }
    let span = Span { from: Timestamp::from_millis(0), to: Timestamp::from_millis(count * 100) };
    let reader = history.reader();
    let ours_took = median(|| {
        assert!(reader.minmax(id, span, PIXELS)?.len() >= PIXELS as usize, "a full picture");
        Ok(())
    })?;
    let width = span.to.millis() / i64::from(PIXELS);
    let plain_took = median(|| {
        let mut statement = table
            .prepare_cached("SELECT time / ?1, min(value), max(value) FROM samples WHERE tag = 0 GROUP BY time / ?1")?;
        let columns = statement.query_map(params![width], |row| row.get::<_, f64>(1))?.count();
        assert!(columns >= PIXELS as usize, "a full picture");
        Ok(())
    })?;
    let ids = vec![id; 2000];
    let instant = median(|| {
        reader.at(&ids, Timestamp::from_millis(count * 50))?;
        Ok(())
    })?;
    let plain_instant = median(|| {
        let mut statement = table.prepare_cached(
            "SELECT time, value FROM samples WHERE tag = 0 AND time <= ?1 ORDER BY time DESC LIMIT 1",
        )?;
        for _ in &ids {
            statement.query_row(params![count * 50], |row| row.get::<_, i64>(0))?;
        }
        Ok(())
    })?;
    let ms = |took: Duration| took.as_secs_f64() * 1000.0;
    let figure =
        |what, ours, plain| Figure { what, ours: ms(ours), plain: ms(plain), unit: "ms", better: Better::Less };
    Ok(vec![
        figure(format!("{days} days at 10 Hz to {PIXELS} pixels"), ours_took, plain_took),
        figure("2,000 values at an instant".to_owned(), instant, plain_instant),
    ])
}

fn open(path: &Path) -> Outcome<History> {
    Ok(History::open_with(path, Arc::new(NoClock), Options { retention: None })?)
}

fn open_plain(path: &Path) -> Outcome<Connection> {
    let table = Connection::open(path)?;
    table.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE samples (tag INTEGER, time INTEGER, value REAL, PRIMARY KEY (tag, time)) WITHOUT ROWID;",
    )?;
    Ok(table)
}

fn insert_plain(table: &mut Connection, samples: &[(usize, Sample)]) -> Outcome<()> {
    let transaction = table.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO samples VALUES (?1, ?2, ?3)")?;
        for (tag, sample) in samples {
            insert.execute(params![i64::try_from(*tag)?, sample.time.millis(), sample.number()])?;
        }
    }
    transaction.commit()?;
    Ok(())
}

fn size(path: &Path) -> Outcome<f64> {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    Ok(std::fs::metadata(path)?.len() as f64)
}

fn median(mut work: impl FnMut() -> Outcome<()>) -> Outcome<Duration> {
    let mut took = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        work()?;
        took.push(begun.elapsed());
    }
    took.sort();
    Ok(took[2])
}

/// Hands over the mix second by second and adds up what taking it took, so that making it is not measured.
fn generate(seconds: i64, mut take: impl FnMut(&[(usize, Sample)]) -> Outcome<Duration>) -> Outcome<Duration> {
    let mut random = Random(42);
    let mut shapes: Vec<Shape> = (0..TAGS).map(|i| Shape::of(i, &mut random)).collect();
    let mut took = Duration::ZERO;
    for second in 0..seconds {
        let samples: Vec<(usize, Sample)> = shapes
            .iter_mut()
            .enumerate()
            .map(|(i, shape)| {
                let time = 1_700_000_000_000 + second * 1000 + i64::from(random.below(20));
                (i, Sample::good(Timestamp::from_millis(time), shape.next(second, &mut random)))
            })
            .collect();
        took += take(&samples)?;
    }
    Ok(took)
}

#[expect(clippy::cast_precision_loss, reason = "sample numbers are far below 2^53")]
fn noisy_sine(random: &mut Random, i: i64) -> Sample {
    let t = i as f64;
    let turn = std::f64::consts::TAU;
    let spike = if random.uniform() < 2e-6 { if random.uniform() < 0.5 { 60.0 } else { -60.0 } } else { 0.0 };
    let x = 50.0 + 20.0 * (turn * t / 36_000.0).sin() + 5.0 * (turn * t / 700.0).sin() + 0.15 * random.normal() + spike;
    Sample::good(Timestamp::from_millis(i * 100 + i64::from(random.below(5))), Value::Float(hundredths(x)))
}

fn hundredths(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

impl Shape {
    fn of(i: usize, random: &mut Random) -> Shape {
        match i % 20 {
            0..8 => Shape::Walk { at: 500, moves: 0.02 + 0.28 * random.uniform() },
            8..12 => Shape::Switch { on: false, dwell: 60.0 + 1740.0 * random.uniform() },
            12..15 => Shape::Counter {
                at: i64::from(random.below(1_000_000)),
                rate: [0.2, 1.0, 5.0, 40.0][random.below(4) as usize],
            },
            15..18 => Shape::Sine { period: 300.0 + 6900.0 * random.uniform(), rounded: Rounded::Hundredths },
            _ => Shape::Sine { period: 300.0 + 6900.0 * random.uniform(), rounded: Rounded::Single },
        }
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "numbers of a few digits")]
    fn next(&mut self, second: i64, random: &mut Random) -> Value {
        match self {
            Shape::Walk { at, moves } => {
                if random.uniform() < *moves {
                    *at += if random.uniform() < 0.5 { 1 } else { -1 };
                }
                Value::Float(f64::from(*at) / 10.0)
            }
            Shape::Switch { on, dwell } => {
                *on ^= random.uniform() < 1.0 / *dwell;
                Value::Bool(*on)
            }
            Shape::Counter { at, rate } => {
                *at += i64::from(random.poisson(*rate));
                Value::Int(*at)
            }
            Shape::Sine { period, rounded } => {
                let x = 50.0 + 20.0 * (std::f64::consts::TAU * second as f64 / *period).sin() + 0.15 * random.normal();
                Value::Float(match rounded {
                    Rounded::Hundredths => hundredths(x),
                    Rounded::Single => f64::from(x as f32),
                })
            }
        }
    }
}

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0 up to 1.
    fn uniform(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).expect("32 bits are left")) / 4_294_967_296.0
    }

    fn below(&mut self, n: u32) -> u32 {
        u32::try_from((u64::from(n) * (self.next() >> 32)) >> 32).expect("less than n")
    }

    /// Box and Muller's method.
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Knuth's method, for small means.
    fn poisson(&mut self, mean: f64) -> u32 {
        let limit = (-mean).exp();
        let (mut n, mut p) = (0, self.uniform());
        while p > limit {
            n += 1;
            p *= self.uniform();
        }
        n
    }
}
