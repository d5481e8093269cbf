//! Which column of a table of values means what.

use csv::ByteRecord;
use memchr::memchr;

use crate::limits::{COLUMNS_SHOWN, COLUMNS_SHOWN_BYTES};
use crate::links::bytes::shown;
use crate::links::formats::cells::{self, Each, Field, FieldNames, PLAIN, spell, trim};
use crate::links::formats::columns::{Columns, WhichColumn};

/// The place of each field's column; `None` where there is none.
pub(in crate::links::formats) type Places = Each<Option<usize>>;

/// Where the columns with these names are. Two that could be the same are an
/// error, for one of them would be left out.
pub(in crate::links::formats) fn named_places(
    names: FieldNames,
    header: &ByteRecord,
) -> Result<Places, String> {
    let mut places = Places::default();
    for (at, cell) in header.iter().enumerate() {
        let Some(field) = cells::named(names, &spell_cell(cell)) else { continue };
        if let Some(first) = *places.at(field) {
            return Err(twice(field, header, [first, at]));
        }
        places.put(field, Some(at));
    }
    Ok(places)
}

fn twice(field: Field, header: &ByteRecord, [first, second]: [usize; 2]) -> String {
    format!(
        "the header has two {} columns, `{}` and `{}`; rename one of them (columns found: {})",
        field.word(),
        shown(trim(&header[first])),
        shown(trim(&header[second])),
        listed(header)
    )
}

/// Where they are in a table that nobody in particular wrote.
pub(super) fn plain_places(header: &ByteRecord) -> Result<Places, String> {
    let meant = as_meant(header);
    let mut places = named_places(PLAIN, &meant)?;
    let at = |places: &Places, field: Field| *places.at(field);
    if let (Some(key), Some(code)) = (at(&places, Field::Key), at(&places, Field::Code)) {
        return Err(twice(Field::Key, header, [key.min(code), key.max(code)]));
    }
    let has_key = places.at(Field::Key).or(*places.at(Field::Code)).is_some();
    // Beside the one of them `url` is the other.
    if let Some(url) = header.iter().position(|cell| spell_cell(cell) == "url") {
        match (has_key, places.at(Field::Target).is_some()) {
            (true, false) => places.put(Field::Target, Some(url)),
            (false, true) => places.put(Field::Key, Some(url)),
            _ => {}
        }
    }
    let has_key = places.at(Field::Key).or(*places.at(Field::Code)).is_some();
    for (field, is_there) in
        [(Field::Key, has_key), (Field::Target, places.at(Field::Target).is_some())]
    {
        if !is_there {
            let known = PLAIN.iter().find(|(other, _)| *other == field).map(|(_, names)| names);
            return Err(format!(
                "the header has no {} column; name one of them {}, or say which it is with --columns (columns found: {}; nothing of the file was read)",
                field.word(),
                known.map(|names| names[..6].join(" | ")).unwrap_or_default(),
                listed(header)
            ));
        }
    }
    Ok(places)
}

/// A header in the words of [`PLAIN`], where what a column means follows from others:
///
/// - `status` is a switch beside the status, which is called `code`: so the WordPress plugin
///   Redirection writes it;
/// - `format` is how the source is compared, beside `origin`: so Yoast writes it;
/// - `from` is a time beside `until` and another name for the source.
fn as_meant(header: &ByteRecord) -> ByteRecord {
    let has = |wanted: &str| header.iter().any(|cell| spell_cell(cell) == wanted);
    let switch = has("code") && has("status") && has("regex");
    let format = has("origin") && has("format");
    let time = has("until") && ["source", "key", "path", "slug"].into_iter().any(has);
    if !(switch || format || time) {
        return header.clone();
    }
    let meant = |cell| match &*spell_cell(cell) {
        "status" if switch => &b"enabled"[..],
        "format" if format => b"match",
        "from" if time => b"valid from",
        _ => cell,
    };
    header.iter().map(meant).collect()
}

/// Whether a first row is a link already, as no names of columns are.
pub(super) fn looks_like_link(row: &ByteRecord) -> bool {
    let cell = |at: usize| row.get(at).map(trim).unwrap_or_default();
    let is_url = |cell: &[u8]| cell.starts_with(b"http://") || cell.starts_with(b"https://");
    let (key, target) = (cell(0), cell(1));
    let is_path = |cell: &[u8]| cell.first() == Some(&b'/');
    !key.is_empty()
        && memchr(b' ', key).is_none()
        && (is_url(target) || is_path(target) && (is_path(key) || is_url(key)))
}

/// Where they are in a first row that is a link already; `None` if it is none.
pub(super) fn headless_places(row: &ByteRecord) -> Option<Places> {
    if !looks_like_link(row) {
        return None;
    }
    let mut places = Places::default();
    places.put(Field::Key, Some(0));
    places.put(Field::Target, Some(1));
    let third = row.get(2).map(trim);
    let is_status = |cell: &[u8]| cell.len() == 3 && cell.iter().all(u8::is_ascii_digit);
    if third.is_some_and(|cell| cell.is_empty() || is_status(cell)) {
        places.put(Field::Status, Some(2));
    }
    Some(places)
}

/// Where the columns are that an operator named.
pub(super) fn wished(columns: &Columns, header: &ByteRecord) -> Result<Places, String> {
    let mut places = Places::default();
    for (field, place) in columns.wishes() {
        let at = match place {
            WhichColumn::Numbered(at) => *at,
            WhichColumn::Named(name) => {
                let found = header.iter().position(|cell| spell_cell(cell) == *name);
                found.ok_or_else(|| {
                    format!(
                        "the header has no column `{name}`, which --columns names (columns found: {}; nothing of the file was read)",
                        listed(header)
                    )
                })?
            }
        };
        places.put(field, Some(at));
    }
    // Whoever names columns does not mean that rows which are off are to answer.
    for (at, cell) in as_meant(header).iter().enumerate() {
        let condition = cells::named(PLAIN, &spell_cell(cell)).filter(|it| it.is_condition());
        let is_free = || places.fields().all(|field| *places.at(field) != Some(at));
        if let Some(field) = condition.filter(|field| places.at(*field).is_none() && is_free()) {
            places.put(field, Some(at));
        }
    }
    Ok(places)
}

/// The columns that are not read, for a note; `None` if all are. `row` is the header, or a
/// first link where there is none.
pub(super) fn unread(places: &Places, row: &ByteRecord, has_header: bool) -> Option<String> {
    let is_read = |at: usize| places.fields().any(|field| *places.at(field) == Some(at));
    let left = row.iter().enumerate().filter(|(at, cell)| {
        // A column without a name has nothing in it: see `cells_of`.
        !is_read(*at) && (!has_header || !trim(cell).is_empty())
    });
    let names: ByteRecord = match has_header {
        true => left.map(|(_, cell)| cell).collect(),
        false => left.map(|(at, _)| (at + 1).to_string().into_bytes()).collect(),
    };
    (!names.is_empty()).then(|| {
        format!(
            "{} not read: {}",
            if names.len() == 1 { "a column is" } else { "columns are" },
            listed(&names)
        )
    })
}

pub(in crate::links::formats) fn spell_cell(cell: &[u8]) -> String {
    spell(&String::from_utf8_lossy(trim(cell)))
}

/// The columns for a message: all of a header that somebody wrote, but not all of a
/// file that is no CSV.
pub(in crate::links::formats) fn listed(header: &ByteRecord) -> String {
    let mut names = Vec::new();
    let mut bytes = 0;
    for cell in header.iter().take(COLUMNS_SHOWN) {
        let name = format!("`{}`", shown(trim(cell)));
        bytes += name.len();
        if bytes > COLUMNS_SHOWN_BYTES {
            break;
        }
        names.push(name);
    }
    let rest = header.len() - names.len();
    let names = names.join(", ");
    if rest == 0 { names } else { format!("{names} and {rest} more") }
}
