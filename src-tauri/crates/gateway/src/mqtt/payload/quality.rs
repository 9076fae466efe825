//! How far a source trusts its own value, from its words to a status code.
//!
//! Sources: OPC Data Access 3.0, 6.8 (the byte QQSSSSLL); OPC UA Part 8, 7.3.2, and Part 8, A.3.2.3, for what the one is in the other.

use model::Quality;

use super::leaf::Leaf;

/// Where a message says how good its value is, and how it says so.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::mqtt) struct SourceQuality {
    pub(in crate::mqtt) pointer: String,
    pub(in crate::mqtt) words: Qualities,
}

/// How a source writes quality.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::mqtt) enum Qualities {
    /// The byte of OPC Data Access; 192 is good.
    OpcDa,
    /// A status code of OPC UA; 0 is good.
    OpcUa,
    /// `good`, `uncertain`, `bad`, or the name of a status code.
    Words,
    /// True is good, false is bad.
    Boolean,
    /// What the plant file lists.
    Listed(Vec<(Word, Quality)>),
}

/// One of the things a source may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mqtt) enum Word {
    Bool(bool),
    Int(i64),
    Text(String),
}

impl Word {
    fn is(&self, leaf: &Leaf<'_>) -> bool {
        match (self, leaf) {
            (Word::Bool(x), Leaf::Bool(y)) => x == y,
            (Word::Int(x), Leaf::Number(_)) => leaf.whole() == Some(*x),
            (Word::Text(x), Leaf::Text(y)) => x == y,
            (Word::Bool(_) | Word::Int(_) | Word::Text(_), _) => false,
        }
    }
}

impl Qualities {
    /// The quality that a part of a message stands for; `None` where it stands for none.
    pub(super) fn read(&self, leaf: &Leaf<'_>) -> Option<Quality> {
        match self {
            Qualities::OpcDa => number(leaf).and_then(|code| u16::try_from(code).ok()).and_then(opc_da),
            Qualities::OpcUa => number(leaf).and_then(opc_ua),
            Qualities::Words => match leaf {
                Leaf::Text(text) => word(text),
                Leaf::Null | Leaf::Bool(_) | Leaf::Number(_) | Leaf::List | Leaf::Object | Leaf::Broken => None,
            },
            Qualities::Boolean => truth(leaf).map(|good| if good { Quality::GOOD } else { Quality::BAD }),
            Qualities::Listed(list) => list.iter().find(|(word, _)| word.is(leaf)).map(|(_, quality)| *quality),
        }
    }
}

/// A number, or a text that is one, decimal or as hexadecimal digits after `0x`.
fn number(leaf: &Leaf<'_>) -> Option<i64> {
    let Leaf::Text(text) = leaf else { return leaf.whole() };
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok().map(i64::from),
        None => text.parse().ok(),
    }
}

/// The low byte; the high one is the vendor's own. The limit bits say nothing of how far to trust.
fn opc_da(code: u16) -> Option<Quality> {
    Some(match code & 0xFC {
        4 => Quality::BAD_CONFIGURATION,
        8 => Quality::BAD_NOT_CONNECTED,
        12 => Quality::BAD_DEVICE_FAILURE,
        16 => Quality::BAD_SENSOR_FAILURE,
        20 => Quality::BAD_NO_COMMUNICATION,
        24 => Quality::BAD_COMMUNICATION,
        28 => Quality::BAD_OUT_OF_SERVICE,
        32 => Quality::BAD_WAITING,
        68 => Quality::UNCERTAIN_LAST_USABLE,
        80 => Quality::UNCERTAIN_SENSOR,
        84 => Quality::UNCERTAIN_RANGE,
        88 => Quality::UNCERTAIN_SUBNORMAL,
        216 => Quality::GOOD_LOCAL_OVERRIDE,
        0..=63 => Quality::BAD,
        64..=127 => Quality::UNCERTAIN,
        192..=255 => Quality::GOOD,
        // 128 to 191 is reserved.
        _ => return None,
    })
}

/// A status code without its info bits; as a signed number it is the same 32 bits.
fn opc_ua(code: i64) -> Option<Quality> {
    let code = u32::try_from(code).ok().or_else(|| i32::try_from(code).ok().map(i32::cast_unsigned))?;
    let is_reserved = code >> 30 == 3;
    (!is_reserved).then_some(Quality::from_code(code & 0xFFFF_0000))
}

fn truth(leaf: &Leaf<'_>) -> Option<bool> {
    match leaf {
        Leaf::Bool(x) => Some(*x),
        Leaf::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Leaf::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Leaf::Number(_) => match leaf.whole() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            Some(_) | None => None,
        },
        Leaf::Null | Leaf::Text(_) | Leaf::List | Leaf::Object | Leaf::Broken => None,
    }
}

/// `Bad_SensorFailure`, `bad sensor failure` and `BadSensorFailure` are the same word.
fn word(text: &str) -> Option<Quality> {
    const NAMES: [(&str, Quality); 24] = [
        ("ok", Quality::GOOD),
        ("goodlocaloverride", Quality::GOOD_LOCAL_OVERRIDE),
        ("stale", Quality::STALE),
        ("uncertainnocommunicationlastusablevalue", Quality::STALE),
        ("uncertainlastusablevalue", Quality::UNCERTAIN_LAST_USABLE),
        ("uncertainsubstitutevalue", Quality::UNCERTAIN_SUBSTITUTE),
        ("uncertaininitialvalue", Quality::UNCERTAIN_INITIAL),
        ("uncertainsensornotaccurate", Quality::UNCERTAIN_SENSOR),
        ("uncertainengineeringunitsexceeded", Quality::UNCERTAIN_RANGE),
        ("uncertainsubnormal", Quality::UNCERTAIN_SUBNORMAL),
        ("uncertainsimulatedvalue", Quality::UNCERTAIN_SIMULATED),
        ("error", Quality::BAD),
        ("badcommunicationerror", Quality::BAD_COMMUNICATION),
        ("badtimeout", Quality::BAD_TIMEOUT),
        ("baduseraccessdenied", Quality::BAD_ACCESS_DENIED),
        ("badnocommunication", Quality::BAD_NO_COMMUNICATION),
        ("badwaitingforinitialdata", Quality::BAD_WAITING),
        ("badoutofrange", Quality::BAD_OUT_OF_RANGE),
        ("badconfigurationerror", Quality::BAD_CONFIGURATION),
        ("badnotconnected", Quality::BAD_NOT_CONNECTED),
        ("baddevicefailure", Quality::BAD_DEVICE_FAILURE),
        ("badsensorfailure", Quality::BAD_SENSOR_FAILURE),
        ("badoutofservice", Quality::BAD_OUT_OF_SERVICE),
        ("badnodata", Quality::BAD_NO_DATA),
    ];
    const LONGEST: usize = 64;
    if text.len() > LONGEST {
        return None;
    }
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    if let Some((_, quality)) = NAMES.iter().find(|(name, _)| *name == plain) {
        return Some(*quality);
    }
    // A reason that is not listed is still a reason of its kind.
    let begins = |word: &str| plain.starts_with(word);
    if begins("bad") {
        Some(Quality::BAD)
    } else if begins("uncertain") {
        Some(Quality::UNCERTAIN)
    } else if begins("good") {
        Some(Quality::GOOD)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use model::Severity;
    use proptest::prelude::*;

    use super::*;

    fn check(words: &Qualities, raw: &str, expect: Option<Quality>) {
        assert_eq!(words.read(&Leaf::new(raw)), expect, "{raw} as {words:?}");
    }

    #[test]
    fn the_byte_of_opc_da_keeps_its_reason() {
        let check = |raw: &str, expect| check(&Qualities::OpcDa, raw, expect);
        for (raw, quality) in [
            ("192", Quality::GOOD),
            ("195", Quality::GOOD),
            ("216", Quality::GOOD_LOCAL_OVERRIDE),
            ("64", Quality::UNCERTAIN),
            ("68", Quality::UNCERTAIN_LAST_USABLE),
            ("81", Quality::UNCERTAIN_SENSOR),
            ("86", Quality::UNCERTAIN_RANGE),
            ("88", Quality::UNCERTAIN_SUBNORMAL),
            ("0", Quality::BAD),
            ("4", Quality::BAD_CONFIGURATION),
            ("24", Quality::BAD_COMMUNICATION),
            ("28", Quality::BAD_OUT_OF_SERVICE),
            ("60", Quality::BAD),
            ("\"192\"", Quality::GOOD),
            ("192.0", Quality::GOOD),
            ("49344", Quality::GOOD),
        ] {
            check(raw, Some(quality));
        }
        for raw in ["128", "191", "-1", "65536", "192.5", "true", "null", "\"good\"", "{}", "1e400"] {
            check(raw, None);
        }
    }

    #[test]
    fn a_status_code_of_opc_ua_is_taken_over() {
        let check = |raw: &str, expect| check(&Qualities::OpcUa, raw, expect);
        check("0", Some(Quality::GOOD));
        check("2150694912", Some(Quality::BAD_NO_COMMUNICATION));
        check("-2144272384", Some(Quality::BAD_NO_COMMUNICATION));
        check("\"0x80310000\"", Some(Quality::BAD_NO_COMMUNICATION));
        check("1083375616", Some(Quality::UNCERTAIN_SENSOR));
        check("2158821376", Some(Quality::from_code(0x80AD_0000)));
        check("1024", Some(Quality::GOOD));
        check("4294901760", None);
        check("4294967296", None);
        check("\"0x\"", None);
    }

    #[test]
    fn words_booleans_and_lists_say_it_too() {
        for (raw, quality) in [
            ("\"good\"", Some(Quality::GOOD)),
            ("\"GOOD\"", Some(Quality::GOOD)),
            ("\"Good_Clamped\"", Some(Quality::GOOD)),
            ("\"Bad_SensorFailure\"", Some(Quality::BAD_SENSOR_FAILURE)),
            ("\"bad: no idea\"", Some(Quality::BAD)),
            ("\"Uncertain\"", Some(Quality::UNCERTAIN)),
            ("\"stale\"", Some(Quality::STALE)),
            ("\"fine\"", None),
            ("\"\"", None),
            ("192", None),
        ] {
            check(&Qualities::Words, raw, quality);
        }
        check(&Qualities::Words, &format!("\"good{}\"", "!".repeat(1_000)), None);
        for (raw, quality) in [
            ("true", Some(Quality::GOOD)),
            ("false", Some(Quality::BAD)),
            ("1", Some(Quality::GOOD)),
            ("0", Some(Quality::BAD)),
            ("\"False\"", Some(Quality::BAD)),
            ("2", None),
            ("null", None),
        ] {
            check(&Qualities::Boolean, raw, quality);
        }
        let listed = Qualities::Listed(vec![
            (Word::Int(192), Quality::GOOD),
            (Word::Text("GOOD".into()), Quality::GOOD),
            (Word::Bool(false), Quality::BAD),
        ]);
        for (raw, quality) in [
            ("192", Some(Quality::GOOD)),
            ("\"GOOD\"", Some(Quality::GOOD)),
            ("false", Some(Quality::BAD)),
            ("\"good\"", None),
            ("193", None),
            ("true", None),
            ("[192]", None),
        ] {
            check(&listed, raw, quality);
        }
    }

    proptest! {
        /// Neither mapping makes a value better than its source says.
        #[test]
        fn severity_is_what_the_top_bits_say(code: u32) {
            let leaf = code.to_string();
            let ua = Qualities::OpcUa.read(&Leaf::new(&leaf)).map(Quality::severity);
            let expect = match code >> 30 {
                0 => Some(Severity::Good),
                1 => Some(Severity::Uncertain),
                2 => Some(Severity::Bad),
                _ => None,
            };
            prop_assert_eq!(ua, expect);
            let byte = (code & 0xFF).to_string();
            let da = Qualities::OpcDa.read(&Leaf::new(&byte)).map(Quality::severity);
            let expect = match (code & 0xFF) >> 6 {
                0 => Some(Severity::Bad),
                1 => Some(Severity::Uncertain),
                3 => Some(Severity::Good),
                _ => None,
            };
            prop_assert_eq!(da, expect);
        }
    }
}
