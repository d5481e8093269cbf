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

const _: () = assert!(SLOTS.is_power_of_two() && SLOTS - 1 <= u16::MAX as usize);
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
    /// The slot of the string that was last asked for, for each kind. It may be of
    /// another segment, and then is free like all of them.
    last: [u16; SHARED],
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
            last: [0; SHARED],
        }
    }

    /// Where `text`, of 1 to [`TEXT_BYTES_MAX`] bytes, stands. If that is nowhere
    /// yet, it is `next` from now on, and the caller writes it there. `None` if
    /// there is no room to remember that. Never allocates.
    ///
    /// `kind` is which of a click's [`SHARED`] strings it is. Where a click has the
    /// same one as the click before, as most have the host, it is not hashed.
    pub fn place(&mut self, kind: usize, text: &[u8], next: TextPlace) -> Option<TextPlace> {
        debug_assert!((1..=TEXT_BYTES_MAX).contains(&text.len()));
        let last = &self.slots[usize::from(self.last[kind])];
        if last.round == self.round && self.is_of(last, text) {
            return Some(last.place);
        }
        let mut hasher = self.seed.build_hasher();
        hasher.write(text);
        let hash = hasher.finish();
        let tag = (hash >> 48) as u16;
        let mut index = hash as usize % SLOTS;
        loop {
            let slot = &self.slots[index];
            if slot.round != self.round {
                break;
            }
            if slot.tag == tag && self.is_of(slot, text) {
                self.last[kind] = index as u16;
                return Some(slot.place);
            }
            index = (index + 1) % SLOTS;
        }
        if self.texts == TEXTS_PER_SEGMENT_MAX || self.arena.len() - self.used < text.len() {
            return None;
        }
        self.arena[self.used..][..text.len()].copy_from_slice(text);
        self.slots[index] = TextSlot {
            round: self.round,
            place: next,
            begin: self.used as u32,
            bytes: text.len() as u16,
            tag,
        };
        self.used += text.len();
        self.texts += 1;
        self.last[kind] = index as u16;
        Some(next)
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
        dictionary.place(0, b"curl/8.7.1", nth(0));
        dictionary.round = u32::MAX;
        dictionary.clear();
        assert_eq!(dictionary.place(0, b"curl/8.7.1", nth(5)), Some(nth(5)));
    }
    /// The last string of a kind, asked for again and again, must be of this
    /// segment: also where its slot is taken by another string of this one.
    #[test]
    fn the_last_one_does_not_outlive_its_segment() {
        let mut dictionary = Dictionary::new();
        for round in 0..3 {
            let host = format!("host-{round}.example");
            for (kind, number) in (0..SHARED).zip(1..) {
                let (first, again) = (nth(10 * round + number), nth(999));
                let text = format!("{host}/{kind}");
                assert_eq!(dictionary.place(kind, text.as_bytes(), first), Some(first));
                assert_eq!(dictionary.place(kind, text.as_bytes(), again), Some(first));
                // A kind remembers for itself alone, and all know the same strings.
                let other = (kind + 1) % SHARED;
                assert_eq!(dictionary.place(other, text.as_bytes(), again), Some(first));
            }
            assert_eq!(dictionary.texts, SHARED);
            let last = format!("{host}/{}", SHARED - 1);
            dictionary.clear();
            for kind in 0..SHARED {
                dictionary.clear();
                let place = nth(500 + kind);
                assert_eq!(dictionary.place(kind, last.as_bytes(), place), Some(place));
            }
            dictionary.clear();
        }
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
