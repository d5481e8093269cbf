//! What a list of segments comes to: which of them there should be, and what is in them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::{AddAssign, Range};
use std::path::Path;

use super::reader::ListReader;
use crate::clicks::format::frame::Salt;
use crate::clicks::format::listed::{
    Contents, DeletedWhy, Deletion, Harm, LIST_PLACE, Listed, ListedEvent,
};

/// What is known of a segment that carom has not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The run that wrote it, Unix µs.
    pub run: u64,
    /// Salt of its checksums.
    pub salt: Salt,
    /// What it holds; `None` until its server was done with it.
    pub contents: Option<Contents>,
    /// It is written in a stage, or was.
    pub is_staged: bool,
    /// It was found gone, and that was said.
    pub is_gone: bool,
}

/// Segments that carom deleted for one reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeletedSum {
    /// How many.
    pub segments: u64,
    /// Clicks that were recorded in them.
    pub clicks: u64,
}

impl AddAssign for DeletedSum {
    fn add_assign(&mut self, other: Self) {
        self.segments = self.segments.saturating_add(other.segments);
        self.clicks = self.clicks.saturating_add(other.clicks);
    }
}

impl DeletedSum {
    fn count(&mut self, contents: &Contents) {
        self.clicks = self.clicks.saturating_add(contents.clicks);
    }
}

/// The segments of a folder, by shard and number, as its list tells.
#[derive(Debug, Default)]
pub struct KnownSegments {
    there: BTreeMap<(u16, u64), Known>,
    /// Those that were put there by somebody else.
    strange: BTreeSet<(u16, u64)>,
    /// Those whose images in a stage were harmed, also if nothing is left of them.
    harmed: BTreeMap<(u16, u64), Harm>,
    /// What was found to be gone of the list itself.
    list_harms: BTreeSet<Harm>,
    /// The highest number of each shard that held something.
    used: BTreeMap<u16, u64>,
    /// Numbers of each shard that carom has deleted, in order.
    deleted: BTreeMap<u16, Vec<Range<u64>>>,
    /// Those among them that held something.
    pruned: BTreeMap<u16, Vec<Range<u64>>>,
    /// Those, by reason.
    sums: BTreeMap<Deletion, DeletedSum>,
    /// Those that were deleted before their seal was noted.
    early: BTreeMap<(u16, u64), Deletion>,
    /// The highest number of each shard that is told of.
    last: BTreeMap<u16, u64>,
    /// When the last line was added, Unix µs.
    told_us: Option<u64>,
}

impl KnownSegments {
    /// Those of a click folder; `None` if it has no list.
    ///
    /// # Errors
    ///
    /// Those of reading it.
    pub fn of_folder(clicks: &Path) -> io::Result<Option<Self>> {
        let Some(mut list) = ListReader::open(clicks, None)? else { return Ok(None) };
        let mut known = Self::default();
        known.read(&mut list)?;
        Ok(Some(known))
    }

    /// Takes in what came in a list since the last time.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn read(&mut self, list: &mut ListReader) -> io::Result<()> {
        list.read(|line| {
            self.told_us = Some(line.time_us);
            if let Some(listed) = &line.listed {
                self.apply(listed);
            }
        })
    }

    /// Takes in an entry. Returns what it says is deleted now.
    pub fn apply(&mut self, listed: &Listed) -> Option<Known> {
        let &Listed { shard, number, event } = listed;
        let place = (shard, number);
        if place == LIST_PLACE {
            if let ListedEvent::Harmed(harm) = event {
                self.list_harms.insert(harm);
            }
            return None;
        }
        // Others give what numbers they like.
        if event != ListedEvent::Harmed(Harm::Unlisted) {
            let last = self.last.entry(shard).or_default();
            *last = number.max(*last);
        }
        match event {
            ListedEvent::Begun { run, salt, is_staged } => {
                let known = Known { run, salt, contents: None, is_staged, is_gone: false };
                self.strange.remove(&place);
                // Its image was found, and brought to the disk.
                if !is_staged && self.harmed.get(&place) == Some(&Harm::ImageGone) {
                    self.harmed.remove(&place);
                }
                self.there.insert(place, known);
            }
            // `ship` sees a seal before the server notes it, and may be faster to delete.
            ListedEvent::Sealed(contents)
                if self.is_deleted(shard, number) && self.get(shard, number).is_none() =>
            {
                if let Some(deletion) = self.early.remove(&place) {
                    self.sums.entry(deletion).or_default().count(&contents);
                }
            }
            ListedEvent::Sealed(contents) | ListedEvent::Found(contents) => {
                let Contents { run, salt, .. } = contents;
                let is_staged = self.get(shard, number).is_some_and(|known| known.is_staged);
                let contents = Some(contents);
                let known = Known { run, salt, contents, is_staged, is_gone: false };
                self.strange.remove(&place);
                self.there.insert(place, known);
                self.use_up(place);
            }
            // One that holds something is not unused: it was emptied.
            ListedEvent::Deleted { why: DeletedWhy::Unused, .. }
                if self.get(shard, number).is_some_and(|known| known.contents.is_some()) => {}
            ListedEvent::Deleted { by, why } => {
                let was = self.there.remove(&place);
                if why != DeletedWhy::Unused {
                    self.harmed.remove(&place);
                    self.use_up(place);
                    self.sum_up(place, Deletion { by, why }, was.as_ref());
                }
                self.strange.remove(&place);
                add(self.deleted.entry(shard).or_default(), number);
                return was;
            }
            ListedEvent::Gone => {
                if let Some(known) = self.there.get_mut(&place) {
                    known.is_gone = true;
                }
            }
            ListedEvent::Harmed(Harm::Unlisted) => drop(self.strange.insert(place)),
            ListedEvent::Harmed(harm) => drop(self.harmed.insert(place, harm)),
            ListedEvent::Made => {}
        }
        None
    }

    /// Counts a segment that was deleted by rule, once.
    fn sum_up(&mut self, place: (u16, u64), deletion: Deletion, was: Option<&Known>) {
        // It may have been brought back, and deleted again.
        if contains(self.pruned.get(&place.0), place.1) {
            return;
        }
        add(self.pruned.entry(place.0).or_default(), place.1);
        let sum = self.sums.entry(deletion).or_default();
        sum.segments += 1;
        match was.and_then(|was| was.contents) {
            Some(contents) => sum.count(&contents),
            None => drop(self.early.insert(place, deletion)),
        }
    }

    /// What carom has deleted by rule, by who did it and why.
    pub fn deleted_by_rule(&self) -> impl Iterator<Item = (Deletion, DeletedSum)> {
        self.sums.iter().map(|(deletion, sum)| (*deletion, *sum))
    }

    /// Whether carom has deleted, by rule, a segment of this shard with such a number.
    #[must_use]
    pub fn has_deleted(&self, shard: u16, numbers: &Range<u64>) -> bool {
        let meets = |it: &Range<u64>| it.start < numbers.end && numbers.start < it.end;
        self.pruned.get(&shard).is_some_and(|pruned| pruned.iter().any(meets))
    }

    fn use_up(&mut self, (shard, number): (u16, u64)) {
        let used = self.used.entry(shard).or_default();
        *used = number.max(*used);
    }

    /// The highest number of a shard that was used, or is that of one which should be
    /// there: none up to it may be given again. 0 for none.
    #[must_use]
    pub fn used(&self, shard: u16) -> u64 {
        let used = self.used.get(&shard).copied().unwrap_or(0);
        let there = self.there.range((shard, 0)..=(shard, u64::MAX)).next_back();
        there.map_or(0, |((_, number), _)| *number).max(used)
    }

    /// What was found to be gone of the list itself.
    #[must_use]
    pub fn list_has(&self, harm: Harm) -> bool {
        self.list_harms.contains(&harm)
    }

    /// What is known of a segment that carom has not deleted.
    #[must_use]
    pub fn get(&self, shard: u16, number: u64) -> Option<&Known> {
        self.there.get(&(shard, number))
    }

    /// Whether carom has deleted it.
    #[must_use]
    pub fn is_deleted(&self, shard: u16, number: u64) -> bool {
        contains(self.deleted.get(&shard), number)
    }

    /// When the last line of the list was added, Unix µs.
    #[must_use]
    pub fn told_us(&self) -> Option<u64> {
        self.told_us
    }

    /// Whether it was put there by somebody else.
    #[must_use]
    pub fn is_strange(&self, shard: u16, number: u64) -> bool {
        self.strange.contains(&(shard, number))
    }

    /// Shards and numbers of those whose images in a stage were found to be so.
    pub fn harmed(&self, harm: Harm) -> impl Iterator<Item = (u16, u64)> {
        self.harmed.iter().filter(move |(_, it)| **it == harm).map(|(place, _)| *place)
    }

    /// The highest number of a shard that is told of; 0 for none.
    #[must_use]
    pub fn last(&self, shard: u16) -> u64 {
        self.last.get(&shard).copied().unwrap_or(0)
    }

    /// Those that should be there, of one shard and with these numbers.
    pub fn of(&self, shard: u16, numbers: Range<u64>) -> impl Iterator<Item = (u64, &Known)> {
        let places = (shard, numbers.start)..(shard, numbers.end.max(numbers.start));
        self.there.range(places).map(|((_, number), known)| (*number, known))
    }

    /// All that should be there.
    pub fn all(&self) -> impl Iterator<Item = (u16, u64, &Known)> {
        self.there.iter().map(|((shard, number), known)| (*shard, *number, known))
    }

    /// The shards that are told of.
    pub fn shards(&self) -> impl Iterator<Item = u16> {
        self.last.keys().copied()
    }
}

/// Whether a number is in ranges. They are few: segments are deleted in order.
fn contains(ranges: Option<&Vec<Range<u64>>>, number: u64) -> bool {
    ranges.is_some_and(|ranges| ranges.iter().any(|it| it.contains(&number)))
}

/// Adds a number to ranges that are in order.
fn add(ranges: &mut Vec<Range<u64>>, number: u64) {
    let at = ranges.partition_point(|range| range.end < number);
    match ranges.get_mut(at) {
        Some(range) if range.contains(&number) => {}
        Some(range) if range.end == number => range.end += 1,
        Some(range) if range.start == number.saturating_add(1) => range.start = number,
        _ => ranges.insert(at, number..number.saturating_add(1)),
    }
    if let [range, next, ..] = &mut ranges[at..]
        && range.end == next.start
    {
        range.end = next.end;
        ranges.remove(at + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clicks::format::listed::Actor;

    #[test]
    fn what_is_deleted_is_not_missed() {
        let mut known = KnownSegments::default();
        let salt = Salt::new(9);
        for number in [1, 2, 3, 7, 8, 9] {
            let event = ListedEvent::Begun { run: 5, salt, is_staged: false };
            assert_eq!(known.apply(&Listed { shard: 1, number, event }), None);
        }
        for number in [1, 2, 8] {
            let event = ListedEvent::Deleted { by: Actor::Ship, why: DeletedWhy::Shipped };
            let was = known.apply(&Listed { shard: 1, number, event });
            let contents = None;
            let known = Known { run: 5, salt, contents, is_staged: false, is_gone: false };
            assert_eq!(was, Some(known));
        }
        let there = |numbers| known.of(1, numbers).map(|(number, _)| number).collect::<Vec<_>>();
        assert_eq!(
            (there(0..u64::MAX), there(4..9), there(9..9)),
            (vec![3, 7, 9], vec![7], vec![])
        );
        let deleted: Vec<_> = (0..12).filter(|number| known.is_deleted(1, *number)).collect();
        assert_eq!((deleted, known.last(1), known.last(0)), (vec![1, 2, 8], 9, 0));
        let has_deleted = |numbers| known.has_deleted(1, &numbers);
        assert!(has_deleted(2..9) && !has_deleted(3..8) && !known.has_deleted(0, &(1..9)));
        let shipped = Deletion { by: Actor::Ship, why: DeletedWhy::Shipped };
        let sum = DeletedSum { segments: 3, clicks: 0 };
        assert!(known.deleted_by_rule().eq([(shipped, sum)]));
        assert_eq!(known.deleted[&1], [1..3, 8..9]);
        assert!(known.get(1, 3).is_some() && known.get(0, 3).is_none() && !known.is_deleted(0, 1));
    }

    #[test]
    fn what_is_deleted_before_its_seal_is_noted_is_not_missed() {
        let mut known = KnownSegments::default();
        let (salt, mut apply) = (Salt::new(9), |event| {
            known.apply(&Listed { shard: 1, number: 4, event });
            known.get(1, 4).cloned()
        });
        let contents = Contents {
            run: 5,
            salt,
            first: 1,
            last: 7,
            clicks: 7,
            lost: 0,
            bytes: 5000,
            from_us: 10,
            to_us: 20,
            digest: None,
        };
        let begun = |run| ListedEvent::Begun { run, salt, is_staged: false };
        assert!(apply(begun(5)).is_some());
        let shipped = ListedEvent::Deleted { by: Actor::Ship, why: DeletedWhy::Shipped };
        assert_eq!(apply(shipped), None);
        assert_eq!(apply(ListedEvent::Sealed(contents)), None);
        // The number of one that was deleted unused is given again.
        assert!(apply(begun(6)).is_some());
        let sealed = apply(ListedEvent::Sealed(Contents { run: 6, ..contents }));
        assert_eq!(sealed.unwrap().contents.unwrap().run, 6);
        let (_, sum) = known.deleted_by_rule().next().unwrap();
        assert_eq!(sum, DeletedSum { segments: 1, clicks: 7 });
    }

    #[test]
    fn ranges_of_numbers_in_any_order() {
        let numbers = [5, 1, 9, 2, 3, 5, 4, 0, 8, 7, 6, u64::MAX - 1];
        let mut ranges = Vec::new();
        for (count, number) in (1..).zip(numbers) {
            add(&mut ranges, number);
            for asked in 0..12 {
                let is_there = numbers[..count].contains(&asked);
                assert_eq!(ranges.iter().any(|it| it.contains(&asked)), is_there, "{ranges:?}");
            }
        }
        assert_eq!(ranges, [0..10, u64::MAX - 1..u64::MAX]);
    }
}
