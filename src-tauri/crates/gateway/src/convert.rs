//! From what a source said to the engineering value of a tag, exactly.

use model::{DataType, Point, Quality, Rejection, Scaling, Value};

/// Scales a raw value and turns it into the declared type, where nothing is lost.
///
/// # Errors
/// The quality that says why there is no value.
pub(crate) fn convert(raw: Value, declared: DataType, scaling: Option<Scaling>) -> Result<Value, Quality> {
    let Some(scaling) = scaling else { return raw.into_type(declared) };
    match declared {
        DataType::Float => {
            let number = raw.into_type(DataType::Float)?.number().ok_or(Quality::BAD_TYPE)?;
            Value::float(scaling.apply(number))
        }
        DataType::Int => {
            let raw = match raw.into_type(DataType::Int)? {
                Value::Int(x) => i128::from(x),
                Value::UInt(x) => i128::from(x),
                Value::Bool(_) | Value::Float(_) | Value::Text(_) => return Err(Quality::BAD_TYPE),
            };
            let (factor, offset) = whole(scaling).ok_or(Quality::BAD_CONFIGURATION)?;
            let scaled =
                raw.checked_mul(factor).and_then(|x| x.checked_add(offset)).ok_or(Quality::BAD_OUT_OF_RANGE)?;
            integer(scaled)
        }
        DataType::Bool | DataType::Text => Err(Quality::BAD_CONFIGURATION),
    }
}

/// The raw value for an engineering one, where nothing is lost.
///
/// # Errors
/// Why there is none, in words.
pub(crate) fn raw(value: Value, declared: DataType, scaling: Option<Scaling>) -> Result<Value, String> {
    let wrong = |_quality| format!("{} is not of the tag's type", shown(&value));
    let typed = value.clone().into_type(declared).map_err(wrong)?;
    let Some(scaling) = scaling else { return Ok(typed) };
    let impossible = || format!("{} has no raw value that the scaling makes of it", shown(&value));
    match typed {
        Value::Float(x) => Value::float((x - scaling.offset) / scaling.factor).map_err(|_| impossible()),
        Value::Int(_) | Value::UInt(_) => {
            let number = match typed {
                Value::UInt(x) => i128::from(x),
                Value::Int(x) => i128::from(x),
                Value::Bool(_) | Value::Float(_) | Value::Text(_) => return Err(impossible()),
            };
            let (factor, offset) = whole(scaling).filter(|(factor, _)| *factor != 0).ok_or_else(impossible)?;
            let scaled = number - offset;
            if scaled % factor == 0 { integer(scaled / factor).map_err(|_| impossible()) } else { Err(impossible()) }
        }
        Value::Bool(_) | Value::Text(_) => Err(impossible()),
    }
}

/// A value, short enough for words.
fn shown(value: &Value) -> String {
    format!("\"{}\"", value.to_string().chars().take(40).flat_map(char::escape_debug).collect::<String>())
}

/// A 128-bit integer as a value, where it fits 64 bits.
fn integer(x: i128) -> Result<Value, Quality> {
    i64::try_from(x)
        .map(Value::Int)
        .or_else(|_| u64::try_from(x).map(Value::UInt))
        .map_err(|_| Quality::BAD_OUT_OF_RANGE)
}

/// Factor and offset as whole numbers, where they are.
#[expect(clippy::cast_possible_truncation, reason = "checked: whole and within +-2^53")]
fn whole(scaling: Scaling) -> Option<(i128, i128)> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = |x: f64| (x.fract() == 0.0 && x.abs() <= EXACT).then_some(x as i128);
    whole(scaling.factor).zip(whole(scaling.offset))
}

/// Whether a point's scaling makes sense for its type.
pub(crate) fn check_scaling(point: &Point) -> Option<Rejection> {
    let scaling = point.scaling?;
    let wrong = |message: &str, remedy: &str| {
        Some(Rejection { key: Some("scaling".into()), message: message.into(), remedy: remedy.into() })
    };
    if !scaling.factor.is_finite() || scaling.factor == 0.0 || !scaling.offset.is_finite() {
        return wrong("the factor must be a number other than 0, the offset a number", "correct the scaling");
    }
    match point.data_type {
        DataType::Float => None,
        DataType::Int if whole(scaling).is_some() => None,
        DataType::Int => wrong(
            "scaling by a fraction does not give an integer",
            "declare the tag as float, or scale by whole numbers",
        ),
        DataType::Bool | DataType::Text => wrong("only numbers can be scaled", "remove the scaling"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: Value, declared: DataType, scaling: Option<(f64, f64)>, expect: Result<Value, Quality>) {
        let scaling = scaling.map(|(factor, offset)| Scaling { factor, offset });
        assert_eq!(convert(raw.clone(), declared, scaling), expect, "{raw:?} as {declared:?} by {scaling:?}");
    }

    #[test]
    fn scaling_is_exact_for_integers_and_finite_for_floats() {
        check(Value::Int(215), DataType::Float, Some((0.5, -10.0)), Ok(Value::Float(97.5)));
        check(Value::Int(i64::MAX), DataType::Int, Some((1.0, 1.0)), Ok(Value::UInt(1 << 63)));
        check(Value::UInt(u64::MAX), DataType::Int, Some((2.0, 0.0)), Err(Quality::BAD_OUT_OF_RANGE));
        check(Value::Int(i64::MIN), DataType::Int, Some((1.0, -1.0)), Err(Quality::BAD_OUT_OF_RANGE));
        check(Value::Float(f64::MAX), DataType::Float, Some((10.0, 0.0)), Err(Quality::BAD_OUT_OF_RANGE));
        check(Value::text("7"), DataType::Float, Some((2.0, 0.0)), Err(Quality::BAD_TYPE));
        check(Value::Int(3), DataType::Int, Some((0.5, 0.0)), Err(Quality::BAD_CONFIGURATION));
        check(Value::UInt(u64::MAX), DataType::Int, None, Ok(Value::UInt(u64::MAX)));
    }

    #[test]
    fn what_is_written_and_read_again_is_the_same() {
        let scalings =
            [None, Some(Scaling { factor: 10.0, offset: -5.0 }), Some(Scaling { factor: -3.0, offset: 0.0 })];
        for scaling in scalings {
            for x in [-65, 0, 25, 15, 30, 1_000_005] {
                if let Ok(raw) = raw(Value::Int(x), DataType::Int, scaling) {
                    assert_eq!(convert(raw, DataType::Int, scaling), Ok(Value::Int(x)), "{scaling:?}");
                }
            }
        }
        let half = Some(Scaling { factor: 0.5, offset: 10.0 });
        assert_eq!(raw(Value::Int(110), DataType::Float, half), Ok(Value::Float(200.0)));
        assert!(raw(Value::Int(7), DataType::Int, scalings[1]).is_err(), "between two raw values");
        assert!(raw(Value::text("x"), DataType::Float, None).is_err());
        assert!(raw(Value::Int(2), DataType::Bool, None).is_err());
        assert!(raw(Value::Int(i64::MIN), DataType::Int, scalings[1]).is_err_and(|words| words.contains("raw value")));
    }
}
