//! Which strings already stand in the segment that is being written, and where.
//!
//! All its memory is taken once for each writer. Visitors choose the strings, so
//! the hash is seeded at random, and only equal bytes are equal strings.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;

use crate::clicks::format::click::SHARED;
use crate::clicks::format::lengths::TEXT_BYTES_MAX;
use crate::clicks::format::text::TextPlace;
use crate::limits::{TEXTS_BYTES_PER_SEGMENT_MAX, TEXTS_PER_SEGMENT_MAX};

/// At most half of the slots are taken, so a search is short, and ends.
const SLOTS: usize = 2 * TEXTS_PER_SEGMENT_MAX;

/// Slots that are looked at where the quick hash says, before a string is hashed as a
/// whole. So visitors whose strings differ only where that hash does not look cost no
/// more than these.
const QUICK_SLOTS: usize = 2;

const _: () = assert!(SLOTS.is_power_of_two());
const _: () = assert!(TEXTS_BYTES_PER_SEGMENT_MAX <= u32::MAX as usize);
const _: () = assert!(TEXT_BYTES_MAX <= u16::MAX as usize);

/// One string, if `round` is the dictionary's; else free. Four to a cache line.
#[derive(Clone, Copy, Debug, Default)]
struct TextSlot {
    round: u32,
    place: TextPlace,
    /// Where in the arena it begins.
    begin: u32,
    bytes: u16,
    /// Bits of its hash that do not choose the slot.
    tag: u16,
}

/// The strings of one segment and their places.
#[derive(Debug)]
pub struct Dictionary {
    seed: RandomState,
    slots: Box<[TextSlot]>,
    arena: Box<[u8]>,
    /// How much of the arena is taken, bytes.
    used: usize,
    texts: usize,
    /// Which segment this is, from 1. Slots of another are free, so a new segment
    /// costs nothing.
    round: u32,
    /// What the slot of the string that was last asked for says, for each kind. It
    /// may be of another segment, and then is free like all of them.
    last: [TextSlot; SHARED],
}

impl Dictionary {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self {
            seed: RandomState::default(),
            slots: vec![TextSlot::default(); SLOTS].into(),
            // Not of zeros, so that its pages are there before the first click.
            arena: vec![b' '; TEXTS_BYTES_PER_SEGMENT_MAX].into(),
            used: 0,
            texts: 0,
            round: 1,
            last: [TextSlot::default(); SHARED],
        }
    }

    /// Where `text` stands, if it is the string of this `kind` that was last
    /// [asked for](Self::place), as the host of most clicks is: it is not hashed.
    #[inline]
    #[must_use]
    pub fn last(&self, kind: usize, text: &[u8]) -> Option<TextPlace> {
        let last = &self.last[kind];
        (last.round == self.round && self.is_of(last, text)).then_some(last.place)
    }

    /// Where `text`, of 1 to [`TEXT_BYTES_MAX`] bytes, stands. If that is nowhere
    /// yet, it is `next` from now on, and the caller writes it there. `None` if
    /// there is no room to remember that. Never allocates.
    ///
    /// `kind` is which of a click's [`SHARED`] strings it is.
    pub fn place(&mut self, kind: usize, text: &[u8], next: TextPlace) -> Option<TextPlace> {
        debug_assert!((1..=TEXT_BYTES_MAX).contains(&text.len()));
        // None is ever taken out of a round: what is not found before a free slot is
        // nowhere, and what found none under its quick hash never will.
        let quick = self.quick_hash(text).and_then(|hash| self.search(hash, QUICK_SLOTS, text));
        let (index, tag) = match quick {
            Some(found) => found,
            None => self.search(self.whole_hash(text), SLOTS, text)?,
        };
        let slot = self.slots[index];
        if slot.round == self.round {
            self.last[kind] = slot;
            return Some(slot.place);
        }
        if self.texts == TEXTS_PER_SEGMENT_MAX || self.arena.len() - self.used < text.len() {
            return None;
        }
        self.arena[self.used..][..text.len()].copy_from_slice(text);
        let slot = TextSlot {
            round: self.round,
            place: next,
            begin: self.used as u32,
            bytes: text.len() as u16,
            tag,
        };
        self.slots[index] = slot;
        self.used += text.len();
        self.texts += 1;
        self.last[kind] = slot;
        Some(next)
    }

    /// The slot of `text` among the first `count` that `hash` leads to, or the free one
    /// where it belongs, and the tag that it has there; `None` if others take them all.
    #[inline]
    fn search(&self, hash: u64, count: usize, text: &[u8]) -> Option<(usize, u16)> {
        let tag = (hash >> 48) as u16;
        (0..count).find_map(|step| {
            let index = (hash as usize).wrapping_add(step) % SLOTS;
            let slot = &self.slots[index];
            let is_it = slot.round != self.round || slot.tag == tag && self.is_of(slot, text);
            is_it.then_some((index, tag))
        })
    }

    /// A hash of the length and of what mostly tells two strings of one length apart:
    /// the device in a user agent, and the end. `None` for a short one.
    #[inline]
    fn quick_hash(&self, text: &[u8]) -> Option<u64> {
        let (_, begin) = text.first_chunk::<40>()?.split_last_chunk::<16>()?;
        let mut hasher = self.seed.build_hasher();
        hasher.write_u128(u128::from_ne_bytes(*begin) ^ text.len() as u128);
        for bytes in text.last_chunk::<32>()?.as_chunks::<16>().0 {
            hasher.write_u128(u128::from_ne_bytes(*bytes));
        }
        Some(hasher.finish())
    }

    fn whole_hash(&self, text: &[u8]) -> u64 {
        let mut hasher = self.seed.build_hasher();
        hasher.write(text);
        hasher.finish()
    }

    /// Whether the string of a slot that is taken is `text`.
    fn is_of(&self, slot: &TextSlot, text: &[u8]) -> bool {
        usize::from(slot.bytes) == text.len()
            && self.arena[slot.begin as usize..][..text.len()] == *text
    }

    /// Forgets all strings, for a new segment.
    pub fn clear(&mut self) {
        self.used = 0;
        self.texts = 0;
        self.round = self.round.checked_add(1).unwrap_or_else(|| {
            // Once in four billion segments.
            self.slots.fill(TextSlot::default());
            self.last.fill(TextSlot::default());
            1
        });
    }
}

impl Default for Dictionary {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// The place of the record number `number`.
    fn nth(number: usize) -> TextPlace {
        TextPlace::of(4096 + 8 * number as u64)
    }

    #[test]
    fn the_second_time_it_stands_where_it_first_stood() {
        let mut dictionary = Dictionary::new();
        assert_eq!(dictionary.place(0, b"curl/8.7.1", nth(0)), Some(nth(0)));
        assert_eq!(dictionary.place(0, b"curl/8.7.2", nth(1)), Some(nth(1)));
        assert_eq!(dictionary.place(0, b"curl/8.7.1", nth(2)), Some(nth(0)));
    }
    #[test]
    fn a_beginning_is_another_string() {
        let mut dictionary = Dictionary::new();
        assert_eq!(dictionary.place(0, b"curl/8.7.1", nth(0)), Some(nth(0)));
        assert_eq!(dictionary.place(0, b"curl/8.7.", nth(1)), Some(nth(1)));
    }
    #[test]
    fn a_new_segment_has_none() {
        let mut dictionary = Dictionary::new();
        dictionary.place(0, b"curl/8.7.1", nth(0));
        dictionary.clear();
        assert_eq!(dictionary.place(0, b"curl/8.7.1", nth(5)), Some(nth(5)));
    }
    #[test]
    fn rounds_begin_again() {
        let mut dictionary = Dictionary::new();
        // In round 1, which comes again.
        dictionary.place(0, b"curl/8.7.1", nth(0));
        dictionary.round = u32::MAX;
        dictionary.clear();
        assert_eq!(dictionary.last(0, b"curl/8.7.1"), None);
        assert_eq!(dictionary.place(0, b"curl/8.7.1", nth(5)), Some(nth(5)));
    }
    /// The last string of a kind is known without a search, for that kind alone, and
    /// must be of this segment.
    #[test]
    fn the_last_one_does_not_outlive_its_segment() {
        let mut dictionary = Dictionary::new();
        for round in 0..3 {
            let host = format!("host-{round}.example");
            for (kind, number) in (0..SHARED).zip(1..) {
                let (first, again) = (nth(10 * round + number), nth(999));
                let text = format!("{host}/{kind}");
                assert_eq!(dictionary.last(kind, text.as_bytes()), None);
                assert_eq!(dictionary.place(kind, text.as_bytes(), first), Some(first));
                assert_eq!(dictionary.last(kind, text.as_bytes()), Some(first));
                assert_eq!(dictionary.last(kind, &text.as_bytes()[1..]), None);
                assert_eq!(dictionary.place(kind, text.as_bytes(), again), Some(first));
                // A kind remembers for itself alone, and all know the same strings.
                let other = (kind + 1) % SHARED;
                assert_eq!(dictionary.last(other, text.as_bytes()), None);
                assert_eq!(dictionary.place(other, text.as_bytes(), again), Some(first));
                assert_eq!(dictionary.last(other, text.as_bytes()), Some(first));
            }
            assert_eq!(dictionary.texts, SHARED);
            let last = format!("{host}/{}", SHARED - 1);
            dictionary.clear();
            for kind in 0..SHARED {
                dictionary.clear();
                let place = nth(500 + kind);
                assert_eq!(dictionary.last(kind, last.as_bytes()), None);
                assert_eq!(dictionary.place(kind, last.as_bytes(), place), Some(place));
            }
            dictionary.clear();
        }
    }
    /// Ten strings that differ only where the quick hash does not look.
    #[test]
    fn what_looks_alike_is_told_apart() {
        let mut dictionary = Dictionary::new();
        let texts: [String; 10] =
            std::array::from_fn(|number| format!("{}{number}{}", "a".repeat(45), "z".repeat(40)));
        for again in [0, 100] {
            for (number, text) in texts.iter().enumerate() {
                let place = dictionary.place(0, text.as_bytes(), nth(number + again));
                assert_eq!(place, Some(nth(number)));
            }
        }
        assert_eq!(dictionary.texts, texts.len());
    }
    #[test]
    fn full_of_strings() {
        let mut dictionary = Dictionary::new();
        for number in 0..TEXTS_PER_SEGMENT_MAX {
            let place = dictionary.place(0, number.to_string().as_bytes(), nth(number));
            assert_eq!(place, Some(nth(number)));
        }
        assert_eq!(dictionary.place(0, b"one more", nth(9_999)), None);
        assert_eq!(dictionary.place(0, b"77", nth(9_999)), Some(nth(77)));
    }
    #[test]
    fn full_of_bytes() {
        let mut dictionary = Dictionary::new();
        let whole = TEXTS_BYTES_PER_SEGMENT_MAX / TEXT_BYTES_MAX;
        for number in 0..whole {
            let text = format!("{number:0TEXT_BYTES_MAX$}");
            assert_eq!(dictionary.place(0, text.as_bytes(), nth(number)), Some(nth(number)));
        }
        assert_eq!(dictionary.place(0, &[b'x'; TEXT_BYTES_MAX], nth(9_999)), None);
        // Shorter ones may still find room.
        assert_eq!(dictionary.place(0, b"x", nth(9_998)), Some(nth(9_998)));
    }

    #[test]
    fn beside_a_model() {
        let seed = fastrand::u64(..);
        eprintln!("SEED={seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut dictionary = Dictionary::new();
        for round in 0..8 {
            let (mut model, mut bytes) = (HashMap::<Vec<u8>, TextPlace>::new(), 0);
            // Few strings come again and again, many fill the table, long ones the arena.
            let (texts, bytes_max) = [(50, 20), (9_000, 20), (6_000, 255)][round % 3];
            for step in 0..20_000 {
                let number = rng.u32(..texts);
                let mut text = number.to_string().into_bytes();
                text.resize(text.len().max(number as usize % bytes_max), b' ');
                let last = dictionary.last(step % SHARED, &text);
                assert!(last.is_none_or(|place| model.get(&text) == Some(&place)));
                let place = dictionary.place(step % SHARED, &text, nth(step));
                let is_full = model.len() == TEXTS_PER_SEGMENT_MAX
                    || bytes + text.len() > TEXTS_BYTES_PER_SEGMENT_MAX;
                match model.get(&text) {
                    Some(known) => assert_eq!(place, Some(*known)),
                    None if is_full => assert_eq!(place, None),
                    None => {
                        assert_eq!(place, Some(nth(step)));
                        bytes += text.len();
                        model.insert(text, nth(step));
                    }
                }
            }
            dictionary.clear();
        }
    }
}
