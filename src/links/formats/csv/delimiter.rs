//! What parts the cells of a table of values, told from the file.

use csv::ByteRecord;

use super::dialect::Dialect;
use super::header::looks_like_link;
use super::records::records;

/// In the order in which they are preferred where a file says nothing.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What a file says with its first line (`sep=;`, as Excel writes and reads it), else
/// that in which its first row means something to `is_known`, else looks like a link,
/// else has most cells.
pub(in crate::links::formats) fn told_from(
    text: &[u8],
    is_known: &dyn Fn(&ByteRecord) -> bool,
) -> Dialect {
    if let Some(said) = said(text) {
        return said;
    }
    let mut best = ((0, 0), Dialect::parted_by(DELIMITERS[0]));
    for dialect in DELIMITERS.map(Dialect::parted_by) {
        let mut score = (0, 0);
        records(text, dialect, |_, row| {
            let Ok(row) = row else { return false };
            if row.iter().all(|cell| cell.trim_ascii().is_empty()) {
                return true;
            }
            let worth = if is_known(row) { 2 } else { u8::from(looks_like_link(row)) };
            score = (worth, row.len());
            false
        });
        if score > best.0 {
            best = (score, dialect);
        }
    }
    best.1
}

/// What a first line says: `sep=` and one character, quoted or not.
fn said(text: &[u8]) -> Option<Dialect> {
    let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(text.len());
    let line = &text[..end];
    let line = line.strip_prefix(b"\"").and_then(|it| it.strip_suffix(b"\"")).unwrap_or(line);
    let is_said = line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"sep="));
    match line.get(4..) {
        // Whoever writes `sep=,` into a table with commas may end the line with one, too.
        Some([delimiter, rest @ ..])
            if is_said
                && delimiter.is_ascii()
                && !delimiter.is_ascii_alphanumeric()
                && *delimiter != b'"'
                && rest.iter().all(|byte| byte == delimiter) =>
        {
            Some(Dialect { rows_at: end, ..Dialect::parted_by(*delimiter) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimiter(text: &str) -> char {
        let is_known = |row: &ByteRecord| row.iter().any(|cell| cell == b"source");
        char::from(told_from(text.as_bytes(), &is_known).delimiter)
    }

    fn check(text: &str, want: char) {
        assert_eq!(delimiter(text), want, "{text:?}");
    }

    #[test]
    fn what_parts_cells_is_told_from_the_first_row() {
        check("source,target\n", ',');
        check("source;target\n/a;https://a/?x=1,2,3\n", ';');
        check("\n\nsource\ttarget\n", '\t');
        check("source|target\n", '|');
        check("\"a,b\";source;c\n", ';');
        check("x;y;z\n1,2;3;4\n", ';');
        check("/a;https://a.example/?b=1,2,3\n", ';');
        check("/a|https://a.example/?b=1;2;3\n", '|');
        check("", ',');
        check("word\n", ',');
        check("\"open;x\n", ',');
    }

    #[test]
    fn a_first_line_can_name_it() {
        let rows_at = |text: &str| told_from(text.as_bytes(), &|_| false).rows_at;
        check("sep=;\r\nsource,x;target\r\n", ';');
        check("\"SEP=|\"\nsource,target\n", '|');
        check("sep=\t\nsource,target\n", '\t');
        check("sep=,,\nsource;target\n", ',');
        check("sep=^\nsource^target\n", '^');
        check("sep=a\nsource;target\n", ',');
        check("sep;b\n/a;https://a/\n", ';');
        assert_eq!(rows_at("sep=;\r\nsource;target\r\n"), 5);
        assert_eq!(rows_at("source;target\r\n"), 0);
    }
}
