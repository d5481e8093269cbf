//! Tables of values that are no links, parted as those of links are.

use csv::ByteRecord;

use super::delimiter::told_from;
use super::dialect::Dialect;
use super::quotes;
use crate::links::formats::encoding::decoded;

/// How a table is parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parted {
    dialect: Dialect,
    /// Bytes before the first row.
    pub rows_at: usize,
}

impl Parted {
    /// Told from how a file begins: by a first line `sep=;`, else by what parts its first row
    /// so that `is_known` knows it, else so that it has most cells.
    ///
    /// # Errors
    ///
    /// The file is in an encoding in which it is not read, as a sentence.
    pub fn told_from(head: &[u8], is_known: &dyn Fn(&ByteRecord) -> bool) -> Result<Self, String> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
            return Err("the file is UTF-16; save it as UTF-8".to_owned());
        }
        decoded(head)?;
        let mark = if head.starts_with(MARK) { MARK.len() } else { 0 };
        let dialect = told_from(&head[mark..], is_known);
        Ok(Self { dialect, rows_at: mark + dialect.rows_at })
    }

    /// What stands between two cells.
    #[must_use]
    pub fn delimiter(&self) -> u8 {
        self.dialect.delimiter
    }

    /// What is wrong with the quotes of a row that goes on over several lines, `written` from
    /// `line` on, where rows have `width` cells; `None` if nothing is.
    #[must_use]
    pub fn left_open(&self, written: &[u8], width: usize, line: u32) -> Option<String> {
        quotes::left_open(written, self.dialect, width, line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_anything_are_told_apart() {
        let check = |head: &str, delimiter: char, rows_at: usize| {
            let is_known = |row: &ByteRecord| row.iter().any(|cell| cell == b"subid");
            let parted = Parted::told_from(head.as_bytes(), &is_known).unwrap();
            assert_eq!((char::from(parted.delimiter()), parted.rows_at), (delimiter, rows_at));
        };
        check("a,subid\n1;2;3;4,5\n", ',', 0);
        check("\u{feff}a;subid\n", ';', 3);
        check("\u{feff}sep=|\na,b|subid\n", '|', 8);
        check("subid\n", ',', 0);
        check("a\tb,c\tsubid\n", '\t', 0);
        let utf_16 = Parted::told_from(b"\xff\xfea\0", &|_| true);
        assert!(utf_16.unwrap_err().contains("save it as UTF-8"));
        assert!(Parted::told_from(b"PK\x03\x04", &|_| true).is_err());
    }
}
