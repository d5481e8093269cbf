//! Text: a range in each line, with its country or without.
//!
//! | line | as in |
//! |---|---|
//! | `192.0.2.0/24`, `192.0.2.7`, `192.0.2.0-192.0.2.255` | lists of networks |
//! | `192.0.2.0,192.0.2.255,DE` or `3221225984,3221226239,DE` | tables of countries |
//! | `192.0.2.0/24,DE` | the same by network |
//!
//! Fields may be quoted. Comments begin with `#`, in lists with `;` too. A first line
//! without an address is a header, which may say where the country is.

use memchr::memchr_iter;

use super::address::{Range, between, network};
use super::code::country;
use super::problems::{PlacesProblems, shown};
use super::sink::{Sink, Wanted, too_many};
use crate::pace;
use crate::visitor::country::Country;

/// What a line takes, about.
const LINE_NS: u32 = 150;
/// Fields of a line that are looked at.
const FIELDS_MAX: usize = 32;
/// What the column of the country is called, first the surest.
const COUNTRY_NAMES: [&str; 5] =
    ["country_code", "country_iso_code", "countrycode", "cc", "country"];

/// Reads all lines.
///
/// # Errors
///
/// Every bad line, with what would be right.
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), PlacesProblems> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"PK\x03\x04") {
        let what = "it is a zip archive; unpack it, and name the file in it";
        return Err(PlacesProblems::whole(sink.name, what));
    }
    let mut problems = PlacesProblems::new(sink.name);
    let (mut from, mut country_at) = (0, None);
    let ends = memchr_iter(b'\n', bytes).chain([bytes.len()]);
    for (at, end) in ends.enumerate() {
        let line = &bytes[from.min(end)..end];
        from = end + 1;
        pace::done(LINE_NS);
        let Ok(line) = str::from_utf8(line) else {
            problems.add(Some(at + 1), "this is no text in UTF-8; is it the right file?");
            continue;
        };
        let line = without_comment(line, sink.wanted).trim();
        if line.is_empty() {
            continue;
        }
        let fields = Fields::of(line);
        if at == 0 && fields.is_header() {
            country_at = fields.country_column();
            continue;
        }
        match said(&fields, sink.wanted, country_at) {
            Ok(Some((range, country))) if sink.room > 0 => {
                sink.room -= 1;
                sink.claims.push(range, country, sink.file);
            }
            Ok(Some(_)) => {
                problems.add(Some(at + 1), too_many());
                break;
            }
            Ok(None) => {}
            Err(what) => problems.add(Some(at + 1), what),
        }
    }
    problems.result(())
}

fn without_comment(line: &str, wanted: Wanted) -> &str {
    let is_mark = |it| it == '#' || it == ';' && wanted == Wanted::Addresses;
    line.find(is_mark).map_or(line, |at| &line[..at])
}

/// The fields of a line.
struct Fields<'a>([&'a str; FIELDS_MAX], usize);

impl<'a> Fields<'a> {
    fn of(line: &'a str) -> Self {
        let mut fields = Self([""; FIELDS_MAX], 0);
        let mark = if line.contains(',') { ',' } else { '\t' };
        for field in line.split(mark).take(FIELDS_MAX) {
            fields.0[fields.1] = field.trim().trim_matches('"').trim();
            fields.1 += 1;
        }
        fields
    }

    fn all(&self) -> &[&'a str] {
        &self.0[..self.1]
    }

    /// Whether no address can stand in it: its first field is a name.
    fn is_header(&self) -> bool {
        let first = self.0[0];
        !first.is_empty() && first.bytes().all(|it| it.is_ascii_alphabetic() || b"_ ".contains(&it))
    }

    fn country_column(&self) -> Option<usize> {
        let column = |name: &&str| self.all().iter().position(|it| it.eq_ignore_ascii_case(name));
        COUNTRY_NAMES.iter().find_map(column)
    }
}

/// The range and the country that a line says; nothing, where its country is not known.
fn said(
    fields: &Fields<'_>,
    wanted: Wanted,
    country_at: Option<usize>,
) -> Result<Option<(Range, Country)>, String> {
    let all = fields.all();
    let [first, second] = [0, 1].map(|at| all.get(at).copied().unwrap_or_default());
    let is_network = first.contains('/') || wanted == Wanted::Addresses && second.is_empty();
    let (range, behind) = match first.split_once('-') {
        Some((from, to)) => (between(from.trim(), to.trim()), 1),
        None if is_network => (network(first), 1),
        None => (between(first, second), 2),
    };
    let range = range?;
    if wanted == Wanted::Addresses {
        return Ok(Some((range, Country::UNKNOWN)));
    }
    let code = all.get(country_at.unwrap_or(behind)).copied().unwrap_or_default();
    match country(code) {
        Some(Country::UNKNOWN) if all.len() <= behind => {
            Err("the country is missing; write start,end,CC or network,CC, as 192.0.2.0/24,DE"
                .to_owned())
        }
        Some(Country::UNKNOWN) => Ok(None),
        Some(country) => Ok(Some((range, country))),
        None => Err(format!(
            "`{}` is no country; write its two letters (ISO 3166-1 alpha-2), as DE",
            shown(code)
        )),
    }
}
