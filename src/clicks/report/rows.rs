//! Clicks as text: one JSON object or one CSV row each.
//!
//! The fields and their order are promised in `docs/click-log.md`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv6Addr};

use jiff::Timestamp;
use serde::Serialize;

use crate::clicks::id::ClickId;
use crate::clicks::ledger::Entry;
use crate::clicks::record::{Click, Flags};

/// How clicks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// One JSON object a line.
    Ndjson,
    /// RFC 4180, with a header row.
    Csv,
}

/// The fields of a row, in the order they are written.
#[derive(Serialize)]
struct Row<'a> {
    time: &'a str,
    shard: u16,
    seq: u64,
    link: Option<&'a str>,
    generation: u32,
    ip: &'a str,
    status: u16,
    verdict: &'a str,
    head: bool,
    prefetch: bool,
    host: Cow<'a, str>,
    path: Cow<'a, str>,
    query: Option<Cow<'a, str>>,
    referer: Option<Cow<'a, str>>,
    user_agent: Option<Cow<'a, str>>,
    tag: Option<Cow<'a, str>>,
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    cut: &'a [&'a str],
}

/// Names of the columns, those of [`Row`].
const COLUMNS: [&str; 18] = [
    "time",
    "shard",
    "seq",
    "link",
    "generation",
    "ip",
    "status",
    "verdict",
    "head",
    "prefetch",
    "host",
    "path",
    "query",
    "referer",
    "user_agent",
    "tag",
    "id",
    "cut",
];

/// The strings that can be cut, and what they are called.
pub(crate) const CUTS: [(Flags, &str); 5] = [
    (Flags::PATH_CUT, "path"),
    (Flags::HOST_CUT, "host"),
    (Flags::REFERER_CUT, "referer"),
    (Flags::USER_AGENT_CUT, "user_agent"),
    (Flags::TAG_CUT, "tag"),
];

/// Writes clicks as rows.
pub struct Rows<W: Write> {
    out: Out<W>,
    time: String,
    /// The second that `time` begins with.
    second: Option<u64>,
    ip: String,
}

enum Out<W: Write> {
    Ndjson(W),
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> Rows<W> {
    /// Begins to write to `out`; CSV begins with its header row.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn new(format: RowFormat, out: W) -> io::Result<Self> {
        let out = match format {
            RowFormat::Ndjson => Out::Ndjson(out),
            RowFormat::Csv => {
                let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(out);
                csv.write_record(COLUMNS).map_err(io_error)?;
                Out::Csv(Box::new(csv))
            }
        };
        Ok(Self { out, time: String::new(), second: None, ip: String::new() })
    }

    /// Writes one click.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let click = &entry.click;
        self.set_time(click.time_us);
        let link = link_text(click.link);
        set_ip(&mut self.ip, click.ip);
        let (path, query) = path_and_query(click);
        let mut cut = [""; CUTS.len()];
        let mut cuts = 0;
        for (flag, name) in CUTS {
            if click.flags.contains(flag) {
                cut[cuts] = name;
                cuts += 1;
            }
        }
        let id = entry.id.map(ClickId::text);
        let row = Row {
            time: &self.time,
            shard: entry.shard,
            seq: entry.sequence,
            link: (click.link != 0).then(|| str::from_utf8(&link).expect("digits are ASCII")),
            generation: click.generation,
            ip: &self.ip,
            status: click.status,
            verdict: click.verdict.name(),
            head: click.flags.contains(Flags::HEAD),
            prefetch: click.flags.contains(Flags::PREFETCH),
            host: text(click.host),
            path: text(path),
            query: query.map(text),
            referer: given(click.referer),
            user_agent: given(click.user_agent),
            tag: given(click.tag),
            id: id.as_ref().map(|id| str::from_utf8(id).expect("an id is ASCII")),
            cut: &cut[..cuts],
        };
        match &mut self.out {
            Out::Ndjson(out) => {
                serde_json::to_writer(&mut *out, &row)?;
                out.write_all(b"\n")
            }
            Out::Csv(csv) => {
                // A list is no CSV field, so the names share one.
                let flat = Row { cut: &[], ..row };
                csv.serialize((flat, cut[..cuts].join(" "))).map_err(io_error)
            }
        }
    }

    /// Hands on what is buffered.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Ndjson(out) => out.flush(),
            Out::Csv(csv) => csv.flush(),
        }
    }

    /// Sets `time` to RFC 3339 with microseconds. Clicks come in order of time,
    /// so most share their second with the one before.
    fn set_time(&mut self, time_us: u64) {
        let (second, micros) = (time_us / 1_000_000, time_us % 1_000_000);
        if self.second != Some(second) {
            self.second = Some(second);
            let whole = i64::try_from(second).ok().and_then(|it| Timestamp::from_second(it).ok());
            self.time = whole.unwrap_or(Timestamp::MAX).strftime("%FT%T").to_string();
        }
        self.time.truncate(TIME_PREFIX_BYTES);
        write!(self.time, ".{micros:06}Z").expect("a string takes anything");
    }
}

/// Length of a time up to its seconds.
const TIME_PREFIX_BYTES: usize = "1970-01-01T00:00:00".len();

/// A link's number, in hexadecimal digits.
pub(crate) fn link_text(link: u64) -> [u8; 16] {
    std::array::from_fn(|at| b"0123456789abcdef"[(link >> (60 - 4 * at) & 15) as usize])
}

/// Sets `text` to an address, IPv4 in its own form. Most are, and those are spelled
/// out here: the formatting machinery showed in the profile of `carom ship`.
pub(crate) fn set_ip(text: &mut String, ip: [u8; 16]) {
    text.clear();
    match Ipv6Addr::from(ip).to_canonical() {
        IpAddr::V4(ip) => {
            for (index, octet) in ip.octets().into_iter().enumerate() {
                if index > 0 {
                    text.push('.');
                }
                for (power, from) in [(100, 100), (10, 10), (1, 0)] {
                    if octet >= from {
                        text.push(char::from(b'0' + octet / power % 10));
                    }
                }
            }
        }
        IpAddr::V6(ip) => write!(text, "{ip}").expect("a string takes anything"),
    }
}

/// What stands before the first `?` of the target, and behind it.
pub(crate) fn path_and_query<'a>(click: &Click<'a>) -> (&'a [u8], Option<&'a [u8]>) {
    match memchr::memchr(b'?', click.path) {
        Some(mark) => (&click.path[..mark], Some(&click.path[mark + 1..])),
        None => (click.path, None),
    }
}

/// A string that may not have been sent; empty and not sent are one.
pub(crate) fn given(bytes: &[u8]) -> Option<Cow<'_, str>> {
    (!bytes.is_empty()).then(|| text(bytes))
}

/// Bytes as text. Those that are not UTF-8 become `\xNN`, and so does a
/// backslash before an `x`, so that the bytes can be told from the text.
#[must_use]
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes)
        && (memchr::memchr(b'\\', bytes).is_none() || !text.contains("\\x"))
    {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        shown.push_str(&chunk.valid().replace("\\x", "\\x5cx"));
        for byte in chunk.invalid() {
            write!(shown, "\\x{byte:02x}").expect("a string takes anything");
        }
    }
    Cow::Owned(shown)
}

/// What the csv crate says, as the I/O error that it mostly is.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_links_are_as_they_are_formatted() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut text = String::new();
        for number in 0..10_000 {
            let v4 = std::net::Ipv4Addr::from(rng.u32(..) >> (number % 32));
            set_ip(&mut text, v4.to_ipv6_mapped().octets());
            assert_eq!(text, v4.to_string());
            let v6 = Ipv6Addr::from(rng.u128(..));
            set_ip(&mut text, v6.octets());
            assert_eq!(text, v6.to_canonical().to_string());
            let link = rng.u64(..) >> (number % 64);
            assert_eq!(link_text(link), *format!("{link:016x}").as_bytes());
        }
    }
}
