//! Values parted by commas, semicolons, bars (RFC 4180) or tabs, under a header row. Columns
//! go by name, in any order, with others between them, or as an operator says.

use csv::ByteRecord;
pub(super) use csv::ByteRecord as Row;
use memchr::memchr;

use super::cells::{Cells, Field, trim};
use super::plain;
use super::row::Line;
use super::source::Help;
use crate::links::bytes::shown;
use crate::words::counted;

mod delimiter;
mod dialect;
mod header;
mod parted;
mod quotes;
mod records;

pub(super) use delimiter::told_from;
pub(super) use dialect::Dialect;
pub(super) use header::{Places, listed, named_places, spell_cell};
pub use parted::Parted;
pub(super) use records::records;

/// How a file begins.
pub(super) enum Start<'a> {
    /// With a row of names.
    Header(&'a dyn Fn(&ByteRecord) -> Result<Places, String>),
    /// With the first link.
    Link(&'a Places),
}

/// What a file holds, one after the other.
pub(super) enum Found<'a> {
    /// The cells of a row.
    Cells(&'a Cells<'a>),
    /// A row of which they cannot be had; why, as a sentence.
    Bad(String),
    /// What is not read of the whole file.
    Note(String),
}

pub(super) fn read(
    text: &[u8],
    dialect: Option<Dialect>,
    help: &Help<'_>,
    take: &mut impl FnMut(u32, Line<'_>),
) {
    let dialect = dialect.unwrap_or_else(|| told_from(text, &|row| is_known(row, help)));
    let mut table = PlainTable::new(help);
    records(text, dialect, |line, record| table.take(line, record, take));
    table.end(take);
}

/// Whether a first row has the columns that are needed.
fn is_known(row: &ByteRecord, help: &Help<'_>) -> bool {
    match help.columns {
        None => header::plain_places(row).is_ok(),
        Some(columns) => header::wished(columns, row).is_ok_and(|places| {
            let mut at = places.fields().filter_map(|field| *places.at(field));
            at.all(|at| at < row.len())
        }),
    }
}

/// A table that nobody in particular wrote, row by row.
pub(super) struct PlainTable<'a> {
    help: &'a Help<'a>,
    rows: Option<TableRows>,
}

impl<'a> PlainTable<'a> {
    pub(super) fn new(help: &'a Help<'a>) -> PlainTable<'a> {
        PlainTable { help, rows: None }
    }

    /// Takes a row, or why there is none; `false` when the others are in vain.
    pub(super) fn take(
        &mut self,
        line: u32,
        record: Result<&ByteRecord, String>,
        take: &mut impl FnMut(u32, Line<'_>),
    ) -> bool {
        let help = self.help;
        let rows = match (&mut self.rows, &record) {
            (Some(rows), _) => rows,
            (none, Ok(first)) => {
                let rows = begin(first, help);
                if rows.places.is_some() && help.columns.is_none() {
                    take(line, Line::Note(NO_NAMES.to_owned()));
                }
                none.insert(rows)
            }
            (none, Err(_)) => none.insert(TableRows::default()),
        };
        let give = &mut |line, found: Found<'_>| match found {
            Found::Cells(cells) => plain::plain(cells, help, &mut |written| take(line, written)),
            Found::Bad(message) => take(line, Line::Refused(message)),
            Found::Note(what) => take(line, Line::Note(what)),
        };
        let header = |header: &ByteRecord| match help.columns {
            None => header::plain_places(header),
            Some(columns) => header::wished(columns, header),
        };
        rows.take(line, record, &header, give)
    }

    /// Behind the last row.
    pub(super) fn end(self, take: &mut impl FnMut(u32, Line<'_>)) {
        if self.rows.is_none() {
            take(1, Line::Refused(NO_HEADER.to_owned()));
        }
    }
}

/// Where the cells are if the first row is a link.
fn begin(first: &ByteRecord, help: &Help<'_>) -> TableRows {
    let places = match help.columns {
        // Numbers need no header to be looked up in.
        Some(columns) if columns.are_numbered() => header::wished(columns, &ByteRecord::new()).ok(),
        Some(_) => None,
        None => header::headless_places(first),
    };
    TableRows { places, ..TableRows::default() }
}

const NO_NAMES: &str =
    "there is no header row; the columns are taken for source, target and status";
const NO_HEADER: &str = "the file has no header row; begin it with `source,target,status`";

/// Hands the cells of every row to `take`, or why they cannot be had. Of a bad
/// header row nothing follows.
pub(super) fn rows(
    text: &[u8],
    dialect: Dialect,
    start: Start<'_>,
    take: &mut impl FnMut(u32, Found<'_>),
) {
    let mut rows = TableRows::default();
    let header: &dyn Fn(&ByteRecord) -> Result<Places, String> = match start {
        Start::Header(header) => header,
        Start::Link(places) => {
            rows.places = Some(*places);
            &|_| Ok(Places::default())
        }
    };
    records(text, dialect, |line, record| rows.take(line, record, header, take));
    if rows.places.is_none() && text.trim_ascii().is_empty() {
        take(1, Found::Bad(NO_HEADER.to_owned()));
    }
}

/// What is known of a table while its rows come.
#[derive(Default)]
struct TableRows {
    /// `None` before the header row.
    places: Option<Places>,
    /// Which cells stand under a name, or in the first row of a file without any.
    named: Option<Vec<bool>>,
}

impl TableRows {
    fn take(
        &mut self,
        line: u32,
        record: Result<&ByteRecord, String>,
        header: &dyn Fn(&ByteRecord) -> Result<Places, String>,
        take: &mut impl FnMut(u32, Found<'_>),
    ) -> bool {
        let record = match record {
            Ok(record) => record,
            Err(message) => {
                take(line, Found::Bad(message));
                return self.places.is_some();
            }
        };
        let has_header = self.places.is_none();
        let places = match self.places {
            Some(places) => places,
            None => match header(record) {
                Ok(places) => places,
                Err(message) => {
                    take(line, Found::Bad(message));
                    return false;
                }
            },
        };
        self.places = Some(places);
        if self.named.is_none() {
            let is_named = |cell: &[u8]| !has_header || !trim(cell).is_empty();
            self.named = Some(record.iter().map(is_named).collect());
            if let Some(note) = header::unread(&places, record, has_header) {
                take(line, Found::Note(note));
            }
        }
        if has_header {
            return true;
        }
        match cells_of(record, &places, self.named.as_deref().unwrap_or_default()) {
            Ok(cells) => take(line, Found::Cells(&cells)),
            Err(message) => take(line, Found::Bad(message)),
        }
        true
    }
}

fn cells_of<'a>(
    record: &'a ByteRecord,
    places: &Places,
    named: &[bool],
) -> Result<Cells<'a>, String> {
    let mut cells = Cells::default();
    for field in places.fields() {
        let Some(at) = *places.at(field) else { continue };
        let cell = trim(record.get(at).unwrap_or_default());
        if memchr(b'\n', cell).is_some() {
            return Err(
                "a quoted cell goes on over several lines; close its quote on this line".to_owned()
            );
        }
        cells.put(field, cell);
    }
    if places.at(Field::Target).is_some_and(|at| at >= record.len()) {
        return Err(format!(
            "the row has {}, so none in the target column; add what is missing",
            counted(record.len(), "cell")
        ));
    }
    let is_over = |at: usize| {
        !named.get(at).copied().unwrap_or_default()
            && places.fields().all(|field| *places.at(field) != Some(at))
    };
    // A URL with a delimiter in it would lose what is behind it.
    let over = record.iter().enumerate().find(|(at, cell)| is_over(*at) && !trim(cell).is_empty());
    if let Some((at, cell)) = over {
        return Err(format!(
            "cell {}, `{}`, has no column; quote a cell that has the delimiter in it, or name the column",
            at + 1,
            shown(trim(cell))
        ));
    }
    Ok(cells)
}

#[cfg(test)]
mod tests;
