//! All caps that are counted in a run, shared by its shards.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Relaxed};

use super::calendar::PeriodSpan;
use super::cap::Cap;
use super::extent::{CapKey, Extent};
use super::tally::{Tag, Tally};
use crate::limits::{CAP_EXTENTS_MAX, CAP_LEASE_MAX, CAP_LEASE_SHARE};

/// Where caps are counted. It grows, and nothing in it moves.
#[derive(Debug)]
pub struct CapCounts {
    shards: usize,
    extents: [OnceLock<Extent>; CAP_EXTENTS_MAX],
}

/// How a cap stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapStanding {
    /// How many clicks it had.
    pub used: u64,
    /// How many it can still have.
    pub left: u64,
    /// The present period.
    pub span: PeriodSpan,
    /// Since when it is counted, Unix µs.
    pub since_us: u64,
}

impl CapCounts {
    /// None, to be counted by so many shards.
    #[must_use]
    pub fn new(shards: usize) -> Self {
        Self { shards, extents: Default::default() }
    }

    /// Shards that count.
    #[must_use]
    pub fn shards(&self) -> usize {
        self.shards
    }

    /// The extent with this number.
    #[inline]
    #[must_use]
    pub fn extent(&self, number: usize) -> Option<&Extent> {
        self.extents.get(number)?.get()
    }

    /// Those that there are.
    pub fn extents(&self) -> impl Iterator<Item = &Extent> {
        self.extents.iter().map_while(OnceLock::get)
    }

    /// The extent of a cap with its number, and its slot there.
    #[inline]
    #[must_use]
    pub fn find(&self, key: CapKey) -> Option<(usize, &Extent, usize)> {
        let mut extents = self.extents().enumerate();
        extents.find_map(|(number, extent)| Some((number, extent, extent.find(key)?)))
    }

    /// Takes one more. `false` if there are as many as there may be.
    pub fn add(&self, extent: Extent) -> bool {
        let free = self.extents.iter().find(|free| free.get().is_none());
        free.is_some_and(|free| free.set(extent).is_ok())
    }

    /// How a cap stands in this period.
    #[must_use]
    pub fn standing(&self, key: CapKey, cap: &Cap, span: PeriodSpan) -> CapStanding {
        let tag = Tag::of(span.number);
        let (used, since_us) = match self.find(key) {
            Some((_, extent, slot)) => (extent.used(slot, tag), extent.since_us(slot)),
            None => (0, 0),
        };
        CapStanding { used, left: cap.count.saturating_sub(used), span, since_us }
    }

    /// Whether the disk of the counts is gone. Then no cap lets anything through, as nobody
    /// knows any more what was counted.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.extents().any(Extent::is_broken)
    }

    /// Gives a shard some of what is left of a cap in a period: the less is left, the
    /// fewer, and near the end one. 0: none is left.
    pub fn lease(&self, granted: &AtomicU64, cap: u64, tag: Tag) -> u64 {
        let mut word = granted.load(Relaxed);
        loop {
            // Another period begins with nothing granted. One that is over gets nothing
            // more: what was granted in it is forgotten.
            let present = Tally::of(word);
            if present.count > 0 && tag.is_just_before(present.tag) {
                return 0;
            }
            let count = present.of_period(tag);
            let left = cap.saturating_sub(count);
            if left == 0 {
                return 0;
            }
            let size = (left / (CAP_LEASE_SHARE * self.shards as u64)).clamp(1, CAP_LEASE_MAX);
            let next = Tally { tag, count: count + size }.word();
            match granted.compare_exchange_weak(word, next, AcqRel, Relaxed) {
                Ok(_) => return size,
                Err(now) => word = now,
            }
        }
    }

    /// Takes back what a shard does not use. Of a period that is no longer counted nothing
    /// is left to be given.
    pub fn give_back(&self, granted: &AtomicU64, tag: Tag, size: u64) {
        let less = |word| {
            let Tally { tag: present, count } = Tally::of(word);
            (present == tag).then(|| Tally { tag, count: count.saturating_sub(size) }.word())
        };
        let _ = granted.fetch_update(AcqRel, Relaxed, less);
    }
}
