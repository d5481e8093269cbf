//! The clicks of segments, summed up by day and shard.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::clicks::format::list_line::{actor, reason};
use crate::clicks::format::listed::Deletion;

const DAY_US: u64 = 86_400_000_000;

/// A segment that is done with: what the list tells of it, and what was read of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SegmentAccount {
    /// Whose.
    pub shard: u16,
    /// The run that wrote it, Unix µs.
    pub run: u64,
    /// Number of its first click.
    pub first: u64,
    /// Number of its last one.
    pub last: u64,
    /// Clicks recorded.
    pub clicks: u64,
    /// Clicks counted and not recorded.
    pub lost: u64,
    /// Time of its first click, Unix µs.
    pub from_us: u64,
    /// Its server told of it, from its first click on.
    pub is_own: bool,
    /// By whom of carom it was deleted, and why, if it was.
    pub deleted: Option<Deletion>,
    /// Clicks that are in the file; `None` where there is none.
    pub read: Option<u64>,
    /// Clicks whose reply is known not to have been delivered.
    pub undelivered: u64,
}

/// The clicks of one shard that are in segments whose first click is of one day (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofRow {
    /// Days since 1970-01-01.
    pub day: u64,
    /// Whose.
    pub shard: u16,
    /// Clicks that were answered: the numbers that were given.
    pub answered: u64,
    /// Clicks that are in the files.
    pub recorded: u64,
    /// Clicks counted and not recorded.
    pub lost: u64,
    /// Clicks that were recorded, in segments that carom deleted by rule.
    pub deleted: u64,
    /// Clicks that are in none of these.
    pub missing: u64,
    /// Clicks among those recorded whose reply is known not to have been delivered.
    pub undelivered: u64,
}

impl ProofRow {
    /// Adds up what is counted.
    pub fn add(&mut self, other: &Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.answered, other.answered);
        add(&mut self.recorded, other.recorded);
        add(&mut self.lost, other.lost);
        add(&mut self.deleted, other.deleted);
        add(&mut self.missing, other.missing);
        add(&mut self.undelivered, other.undelivered);
    }
}

/// Accounts for the segments whose first click is within `times`. Numbers between two
/// segments of a run that none has belong to the later one; those before the first of a
/// run too, if its server kept the list.
pub(super) fn rows(
    segments: impl Iterator<Item = SegmentAccount>,
    times: &Range<u64>,
) -> Vec<ProofRow> {
    let mut segments: Vec<_> = segments.collect();
    segments.sort_unstable_by_key(|it| (it.shard, it.run, it.first));
    let mut rows: BTreeMap<(u64, u16), ProofRow> = BTreeMap::new();
    let mut before: Option<(u16, u64, u64)> = None;
    for it in segments {
        let own_start = if it.is_own { 1 } else { it.first };
        let expected = match before {
            Some((shard, run, next)) if (shard, run) == (it.shard, it.run) => next,
            _ => own_start,
        };
        before = Some((it.shard, it.run, it.last.saturating_add(1)));
        if !times.contains(&it.from_us) {
            continue;
        }
        let day = it.from_us / DAY_US;
        let answered = it.last.saturating_add(1).saturating_sub(expected.min(it.first));
        let (recorded, deleted) = match it.read {
            Some(read) => (read, 0),
            None if it.deleted.is_some() => (0, it.clicks),
            None => (0, 0),
        };
        let told = recorded.saturating_add(deleted).saturating_add(it.lost);
        let row = rows.entry((day, it.shard)).or_default();
        (row.day, row.shard) = (day, it.shard);
        row.add(&ProofRow {
            answered,
            recorded,
            lost: it.lost,
            deleted,
            missing: answered.saturating_sub(told),
            undelivered: it.undelivered,
            ..ProofRow::default()
        });
    }
    rows.into_values().collect()
}

/// Clicks that were recorded in segments that carom deleted for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeletedRow {
    /// Who did it: a word of the list of segments.
    pub by: String,
    /// Why: another one.
    pub why: String,
    /// How many segments.
    pub segments: u64,
    /// How many clicks.
    pub clicks: u64,
}

/// What was deleted by rule of the segments whose first click is within `times`.
pub(super) fn deleted_rows<'a>(
    segments: impl Iterator<Item = &'a SegmentAccount>,
    times: &Range<u64>,
) -> Vec<DeletedRow> {
    let mut rows = BTreeMap::<Deletion, (u64, u64)>::new();
    for it in segments.filter(|it| it.read.is_none() && times.contains(&it.from_us)) {
        if let Some(deletion) = it.deleted {
            let (segments, clicks) = rows.entry(deletion).or_default();
            (*segments, *clicks) = (*segments + 1, clicks.saturating_add(it.clicks));
        }
    }
    let row = |(Deletion { by, why }, (segments, clicks))| {
        let (by, why) = (actor(by).to_owned(), reason(why).to_owned());
        DeletedRow { by, why, segments, clicks }
    };
    rows.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clicks::format::listed::{Actor, DeletedWhy};

    /// A segment of clicks `first` to `last`, in a file.
    fn segment(shard: u16, run: u64, first: u64, last: u64) -> SegmentAccount {
        let clicks = last + 1 - first;
        SegmentAccount {
            shard,
            run,
            first,
            last,
            clicks,
            lost: 0,
            from_us: run * DAY_US,
            is_own: true,
            deleted: None,
            read: Some(clicks),
            undelivered: 0,
        }
    }

    /// The one row of these segments: answered, recorded, lost, deleted, missing.
    fn sums<const N: usize>(segments: [SegmentAccount; N]) -> [u64; 5] {
        let rows = rows(segments.into_iter(), &(0..u64::MAX));
        assert_eq!(rows.len(), 1);
        let row = rows[0];
        [row.answered, row.recorded, row.lost, row.deleted, row.missing]
    }

    #[test]
    fn all_is_there() {
        assert_eq!(sums([segment(0, 1, 11, 20), segment(0, 1, 1, 10)]), [20, 20, 0, 0, 0]);
    }
    #[test]
    fn some_are_lost() {
        let lossy = SegmentAccount { lost: 4, read: Some(6), clicks: 6, ..segment(0, 1, 1, 10) };
        assert_eq!(sums([lossy]), [10, 6, 4, 0, 0]);
    }
    #[test]
    fn one_is_deleted() {
        let by_rule = Deletion { by: Actor::Server, why: DeletedWhy::TooOld };
        let deleted = SegmentAccount { deleted: Some(by_rule), read: None, ..segment(0, 1, 1, 10) };
        assert_eq!(sums([deleted, segment(0, 1, 11, 12)]), [12, 2, 0, 10, 0]);
    }
    #[test]
    fn one_is_gone() {
        let gone = SegmentAccount { read: None, lost: 1, clicks: 9, ..segment(0, 1, 1, 10) };
        assert_eq!(sums([gone, segment(0, 1, 11, 12)]), [12, 2, 1, 0, 9]);
    }
    #[test]
    fn one_has_fewer_clicks_than_it_had() {
        assert_eq!(
            sums([SegmentAccount { read: Some(3), ..segment(0, 1, 1, 10) }]),
            [10, 3, 0, 0, 7]
        );
    }
    #[test]
    fn none_tells_of_some_numbers() {
        assert_eq!(sums([segment(0, 1, 4, 10), segment(0, 1, 13, 14)]), [14, 9, 0, 0, 5]);
        let found = SegmentAccount { is_own: false, ..segment(0, 1, 4, 10) };
        assert_eq!(sums([found]), [7, 7, 0, 0, 0]);
    }
    #[test]
    fn numbers_that_cannot_be_do_not_wrap() {
        let broken = SegmentAccount { last: u64::MAX, lost: u64::MAX, ..segment(0, 1, 1, 10) };
        assert_eq!(sums([broken]), [u64::MAX - 1, 10, u64::MAX, 0, 0]);
    }

    #[test]
    fn days_and_shards_apart_and_only_those_asked_for() {
        let all = [segment(0, 3, 1, 5), segment(1, 3, 1, 6), segment(0, 4, 1, 7)];
        let told = |times| {
            let rows = rows(all.into_iter(), &times);
            rows.iter().map(|row| (row.day, row.shard, row.answered)).collect::<Vec<_>>()
        };
        assert_eq!(told(0..u64::MAX), [(3, 0, 5), (3, 1, 6), (4, 0, 7)]);
        assert_eq!(told(0..4 * DAY_US), [(3, 0, 5), (3, 1, 6)]);
        assert_eq!(told(4 * DAY_US..u64::MAX), [(4, 0, 7)]);
    }
}
