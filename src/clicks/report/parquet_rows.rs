//! Clicks as the rows of a Parquet file, with the columns that are wanted.

use std::io::Write;
use std::mem::take;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, RecordBatch, TimestampMicrosecondArray, UInt8Array, UInt16Array, UInt32Array,
    UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::errors::Result;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::chosen::ChosenColumns;
use super::columns::{Column, Of, Spelled, Values};
use super::spelling::{Speller, spell};
use crate::clicks::read::entry::LedgerEntry;
use crate::limits::{BATCH_CLICKS_MAX, PARQUET_GROUP_BYTES_MAX};

/// Rows handed to the writer of the file at once.
const STEP_ROWS: usize = 8 * 1024;

/// Writes clicks as rows of a Parquet file. What it has in memory is bounded by a group of
/// rows, which ends with [`BATCH_CLICKS_MAX`] of them or [`PARQUET_GROUP_BYTES_MAX`].
pub struct ParquetRows<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
    columns: Vec<ColumnValues>,
    speller: Speller,
    /// How many are in the columns, and not handed on yet.
    waiting: usize,
}

impl<W: Write + Send> ParquetRows<W> {
    /// Begins to write these columns to `out`. Without [`close`](Self::close) it is no
    /// Parquet file.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn new(columns: &ChosenColumns, out: W) -> Result<Self> {
        let columns: Vec<_> = columns.in_tables().collect();
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(BATCH_CLICKS_MAX));
        for column in columns.iter().filter(|column| column.few_alike) {
            properties = properties.set_column_dictionary_enabled(column.name.into(), false);
        }
        let options = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_skip_arrow_metadata(true);
        let schema = schema(&columns);
        let writer = ArrowWriter::try_new_with_options(out, schema.clone(), options)?;
        let columns = columns.into_iter().map(ColumnValues::new).collect();
        Ok(Self { writer, schema, columns, speller: Speller::default(), waiting: 0 })
    }

    /// Writes some clicks; column by column, so many at a time stay in the processor's cache.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(&mut self, entries: &[LedgerEntry<'_>]) -> Result<()> {
        self.columns.iter_mut().for_each(|column| column.push(entries, &mut self.speller));
        self.waiting += entries.len();
        if self.waiting >= STEP_ROWS { self.hand_on() } else { Ok(()) }
    }

    /// Writes what is left, and what every such file ends with.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn close(mut self) -> Result<()> {
        if self.waiting > 0 {
            self.hand_on()?;
        }
        Ok(self.writer.into_inner()?.flush()?)
    }

    fn hand_on(&mut self) -> Result<()> {
        self.waiting = 0;
        let arrays = self.columns.iter_mut().map(ColumnValues::finish).collect();
        self.writer.write(&RecordBatch::try_new(self.schema.clone(), arrays)?)?;
        if self.writer.memory_size() >= PARQUET_GROUP_BYTES_MAX {
            self.writer.flush()?;
        }
        Ok(())
    }
}

/// The columns, named and ordered as the fields of a row.
fn schema(columns: &[&Column]) -> SchemaRef {
    let field = |column: &&Column| {
        let kind = match column.values {
            Values::Time(_) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Values::U8(_) => DataType::UInt8,
            Values::U16(_) => DataType::UInt16,
            Values::U32(_) => DataType::UInt32,
            Values::U64(_) => DataType::UInt64,
            Values::Flag(_) => DataType::Boolean,
            Values::Text(_) => DataType::Utf8,
        };
        Field::new(column.name, kind, column.values.is_optional())
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// The values of one column, and how they are read.
enum ColumnValues {
    Time(Of<u64>, Vec<i64>),
    U8(Of<u8>, Vec<u8>),
    U16(Of<u16>, Vec<u16>),
    U32(Of<u32>, Vec<u32>),
    U64(Of<u64>, Vec<u64>),
    Flag(Of<bool>, BooleanBuilder),
    Text(&'static Spelled, StringBuilder),
}

impl ColumnValues {
    /// Without any yet.
    fn new(column: &'static Column) -> Self {
        match &column.values {
            Values::Time(of) => Self::Time(*of, Vec::new()),
            Values::U8(of) => Self::U8(*of, Vec::new()),
            Values::U16(of) => Self::U16(*of, Vec::new()),
            Values::U32(of) => Self::U32(*of, Vec::new()),
            Values::U64(of) => Self::U64(*of, Vec::new()),
            Values::Flag(of) => Self::Flag(*of, BooleanBuilder::default()),
            Values::Text(texts) => Self::Text(texts, StringBuilder::default()),
        }
    }

    /// Adds those of some clicks. What kind they are is asked once for all of them.
    fn push(&mut self, entries: &[LedgerEntry<'_>], speller: &mut Speller) {
        match self {
            Self::Time(of, to) => {
                to.extend(entries.iter().map(|it| i64::try_from(of(it)).unwrap_or(i64::MAX)));
            }
            Self::U8(of, to) => to.extend(entries.iter().map(*of)),
            Self::U16(of, to) => to.extend(entries.iter().map(*of)),
            Self::U32(of, to) => to.extend(entries.iter().map(*of)),
            Self::U64(of, to) => to.extend(entries.iter().map(*of)),
            Self::Flag(of, to) => entries.iter().for_each(|it| to.append_value(of(it))),
            Self::Text(texts, to) => push_texts(texts, to, entries, speller),
        }
    }

    /// What was pushed since the last time.
    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Time(_, values) => {
                Arc::new(TimestampMicrosecondArray::from(take(values)).with_timezone("UTC"))
            }
            Self::U8(_, values) => Arc::new(UInt8Array::from(take(values))),
            Self::U16(_, values) => Arc::new(UInt16Array::from(take(values))),
            Self::U32(_, values) => Arc::new(UInt32Array::from(take(values))),
            Self::U64(_, values) => Arc::new(UInt64Array::from(take(values))),
            Self::Flag(_, values) => Arc::new(values.finish()),
            Self::Text(_, values) => Arc::new(values.finish()),
        }
    }
}

/// Adds values that are kept as text.
fn push_texts(
    texts: &Spelled,
    to: &mut StringBuilder,
    entries: &[LedgerEntry<'_>],
    speller: &mut Speller,
) {
    let entries = entries.iter();
    match texts {
        Spelled::Word(of) => entries.for_each(|it| to.append_value(speller.word(of(it)))),
        Spelled::MaybeWord(of) => {
            entries.for_each(|it| to.append_option(speller.maybe_word(of(it))));
        }
        Spelled::Address(of) => entries.for_each(|it| to.append_value(speller.address(of(it)))),
        Spelled::Digits(of) => entries.for_each(|it| to.append_option(speller.digits(of(it)))),
        Spelled::Bytes(of) => entries.for_each(|it| to.append_value(spell(of(it)))),
        Spelled::MaybeBytes(of) => entries.for_each(|it| to.append_option(of(it).map(spell))),
        Spelled::Id(of) => entries.for_each(|it| to.append_option(speller.id(of(it)))),
        Spelled::Names(of) => entries.for_each(|it| to.append_option(speller.names(of(it)))),
    }
}
