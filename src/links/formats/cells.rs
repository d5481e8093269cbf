//! What the formats that are tables of values share: cells by what they mean.

/// What a cell can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Key,
    Target,
    Status,
    /// Settings as the native format has them.
    Options,
    Query,
    Nocase,
    Slash,
    Punctuation,
    Cache,
    Referrer,
    From,
    Until,
    Else,
    Id,
    Tag,
    /// The host of a key that has none.
    Host,
    /// A key's path without its slash.
    Code,
    /// More keys of the same link.
    Custom,
    /// Visits after which the link ends.
    VisitsMax,
    /// Whether the visitor's query is passed on.
    ForwardsQuery,
    /// Whether there are rules, which are elsewhere.
    HasRules,
    /// Whether the source is an expression.
    Regex,
    /// Whether the row holds.
    Enabled,
    /// What the WordPress plugin Redirection compares beside the path.
    Match,
    /// Conditions of a row.
    Has,
    Missing,
    Country,
    Language,
    Device,
    Weight,
    /// Whether it is for good.
    Permanent,
    CaseSensitive,
}

const FIELDS: usize = Field::ALL.len();

impl Field {
    const ALL: [Field; 32] = [
        Field::Key,
        Field::Target,
        Field::Status,
        Field::Options,
        Field::Query,
        Field::Nocase,
        Field::Slash,
        Field::Punctuation,
        Field::Cache,
        Field::Referrer,
        Field::From,
        Field::Until,
        Field::Else,
        Field::Id,
        Field::Tag,
        Field::Host,
        Field::Code,
        Field::Custom,
        Field::VisitsMax,
        Field::ForwardsQuery,
        Field::HasRules,
        Field::Regex,
        Field::Enabled,
        Field::Match,
        Field::Has,
        Field::Missing,
        Field::Country,
        Field::Language,
        Field::Device,
        Field::Weight,
        Field::Permanent,
        Field::CaseSensitive,
    ];

    /// What it is called in messages.
    pub(super) fn word(self) -> &'static str {
        match self {
            Field::Key => "source",
            Field::Target => "target",
            Field::Status => "status",
            Field::Options => "options",
            Field::Host => "host",
            Field::Code => "short code",
            Field::Custom => "custom link",
            Field::VisitsMax => "max visits",
            Field::ForwardsQuery => "forward query",
            Field::HasRules => "has redirect rules",
            Field::Regex => "regex",
            Field::Enabled => "enabled",
            Field::Match => "match",
            Field::Has => "has",
            Field::Missing => "missing",
            Field::Country => "country",
            Field::Language => "language",
            Field::Device => "device",
            Field::Weight => "weight",
            Field::Permanent => "permanent",
            Field::CaseSensitive => "case sensitive",
            setting => {
                let found = SETTINGS.iter().find(|(field, _)| *field == setting);
                found.map_or("", |(_, name)| name)
            }
        }
    }
}

/// Settings that can have a cell of their own, by their native names.
pub(super) const SETTINGS: [(Field, &str); 11] = [
    (Field::Query, "query"),
    (Field::Nocase, "nocase"),
    (Field::Slash, "slash"),
    (Field::Punctuation, "punctuation"),
    (Field::Cache, "cache"),
    (Field::Referrer, "referrer"),
    (Field::From, "from"),
    (Field::Until, "until"),
    (Field::Else, "else"),
    (Field::Id, "id"),
    (Field::Tag, "tag"),
];

/// One of something for each field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Each<T>([T; FIELDS]);

impl<T> Each<T> {
    pub(super) fn at(&self, field: Field) -> &T {
        &self.0[field as usize]
    }

    pub(super) fn put(&mut self, field: Field, value: T) {
        self.0[field as usize] = value;
    }

    /// Every field there is.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field> + use<T> {
        Field::ALL.into_iter()
    }
}

impl<T: Copy + Default> Default for Each<T> {
    fn default() -> Each<T> {
        Each([T::default(); FIELDS])
    }
}

/// The trimmed cells of a row; empty where there is none.
pub(super) type Cells<'a> = Each<&'a [u8]>;

impl<'a> Cells<'a> {
    pub(super) fn get(&self, field: Field) -> &'a [u8] {
        self.at(field)
    }
}

/// The names that a field may have in a header row or an object, once spelled by
/// [`spell`].
pub(super) type FieldNames = &'static [(Field, &'static [&'static str])];

/// Those of a table of values that nobody in particular wrote.
pub(super) const PLAIN: FieldNames = &[
    (Field::Key, &["source", "from", "old url", "short url", "path", "key", "slug"]),
    (Field::Target, &["target", "to", "new url", "destination", "long url"]),
    (Field::Status, &["status", "code", "status code"]),
    (Field::Options, &["options"]),
    (Field::Query, &["query", "preserve query params"]),
    (Field::Nocase, &["nocase"]),
    (Field::Slash, &["slash"]),
    (Field::Punctuation, &["punctuation"]),
    (Field::Cache, &["cache"]),
    (Field::Referrer, &["referrer"]),
    (Field::Until, &["until"]),
    (Field::Else, &["else"]),
    (Field::Tag, &["tag"]),
    (Field::Regex, &["regex"]),
    (Field::Enabled, &["enabled", "active"]),
    (Field::Match, &["match", "match type"]),
    (Field::Has, &["has"]),
    (Field::Missing, &["missing"]),
    (Field::Country, &["country", "countries"]),
    (Field::Language, &["language", "languages"]),
    (Field::Device, &["device", "devices"]),
    (Field::Weight, &["weight"]),
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

/// Without the white space around it, which includes the no-break space that
/// spreadsheets like to add.
pub(super) fn trim(cell: &[u8]) -> &[u8] {
    const NO_BREAK_SPACE: &[u8] = "\u{a0}".as_bytes();
    let mut cell = cell.trim_ascii();
    while let Some(rest) = cell.strip_prefix(NO_BREAK_SPACE).or(cell.strip_suffix(NO_BREAK_SPACE)) {
        cell = rest.trim_ascii();
    }
    cell
}

/// A status, if there is one.
pub(super) fn status<'a>(cells: &Cells<'a>) -> Option<&'a [u8]> {
    Some(cells.get(Field::Status)).filter(|status| !status.is_empty())
}

/// A key of a host (possibly none) and a path with or without its slash.
pub(super) fn joined(host: &[u8], path: &[u8]) -> Vec<u8> {
    let mut key = host.strip_suffix(b"/").unwrap_or(host).to_vec();
    if path.first() != Some(&b'/') {
        key.push(b'/');
    }
    key.extend_from_slice(path);
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::link::KNOWN;

    #[test]
    fn names_are_compared_as_people_write_them() {
        let check = |name: &str, want: &str| assert_eq!(spell(name), want);
        check("longUrl", "long url");
        check("Long URL", "long url");
        check(" LONG__url ", "long url");
        check("short-code", "short code");
        check("", "");
    }

    #[test]
    fn every_option_of_a_link_can_have_a_cell() {
        let names = SETTINGS.map(|(_, name)| name);
        for option in KNOWN.map(|option| option.trim_end_matches('=')) {
            assert!(names.contains(&option), "{option}");
        }
        assert!(SETTINGS.iter().all(|(field, _)| Field::ALL.contains(field)));
    }

    #[test]
    fn every_field_has_its_place() {
        for (at, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, at);
            assert!(!field.word().is_empty());
        }
    }
}
