//! Clicks as text: one JSON object or one CSV row each, with the columns
//! that are wanted.

use std::io::{self, Write};

use super::chosen::ChosenColumns;
use super::columns::{Column, Presence};
use super::spelling::{Cell, Speller};
use crate::clicks::read::entry::LedgerEntry;
use crate::words::{push_json, visible_cell};

/// How clicks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// One JSON object a line. What is hidden in text is escaped.
    Ndjson,
    /// RFC 4180, with a header row. What is hidden in text is written as `\xNN`.
    Csv,
}

/// Writes clicks as rows.
pub struct Rows<W: Write> {
    out: Out<W>,
    speller: Speller,
}

enum Out<W: Write> {
    Ndjson(Ndjson<W>),
    Csv(Box<Csv<W>>),
}

impl<W: Write> Rows<W> {
    /// Begins to write these columns to `out`; CSV begins with its header row.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn new(format: RowFormat, columns: &ChosenColumns, out: W) -> io::Result<Self> {
        let out = match format {
            RowFormat::Ndjson => Out::Ndjson(Ndjson::new(columns, out)),
            RowFormat::Csv => Out::Csv(Box::new(Csv::new(columns, out, false)?)),
        };
        Ok(Self { out, speller: Speller::default() })
    }

    /// CSV as spreadsheets read it: with a byte order mark, `;` between cells, lines that
    /// end in CR LF, and an apostrophe before text that they would take for a formula.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn for_spreadsheets(columns: &ChosenColumns, out: W) -> io::Result<Self> {
        let out = Out::Csv(Box::new(Csv::new(columns, out, true)?));
        Ok(Self { out, speller: Speller::default() })
    }

    /// Writes one click.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(&mut self, entry: &LedgerEntry<'_>) -> io::Result<()> {
        match &mut self.out {
            Out::Ndjson(rows) => rows.write(&mut self.speller, entry),
            Out::Csv(rows) => rows.write(&mut self.speller, entry),
        }
    }

    /// Hands on what is buffered.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Ndjson(rows) => rows.out.flush(),
            Out::Csv(rows) => rows.out.flush(),
        }
    }
}

struct Ndjson<W> {
    out: W,
    /// The columns, and what stands before a value: `,"time":`.
    columns: Vec<(String, &'static Column)>,
    line: Vec<u8>,
}

impl<W: Write> Ndjson<W> {
    fn new(columns: &ChosenColumns, out: W) -> Self {
        let columns = columns.in_objects();
        let columns = columns.map(|column| (format!(",\"{}\":", column.name), column));
        Self { out, columns: columns.collect(), line: Vec::new() }
    }

    fn write(&mut self, speller: &mut Speller, entry: &LedgerEntry<'_>) -> io::Result<()> {
        let line = &mut self.line;
        line.clear();
        for (before, column) in &self.columns {
            let cell = speller.cell(&column.values, entry);
            if column.presence != Presence::Always && cell.is_empty() {
                continue;
            }
            line.extend_from_slice(before.as_bytes());
            match cell {
                Cell::Nothing => line.extend_from_slice(b"null"),
                Cell::Flag(is_so) => line.extend_from_slice(word(is_so).as_bytes()),
                Cell::Number(number) => serde_json::to_writer(&mut *line, &number)?,
                Cell::Plain(text) => quote(line, text),
                Cell::Text(text) => push_json(&text, line),
                Cell::Names(names) => {
                    line.push(b'[');
                    for (index, name) in names.iter().enumerate() {
                        line.extend_from_slice(if index > 0 { b"," } else { b"" });
                        quote(line, name);
                    }
                    line.push(b']');
                }
            }
        }
        match line.first_mut() {
            Some(comma) => *comma = b'{',
            None => line.push(b'{'),
        }
        line.extend_from_slice(b"}\n");
        self.out.write_all(line)
    }
}

struct Csv<W: Write> {
    out: csv::Writer<W>,
    columns: Vec<&'static Column>,
    /// The digits of one number.
    number: Vec<u8>,
    /// Whether formulas are to be none.
    defuses: bool,
}

/// What text begins with that a spreadsheet takes for a formula, also in their wide forms,
/// and behind a tab or a line break.
const FORMULA_BEGINS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Text with an apostrophe before whatever may begin a formula. A spreadsheet that is set to
/// part cells at commas parts them there, too.
fn defused(text: &str) -> String {
    let mut defused = String::with_capacity(text.len() + 1);
    let mut before = ',';
    for char in text.chars() {
        if matches!(before, ',' | ';' | '|') && FORMULA_BEGINS.contains(&char) {
            defused.push('\'');
        }
        defused.push(char);
        before = char;
    }
    defused
}

/// Text as a cell that a spreadsheet takes for text: an apostrophe stands before whatever
/// would be a formula, and what is hidden is written as `\xNN`.
#[must_use]
pub fn spreadsheet_cell(text: &str) -> String {
    visible_cell(&defused(text)).into_owned()
}

impl<W: Write> Csv<W> {
    fn new(columns: &ChosenColumns, mut out: W, for_spreadsheets: bool) -> io::Result<Self> {
        let columns: Vec<_> = columns.in_tables().collect();
        let mut dialect = csv::WriterBuilder::new();
        if for_spreadsheets {
            out.write_all("\u{feff}".as_bytes())?;
            dialect.delimiter(b';').terminator(csv::Terminator::CRLF);
        }
        let mut out = dialect.has_headers(false).from_writer(out);
        out.write_record(columns.iter().map(|column| column.name)).map_err(io_error)?;
        Ok(Self { out, columns, number: Vec::new(), defuses: for_spreadsheets })
    }

    fn write(&mut self, speller: &mut Speller, entry: &LedgerEntry<'_>) -> io::Result<()> {
        for column in &self.columns {
            let written = match speller.cell(&column.values, entry) {
                Cell::Nothing => self.out.write_field(b""),
                Cell::Flag(is_so) => self.out.write_field(word(is_so)),
                Cell::Number(number) => {
                    self.number.clear();
                    serde_json::to_writer(&mut self.number, &number)?;
                    self.out.write_field(&self.number)
                }
                Cell::Plain(text) => self.out.write_field(text),
                Cell::Text(text) if self.defuses => self.out.write_field(spreadsheet_cell(&text)),
                Cell::Text(text) => self.out.write_field(&*visible_cell(&text)),
                // A list is no CSV field, so the names share one.
                Cell::Names(names) => self.out.write_field(speller.names(names).unwrap_or("")),
            };
            written.map_err(io_error)?;
        }
        // Without a field more, this ends the record.
        self.out.write_record(None::<&[u8]>).map_err(io_error)
    }
}

fn word(is_so: bool) -> &'static str {
    if is_so { "true" } else { "false" }
}

/// Appends a JSON string of text that has nothing to be escaped.
fn quote(line: &mut Vec<u8>, plain: &str) {
    line.push(b'"');
    line.extend_from_slice(plain.as_bytes());
    line.push(b'"');
}

/// What the csv crate says, as the I/O error that it mostly is.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
