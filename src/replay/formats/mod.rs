//! The formats of access logs. Each reads one line, and knows nothing of the others.

mod alb;
mod caddy;
mod cloudfront;
mod common;
mod json;
mod nginx_json;

use std::str::FromStr;

use self::cloudfront::Columns;
use self::json::Object;
use super::logged::LogLine;

pub use cloudfront::Columns as LogColumns;

/// How lines of a format are read; each says nothing of a line of another.
enum Read {
    Line(fn(&[u8]) -> Option<LogLine<'_>>),
    Cells(fn(&[u8], Columns) -> Option<LogLine<'_>>),
    Object(fn(&Object) -> Option<LogLine<'static>>),
}

struct Row {
    name: &'static str,
    about: &'static str,
    read: Read,
}

/// Every format, in the order in which they are tried. The last takes the most.
static FORMATS: [Row; 6] = [
    Row { name: "caddy", about: "Caddy's JSON", read: Read::Object(caddy::read) },
    Row {
        name: "cloudfront-json",
        about: "CloudFront's standard or real-time log as JSON",
        read: Read::Object(cloudfront::read_object),
    },
    Row {
        name: "nginx-json",
        about: "JSON with the names of nginx's variables",
        read: Read::Object(nginx_json::read),
    },
    Row {
        name: "cloudfront",
        about: "CloudFront's standard log, with tabs under #Fields:",
        read: Read::Cells(cloudfront::read),
    },
    Row { name: "alb", about: "AWS load balancers", read: Read::Line(alb::read) },
    Row {
        name: "combined",
        about: "common or combined, of nginx and Apache, with a host or a list of addresses in \
                front or not",
        read: Read::Line(common::read),
    },
];

/// One format of access logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogFormat(usize);

impl LogFormat {
    /// Name and short description of each.
    pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
        FORMATS.iter().map(|row| (row.name, row.about))
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        FORMATS[self.0].name
    }
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        FORMATS.iter().position(|row| row.name == name).map(Self).ok_or_else(|| {
            let names: Vec<_> = Self::all().map(|(name, _)| name).collect();
            format!("`{name}` is no format of logs; write auto or one of {}", names.join(" | "))
        })
    }
}

/// Reads the lines of a log, each by itself but for what a heading said of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogReader {
    format: Option<LogFormat>,
    columns: Columns,
}

impl LogReader {
    /// A reader of one format; `None`: each line tells of which it is.
    #[must_use]
    pub fn new(format: Option<LogFormat>) -> Self {
        Self { format, ..Self::default() }
    }

    /// Takes what a heading says of the lines that follow. Says whether the line is one.
    pub fn takes_heading(&mut self, line: &[u8]) -> bool {
        if let Some(columns) = Columns::of(line) {
            self.columns = columns;
        }
        cloudfront::is_heading(line)
    }

    /// Where the fields of the next line stand, if it is one of cells.
    #[must_use]
    pub fn columns(&self) -> LogColumns {
        self.columns
    }

    /// Reads a line, which has no end of line any more, with the `columns` that it had.
    #[must_use]
    pub fn read<'a>(&self, line: &'a [u8], columns: LogColumns) -> LogLine<'a> {
        let rows = match self.format {
            Some(LogFormat(at)) => &FORMATS[at..=at],
            None => &FORMATS[..],
        };
        let object = json::object(line);
        let by = |row: &Row| match (&row.read, &object) {
            (Read::Object(read), Some(object)) => read(object),
            (Read::Line(read), _) => read(line),
            (Read::Cells(read), _) => read(line, columns),
            (Read::Object(_), None) => None,
        };
        rows.iter().find_map(by).unwrap_or(LogLine::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Host, method, target, referer and user agent of a line, parted by bars; or
    /// what it is.
    pub fn told(read: Option<LogLine<'_>>) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match read {
            Some(LogLine::Request(request)) => [
                &text(request.host.as_deref().unwrap_or(b"none")),
                &text(&request.method),
                &text(&request.target),
                &text(&request.referer),
                &*text(&request.user_agent),
            ]
            .join("|"),
            Some(LogLine::OtherMethod) => "other method".to_owned(),
            Some(LogLine::Unreadable) => "unreadable".to_owned(),
            None => "no such line".to_owned(),
        }
    }

    /// What a reader of objects makes of a line.
    pub fn check_objects(
        read: impl Fn(&Object) -> Option<LogLine<'static>>,
        line: &str,
        wanted: &str,
    ) {
        let object = json::object(line.as_bytes()).expect(line);
        assert_eq!(told(read(&object)), wanted, "{line}");
    }

    const LINES: [(&str, &str); 6] = [
        ("caddy", r#"{"request":{"method":"GET","host":"h.example","uri":"/x"}}"#),
        ("cloudfront-json", r#"{"cs-method":"GET","cs-host":"h.example","cs-uri-stem":"/x"}"#),
        ("nginx-json", r#"{"request":"GET /x HTTP/1.1","host":"h.example"}"#),
        ("cloudfront", "GET\t/x\th.example"),
        (
            "alb",
            r#"h2 2026-11-27T08:00:00.1Z b c t 0 0 0 1 1 0 0 "GET https://h.example/x HTTP/2.0""#,
        ),
        ("combined", r#"h.example ::1 - - [t] "GET /x HTTP/1.1" 302 0"#),
    ];

    #[test]
    fn each_line_tells_of_which_format_it_is() {
        let read = |format: Option<&str>, line: &str| {
            let mut reader = LogReader::new(format.map(|name| name.parse().unwrap()));
            assert!(reader.takes_heading(b"#Fields: cs-method cs-uri-stem cs(Host)"));
            assert!(!reader.takes_heading(line.as_bytes()));
            told(Some(reader.read(line.as_bytes(), reader.columns())))
        };
        for (name, line) in LINES {
            assert_eq!(read(None, line), "h.example|GET|/x||", "{line}");
            assert_eq!(name.parse::<LogFormat>().unwrap().name(), name);
            for (forced, _) in LINES {
                let wanted = if forced == name { "h.example|GET|/x||" } else { "unreadable" };
                assert_eq!(read(Some(forced), line), wanted, "{forced}: {line}");
            }
        }
        for line in ["", "x", "{}", "a\tb", r#"{"a":"b"}"#, "[", "\"\""] {
            assert_eq!(read(None, line), "unreadable", "{line}");
        }
        assert!("xml".parse::<LogFormat>().unwrap_err().contains("auto or one of caddy | "));
    }
}
