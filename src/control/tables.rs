//! Link files as an operator names them, and their table.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::live;
use crate::links::{Columns, Format, OnBadLine, Report, Table};

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
    pub table: Option<Arc<Table>>,
    /// Files, links, and every bad line.
    pub report: Report,
    /// How long reading and building took.
    pub took: Duration,
}

impl Sources {
    /// Reads all files into one table.
    ///
    /// # Errors
    ///
    /// When a file cannot be read; it is named.
    pub fn read(&self) -> anyhow::Result<Read> {
        let started = Instant::now();
        Ok(Read::of(live::read(self)?, started))
    }

    /// The same; - is standard input.
    ///
    /// # Errors
    ///
    /// When a file cannot be read; it is named.
    pub fn read_here(&self) -> anyhow::Result<Read> {
        let started = Instant::now();
        let open = |path: &Path| {
            if path != Path::new("-") {
                return fs::read(path);
            }
            let mut text = Vec::new();
            io::stdin().lock().read_to_end(&mut text)?;
            Ok(text)
        };
        Ok(Read::of(live::read_with(self, &open)?, started))
    }
}

impl Read {
    fn of((base, report): (Option<live::Base>, Report), started: Instant) -> Read {
        Read { table: base.map(|base| base.table), report, took: started.elapsed() }
    }
}
