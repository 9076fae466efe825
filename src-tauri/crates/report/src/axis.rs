//! A value axis: a range of round numbers, divided into as many parts as its neighbours, so that one grid serves all.

/// A range with its divisions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    /// The lower end.
    pub(crate) low: f64,
    /// Between two grid lines.
    pub(crate) step: f64,
    /// How many parts.
    pub(crate) parts: u32,
}

/// What a step may be, times a power of ten.
const ROUND: [f64; 4] = [1.0, 2.0, 2.5, 5.0];

impl Axis {
    /// The narrowest round range in so many parts that holds `low` to `high`.
    pub(crate) fn around(low: f64, high: f64, parts: u32) -> Self {
        let (low, high) = opened(low, high);
        let wanted = (high - low) / f64::from(parts);
        let power = wanted.log10().floor();
        let steps = (0..3).flat_map(|more| ROUND.map(|round| round * 10_f64.powf(power + f64::from(more))));
        for step in steps.filter(|step| *step >= wanted * 0.999) {
            let floor = (low / step + 1e-9).floor() * step;
            if floor + step * f64::from(parts) >= high - step * 1e-6 {
                return Self { low: floor, step, parts };
            }
        }
        // Only numbers so large that adding a step changes nothing come here.
        Self { low, step: wanted, parts }
    }

    /// Where a value lies, 0 at the lower end and 1 at the upper.
    pub(crate) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.step * f64::from(self.parts))
    }

    /// The number at each division, from below.
    pub(crate) fn labels(&self) -> Vec<String> {
        (0..=self.parts).map(|part| self.written(self.step.mul_add(f64::from(part), self.low))).collect()
    }

    /// A number with as many digits as the step needs.
    fn written(&self, value: f64) -> String {
        let value = if value.abs() < self.step * 1e-6 { 0.0 } else { value };
        if value.abs() >= 1e12 || self.step < 1e-6 {
            return format!("{value:.3e}");
        }
        let decimals = (0..=8).find(|digits| {
            let scaled = self.step * 10_f64.powi(*digits);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        });
        let decimals = usize::try_from(decimals.unwrap_or(8)).unwrap_or(8);
        grouped(&format!("{value:.decimals$}"))
    }
}

/// The range with something between its ends, and finite.
fn opened(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = (low.max(-1e300), high.min(1e300));
    let least = (low.abs().max(high.abs()) * 1e-9).max(1e-9);
    if high - low > least {
        return (low, high);
    }
    let around = if low == 0.0 { 1.0 } else { low.abs() * 0.05 };
    (low - around, high + around)
}

/// Thin spaces between groups of three figures, from five figures on; the sign is a real minus.
pub(crate) fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("−", digits));
    let (whole, rest) = digits.find('.').map_or((digits, ""), |point| digits.split_at(point));
    let mut written = String::from(sign);
    let group = whole.len() > 4 && whole.bytes().all(|byte| byte.is_ascii_digit());
    for (at, figure) in whole.chars().enumerate() {
        if group && at > 0 && (whole.len() - at) % 3 == 0 {
            written.push('\u{a0}');
        }
        written.push(figure);
    }
    written.push_str(rest);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(low: f64, high: f64, expect: &str) {
        assert_eq!(Axis::around(low, high, 5).labels().join(" "), expect, "{low} to {high}");
    }

    #[test]
    fn divisions_are_round_and_hold_the_range() {
        check(0.0, 480.0, "0 100 200 300 400 500");
        check(2.31, 2.52, "2.30 2.35 2.40 2.45 2.50 2.55");
        check(-0.66, -0.6, "−0.66 −0.64 −0.62 −0.60 −0.58 −0.56");
        check(5.0, 5.0, "4.6 4.8 5.0 5.2 5.4 5.6");
        check(0.0, 0.0, "−1.0 −0.5 0.0 0.5 1.0 1.5");
    }

    #[test]
    fn any_finite_range_is_held() {
        for (low, high) in [(0.0, 1e-12), (-1e308, 1e308), (1e15, 1e15 + 1.0), (4.8e9, 4.800_001e9), (-3.3, 7.7)] {
            let axis = Axis::around(low, high, 5);
            assert!(axis.step.is_finite() && axis.step > 0.0, "{low} to {high}: {axis:?}");
            assert!(axis.low <= low.max(-1e300) + axis.step * 1e-6, "{axis:?}");
        }
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(grouped("1204331870"), "1\u{a0}204\u{a0}331\u{a0}870");
        assert_eq!(grouped("-24000.5"), "−24\u{a0}000.5");
        assert_eq!(grouped("4000"), "4000");
    }
}
