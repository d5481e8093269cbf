//! What a list of segments comes to: which of them there should be, and what is in them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::Path;

use super::reader::ListReader;
use crate::clicks::format::frame::Salt;
use crate::clicks::format::listed::{Contents, DeletedWhy, Harm, LIST_PLACE, Listed, ListedEvent};

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
    /// The highest number of each shard that is told of.
    last: BTreeMap<u16, u64>,
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
            ListedEvent::Sealed(_)
                if self.is_deleted(shard, number) && self.get(shard, number).is_none() => {}
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
            ListedEvent::Deleted { why, .. } => {
                if why == DeletedWhy::Shipped {
                    self.harmed.remove(&place);
                    self.use_up(place);
                }
                self.strange.remove(&place);
                add(self.deleted.entry(shard).or_default(), number);
                return self.there.remove(&place);
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
        // Few ranges: segments are deleted in order.
        self.deleted
            .get(&shard)
            .is_some_and(|deleted| deleted.iter().any(|it| it.contains(&number)))
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
