//! Clicks that were answered and whose reply never left: the connection ended before.

use super::frame::{self, Salt, u64_at};
use super::lengths::UNDELIVERED_BYTES;

pub(super) const TYPE: u8 = 5;

/// Clicks of which not a byte of the reply was handed to the kernel. Which ones they are is
/// not said: they are among those of the shard that came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// How many clicks.
    pub count: u64,
    /// When the first of their connections ended, Unix µs.
    pub from_us: u64,
    /// When the last of them did, Unix µs.
    pub to_us: u64,
}

impl Undelivered {
    /// Its record, where the next click has the number `sequence`.
    #[must_use]
    pub fn encode(&self, sequence: u64, salt: Salt) -> [u8; UNDELIVERED_BYTES] {
        let mut record = [0; UNDELIVERED_BYTES];
        record[8] = TYPE;
        record[16..24].copy_from_slice(&sequence.to_le_bytes());
        record[24..32].copy_from_slice(&self.from_us.to_le_bytes());
        record[32..40].copy_from_slice(&self.count.to_le_bytes());
        record[40..48].copy_from_slice(&self.to_us.to_le_bytes());
        frame::close(&mut record, salt);
        record
    }

    /// What a record says whose frame has been found good. A later version may add to it.
    pub(super) fn of(record: &[u8]) -> Option<Self> {
        if record.len() < UNDELIVERED_BYTES {
            return None;
        }
        let (from_us, to_us) = (u64_at(record, 24), u64_at(record, 40));
        let undelivered = Self { from_us, count: u64_at(record, 32), to_us };
        (undelivered.count > 0).then_some(undelivered)
    }
}
