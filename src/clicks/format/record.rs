//! Records: what stands in a segment behind its first page, one after the other. A
//! record is a [frame] whose payload begins with its type.

use super::click::Click;
use super::frame::{self, FRAME_BYTES, Flaw, Framed, Salt, u64_at};
use super::gap::{self, Gap};
use super::lengths::RECORD_BYTES_MIN;
use super::link::{self, LoggedLink};
use super::text::{self, StringFields, text_of};
use super::undelivered::{self, Undelivered};
use super::{click_bytes, click_bytes::click_of};
use crate::limits::SEQUENCE_MAX;

/// A whole record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentRecord<'a> {
    /// Length in the segment, bytes.
    pub bytes: usize,
    /// Number of the click, or of the first click in a gap.
    pub sequence: u64,
    /// What it records.
    pub body: RecordBody<'a>,
}

/// What a record records. Only clicks and gaps take sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordBody<'a> {
    /// One click. Strings that stand elsewhere are empty in it.
    Click(Click<'a>, StringFields),
    /// Clicks that are lost.
    Gap(Gap),
    /// A string that clicks behind it refer to.
    Text(&'a [u8]),
    /// What a link was.
    Link(LoggedLink<'a>),
    /// Clicks before it whose reply never left.
    Undelivered(Undelivered),
    /// A type this version does not know.
    Other(u8),
}

impl SegmentRecord<'_> {
    /// The sequence number that the next record should have.
    #[must_use]
    pub fn sequence_after(&self) -> u64 {
        let span = match self.body {
            RecordBody::Click(..) => 1,
            RecordBody::Gap(gap) => gap.count,
            _ => 0,
        };
        self.sequence.saturating_add(span)
    }
}

/// What the bytes at a place turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodedRecord<'a> {
    /// A whole record.
    Whole(SegmentRecord<'a>),
    /// Nothing has been written here (yet).
    Absent,
    /// Something is there, and it is no record.
    Damaged(Flaw),
}

/// Looks at the start of `bytes` for a record of up to `bytes_max` bytes. Any bytes
/// will do.
#[must_use]
pub fn decode(bytes: &[u8], salt: Salt, bytes_max: usize) -> DecodedRecord<'_> {
    match frame::open(bytes, salt, RECORD_BYTES_MIN, bytes_max) {
        Framed::Whole(payload) => decode_body(&bytes[..FRAME_BYTES + payload.len()]),
        Framed::Absent => DecodedRecord::Absent,
        Framed::Damaged(flaw) => DecodedRecord::Damaged(flaw),
    }
}

/// Decodes a record whose frame has been found good.
fn decode_body(record: &[u8]) -> DecodedRecord<'_> {
    let body = match record[8] {
        click_bytes::TYPE => {
            click_of(record).map(|(click, fields)| RecordBody::Click(click, fields))
        }
        gap::TYPE => Gap::of(record).map(RecordBody::Gap),
        text::TYPE => text_of(record).map(RecordBody::Text),
        link::TYPE => LoggedLink::of(record).map(RecordBody::Link),
        undelivered::TYPE => Undelivered::of(record).map(RecordBody::Undelivered),
        0 => None,
        other => Some(RecordBody::Other(other)),
    };
    let whole = body.map(|body| {
        let sequence = u64_at(record, 16);
        SegmentRecord { bytes: record.len(), sequence, body }
    });
    match whole {
        // No click has a higher number, nor a gap one in it.
        Some(record) if record.sequence_after() <= SEQUENCE_MAX + 1 => DecodedRecord::Whole(record),
        _ => DecodedRecord::Damaged(Flaw::Shape),
    }
}

#[cfg(test)]
mod tests;
