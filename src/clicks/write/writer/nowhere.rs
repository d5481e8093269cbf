//! A writer without a click log.

use super::*;

impl Writer {
    /// A writer that has nowhere to write: every click is lost, and counted so. For
    /// links that are asked without serving anybody. All clicks get one id, that of
    /// a lost one, signed with a key that is no secret.
    ///
    /// # Panics
    ///
    /// If there is no memory.
    #[must_use]
    pub fn nowhere() -> Self {
        // Of the memory only its ends are ever touched.
        let map = SegmentMap::anonymous(SEGMENT_BYTES_MIN as usize).expect("memory for a segment");
        let keys = ClickKeys::parse("0 00000000000000000000000000000000").expect("it is a key");
        let signer = Signer { keys, node: 0, shard: 0 };
        let segment = Arc::new(Segment::new(1, Salt::new(0), map));
        let mut writer = Self::new(Arc::new(Handover::new(1)), segment, signer);
        // It is full but for what tells of the loss, and there never is another.
        writer.at = writer.segment.map().bytes() - GAP_BYTES;
        writer.wake_at = usize::MAX;
        writer
    }
}
