//! What a shard counts caps with.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, Release};

use super::calendar::Calendar;
use super::cap::Cap;
use super::counts::{CapCounts, CapStanding};
use super::extent::{CapKey, Extent, Heap, Intent, IntentPlace, Room};
use super::room::CapRoom;
use super::tally::{Lease, Tag, Tally};
use crate::limits::{CAP_LEASE_IDLE_MS, CAP_LEASES_MAX};

// Of the words of a shard for a slot, those behind what it took in two periods.
const LEASE: usize = 2;
const LEASED_OF: usize = 3;

/// Counts the caps of one shard.
#[derive(Debug)]
pub struct ShardCaps {
    counts: Arc<CapCounts>,
    shard: usize,
    calendar: Calendar,
    leases: Leases,
    /// What was taken last, for the click with this number, until it is given back.
    last: Option<(IntentPlace, u64)>,
    /// Where nobody else makes room.
    room: Option<CapRoom>,
}

impl ShardCaps {
    /// That of a shard of a server.
    #[must_use]
    pub fn new(counts: Arc<CapCounts>, shard: usize) -> Self {
        let (calendar, leases) = (Calendar::default(), Leases::default());
        Self { counts, shard, calendar, leases, last: None, room: None }
    }

    /// One that counts in memory and by itself, whatever it is asked for: where links are
    /// answered without a server.
    #[must_use]
    pub fn in_memory() -> Self {
        let room = CapRoom::new(1, 0, [0; 2]);
        Self { room: Some(room.clone()), ..Self::new(room.counts().clone(), 0) }
    }

    /// Whether the line may answer once more. Where the shard holds none of what is left, it
    /// takes hold of some. `zone` is the name of the line's; empty for UTC.
    #[inline]
    pub fn is_open(&mut self, link: u64, line: u8, cap: &Cap, zone: &[u8], unix_us: u64) -> bool {
        let tag = Tag::of(self.calendar.at(zone, cap.period, unix_us).number);
        let key = CapKey::new(link, line, cap.period);
        self.make_room(key, unix_us);
        self.leases.ready(&self.counts, self.shard, key, cap.count, tag).is_some()
    }

    /// Uses one of a cap, as the line answers and the click with this number is to be
    /// written. `false`: none is left, and the line does not answer.
    #[inline]
    #[must_use]
    pub fn take(
        &mut self,
        link: u64,
        line: u8,
        cap: &Cap,
        zone: &[u8],
        unix_us: u64,
        sequence: u64,
    ) -> bool {
        let tag = Tag::of(self.calendar.at(zone, cap.period, unix_us).number);
        let key = CapKey::new(link, line, cap.period);
        self.make_room(key, unix_us);
        let ready = self.leases.ready(&self.counts, self.shard, key, cap.count, tag);
        let Some(Ready { extent, number, slot }) = ready else { return false };
        let share = extent.share(self.shard, slot);
        let side = tag.side();
        let taken = Tally::of(share[side].load(Relaxed)).of_period(tag) + 1;
        let place = IntentPlace { extent: number, slot, side };
        // A kill between these stores, or before there is the click, is told by what was
        // stored before: see `kept.rs`.
        self.intend(Intent { place, count: taken as u32, sequence });
        share[side].store(Tally { tag, count: taken }.word(), Release);
        let lease = Lease::of(share[LEASE].load(Relaxed));
        share[LEASE].store(Lease { left: lease.left - 1, ..lease }.word(), Relaxed);
        self.last = Some((place, sequence));
        !extent.is_broken()
    }

    /// Gives back what was taken for the click with this number, as there is none. Does
    /// nothing if that was done, or nothing was taken.
    #[inline]
    pub fn give_back(&mut self, sequence: u64) {
        if let Some((place, _)) = self.last.take_if(|(_, last)| *last == sequence) {
            self.give_back_at(place);
        }
    }

    #[cold]
    fn give_back_at(&mut self, place: IntentPlace) {
        let Some(extent) = self.counts.extent(place.extent) else { return };
        let share = extent.share(self.shard, place.slot);
        let taken = Tally::of(share[place.side].load(Relaxed));
        let count = taken.count.saturating_sub(1);
        share[place.side].store(Tally { count, ..taken }.word(), Release);
        self.intend(Intent::default());
        let lease = Lease::of(share[LEASE].load(Relaxed));
        share[LEASE].store(Lease { left: lease.left + 1, ..lease }.word(), Relaxed);
    }

    /// Gives back what the shard holds and has not used for a second. To be called once a
    /// turn, with a clock that never steps.
    #[inline]
    pub fn tick(&mut self, ms: u32) {
        if ms.wrapping_sub(self.leases.swept_ms) >= CAP_LEASE_IDLE_MS {
            self.leases.swept_ms = ms;
            self.leases.sweep(&self.counts, self.shard, false);
        }
    }

    /// How a cap stands, with what other shards took.
    #[must_use]
    pub fn standing(
        &mut self,
        link: u64,
        line: u8,
        cap: &Cap,
        zone: &[u8],
        unix_us: u64,
    ) -> CapStanding {
        let span = self.calendar.at(zone, cap.period, unix_us);
        self.counts.standing(CapKey::new(link, line, cap.period), cap, span)
    }

    /// The first extent has what shards are about to take in all of them.
    #[inline]
    fn intend(&self, intent: Intent) {
        if let Some(first) = self.counts.extent(0) {
            first.intend(self.shard, intent);
        }
    }

    #[inline]
    fn make_room(&mut self, key: CapKey, unix_us: u64) {
        if let Some(room) = &mut self.room {
            // One that has no room lets nothing through.
            let _ = room.admit([key].into_iter(), unix_us, |_, bytes| {
                let room: Box<dyn Room> = Box::new(Heap::new(bytes));
                Ok(room)
            });
        }
    }
}

/// A slot in which the shard holds at least one.
struct Ready<'a> {
    extent: &'a Extent,
    number: usize,
    slot: usize,
}

/// Where a shard may hold something that it has not used.
#[derive(Debug)]
struct Leases {
    held: Vec<Held>,
    swept_ms: u32,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    extent: usize,
    slot: usize,
    /// What was taken there when it was looked at last.
    seen: u64,
}

impl Default for Leases {
    fn default() -> Self {
        // Never more: nothing is allocated for a request.
        Self { held: Vec::with_capacity(CAP_LEASES_MAX), swept_ms: 0 }
    }
}

impl Leases {
    /// The slot of a cap, if the shard holds one of it in this period, or gets one.
    #[inline]
    fn ready<'a>(
        &mut self,
        counts: &'a CapCounts,
        shard: usize,
        key: CapKey,
        cap: u64,
        tag: Tag,
    ) -> Option<Ready<'a>> {
        let (number, extent, slot) = counts.find(key)?;
        let share = extent.share(shard, slot);
        let lease = Lease::of(share[LEASE].load(Relaxed));
        let holds = lease.left > 0 && lease.tag == tag && share[LEASED_OF].load(Relaxed) == cap;
        let ready = Ready { extent, number, slot };
        (holds || self.get(counts, shard, &ready, cap, tag)).then_some(ready)
    }

    /// Gets hold of some of a cap.
    #[cold]
    fn get(
        &mut self,
        counts: &CapCounts,
        shard: usize,
        at: &Ready<'_>,
        cap: u64,
        tag: Tag,
    ) -> bool {
        if at.extent.is_broken() {
            return false;
        }
        // What is held may be of an earlier period, or of a cap that has changed.
        release(counts, at.extent, shard, at.slot);
        let size = counts.lease(at.extent.granted(at.slot, tag.side()), cap, tag);
        if size == 0 {
            return false;
        }
        let share = at.extent.share(shard, at.slot);
        share[LEASED_OF].store(cap, Relaxed);
        let mut lease = Lease::of(share[LEASE].load(Relaxed));
        lease = Lease { tag, left: size, ..lease };
        if !lease.is_listed {
            if self.held.len() == CAP_LEASES_MAX {
                self.sweep(counts, shard, true);
            }
            let seen = share[tag.side()].load(Relaxed);
            self.held.push(Held { extent: at.number, slot: at.slot, seen });
            lease.is_listed = true;
        }
        share[LEASE].store(lease.word(), Relaxed);
        true
    }

    /// Gives back what was not used since the last time, or all.
    #[cold]
    fn sweep(&mut self, counts: &CapCounts, shard: usize, all: bool) {
        self.held.retain_mut(|held| {
            let Some(extent) = counts.extent(held.extent) else { return false };
            let share = extent.share(shard, held.slot);
            let lease = Lease::of(share[LEASE].load(Relaxed));
            let taken = share[lease.tag.side()].load(Relaxed);
            let is_used = std::mem::replace(&mut held.seen, taken) != taken;
            if is_used && !all {
                return true;
            }
            release(counts, extent, shard, held.slot);
            let lease = Lease { is_listed: false, ..Lease::of(share[LEASE].load(Relaxed)) };
            share[LEASE].store(lease.word(), Relaxed);
            false
        });
    }
}

/// Gives back what a shard holds of a cap.
fn release(counts: &CapCounts, extent: &Extent, shard: usize, slot: usize) {
    let word = &extent.share(shard, slot)[LEASE];
    let lease = Lease::of(word.load(Relaxed));
    if lease.left > 0 {
        counts.give_back(extent.granted(slot, lease.tag.side()), lease.tag, lease.left);
        word.store(Lease { left: 0, ..lease }.word(), Relaxed);
    }
}

#[cfg(test)]
mod tests;
