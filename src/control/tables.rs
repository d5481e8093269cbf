//! Link files as an operator names them, and their table.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::live::Files;
use crate::links::{Changes, Columns, Format, OnBadLine, Report, Table};

/// Where links come from, as an operator wishes; read again on every reload.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The link files, in order.
    pub paths: Vec<PathBuf>,
    /// How they are read.
    pub reading: Reading,
    /// What becomes of the other links when a line is wrong.
    pub on_bad_line: OnBadLine,
}

/// How link files are read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Their format; `None`: as each file looks.
    pub format: Option<Format>,
    /// `https://host`, before targets that are only a path.
    pub base: Option<String>,
    /// Which columns of a table of values mean what; `None`: by their names.
    pub columns: Option<Columns>,
}

impl Reading {
    /// The format of a file of this name with this content.
    pub fn format_of(&self, name: &str, text: &[u8]) -> Format {
        self.format.unwrap_or_else(|| Format::detect(name, text, self.columns.is_some()))
    }
}

/// A table, and what was found while it was read.
pub struct Read {
    /// The table; `None` where a bad line refused all.
    pub table: Option<Table>,
    /// Files, links, and every bad line.
    pub report: Report,
    /// How long reading and building took.
    pub took: Duration,
}

impl Sources {
    /// Reads all files into one table of this generation.
    ///
    /// # Errors
    ///
    /// When a file cannot be read; it is named.
    pub fn read(&self, generation: u32) -> anyhow::Result<Read> {
        let started = Instant::now();
        let loaded = Files::read(self)?.load(&Changes::default());
        let table = loaded.table.map(|table| table.with_generation(generation));
        Ok(Read { table, report: loaded.report, took: started.elapsed() })
    }
}
