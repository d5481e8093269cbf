//! What columns are called, and how names are compared.

use super::fields::Field;

/// The names that a field may have in a header row or an object, once spelled by
/// [`spell`].
pub(super) type FieldNames = &'static [(Field, &'static [&'static str])];

/// Those of a table of values that nobody in particular wrote: a spreadsheet, or what
/// content management systems and shops hand out.
pub(super) const PLAIN: FieldNames = &[
    (
        Field::Key,
        &[
            "source",
            "from",
            "old url",
            "short url",
            "path",
            "key",
            "source url",
            "redirect from",
            "old path",
            "old link",
            "short link",
            "origin",
        ],
    ),
    (Field::Code, &["slug", "short code", "alias", "keyword"]),
    (
        Field::Target,
        &[
            "target",
            "to",
            "new url",
            "destination",
            "long url",
            "target url",
            "redirect to",
            "redirect url",
            "destination url",
            "new path",
            "new link",
        ],
    ),
    (
        Field::Status,
        &[
            "status",
            "code",
            "status code",
            "http status",
            "http code",
            "redirect code",
            "redirect type",
        ],
    ),
    (Field::Host, &["host"]),
    (Field::Options, &["options"]),
    (Field::Query, &["query", "preserve query params"]),
    (Field::Nocase, &["nocase", "ignore case", "case insensitive", "ignore"]),
    (Field::Cache, &["cache"]),
    (Field::Referrer, &["referrer"]),
    (Field::From, &["valid from", "valid since", "start", "start date", "starts", "starts at"]),
    (
        Field::Until,
        &[
            "until",
            "valid until",
            "valid to",
            "expires",
            "expires at",
            "expiry",
            "expiry date",
            "expiration",
            "expiration date",
            "end",
            "end date",
            "ends",
            "ends at",
        ],
    ),
    (Field::Else, &["else", "expired url"]),
    (Field::Tag, &["tag"]),
    (Field::Type, &["type"]),
    (Field::Regex, &["regex", "regexp", "is regex"]),
    (Field::Enabled, &["enabled", "active", "is enabled", "is active", "published"]),
    (Field::Disabled, &["disabled", "inactive", "is disabled", "archived", "paused", "deleted"]),
    (Field::Match, &["match", "match type", "matching"]),
    (Field::Has, &["has", "condition", "conditions"]),
    (Field::Missing, &["missing"]),
    (Field::Country, &["country", "countries", "geo"]),
    (Field::Language, &["language", "languages", "locale"]),
    (Field::Device, &["device", "devices", "device type"]),
    (Field::Weight, &["weight"]),
    (Field::Browser, &["browser", "browsers", "user agent"]),
    (Field::System, &["os", "operating system", "ios", "android"]),
    (Field::Cookie, &["cookie", "cookies"]),
    (Field::Role, &["role", "roles"]),
    (Field::Password, &["password"]),
    (Field::VisitsMax, &["max visits", "max clicks", "visit limit", "click limit"]),
    (Field::Permanent, &["permanent"]),
    (Field::CaseSensitive, &["case sensitive"]),
];

/// The field with this name.
pub(super) fn named(names: FieldNames, name: &str) -> Option<Field> {
    names.iter().find(|(_, known)| known.contains(&name)).map(|(field, _)| *field)
}

/// A column's name as we compare it: lower case, with one space for every run of
/// spaces, `_` and `-`, and between `longUrl`'s words.
pub(super) fn spell(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut was_lower = false;
    for letter in name.chars() {
        if letter.is_whitespace() || matches!(letter, '_' | '-') {
            words.push(' ');
        } else {
            if was_lower && letter.is_uppercase() {
                words.push(' ');
            }
            words.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase();
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::formats::fields::SETTINGS;

    #[test]
    fn names_are_compared_as_people_write_them() {
        let check = |name: &str, want: &str| assert_eq!(spell(name), want);
        check("longUrl", "long url");
        check("Long URL", "long url");
        check(" LONG__url ", "long url");
        check("short-code", "short code");
        check("", "");
    }

    /// But for two names that mean something else in the tables of other people: `from` is
    /// mostly the source, and `id` the number of a row.
    #[test]
    fn every_option_of_a_link_is_a_column() {
        for (field, name) in SETTINGS {
            let want = match name {
                "from" => Some(Field::Key),
                "id" => None,
                _ => Some(field),
            };
            assert_eq!(named(PLAIN, name), want, "{name}");
        }
    }

    #[test]
    fn every_name_is_spelled_and_means_one_thing() {
        let names: Vec<&str> = PLAIN.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        for (at, name) in names.iter().enumerate() {
            assert!(spell(name) == *name && !names[..at].contains(name), "{name}");
        }
    }
}
