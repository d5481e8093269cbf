//! What the cells of tables can mean.

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
    /// A status in some programs, what is done in others.
    Type,
    /// Whether the row does not hold.
    Disabled,
    Browser,
    System,
    Cookie,
    Role,
    Password,
}

impl Field {
    pub(super) const ALL: [Field; 37] = [
        Field::Key,
        Field::Target,
        Field::Status,
        Field::Options,
        Field::Query,
        Field::Nocase,
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
        Field::Type,
        Field::Disabled,
        Field::Browser,
        Field::System,
        Field::Cookie,
        Field::Role,
        Field::Password,
    ];

    /// Whether it says when a row answers, or whether it does. Such a column holds also
    /// where others are named.
    pub(super) fn is_condition(self) -> bool {
        self.is_told_whole()
            || matches!(self, Field::Regex | Field::Enabled | Field::Disabled | Field::VisitsMax)
    }

    /// Whether it says in words of its own when a row answers. Whatever stands there is told.
    pub(super) fn is_told_whole(self) -> bool {
        matches!(
            self,
            Field::Match
                | Field::Has
                | Field::Missing
                | Field::Country
                | Field::Language
                | Field::Device
                | Field::Weight
                | Field::Browser
                | Field::System
                | Field::Cookie
                | Field::Role
                | Field::Password
        )
    }

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
            Field::Type => "type",
            Field::Disabled => "disabled",
            Field::Browser => "browser",
            Field::System => "operating system",
            Field::Cookie => "cookie",
            Field::Role => "role",
            Field::Password => "password",
            setting => {
                let found = SETTINGS.iter().find(|(field, _)| *field == setting);
                found.map_or("", |(_, name)| name)
            }
        }
    }
}

/// Settings that can have a cell of their own, by their native names.
pub(super) const SETTINGS: [(Field, &str); 9] = [
    (Field::Query, "query"),
    (Field::Nocase, "nocase"),
    (Field::Cache, "cache"),
    (Field::Referrer, "referrer"),
    (Field::From, "from"),
    (Field::Until, "until"),
    (Field::Else, "else"),
    (Field::Id, "id"),
    (Field::Tag, "tag"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::link::KNOWN;

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
