//! Parquet, a row a sample: `time`, `tag`, `value`, `text`, `int`, `quality`.
//!
//! `value` has every number, so that one column can be drawn. What a double cannot say stands beside it: an integer
//! exactly in `int`, and in `text` how a truth (`true`, `false`) or an integer above 2^63 reads. Where `value` is null,
//! `text` is a text.

use std::io::{self, Write};
use std::sync::Arc;

use model::{Sample, Value};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use crate::export::{Course, ExportError, Source};

/// The columns.
const SCHEMA: &str = "message andon {
    REQUIRED INT64 time (TIMESTAMP(MILLIS, true));
    REQUIRED BYTE_ARRAY tag (STRING);
    OPTIONAL DOUBLE value;
    OPTIONAL BYTE_ARRAY text (STRING);
    OPTIONAL INT64 int;
    REQUIRED INT32 quality (INTEGER(32, false));
}";
/// The names of the columns, in this order.
pub(crate) const COLUMNS: [&str; 6] = ["time", "tag", "value", "text", "int", "quality"];
/// Rows of a row group, which is in memory as a whole.
const GROUP: usize = 100_000;

/// A row group in the making, column by column. Of a column that may be null, the values that are there and for every
/// row whether one is.
#[derive(Default)]
struct Group {
    times: Vec<i64>,
    tags: Vec<ByteArray>,
    values: Column<f64>,
    texts: Column<ByteArray>,
    integers: Column<i64>,
    qualities: Vec<i32>,
}

#[derive(Default)]
struct Column<T> {
    values: Vec<T>,
    /// 1 where there is a value.
    present: Vec<i16>,
}

/// Writes a row a sample.
pub(crate) fn write(source: &Source<'_>, out: impl Write + Send, course: &mut Course<'_>) -> Result<(), ExportError> {
    let schema = parse_message_type(SCHEMA).expect("the schema is one");
    let tags: Vec<ByteArray> = source.names.iter().map(|name| ByteArray::from(*name)).collect();
    let mut file = SerializedFileWriter::new(out, Arc::new(schema), properties()).map_err(failed)?;
    let mut group = Group::default();
    source.walk(course, |slice, course| {
        for row in slice.rows {
            group.push(tags[row.tag].clone(), &row.sample);
            if group.times.len() == GROUP {
                write_group(&mut file, &mut group)?;
            }
            course.row(row.sample.time)?;
        }
        Ok(())
    })?;
    if !group.times.is_empty() {
        write_group(&mut file, &mut group)?;
    }
    file.close().map(|_| ()).map_err(failed)
}

fn properties() -> WriterPropertiesPtr {
    let time = ColumnPath::from(COLUMNS[0]);
    let level = ZstdLevel::try_new(3).expect("3 is a level of zstd");
    let properties = WriterProperties::builder()
        .set_created_by(concat!("andon ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        // Times follow each other: their differences are small.
        .set_column_dictionary_enabled(time.clone(), false)
        .set_column_encoding(time, Encoding::DELTA_BINARY_PACKED);
    Arc::new(properties.build())
}

fn write_group<W: Write + Send>(file: &mut SerializedFileWriter<W>, group: &mut Group) -> Result<(), ExportError> {
    let group = std::mem::take(group);
    let mut writer = file.next_row_group().map_err(failed)?;
    group.write(&mut writer).and_then(|()| writer.close()).map(|_| ()).map_err(failed)
}

impl Group {
    fn push(&mut self, tag: ByteArray, sample: &Sample) {
        self.times.push(sample.time.millis());
        self.tags.push(tag);
        let value = sample.value.as_ref();
        self.values.push(value.and_then(Value::number));
        self.integers.push(match value {
            Some(Value::Int(x)) => Some(*x),
            Some(Value::Bool(_) | Value::UInt(_) | Value::Float(_) | Value::Text(_)) | None => None,
        });
        self.texts.push(match value {
            Some(Value::Text(x)) => Some(ByteArray::from(x.as_ref())),
            Some(x @ (Value::Bool(_) | Value::UInt(_))) => Some(ByteArray::from(x.to_string().as_str())),
            Some(Value::Int(_) | Value::Float(_)) | None => None,
        });
        self.qualities.push(sample.quality.code().cast_signed());
    }

    fn write<W: Write + Send>(&self, writer: &mut SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        for name in COLUMNS {
            let mut column = writer.next_column()?.expect("there are as many columns as names");
            match name {
                "time" => column.typed::<Int64Type>().write_batch(&self.times, None, None),
                "tag" => column.typed::<ByteArrayType>().write_batch(&self.tags, None, None),
                "value" => {
                    column.typed::<DoubleType>().write_batch(&self.values.values, Some(&self.values.present), None)
                }
                "text" => {
                    column.typed::<ByteArrayType>().write_batch(&self.texts.values, Some(&self.texts.present), None)
                }
                "int" => {
                    column.typed::<Int64Type>().write_batch(&self.integers.values, Some(&self.integers.present), None)
                }
                _ => column.typed::<Int32Type>().write_batch(&self.qualities, None, None),
            }?;
            column.close()?;
        }
        Ok(())
    }
}

impl<T> Column<T> {
    fn push(&mut self, value: Option<T>) {
        self.present.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

fn failed(error: ParquetError) -> ExportError {
    ExportError::Writing(io::Error::other(error))
}
