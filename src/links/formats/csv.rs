//! Comma-separated values (RFC 4180) under a header row. Columns go by name,
//! in any order, with others between them.

use csv::{ByteRecord, ReaderBuilder};
use memchr::{memchr, memchr_iter};

use super::super::bytes::shown;
use super::{Line, Row};

/// The names that a column may have, once spelled by [`spell`].
const SOURCE: &[&str] = &["source", "from", "old url", "short url", "path", "key", "slug"];
const TARGET: &[&str] = &["target", "to", "new url", "destination", "long url"];
const STATUS: &[&str] = &["status", "code", "status code"];

/// Where the columns are that we need.
struct Columns {
    source: usize,
    target: usize,
    status: Option<usize>,
}

pub(super) fn read(text: &[u8], mut take: impl FnMut(u32, Line<'_>)) {
    // The header is a row as any other to the parser: so its line is known, and
    // rows may have more or fewer cells.
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut record = ByteRecord::new();
    let mut columns = None;
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            // Reading bytes from memory, without a rule on lengths, cannot fail.
            Err(error) => {
                return take(lines.line, Line::Refused(format!("not readable as CSV: {error}")));
            }
        }
        let start = record.position().map_or(lines.at, |position| position.byte() as usize);
        let line = lines.of(start);
        if record.iter().all(|cell| trim(cell).is_empty()) {
            continue;
        }
        let Some(columns) = &columns else {
            match Columns::of(&record) {
                Ok(found) => columns = Some(found),
                Err(message) => return take(line, Line::Refused(message)),
            }
            continue;
        };
        take(line, columns.row(&record).map_or_else(Line::Refused, Line::Link));
    }
    if columns.is_none() {
        let message = "the file has no header row; begin it with `source,target,status`";
        take(1, Line::Refused(message.to_owned()));
    }
}

/// Counts lines as the parser goes on. Its own count misses the line ends that
/// it skips before a row (blank lines, the LF of a CRLF).
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
}

impl Lines<'_> {
    /// The line of the row that begins at or after byte `start`.
    fn of(&mut self, start: usize) -> u32 {
        let skipped = self.text[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let start = start + skipped.count();
        self.line += memchr_iter(b'\n', &self.text[self.at..start]).count() as u32;
        self.at = start;
        self.line
    }
}

impl Columns {
    fn of(header: &ByteRecord) -> Result<Columns, String> {
        let names: Vec<String> = header.iter().map(spell).collect();
        let find = |wanted: &[&str]| {
            let mut found = (0..names.len()).filter(|&at| wanted.contains(&names[at].as_str()));
            (found.next(), found.next())
        };
        let one = |what: &str, wanted: &[&str]| match find(wanted) {
            (Some(first), Some(second)) => Err(format!(
                "the header has two {what} columns, `{}` and `{}`; rename one of them (columns found: {})",
                names[first],
                names[second],
                listed(header)
            )),
            (first, _) => Ok(first),
        };
        let needed = |what: &str, wanted: &[&str]| {
            one(what, wanted)?.ok_or_else(|| {
                format!(
                    "the header has no {what} column; name one of them {} (columns found: {}; nothing of the file was read)",
                    wanted.join(" | "),
                    listed(header)
                )
            })
        };
        Ok(Columns {
            source: needed("source", SOURCE)?,
            target: needed("target", TARGET)?,
            status: one("status", STATUS)?,
        })
    }

    fn row<'a>(&self, record: &'a ByteRecord) -> Result<Row<'a>, String> {
        let cell = |at: usize| trim(record.get(at).unwrap_or_default());
        let row = Row {
            key: cell(self.source),
            target: cell(self.target),
            status: self.status.map(cell).filter(|status| !status.is_empty()),
            settings: &[],
        };
        let cells = [row.key, row.target, row.status.unwrap_or_default()];
        if cells.iter().any(|cell| memchr(b'\n', cell).is_some()) {
            return Err(
                "a quoted cell goes on over several lines; close its quote on this line".to_owned()
            );
        }
        if row.target.is_empty() && self.target >= record.len() {
            return Err(format!(
                "the row has {} cells, so none in the target column; add what is missing",
                record.len()
            ));
        }
        Ok(row)
    }
}

/// A column's name as we compare it: lower case, with one space for every run
/// of spaces, `_` and `-`.
fn spell(cell: &[u8]) -> String {
    let name = String::from_utf8_lossy(cell).to_lowercase();
    let words = name.split(|c: char| c.is_whitespace() || matches!(c, '_' | '-'));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn listed(header: &ByteRecord) -> String {
    let names: Vec<String> = header.iter().map(|cell| format!("`{}`", shown(trim(cell)))).collect();
    names.join(", ")
}

/// Without the white space around it, which includes the no-break space that
/// spreadsheets like to add.
fn trim(cell: &[u8]) -> &[u8] {
    const NO_BREAK_SPACE: &[u8] = "\u{a0}".as_bytes();
    let mut cell = cell.trim_ascii();
    while let Some(rest) = cell.strip_prefix(NO_BREAK_SPACE).or(cell.strip_suffix(NO_BREAK_SPACE)) {
        cell = rest.trim_ascii();
    }
    cell
}

#[cfg(test)]
#[path = "csv_test.rs"]
mod tests;
