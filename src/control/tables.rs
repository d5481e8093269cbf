//! Link files as an operator names them, and their table.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::live;
use crate::links::{Format, OnBadLine, Report, Table};

/// Where links come from, as an operator wishes; read again on every reload.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The link files, in order.
    pub paths: Vec<PathBuf>,
    /// Their format; `None`: by file ending.
    pub format: Option<Format>,
    /// What becomes of the other links when a line is wrong.
    pub on_bad_line: OnBadLine,
    /// `https://host`, before targets that are only a path.
    pub base: Option<String>,
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
        let (base, report) = live::read(self)?;
        Ok(Read { table: base.map(|base| base.table), report, took: started.elapsed() })
    }
}
