//! Parquet row by row, page by page of the file.
//!
//! The library panics where a damaged file contradicts itself. That is a damaged file and no bug of ours: what the library
//! does with the file's bytes is guarded.

use std::borrow::Cow;
use std::fs::File;
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};

use model::{Timestamp, Value};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use crate::batches::Batches;
use crate::import::{ImportError, listed};
use crate::instant::TimeForm;
use crate::layout::{Given, Kind, Layout, Rows};
use crate::mapping::Mapping;
use crate::parquet_out::COLUMNS;

/// Rows between two looks at whether to go on.
const ROWS: u64 = 1000;

/// Hands every row of a Parquet file to `batches`.
pub(crate) fn read(
    file: &File,
    mapping: Option<&Mapping>,
    batches: &mut Batches<'_>,
    watch: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<(), ImportError> {
    let file = file.try_clone().map_err(ImportError::Reading)?;
    let reader = guarded(|| SerializedFileReader::new(file))?;
    check_compression(reader.metadata())?;
    let about = reader.metadata().file_metadata();
    let rows = u64::try_from(about.num_rows()).unwrap_or(0);
    let columns: Vec<String> = about.schema().get_fields().iter().map(|field| field.name().to_owned()).collect();
    let own = mapping.is_none();
    let layout = match mapping {
        Some(mapping) => mapping.layout(&columns).map_err(ImportError::Mapping)?,
        None if columns.iter().eq(COLUMNS) => own_layout(),
        None => return Err(ImportError::Unknown { columns: listed(&columns) }),
    };
    let mut rows_left = guarded(|| reader.get_row_iter(None))?;
    let mut number = 0;
    while let Some(row) = guarded(|| rows_left.next().transpose())? {
        number += 1;
        let record =
            if own { own_record(&row) } else { row.get_column_iter().map(|(_, field)| given(field)).collect() };
        batches.record(&layout, Ok(&record), || format!("row {number}"))?;
        if number % ROWS == 0 && watch(share(number, rows)).is_break() {
            return Err(ImportError::Cancelled);
        }
    }
    Ok(())
}

/// Codecs beside these would have to be compiled into the program.
fn check_compression(about: &ParquetMetaData) -> Result<(), ImportError> {
    let columns = about.row_groups().iter().flat_map(|group| group.columns());
    match columns
        .map(|column| column.compression())
        .find(|codec| !matches!(codec, Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_)))
    {
        Some(codec) => Err(ImportError::Parquet(format!(
            "it is compressed with {codec}; write it with Snappy, zstd or not at all"
        ))),
        None => Ok(()),
    }
}

/// What [`own_record`] makes of a row.
fn own_layout() -> Layout {
    Layout {
        width: 4,
        time: 0,
        form: TimeForm::Rfc3339,
        comma: false,
        words: std::collections::HashMap::new(),
        tags: std::collections::HashMap::new(),
        rows: Rows::Samples { tag: 1, value: 2, kind: Kind::Any, quality: Some(3) },
        own: true,
    }
}

/// Time, tag, value and quality of a row that Andon exported: the value as `parquet_out` says.
fn own_record(row: &Row) -> Vec<Given<'_>> {
    let mut fields = row.get_column_iter().map(|(_, field)| field);
    let mut next = || fields.next().unwrap_or(&Field::Null);
    let (time, tag, number, text, integer, quality) = (next(), next(), next(), next(), next(), next());
    let exact = |text: &str| match text {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        digits => digits.parse().ok().map(Value::unsigned),
    };
    let value = match (number, text, integer) {
        (_, _, Field::Long(x)) => Given::Known(Value::Int(*x)),
        (Field::Null, Field::Str(x), _) => Given::Known(Value::text(x.as_str())),
        (_, Field::Str(x), _) => exact(x).map_or(Given::Odd, Given::Known),
        (number, _, _) => given(number),
    };
    // A tag is a tag, also where it begins with an apostrophe.
    let tag = match tag {
        Field::Str(x) => Given::Known(Value::text(x.as_str())),
        other => given(other),
    };
    vec![given(time), tag, value, given(quality)]
}

fn given(field: &Field) -> Given<'_> {
    let integer = |x: i64| Given::Known(Value::Int(x));
    // One that is not finite is judged where it is known what the column should hold.
    let float = |x: f64| Given::Known(Value::Float(x));
    match field {
        Field::Null => Given::Nothing,
        Field::Bool(x) => Given::Known(Value::Bool(*x)),
        Field::Byte(x) => integer((*x).into()),
        Field::Short(x) => integer((*x).into()),
        Field::Int(x) => integer((*x).into()),
        Field::Long(x) => integer(*x),
        Field::UByte(x) => integer((*x).into()),
        Field::UShort(x) => integer((*x).into()),
        Field::UInt(x) => integer((*x).into()),
        Field::ULong(x) => Given::Known(Value::unsigned(*x)),
        Field::Float16(x) => float(x.to_f64()),
        Field::Float(x) => float((*x).into()),
        Field::Double(x) => float(*x),
        Field::Str(x) => Given::Text(Cow::Borrowed(x)),
        Field::Date(days) => Given::Time(Timestamp::from_millis(i64::from(*days) * 86_400_000)),
        Field::TimestampMillis(x) => Given::Time(Timestamp::from_millis(*x)),
        Field::TimestampMicros(x) => Given::Time(Timestamp::from_millis(x.div_euclid(1000))),
        Field::Decimal(_)
        | Field::Bytes(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::Group(_)
        | Field::ListInternal(_)
        | Field::MapInternal(_) => Given::Odd,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share to look at")]
fn share(number: u64, of: u64) -> f64 {
    (number as f64 / of.max(1) as f64).clamp(0.0, 1.0)
}

fn guarded<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ImportError> {
    // After a panic nothing of the library is used again.
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(ImportError::Parquet(error.to_string())),
        Err(_) => Err(ImportError::Parquet("it is damaged".to_owned())),
    }
}
