//! CloudFront's standard log: cells with tabs between them, under `#Fields:`, as W3C's
//! extended log file format has it; and the same fields as JSON.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>

use std::borrow::Cow;

use memchr::memchr;

use super::json::{Object, first};
use crate::replay::logged::{LogLine, LoggedRequest, hex_byte};

/// Names of the fields that are read, in the order of [`Columns`]. A real-time log has
/// other names for some.
const FIELDS: [&[&str]; 7] = [
    &["cs-method"],
    &["cs-uri-stem"],
    &["cs-uri-query"],
    &["x-host-header"],
    &["cs(Host)", "cs-host"],
    &["cs(Referer)", "cs-referer"],
    &["cs(User-Agent)", "cs-user-agent"],
];

/// In which cell each of those fields stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns([Option<u16>; FIELDS.len()]);

/// Those of a log that lost its header.
impl Default for Columns {
    fn default() -> Self {
        Self([Some(5), Some(7), Some(11), Some(15), Some(6), Some(9), Some(10)])
    }
}

impl Columns {
    /// Those that a header names; `None` if it is none.
    pub fn of(line: &[u8]) -> Option<Self> {
        let names = str::from_utf8(line.strip_prefix(b"#Fields:")?).ok()?;
        let names: Vec<_> = names.split_whitespace().collect();
        let place = |known: &[&str]| {
            let at = names.iter().position(|name| known.contains(name))?;
            u16::try_from(at).ok()
        };
        Some(Self(FIELDS.map(place)))
    }
}

/// Whether a line tells of those that follow, and is none of them.
pub fn is_heading(line: &[u8]) -> bool {
    let word = line.split(|&byte| byte == b':').next().unwrap_or_default();
    matches!(
        word,
        b"#Version"
            | b"#Fields"
            | b"#Software"
            | b"#Date"
            | b"#Start-Date"
            | b"#End-Date"
            | b"#Remark"
    )
}

/// Reads a line of cells.
pub fn read(line: &[u8], columns: Columns) -> Option<LogLine<'_>> {
    memchr(b'\t', line)?;
    let cells: Vec<_> = line.split(|&byte| byte == b'\t').collect();
    let cell = |at: Option<u16>| cells.get(usize::from(at?)).copied().filter(|it| *it != b"-");
    let cells = columns.0.map(cell);
    let ([Some(method), Some(stem), ..], true) = (cells, cells.len() > 1) else { return None };
    stem.starts_with(b"/").then(|| request(method, stem, cells))
}

/// Reads an object with those names.
pub fn read_object(line: &Object) -> Option<LogLine<'static>> {
    let cells = FIELDS.map(|names| first(line, names).map(str::as_bytes));
    let [method, Some(stem), ..] = cells else { return None };
    // A real-time log has only the fields that somebody chose.
    match request(method.unwrap_or(b"GET"), stem, cells) {
        LogLine::Request(request) => Some(LogLine::Request(owned(request))),
        LogLine::OtherMethod => Some(LogLine::OtherMethod),
        LogLine::Unreadable => Some(LogLine::Unreadable),
    }
}

fn owned(request: LoggedRequest<'_>) -> LoggedRequest<'static> {
    let owned = |text: Cow<'_, [u8]>| Cow::Owned(text.into_owned());
    LoggedRequest {
        host: request.host.map(owned),
        method: owned(request.method),
        target: owned(request.target),
        referer: owned(request.referer),
        user_agent: owned(request.user_agent),
    }
}

/// What the host is called by the visitor goes before the name of the distribution.
fn request<'a>(
    method: &'a [u8],
    stem: &'a [u8],
    cells: [Option<&'a [u8]>; FIELDS.len()],
) -> LogLine<'a> {
    let [_, _, query, host, distribution, referer, user_agent] = cells;
    let mut target = sent(stem);
    if let Some(query) = query.filter(|_| !target.contains(&b'?')) {
        let target = target.to_mut();
        target.push(b'?');
        target.extend_from_slice(&sent(query));
    }
    // Some logs of old have their fields escaped twice.
    let text = |cell: Option<&'a [u8]>| match cell.map(|cell| unescaped(cell, is_seen)) {
        Some(Cow::Owned(once)) => Cow::Owned(unescaped(&once, is_seen).into_owned()),
        text => text.unwrap_or_default(),
    };
    LogLine::of(LoggedRequest {
        host: host.or(distribution).map(Cow::Borrowed),
        method: Cow::Borrowed(method),
        target,
        referer: text(referer),
        user_agent: text(user_agent),
    })
}

/// A part of a target as it was sent. CloudFront escapes what it logs, `%` too; what
/// means the same either way stays as it is.
fn sent(text: &[u8]) -> Cow<'_, [u8]> {
    unescaped(text, |byte| matches!(byte, b'%' | b'~' | b'\''))
}

fn is_seen(byte: u8) -> bool {
    !byte.is_ascii_control()
}

/// `%NN` as the byte that it is, where that is meant.
fn unescaped(text: &[u8], is_meant: impl Fn(u8) -> bool) -> Cow<'_, [u8]> {
    if memchr(b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let byte = (*first == b'%').then(|| hex_byte(after)).flatten();
        match byte.filter(|byte| is_meant(*byte)) {
            Some(byte) => {
                plain.push(byte);
                rest = &after[2..];
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::formats::tests::{check_objects, told};

    const HEAD: &str = "#Fields: date time c-ip cs-method cs(Host) cs-uri-stem sc-status \
                        cs(Referer) cs(User-Agent) cs-uri-query x-host-header";

    fn check(cells: &str, wanted: &str) {
        let line = cells.replace(' ', "\t");
        let line = format!("2026-11-27\t08:00:00\t192.0.2.1\t{line}");
        let columns = Columns::of(HEAD.as_bytes()).unwrap();
        let got =
            read(line.as_bytes(), columns).map_or("no such line".to_owned(), |it| told(Some(it)));
        assert_eq!(got, wanted, "{line}");
    }

    #[test]
    fn lines() {
        check(
            "GET d1.cloudfront.net /a 302 https://r.example/ Agent/1%20(x;%20y) b=c go.example",
            "go.example|GET|/a?b=c|https://r.example/|Agent/1 (x; y)",
        );
        check(
            "GET d1.cloudfront.net /a 302 - Agent%2520x - -",
            "d1.cloudfront.net|GET|/a||Agent x",
        );
        check("HEAD - /a%2520b%7Ec%22 302 - - d%25 -", "none|HEAD|/a%20b~c%22?d%||");
        check("GET - /a?b 302 - - b -", "none|GET|/a?b||");
        check("GET - /a 302", "none|GET|/a||");
        check("GET - /a 302 %0d%0a - - -", "none|GET|/a|%0d%0a|");
        check("PUT - /a 302 - - - -", "other method");
        check("get - /a 302 - - - -", "unreadable");
        check("GET - - 302 - - - -", "no such line");
        check("GET - a 302 - - - -", "no such line");
        check("GET", "no such line");
    }

    #[test]
    fn a_log_without_its_header() {
        let line = "2026-11-27\t08:00:00\tFRA1\t1\t192.0.2.1\tGET\td1.example\t/a\t302\t-\tAgent\tb\t-\tHit\tid\tgo.example";
        let read = read(line.as_bytes(), Columns::default());
        assert_eq!(told(read), "go.example|GET|/a?b||Agent");
    }

    #[test]
    fn headings() {
        let check = |line: &str, wanted| assert_eq!(is_heading(line.as_bytes()), wanted, "{line}");
        check("#Version: 1.0", true);
        check(HEAD, true);
        check("# Fields: x", false);
        check("", false);
        assert_eq!(Columns::of(b"#Version: 1.0"), None);
        assert_eq!(Columns::of(b"#Fields: a b"), Some(Columns([None; 7])));
    }

    #[test]
    fn objects() {
        let check = |line: &str, wanted: &str| check_objects(read_object, line, wanted);
        check(
            r#"{"cs-method":"GET","cs(Host)":"d1.example","cs-uri-stem":"/a","sc-status":"302","cs(Referer)":"-","cs(User-Agent)":"Agent%20x","cs-uri-query":"b","x-host-header":"go.example"}"#,
            "go.example|GET|/a?b||Agent x",
        );
        check(
            r#"{"timestamp":"1.5","cs-method":"HEAD","cs-host":"go.example","cs-uri-stem":"/a?b","cs-uri-query":"b","cs-referer":"https://r.example/","cs-user-agent":"Agent"}"#,
            "go.example|HEAD|/a?b|https://r.example/|Agent",
        );
        check(r#"{"cs-uri-stem":"/a"}"#, "none|GET|/a||");
        check(r#"{"cs-method":"POST","cs-uri-stem":"/a"}"#, "other method");
        check(r#"{"cs-method":"GET"}"#, "no such line");
    }
}
