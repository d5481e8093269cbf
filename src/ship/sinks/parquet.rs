//! Parquet files by date and hour of the click, one of each batch for each hour:
//! exactly once. Names of folders are as Hive has them, so that readers see `date`
//! and `hour` as columns.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_writer::ArrowWriterOptions;
use ::parquet::basic::Compression;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use anyhow::Context;
use arrow_array::builder::{
    BooleanBuilder, StringBuilder, TimestampMicrosecondBuilder, UInt16Builder, UInt32Builder,
    UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use jiff::Timestamp;

use super::{PRIVATE, Sink, refuse_taken};
use crate::clicks::Flags;
use crate::clicks::id::ClickId;
use crate::clicks::ledger::Entry;
use crate::clicks::rows::{CUTS, given, link_text, path_and_query, set_ip, text};
use crate::disk::aside::{Aside, Synced};
use crate::disk::folder;
use crate::limits::BATCH_CLICKS_MAX;
use crate::ship::batch::Batch;

/// Rows turned into columns at once.
const STEP_ROWS: usize = 8 * 1024;
const HOUR_US: u64 = 3_600_000_000;

/// Writes `date=2026-11-22/hour=13/part-0000000001.parquet` and so on.
pub struct Parquet {
    folder: PathBuf,
    schema: SchemaRef,
    properties: WriterProperties,
}

impl Parquet {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    ///
    /// A sentence when it cannot be made.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        folder::make(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(BATCH_CLICKS_MAX))
            // Few are alike.
            .set_column_dictionary_enabled("ip".into(), false)
            .set_column_dictionary_enabled("time".into(), false)
            .set_column_dictionary_enabled("seq".into(), false)
            .set_column_dictionary_enabled("id".into(), false)
            .build();
        Ok(Self { folder: folder.to_owned(), schema: schema(), properties })
    }

    /// The file for the clicks that a batch has of an hour since 1970.
    fn path(&self, hour: u64, number: u64) -> PathBuf {
        let second = i64::try_from(hour * (HOUR_US / 1_000_000)).unwrap_or(i64::MAX);
        let begin = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        let partition = begin.strftime("date=%F/hour=%H").to_string();
        self.folder.join(partition).join(format!("part-{number:010}.parquet"))
    }

    /// Writes some clicks of a batch, without giving the file its name yet.
    fn write(&self, batch: &Batch, range: Range<usize>, path: &Path) -> anyhow::Result<Synced> {
        folder::make(folder::of(path))?;
        let aside = Aside::create(path, PRIVATE)?;
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties.clone())
            .with_skip_arrow_metadata(true);
        let mut writer =
            ArrowWriter::try_new_with_options(aside.file(), self.schema.clone(), options)?;
        let mut columns = Columns::default();
        for begin in range.clone().step_by(STEP_ROWS) {
            for entry in batch.range(begin..range.end.min(begin + STEP_ROWS)) {
                columns.push(&entry);
            }
            writer.write(&columns.finish(&self.schema)?)?;
        }
        writer.close()?;
        Ok(aside.sync()?)
    }
}

impl Sink for Parquet {
    fn admit(&self, batch: &Batch) -> anyhow::Result<()> {
        hours(batch)
            .into_iter()
            .try_for_each(|(hour, _)| refuse_taken(&self.path(hour, batch.number)))
    }

    fn send(&mut self, batch: &Batch) -> anyhow::Result<()> {
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
fn hours(batch: &Batch) -> Vec<(u64, Range<usize>)> {
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
fn schema() -> SchemaRef {
    let needed = |name, kind| Field::new(name, kind, false);
    let optional = |name, kind| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        needed("time", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
        needed("shard", DataType::UInt16),
        needed("seq", DataType::UInt64),
        optional("link", DataType::Utf8),
        needed("generation", DataType::UInt32),
        needed("ip", DataType::Utf8),
        needed("status", DataType::UInt16),
        needed("verdict", DataType::Utf8),
        needed("head", DataType::Boolean),
        needed("prefetch", DataType::Boolean),
        needed("host", DataType::Utf8),
        needed("path", DataType::Utf8),
        optional("query", DataType::Utf8),
        optional("referer", DataType::Utf8),
        optional("user_agent", DataType::Utf8),
        optional("tag", DataType::Utf8),
        optional("id", DataType::Utf8),
        optional("cut", DataType::Utf8),
    ]))
}

/// Clicks, column by column.
#[derive(Default)]
struct Columns {
    time: TimestampMicrosecondBuilder,
    shard: UInt16Builder,
    seq: UInt64Builder,
    link: StringBuilder,
    generation: UInt32Builder,
    ip: StringBuilder,
    status: UInt16Builder,
    verdict: StringBuilder,
    head: BooleanBuilder,
    prefetch: BooleanBuilder,
    host: StringBuilder,
    path: StringBuilder,
    query: StringBuilder,
    referer: StringBuilder,
    user_agent: StringBuilder,
    tag: StringBuilder,
    id: StringBuilder,
    cut: StringBuilder,
    /// The address of one click.
    address: String,
}

impl Columns {
    fn push(&mut self, entry: &Entry<'_>) {
        let click = &entry.click;
        let (path, query) = path_and_query(click);
        self.time.append_value(i64::try_from(click.time_us).unwrap_or(i64::MAX));
        self.shard.append_value(entry.shard);
        self.seq.append_value(entry.sequence);
        if click.link == 0 {
            self.link.append_null();
        } else {
            let link = link_text(click.link);
            self.link.append_value(str::from_utf8(&link).expect("digits are ASCII"));
        }
        self.generation.append_value(click.generation);
        set_ip(&mut self.address, click.ip);
        self.ip.append_value(&self.address);
        self.status.append_value(click.status);
        self.verdict.append_value(click.verdict.name());
        self.head.append_value(click.flags.contains(Flags::HEAD));
        self.prefetch.append_value(click.flags.contains(Flags::PREFETCH));
        self.host.append_value(text(click.host));
        self.path.append_value(text(path));
        self.query.append_option(query.map(text));
        self.referer.append_option(given(click.referer));
        self.user_agent.append_option(given(click.user_agent));
        self.tag.append_option(given(click.tag));
        match entry.id.map(ClickId::text) {
            Some(id) => self.id.append_value(str::from_utf8(&id).expect("an id is ASCII")),
            None => self.id.append_null(),
        }
        let mut cuts = CUTS.iter().filter(|(flag, _)| click.flags.contains(*flag)).peekable();
        if cuts.peek().is_none() {
            self.cut.append_null();
        } else {
            let names: Vec<_> = cuts.map(|(_, name)| *name).collect();
            self.cut.append_value(names.join(" "));
        }
    }

    /// What was pushed, in the order of the schema.
    fn finish(&mut self, schema: &SchemaRef) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.time.finish().with_timezone("UTC")),
            Arc::new(self.shard.finish()),
            Arc::new(self.seq.finish()),
            Arc::new(self.link.finish()),
            Arc::new(self.generation.finish()),
            Arc::new(self.ip.finish()),
            Arc::new(self.status.finish()),
            Arc::new(self.verdict.finish()),
            Arc::new(self.head.finish()),
            Arc::new(self.prefetch.finish()),
            Arc::new(self.host.finish()),
            Arc::new(self.path.finish()),
            Arc::new(self.query.finish()),
            Arc::new(self.referer.finish()),
            Arc::new(self.user_agent.finish()),
            Arc::new(self.tag.finish()),
            Arc::new(self.id.finish()),
            Arc::new(self.cut.finish()),
        ];
        RecordBatch::try_new(schema.clone(), columns)
    }
}
