//! Quotes that somebody left open, so that the rows behind them are read as one cell.

use memchr::{memchr_iter, memmem};

use super::dialect::Dialect;

/// What is wrong with the quotes of a row, `written` from `line` on, where rows have
/// `width` cells; `None` if nothing is.
///
/// A quoted cell may go on over several lines (RFC 4180 §2.6). It ends with a quote that a
/// delimiter or the end of the row stands behind (§2.5 to 2.7), and the lines within it
/// look like no rows.
pub(super) fn left_open(
    written: &[u8],
    dialect: Dialect,
    width: usize,
    line: u32,
) -> Option<String> {
    let delimiter = dialect.delimiter;
    let more = memchr_iter(b'\n', written).count() as u32;
    if more == 0 && !ends_open(written, dialect) {
        return None;
    }
    let is_row = |text: &[u8]| {
        width > 1
            && memchr_iter(delimiter, text).count() + 1 >= width
            && memmem::find(text, b"://").is_some()
    };
    let mut within = written.split(|&byte| byte == b'\n').skip(1);
    if !ends_open(written, dialect) && !within.any(is_row) {
        return None;
    }
    let rows = match more {
        0 => String::new(),
        1 => format!("; line {} would be a part of its cell", line + 1),
        _ => format!("; lines {} to {} would be a part of its cell", line + 1, line + more),
    };
    Some(format!(
        "a quote is opened here and not closed{rows}. Close it on this line, or write `\"\"` in a \
         quoted cell for a quote that is meant"
    ))
}

/// Whether a quoted cell of a row has no end: it reaches the end of the file, or something
/// else than a delimiter stands behind its closing quote on a later line.
fn ends_open(written: &[u8], Dialect { delimiter, has_quotes, .. }: Dialect) -> bool {
    if !has_quotes {
        return false;
    }
    let mut rest = written;
    loop {
        if let [b'"', quoted @ ..] = rest {
            let Some(end) = closing(quoted) else { return true };
            let goes_on = memchr_iter(b'\n', &quoted[..end]).next().is_some();
            rest = &quoted[end + 1..];
            let is_end = rest.first().is_none_or(|&byte| byte == delimiter || byte == b'\r');
            if goes_on && !is_end {
                return true;
            }
        }
        match memchr::memchr(delimiter, rest) {
            Some(at) => rest = &rest[at + 1..],
            None => return false,
        }
    }
}

/// Where the quote stands that closes a cell; two are one that is meant.
fn closing(quoted: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr(b'"', &quoted[at..])?;
        if quoted.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a row of three cells on line 7.
    fn said(written: &str) -> Option<String> {
        left_open(written.as_bytes(), Dialect::parted_by(b','), 3, 7)
    }

    #[test]
    fn whole_quotes_are_none_of_it() {
        for row in [
            "/a,https://a/,x",
            "/a,https://a/,\"x, y\"",
            "/a,https://a/,\"x \"\"y\"\" z\"",
            "/a,https://a/,5\" disk",
            "/a,https://a/,\"one\ntwo, or three\nfour\"",
            "/a,\"https://a/\",\"\"",
            "\"/a\",\"b\" c,d",
        ] {
            assert_eq!(said(row), None, "{row}");
        }
        assert_eq!(left_open(b"/a\thttps://a/\t\"x", Dialect::TABS, 3, 7), None);
    }

    #[test]
    fn a_quote_left_open_is_told_with_what_it_takes() {
        let check = |row: &str, want: &str| {
            let said = said(row).unwrap();
            assert!(said.starts_with(want), "{row}: {said}");
        };
        check("/a,https://a/,\"x", "a quote is opened here and not closed. Close it");
        check(
            "/a,https://a/,\"x\n/b,https://b/,y",
            "a quote is opened here and not closed; line 8 w",
        );
        check(
            "/a,https://a/,\"x\n/b,c\n/c,d,5\" disk",
            "a quote is opened here and not closed; lines 8 to 9",
        );
        // Closed, but not by who opened it.
        check("/a,https://a/,\"x\n/b,https://b/,y\n/c,https://c/,\"", "a quote is opened here");
    }
}
