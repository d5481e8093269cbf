//! Values parted by commas (RFC 4180) or tabs, under a header row. Columns go by
//! name, in any order, with others between them, or as an operator says.

use csv::{ByteRecord, Reader, ReaderBuilder};
use memchr::{memchr, memchr_iter};

use super::cells::{self, Cells, Each, Field, FieldNames, PLAIN, spell, trim};
use super::columns::{Columns, WhichColumn};
use super::plain;
use super::row::Line;
use crate::limits::{COLUMNS_SHOWN, COLUMNS_SHOWN_BYTES, OPEN_QUOTES_MAX};
use crate::links::bytes::shown;
use crate::words::counted;

/// The place of each field's column; `None` where there is none.
pub(super) type Places = Each<Option<usize>>;

/// How a file begins.
pub(super) enum Start<'a> {
    /// With a row of names.
    Header(&'a dyn Fn(&ByteRecord) -> Result<Places, String>),
    /// With the first link.
    Link(&'a Places),
}

pub(super) fn read(
    text: &[u8],
    delimiter: u8,
    columns: Option<&Columns>,
    take: &mut impl FnMut(u32, Line<'_>),
) {
    let header = |header: &ByteRecord| match columns {
        None => plain_places(header),
        Some(columns) => wished(columns, header),
    };
    let numbered = columns.filter(|columns| columns.are_numbered());
    // Numbers need no header to be looked up in.
    let numbered = numbered.and_then(|columns| wished(columns, &ByteRecord::new()).ok());
    let start = numbered.as_ref().map_or(Start::Header(&header), Start::Link);
    rows(text, delimiter, start, &mut |line, row| match row {
        Ok(cells) => plain::plain(cells, &mut |written| take(line, written)),
        Err(message) => take(line, Line::Refused(message)),
    });
}

/// Hands every row that is not blank to `take`, with its line, until that says no.
/// Rows may have more or fewer cells than others. A line on which a quote was left open
/// is bad, and those behind it are rows of their own.
pub(super) fn records(
    text: &[u8],
    delimiter: u8,
    mut take: impl FnMut(u32, Result<&ByteRecord, String>) -> bool,
) {
    let mut lines = LineCount { text, at: 0, line: 1 };
    let mut record = ByteRecord::new();
    let (mut begin, mut left_open, mut width) = (0, 0, None);
    'reader: loop {
        let mut reader = reader(&text[begin..], delimiter);
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return,
                // Reading bytes from memory, without a rule on lengths, cannot fail.
                Err(error) => {
                    take(lines.line, Err(format!("not readable as CSV: {error}")));
                    return;
                }
            }
            let start = record.position().map_or(0, |position| position.byte() as usize);
            let line = lines.of(begin + start);
            let end = begin + reader.position().byte() as usize;
            let written = text[lines.at..end].trim_ascii_end();
            // The first row says how many cells there are.
            let width = *width.get_or_insert(record.len());
            if let Some(mut message) = quotes::left_open(written, delimiter, width, line) {
                left_open += 1;
                let is_last = left_open == OPEN_QUOTES_MAX;
                if is_last {
                    message.push_str(" (there are many such; nothing behind this line was read)");
                }
                if !take(line, Err(message)) || is_last {
                    return;
                }
                let first = memchr(b'\n', written).unwrap_or(written.len());
                begin = lines.at + first;
                continue 'reader;
            }
            let is_blank = record.iter().all(|cell| trim(cell).is_empty());
            if !is_blank && !take(line, Ok(&record)) {
                return;
            }
        }
    }
}

/// Of bytes. The header is a row as any other to it: so its line is known. In values
/// parted by tabs a quote is a character as any other (IANA text/tab-separated-values).
fn reader(text: &[u8], delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .quoting(delimiter != b'\t')
        .from_reader(text)
}

/// Counts lines as the parser goes on. Its own count misses the line ends that
/// it skips before a row (blank lines, the LF of a CRLF).
struct LineCount<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
}

impl LineCount<'_> {
    /// The line of the row that begins at or after byte `start`.
    fn of(&mut self, start: usize) -> u32 {
        let skipped = self.text[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let start = start + skipped.count();
        self.line += memchr_iter(b'\n', &self.text[self.at..start]).count() as u32;
        self.at = start;
        self.line
    }
}

/// Hands the cells of every row to `take`, or why they cannot be had. Of a bad
/// header row nothing follows.
pub(super) fn rows(
    text: &[u8],
    delimiter: u8,
    start: Start<'_>,
    take: &mut impl FnMut(u32, Result<&Cells<'_>, String>),
) {
    let (header, mut places) = match start {
        Start::Header(header) => (Some(header), None),
        Start::Link(places) => (None, Some(*places)),
    };
    records(text, delimiter, |line, record| {
        let (record, places) = match (record, &places) {
            (Err(message), places) => {
                take(line, Err(message));
                return places.is_some();
            }
            (Ok(record), Some(places)) => (record, places),
            (Ok(record), None) => match header.map_or(Ok(Places::default()), |it| it(record)) {
                Ok(found) => {
                    places = Some(found);
                    return true;
                }
                Err(message) => {
                    take(line, Err(message));
                    return false;
                }
            },
        };
        match cells_of(record, places) {
            Ok(cells) => take(line, Ok(&cells)),
            Err(message) => take(line, Err(message)),
        }
        true
    });
    if places.is_none() && text.trim_ascii().is_empty() {
        let message = "the file has no header row; begin it with `source,target,status`";
        take(1, Err(message.to_owned()));
    }
}

fn cells_of<'a>(record: &'a ByteRecord, places: &Places) -> Result<Cells<'a>, String> {
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
    Ok(cells)
}

/// Where the columns with these names are. Two that could be the same are an
/// error, for one of them would be left out.
pub(super) fn named_places(names: FieldNames, header: &ByteRecord) -> Result<Places, String> {
    let mut places = Places::default();
    for (at, cell) in header.iter().enumerate() {
        let Some(field) = cells::named(names, &spell_cell(cell)) else { continue };
        if let Some(first) = *places.at(field) {
            return Err(format!(
                "the header has two {} columns, `{}` and `{}`; rename one of them (columns found: {})",
                field.word(),
                shown(trim(&header[first])),
                shown(trim(cell)),
                listed(header)
            ));
        }
        places.put(field, Some(at));
    }
    Ok(places)
}

fn plain_places(header: &ByteRecord) -> Result<Places, String> {
    let places = named_places(PLAIN, &header_of_plain(header))?;
    for field in [Field::Key, Field::Target] {
        if places.at(field).is_none() {
            let known = PLAIN.iter().find(|(other, _)| *other == field).map(|(_, names)| names);
            return Err(format!(
                "the header has no {} column; name one of them {}, or say which it is with --columns (columns found: {}; nothing of the file was read)",
                field.word(),
                known.map(|names| names.join(" | ")).unwrap_or_default(),
                listed(header)
            ));
        }
    }
    Ok(places)
}

/// A header in which `status` is a switch beside the status, which is called `code`: so
/// the WordPress plugin Redirection writes it.
fn header_of_plain(header: &ByteRecord) -> ByteRecord {
    let has = |wanted: &str| header.iter().any(|cell| spell_cell(cell) == wanted);
    if !(has("code") && has("status") && has("regex")) {
        return header.clone();
    }
    let switch = |cell| if spell_cell(cell) == "status" { &b"enabled"[..] } else { cell };
    header.iter().map(switch).collect()
}

/// Where the columns are that an operator named.
fn wished(columns: &Columns, header: &ByteRecord) -> Result<Places, String> {
    let mut places = Places::default();
    for (field, place) in columns.wishes() {
        let at = match place {
            WhichColumn::Numbered(at) => *at,
            WhichColumn::Named(name) => {
                let found = header.iter().position(|cell| spell_cell(cell) == *name);
                found.ok_or_else(|| {
                    format!(
                        "the header has no column `{name}`, which --columns names (columns found: {}; nothing of the file was read)",
                        listed(header)
                    )
                })?
            }
        };
        places.put(field, Some(at));
    }
    Ok(places)
}

pub(super) fn spell_cell(cell: &[u8]) -> String {
    spell(&String::from_utf8_lossy(trim(cell)))
}

/// The columns for a message: all of a header that somebody wrote, but not all of a
/// file that is no CSV.
pub(super) fn listed(header: &ByteRecord) -> String {
    let mut names = Vec::new();
    let mut bytes = 0;
    for cell in header.iter().take(COLUMNS_SHOWN) {
        let name = format!("`{}`", shown(trim(cell)));
        bytes += name.len();
        if bytes > COLUMNS_SHOWN_BYTES {
            break;
        }
        names.push(name);
    }
    let rest = header.len() - names.len();
    let names = names.join(", ");
    if rest == 0 { names } else { format!("{names} and {rest} more") }
}

mod quotes;
#[cfg(test)]
mod tests;
