//! Columns that say when or how a row answers. One that says what a link here cannot do
//! refuses the row, as the link would answer everybody.

use super::cells::{Cells, Field};
use crate::links::bytes::shown;

/// Looks for what a link cannot do.
///
/// # Errors
///
/// Why the row is refused.
pub(super) fn check(cells: &Cells<'_>) -> Result<(), String> {
    if is_on(cells, Field::Regex)? == Some(true) {
        return Err(expression(cells, Field::Regex));
    }
    let is_off = is_on(cells, Field::Enabled)? == Some(false)
        || is_on(cells, Field::Disabled)? == Some(true)
        || switch(cells.get(Field::Status)) == Some(false);
    if is_off {
        return Err("the row is switched off; leave it out".to_owned());
    }
    match &*cells.get(Field::Match).to_ascii_lowercase() {
        // What is compared is the path, as it is here: so Redirection (`url`), Rank Math
        // (`exact`) and Yoast (`plain`) write it.
        b"" | b"url" | b"exact" | b"exact match" | b"plain" | b"path" | b"equals" => {}
        b"regex" | b"regexp" => return Err(expression(cells, Field::Match)),
        _ => return Err(condition(Field::Match, cells.get(Field::Match))),
    }
    for field in CONDITIONS {
        let value = cells.get(field);
        let is_all = field == Field::Weight && matches!(value, b"100" | b"100%");
        if !is_all && !is_always(value) {
            return Err(condition(field, value));
        }
    }
    let kind = cells.get(Field::Type);
    if !is_kind(kind) {
        return Err(format!(
            "type is `{}`, and what that does is not known here; write `url` or a status there, or \
             say with --columns which columns are meant",
            shown(kind)
        ));
    }
    let visits = cells.get(Field::VisitsMax);
    if !matches!(visits, b"0" | b"-1") && !is_always(visits) {
        return Err(format!(
            "the row ends after visit {}, and a link here does not; leave it out, or empty that column",
            shown(visits)
        ));
    }
    if !is_always(cells.get(Field::Password)) {
        return Err(
            "the row asks for a password first, and here anybody would be let through; leave it out"
                .to_owned(),
        );
    }
    Ok(())
}

/// Columns that say when a row answers, and mean nothing where they are empty.
const CONDITIONS: [Field; 10] = [
    Field::Has,
    Field::Missing,
    Field::Country,
    Field::Language,
    Field::Device,
    Field::Weight,
    Field::Browser,
    Field::System,
    Field::Cookie,
    Field::Role,
];

/// Whether a condition is one of the ways to write that there is none.
fn is_always(value: &[u8]) -> bool {
    matches!(
        &*value.to_ascii_lowercase(),
        b"" | b"[]"
            | b"{}"
            | b"null"
            | b"*"
            | b"-"
            | b"always"
            | b"all"
            | b"any"
            | b"anyone"
            | b"everyone"
            | b"everybody"
            | b"none"
            | b"false"
    )
}

/// Whether a type is a status, or says that the row redirects.
fn is_kind(kind: &[u8]) -> bool {
    is_status(kind) || matches!(&*kind.to_ascii_lowercase(), b"" | b"url" | b"redirect")
}

fn is_status(cell: &[u8]) -> bool {
    cell.len() == 3 && cell.iter().all(u8::is_ascii_digit)
}

fn expression(cells: &Cells<'_>, field: Field) -> String {
    format!(
        "`{}` is an expression (the column {}); write its keys instead, with `*` or `:name` \
         for what may stand there",
        shown(cells.get(Field::Key)),
        field.word()
    )
}

fn condition(field: Field, value: &[u8]) -> String {
    format!(
        "the row answers only where {} is `{}`, and here it would answer everybody; leave it out, or \
         empty that column if everybody is meant",
        field.word(),
        shown(value)
    )
}

/// The status of a row: in its own column, in that of a type, or by whether it is for good.
/// `None` where nothing says it.
pub(super) fn status<'a>(cells: &Cells<'a>) -> Option<&'a [u8]> {
    let written = cells.get(Field::Status);
    if !written.is_empty() && switch(written).is_none() {
        return Some(written);
    }
    let kind = cells.get(Field::Type);
    if is_status(kind) {
        return Some(kind);
    }
    match is_on(cells, Field::Permanent) {
        Ok(Some(true)) => Some(b"308"),
        Ok(Some(false)) => Some(b"307"),
        _ => None,
    }
}

/// Whether a switch is on; `None` where it says nothing.
///
/// # Errors
///
/// It says something else.
pub(super) fn is_on(cells: &Cells<'_>, field: Field) -> Result<Option<bool>, String> {
    let value = cells.get(field);
    if value.is_empty() {
        return Ok(None);
    }
    // Rank Math says of what it ignores `case`.
    let is_own_name = value.eq_ignore_ascii_case(field.word().as_bytes())
        || field == Field::Nocase && value.eq_ignore_ascii_case(b"case");
    let is_bit = match value {
        b"1" => Some(true),
        b"0" => Some(false),
        _ => None,
    };
    let is_set = if is_own_name { Some(true) } else { is_bit.or(switch(value)) };
    is_set
        .map(Some)
        .ok_or_else(|| format!("{} is `{}`; write true or false", field.word(), shown(value)))
}

/// What a word says of a switch, in English and as spreadsheets write it in German and
/// French; `None` if it is no such word.
fn switch(word: &[u8]) -> Option<bool> {
    match &*word.to_ascii_lowercase() {
        b"no" | b"n" | b"false" | b"off" | b"disabled" | b"inactive" | b"draft" | b"paused"
        | b"falsch" | b"nein" | b"faux" | b"non" => Some(false),
        b"yes" | b"y" | b"true" | b"on" | b"enabled" | b"active" | b"always" | b"published"
        | b"live" | b"wahr" | b"ja" | b"vrai" | b"oui" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(field: Field, value: &str) -> String {
        let mut cells = Cells::default();
        cells.put(field, value.as_bytes());
        check(&cells).err().unwrap_or_default()
    }

    #[test]
    fn what_a_link_cannot_do_is_refused() {
        let check = |field, value, want: &str| {
            let said = said(field, value);
            assert!(said.contains(want) && said.is_empty() == want.is_empty(), "{value}: {said}");
        };
        check(Field::Regex, "1", "is an expression (the column regex)");
        check(Field::Regex, "0", "");
        check(Field::Regex, "maybe", "regex is `maybe`; write true or false");
        check(Field::Enabled, "0", "is switched off");
        check(Field::Enabled, "Disabled", "is switched off");
        check(Field::Enabled, "FALSCH", "is switched off");
        check(Field::Enabled, "active", "");
        check(Field::Enabled, "always", "");
        check(Field::Enabled, "2", "enabled is `2`; write true or false");
        check(Field::Disabled, "disabled", "is switched off");
        check(Field::Disabled, "yes", "is switched off");
        check(Field::Disabled, "0", "");
        check(Field::Disabled, "2024-01-01", "disabled is `2024-01-01`");
        check(Field::Status, "inactive", "is switched off");
        check(Field::Status, "Active", "");
        check(Field::Match, "url", "");
        check(Field::Match, "Exact", "");
        check(Field::Match, "login", "only where match is `login`");
        check(Field::Match, "starts with", "only where match is `starts with`");
        check(Field::Match, "regex", "is an expression (the column match)");
        check(Field::Has, "[]", "");
        check(Field::Has, r#"[{"type":"query"}]"#, "only where has is");
        check(Field::Country, "DE", "only where country is `DE`");
        check(Field::Country, "All", "");
        check(Field::Weight, "50", "only where weight is `50`");
        check(Field::Weight, "100", "");
        check(Field::Browser, "Firefox", "only where browser is `Firefox`");
        check(Field::System, "https://a.example/", "only where operating system is");
        check(Field::Cookie, "vip", "only where cookie is");
        check(Field::Role, "admin", "only where role is");
        check(Field::Type, "url", "");
        check(Field::Type, "301", "");
        check(Field::Type, "random", "type is `random`, and what that does is not known");
        check(Field::VisitsMax, "10", "ends after visit 10");
        check(Field::VisitsMax, "0", "");
        check(Field::Password, "x", "asks for a password first");
    }

    #[test]
    fn where_a_status_stands() {
        let check = |values: &[(Field, &'static str)], want: Option<&str>| {
            let mut cells = Cells::default();
            values.iter().for_each(|(field, value)| cells.put(*field, value.as_bytes()));
            assert_eq!(status(&cells), want.map(str::as_bytes), "{values:?}");
        };
        check(&[(Field::Permanent, "true")], Some("308"));
        check(&[(Field::Permanent, "false")], Some("307"));
        check(&[(Field::Permanent, "")], None);
        check(&[(Field::Status, "301"), (Field::Permanent, "false")], Some("301"));
        check(&[(Field::Status, "active"), (Field::Type, "301")], Some("301"));
        check(&[(Field::Status, "active"), (Field::Type, "url")], None);
        check(&[(Field::Status, "maybe")], Some("maybe"));
    }
}
