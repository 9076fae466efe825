//! The data: a thousand tags at 1 Hz of five kinds, and one tag at 10 Hz with rare spikes, the same on every machine.
//!
//! The mix is 40 % slow walks in steps of 0.1 that move in 2 to 30 % of the seconds, 20 % booleans with a mean dwell of 60 to
//! 1,800 s, 15 % counters that grow by a Poisson number of mean 0.2, 1, 5 or 40 a second, 15 % sines with normal noise of 0.15
//! rounded to hundredths, and 10 % the same as single-precision numbers. All come within the first 20 ms of each second.

use model::{Sample, Timestamp, Value};

/// Tags of the mix.
pub const TAGS: usize = 1_000;
/// Milliseconds since the epoch of the first second.
pub const BEGIN: i64 = 1_700_000_000_000;

/// xorshift64*.
pub struct Random(u64);

/// Tags that report each second.
pub struct Mix {
    random: Random,
    shapes: Vec<Shape>,
    second: i64,
}

enum Shape {
    Walk { at: i32, moves: f64 },
    Switch { on: bool, dwell: f64 },
    Counter { at: i64, rate: f64 },
    Sine { period: f64, rounded: Rounded },
}

#[derive(Clone, Copy)]
enum Rounded {
    Hundredths,
    Single,
}

impl Mix {
    pub fn new(tags: usize) -> Self {
        let mut random = Random(42);
        let shapes = (0..tags).map(|i| Shape::of(i, &mut random)).collect();
        Self { random, shapes, second: 0 }
    }

    /// The same after so many seconds.
    pub fn after(mut self, second: i64) -> Self {
        self.second = second;
        self
    }

    /// What all tags report in the next second, in the order of the tags.
    pub fn second(&mut self) -> impl Iterator<Item = Sample> + '_ {
        let second = self.second;
        self.second += 1;
        let random = &mut self.random;
        self.shapes.iter_mut().map(move |shape| {
            let time = BEGIN + second * 1_000 + i64::from(random.below(20));
            Sample::good(Timestamp::from_millis(time), shape.next(second, random))
        })
    }
}

/// The samples of the tag at 10 Hz, from the epoch on: two sines, noise, and one spike in half a million.
pub fn one() -> impl Iterator<Item = Sample> {
    let mut random = Random(7);
    (0..).map(move |i: i64| {
        let t = to_float(i);
        let turn = std::f64::consts::TAU;
        let spike = if random.uniform() < 2e-6 { if random.uniform() < 0.5 { 60.0 } else { -60.0 } } else { 0.0 };
        let x =
            50.0 + 20.0 * (turn * t / 36_000.0).sin() + 5.0 * (turn * t / 700.0).sin() + 0.15 * random.normal() + spike;
        Sample::good(Timestamp::from_millis(i * 100 + i64::from(random.below(5))), Value::Float(hundredths(x)))
    })
}

fn hundredths(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "sample numbers are far below 2^53")]
fn to_float(i: i64) -> f64 {
    i as f64
}

#[expect(clippy::cast_possible_truncation, reason = "rounding is what is wanted")]
fn single(x: f64) -> f64 {
    f64::from(x as f32)
}

impl Shape {
    fn of(i: usize, random: &mut Random) -> Shape {
        match i % 20 {
            0..8 => Shape::Walk { at: 500, moves: 0.02 + 0.28 * random.uniform() },
            8..12 => Shape::Switch { on: false, dwell: 60.0 + 1_740.0 * random.uniform() },
            12..15 => Shape::Counter {
                at: i64::from(random.below(1_000_000)),
                rate: [0.2, 1.0, 5.0, 40.0][random.below(4) as usize],
            },
            15..18 => Shape::Sine { period: 300.0 + 6_900.0 * random.uniform(), rounded: Rounded::Hundredths },
            _ => Shape::Sine { period: 300.0 + 6_900.0 * random.uniform(), rounded: Rounded::Single },
        }
    }

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
                let x =
                    50.0 + 20.0 * (std::f64::consts::TAU * to_float(second) / *period).sin() + 0.15 * random.normal();
                Value::Float(match rounded {
                    Rounded::Hundredths => hundredths(x),
                    Rounded::Single => single(x),
                })
            }
        }
    }
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

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

    /// Any number; its bits do not pack.
    pub fn number(&mut self) -> f64 {
        f64::from_bits(self.next() & 0x7fdf_ffff_ffff_ffff)
    }

    pub fn below(&mut self, n: u32) -> u32 {
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
