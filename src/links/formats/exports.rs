//! What shorteners export: tables whose columns tell which shortener it was.
//!
//! - Shlink: its web client's CSV (`createdAt,title,shortUrl,domain,shortCode,longUrl,tags,visits`),
//!   the columns of its own CSV import (`Long URL,Short code,Domain,Tags`), or the objects
//!   of its API, one a line.
//! - YOURLS: `keyword,url,title,timestamp,ip,clicks`, the columns of its `url` table, with
//!   a header row or without.
//! - Dub: the CSV that its dashboard exports (`Short link`, `Destination URL`), or the objects
//!   of its API, one a line.
//! - Bitly: `link` or `bitlink`, `long_url`, `tags` and custom back-halves among others.

use csv::ByteRecord;

use super::cells::{Cells, Field, FieldNames, joined, named};
use super::csv::{
    Dialect, Found, Places, Start, listed, named_places, records, rows, spell_cell, told_from,
};
use super::ndjson;
use super::row::{Line, Row};
use crate::limits::TAG_BYTES_MAX;
use crate::links::bytes::shown;
use crate::links::link::Setting;

/// Makes links of a row.
type ToRows = fn(&Cells<'_>, &mut dyn FnMut(Line<'_>));

/// A shortener, and how its links are read.
pub(super) struct Export {
    name: &'static str,
    names: FieldNames,
    /// Columns that no other file has together: one of each list.
    mark: &'static [&'static [&'static str]],
    row: ToRows,
}

pub(super) const SHLINK: Export = Export {
    name: "Shlink",
    names: &[
        (Field::Key, &["short url"]),
        (Field::Target, &["long url"]),
        (Field::Code, &["short code"]),
        (Field::Host, &["domain"]),
        (Field::Tag, &["tags"]),
        (Field::From, &["valid since"]),
        (Field::Until, &["valid until"]),
        (Field::VisitsMax, &["max visits"]),
        (Field::ForwardsQuery, &["forward query"]),
        (Field::HasRules, &["has redirect rules"]),
    ],
    mark: &[&["long url"], &["short code"]],
    row: shlink,
};

pub(super) const YOURLS: Export = Export {
    name: "YOURLS",
    names: &[(Field::Code, &["keyword"]), (Field::Target, &["url", "long url"])],
    mark: &[&["keyword"], &["url", "long url"]],
    row: yourls,
};

pub(super) const BITLY: Export = Export {
    name: "Bitly",
    names: &[
        (Field::Key, &["link", "bitlink", "short link", "short url"]),
        (Field::Target, &["long url", "original url", "destination"]),
        (Field::Tag, &["tags"]),
        (Field::Custom, &["custom bitlinks", "custom bitlink", "custom back half", "keyword link"]),
    ],
    mark: &[&["link", "bitlink", "short link", "custom bitlinks"], &["long url", "original url"]],
    row: bitly,
};

pub(super) const DUB: Export = Export {
    name: "Dub",
    names: &[
        (Field::Key, &["short link"]),
        (Field::Target, &["destination url", "url"]),
        (Field::Tag, &["tags"]),
        (Field::Until, &["expires at"]),
        (Field::Else, &["expired url"]),
        (Field::Country, &["geo"]),
        (Field::Device, &["ios", "android"]),
        (Field::Has, &["password"]),
        (Field::HasRules, &["rewrite"]),
    ],
    mark: &[&["short link"], &["destination url", "url"]],
    row: dub,
};

/// Hosts that stay with Bitly, whoever made the link.
const BITLY_HOSTS: [&[u8]; 3] = [b"bit.ly", b"j.mp", b"bitly.com"];

impl Export {
    /// Whether this is the header row of such a file.
    pub(super) fn has_header(&self, header: &ByteRecord) -> bool {
        let names: Vec<String> = header.iter().map(spell_cell).collect();
        self.is_marked(&names)
    }

    /// Whether there are all columns, spelled, that mark such a file.
    pub(super) fn is_marked(&self, names: &[String]) -> bool {
        self.mark.iter().all(|known| names.iter().any(|name| known.contains(&&**name)))
    }

    fn places(&self, header: &ByteRecord) -> Result<Places, String> {
        let places = named_places(self.names, header)?;
        let has = |field: Field| places.at(field).is_some();
        if has(Field::Target) && (has(Field::Key) || has(Field::Code)) {
            return Ok(places);
        }
        let columns: Vec<String> = self.mark.iter().map(|names| names.join(" | ")).collect();
        Err(format!(
            "these are not the columns of a {} export, {}; read it with --format csv --columns key=…,target=… (columns found: {}; nothing of the file was read)",
            self.name,
            columns.join(" and "),
            listed(header)
        ))
    }
}

pub(super) fn read(text: &[u8], export: &Export, take: &mut impl FnMut(u32, Line<'_>)) {
    let mut give = |line, found: Found<'_>| match found {
        Found::Cells(cells) => (export.row)(cells, &mut |written| take(line, written)),
        Found::Bad(message) => take(line, Line::Refused(message)),
        Found::Note(what) => take(line, Line::Note(what)),
    };
    if text.trim_ascii_start().first() == Some(&b'{') {
        return ndjson::rows(text, &|name| named(export.names, name), &mut |line, row| match row {
            Ok(cells) => give(line, Found::Cells(cells)),
            Err(message) => give(line, Found::Bad(message)),
        });
    }
    let dialect = told_from(text, &|row| export.has_header(row));
    let header = |header: &ByteRecord| export.places(header);
    let mut places = Places::default();
    places.put(Field::Code, Some(0));
    places.put(Field::Target, Some(1));
    let start = match export.name {
        "YOURLS" if is_headless(text, dialect) => Start::Link(&places),
        _ => Start::Header(&header),
    };
    rows(text, dialect, start, &mut give);
}

/// Whether the first row is a link already: its second cell is a URL.
fn is_headless(text: &[u8], dialect: Dialect) -> bool {
    let mut is_link = false;
    records(text, dialect, |_, record| {
        let url = record.ok().and_then(|record| record.get(1)).unwrap_or_default();
        is_link = memchr::memmem::find(url, b"://").is_some();
        false
    });
    is_link
}

/// Shlink passes the visitor's query on, and its parameters win, unless a link
/// says otherwise, which its API tells and its CSV does not.
fn shlink(cells: &Cells<'_>, give: &mut dyn FnMut(Line<'_>)) {
    let mut said = Vec::new();
    let mut settings = Vec::new();
    if cells.get(Field::ForwardsQuery) != b"false" {
        settings.push(Setting { name: b"query", value: b"override" });
    }
    let others = settings.len();
    for (field, name) in [(Field::From, &b"from"[..]), (Field::Until, b"until")] {
        let value = cells.get(field);
        if !value.is_empty() {
            settings.push(Setting { name, value });
        }
    }
    if settings.len() > others {
        said.push("outside its time Shlink answers 404, carom 410".to_owned());
    }
    if cells.get(Field::HasRules) == b"true" {
        said.push(
            "Shlink has rules for it by device, language or the like, which are not in the file"
                .to_owned(),
        );
    }
    let visits = cells.get(Field::VisitsMax);
    if !matches!(visits, b"" | b"0") {
        said.push(format!("Shlink ends it after visit {}, carom does not", shown(visits)));
    }
    let (code, url) = (cells.get(Field::Code), cells.get(Field::Key));
    let key = if url.is_empty() { joined(cells.get(Field::Host), code) } else { url.to_vec() };
    let tag = tags(cells.get(Field::Tag), &mut said);
    settings.extend(tag.as_deref().map(|value| Setting { name: b"tag", value }));
    let row =
        Row { key: &key, target: cells.get(Field::Target), status: None, settings: &settings };
    give(line(row, &said));
}

/// YOURLS redirects with 301, whether a slash stands behind the keyword or not.
fn yourls(cells: &Cells<'_>, give: &mut dyn FnMut(Line<'_>)) {
    let code = cells.get(Field::Code);
    if code.is_empty() {
        return give(Line::Refused("the keyword is empty; write the one of its link".to_owned()));
    }
    let target = cells.get(Field::Target);
    let key = joined(b"", code);
    for key in [&*key, &[&*key, b"/"].concat()] {
        give(Line::Link(Row { key, target, status: Some(b"301"), settings: &[] }));
    }
}

/// Dub redirects with 302, in any case, and the visitor's parameters win.
fn dub(cells: &Cells<'_>, give: &mut dyn FnMut(Line<'_>)) {
    if !cells.get(Field::Has).is_empty() {
        return give(Line::Refused(
            "Dub asks for a password first, and here anybody would be let through; leave it out"
                .to_owned(),
        ));
    }
    let mut said = Vec::new();
    let elsewhere = [Field::Country, Field::Device].map(|field| cells.get(field));
    if elsewhere.iter().any(|value| !matches!(*value, b"" | b"{}")) {
        said.push(
            "Dub sends visitors of some countries or devices elsewhere, carom all of them here"
                .to_owned(),
        );
    }
    if cells.get(Field::HasRules) == b"true" {
        said.push("Dub shows the target under the short link, carom redirects to it".to_owned());
    }
    let mut settings = vec![
        Setting { name: b"query", value: b"override" },
        Setting { name: b"nocase", value: b"" },
    ];
    let until = cells.get(Field::Until);
    let after = cells.get(Field::Else);
    if !until.is_empty() {
        settings.push(Setting { name: b"until", value: until });
        match after.is_empty() {
            true => said.push("behind its time Dub shows a page, carom answers 410".to_owned()),
            false => settings.push(Setting { name: b"else", value: after }),
        }
    }
    let tag = tags(cells.get(Field::Tag), &mut said);
    settings.extend(tag.as_deref().map(|value| Setting { name: b"tag", value }));
    let key = cells.get(Field::Key);
    let row = Row { key, target: cells.get(Field::Target), status: None, settings: &settings };
    give(line(row, &said));
}

/// Bitly redirects with 301. A link answers under its own name and each custom one.
fn bitly(cells: &Cells<'_>, give: &mut dyn FnMut(Line<'_>)) {
    let mut said = Vec::new();
    let tag = tags(cells.get(Field::Tag), &mut said);
    let setting = tag.as_deref().map(|value| Setting { name: b"tag", value });
    let custom = words(cells.get(Field::Custom));
    let first = cells.get(Field::Key);
    let keys = [first].into_iter().filter(|key| !key.is_empty()).chain(custom);
    let mut given: Vec<&[u8]> = Vec::new();
    for link in keys {
        let plain = link.strip_prefix(b"https://").or(link.strip_prefix(b"http://"));
        let key = plain.unwrap_or(link);
        if given.contains(&key) {
            continue;
        }
        given.push(key);
        let theirs = BITLY_HOSTS
            .iter()
            .find_map(|host| key.strip_prefix(*host).filter(|path| path.starts_with(b"/")));
        let mut said = said.clone();
        if theirs.is_some() {
            said.push("it answers on any host, for Bitly's own does not come here".to_owned());
        }
        give(line(
            Row {
                key: theirs.unwrap_or(key),
                target: cells.get(Field::Target),
                status: Some(b"301"),
                settings: setting.as_slice(),
            },
            &said,
        ));
    }
    if given.is_empty() {
        give(Line::Refused("the row has no link; write host/back-half".to_owned()));
    }
}

fn line<'a>(row: Row<'a>, said: &[String]) -> Line<'a> {
    if said.is_empty() { Line::Link(row) } else { Line::Changed(row, said.join("; ")) }
}

/// What stands between commas, bars and semicolons, without the brackets and
/// quotes of a list in JSON.
fn words(cell: &[u8]) -> impl Iterator<Item = &[u8]> {
    let parts = cell.split(|byte| matches!(byte, b',' | b'|' | b';' | b'[' | b']' | b'"'));
    parts.map(<[u8]>::trim_ascii).filter(|part| !part.is_empty())
}

/// One tag of all tags: in one word, parted by commas. Longer than a tag may be,
/// it is left out.
fn tags(cell: &[u8], said: &mut Vec<String>) -> Option<Vec<u8>> {
    let mut tag = Vec::new();
    for word in words(cell) {
        if !tag.is_empty() {
            tag.push(b',');
        }
        tag.extend(word.iter().map(|&byte| if byte.is_ascii_whitespace() { b'-' } else { byte }));
    }
    if tag.len() > TAG_BYTES_MAX {
        said.push("its tags are too long together and left out".to_owned());
        return None;
    }
    Some(tag).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests;
