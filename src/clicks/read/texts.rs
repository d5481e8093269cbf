//! The strings of a segment that a reader has passed, by where they stand.

use std::ops::Range;

use crate::clicks::format::click::SHARED;
use crate::clicks::format::lengths::TEXT_BYTES_MAX;
use crate::clicks::format::text::TextPlace;
use crate::limits::{TEXTS_BYTES_PER_SEGMENT_MAX, TEXTS_PER_SEGMENT_MAX};

/// As many strings as one segment's dictionary holds. Where a file holds more,
/// which no server writes, they are forgotten and read again.
#[derive(Debug, Default)]
pub struct KnownTexts {
    /// Where each stands in the file and in `bytes`, in the order of the file.
    known: Vec<(TextPlace, Range<usize>)>,
    bytes: Vec<u8>,
}

impl KnownTexts {
    /// Makes room for the strings of one click: until the next call none of them
    /// is forgotten.
    pub fn make_room(&mut self) {
        if self.known.len() + SHARED > TEXTS_PER_SEGMENT_MAX
            || self.bytes.len() + SHARED * TEXT_BYTES_MAX > TEXTS_BYTES_PER_SEGMENT_MAX
        {
            self.known.clear();
            self.bytes.clear();
        }
    }

    /// Keeps `text`, and says where it can be [got](Self::get).
    pub fn keep(&mut self, place: TextPlace, text: &[u8]) -> Range<usize> {
        let range = self.bytes.len()..self.bytes.len() + text.len();
        match self.search(place) {
            Ok(known) => return self.known[known].1.clone(),
            Err(at) => self.known.insert(at, (place, range.clone())),
        }
        self.bytes.extend_from_slice(text);
        range
    }

    /// Where the text at `place` can be got, if it was kept.
    #[must_use]
    pub fn find(&self, place: TextPlace) -> Option<Range<usize>> {
        self.search(place).ok().map(|known| self.known[known].1.clone())
    }

    /// The text that was kept there.
    #[must_use]
    pub fn get(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    fn search(&self, place: TextPlace) -> Result<usize, usize> {
        self.known.binary_search_by_key(&place, |(place, _)| *place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_any_order() {
        let mut texts = KnownTexts::default();
        for offset in [64, 16, 80, 16, 8] {
            texts.keep(TextPlace::of(offset), offset.to_string().as_bytes());
        }
        let get = |offset| texts.find(TextPlace::of(offset)).map(|range| texts.get(range));
        assert_eq!(get(16), Some(&b"16"[..]));
        assert_eq!(get(64), Some(&b"64"[..]));
        assert_eq!(get(8), Some(&b"8"[..]));
        assert_eq!(get(72), None);
    }

    #[test]
    fn never_more_than_a_dictionary() {
        let mut texts = KnownTexts::default();
        for number in 0..3 * TEXTS_PER_SEGMENT_MAX as u64 {
            texts.make_room();
            texts.keep(TextPlace::of(8 * number), &[1; TEXT_BYTES_MAX]);
            assert!(texts.known.len() <= TEXTS_PER_SEGMENT_MAX);
            assert!(texts.bytes.len() <= TEXTS_BYTES_PER_SEGMENT_MAX);
        }
    }
}
