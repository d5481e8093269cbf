//! A file of rows that have ids of clicks, such as one of conversions. It is read twice: for
//! its ids, and to be written with what was found.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use csv::ByteRecord;

use crate::clicks::ClickId;
use crate::disk::regular;
use crate::limits::JOIN_ROW_BYTES_MAX;
use crate::links::Parted;
use crate::words::{counted, visible};

/// So much of a file tells how it is parted, bytes.
const HEAD_BYTES: u64 = 64 * 1024;
/// Bytes read at once.
const STEP_BYTES: usize = 256 * 1024;

/// A file with a column of ids.
pub(super) struct JoinedFile {
    file: File,
    bytes: u64,
    name: String,
    parted: Parted,
    /// Whether its lines end with CR LF.
    pub(super) has_cr: bool,
    /// Which column has the ids.
    pub(super) column: usize,
    /// The names of its columns, if it has any.
    pub(super) header: Option<ByteRecord>,
    /// How many columns there are.
    pub(super) width: usize,
}

impl JoinedFile {
    /// Opens the file at `path`, of which - is `stdin`, and finds the column that is called so
    /// or has this number, from 1.
    ///
    /// # Errors
    ///
    /// A sentence when it cannot be read, or has no such column.
    pub(super) fn open(path: &Path, column: &str, stdin: impl Read) -> anyhow::Result<Self> {
        let (file, name) = if path == Path::new("-") {
            (kept(stdin)?, "standard input".to_owned())
        } else {
            let name = visible(&path.display().to_string()).into_owned();
            let file = regular::open(path).with_context(|| format!("cannot read {name}"))?;
            (file, name)
        };
        let cannot = || format!("cannot read {name}");
        let bytes = file.metadata().with_context(cannot)?.len();
        let mut head = vec![0; HEAD_BYTES.min(bytes) as usize];
        file.read_exact_at(&mut head, 0).with_context(cannot)?;
        let is_known = |row: &ByteRecord| place_in(row, column).is_some();
        let parted = Parted::told_from(&head, &is_known);
        let parted = parted.map_err(|why| anyhow::anyhow!("{name}: {why}"))?;
        let has_cr = memchr::memmem::find(&head, b"\r\n").is_some();
        let mut of = Self { file, bytes, name, parted, has_cr, column: 0, header: None, width: 0 };
        let first = of.rows().next()?.cloned();
        let Some(first) = first else { bail!("{} has no rows", of.name) };
        of.column = match place_in(&first, column) {
            Some(at) => at,
            None => {
                bail!("{} has no column `{}`; it has {}", of.name, visible(column), names(&first))
            }
        };
        of.width = first.len();
        let is_row = ClickId::parse(first[of.column].trim_ascii()).is_ok();
        of.header = (!is_row).then_some(first);
        Ok(of)
    }

    /// What stands between two cells.
    pub(super) fn delimiter(&self) -> u8 {
        self.parted.delimiter()
    }

    /// Its rows, the header among them.
    pub(super) fn rows(&self) -> JoinedRows<'_> {
        let begin = self.parted.rows_at as u64;
        let at = ReadFrom { file: &self.file, at: begin, end: Cell::new(u64::MAX) };
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.parted.delimiter())
            .buffer_capacity(STEP_BYTES)
            .from_reader(at);
        JoinedRows { of: self, reader, begin, row: ByteRecord::new() }
    }

    /// Its rows without the header.
    pub(super) fn rows_below_header(&self) -> anyhow::Result<JoinedRows<'_>> {
        let mut rows = self.rows();
        if self.header.is_some() {
            rows.next()?;
        }
        Ok(rows)
    }
}

/// What is read is kept in a file without a name: it is read twice.
fn kept(mut stdin: impl Read) -> anyhow::Result<File> {
    let keeps = "cannot keep standard input in a temporary file (TMPDIR says where)";
    let mut file = tempfile::tempfile().context(keeps)?;
    let mut step = vec![0; STEP_BYTES];
    loop {
        let count = match stdin.read(&mut step) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count.context("cannot read standard input")?,
        };
        if count == 0 {
            file.rewind().context(keeps)?;
            return Ok(file);
        }
        file.write_all(&step[..count]).context(keeps)?;
    }
}

/// Where a row has the column that is called so, else the one with this number, from 1.
fn place_in(row: &ByteRecord, column: &str) -> Option<usize> {
    let wanted = column.trim().as_bytes();
    let named = row.iter().position(|cell| cell.trim_ascii().eq_ignore_ascii_case(wanted));
    let numbered =
        || column.parse().ok().filter(|at| (1..=row.len()).contains(at)).map(|at| at - 1);
    named.or_else(numbered)
}

/// The names of columns, for people.
fn names(row: &ByteRecord) -> String {
    const SHOWN_MAX: usize = 40;
    let name = |cell: &[u8]| visible(&String::from_utf8_lossy(cell)).into_owned();
    let shown: Vec<_> = row.iter().take(SHOWN_MAX).map(name).collect();
    let more = if row.len() > SHOWN_MAX { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The rows of a file, one after the other.
pub(super) struct JoinedRows<'a> {
    of: &'a JoinedFile,
    reader: csv::Reader<ReadFrom<'a>>,
    /// Where the reader began, bytes.
    begin: u64,
    row: ByteRecord,
}

impl JoinedRows<'_> {
    /// The next row; `None` behind the last.
    ///
    /// # Errors
    ///
    /// A sentence when it cannot be read: it has more cells than there are columns, or a quote
    /// was left open.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<&ByteRecord>> {
        let name = &self.of.name;
        let before = self.begin + self.reader.position().byte();
        let end_max = before + JOIN_ROW_BYTES_MAX + STEP_BYTES as u64;
        self.reader.get_ref().end.set(end_max);
        let is_there = self.reader.read_byte_record(&mut self.row);
        if !is_there.with_context(|| format!("cannot read {name}"))? {
            return Ok(None);
        }
        let line = self.row.position().map_or(0, csv::Position::line);
        let end = self.begin + self.reader.position().byte();
        let has_lines = self.row.iter().any(|cell| memchr::memchr(b'\n', cell).is_some());
        if has_lines || end >= self.of.bytes {
            let start = self.begin + self.row.position().map_or(0, csv::Position::byte);
            let mut written = vec![0; (end - start) as usize];
            self.of
                .file
                .read_exact_at(&mut written, start)
                .with_context(|| format!("cannot read {name}"))?;
            let blank = written.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let written = written[blank..].trim_ascii_end();
            let width = self.of.width.max(1);
            if let Some(why) = self.of.parted.left_open(written, width, line as u32) {
                bail!("{name}:{line}: {why}");
            }
        }
        let width = if self.of.width == 0 { self.row.len() } else { self.of.width };
        let is_over = self.row.iter().skip(width).any(|cell| !cell.trim_ascii().is_empty());
        ensure!(
            !is_over,
            "{name}:{line}: the row has {}, and the first one has {width}; quote a cell that has \
             the delimiter in it",
            counted(self.row.len(), "cell")
        );
        Ok(Some(&self.row))
    }
}

/// Reads a file from a place on, and no further than one row may go.
struct ReadFrom<'a> {
    file: &'a File,
    at: u64,
    end: Cell<u64>,
}

impl Read for ReadFrom<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.end.get() {
            return Err(io::Error::other(format!(
                "a row is longer than {JOIN_ROW_BYTES_MAX} bytes; a quote may be open"
            )));
        }
        let count = self.file.read_at(bytes, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
