//! The native format: `[host]/path target [status]`, columns parted by spaces
//! or tabs, one link a line. A column that begins with `#` ends the line, as in
//! Netlify's `_redirects`; plain haproxy maps are read as they are.

use memchr::memchr;

use super::super::bytes::shown;
use super::Row;

pub(super) fn read(text: &[u8], mut take: impl FnMut(u32, Result<Row<'_>, String>)) {
    let mut rest = text;
    let mut number = 0;
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        number += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(row) = read_line(line).transpose() {
            take(number, row);
        }
    }
}

/// The row of a line; `None` if it is blank or a comment.
fn read_line(line: &[u8]) -> Result<Option<Row<'_>>, String> {
    let mut columns = columns(line);
    let Some(key) = columns.next() else {
        return Ok(None);
    };
    let (target, mut status) = match columns.next() {
        Some(b"410") => (&[][..], Some(&b"410"[..])),
        Some(column) if is_setting(column) => return Err(unsupported(column)),
        Some(column) if column.len() == 3 && column.iter().all(u8::is_ascii_digit) => {
            return Err(format!(
                "status {} without a target; write the target before it (only 410 has none)",
                shown(column)
            ));
        }
        Some(target) => (target, None),
        None => {
            return Err(format!(
                "{} has no target; write one behind it, or 410 for what is gone",
                shown(key)
            ));
        }
    };
    for column in columns {
        if is_setting(column) {
            return Err(unsupported(column));
        }
        if status.is_some() {
            return Err(format!(
                "`{}` is one column too many; a line is `key target status`, and a comment begins with `#`",
                shown(column)
            ));
        }
        status = Some(column);
    }
    Ok(Some(Row { key, target, status }))
}

fn columns(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|column| !column.is_empty())
        .take_while(|column| column[0] != b'#')
}

/// Whether a column is `Key=Value`, as `weight=70` or Netlify's `Country=us`.
fn is_setting(column: &[u8]) -> bool {
    let end =
        column.iter().position(|byte| !(byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-')));
    end.is_some_and(|end| end > 0 && column[end] == b'=')
}

fn unsupported(setting: &[u8]) -> String {
    let end = memchr(b'=', setting).unwrap_or(setting.len());
    let name = shown(&setting[..end]);
    format!("{name}= is not supported yet; leave out `{}`", shown(setting))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows as `line key|target|status`, problems as `line !message`.
    fn rows(text: &str) -> Vec<String> {
        let mut rows = Vec::new();
        read(text.as_bytes(), |line, row| {
            let text = |part| String::from_utf8_lossy(part).into_owned();
            rows.push(match row {
                Ok(row) => format!(
                    "{line} {}|{}|{}",
                    text(row.key),
                    text(row.target),
                    row.status.map_or("-".into(), text)
                ),
                Err(message) => format!("{line} !{message}"),
            });
        });
        rows
    }

    fn check(text: &str, want: &[&str]) {
        assert_eq!(rows(text), want, "{text:?}");
    }

    #[test]
    fn lines() {
        check("", &[]);
        check("/a https://b/", &["1 /a|https://b/|-"]);
        check("/a https://b/ 301\n", &["1 /a|https://b/|301"]);
        check("\n  \t\n# x\n\t/a\t \thttps://b/  301 \n", &["4 /a|https://b/|301"]);
        check("/a b\r\n\r\n/c d\r\n", &["1 /a|b|-", "3 /c|d|-"]);
        check("/a 410", &["1 /a||410"]);
        check("/a https://b/ 410", &["1 /a|https://b/|410"]);
    }

    #[test]
    fn comments() {
        check("#", &[]);
        check("   # /a b", &[]);
        check("/a b # note 301", &["1 /a|b|-"]);
        check("/a b 301 #note", &["1 /a|b|301"]);
        check("/a https://b/#part", &["1 /a|https://b/#part|-"]);
        check("/a 410 # gone", &["1 /a||410"]);
    }

    #[test]
    fn problems() {
        let check = |text: &str, want: &str| {
            let rows = rows(text);
            assert!(rows.len() == 1 && rows[0].contains(want), "{text}: {rows:?}");
        };
        check("/a", "!/a has no target");
        check("/a # b", "!/a has no target");
        check("/a 301", "status 301 without a target");
        check("/a b 302 weight=70", "weight= is not supported yet");
        check("/a b Country=us,ca", "Country= is not supported yet");
        check("/a id=:id /b", "id= is not supported yet");
        check("/a b 301 302", "`302` is one column too many");
        check("/a 410 301", "`301` is one column too many");
    }

    #[test]
    fn a_url_with_a_query_is_no_setting() {
        check("/a https://b/?c=d", &["1 /a|https://b/?c=d|-"]);
        check("/a?b=c https://b/", &["1 /a?b=c|https://b/|-"]);
        check("/a /b?c=d", &["1 /a|/b?c=d|-"]);
    }
}
