//! The formats of link files. Each turns text into rows; what a row means is
//! the same for all of them and is decided in [`load`](super::load()).

mod cells;
mod cloudflare;
mod cloudfront;
mod columns;
mod csv;
mod detect;
mod exports;
mod haproxy;
mod name;
mod native;
mod ndjson;
mod nginx;
mod order;
mod paths;
mod redirects;
mod regex;

use core::fmt;

pub use columns::Columns;
pub use name::{Format, HaproxyMatch};
pub use paths::base;

/// One link file, read by the caller.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name in messages.
    pub name: &'a str,
    /// All its bytes.
    pub text: &'a [u8],
    /// How it is written.
    pub format: Format,
    /// What its format may need to know beside it.
    pub help: Help<'a>,
}

impl<'a> Source<'a> {
    /// A file that needs nothing but itself.
    pub fn new(name: &'a str, text: &'a [u8], format: Format) -> Source<'a> {
        Source { name, text, format, help: Help::default() }
    }
}

/// What a format needs to know that is not in its file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Help<'a> {
    /// `https://host`, before targets that are only a path.
    pub base: Option<&'a str>,
    /// Which columns of a table of values mean what.
    pub columns: Option<&'a Columns>,
    /// Finds the files that this one includes.
    pub include: Option<Include<'a>>,
}

/// The files that an `include` names: their names in messages and their bytes, in
/// order; or why they cannot be had, as a sentence.
pub type Included = Result<Vec<(String, Vec<u8>)>, String>;

/// Finds the files of an `include`, given its pattern as it is written.
#[derive(Clone, Copy)]
pub struct Include<'a>(pub &'a dyn Fn(&str) -> Included);

impl fmt::Debug for Include<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Include")
    }
}

/// One link as it was written: nothing is checked yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row<'a> {
    pub(super) key: &'a [u8],
    /// Empty if there is none.
    pub(super) target: &'a [u8],
    pub(super) status: Option<&'a [u8]>,
    /// In the order they were written.
    pub(super) settings: &'a [Setting<'a>],
}

/// A `name=value` of a link, by the name it has in the native format, whatever
/// the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting<'a> {
    pub(super) name: &'a [u8],
    /// Empty for a name that stands alone.
    pub(super) value: &'a [u8],
}

/// What a line of a link file is.
#[derive(Clone, Debug)]
pub(super) enum Line<'a> {
    /// A link, to be taken as it was meant.
    Link(Row<'a>),
    /// A link that will mean something else here than where it comes from; what,
    /// as a sentence.
    Changed(Row<'a>, String),
    /// Nothing that can be taken; why, as a sentence with its remedy.
    Refused(String),
    /// Something that has nothing to do with redirects.
    Other,
    /// No line: those that follow are of the file with this name, which was
    /// included; without one, of the source itself.
    Within(Option<&'a str>),
}

/// Reads `source` and hands every line that is not blank or a comment to `take`,
/// with its number counted from 1.
pub(super) fn read(source: &Source<'_>, mut take: impl FnMut(u32, Line<'_>)) {
    let text = source.text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source.text);
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        let message = "the file is UTF-16; save it as UTF-8 (nothing of it was read)";
        return take(1, Line::Refused(message.to_owned()));
    }
    let help = &source.help;
    match source.format {
        Format::Native => native::read(text, take),
        Format::Nginx => nginx::read(text, help, &mut take),
        Format::Netlify => redirects::read(text, redirects::Dialect::Netlify, help, &mut take),
        Format::Pages => redirects::read(text, redirects::Dialect::Pages, help, &mut take),
        Format::Cloudflare => cloudflare::read(text, &mut take),
        Format::Cloudfront => cloudfront::read(text, help, &mut take),
        Format::Shlink => exports::read(text, &exports::SHLINK, &mut take),
        Format::Yourls => exports::read(text, &exports::YOURLS, &mut take),
        Format::Bitly => exports::read(text, &exports::BITLY, &mut take),
        Format::Csv => csv::read(text, b',', help.columns, &mut take),
        Format::Tsv => csv::read(text, b'\t', help.columns, &mut take),
        Format::Ndjson => ndjson::read(text, help.columns, &mut take),
        Format::Haproxy(how) => haproxy::read(text, how, help, &mut take),
    }
}

/// Asks `source`'s [`Include`] for every file that it includes, and does nothing
/// else.
pub fn each_include(source: &Source<'_>) {
    if source.format == Format::Nginx && memchr::memmem::find(source.text, b"include").is_some() {
        read(source, |_, _| {});
    }
}

/// What a reader hands over, for tests: rows as `line key|target|status`, then a
/// `|name=value` for each setting; changed ones with ` ~what` behind them;
/// refusals as `line !message`, others as `line -`, included files as `line @name`.
#[cfg(test)]
fn written(read: impl FnOnce(&mut dyn FnMut(u32, Line<'_>))) -> Vec<String> {
    let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    let row = |row: Row<'_>| {
        let mut out = format!("{}|{}|", text(row.key), text(row.target));
        out.push_str(&row.status.map_or("-".into(), text));
        for setting in row.settings {
            out.push_str(&format!("|{}={}", text(setting.name), text(setting.value)));
        }
        out
    };
    let mut lines = Vec::new();
    read(&mut |number, line| {
        lines.push(match line {
            Line::Link(link) => format!("{number} {}", row(link)),
            Line::Changed(link, what) => format!("{number} {} ~{what}", row(link)),
            Line::Refused(message) => format!("{number} !{message}"),
            Line::Other => format!("{number} -"),
            Line::Within(name) => format!("{number} @{}", name.unwrap_or_default()),
        });
    });
    lines
}

#[cfg(test)]
mod fixtures_test;
