//! The link that the cells of a row are, where nobody in particular wrote them.

use std::borrow::Cow;

use super::cells::{Cells, Field, SETTINGS};
use super::conditions;
use super::dates;
use super::native;
use super::paths;
use super::row::{Line, Row};
use super::source::Help;
use super::spelled;
use crate::links::bytes::shown;
use crate::links::link::Setting;

/// The link that these cells are, without more ado.
pub(super) fn plain(cells: &Cells<'_>, help: &Help<'_>, give: &mut dyn FnMut(Line<'_>)) {
    let mut said = Vec::new();
    let read = conditions::check(cells)
        .and_then(|()| settings(cells, help, &mut said))
        .and_then(|settings| Ok((settings, target(cells, help)?)));
    let (settings, target) = match read {
        Ok(read) => read,
        Err(message) => return give(Line::Refused(message)),
    };
    let (slug, key) = (cells.get(Field::Code), cells.get(Field::Key));
    if !slug.is_empty() && !key.is_empty() {
        return give(Line::Refused(format!(
            "the row has two sources, `{}` and `{}`; leave one out",
            shown(key),
            shown(slug)
        )));
    }
    let (key, is_slug) = if key.is_empty() { (slug, true) } else { (key, false) };
    let (key, what) = spelled::key(cells.get(Field::Host), key, is_slug);
    said.extend(what);
    let (key, what) = spelled::encoded("key", key);
    said.extend(what);
    let (target, what) = spelled::encoded("target", target);
    said.extend(what);
    let settings: Vec<Setting<'_>> =
        settings.iter().map(|(name, value)| Setting { name, value }).collect();
    let status = conditions::status(cells);
    let row = Row { key: &key, target: &target, status, settings: &settings };
    give(match &*said {
        [] => Line::Link(row),
        said => Line::Changed(row, said.join("; ")),
    });
}

/// Where it sends; a path behind the base.
fn target<'a>(cells: &Cells<'a>, help: &Help<'_>) -> Result<Cow<'a, [u8]>, String> {
    paths::absolute(cells.get(Field::Target), help.base)
}

/// Name and value of a setting.
type Written<'a> = (&'a [u8], Cow<'a, [u8]>);

/// The settings that have cells of their own, and those of the options. `said`: what may be
/// meant otherwise.
fn settings<'a>(
    cells: &Cells<'a>,
    help: &Help<'_>,
    said: &mut Vec<String>,
) -> Result<Vec<Written<'a>>, String> {
    let mut settings: Vec<Written<'a>> = Vec::new();
    // Who says whether it is permanent is Vercel or Next.js, to which case is nothing.
    let is_insensitive = match conditions::is_on(cells, Field::CaseSensitive)? {
        Some(is_on) => !is_on,
        None => !cells.get(Field::Permanent).is_empty(),
    };
    for (field, name) in SETTINGS {
        let value = cells.get(field);
        match field {
            Field::Nocase => {
                let is_set = conditions::is_on(cells, field)?.unwrap_or(is_insensitive);
                settings.extend(is_set.then_some((&b"nocase"[..], Cow::Borrowed(&b""[..]))));
            }
            _ if value.is_empty() => {}
            Field::Query if value.eq_ignore_ascii_case(b"true") => {
                settings.push((b"query", Cow::Borrowed(b"keep")));
            }
            // As without it.
            Field::Query if value.eq_ignore_ascii_case(b"false") => {}
            Field::From | Field::Until => {
                let time = dates::time(name, &String::from_utf8_lossy(value), help.zone)?;
                said.extend(time.said);
                settings.push((name.as_bytes(), Cow::Owned(time.text.into_bytes())));
            }
            Field::Else => {
                let target = paths::absolute(value, help.base)?;
                let (target, what) = spelled::encoded("else", target);
                said.extend(what);
                settings.push((name.as_bytes(), target));
            }
            _ => settings.push((name.as_bytes(), Cow::Borrowed(value))),
        }
    }
    let is_apart = |(_, value): &&Written<'_>| value.iter().any(u8::is_ascii_whitespace);
    if let Some((name, value)) = settings.iter().find(is_apart) {
        return Err(format!(
            "the white space of `{}={}` cannot stand in the native format; write it without",
            shown(name),
            shown(value)
        ));
    }
    let options = cells.get(Field::Options).split(u8::is_ascii_whitespace);
    for option in options.filter(|option| !option.is_empty()) {
        settings.push(match native::setting(option) {
            Some(Setting { name, value }) => (name, Cow::Borrowed(value)),
            None if option == b"nocase" => (option, Cow::Borrowed(b"")),
            None => return Err(format!("`{}` is no option; write name=value", shown(option))),
        });
    }
    Ok(settings)
}
