//! Keys of files that say neither the host nor the beginning of their paths, which stand
//! elsewhere: a list of slugs that are to answer as `go.example/go/slug`.

use super::row::{Line, Row};
use super::source::Help;
use crate::links::key::{Key, KeyScratch};

/// Checks what is put before paths: `/go`, with or without a slash behind it, which is left
/// out.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn prefix(text: &str) -> Result<String, String> {
    let path = text.strip_suffix('/').unwrap_or(text);
    if !path.starts_with('/') || path.contains([':', '*', '?', '#', ' ']) {
        return Err("a prefix is a path, such as /go/".to_owned());
    }
    check(&format!("{path}/x"))?;
    Ok(path.to_owned())
}

/// Checks a host of keys: `go.example`, or `*.example` for all below it.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn host(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains('/') {
        return Err("a host is a name alone, such as go.example".to_owned());
    }
    check(&format!("{text}/x"))?;
    Ok(text.to_owned())
}

fn check(key: &str) -> Result<(), String> {
    let mut scratch = KeyScratch::default();
    Key::parse(key.as_bytes(), &mut scratch).map(drop).map_err(|problem| problem.to_string())
}

/// Hands a line on, its key behind the prefix and the host that are wished. A key that has a
/// host stays as it is.
pub(super) fn placed(
    help: &Help<'_>,
    line: u32,
    written: Line<'_>,
    take: &mut dyn FnMut(u32, Line<'_>),
) {
    let (host, prefix) = (help.host.unwrap_or_default(), help.prefix.unwrap_or_default());
    let is_path = |row: &Row<'_>| row.key.first() == Some(&b'/');
    let key_of = |row: &Row<'_>| [host.as_bytes(), prefix.as_bytes(), row.key].concat();
    if host.is_empty() && prefix.is_empty() {
        return take(line, written);
    }
    match written {
        Line::Link(row) if is_path(&row) => {
            take(line, Line::Link(Row { key: &key_of(&row), ..row }));
        }
        Line::Changed(row, what) if is_path(&row) => {
            take(line, Line::Changed(Row { key: &key_of(&row), ..row }, what));
        }
        other => take(line, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_hosts() {
        for (text, want) in [("/go/", "/go"), ("/go", "/go"), ("/a/b/", "/a/b")] {
            assert_eq!(prefix(text).as_deref(), Ok(want));
        }
        for text in ["go/", "", "/", "/a b", "/:x/", "/*", "/a?b", "https://a/"] {
            assert!(prefix(text).is_err(), "{text}");
        }
        for text in ["go.example", "*.go.example", "192.0.2.1", "[2001:db8::1]"] {
            assert_eq!(host(text).as_deref(), Ok(text));
        }
        for text in ["", "/", "a/b", "https://a.example", "a b", "a.example:8080", "bücher.example"]
        {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_without_a_host_are_placed() {
        let check = |key: &str, host, prefix, want: &str| {
            let help = Help { host, prefix, ..Help::default() };
            let mut got = Vec::new();
            let row = Row { key: key.as_bytes(), ..Row::default() };
            for written in [Line::Link(row), Line::Changed(row, String::new())] {
                placed(&help, 1, written, &mut |_, line| match line {
                    Line::Link(row) | Line::Changed(row, _) => {
                        got.push(String::from_utf8_lossy(row.key).into_owned());
                    }
                    _ => {}
                });
            }
            assert_eq!(got, [want, want], "{key}");
        };
        check("/x", None, None, "/x");
        check("/x", None, Some("/go"), "/go/x");
        check("/x", Some("go.example"), None, "go.example/x");
        check("/*", Some("go.example"), Some("/go"), "go.example/go/*");
        check("a.example/x", Some("go.example"), Some("/go"), "a.example/x");
    }
}
