//! What a server that has ended, or was killed, counted.
//!
//! A shard that is about to take one first notes where, and then the number of the click
//! that is to come. Only then it counts, and then it writes the click. So after a kill one
//! is too many if the number is there, that click is not, and what was to be counted is.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::calendar::PeriodSpan;
use super::cap::Period;
use super::extent::{CapKey, Intent, IntentPlace, StoredExtent};
use super::tally::{Tag, Tally};

/// What was counted of a cap in its last two periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptCap {
    /// Of which.
    pub key: CapKey,
    /// Since when it is counted, Unix µs.
    pub since_us: u64,
    tallies: [Tally; 2],
}

impl KeptCap {
    /// How many were used in the period with this number.
    #[must_use]
    pub fn used(&self, number: u64) -> u64 {
        let tag = Tag::of(number);
        self.tallies[tag.side()].of_period(tag)
    }

    /// Whether the last of it was at most one period ago, however its days may begin.
    #[must_use]
    pub fn is_recent(&self, unix_us: u64) -> bool {
        let period = self.key.period();
        let now = PeriodSpan::at(period, &TimeZone::UTC, unix_us).number;
        let near = |number: u64| self.used(number) > 0;
        period == Period::Total || (now.saturating_sub(2)..=now + 1).any(near)
    }

    /// The same to be counted on.
    pub(super) fn tallies(&self) -> [Tally; 2] {
        self.tallies
    }
}

/// A shard had counted a click that it may not have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The shard.
    pub shard: usize,
    /// Number of the click.
    pub sequence: u64,
    key: CapKey,
    side: usize,
}

/// What all shards of a run counted.
#[derive(Debug, Default)]
pub struct KeptCaps {
    /// Since when the server ran, Unix µs.
    pub run: u64,
    /// The boot of the machine in which it did.
    pub boot: [u64; 2],
    /// It ended by itself, and all was on the disk.
    pub is_clean: bool,
    /// Where each shard may have counted a click that is not there.
    pub pending: Vec<Pending>,
    caps: BTreeMap<CapKey, KeptCap>,
}

impl KeptCaps {
    /// What these files say, the first extent first. Others that are not of its run are
    /// passed over; `None` if the first is none.
    #[must_use]
    pub fn read(files: &[Vec<u64>]) -> Option<Self> {
        let first = StoredExtent::read(files.first()?).filter(|first| first.head.number == 0)?;
        let head = first.head;
        let mut kept =
            Self { run: head.run, boot: head.boot, is_clean: head.is_clean, ..Self::default() };
        let extents: Vec<_> = files
            .iter()
            .filter_map(|file| StoredExtent::read(file))
            .filter(|extent| extent.head.run == head.run)
            .collect();
        extents.iter().for_each(|extent| kept.take_in(extent));
        for shard in 0..head.layout.shards {
            let Intent { place, count, sequence } = first.intent(shard);
            let IntentPlace { extent, slot, side } = place;
            let Some(at) = extents.iter().find(|it| it.head.number == extent) else { continue };
            // Slot and shard may be anything in a file that was harmed.
            let is_there = slot < at.head.layout.slots && shard < at.head.layout.shards;
            let Some((key, _)) = is_there.then(|| at.key(slot)).flatten() else { continue };
            let taken = at.taken(shard, slot)[side].count;
            if sequence > 0 && taken > 0 && taken as u32 == count {
                kept.pending.push(Pending { shard, sequence, key, side });
            }
        }
        Some(kept)
    }

    /// Takes back what was counted for a click that is not there.
    pub fn take_back(&mut self, pending: &Pending) {
        if let Some(cap) = self.caps.get_mut(&pending.key) {
            let tally = &mut cap.tallies[pending.side];
            tally.count = tally.count.saturating_sub(1);
        }
    }

    /// What was counted of a cap.
    #[must_use]
    pub fn get(&self, key: CapKey) -> Option<&KeptCap> {
        self.caps.get(&key)
    }

    /// Says that so many were used in the period with this number, and none in another.
    pub fn set(&mut self, key: CapKey, since_us: u64, number: u64, count: u64) {
        let tag = Tag::of(number);
        let mut tallies = [Tally::default(); 2];
        tallies[tag.side()] = Tally { tag, count };
        self.caps.insert(key, KeptCap { key, since_us, tallies });
    }

    /// All caps.
    pub fn caps(&self) -> impl Iterator<Item = &KeptCap> {
        self.caps.values()
    }

    fn take_in(&mut self, extent: &StoredExtent<'_>) {
        let head = extent.head;
        for slot in 0..head.layout.slots {
            let Some((key, since_us)) = extent.key(slot) else { continue };
            let mut tallies = [Tally::default(); 2];
            for shard in 0..head.layout.shards {
                for (sum, taken) in tallies.iter_mut().zip(extent.taken(shard, slot)) {
                    add(sum, taken);
                }
            }
            self.caps.insert(key, KeptCap { key, since_us, tallies });
        }
    }
}

/// Adds what a shard took. Shards that were not asked since have counted an earlier period:
/// the later of the two is the one whose number is less than half a round behind.
fn add(sum: &mut Tally, taken: Tally) {
    if taken.count == 0 {
        return;
    }
    if sum.count == 0 || sum.tag.is_before(taken.tag) {
        *sum = taken;
    } else if sum.tag == taken.tag {
        sum.count += taken.count;
    }
}
