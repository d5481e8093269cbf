//! Room in which a record is put together.

use super::lengths::RECORD_BYTES_MAX;

/// Room for the longest record, aligned so that its checksum takes whole words.
#[repr(C, align(8))]
#[derive(Clone, Debug)]
pub struct RecordScratch([u8; RECORD_BYTES_MAX]);

impl RecordScratch {
    /// Room, with any bytes in it.
    #[must_use]
    pub fn new() -> Self {
        Self::filled_with(0)
    }

    /// Room full of this byte, which must not show in a record.
    #[must_use]
    pub fn filled_with(byte: u8) -> Self {
        Self([byte; RECORD_BYTES_MAX])
    }

    /// A record of `bytes` and its padding, with type and sequence. The rest of it is
    /// what an older record has left.
    pub(super) fn begin(&mut self, kind: u8, sequence: u64, bytes: usize) -> &mut [u8] {
        let length = bytes.next_multiple_of(8);
        let record = &mut self.0[..length];
        record[length - 8..].fill(0);
        record[8] = kind;
        record[16..24].copy_from_slice(&sequence.to_le_bytes());
        record
    }
}

impl Default for RecordScratch {
    fn default() -> Self {
        Self::new()
    }
}
