//! How far a sink has got, as bytes. [`register`](super::register) keeps them.
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `CAROMSHP` |
//! | 8 | 4 | version, 1 |
//! | 12 | 4 | length, from the first byte to the checksum |
//! | 16 | 8 | generation: the slot with the higher one counts |
//! | 24 | 8 | batches that the sink has acknowledged |
//! | 32 | 8 | clicks in them |
//! | 40 | 8 | clicks of the batch in flight; 0 if none is |
//! | 48 | 4 | length of the address |
//! | 52 | 4 | how many positions: how far the sink has all clicks |
//! | 56 | 4 | how many positions: where the batch in flight ends |
//! | 60 | … | the address, then the positions, 34 bytes each |
//! | … | 4 | CRC32C of all before it |

use std::fmt;

use super::pruned::PrunedSegment;
use crate::clicks::Position;
use crate::clicks::folder::SegmentFile;
use crate::limits::{CHECKPOINT_SLOT_BYTES, SHARDS_MAX, SINK_ADDRESS_BYTES_MAX};

const MAGIC: [u8; 8] = *b"CAROMSHP";
const VERSION: u32 = 1;
/// Everything before the address, bytes.
const FIXED_BYTES: usize = 60;
/// One position, bytes.
const POSITION_BYTES: usize = 34;
const CHECKSUM_BYTES: usize = 4;

const _: () = assert!(
    FIXED_BYTES + SINK_ADDRESS_BYTES_MAX + 2 * POSITION_BYTES * SHARDS_MAX + CHECKSUM_BYTES
        <= CHECKPOINT_SLOT_BYTES
);

/// What is known of a sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Where it is and how clicks are written for it.
    pub address: String,
    /// Batches that it has acknowledged: the number of the last.
    pub batches: u64,
    /// Clicks in them.
    pub clicks: u64,
    /// How far it has all clicks, for each shard, by shard.
    pub positions: Vec<Position>,
    /// The batch that it may or may not have.
    pub in_flight: Option<InFlight>,
}

/// A batch that was begun and not acknowledged. It begins where the sink has all
/// clicks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// How many clicks it holds, at least 1.
    pub clicks: u64,
    /// Where it ends, for each shard that it has clicks of.
    pub ends: Vec<Position>,
}

/// There are more shards than a checkpoint has room for, or the address is too
/// long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a checkpoint has room for {SHARDS_MAX} shards and an address of \
             {SINK_ADDRESS_BYTES_MAX} bytes"
        )
    }
}

impl std::error::Error for TooLarge {}

impl Checkpoint {
    /// The sink has acknowledged the batch in flight.
    pub fn acknowledge(&mut self) {
        let Some(batch) = self.in_flight.take() else {
            return;
        };
        self.batches += 1;
        self.clicks += batch.clicks;
        self.positions.retain(|old| batch.ends.iter().all(|end| end.shard != old.shard));
        self.positions.extend(batch.ends);
        self.positions.sort_by_key(|position| position.shard);
    }

    /// Goes on behind segments that were deleted before the sink had them, as far as it has
    /// all of `files` that come before each; returns how many of their clicks it lacked.
    pub fn pass_over(&mut self, segments: &[PrunedSegment], files: &[SegmentFile]) -> u64 {
        let mut segments = segments.to_vec();
        segments.sort_by_key(|it| (it.shard, it.segment));
        let mut lacked = 0;
        for segment in segments {
            let at = self.positions.iter().position(|it| it.shard == segment.shard);
            let position = at.map(|at| self.positions[at]);
            if position.is_some_and(|position| !segment.is_behind(&position)) {
                continue;
            }
            lacked += segment.clicks;
            let before = position.map_or(0, |position| position.segment)..segment.segment;
            let is_before =
                |it: &SegmentFile| it.shard == segment.shard && before.contains(&it.number);
            if files.iter().any(is_before) {
                continue;
            }
            match at {
                Some(at) => self.positions[at] = segment.end(),
                None => self.positions.push(segment.end()),
            }
        }
        self.positions.sort_by_key(|position| position.shard);
        lacked
    }

    /// The slot of this generation.
    ///
    /// # Errors
    ///
    /// [`TooLarge`].
    pub fn encode(&self, generation: u64) -> Result<Vec<u8>, TooLarge> {
        let (clicks, ends) =
            self.in_flight.as_ref().map_or((0, &[][..]), |batch| (batch.clicks, &batch.ends));
        let shards = self.positions.len().max(ends.len());
        if shards > SHARDS_MAX || self.address.len() > SINK_ADDRESS_BYTES_MAX {
            return Err(TooLarge);
        }
        let mut slot = Vec::with_capacity(CHECKPOINT_SLOT_BYTES);
        slot.extend(MAGIC);
        slot.extend(VERSION.to_le_bytes());
        slot.extend([0; 4]);
        for number in [generation, self.batches, self.clicks, clicks] {
            slot.extend(number.to_le_bytes());
        }
        for count in [self.address.len(), self.positions.len(), ends.len()] {
            slot.extend((count as u32).to_le_bytes());
        }
        slot.extend(self.address.bytes());
        for position in self.positions.iter().chain(ends) {
            slot.extend(position.shard.to_le_bytes());
            for number in [position.run, position.segment, position.offset, position.sequence] {
                slot.extend(number.to_le_bytes());
            }
        }
        let length = slot.len() as u32;
        slot[12..16].copy_from_slice(&length.to_le_bytes());
        slot.extend(crc32c::crc32c(&slot).to_le_bytes());
        Ok(slot)
    }

    /// Reads a slot: its generation and what it says. `None` if it is not whole.
    #[must_use]
    pub fn decode(slot: &[u8]) -> Option<(u64, Self)> {
        let mut head = CheckpointFields(slot);
        let is_ours = head.take()? == MAGIC && u32::from_le_bytes(head.take()?) == VERSION;
        let length = u32::from_le_bytes(head.take()?) as usize;
        let (body, behind) = slot.split_at_checked(length).filter(|_| is_ours)?;
        let checksum = behind.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        if checksum != Some(crc32c::crc32c(body)) {
            return None;
        }
        let mut fields = CheckpointFields(body.get(16..)?);
        let [generation, batches, clicks, in_flight] = fields.numbers()?;
        let mut counts = [0; 3];
        for count in &mut counts {
            *count = u32::from_le_bytes(fields.take()?) as usize;
        }
        let address = str::from_utf8(fields.bytes(counts[0])?).ok()?.to_owned();
        let positions = fields.positions(counts[1])?;
        let ends = fields.positions(counts[2])?;
        let in_flight = (in_flight > 0).then_some(InFlight { clicks: in_flight, ends });
        Some((generation, Self { address, batches, clicks, positions, in_flight }))
    }
}

/// Bytes that are read from the front.
struct CheckpointFields<'a>(&'a [u8]);

impl<'a> CheckpointFields<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn numbers(&mut self) -> Option<[u64; 4]> {
        let mut numbers = [0; 4];
        for number in &mut numbers {
            *number = u64::from_le_bytes(self.take()?);
        }
        Some(numbers)
    }

    fn positions(&mut self, count: usize) -> Option<Vec<Position>> {
        if count > SHARDS_MAX {
            return None;
        }
        let position = |_| {
            let shard = u16::from_le_bytes(self.take()?);
            let [run, segment, offset, sequence] = self.numbers()?;
            Some(Position { shard, run, segment, offset, sequence })
        };
        (0..count).map(position).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(shard: u16, offset: u64) -> Position {
        Position { shard, run: 1_763_800_000_000_000, segment: 42, offset, sequence: 7 }
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            address: "file:/var/lib/clicks ndjson".to_owned(),
            batches: 3,
            clicks: 1_000,
            positions: vec![position(0, 4096), position(2, 8192)],
            in_flight: Some(InFlight { clicks: 9, ends: vec![position(1, 80), position(2, 9000)] }),
        }
    }

    fn check(checkpoint: &Checkpoint) {
        let slot = checkpoint.encode(5).unwrap();
        assert!(slot.len() <= CHECKPOINT_SLOT_BYTES);
        assert_eq!(Checkpoint::decode(&slot), Some((5, checkpoint.clone())));
        let mut padded = slot;
        padded.resize(CHECKPOINT_SLOT_BYTES, 0xee);
        assert_eq!(Checkpoint::decode(&padded), Some((5, checkpoint.clone())));
    }

    #[test]
    fn empty() {
        check(&Checkpoint::default());
    }
    #[test]
    fn in_flight() {
        check(&checkpoint());
    }
    #[test]
    fn acknowledged() {
        let mut checkpoint = checkpoint();
        checkpoint.acknowledge();
        let positions = vec![position(0, 4096), position(1, 80), position(2, 9000)];
        let expected = Checkpoint {
            batches: 4,
            clicks: 1_009,
            positions,
            in_flight: None,
            ..checkpoint.clone()
        };
        assert_eq!(checkpoint, expected);
        checkpoint.acknowledge();
        assert_eq!(checkpoint, expected, "there is nothing to acknowledge");
        check(&checkpoint);
    }
    #[test]
    fn of_the_most_shards() {
        let positions: Vec<_> = (0..SHARDS_MAX as u16).map(|shard| position(shard, 8)).collect();
        let in_flight = Some(InFlight { clicks: 1, ends: positions.clone() });
        let address = "x".repeat(SINK_ADDRESS_BYTES_MAX);
        let mut full = Checkpoint { address, positions, in_flight, ..checkpoint() };
        check(&full);
        full.positions.push(position(SHARDS_MAX as u16, 8));
        assert_eq!(full.encode(1), Err(TooLarge));
    }

    #[test]
    fn any_changed_byte_is_seen() {
        let slot = checkpoint().encode(5).unwrap();
        for at in 0..slot.len() {
            let mut damaged = slot.clone();
            damaged[at] ^= 0x10;
            assert_eq!(Checkpoint::decode(&damaged), None, "byte {at}");
            assert_eq!(Checkpoint::decode(&slot[..at]), None, "cut at {at}");
        }
    }
}
