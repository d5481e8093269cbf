//! The native format: `[host]/path target [status] [settings]`, columns parted by
//! spaces or tabs, one link a line. A column that begins with `#` ends the line, as
//! in Netlify's `_redirects`; plain haproxy maps are read as they are.

use memchr::memchr;

use super::defaults::{self, Defaults};
use super::row::{Line, Row};
pub(super) use super::setting::setting;
use crate::links::bytes::shown;
use crate::links::link::Setting;

pub(super) fn read(text: &[u8], mut take: impl FnMut(u32, Line<'_>)) {
    let mut rest = text;
    let mut number = 0;
    let mut settings = Vec::new();
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        number += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if columns(line).next() == Some(defaults::WORD) {
            take(
                number,
                match Defaults::parse(columns(line).skip(1)) {
                    Ok(defaults) => Line::Defaults(defaults),
                    Err(message) => Line::Refused(message),
                },
            );
            continue;
        }
        settings.clear();
        match read_line(line, &mut settings) {
            Ok(None) => {}
            Ok(Some(row)) => take(number, Line::Link(Row { settings: &settings, ..row })),
            Err(message) => take(number, Line::Refused(message)),
        }
    }
}

/// The row of a line, with its settings apart; `None` if it is blank or a comment.
fn read_line<'a>(
    line: &'a [u8],
    settings: &mut Vec<Setting<'a>>,
) -> Result<Option<Row<'a>>, String> {
    let mut columns = columns(line);
    let Some(key) = columns.next() else {
        return Ok(None);
    };
    let (target, mut status) = match columns.next() {
        Some(b"410") => (&[][..], Some(&b"410"[..])),
        Some(column) if setting(column).is_some() => {
            return Err(format!(
                "`{}` stands where the target belongs; a line is `key target status name=value`",
                shown(column)
            ));
        }
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
        if let Some(setting) = setting(column) {
            settings.push(setting);
            continue;
        }
        if status.is_some() {
            return Err(format!(
                "`{}` is one column too many; a line is `key target status name=value`, and a comment begins with `#`",
                shown(column)
            ));
        }
        status = Some(column);
    }
    Ok(Some(Row { key, target, status, settings: &[] }))
}

fn columns(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|column| !column.is_empty())
        .take_while(|column| column[0] != b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<String> {
        super::super::row::written(|take| read(text.as_bytes(), take))
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
    fn settings() {
        check("/a b 301 weight=70", &["1 /a|b|301|weight=70"]);
        check("/a b query=keep 301 tag=", &["1 /a|b|301|query=keep|tag="]);
        check("/a b nocase", &["1 /a|b|-|nocase="]);
        check("/a b 301 nocase", &["1 /a|b|301|nocase="]);
        check("/a b Country=us,ca # x=y", &["1 /a|b|-|Country=us,ca"]);
        check("/a b 302 x=1\n/c d", &["1 /a|b|302|x=1", "2 /c|d|-"]);
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
        check("/a id=:id /b", "`id=:id` stands where the target belongs");
        check("/a b 301 302", "`302` is one column too many");
        check("/a 410 301", "`301` is one column too many");
    }

    #[test]
    fn defaults() {
        check("!default status=301 nocase # c", &["1 =status=301 nocase"]);
        check("!default\n/a b", &["1 =", "2 /a|b|-"]);
        check(
            "!default 301",
            &["1 !`301` is no default; write name=value, as in status=301 nocase query=keep"],
        );
        check("!defaults x", &["1 !defaults|x|-"]);
    }

    #[test]
    fn a_url_with_a_query_is_no_setting() {
        check("/a https://b/?c=d", &["1 /a|https://b/?c=d|-"]);
        check("/a?b=c https://b/", &["1 /a?b=c|https://b/|-"]);
        check("/a /b?c=d", &["1 /a|/b?c=d|-"]);
    }
}
