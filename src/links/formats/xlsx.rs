//! A sheet of an Excel workbook (ECMA-376 SpreadsheetML), read row by row as CSV is.
//!
//! A workbook is an archive, of which a small one can unpack to anything. So what it unpacks
//! to is counted first, and of the sheet only one row is in memory.

use std::io::{self, Cursor, Read as _};

use calamine::{Data, DataRef, Reader as _, Xlsx, XlsxError};
use csv::ByteRecord;
use zip::ZipArchive;

use super::csv::PlainTable;
use super::row::Line;
use super::source::Source;
use crate::limits::{SHEET_COLUMNS_MAX, WORKBOOK_BYTES_MAX};
use crate::links::bytes::shown;
use crate::words::mebibytes;

/// Of what a workbook keeps beside its sheets (texts, formats) so much more is in memory than in
/// the archive, at most: an empty text is 12 bytes there, and 24 here in a list that grows to
/// twice of what is in it.
const MEMORY_TIMES: u64 = 4;

pub(super) fn read(source: &Source<'_>, take: &mut impl FnMut(u32, Line<'_>)) {
    let said = match unpacked(source.text, WORKBOOK_BYTES_MAX) {
        Ok(size) if size.all > WORKBOOK_BYTES_MAX => Err(format!(
            "the workbook unpacks to more than {}; save the sheet as CSV",
            mebibytes(WORKBOOK_BYTES_MAX)
        )),
        Ok(_) => read_sheet(source, take),
        Err(error) => Err(format!("not readable as an .xlsx workbook: {error}")),
    };
    if let Err(message) = said {
        take(1, Line::Refused(message));
    }
}

/// About how many bytes that takes beside the file.
pub(super) fn read_bytes(file: &[u8]) -> u64 {
    unpacked(file, WORKBOOK_BYTES_MAX)
        .map_or(0, |size| size.beside_sheets.saturating_mul(MEMORY_TIMES))
}

/// What a workbook unpacks to, bytes, counted to a little over the limit.
#[derive(Default)]
struct UnpackedSize {
    all: u64,
    beside_sheets: u64,
}

/// Unpacks everything, and keeps nothing: what an archive says of its sizes may not be so. If
/// that is over the limit already, it is believed.
fn unpacked(file: &[u8], bytes_max: u64) -> Result<UnpackedSize, zip::result::ZipError> {
    let mut archive = ZipArchive::new(Cursor::new(file))?;
    let mut size = UnpackedSize::default();
    for at in 0..archive.len() {
        size.all = size.all.saturating_add(archive.by_index_raw(at)?.size());
    }
    if size.all > bytes_max {
        return Ok(size);
    }
    size.all = 0;
    for at in 0..archive.len() {
        let part = archive.by_index(at)?;
        let is_sheet = part.name()?.to_ascii_lowercase().contains("/worksheets/");
        let rest = (bytes_max + 1).saturating_sub(size.all);
        let bytes = io::copy(&mut part.take(rest), &mut io::sink())?;
        size.all += bytes;
        if !is_sheet {
            size.beside_sheets += bytes;
        }
        if size.all > bytes_max {
            break;
        }
    }
    Ok(size)
}

fn read_sheet(source: &Source<'_>, take: &mut impl FnMut(u32, Line<'_>)) -> Result<(), String> {
    let help = &source.help;
    let unreadable = |error: XlsxError| {
        format!("not readable as an .xlsx workbook: {}", shown(error.to_string().as_bytes()))
    };
    let mut workbook = Xlsx::new(Cursor::new(source.text)).map_err(unreadable)?;
    let sheets = workbook.sheet_names();
    let listed = |names: &[&String]| {
        let names: Vec<String> =
            names.iter().map(|name| format!("`{}`", shown(name.as_bytes()))).collect();
        names.join(", ")
    };
    let wanted = help.sheet.or(sheets.first().map(String::as_str));
    let Some(sheet) = sheets.iter().find(|name| Some(&***name) == wanted) else {
        let all: Vec<&String> = sheets.iter().collect();
        return Err(match help.sheet {
            Some(name) => format!(
                "the workbook has no sheet `{}`, which --sheet names; it has {}",
                shown(name.as_bytes()),
                listed(&all)
            ),
            None => "the workbook has no sheet".to_owned(),
        });
    };
    let others: Vec<&String> = sheets.iter().filter(|name| *name != sheet).collect();
    if help.sheet.is_none() && !others.is_empty() {
        let what =
            format!("sheets are not read: {}; name one of them with --sheet", listed(&others));
        take(1, Line::Note(what));
    }
    let sheet = sheet.clone();
    // Lines are named with their sheet.
    let name = format!("{}, sheet {}", source.name, shown(sheet.as_bytes()));
    take(1, Line::Within(Some(&name)));
    let mut rows = SheetRows { table: PlainTable::new(help), row: SheetRow::default() };
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(unreadable)?;
    let broken = loop {
        match cells.next_cell() {
            Ok(Some(cell)) => {
                let (row, column) = cell.get_position();
                if !rows.put(row, column as usize, cell.get_value(), take) {
                    return Ok(());
                }
            }
            Ok(None) => break None,
            Err(error) => break Some(unreadable(error)),
        }
    };
    rows.end(take);
    broken.map_or(Ok(()), Err)
}

/// The rows of a sheet, put together of its cells.
struct SheetRows<'a> {
    table: PlainTable<'a>,
    row: SheetRow,
}

/// One of them.
#[derive(Default)]
struct SheetRow {
    /// Counted from 0.
    at: u32,
    cells: Vec<Vec<u8>>,
    /// Why it is bad.
    bad: Option<String>,
}

impl SheetRows<'_> {
    /// Takes a cell, and the row before it if it was the last one of that; `false` when the
    /// others are in vain.
    fn put(
        &mut self,
        at: u32,
        column: usize,
        cell: &DataRef<'_>,
        take: &mut impl FnMut(u32, Line<'_>),
    ) -> bool {
        if at != self.row.at {
            let row = std::mem::replace(&mut self.row, SheetRow { at, ..SheetRow::default() });
            if !self.hand(row, take) {
                return false;
            }
        }
        let text = text_of(cell);
        if let DataRef::Error(error) = cell {
            self.row.bad = Some(format!(
                "cell {} of the row is {error}; mend its formula",
                column.saturating_add(1)
            ));
        } else if !text.is_empty() && column >= SHEET_COLUMNS_MAX {
            self.row.bad =
                Some(format!("the row has a cell behind column {SHEET_COLUMNS_MAX}; empty it"));
        } else if !text.is_empty() {
            let size = self.row.cells.len().max(column + 1);
            self.row.cells.resize(size, Vec::new());
            self.row.cells[column] = text;
        }
        true
    }

    fn hand(&mut self, row: SheetRow, take: &mut impl FnMut(u32, Line<'_>)) -> bool {
        let line = row.at.saturating_add(1);
        if let Some(message) = row.bad {
            return self.table.take(line, Err(message), take);
        }
        if row.cells.iter().all(|cell| cell.trim_ascii().is_empty()) {
            return true;
        }
        self.table.take(line, Ok(&ByteRecord::from(row.cells)), take)
    }

    fn end(mut self, take: &mut impl FnMut(u32, Line<'_>)) {
        let row = std::mem::take(&mut self.row);
        if self.hand(row, take) {
            self.table.end(take);
        }
    }
}

/// A cell as it would stand in CSV.
fn text_of(cell: &DataRef<'_>) -> Vec<u8> {
    let text = match cell {
        DataRef::DateTime(time) if time.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
            match (hour, minute, second) {
                (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
                _ => {
                    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
                }
            }
        }
        DataRef::Empty | DataRef::Error(_) => String::new(),
        other => Data::from(other.clone()).to_string(),
    };
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use calamine::{ExcelDateTime, ExcelDateTimeType};

    use super::*;
    use crate::links::formats::Format;

    #[test]
    fn cells_as_they_would_stand_in_csv() {
        let time = |days: f64| {
            DataRef::DateTime(ExcelDateTime::new(days, ExcelDateTimeType::DateTime, false))
        };
        let check = |cell: DataRef<'_>, want: &str| {
            assert_eq!(String::from_utf8_lossy(&text_of(&cell)), want);
        };
        check(DataRef::Float(301.0), "301");
        check(DataRef::Int(7), "7");
        check(DataRef::Float(0.5), "0.5");
        check(DataRef::Bool(true), "true");
        check(DataRef::SharedString("/ä"), "/ä");
        check(time(46357.0), "2026-12-01");
        check(time(46357.4375), "2026-12-01 10:30:00");
        check(DataRef::Empty, "");
    }

    /// An archive may say that it is small.
    #[test]
    fn what_is_unpacked_is_counted() {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("xl/a.xml", zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&[b'x'; 100_000]).unwrap();
        let honest = archive.finish().unwrap().into_inner();
        let size = |file: &[u8], bytes_max| unpacked(file, bytes_max).map(|size| size.all);
        assert_eq!(size(&honest, 100_000).unwrap(), 100_000);
        assert!(size(&honest, 99_999).unwrap() > 99_999);
        let mut lying = honest;
        let written = 100_000_u32.to_le_bytes();
        let places = memchr::memmem::find_iter(&lying, &written).collect::<Vec<_>>();
        assert!(!places.is_empty());
        for at in places {
            lying[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
        }
        let size = size(&lying, 50_000);
        assert!(size.as_ref().map_or(true, |&size| size == 10 || size > 50_000), "{size:?}");
    }

    #[test]
    fn what_is_no_workbook_is_refused() {
        let rows = |file: &[u8]| {
            super::super::row::written(|mut take| {
                read(&Source::new("a.xlsx", file, Format::Xlsx), &mut take);
            })
        };
        for file in [&b""[..], b"PK", b"source,target\n/a,https://a.example/\n"] {
            let rows = rows(file);
            assert!(rows[0].starts_with("1 !not readable as an .xlsx workbook: "), "{rows:?}");
            assert_eq!((rows.len(), read_bytes(file)), (1, 0));
        }
    }
}
