//! Parquet files by date and hour of the click, one of each batch for each hour:
//! exactly once. Names of folders are as Hive has them, so that readers see `date`
//! and `hour` as columns.

use std::mem::take;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_writer::ArrowWriterOptions;
use ::parquet::basic::Compression;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use anyhow::Context;
use arrow_array::builder::{BooleanBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, RecordBatch, TimestampMicrosecondArray, UInt8Array, UInt16Array, UInt32Array,
    UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use jiff::Timestamp;

use super::sink::{PRIVATE, Sink, refuse_taken};
use crate::clicks::{ChosenColumns, Column, LedgerEntry, Of, Spelled, Speller, Values, spell};
use crate::disk::aside::{Aside, Synced};
use crate::disk::folder;
use crate::limits::BATCH_CLICKS_MAX;
use crate::ship::batch::ClickBatch;

/// Rows handed to the writer at once.
const STEP_ROWS: usize = 8 * 1024;
/// Clicks that each column takes after the other; they stay in the processor's cache.
const BLOCK_ROWS: usize = 128;
const HOUR_US: u64 = 3_600_000_000;

/// Writes `date=2026-11-22/hour=13/part-0000000001.parquet` and so on.
pub struct ParquetSink {
    folder: PathBuf,
    columns: Vec<&'static Column>,
    schema: SchemaRef,
    properties: WriterProperties,
}

impl ParquetSink {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    ///
    /// A sentence when it cannot be made.
    pub fn open(folder: &Path, columns: &ChosenColumns) -> anyhow::Result<Self> {
        folder::make(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let columns: Vec<_> = columns.in_tables().collect();
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(BATCH_CLICKS_MAX));
        for column in columns.iter().filter(|column| column.few_alike) {
            properties = properties.set_column_dictionary_enabled(column.name.into(), false);
        }
        let (schema, properties) = (schema(&columns), properties.build());
        Ok(Self { folder: folder.to_owned(), columns, schema, properties })
    }

    /// The file for the clicks that a batch has of an hour since 1970.
    fn path(&self, hour: u64, number: u64) -> PathBuf {
        let second = i64::try_from(hour * (HOUR_US / 1_000_000)).unwrap_or(i64::MAX);
        let begin = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        let partition = begin.strftime("date=%F/hour=%H").to_string();
        self.folder.join(partition).join(format!("part-{number:010}.parquet"))
    }

    /// Writes some clicks of a batch, without giving the file its name yet.
    fn write(
        &self,
        batch: &ClickBatch,
        range: Range<usize>,
        path: &Path,
    ) -> anyhow::Result<Synced> {
        folder::make(folder::of(path))?;
        let aside = Aside::create(path, PRIVATE)?;
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties.clone())
            .with_skip_arrow_metadata(true);
        let mut writer =
            ArrowWriter::try_new_with_options(aside.file(), self.schema.clone(), options)?;
        let mut columns: Vec<_> =
            self.columns.iter().map(|column| ColumnValues::new(column)).collect();
        let (mut entries, mut speller) = (Vec::with_capacity(BLOCK_ROWS), Speller::default());
        for begin in range.clone().step_by(STEP_ROWS) {
            let end = range.end.min(begin + STEP_ROWS);
            for block in (begin..end).step_by(BLOCK_ROWS) {
                entries.clear();
                entries.extend(batch.range(block..end.min(block + BLOCK_ROWS)));
                columns.iter_mut().for_each(|column| column.push(&entries, &mut speller));
            }
            let arrays = columns.iter_mut().map(ColumnValues::finish).collect();
            writer.write(&RecordBatch::try_new(self.schema.clone(), arrays)?)?;
        }
        writer.close()?;
        Ok(aside.sync()?)
    }
}

impl Sink for ParquetSink {
    fn admit(&self, batch: &ClickBatch) -> anyhow::Result<Option<String>> {
        for (hour, _) in hours(batch) {
            let refusal = refuse_taken(&self.path(hour, batch.number))?;
            if refusal.is_some() {
                return Ok(refusal);
            }
        }
        Ok(None)
    }

    fn send(&mut self, batch: &ClickBatch) -> anyhow::Result<()> {
        let mut parts = Vec::new();
        for (hour, range) in hours(batch) {
            let path = self.path(hour, batch.number);
            let part = self.write(batch, range, &path);
            parts.push((part.with_context(|| format!("cannot write {}", path.display()))?, path));
        }
        // Only when all are there do any get their names.
        for (part, path) in parts {
            part.name().with_context(|| format!("cannot name {}", path.display()))?;
        }
        Ok(())
    }

    fn may_recover(&self) -> bool {
        true
    }
}

/// The hours since 1970 that a batch has clicks of, and which those are.
fn hours(batch: &ClickBatch) -> Vec<(u64, Range<usize>)> {
    let latest = Timestamp::MAX.as_microsecond() as u64 / HOUR_US;
    let mut hours: Vec<(u64, Range<usize>)> = Vec::new();
    for (index, time_us) in batch.times().enumerate() {
        let hour = (time_us / HOUR_US).min(latest);
        match hours.last_mut() {
            Some((last, range)) if *last == hour => range.end = index + 1,
            _ => hours.push((hour, index..index + 1)),
        }
    }
    hours
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
