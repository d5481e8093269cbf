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
        return Err(format!(
            "`{}` is an expression (the column regex); write its keys instead, with `*` or `:name` \
             for what may stand there",
            shown(cells.get(Field::Key))
        ));
    }
    if is_on(cells, Field::Enabled)? == Some(false) {
        return Err("the row is switched off; leave it out".to_owned());
    }
    // Redirection says `url` where it compares nothing else.
    if !matches!(cells.get(Field::Match), b"" | b"url") {
        return Err(condition(Field::Match, cells.get(Field::Match)));
    }
    for field in
        [Field::Has, Field::Missing, Field::Country, Field::Language, Field::Device, Field::Weight]
    {
        let value = cells.get(field);
        if !matches!(value, b"" | b"[]" | b"{}" | b"null" | b"*") {
            return Err(condition(field, value));
        }
    }
    Ok(())
}

fn condition(field: Field, value: &[u8]) -> String {
    format!(
        "the row answers only where {} is `{}`, and here it would answer everybody; leave it out, or \
         empty that column if everybody is meant",
        field.word(),
        shown(value)
    )
}

/// The status of a row that says only whether it is for good.
pub(super) fn status(cells: &Cells<'_>) -> Option<&'static [u8]> {
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
    let is_own_name = value.eq_ignore_ascii_case(field.word().as_bytes());
    Ok(match &*value.to_ascii_lowercase() {
        b"" => None,
        b"0" | b"no" | b"false" | b"off" | b"disabled" | b"inactive" => Some(false),
        b"1" | b"yes" | b"true" | b"on" | b"active" => Some(true),
        _ if is_own_name => Some(true),
        _ => return Err(format!("{} is `{}`; write true or false", field.word(), shown(value))),
    })
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
        check(Field::Regex, "1", "is an expression");
        check(Field::Regex, "0", "");
        check(Field::Regex, "maybe", "regex is `maybe`; write true or false");
        check(Field::Enabled, "0", "is switched off");
        check(Field::Enabled, "Disabled", "is switched off");
        check(Field::Enabled, "active", "");
        check(Field::Match, "url", "");
        check(Field::Match, "login", "only where match is `login`");
        check(Field::Has, "[]", "");
        check(Field::Has, r#"[{"type":"query"}]"#, "only where has is");
        check(Field::Country, "DE", "only where country is `DE`");
        check(Field::Weight, "50", "only where weight is `50`");
    }

    #[test]
    fn for_good_or_not() {
        let status = |value: &str| {
            let mut cells = Cells::default();
            cells.put(Field::Permanent, value.as_bytes());
            status(&cells)
        };
        assert_eq!(status("true"), Some(&b"308"[..]));
        assert_eq!(status("false"), Some(&b"307"[..]));
        assert_eq!(status(""), None);
    }
}
