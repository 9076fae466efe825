//! What a metric's value means by its data type (Sparkplug 3.0, 6.4.16 to 6.4.22), and how one is written.
//!
//! The type is the one of the birth: a message with data need not repeat it, and what it says is not believed. Nothing is
//! guessed: a value that does not fit its type is bad.

use model::{Quality, Value};

use super::wire::payload::data_set::data_set_value;
use super::wire::payload::{DataSet, metric, property_value};

/// The longest text a value can be, in bytes.
const LONGEST_TEXT: usize = 65_536;

macro_rules! types {
    ($($name:ident = $code:literal;)*) => {
        /// A metric's data type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Type { $($name = $code,)* }

        impl Type {
            pub(super) const ALL: &[Type] = &[$(Type::$name,)*];

            /// As the specification writes it.
            pub(super) fn word(self) -> &'static str {
                match self { $(Type::$name => stringify!($name),)* }
            }
        }
    };
}

types! {
    Int8 = 1; Int16 = 2; Int32 = 3; Int64 = 4;
    UInt8 = 5; UInt16 = 6; UInt32 = 7; UInt64 = 8;
    Float = 9; Double = 10; Boolean = 11; String = 12; DateTime = 13; Text = 14; Uuid = 15;
    DataSet = 16; Bytes = 17; File = 18; Template = 19; PropertySet = 20; PropertySetList = 21;
    Int8Array = 22; Int16Array = 23; Int32Array = 24; Int64Array = 25;
    UInt8Array = 26; UInt16Array = 27; UInt32Array = 28; UInt64Array = 29;
    FloatArray = 30; DoubleArray = 31; BooleanArray = 32; StringArray = 33; DateTimeArray = 34;
}

/// What a metric holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// A value that a tag can have. Arrays and data sets are JSON text.
    Value(Value),
    /// Something that no tag can have, described.
    Summary(String),
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unreadable {
    pub(super) quality: Quality,
    pub(super) words: String,
}

/// A value as it travels, of a metric, a property or a cell.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw<'a> {
    Int(u32),
    Long(u64),
    Float(f32),
    Double(f64),
    Bool(bool),
    Text(&'a str),
    Bytes(&'a [u8]),
    DataSet(&'a DataSet),
    Other,
}

impl Type {
    /// The type of a code.
    pub(super) fn of(code: u32) -> Option<Type> {
        Type::ALL.iter().copied().find(|known| *known as u32 == code)
    }

    /// What a tag of it would be declared as; `None` where no tag can hold it.
    pub(super) fn tag_type(self) -> Option<model::DataType> {
        use model::DataType;
        match self {
            Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64 => Some(DataType::Int),
            Type::UInt8 | Type::UInt16 | Type::UInt32 | Type::UInt64 | Type::DateTime => Some(DataType::Int),
            Type::Float | Type::Double => Some(DataType::Float),
            Type::Boolean => Some(DataType::Bool),
            Type::String | Type::Text | Type::Uuid | Type::DataSet => Some(DataType::Text),
            Type::Bytes | Type::File | Type::Template | Type::PropertySet | Type::PropertySetList => None,
            _array => Some(DataType::Text),
        }
    }
}

impl Type {
    /// Whether a value of it can be written.
    pub(super) fn is_writable(self) -> bool {
        self.tag_type().is_some() && (self as u32) <= Type::Uuid as u32
    }
}

impl<'a> From<&'a metric::Value> for Raw<'a> {
    fn from(value: &'a metric::Value) -> Self {
        match value {
            metric::Value::IntValue(x) => Raw::Int(*x),
            metric::Value::LongValue(x) => Raw::Long(*x),
            metric::Value::FloatValue(x) => Raw::Float(*x),
            metric::Value::DoubleValue(x) => Raw::Double(*x),
            metric::Value::BooleanValue(x) => Raw::Bool(*x),
            metric::Value::StringValue(x) => Raw::Text(x),
            metric::Value::BytesValue(x) => Raw::Bytes(x),
            metric::Value::DatasetValue(x) => Raw::DataSet(x),
            metric::Value::TemplateValue(_) | metric::Value::ExtensionValue(_) => Raw::Other,
        }
    }
}

impl<'a> From<&'a property_value::Value> for Raw<'a> {
    fn from(value: &'a property_value::Value) -> Self {
        match value {
            property_value::Value::IntValue(x) => Raw::Int(*x),
            property_value::Value::LongValue(x) => Raw::Long(*x),
            property_value::Value::FloatValue(x) => Raw::Float(*x),
            property_value::Value::DoubleValue(x) => Raw::Double(*x),
            property_value::Value::BooleanValue(x) => Raw::Bool(*x),
            property_value::Value::StringValue(x) => Raw::Text(x),
            property_value::Value::PropertysetValue(_)
            | property_value::Value::PropertysetsValue(_)
            | property_value::Value::ExtensionValue(_) => Raw::Other,
        }
    }
}

impl<'a> From<&'a data_set_value::Value> for Raw<'a> {
    fn from(value: &'a data_set_value::Value) -> Self {
        match value {
            data_set_value::Value::IntValue(x) => Raw::Int(*x),
            data_set_value::Value::LongValue(x) => Raw::Long(*x),
            data_set_value::Value::FloatValue(x) => Raw::Float(*x),
            data_set_value::Value::DoubleValue(x) => Raw::Double(*x),
            data_set_value::Value::BooleanValue(x) => Raw::Bool(*x),
            data_set_value::Value::StringValue(x) => Raw::Text(x),
            data_set_value::Value::ExtensionValue(_) => Raw::Other,
        }
    }
}

/// Reads a value of a type.
pub(super) fn read(of: Type, raw: Raw<'_>) -> Result<Content, Unreadable> {
    let summary = |words: String| Ok(Content::Summary(words));
    match (of, raw) {
        (Type::DataSet, Raw::DataSet(set)) => data_set(set),
        (Type::Bytes, Raw::Bytes(bytes)) => summary(format!("{} bytes", bytes.len())),
        (Type::File, Raw::Bytes(bytes)) => summary(format!("a file of {} bytes", bytes.len())),
        (Type::Template, Raw::Other) => summary("a template with members of its own".into()),
        (Type::PropertySet | Type::PropertySetList, Raw::Other) => summary("a set of properties".into()),
        (_, Raw::Bytes(bytes)) => array(of, bytes),
        _ => scalar(of, raw).map(Content::Value),
    }
}

/// Reads a single value.
pub(super) fn scalar(of: Type, raw: Raw<'_>) -> Result<Value, Unreadable> {
    let outside = || Unreadable {
        quality: Quality::BAD_OUT_OF_RANGE,
        words: format!("{raw:?} is outside the range of {}", of.word()),
    };
    let float = |x: f64| Value::float(x).map_err(|_| outside());
    match (of, raw) {
        (Type::Int8, Raw::Int(x)) => signed(x, 8).map(Value::Int).ok_or_else(outside),
        (Type::Int16, Raw::Int(x)) => signed(x, 16).map(Value::Int).ok_or_else(outside),
        (Type::Int32, Raw::Int(x)) => Ok(Value::Int(i64::from(x.cast_signed()))),
        (Type::Int64, Raw::Long(x)) => Ok(Value::Int(x.cast_signed())),
        (Type::UInt8, Raw::Int(x)) if x <= 0xFF => Ok(Value::Int(i64::from(x))),
        (Type::UInt16, Raw::Int(x)) if x <= 0xFFFF => Ok(Value::Int(i64::from(x))),
        (Type::UInt8 | Type::UInt16, Raw::Int(_)) => Err(outside()),
        (Type::UInt32, Raw::Int(x)) => Ok(Value::Int(i64::from(x))),
        // Some implementations send it in the wider field, because their language has no unsigned 32 bits.
        (Type::UInt32, Raw::Long(x)) => u32::try_from(x).map(|x| Value::Int(i64::from(x))).map_err(|_| outside()),
        (Type::UInt64, Raw::Long(x)) => Ok(Value::unsigned(x)),
        (Type::DateTime, Raw::Long(x)) => Ok(Value::unsigned(x)),
        (Type::Float | Type::Double, Raw::Float(x)) => float(f64::from(x)),
        (Type::Float | Type::Double, Raw::Double(x)) => float(x),
        (Type::Boolean, Raw::Bool(x)) => Ok(Value::Bool(x)),
        (Type::String | Type::Text | Type::Uuid, Raw::Text(x)) => text(x.to_owned()),
        _ => Err(Unreadable {
            quality: Quality::BAD_TYPE,
            words: format!("what came is not of the announced type {}", of.word()),
        }),
    }
}

/// Two's complement of the type's own width, or of 32 bits: both are seen.
fn signed(x: u32, bits: u32) -> Option<i64> {
    let wide = i64::from(x.cast_signed());
    let half = 1i64 << (bits - 1);
    if (-half..half).contains(&wide) {
        return Some(wide);
    }
    (x >> bits == 0).then(|| i64::from(x) - 2 * half)
}

fn text(x: String) -> Result<Value, Unreadable> {
    if x.len() > LONGEST_TEXT {
        return Err(Unreadable {
            quality: Quality::BAD_DECODING,
            words: format!("the text has {} bytes; at most {LONGEST_TEXT} are taken", x.len()),
        });
    }
    Ok(Value::text(x))
}

fn broken(words: impl Into<String>) -> Unreadable {
    Unreadable { quality: Quality::BAD_DECODING, words: words.into() }
}

fn as_json(json: &serde_json::Value) -> Result<Content, Unreadable> {
    text(json.to_string()).map(Content::Value)
}

/// Arrays travel as packed little-endian bytes.
fn array(of: Type, bytes: &[u8]) -> Result<Content, Unreadable> {
    use serde_json::Value as Json;
    let uneven = || broken(format!("{} bytes are no {}", bytes.len(), of.word()));
    if bytes.len() > LONGEST_TEXT {
        return Ok(Content::Summary(format!("{} of {} bytes", of.word(), bytes.len())));
    }
    macro_rules! numbers {
        ($type:ty) => {{
            let (items, rest) = bytes.as_chunks::<{ size_of::<$type>() }>();
            if !rest.is_empty() {
                return Err(uneven());
            }
            // A number that is not finite has no JSON and becomes null.
            items.iter().map(|item| Json::from(<$type>::from_le_bytes(*item))).collect()
        }};
    }
    let items: Vec<Json> = match of {
        Type::Int8Array => numbers!(i8),
        Type::Int16Array => numbers!(i16),
        Type::Int32Array => numbers!(i32),
        Type::Int64Array => numbers!(i64),
        Type::UInt8Array => numbers!(u8),
        Type::UInt16Array => numbers!(u16),
        Type::UInt32Array => numbers!(u32),
        Type::UInt64Array | Type::DateTimeArray => numbers!(u64),
        Type::FloatArray => numbers!(f32),
        Type::DoubleArray => numbers!(f64),
        Type::BooleanArray => {
            let (count, bits) = bytes.split_first_chunk::<4>().ok_or_else(uneven)?;
            let count = usize::try_from(u32::from_le_bytes(*count)).map_err(|_| uneven())?;
            if count.div_ceil(8) != bits.len() {
                return Err(uneven());
            }
            // The first value is the highest bit of the first byte.
            (0..count).map(|n| Json::from(bits[n / 8] >> (7 - n % 8) & 1 == 1)).collect()
        }
        Type::StringArray => {
            let texts = std::str::from_utf8(bytes).map_err(|_| broken("a StringArray is not UTF-8"))?;
            let texts = match texts.strip_suffix('\0') {
                None if texts.is_empty() => Vec::new(),
                None => return Err(broken("a StringArray does not end its last text")),
                Some(texts) => texts.split('\0').collect(),
            };
            texts.into_iter().map(Json::from).collect()
        }
        _ => {
            return Err(Unreadable {
                quality: Quality::BAD_TYPE,
                words: format!("bytes came where {} was announced", of.word()),
            });
        }
    };
    as_json(&Json::Array(items))
}

/// A table, as `{"columns":[...],"rows":[[...]]}`.
fn data_set(set: &DataSet) -> Result<Content, Unreadable> {
    use serde_json::{Value as Json, json};
    let columns = set.columns.len();
    if set.num_of_columns.is_some_and(|number| number != columns as u64) || set.types.len() != columns {
        return Err(broken(format!(
            "a data set says that it has {:?} columns, names {columns} and gives the types of {}",
            set.num_of_columns.unwrap_or_default(),
            set.types.len()
        )));
    }
    let types: Option<Vec<Type>> = set.types.iter().map(|code| Type::of(*code)).collect();
    let types = types.ok_or_else(|| broken("a data set has a column of an unknown type"))?;
    let mut rows = Vec::with_capacity(set.rows.len());
    for row in &set.rows {
        if row.elements.len() != columns {
            return Err(broken(format!("a row of a data set has {} cells for {columns} columns", row.elements.len())));
        }
        let cells = types.iter().zip(&row.elements).map(|(of, cell)| match &cell.value {
            None => Ok(Json::Null),
            Some(value) => scalar(*of, value.into()).map(json),
        });
        rows.push(Json::Array(cells.collect::<Result<_, _>>()?));
    }
    let size: usize = set.rows.len() * columns;
    let whole = json!({ "columns": set.columns, "rows": rows });
    match as_json(&whole) {
        Ok(content) => Ok(content),
        Err(_too_long) => Ok(Content::Summary(format!("a data set of {columns} columns and {size} cells"))),
    }
}

fn json(value: Value) -> serde_json::Value {
    match value {
        Value::Bool(x) => x.into(),
        Value::Int(x) => x.into(),
        Value::UInt(x) => x.into(),
        Value::Float(x) => x.into(),
        Value::Text(x) => x.as_ref().into(),
    }
}

/// A value as it travels to a metric of a type.
///
/// # Errors
/// Why it cannot be one, in words.
pub(super) fn write(of: Type, value: &Value) -> Result<metric::Value, String> {
    let cannot = || format!("{value} cannot be written to a metric of the type {}", of.word());
    let integer = |low: i128, high: i128| {
        let x = match value {
            Value::Int(x) => i128::from(*x),
            Value::UInt(x) => i128::from(*x),
            Value::Bool(_) | Value::Float(_) | Value::Text(_) => return Err(cannot()),
        };
        if (low..=high).contains(&x) { Ok(x) } else { Err(format!("{x} is outside the range of {}", of.word())) }
    };
    let signed = |bits: u32| integer(-(1 << (bits - 1)), (1 << (bits - 1)) - 1);
    let unsigned = |bits: u32| integer(0, (1 << bits) - 1);
    // The casts keep the low bits, which is two's complement; the ranges were checked just before.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "two's complement, checked above")]
    let (narrow, wide) = (|x: i128| metric::Value::IntValue(x as u32), |x: i128| metric::Value::LongValue(x as u64));
    match of {
        Type::Int8 => signed(8).map(narrow),
        Type::Int16 => signed(16).map(narrow),
        Type::Int32 => signed(32).map(narrow),
        Type::Int64 => signed(64).map(wide),
        Type::UInt8 => unsigned(8).map(narrow),
        Type::UInt16 => unsigned(16).map(narrow),
        Type::UInt32 => unsigned(32).map(narrow),
        Type::UInt64 | Type::DateTime => unsigned(64).map(wide),
        Type::Float => single(value).map(metric::Value::FloatValue).ok_or_else(cannot),
        Type::Double => match value {
            Value::Text(_) | Value::Bool(_) => Err(cannot()),
            number => number.number().map(metric::Value::DoubleValue).ok_or_else(cannot),
        },
        Type::Boolean => match value {
            Value::Bool(x) => Ok(metric::Value::BooleanValue(*x)),
            Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::Text(_) => Err(cannot()),
        },
        Type::String | Type::Text | Type::Uuid => match value {
            Value::Text(x) if x.len() <= LONGEST_TEXT => Ok(metric::Value::StringValue(x.to_string())),
            Value::Text(_) => Err(format!("a text of more than {LONGEST_TEXT} bytes is not written")),
            Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) => Err(cannot()),
        },
        _ => Err(format!("metrics of the type {} cannot be written from here", of.word())),
    }
}

/// The nearest single-precision number, where it is finite.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what the device's own type asks for")]
fn single(value: &Value) -> Option<f32> {
    match value {
        Value::Text(_) | Value::Bool(_) => None,
        number => number.number().map(|x| x as f32).filter(|x| x.is_finite()),
    }
}
