//! Clicks counted by one or several facets together, in bounded memory.

use jiff::tz::TimeZone;

use super::facet::{Facet, FacetOrder, FacetValue, Facets, Means};
use super::local_time::LocalTime;
use super::spelling::Speller;
use super::top::{Count, Top};
use crate::clicks::read::entry::LedgerEntry;
use crate::limits::{STATS_BY_BYTES_MAX, STATS_BY_ROWS_MAX};

/// How many clicks there are for each value, or for each values that come together.
pub struct Breakdown {
    facets: Facets,
    means: Means,
    /// By the values behind each other, and then how long each but the last is.
    top: Top<Vec<u8>>,
    /// No fewer than those of all that is counted.
    bytes: usize,
    bytes_max: usize,
    /// The values of one click.
    values: Vec<u8>,
}

/// Some of the counts, and what the others are together.
pub struct BreakdownPart<'a> {
    /// In the order in which they are shown.
    pub rows: Vec<BreakdownRow<'a>>,
    /// How many others there are; `None` if that is not known.
    pub others: Option<usize>,
    /// Their clicks.
    pub other_clicks: u64,
}

/// A count, and of what.
pub struct BreakdownRow<'a> {
    of: &'a Breakdown,
    values: Vec<&'a [u8]>,
    /// How many clicks.
    pub count: Count,
}

impl Breakdown {
    /// No click yet; times are those of a zone.
    #[must_use]
    pub fn new(facets: Facets, zone: TimeZone) -> Self {
        Self::within(facets, zone, STATS_BY_ROWS_MAX, STATS_BY_BYTES_MAX)
    }

    /// The same with room for so many rows, and for so many bytes of their values.
    #[must_use]
    pub fn within(facets: Facets, zone: TimeZone, rows_max: usize, bytes_max: usize) -> Self {
        let means = Means { local: LocalTime::new(zone), speller: Speller::default() };
        Self { facets, means, top: Top::new(rows_max), bytes: 0, bytes_max, values: Vec::new() }
    }

    /// What it counts by.
    #[must_use]
    pub fn facets(&self) -> &[Facet] {
        self.facets.as_slice()
    }

    /// Counts a click.
    pub fn add(&mut self, entry: &LedgerEntry<'_>) {
        let facets = self.facets.as_slice();
        self.values.clear();
        let mut ends = [0; crate::limits::STATS_BY_MAX];
        for (facet, end) in facets.iter().zip(&mut ends) {
            facet.put(entry, &mut self.means, &mut self.values);
            *end = self.values.len();
        }
        for end in &ends[..facets.len() - 1] {
            // A value is no longer than a record of a click.
            let end = u32::try_from(*end).unwrap_or(u32::MAX);
            self.values.extend_from_slice(&end.to_be_bytes());
        }
        if self.top.add(&*self.values) {
            self.bytes += self.values.len();
            if self.bytes > self.bytes_max {
                self.make_room();
            }
        }
    }

    fn make_room(&mut self) {
        let bytes = |top: &Top<Vec<u8>>| top.keys().map(Vec::len).sum::<usize>();
        self.bytes = bytes(&self.top);
        while self.bytes > self.bytes_max {
            self.top.make_room();
            self.bytes = bytes(&self.top);
        }
    }

    /// All clicks.
    #[must_use]
    pub fn clicks(&self) -> u64 {
        self.top.clicks()
    }

    /// How many rows there are; `None` if some were let go.
    #[must_use]
    pub fn distinct(&self) -> Option<usize> {
        self.top.distinct()
    }

    /// How much a count may be too low at most; 0 while all are exact.
    #[must_use]
    pub fn lacks_max(&self) -> u64 {
        self.top.lacks_max()
    }

    /// At most so many rows. By one facet of time these are the latest, else those with
    /// most clicks; those whose first facet is of time are shown in its order.
    #[must_use]
    pub fn part(&self, rows_max: usize) -> BreakdownPart<'_> {
        let (order, is_alone) = (self.facets()[0].order(), self.facets().len() == 1);
        let rows_max = if is_alone && order == FacetOrder::Round { usize::MAX } else { rows_max };
        let latest = is_alone && order == FacetOrder::Time;
        let most = self.top.most(if latest { usize::MAX } else { rows_max });
        let rows = most.into_iter().map(|(key, count)| (self.split(key), count));
        let mut rows: Vec<_> = rows.collect();
        if order != FacetOrder::Clicks {
            // Stable: those of one day stay in the order of their clicks.
            rows.sort_by(|a, b| a.0[0].cmp(b.0[0]));
        }
        if latest {
            rows.drain(..rows.len().saturating_sub(rows_max));
        }
        let shown: u64 = rows.iter().map(|(_, count)| count.clicks).sum();
        let others = self.distinct().map(|distinct| distinct - rows.len());
        let row = |(values, count)| BreakdownRow { of: self, values, count };
        BreakdownPart {
            rows: rows.into_iter().map(row).collect(),
            others,
            other_clicks: self.clicks() - shown,
        }
    }

    /// What people call the time that a number stands for, if the first facet is of time.
    #[must_use]
    pub fn time_name(&self, number: i64) -> String {
        self.facets()[0].time_name(number, &self.means.local)
    }

    /// The values that stand behind each other.
    fn split<'k>(&self, key: &'k [u8]) -> Vec<&'k [u8]> {
        let ends_bytes = (self.facets().len() - 1) * size_of::<u32>();
        let (values, ends) = key.split_at(key.len() - ends_bytes);
        let (ends, _) = ends.as_chunks::<{ size_of::<u32>() }>();
        let ends = ends.iter().map(|end| u32::from_be_bytes(*end) as usize);
        let mut from = 0;
        let value = |end| &values[std::mem::replace(&mut from, end)..end];
        ends.chain([values.len()]).map(value).collect()
    }
}

impl BreakdownRow<'_> {
    fn facets(&self) -> impl Iterator<Item = (Facet, &[u8])> {
        self.of.facets().iter().copied().zip(self.values.iter().copied())
    }

    /// Its values for programs.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, FacetValue)> {
        self.facets().map(|(it, bytes)| (it.name(), it.value(bytes, &self.of.means.local)))
    }

    /// Its values for people; what is hidden in them is not escaped.
    pub fn shown(&self) -> impl Iterator<Item = String> {
        self.facets().map(|(it, bytes)| it.shown(bytes, &self.of.means.local))
    }

    /// The number that stands for its first value, if that is a time.
    #[must_use]
    pub fn time(&self) -> Option<i64> {
        self.facets().next().and_then(|(it, bytes)| it.number(bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::clicks::format::click::Click;
    use crate::clicks::read::entry::EntryLink;

    const NOON_US: u64 = 1_793_534_400_000_000; // 2026-11-01T12:00:00Z
    const DAY_US: u64 = 24 * 3_600_000_000;

    fn add(breakdown: &mut Breakdown, day: u64, key: &[u8]) {
        let click = Click { time_us: NOON_US + day * DAY_US, link: 1, ..Click::default() };
        breakdown.add(&LedgerEntry {
            folder: Path::new(""),
            shard: 0,
            sequence: 0,
            node: 0,
            segment: 0,
            offset: 0,
            key: 0,
            id: None,
            click,
            link: EntryLink::Is(key, b""),
        });
    }

    fn breakdown(by: &str) -> Breakdown {
        Breakdown::new(Facets::parse(by).unwrap(), TimeZone::UTC)
    }

    /// `clicks` counted by `by`, of which `rows_max` are shown, must be these.
    fn check(by: &str, clicks: &[(u64, &str)], rows_max: usize, expected: &[(&str, u64)]) {
        let mut breakdown = breakdown(by);
        clicks.iter().for_each(|(day, key)| add(&mut breakdown, *day, key.as_bytes()));
        let part = breakdown.part(rows_max);
        let row =
            |row: &BreakdownRow<'_>| (row.shown().collect::<Vec<_>>().join(" "), row.count.clicks);
        let mut rows: Vec<_> = part.rows.iter().map(row).collect();
        if part.other_clicks > 0 {
            rows.push((format!("{} others", part.others.unwrap()), part.other_clicks));
        }
        let rows: Vec<_> = rows.iter().map(|(row, clicks)| (&**row, *clicks)).collect();
        assert_eq!(rows, expected);
    }

    #[test]
    fn by_one() {
        let clicks = [(0, "/a"), (1, "/b"), (1, "/b"), (2, "/c")];
        check("key", &clicks, 2, &[("/b", 2), ("/a", 1), ("1 others", 1)]);
        let days = [("2026-11-02", 2), ("2026-11-03", 1), ("1 others", 1)];
        check("day", &clicks, 2, &days);
        check("weekday", &clicks, 2, &[("Monday", 2), ("Tuesday", 1), ("Sunday", 1)]);
        check("hour_of_day", &clicks, 2, &[("12:00", 4)]);
        let minutes = [("2026-11-02 12:00", 2), ("2026-11-03 12:00", 1), ("1 others", 1)];
        check("minute", &clicks, 2, &minutes);
    }

    #[test]
    fn by_two() {
        let clicks = [(1, "/b"), (1, "/a"), (0, "/b"), (1, "/a")];
        let rows = [("2026-11-01 /b", 1), ("2026-11-02 /a", 2), ("2026-11-02 /b", 1)];
        check("day,key", &clicks, 9, &rows);
        let rows = [("/a 2026-11-02", 2), ("/b 2026-11-01", 1), ("/b 2026-11-02", 1)];
        check("key,day", &clicks, 9, &rows);
    }

    #[test]
    fn values_are_told_apart_wherever_one_ends() {
        let clicks = [(0, ""), (0, "/a")];
        check("tag,key", &clicks, 9, &[("(none) /a", 1), ("(none) 0000000000000001", 1)]);
        check("key,tag", &clicks, 9, &[("/a (none)", 1), ("0000000000000001 (none)", 1)]);
    }

    #[test]
    fn long_values_have_their_room() {
        let by = Facets::parse("key").unwrap();
        let mut breakdown = Breakdown::within(by, TimeZone::UTC, 1_000, 10_000);
        for key in 0..100_u64 {
            (0..=key).for_each(|_| add(&mut breakdown, 0, format!("/{key:>99}").as_bytes()));
        }
        assert_eq!((breakdown.distinct(), breakdown.bytes), (Some(100), 10_000));
        add(&mut breakdown, 0, b"/one more");
        assert_eq!(breakdown.distinct(), None);
        assert!((4_000..6_000).contains(&breakdown.bytes), "{}", breakdown.bytes);
        let part = breakdown.part(1);
        assert_eq!((part.rows[0].count.clicks, part.others), (100, None));
        assert_eq!(breakdown.clicks(), part.other_clicks + 100);
    }
}
