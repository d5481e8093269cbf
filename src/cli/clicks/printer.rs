//! What clicks are printed with: rows of text, or a Parquet file.

use std::io::Write;

use anyhow::ensure;

use super::row_choice::{self, FileFormatName};
#[cfg(feature = "parquet")]
use crate::clicks::ParquetRows;
use crate::clicks::{ChosenColumns, LedgerEntry, Rows};

/// Prints clicks to `W`.
pub(super) enum Printer<W: Write + Send> {
    Rows(Box<Rows<W>>),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetRows<W>>),
}

impl<W: Write + Send> Printer<W> {
    /// Begins to print in this format, or as a spreadsheet wants it.
    ///
    /// # Errors
    ///
    /// Where both were asked for, or what was not built in; else those of `out`.
    pub(super) fn begin(
        format: Option<FileFormatName>,
        excel: bool,
        columns: &ChosenColumns,
        out: W,
    ) -> anyhow::Result<Self> {
        if format == Some(FileFormatName::Parquet) {
            ensure!(!excel, "--excel prints CSV; leave out `--format parquet`");
            return Self::parquet(columns, out);
        }
        let format = format.and_then(FileFormatName::rows);
        Ok(Self::Rows(Box::new(row_choice::begin(format, excel, columns, out)?)))
    }

    #[cfg(feature = "parquet")]
    fn parquet(columns: &ChosenColumns, out: W) -> anyhow::Result<Self> {
        Ok(Self::Parquet(Box::new(ParquetRows::new(columns, out)?)))
    }

    #[cfg(not(feature = "parquet"))]
    fn parquet(_columns: &ChosenColumns, _out: W) -> anyhow::Result<Self> {
        anyhow::bail!(crate::ship::sinks::NO_PARQUET)
    }

    /// Prints one click.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub(super) fn write(&mut self, entry: &LedgerEntry<'_>) -> anyhow::Result<()> {
        match self {
            Self::Rows(rows) => Ok(rows.write(entry)?),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => Ok(rows.write(std::slice::from_ref(entry))?),
        }
    }

    /// Hands on the rows that are there. A Parquet file is read only when all are.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Rows(rows) => Ok(rows.flush()?),
            #[cfg(feature = "parquet")]
            Self::Parquet(_) => Ok(()),
        }
    }

    /// There are no more.
    ///
    /// # Errors
    ///
    /// Those of the output.
    pub(super) fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Rows(mut rows) => Ok(rows.flush()?),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => Ok(rows.close()?),
        }
    }
}
