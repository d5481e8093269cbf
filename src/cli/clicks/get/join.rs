//! A file of rows, each with the columns of the click whose id it has.

use std::io::{BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use csv::{ByteRecord, Terminator};
use serde::Serialize;

use super::answers::{Answers, NoRow};
use super::arguments::GetArguments;
use super::joined_file::JoinedFile;
use crate::cli::clicks::output::{Output, PRIVATE};
use crate::cli::clicks::row_choice::{self, RowFormatName};
use crate::clicks::{ChosenColumns, ClickId, IdRefused, Missing, spell, spreadsheet_cell};
use crate::limits::{CLICKS_FOLDER_DEFAULT, LOOKUP_IDS_MAX};
use crate::say::say_to;
use crate::words::{counted, visible_json};

/// The columns of clicks that are added where none are named: what was clicked and where, and
/// nothing of who did.
const USUAL: &str = "time,key,target,tag,host,path,query,referer";

/// Writes the file at `path` with the columns of clicks; returns the exit status.
///
/// # Errors
///
/// A sentence when the file, the folder or the keys cannot be read, or the output not be
/// written.
pub(super) fn join(
    wish: &GetArguments,
    path: &Path,
    stdin: impl Read,
    mut out: impl Write,
    complaints: &mut impl Write,
) -> anyhow::Result<u8> {
    let is_csv = wish.format != Some(RowFormatName::Ndjson);
    ensure!(is_csv, "--join writes CSV; leave out `--format ndjson`");
    ensure!(wish.ids.len() <= 1, "with --join name the click folder, and no ids");
    let clicks = wish.ids.first().map(Path::new).or(wish.clicks.as_deref());
    let clicks = clicks.unwrap_or(Path::new(CLICKS_FOLDER_DEFAULT));
    let keys = wish.keys(clicks)?;
    let file = JoinedFile::open(path, wish.column.as_deref().unwrap_or_default(), stdin)?;
    let columns = wish.columns.clone().unwrap_or_default().beside(USUAL);
    let mut output = Output::begin(wish.output.as_deref(), PRIVATE, &mut out)?;
    let is_file = output.is_file();
    let mut table = Joined::begin(&file, &columns, wish.excel, BufWriter::new(&mut output))?;
    let (mut asked, mut written) = (file.rows_below_header()?, file.rows_below_header()?);
    let (mut totals, mut cells, mut is_over) = (Totals::default(), Vec::new(), false);
    while !is_over {
        let mut ids = Vec::new();
        while ids.len() < LOOKUP_IDS_MAX && !is_over {
            let row = asked.next()?;
            is_over = row.is_none();
            ids.extend(row.map(|row| ClickId::parse(cell(row, file.column))));
        }
        let answers = Answers::find(clicks, &keys, ids.iter().copied(), &|spool| {
            row_choice::begin(Some(RowFormatName::Csv), wish.excel, &columns, spool)
        })?;
        for number in 0..ids.len() {
            let row = written.next()?.context("the file was changed while it was read")?;
            let answer = answers.row(number, &mut cells)?;
            totals.count(cell(row, file.column).is_empty(), answer);
            table.write(row, answer.is_ok().then_some(&*cells))?;
        }
    }
    table.out.flush()?;
    drop(table);
    output.finish()?;
    if !wish.json {
        say_to(complaints, totals.text());
    } else if is_file {
        writeln!(out, "{}", visible_json(&totals))?;
    } else {
        writeln!(complaints, "{}", visible_json(&totals))?;
    }
    Ok(totals.status())
}

/// What a cell holds, without blanks around it; nothing where the row ends before it.
fn cell(row: &ByteRecord, at: usize) -> &[u8] {
    row.get(at).unwrap_or_default().trim_ascii()
}

/// Writes rows with cells of clicks behind them.
struct Joined<W: Write> {
    out: csv::Writer<W>,
    /// How many cells a row has, and how many are added.
    width: usize,
    added: usize,
    excel: bool,
}

impl<W: Write> Joined<W> {
    /// Begins a table, parted as the file is or as a spreadsheet wants it, with its header if
    /// it has one.
    fn begin(
        file: &JoinedFile,
        columns: &ChosenColumns,
        excel: bool,
        mut out: W,
    ) -> anyhow::Result<Self> {
        let mut dialect = csv::WriterBuilder::new();
        dialect.has_headers(false).flexible(true);
        dialect.delimiter(if excel { b';' } else { file.delimiter() });
        if excel {
            out.write_all("\u{feff}".as_bytes())?;
        }
        if excel || file.has_cr {
            dialect.terminator(Terminator::CRLF);
        }
        let (width, added) = (file.width, columns.in_tables().count());
        let mut table = Self { out: dialect.from_writer(out), width, added, excel };
        if let Some(header) = &file.header {
            table.cells(header)?;
            let mut names: Vec<_> = header.iter().map(<[u8]>::to_vec).collect();
            for column in columns.in_tables() {
                let mut name = column.name.to_owned();
                while names.iter().any(|other| other.eq_ignore_ascii_case(name.as_bytes())) {
                    name.insert_str(0, "click_");
                }
                table.out.write_field(&name)?;
                names.push(name.into_bytes());
            }
            table.out.write_record(None::<&[u8]>)?;
        }
        Ok(table)
    }

    /// Writes a row, and behind it the row of its click, if there is one, or empty cells.
    fn write(&mut self, row: &ByteRecord, click: Option<&[u8]>) -> anyhow::Result<()> {
        self.cells(row)?;
        match click {
            None => (0..self.added).try_for_each(|_| self.out.write_field(b""))?,
            Some(click) => {
                let mut cells = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .delimiter(if self.excel { b';' } else { b',' })
                    .buffer_capacity(click.len())
                    .from_reader(click);
                let mut record = ByteRecord::new();
                cells.read_byte_record(&mut record)?;
                record.iter().try_for_each(|cell| self.out.write_field(cell))?;
            }
        }
        Ok(self.out.write_record(None::<&[u8]>)?)
    }

    /// Writes the cells of a row, as many as there are columns.
    fn cells(&mut self, row: &ByteRecord) -> anyhow::Result<()> {
        for at in 0..self.width {
            let cell = row.get(at).unwrap_or_default();
            if self.excel && !is_number(cell) {
                self.out.write_field(spreadsheet_cell(&spell(cell)))?;
            } else {
                self.out.write_field(cell)?;
            }
        }
        Ok(())
    }
}

/// Whether a cell is a number, such as an amount: a spreadsheet computes nothing of it.
fn is_number(cell: &[u8]) -> bool {
    let digits = cell.strip_prefix(b"-").or(cell.strip_prefix(b"+")).unwrap_or(cell);
    digits.first().is_some_and(u8::is_ascii_digit)
        && digits.iter().all(|byte| byte.is_ascii_digit() || b".,".contains(byte))
}

/// How many rows there were, and what was found for them.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Totals {
    rows: u64,
    /// With their click.
    found: u64,
    without_id: u64,
    /// With what is no id.
    no_id: u64,
    other_key: u64,
    not_recorded: u64,
    deleted: u64,
    not_there: u64,
    damaged: u64,
    unreadable: u64,
}

impl Totals {
    fn count(&mut self, is_empty: bool, answer: Result<(), NoRow>) {
        self.rows += 1;
        *match answer {
            Ok(()) => &mut self.found,
            Err(_) if is_empty => &mut self.without_id,
            Err(NoRow::Refused(IdRefused::Shape)) => &mut self.no_id,
            Err(NoRow::Refused(IdRefused::UnknownKey(_) | IdRefused::Forged)) => {
                &mut self.other_key
            }
            Err(NoRow::NotRecorded) => &mut self.not_recorded,
            Err(NoRow::Missing(missing)) => match missing {
                Missing::Deleted => &mut self.deleted,
                Missing::NoSegment
                | Missing::NotWritten
                | Missing::Gone
                | Missing::OtherNode(_) => &mut self.not_there,
                Missing::Damaged(_) => &mut self.damaged,
                Missing::Unreadable(_) => &mut self.unreadable,
            },
        } += 1;
    }

    fn text(&self) -> String {
        let parts = [
            (self.without_id, "without an id"),
            (self.no_id, "with what is no id"),
            (self.other_key, "with an id that no key here signed"),
            (self.not_recorded, "whose click was counted as lost"),
            (self.deleted, "whose click was deleted"),
            (self.not_there, "whose click is not there"),
            (self.damaged, "whose click is damaged"),
            (self.unreadable, "whose click cannot be read"),
        ];
        let said = parts.into_iter().filter(|(count, _)| *count > 0);
        let said: String = said.map(|(count, what)| format!(", {count} {what}")).collect();
        format!("{}: {} with a click{said}", counted(self.rows, "row"), self.found)
    }

    /// A row without an id had nothing to be found.
    fn status(&self) -> u8 {
        match self.unreadable {
            0 => u8::from(self.found + self.without_id < self.rows),
            _ => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_number;

    #[test]
    fn amounts_are_no_formulas() {
        for number in ["1", "-5.00", "+3", "1,234.5", "0"] {
            assert!(is_number(number.as_bytes()), "{number}");
        }
        for other in ["", "-", "=1", "-1+2", "+x", "-.5", "1e3", "@1"] {
            assert!(!is_number(other.as_bytes()), "{other}");
        }
    }
}
