//! Ids that are asked for: those that were typed, or one in each line of standard input.

use std::io::{self, BufRead, Read};

use anyhow::Context;

use crate::clicks::{ClickId, IdRefused};
use crate::limits::CLICK_ID_BYTES;
use crate::words::visible;

/// Longest line that is read, bytes. What is behind it of a line says nothing.
const LINE_BYTES_MAX: u64 = 64 * 1024;
/// Of what is no id so much is shown, characters.
const SHOWN_CHARS_MAX: usize = 60;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AskedId {
    Id(ClickId),
    /// It is none; how it begins, for people.
    Other(String),
}

impl AskedId {
    pub(super) fn parse(text: &[u8]) -> Self {
        ClickId::parse(text).map_or_else(|_| Self::Other(shown(text)), Self::Id)
    }

    pub(super) fn id(&self) -> Result<ClickId, IdRefused> {
        match self {
            Self::Id(id) => Ok(*id),
            Self::Other(_) => Err(IdRefused::Shape),
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Other(text) => text.clone(),
        }
    }
}

fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    visible(&shown).into_owned()
}

/// Ids in lines: the first cell of each, if commas, semicolons, tabs or bars part cells. Blank
/// lines are passed over, and a first line that is the name of a column.
pub(super) struct AskedLines<R> {
    lines: R,
    line: Vec<u8>,
    is_first: bool,
    /// The name of a column that was passed over.
    pub(super) passed: Option<String>,
}

impl<R: BufRead> AskedLines<R> {
    pub(super) fn new(lines: R) -> Self {
        Self { lines, line: Vec::new(), is_first: true, passed: None }
    }

    /// The next id; `None` when there are no more.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<AskedId>> {
        while self.next_line().context("cannot read the ids from standard input")? {
            let cell = first_cell(&self.line);
            if cell.is_empty() {
                continue;
            }
            if std::mem::take(&mut self.is_first) && is_name(cell) {
                self.passed = Some(shown(cell));
                continue;
            }
            return Ok(Some(AskedId::parse(cell)));
        }
        Ok(None)
    }

    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut limited = self.lines.by_ref().take(LINE_BYTES_MAX);
        if limited.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(false);
        }
        let mut is_cut = self.line.last() != Some(&b'\n');
        while is_cut {
            let rest = self.lines.fill_buf()?;
            let end = memchr::memchr(b'\n', rest);
            let count = end.map_or(rest.len(), |end| end + 1);
            is_cut = end.is_none() && count > 0;
            self.lines.consume(count);
        }
        Ok(true)
    }
}

/// What stands before the first delimiter, without blanks and quotes around it.
fn first_cell(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let cell = line.split(|byte| b",;\t|".contains(byte)).next().unwrap_or_default().trim_ascii();
    cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell)
}

/// Whether a cell is what columns are called, and not an id with a fault.
fn is_name(cell: &[u8]) -> bool {
    let is_of_names = |byte: &u8| byte.is_ascii_alphanumeric() || b"_- .".contains(byte);
    cell.len() < CLICK_ID_BYTES
        && cell[0].is_ascii_alphabetic()
        && !cell.contains(&b'0')
        && cell.iter().all(is_of_names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked for in these lines, and the name that was passed over.
    fn check(text: &str, want: &[&str], passed: Option<&str>) {
        let mut lines = AskedLines::new(text.as_bytes());
        let mut found = Vec::new();
        while let Some(asked) = lines.next().unwrap() {
            found.push(asked.shown());
        }
        assert_eq!((found.as_slice(), lines.passed.as_deref()), (&*own(want), passed), "{text:?}");
    }

    fn own(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    const ID: &str = "000w0000000100025wqf2r8cm1";

    #[test]
    fn one_in_each_line() {
        check("", &[], None);
        check(&format!("{ID}\n\n  {ID}\r\n{ID}"), &[ID; 3], None);
        check(&format!("\u{feff}{ID}\n"), &[ID], None);
        check(&ID.to_uppercase(), &[ID], None);
    }
    #[test]
    fn in_the_first_column() {
        check(&format!("{ID},9.50\n\"{ID}\";x\n{ID}\tx|y\n"), &[ID; 3], None);
        check(&format!("clickid,payout\n{ID},1\n"), &[ID], Some("clickid"));
        check(&format!("\"click id\";x\n{ID}\n"), &[ID], Some("click id"));
    }
    #[test]
    fn what_is_none_is_shown_as_far_as_it_says_something() {
        check(&format!("{ID}\nsubid\n000w\n"), &[ID, "subid", "000w"], None);
        check(&format!("{ID}0\n"), &[&format!("{ID}0")], None);
        check("\x1b[1m\n", &["\\u{1b}[1m"], None);
        let long = "x".repeat(200_000);
        check(&format!("{long}\n{ID}\n"), &[&format!("{}…", &long[..SHOWN_CHARS_MAX]), ID], None);
    }
}
