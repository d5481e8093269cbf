//! A file of rows for each batch, named after its number: exactly once.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::sink::{PRIVATE, Sink, refuse_taken};
use crate::clicks::{ChosenColumns, RowFormat, Rows};
use crate::disk::aside::Aside;
use crate::disk::folder;
use crate::ship::batch::ClickBatch;

/// Text gathered before it is written, bytes.
const OUT_BYTES: usize = 256 * 1024;

/// Writes `clicks-0000000001.ndjson` and so on.
pub struct FilesSink {
    folder: PathBuf,
    format: RowFormat,
    columns: ChosenColumns,
    is_zstd: bool,
}

impl FilesSink {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    ///
    /// A sentence when it cannot be made.
    pub fn open(
        folder: &Path,
        format: RowFormat,
        columns: ChosenColumns,
        is_zstd: bool,
    ) -> anyhow::Result<Self> {
        folder::make(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder: folder.to_owned(), format, columns, is_zstd })
    }

    /// The file of a batch.
    fn path(&self, number: u64) -> PathBuf {
        let ending = match self.format {
            RowFormat::Ndjson => "ndjson",
            RowFormat::Csv => "csv",
        };
        let packed = if self.is_zstd { ".zst" } else { "" };
        self.folder.join(format!("clicks-{number:010}.{ending}{packed}"))
    }

    fn write(&self, batch: &ClickBatch, file: &File) -> io::Result<()> {
        if self.is_zstd {
            return self.write_packed(batch, file);
        }
        self.write_rows(batch, BufWriter::with_capacity(OUT_BYTES, file))
    }

    #[cfg(feature = "zstd")]
    fn write_packed(&self, batch: &ClickBatch, file: &File) -> io::Result<()> {
        let mut packed = zstd::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?;
        packed.include_checksum(true)?;
        self.write_rows(batch, BufWriter::with_capacity(OUT_BYTES, &mut packed))?;
        packed.finish().map(drop)
    }

    #[cfg(not(feature = "zstd"))]
    fn write_packed(&self, _batch: &ClickBatch, _file: &File) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into()) // such a sink is not opened
    }

    fn write_rows(&self, batch: &ClickBatch, out: impl Write) -> io::Result<()> {
        let mut rows = Rows::new(self.format, &self.columns, out)?;
        batch.iter().try_for_each(|entry| rows.write(&entry))?;
        rows.flush()
    }
}

impl Sink for FilesSink {
    fn admit(&self, batch: &ClickBatch) -> anyhow::Result<Option<String>> {
        refuse_taken(&self.path(batch.number))
    }

    fn send(&mut self, batch: &ClickBatch) -> anyhow::Result<()> {
        let path = self.path(batch.number);
        let write = || {
            let aside = Aside::create(&path, PRIVATE)?;
            self.write(batch, aside.file())?;
            aside.sync()?.name()
        };
        write().map(drop).with_context(|| format!("cannot write {}", path.display()))
    }

    fn may_recover(&self) -> bool {
        true
    }
}
