//! The formats of link files. Each turns text into rows; what a row means is
//! the same for all of them and is decided in [`load`](super::load()).

mod csv;
mod native;

use core::str::FromStr;

/// How a link file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `[host]/path target [status]`, one link a line.
    Native,
    /// Comma-separated values under a header row.
    Csv,
}

impl Format {
    /// The names by which a person picks one.
    pub const NAMES: [&str; 2] = ["native", "csv"];

    /// The format that a file name suggests: CSV if it ends with `.csv`.
    pub fn of(file_name: &str) -> Format {
        let ending = file_name.len().checked_sub(4).and_then(|at| file_name.get(at..));
        match ending {
            Some(ending) if ending.eq_ignore_ascii_case(".csv") => Format::Csv,
            _ => Format::Native,
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Format, String> {
        match name {
            "native" => Ok(Format::Native),
            "csv" => Ok(Format::Csv),
            other => Err(format!("`{other}` is not a format; write native or csv")),
        }
    }
}

/// One link file, read by the caller.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name in messages.
    pub name: &'a str,
    /// All its bytes.
    pub text: &'a [u8],
    /// How it is written.
    pub format: Format,
}

/// One link as it was written: nothing is checked yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) key: &'a [u8],
    /// Empty if there is none.
    pub(super) target: &'a [u8],
    pub(super) status: Option<&'a [u8]>,
}

/// Reads `source` and hands every row to `take` with its line, counted from 1,
/// or what is wrong with that line as a sentence.
pub(super) fn read(source: &Source<'_>, mut take: impl FnMut(u32, Result<Row<'_>, String>)) {
    let text = source.text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source.text);
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        let message = "the file is UTF-16; save it as UTF-8 (nothing of it was read)";
        return take(1, Err(message.to_owned()));
    }
    match source.format {
        Format::Native => native::read(text, take),
        Format::Csv => csv::read(text, take),
    }
}
