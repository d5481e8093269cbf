//! From a hash to the places of entries: open addressing in one array of
//! 8-byte slots.
//!
//! A slot is a 32-bit tag (the hash's low half) above a 32-bit reference, zero
//! when empty. A hash's high bits pick its first slot by multiplication
//! (Lemire's fastrange), so the array can have any size; a taken slot means the
//! next one. A lookup that fails costs one cache line, nearly always.

use bytes::Bytes;

use super::hints::{large_pages, prefetch};
use crate::pace;

/// Size of a slot, bytes.
pub(super) const SLOT_BYTES: usize = size_of::<u64>();

/// Slots that are filled, looked through or handed out at once, and what that takes,
/// about.
const SLOTS_AT_ONCE: usize = 16 * 1024;
const SLOTS_NS: u32 = 50_000;

/// What a shard looks hashes up in; its own copy, so that it lies in the
/// memory of its own core.
#[derive(Debug)]
pub(super) struct Index {
    slots: Box<[u64]>,
}

/// What a slot holds whose reference was taken out. It leads nowhere.
const EMPTIED: u64 = u32::MAX as u64;

/// What a slot of this reference holds.
pub(super) fn slot_of(hash: u64, reference: u32) -> u64 {
    hash << 32 | u64::from(reference)
}

/// The slot of `count` at which a search begins.
#[inline]
fn home(hash: u64, count: usize) -> usize {
    ((u128::from(hash) * count as u128) >> 64) as usize
}

/// The slot of `count` where a search goes on.
#[inline]
fn after(at: usize, count: usize) -> usize {
    if at + 1 == count { 0 } else { at + 1 }
}

/// A slot as it lies in memory: a word, or its bytes in a file.
trait Slot: Copy {
    fn word(self) -> u64;
}

impl Slot for u64 {
    #[inline]
    fn word(self) -> u64 {
        self
    }
}

impl Slot for [u8; SLOT_BYTES] {
    #[inline]
    fn word(self) -> u64 {
        u64::from_le_bytes(self)
    }
}

/// Those of `slots` whose hash has the tag of `hash`, with their references.
#[inline]
fn matching<S: Slot>(slots: &[S], hash: u64) -> impl Iterator<Item = (usize, u32)> {
    let tag = hash as u32;
    let mut at = home(hash, slots.len());
    core::iter::from_fn(move || {
        loop {
            let slot = slots[at].word();
            if slot == 0 {
                return None;
            }
            let found = at;
            at = after(at, slots.len());
            if (slot >> 32) as u32 == tag {
                return Some((found, slot as u32));
            }
        }
    })
}

/// `count` empty slots, in large pages where there are many.
fn empty(count: usize) -> Box<[u64]> {
    let mut slots = Vec::with_capacity(count);
    large_pages(slots.spare_capacity_mut());
    while slots.len() < count {
        slots.resize(count.min(slots.len() + SLOTS_AT_ONCE), 0);
        pace::done(SLOTS_NS);
    }
    slots.into_boxed_slice()
}

impl Clone for Index {
    fn clone(&self) -> Index {
        let mut slots = empty(self.slots.len());
        let pieces = slots.chunks_mut(SLOTS_AT_ONCE).zip(self.slots.chunks(SLOTS_AT_ONCE));
        for (copy, slots) in pieces {
            copy.copy_from_slice(slots);
            pace::done(SLOTS_NS);
        }
        Index { slots }
    }
}

/// What a table keeps of an index, to be copied for each shard.
#[derive(Clone, Debug)]
pub(super) enum Stored {
    /// As it was made.
    Made(Index),
    /// Slots as they stand in a file, little-endian.
    File(Bytes),
}

impl Stored {
    /// An index of its own for a shard.
    pub(super) fn copy(&self) -> Index {
        match self {
            Stored::Made(index) => index.clone(),
            Stored::File(bytes) => {
                let (words, _) = bytes.as_chunks::<SLOT_BYTES>();
                let mut slots = empty(words.len());
                let pieces = slots.chunks_mut(SLOTS_AT_ONCE).zip(words.chunks(SLOTS_AT_ONCE));
                for (copy, words) in pieces {
                    for (slot, word) in copy.iter_mut().zip(words) {
                        *slot = u64::from_le_bytes(*word);
                    }
                    pace::done(SLOTS_NS);
                }
                Index { slots }
            }
        }
    }

    /// Hands out its slots as they stand in a file, many at once.
    pub(super) fn pieces<E>(&self, mut out: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut out = |piece: &[u8]| {
            pace::done(SLOTS_NS);
            out(piece)
        };
        match self {
            Stored::File(bytes) => bytes.chunks(SLOTS_AT_ONCE * SLOT_BYTES).try_for_each(out),
            Stored::Made(index) => {
                let mut piece = Vec::with_capacity(SLOTS_AT_ONCE * SLOT_BYTES);
                index.slots.chunks(SLOTS_AT_ONCE).try_for_each(|slots| {
                    piece.clear();
                    piece.extend(slots.iter().flat_map(|slot| slot.to_le_bytes()));
                    out(&piece)
                })
            }
        }
    }

    /// The references whose hash has the tag of `hash`; the caller compares keys.
    pub(super) fn references(&self, hash: u64) -> impl Iterator<Item = u32> {
        let (made, file) = match self {
            Stored::Made(index) => (Some(index.candidates(hash)), None),
            Stored::File(bytes) => (None, Some(matching(bytes.as_chunks::<SLOT_BYTES>().0, hash))),
        };
        let file = file.into_iter().flatten().map(|(_, reference)| reference);
        made.into_iter().flatten().chain(file)
    }

    /// Size of the array, bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Stored::Made(index) => index.bytes(),
            Stored::File(bytes) => bytes.len(),
        }
    }
}

impl Index {
    /// An empty index for `count` references: three quarters full with them,
    /// and never quite full, so that every search ends.
    pub(super) fn with_room(count: usize) -> Index {
        Index { slots: empty(Index::slots_for(count)) }
    }

    fn slots_for(count: usize) -> usize {
        count + count / 3 + 4
    }

    /// What an index [with room](Self::with_room) for so many references takes, bytes.
    pub(super) fn bytes_for(count: usize) -> usize {
        Index::slots_for(count) * SLOT_BYTES
    }

    /// How many references it has room for.
    pub(super) fn room(&self) -> usize {
        (self.slots.len() - 4) / 4 * 3
    }

    /// Size of the array, bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.slots[..])
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        home(hash, self.slots.len())
    }

    /// Puts `reference` (not 0) in. The caller keeps to [`room`](Self::room).
    pub(super) fn insert(&mut self, hash: u64, reference: u32) {
        debug_assert_ne!(reference, 0);
        let mut at = self.home(hash);
        while self.slots[at] != 0 {
            at = after(at, self.slots.len());
        }
        self.slots[at] = slot_of(hash, reference);
    }

    /// The slots whose hash has the tag of `hash`, with their references.
    pub(super) fn slots(&self, hash: u64) -> impl Iterator<Item = (usize, u32)> {
        matching(&self.slots, hash)
    }

    /// The slot in which another reference of this hash belongs.
    pub(super) fn vacancy(&self, hash: u64) -> usize {
        let mut at = self.home(hash);
        while !matches!(self.slots[at], 0 | EMPTIED) {
            at = after(at, self.slots.len());
        }
        at
    }

    /// What a slot holds.
    pub(super) fn slot(&self, at: usize) -> u64 {
        self.slots[at]
    }

    /// What a slot is to hold when its reference is taken out: searches go on
    /// behind it, unless they would end there anyway.
    pub(super) fn emptied(&self, at: usize) -> u64 {
        if self.slots[after(at, self.slots.len())] == 0 { 0 } else { EMPTIED }
    }

    /// Fills a slot with what [`slot_of`] or [`emptied`](Self::emptied) gave.
    pub(super) fn write(&mut self, at: usize, slot: u64) {
        self.slots[at] = slot;
    }

    /// How many slots are in use, with emptied ones.
    pub(super) fn used(&self) -> usize {
        let used = |slots: &[u64]| {
            pace::done(SLOTS_NS);
            slots.iter().filter(|&&slot| slot != 0).count()
        };
        self.slots.chunks(SLOTS_AT_ONCE).map(used).sum()
    }

    /// How many may be, so that searches stay short: seven eighths.
    pub(super) fn used_max(&self) -> usize {
        self.slots.len() / 8 * 7
    }

    /// The references whose hash has the tag of `hash`: nearly always the one
    /// that was inserted with it, or none. The caller compares keys.
    #[inline]
    pub(super) fn candidates(&self, hash: u64) -> impl Iterator<Item = u32> {
        matching(&self.slots, hash).map(|(_, reference)| reference)
    }

    /// Begins to load the first slot of `hash`.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        prefetch(&self.slots, self.home(hash));
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::seed;
    use super::*;

    #[test]
    fn what_goes_in_is_found() {
        for count in [0, 1, 2, 3, 7, 100, 10_000] {
            let mut index = Index::with_room(count);
            for n in 1..=count as u32 {
                index.insert(seed(n, false), n);
            }
            for n in 1..=count as u32 {
                assert!(index.candidates(seed(n, false)).any(|found| found == n));
            }
            for n in count as u32 + 1..count as u32 + 50 {
                assert_eq!(index.candidates(seed(n, false)).count(), 0);
            }
            assert!(count == 0 || index.room() + 3 >= count);
        }
    }

    #[test]
    fn equal_hashes_all_come_up_in_order() {
        let mut index = Index::with_room(50);
        for n in 1..=50 {
            index.insert(42, n);
        }
        assert!(index.candidates(42).eq(1..=50));
        assert_eq!(index.candidates(43).count(), 0);
    }
}
