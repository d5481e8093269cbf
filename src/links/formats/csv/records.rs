//! The rows of a table of values, each with its line.

use csv::{ByteRecord, Reader, ReaderBuilder};
use memchr::{memchr, memchr_iter};

use super::dialect::Dialect;
use super::quotes;
use crate::limits::OPEN_QUOTES_MAX;
use crate::links::formats::cells::trim;

/// Hands every row that is not blank to `take`, with its line, until that says no.
/// Rows may have more or fewer cells than others. A line on which a quote was left open
/// is bad, and those behind it are rows of their own.
pub(in crate::links::formats) fn records(
    text: &[u8],
    dialect: Dialect,
    mut take: impl FnMut(u32, Result<&ByteRecord, String>) -> bool,
) {
    let mut lines = LineCount { text, at: 0, line: 1 };
    let mut record = ByteRecord::new();
    let (mut begin, mut left_open, mut width) = (dialect.rows_at, 0, None);
    'reader: loop {
        let mut reader = reader(&text[begin..], dialect);
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
            if let Some(mut message) = quotes::left_open(written, dialect, width, line) {
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

/// Of bytes. The header is a row as any other to it: so its line is known.
fn reader(text: &[u8], dialect: Dialect) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.delimiter)
        .quoting(dialect.has_quotes)
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
