//! In which form a command is to print clicks.

use std::io::Write;

use anyhow::ensure;
use clap::ValueEnum;

use crate::clicks::{ChosenColumns, RowFormat, Rows};

/// How clicks are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RowFormatName {
    /// One JSON object a line.
    #[default]
    Ndjson,
    /// Comma-separated, with a header row.
    Csv,
}

/// How clicks are written that may also be a Parquet file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FileFormatName {
    /// One JSON object a line.
    #[default]
    Ndjson,
    /// Comma-separated, with a header row.
    Csv,
    /// A Parquet file, where that was built in.
    Parquet,
}

impl FileFormatName {
    /// The same where it is rows.
    pub(super) fn rows(self) -> Option<RowFormatName> {
        match self {
            Self::Ndjson => Some(RowFormatName::Ndjson),
            Self::Csv => Some(RowFormatName::Csv),
            Self::Parquet => None,
        }
    }
}

impl From<RowFormatName> for RowFormat {
    fn from(format: RowFormatName) -> Self {
        match format {
            RowFormatName::Ndjson => Self::Ndjson,
            RowFormatName::Csv => Self::Csv,
        }
    }
}

/// Begins to print in this format, or as a spreadsheet wants it.
///
/// # Errors
///
/// Where both were asked for; else those of `out`.
pub(super) fn begin<W: Write>(
    format: Option<RowFormatName>,
    excel: bool,
    columns: &ChosenColumns,
    out: W,
) -> anyhow::Result<Rows<W>> {
    if excel {
        let is_csv = format != Some(RowFormatName::Ndjson);
        ensure!(is_csv, "--excel prints CSV; leave out `--format ndjson`");
        return Ok(Rows::for_spreadsheets(columns, out)?);
    }
    Ok(Rows::new(format.unwrap_or_default().into(), columns, out)?)
}
