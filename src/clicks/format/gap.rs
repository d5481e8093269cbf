//! Gaps: clicks that were answered and not recorded.

use super::frame::{self, Salt, u64_at};
use super::lengths::GAP_BYTES;

pub(super) const TYPE: u8 = 2;

/// Clicks that were counted but not recorded, because no segment was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// How many clicks.
    pub count: u64,
    /// Time of the first, Unix µs.
    pub from_us: u64,
    /// Time of the last, Unix µs.
    pub to_us: u64,
}

impl Gap {
    /// The record of this gap, whose first lost click is number `sequence`.
    #[must_use]
    pub fn encode(&self, sequence: u64, salt: Salt) -> [u8; GAP_BYTES] {
        let mut record = [0; GAP_BYTES];
        record[8] = TYPE;
        record[16..24].copy_from_slice(&sequence.to_le_bytes());
        record[24..32].copy_from_slice(&self.from_us.to_le_bytes());
        record[32..40].copy_from_slice(&self.count.to_le_bytes());
        record[40..48].copy_from_slice(&self.to_us.to_le_bytes());
        frame::close(&mut record, salt);
        record
    }

    /// The gap in a record whose frame has been found good.
    pub(super) fn of(record: &[u8]) -> Option<Self> {
        if record.len() != GAP_BYTES {
            return None;
        }
        let (from_us, to_us) = (u64_at(record, 24), u64_at(record, 40));
        let gap = Self { from_us, count: u64_at(record, 32), to_us };
        (gap.count > 0).then_some(gap)
    }
}
