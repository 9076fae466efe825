//! The demo's randomness: SplitMix64, small, seeded and the same on every machine.
//!
//! Not for secrets. A crate's generator may change its stream between versions; the demo's past must not.

use serde::{Deserialize, Serialize};

/// A stream of pseudo-random numbers (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Evenly spread in `0..1`, 1 excluded.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Evenly spread between two numbers.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Bell-shaped around 0 with a spread of about 1, and never beyond 3.
    pub fn bell(&mut self) -> f64 {
        2.0 * (self.unit() + self.unit() + self.unit()) - 3.0
    }

    /// Whether something that happens every `mean_s` seconds on average happens within `dt` seconds.
    pub fn happens(&mut self, mean_s: f64, dt: f64) -> bool {
        self.unit() < dt / mean_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_that_of_the_publication() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317, "first number of the reference implementation");
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn numbers_stay_in_their_bounds() {
        let mut random = Random::new(7);
        let mut sum = 0.0;
        for _ in 0..10_000 {
            let x = random.bell();
            assert!(x.abs() <= 3.0);
            sum += x;
            assert!((2.0..5.0).contains(&random.between(2.0, 5.0)));
        }
        assert!((sum / 10_000.0).abs() < 0.05, "bell is centred");
    }
}
