//! Quality of a value, as an OPC UA status code.
//!
//! Source: OPC UA Part 8, A.3.2.3 and 7.3.2, and the published `StatusCode.csv`. The severity is in the top two bits.

use serde::{Deserialize, Serialize};

/// An OPC UA status code: 32 bits, severity in the top two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quality(u32);

/// How far a value can be trusted. Ordered from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The value is what the source says it is.
    Good,
    /// The value may be of use, with care: old, substituted or out of its range.
    Uncertain,
    /// There is no usable value.
    Bad,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $words:literal;)*) => {
        impl Quality {
            $(#[doc = concat!("OPC UA ", stringify!($code), ": ", $words, ".")]
            pub const $name: Quality = Quality($code);)*

            /// The reason in a few words, for a person.
            pub fn words(self) -> &'static str {
                match self {
                    $(Quality::$name => $words,)*
                    _ => match self.severity() {
                        Severity::Good => "good",
                        Severity::Uncertain => "uncertain",
                        Severity::Bad => "bad",
                    },
                }
            }
        }
    };
}

codes! {
    GOOD = 0x0000_0000, "good";
    GOOD_LOCAL_OVERRIDE = 0x0096_0000, "set by hand";
    UNCERTAIN = 0x4000_0000, "uncertain";
    STALE = 0x408F_0000, "stale: the source is silent or not connected";
    UNCERTAIN_LAST_USABLE = 0x4090_0000, "last usable value";
    UNCERTAIN_SUBSTITUTE = 0x4091_0000, "substituted value";
    UNCERTAIN_INITIAL = 0x4092_0000, "first value, not confirmed yet";
    UNCERTAIN_SENSOR = 0x4093_0000, "the sensor is not accurate";
    UNCERTAIN_RANGE = 0x4094_0000, "outside the engineering range";
    UNCERTAIN_SUBNORMAL = 0x4095_0000, "from fewer sources than it needs";
    UNCERTAIN_SIMULATED = 0x4209_0000, "simulated value";
    BAD = 0x8000_0000, "bad";
    BAD_COMMUNICATION = 0x8005_0000, "communication error";
    BAD_DECODING = 0x8007_0000, "not understood: the value could not be decoded";
    BAD_TIMEOUT = 0x800A_0000, "no answer in time";
    BAD_ACCESS_DENIED = 0x801F_0000, "not authorised to read it";
    BAD_TYPE = 0x8074_0000, "not of the declared type";
    BAD_NO_COMMUNICATION = 0x8031_0000, "no communication";
    BAD_WAITING = 0x8032_0000, "waiting for the first value";
    BAD_OUT_OF_RANGE = 0x803C_0000, "out of range: not a finite number";
    BAD_CONFIGURATION = 0x8089_0000, "configuration error";
    BAD_NOT_CONNECTED = 0x808A_0000, "not connected";
    BAD_DEVICE_FAILURE = 0x808B_0000, "device failure";
    BAD_SENSOR_FAILURE = 0x808C_0000, "sensor failure";
    BAD_OUT_OF_SERVICE = 0x808D_0000, "out of service";
    BAD_NO_DATA = 0x809B_0000, "no data";
}

impl Quality {
    /// From a status code as it travels and is stored.
    pub const fn from_code(code: u32) -> Self {
        Self(code)
    }

    /// The status code.
    pub const fn code(self) -> u32 {
        self.0
    }

    /// Good, uncertain or bad. The reserved pattern counts as bad.
    pub const fn severity(self) -> Severity {
        match self.0 >> 30 {
            0 => Severity::Good,
            1 => Severity::Uncertain,
            _ => Severity::Bad,
        }
    }

    /// Whether the severity is good.
    pub const fn is_good(self) -> bool {
        self.0 >> 30 == 0
    }

    /// Whether the severity is bad.
    pub const fn is_bad(self) -> bool {
        self.0 >> 31 == 1
    }

    /// The worse of the two; of two equally severe ones, `self`. A calculated tag has the worst of its inputs.
    #[must_use]
    pub fn worst(self, other: Quality) -> Quality {
        if other.severity() > self.severity() { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_follows_the_top_two_bits() {
        assert_eq!(Quality::GOOD_LOCAL_OVERRIDE.severity(), Severity::Good);
        assert_eq!(Quality::STALE.severity(), Severity::Uncertain);
        assert_eq!(Quality::BAD_TIMEOUT.severity(), Severity::Bad);
        assert_eq!(
            Quality::from_code(0xC000_0000).severity(),
            Severity::Bad,
            "the reserved pattern is not to be trusted"
        );
    }

    #[test]
    fn worst_is_never_better_than_either() {
        let all = [Quality::GOOD, Quality::STALE, Quality::BAD_TIMEOUT, Quality::UNCERTAIN_RANGE, Quality::BAD_TYPE];
        for a in all {
            for b in all {
                assert!(a.worst(b).severity() >= a.severity().max(b.severity()), "{a:?} with {b:?}");
            }
        }
    }
}
