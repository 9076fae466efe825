//! A value and its quality as the text of a cell, and back.
//!
//! What stands in a cell without an apostrophe is a number, `true`, `false`, a text or, empty, nothing. A text that would
//! be taken for something else is written behind an apostrophe, as a spreadsheet does: one that looks like a number, a
//! truth or nothing, one that begins with an apostrophe itself, and one that a spreadsheet would calculate. Source of the
//! last: OWASP, "CSV Injection": `=`, `+`, `-`, `@`, tab and carriage return. A line feed is treated like these.

use std::borrow::Cow;
use std::fmt::Write as _;

use model::{Quality, Severity, Value};

/// Marks what follows as a text.
const TEXT: char = '\'';
/// What a spreadsheet takes for the beginning of a formula, also behind what it strips.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// A text as a cell that is neither calculated nor taken for something else.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    let other = text.is_empty() || text.starts_with(TEXT) || text.starts_with(FORMULA) || plain(text).is_some();
    if other { Cow::Owned(format!("{TEXT}{text}")) } else { Cow::Borrowed(text) }
}

/// Writes a value. A float has a point or an exponent, so that it comes back as one; its digits are the fewest that give
/// the same number.
pub(crate) fn write_value(out: &mut String, value: &Value) {
    let written = match value {
        Value::Bool(x) => write!(out, "{x}"),
        Value::Int(x) => write!(out, "{x}"),
        Value::UInt(x) => write!(out, "{x}"),
        Value::Float(x) => write!(out, "{x:?}"),
        Value::Text(x) => {
            quote(out, &text(x));
            Ok(())
        }
    };
    written.expect("a string takes what is written to it");
}

/// Writes a cell, in quotes where RFC 4180 wants them.
pub(crate) fn quote(out: &mut String, cell: &str) {
    if cell.contains(['"', ',', '\r', '\n']) {
        out.push('"');
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(cell);
    }
}

/// Reads a cell that [`write_value`] wrote; `None` where it is empty.
pub(crate) fn value(cell: &str) -> Option<Value> {
    if cell.is_empty() {
        return None;
    }
    match cell.strip_prefix(TEXT) {
        Some(text) => Some(Value::text(text)),
        None => Some(plain(cell).unwrap_or_else(|| Value::text(cell))),
    }
}

/// The text of a cell, without the apostrophe that marks it as one.
pub(crate) fn unmarked(cell: &str) -> &str {
    cell.strip_prefix(TEXT).unwrap_or(cell)
}

/// A cell that is a number or a truth.
fn plain(cell: &str) -> Option<Value> {
    match cell {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => number(cell),
    }
}

/// A number: an exact integer where it is written as one and fits 64 bits, otherwise a finite float.
pub(crate) fn number(cell: &str) -> Option<Value> {
    // `nan`, `inf` and `infinity` are words here.
    if !cell.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    let integer = || cell.parse().map(Value::Int).or_else(|_| cell.parse().map(Value::UInt)).ok();
    let float = || cell.parse().ok().and_then(|x| Value::float(x).ok());
    integer().or_else(float)
}

/// Writes a quality: `good`, `uncertain` or `bad`, followed by the OPC UA status code where the word does not say it all.
pub(crate) fn write_quality(out: &mut String, quality: Quality) {
    let (word, code) = match quality.severity() {
        Severity::Good => ("good", Quality::GOOD),
        Severity::Uncertain => ("uncertain", Quality::UNCERTAIN),
        Severity::Bad => ("bad", Quality::BAD),
    };
    out.push_str(word);
    if quality != code {
        write!(out, " 0x{:08X}", quality.code()).expect("a string takes what is written to it");
    }
}

/// Reads a quality: one of the three words, a status code (`0x80050000` or decimal), or both.
pub(crate) fn quality(cell: &str) -> Option<Quality> {
    let last = cell.trim().rsplit(' ').next().unwrap_or_default();
    if last.eq_ignore_ascii_case("good") {
        return Some(Quality::GOOD);
    }
    if last.eq_ignore_ascii_case("uncertain") {
        return Some(Quality::UNCERTAIN);
    }
    if last.eq_ignore_ascii_case("bad") {
        return Some(Quality::BAD);
    }
    let code = match last.strip_prefix("0x").or_else(|| last.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => last.parse(),
    };
    code.ok().map(Quality::from_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(value: &Value) -> String {
        let mut out = String::new();
        write_value(&mut out, value);
        out
    }

    #[test]
    fn a_text_is_never_calculated_and_never_something_else() {
        for (given, expect) in [
            ("=1+1", "'=1+1"),
            ("+49 731", "'+49 731"),
            ("-", "'-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("'quoted", "''quoted"),
            ("12", "'12"),
            ("1e5", "'1e5"),
            ("true", "'true"),
            ("", "'"),
            ("running", "running"),
            ("nan", "nan"),
            ("a=b", "a=b"),
            ("a,b", "\"a,b\""),
        ] {
            assert_eq!(cell(&Value::text(given)), expect);
        }
    }

    #[test]
    fn numbers_are_exact_and_untouched() {
        for (given, expect) in [
            (Value::Float(-1.5), "-1.5"),
            (Value::Float(3.0), "3.0"),
            (Value::Float(-0.0), "-0.0"),
            (Value::Float(0.1), "0.1"),
            (Value::Float(1e300), "1e300"),
            (Value::Int(-9_007_199_254_740_993), "-9007199254740993"),
            (Value::UInt(u64::MAX), "18446744073709551615"),
            (Value::Bool(true), "true"),
        ] {
            assert_eq!(cell(&given), expect);
            assert_eq!(value(expect), Some(given));
        }
    }

    #[test]
    fn a_quality_is_a_word_and_what_the_word_does_not_say() {
        for (given, expect) in [
            (Quality::GOOD, "good"),
            (Quality::BAD, "bad"),
            (Quality::BAD_TIMEOUT, "bad 0x800A0000"),
            (Quality::STALE, "uncertain 0x408F0000"),
            (Quality::GOOD_LOCAL_OVERRIDE, "good 0x00960000"),
        ] {
            let mut out = String::new();
            write_quality(&mut out, given);
            assert_eq!((out.as_str(), quality(&out)), (expect, Some(given)));
        }
        for (cell, expect) in
            [("GOOD", Some(Quality::GOOD)), ("192", Some(Quality::from_code(192))), ("", None), ("fine", None)]
        {
            assert_eq!(quality(cell), expect, "{cell}");
        }
    }
}
