//! Texts: strings that stand once in a segment, and where clicks refer to them.

use super::click::SHARED;
use super::frame::{self, Salt, u16_at};
use super::lengths::{RECORD_BYTES_MIN, TEXT_BYTES_MAX, text_bytes};
use super::scratch::RecordScratch;

pub(super) const TYPE: u8 = 3;

/// Where in its segment a text stands: its offset in the file, in words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextPlace(u32);

/// Set in the field of a string that stands elsewhere.
const IS_PLACE: u32 = 1 << 31;

impl TextPlace {
    /// From this offset on nothing has a place. No segment is as large.
    pub const END: u64 = IS_PLACE as u64 * 8;

    /// The place of the record at `offset`, a multiple of 8 before
    /// [`END`](Self::END).
    #[must_use]
    pub fn of(offset: u64) -> Self {
        debug_assert!(offset.is_multiple_of(8) && offset < Self::END);
        Self((offset / 8) as u32)
    }

    /// Where in the file that is, bytes.
    #[must_use]
    pub fn offset(self) -> u64 {
        u64::from(self.0) * 8
    }
}

/// What a click says of one of its shared strings: where it stands, or how long it is
/// if it stands in the click.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StringField(pub(super) u32);

/// Those of all shared strings of a click.
pub type StringFields = [StringField; SHARED];

impl StringField {
    /// Of a string of so many bytes in the click.
    #[must_use]
    pub fn here(bytes: usize) -> Self {
        debug_assert!(bytes < IS_PLACE as usize);
        Self(bytes as u32)
    }

    /// Of a string that stands there.
    #[must_use]
    pub fn at(place: TextPlace) -> Self {
        Self(place.0 | IS_PLACE)
    }

    /// How much of the string stands in the click, bytes.
    #[must_use]
    pub fn bytes_here(self) -> usize {
        if self.0 & IS_PLACE == 0 { self.0 as usize } else { 0 }
    }

    /// Where the string stands, if that is elsewhere.
    #[must_use]
    pub fn place(self) -> Option<TextPlace> {
        (self.0 & IS_PLACE != 0).then_some(TextPlace(self.0 & !IS_PLACE))
    }
}

/// Encodes a text of up to [`TEXT_BYTES_MAX`] bytes, written for the click that
/// will be number `sequence`.
pub fn encode_text<'s>(
    text: &[u8],
    sequence: u64,
    salt: Salt,
    scratch: &'s mut RecordScratch,
) -> &'s [u8] {
    let record = scratch.begin(TYPE, sequence, RECORD_BYTES_MIN + text.len());
    record[9] = 0;
    record[10..12].copy_from_slice(&(text.len() as u16).to_le_bytes());
    record[12..16].fill(0);
    record[RECORD_BYTES_MIN..][..text.len()].copy_from_slice(text);
    frame::close(record, salt);
    record
}

/// The text in a record whose frame has been found good.
pub fn text_of(record: &[u8]) -> Option<&[u8]> {
    let bytes = usize::from(u16_at(record, 10));
    let is_whole = (1..=TEXT_BYTES_MAX).contains(&bytes) && record.len() == text_bytes(bytes);
    is_whole.then(|| &record[RECORD_BYTES_MIN..][..bytes])
}
