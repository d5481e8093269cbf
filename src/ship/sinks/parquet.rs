//! Parquet files by date and hour of the click, one of each batch for each hour:
//! exactly once. Names of folders are as Hive has them, so that readers see `date`
//! and `hour` as columns.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;

use super::sink::{PRIVATE, Sink, refuse_taken};
use crate::clicks::{ChosenColumns, ParquetRows};
use crate::disk::aside::{Aside, Synced};
use crate::disk::folder;
use crate::ship::batch::ClickBatch;

/// Clicks that each column takes after the other; they stay in the processor's cache.
const BLOCK_ROWS: usize = 128;
const HOUR_US: u64 = 3_600_000_000;

/// Writes `date=2026-11-22/hour=13/part-0000000001.parquet` and so on.
pub struct ParquetSink {
    folder: PathBuf,
    columns: ChosenColumns,
}

impl ParquetSink {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    ///
    /// A sentence when it cannot be made.
    pub fn open(folder: &Path, columns: &ChosenColumns) -> anyhow::Result<Self> {
        folder::make(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder: folder.to_owned(), columns: columns.clone() })
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
        let mut rows = ParquetRows::new(&self.columns, aside.file())?;
        let mut entries = Vec::with_capacity(BLOCK_ROWS);
        for begin in range.clone().step_by(BLOCK_ROWS) {
            entries.clear();
            entries.extend(batch.range(begin..range.end.min(begin + BLOCK_ROWS)));
            rows.write(&entries)?;
        }
        rows.close()?;
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
