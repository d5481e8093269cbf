//! The link that the cells of a row are, where nobody in particular wrote them.

use super::cells::{Cells, Field, SETTINGS, joined, status};
use super::conditions;
use super::native;
use super::row::{Line, Row};
use crate::links::bytes::shown;
use crate::links::link::Setting;

/// The link that these cells are, without more ado.
pub(super) fn plain(cells: &Cells<'_>, give: &mut dyn FnMut(Line<'_>)) {
    match conditions::check(cells).and_then(|()| settings(cells)) {
        Err(message) => give(Line::Refused(message)),
        Ok(settings) => {
            let key = cells.get(Field::Key);
            let joined = joined(cells.get(Field::Host), key);
            let key = if cells.get(Field::Host).is_empty() { key } else { &joined };
            give(Line::Link(Row {
                key,
                target: cells.get(Field::Target),
                status: status(cells).or(conditions::status(cells)),
                settings: &settings,
            }));
        }
    }
}

/// The settings that have cells of their own, and those of the options.
fn settings<'a>(cells: &Cells<'a>) -> Result<Vec<Setting<'a>>, String> {
    let mut settings = Vec::new();
    // Who says whether it is permanent is Vercel or Next.js, to which case is nothing.
    let is_insensitive = match conditions::is_on(cells, Field::CaseSensitive)? {
        Some(is_on) => !is_on,
        None => !cells.get(Field::Permanent).is_empty(),
    };
    for (field, name) in SETTINGS {
        let value = cells.get(field);
        if field == Field::Nocase {
            let is_set = conditions::is_on(cells, field)?.unwrap_or(is_insensitive);
            settings.extend(is_set.then_some(Setting { name: b"nocase", value: b"" }));
        } else if field == Field::Query && value.eq_ignore_ascii_case(b"true") {
            settings.push(Setting { name: b"query", value: b"keep" });
        } else if field == Field::Query && value.eq_ignore_ascii_case(b"false") {
            // As without it.
        } else if !value.is_empty() {
            settings.push(Setting { name: name.as_bytes(), value });
        }
    }
    let is_apart = |setting: &&Setting<'_>| setting.value.iter().any(u8::is_ascii_whitespace);
    if let Some(Setting { name, value }) = settings.iter().find(is_apart) {
        return Err(format!(
            "the white space of `{}={}` cannot stand in the native format; write it without",
            shown(name),
            shown(value)
        ));
    }
    let options = cells.get(Field::Options).split(u8::is_ascii_whitespace);
    for option in options.filter(|option| !option.is_empty()) {
        settings.push(match native::setting(option) {
            Some(setting) => setting,
            None if option == b"nocase" => Setting { name: option, value: b"" },
            None => return Err(format!("`{}` is no option; write name=value", shown(option))),
        });
    }
    Ok(settings)
}
