//! What clicks are counted by: the columns of clicks, and what can be told from them.

use std::fmt;

use super::agents::agent_class;
use super::columns::{COLUMNS, Column, Spelled, Values};
use super::local_time::{LocalTime, date, weekday, weekday_of};
use super::sites::referer_site;
use super::spelling::{Cell, Speller, spell};
use crate::clicks::read::entry::LedgerEntry;
use crate::limits::STATS_BY_MAX;

/// One thing that clicks are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facet {
    /// A month, by the clocks of the zone.
    Month,
    /// A day.
    Day,
    /// A day of the week.
    Weekday,
    /// An hour of a day.
    Hour,
    /// A minute of a day.
    Minute,
    /// An hour of any day.
    HourOfDay,
    /// The key of its link; the link's id where the log does not tell the key.
    Key,
    /// The site that the referer is of.
    RefererSite,
    /// What kind of program the visitor has.
    AgentClass,
    /// What a column says.
    Column(&'static Column),
}

/// In which order its values are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FacetOrder {
    /// Those with most clicks first.
    Clicks,
    /// As time goes on; the latest matter most.
    Time,
    /// As time goes round: there are few.
    Round,
}

/// Facets that are no columns, and one that says more than its column.
const TOLD: &[(&str, Facet)] = &[
    ("month", Facet::Month),
    ("day", Facet::Day),
    ("weekday", Facet::Weekday),
    ("hour", Facet::Hour),
    ("minute", Facet::Minute),
    ("hour_of_day", Facet::HourOfDay),
    ("key", Facet::Key),
    ("referer_site", Facet::RefererSite),
    ("agent_class", Facet::AgentClass),
];

/// A value, as programs read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FacetValue {
    /// None.
    Nothing,
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(u64),
    /// Any text.
    Text(String),
}

impl Facet {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Column(column) => column.name,
            told => TOLD.iter().find(|(_, facet)| *facet == told).map_or("", |(name, _)| name),
        }
    }

    fn named(name: &str) -> Option<Self> {
        // People write these names with either.
        let name = name.replace('-', "_");
        let told = TOLD.iter().find(|(told, _)| *told == name).map(|(_, facet)| *facet);
        told.or_else(|| columns().find(|column| column.name == name).map(Self::Column))
    }

    /// All names, those that are no columns first.
    fn names() -> Vec<&'static str> {
        let told = TOLD.iter().map(|(name, _)| *name);
        let columns = columns().map(|column| column.name);
        told.chain(columns.filter(|name| TOLD.iter().all(|(told, _)| told != name))).collect()
    }

    /// In which order its values are shown.
    #[must_use]
    pub fn order(self) -> FacetOrder {
        match self {
            Self::Month | Self::Day | Self::Hour | Self::Minute => FacetOrder::Time,
            Self::Weekday | Self::HourOfDay => FacetOrder::Round,
            Self::Key | Self::RefererSite | Self::AgentClass | Self::Column(_) => {
                FacetOrder::Clicks
            }
        }
    }

    /// Whether its values depend on the time zone.
    #[must_use]
    pub fn is_of_time(self) -> bool {
        self.order() != FacetOrder::Clicks
    }

    /// Appends the value that a click has; nothing for none. Bytes of times compare as
    /// the times do.
    pub(super) fn put(self, entry: &LedgerEntry<'_>, means: &mut Means, out: &mut Vec<u8>) {
        let (time_us, local) = (entry.click.time_us, &mut means.local);
        let number = match self {
            Self::Month => {
                let day = date(local.day(time_us));
                i64::from(day.year()) * 12 + i64::from(day.month()) - 1
            }
            Self::Day => local.day(time_us),
            Self::Weekday => weekday_of(local.day(time_us)),
            Self::Hour => local.hour(time_us),
            Self::Minute => local.minute(time_us),
            Self::HourOfDay => local.hour_of_day(time_us),
            Self::Key => return put_key(entry, &mut means.speller, out),
            Self::RefererSite => {
                let site = referer_site(entry.click.referer);
                return out.extend_from_slice(site.unwrap_or_default().as_bytes());
            }
            Self::AgentClass => {
                let class = agent_class(entry.click.user_agent);
                return out.extend_from_slice(class.unwrap_or_default().as_bytes());
            }
            Self::Column(column) => {
                return put_cell(&means.speller.cell(&column.values, entry), out);
            }
        };
        out.extend_from_slice(&(number ^ i64::MIN).to_be_bytes());
    }

    /// The value that was put.
    pub(super) fn value(self, bytes: &[u8], local: &LocalTime) -> FacetValue {
        if let Some(number) = self.number(bytes) {
            return match self {
                Self::Hour | Self::Minute => FacetValue::Text(local.begin_for_programs(number)),
                Self::HourOfDay => FacetValue::Number(number.unsigned_abs()),
                _ => FacetValue::Text(calendar_name(self, number)),
            };
        }
        if bytes.is_empty() {
            return FacetValue::Nothing;
        }
        let text = String::from_utf8_lossy(bytes).into_owned();
        match self {
            Self::Column(Column { values: Values::Flag(_), .. }) => {
                FacetValue::Flag(text == "true")
            }
            Self::Column(Column {
                values: Values::U8(_) | Values::U16(_) | Values::U32(_) | Values::U64(_),
                ..
            }) => text.parse().map_or(FacetValue::Text(text), FacetValue::Number),
            _ => FacetValue::Text(text),
        }
    }

    /// The same for people; what is hidden in it is not escaped.
    pub(super) fn shown(self, bytes: &[u8], local: &LocalTime) -> String {
        match self.number(bytes) {
            Some(number) => self.time_name(number, local),
            None if bytes.is_empty() => "(none)".to_owned(),
            None => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    /// What people call a time that such a number stands for.
    pub(super) fn time_name(self, number: i64, local: &LocalTime) -> String {
        match self {
            Self::Hour | Self::Minute => local.begin_for_people(number),
            _ => calendar_name(self, number),
        }
    }

    /// The number that stands for a time.
    pub(super) fn number(self, bytes: &[u8]) -> Option<i64> {
        let bytes = bytes.try_into().ok().filter(|_| self.is_of_time())?;
        Some(i64::from_be_bytes(bytes) ^ i64::MIN)
    }
}

/// Columns in which clicks can be alike.
fn columns() -> impl Iterator<Item = &'static Column> {
    let own = |column: &&Column| {
        matches!(column.values, Values::Time(_) | Values::U64(_) | Values::Text(Spelled::Id(_)))
    };
    COLUMNS.iter().filter(move |column| !own(column))
}

/// What values are made with.
pub(super) struct Means {
    pub(super) local: LocalTime,
    pub(super) speller: Speller,
}

fn put_key(entry: &LedgerEntry<'_>, speller: &mut Speller, out: &mut Vec<u8>) {
    match entry.key_and_target() {
        Some((key, _)) if !key.is_empty() => out.extend_from_slice(spell(key).as_bytes()),
        _ => {
            let digits = speller.digits(entry.click.link).unwrap_or_default();
            out.extend_from_slice(digits.as_bytes());
        }
    }
}

fn put_cell(cell: &Cell<'_>, out: &mut Vec<u8>) {
    match cell {
        Cell::Nothing => {}
        Cell::Flag(is_so) => out.extend_from_slice(if *is_so { b"true" } else { b"false" }),
        Cell::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Cell::Plain(text) => out.extend_from_slice(text.as_bytes()),
        Cell::Text(text) => out.extend_from_slice(text.as_bytes()),
        Cell::Names(names) => {
            let mut text = String::new();
            names.join_to(&mut text);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// The name of what a calendar or a clock shows.
fn calendar_name(facet: Facet, number: i64) -> String {
    match facet {
        Facet::Month => format!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1),
        Facet::Day => date(number).to_string(),
        Facet::Weekday => weekday(number).to_owned(),
        _ => format!("{number:02}:00"),
    }
}

/// One or several of them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facets(Vec<Facet>);

impl Facets {
    /// Reads names with commas between them.
    ///
    /// # Errors
    ///
    /// A sentence that says which names there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut facets = Vec::new();
        for name in text.split(',').map(str::trim) {
            let facet = Facet::named(name).ok_or_else(|| {
                let names = Facet::names().join(", ");
                match COLUMNS.iter().find(|column| column.name == name) {
                    Some(_) => format!("each click has its own `{name}`; count by {names}"),
                    None => format!("clicks are not counted by `{name}`; count by {names}"),
                }
            })?;
            if facets.contains(&facet) {
                return Err(format!("{} stands there twice", facet.name()));
            }
            facets.push(facet);
        }
        if facets.len() > STATS_BY_MAX {
            return Err(format!("clicks are counted by at most {STATS_BY_MAX} columns together"));
        }
        Ok(Self(facets))
    }

    /// In the order they were named; never none.
    #[must_use]
    pub fn as_slice(&self) -> &[Facet] {
        &self.0
    }
}

impl From<Facet> for Facets {
    fn from(facet: Facet) -> Self {
        Self(vec![facet])
    }
}

/// As [`parse`](Facets::parse) reads them.
impl fmt::Display for Facets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|facet| facet.name()).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in Facet::names() {
            assert_eq!(Facets::parse(name).unwrap().to_string(), name);
        }
        let names = Facet::names();
        let known = ["day", "hour", "weekday", "link", "key", "target", "host", "referer", "shard"];
        assert!(known.iter().all(|name| names.contains(name)), "{names:?}");
        assert_eq!(Facets::parse("day, referer-site").unwrap().to_string(), "day,referer_site");
    }

    fn refuse(text: &str, expected: &str) {
        let refusal = Facets::parse(text).unwrap_err();
        assert!(refusal.contains(expected), "{refusal}");
    }

    #[test]
    fn what_is_not_counted_by() {
        refuse("city", "not counted by `city`; count by month, day,");
        refuse("", "not counted by ``");
        refuse("day,", "not counted by ``");
        refuse("id", "each click has its own `id`");
        refuse("day,key,day", "day stands there twice");
        refuse("day,key,host,status,via", "at most 4 columns");
    }

    #[test]
    fn times_are_told_from_text_of_eight_bytes() {
        let local = LocalTime::new(jiff::tz::TimeZone::UTC);
        assert_eq!(Facet::AgentClass.shown(b"12345678", &local), "12345678");
        let november = ((2026_i64 * 12 + 10) ^ i64::MIN).to_be_bytes();
        assert_eq!(Facet::Month.shown(&november, &local), "2026-11");
    }
}
