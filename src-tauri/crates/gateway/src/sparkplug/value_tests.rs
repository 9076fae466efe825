//! Values of every data type, as independent implementations put them on the wire.

use model::{Quality, Value};
use proptest::prelude::*;

use super::value::{Content, Raw, Type, read, write};
use super::wire::payload::data_set::{DataSetValue, Row, data_set_value};
use super::wire::payload::{DataSet, metric};

fn check(of: Type, raw: Raw<'_>, expect: Value) {
    assert_eq!(read(of, raw), Ok(Content::Value(expect)), "{of:?} from {raw:?}");
}

fn refused(of: Type, raw: Raw<'_>, quality: Quality) {
    let got = read(of, raw).map_err(|unreadable| unreadable.quality);
    assert_eq!(got, Err(quality), "{of:?} from {raw:?}");
}

#[test]
fn integers_are_twos_complement_of_their_declared_type() {
    check(Type::Int8, Raw::Int(0xFF), Value::Int(-1));
    check(Type::Int8, Raw::Int(0xFFFF_FFFF), Value::Int(-1));
    check(Type::Int8, Raw::Int(0x80), Value::Int(-128));
    check(Type::Int16, Raw::Int(0xFFFE), Value::Int(-2));
    check(Type::Int16, Raw::Int(0xFFFF_FFFE), Value::Int(-2));
    check(Type::Int32, Raw::Int(0x8000_0000), Value::Int(i64::from(i32::MIN)));
    check(Type::Int64, Raw::Long(u64::MAX), Value::Int(-1));
    check(Type::UInt8, Raw::Int(255), Value::Int(255));
    check(Type::UInt32, Raw::Int(u32::MAX), Value::Int(i64::from(u32::MAX)));
    check(Type::UInt32, Raw::Long(u64::from(u32::MAX)), Value::Int(i64::from(u32::MAX)));
    check(Type::UInt64, Raw::Long(u64::MAX), Value::UInt(u64::MAX));
    check(Type::DateTime, Raw::Long(1_700_000_000_123), Value::Int(1_700_000_000_123));
}

#[test]
fn what_does_not_fit_its_type_is_bad_and_never_another_number() {
    refused(Type::Int8, Raw::Int(300), Quality::BAD_OUT_OF_RANGE);
    refused(Type::Int16, Raw::Int(0x1_0000), Quality::BAD_OUT_OF_RANGE);
    refused(Type::UInt8, Raw::Int(256), Quality::BAD_OUT_OF_RANGE);
    refused(Type::UInt32, Raw::Long(1 << 32), Quality::BAD_OUT_OF_RANGE);
    refused(Type::Float, Raw::Float(f32::NAN), Quality::BAD_OUT_OF_RANGE);
    refused(Type::Double, Raw::Double(f64::INFINITY), Quality::BAD_OUT_OF_RANGE);
    refused(Type::Boolean, Raw::Int(1), Quality::BAD_TYPE);
    refused(Type::Int32, Raw::Text("7"), Quality::BAD_TYPE);
    refused(Type::String, Raw::Bool(true), Quality::BAD_TYPE);
    refused(Type::Int32, Raw::Bytes(&[1, 2, 3, 4]), Quality::BAD_TYPE);
    refused(Type::Double, Raw::Other, Quality::BAD_TYPE);
}

#[test]
fn arrays_are_packed_little_endian() {
    let text = |of: Type, bytes: &[u8], json: &str| check(of, Raw::Bytes(bytes), Value::text(json));
    text(Type::Int8Array, &[0xE9, 0x7B], "[-23,123]");
    text(Type::Int16Array, &[0xD0, 0x8A, 0x30, 0x75], "[-30000,30000]");
    text(Type::UInt16Array, &[0x1E, 0x00, 0xFF, 0xFF], "[30,65535]");
    text(Type::Int32Array, &[0xFF, 0xFF, 0xFF, 0xFF], "[-1]");
    text(Type::UInt64Array, &u64::MAX.to_le_bytes(), "[18446744073709551615]");
    text(Type::FloatArray, &1.5f32.to_le_bytes(), "[1.5]");
    text(Type::DoubleArray, &f64::NAN.to_le_bytes(), "[null]");
    text(
        Type::BooleanArray,
        &[12, 0, 0, 0, 0x34, 0x90],
        "[false,false,true,true,false,true,false,false,true,false,false,true]",
    );
    text(Type::StringArray, b"ABC\0hello\0", r#"["ABC","hello"]"#);
    text(Type::StringArray, b"", "[]");
    refused(Type::Int16Array, Raw::Bytes(&[1, 2, 3]), Quality::BAD_DECODING);
    refused(Type::BooleanArray, Raw::Bytes(&[255, 255, 255, 255, 1]), Quality::BAD_DECODING);
    refused(Type::BooleanArray, Raw::Bytes(&[1]), Quality::BAD_DECODING);
    refused(Type::StringArray, Raw::Bytes(b"no end"), Quality::BAD_DECODING);
    refused(Type::StringArray, Raw::Bytes(&[0xFF, 0]), Quality::BAD_DECODING);
}

fn table(columns: u64, names: &[&str], types: &[u32], rows: Vec<Vec<data_set_value::Value>>) -> DataSet {
    let cell = |value| DataSetValue { value: Some(value) };
    DataSet {
        num_of_columns: Some(columns),
        columns: names.iter().map(|&name| name.to_owned()).collect(),
        types: types.to_vec(),
        rows: rows.into_iter().map(|row| Row { elements: row.into_iter().map(cell).collect() }).collect(),
    }
}

#[test]
fn a_data_set_is_a_table_or_it_is_bad() {
    use data_set_value::Value::{BooleanValue, IntValue};
    let row = || vec![IntValue(0xFF), BooleanValue(true)];
    let sound = table(2, &["a", "b"], &[1, 11], vec![row(), row()]);
    check(Type::DataSet, Raw::DataSet(&sound), Value::text(r#"{"columns":["a","b"],"rows":[[-1,true],[-1,true]]}"#));
    for broken in [
        table(3, &["a", "b"], &[1, 11], vec![row()]),
        table(2, &["a", "b"], &[1], vec![row()]),
        table(2, &["a", "b"], &[1, 11], vec![vec![IntValue(1)]]),
        table(2, &["a", "b"], &[1, 99], vec![row()]),
    ] {
        refused(Type::DataSet, Raw::DataSet(&broken), Quality::BAD_DECODING);
    }
    let mistyped = table(2, &["a", "b"], &[11, 11], vec![row()]);
    refused(Type::DataSet, Raw::DataSet(&mistyped), Quality::BAD_TYPE);
}

#[test]
fn bytes_and_files_are_described_and_are_no_values() {
    assert_eq!(read(Type::Bytes, Raw::Bytes(&[0; 48])), Ok(Content::Summary("48 bytes".into())));
    assert!(matches!(read(Type::File, Raw::Bytes(&[0; 3])), Ok(Content::Summary(_))));
    assert!(matches!(read(Type::Template, Raw::Other), Ok(Content::Summary(_))));
}

#[test]
fn an_unknown_datatype_is_no_type() {
    for code in [0, 35, 99, u32::MAX] {
        assert_eq!(Type::of(code), None);
    }
    assert_eq!(Type::ALL.len(), 34);
    assert!((1..=34).all(|code| Type::of(code).is_some()));
}

#[test]
fn what_the_type_cannot_hold_is_not_written() {
    for (of, value) in [
        (Type::Int8, Value::Int(128)),
        (Type::UInt8, Value::Int(-1)),
        (Type::UInt64, Value::Int(-1)),
        (Type::Int64, Value::UInt(u64::MAX)),
        (Type::Int32, Value::Float(1.0)),
        (Type::Float, Value::Float(1e300)),
        (Type::Boolean, Value::Int(1)),
        (Type::String, Value::Int(1)),
        (Type::Double, Value::text("1")),
        (Type::Bytes, Value::text("1")),
    ] {
        assert!(write(of, &value).is_err(), "{value:?} as {of:?}");
    }
    assert_eq!(write(Type::Int8, &Value::Int(-1)), Ok(metric::Value::IntValue(0xFFFF_FFFF)));
}

proptest! {
    #[test]
    fn what_is_written_reads_back_as_the_same(x in any::<i64>(), y in any::<u64>(), f in any::<f64>(), b in any::<bool>(), t in ".*") {
        let float = Value::float(f).unwrap_or(Value::Float(0.0));
        for value in [Value::Int(x), Value::unsigned(y), float, Value::Bool(b), Value::text(t)] {
            for of in Type::ALL {
                if let Ok(raw) = write(*of, &value) {
                    let back = read(*of, (&raw).into());
                    if *of != Type::Float {
                        let back = match (back, &value) {
                            (Ok(Content::Value(Value::Float(x))), Value::Int(_) | Value::UInt(_)) => {
                                prop_assert_eq!(Some(x), value.number());
                                continue;
                            }
                            (back, _) => back,
                        };
                        prop_assert_eq!(back, Ok(Content::Value(value.clone())), "{:?}", of);
                    }
                }
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), x in any::<u32>(), y in any::<u64>()) {
        for of in Type::ALL {
            for raw in [Raw::Bytes(&bytes), Raw::Int(x), Raw::Long(y), Raw::Float(f32::from_bits(x)), Raw::Double(f64::from_bits(y))] {
                let _either_way = read(*of, raw);
            }
        }
    }
}
