//! The first page of a segment file: header, start block, tally of lost clicks
//! and seal. Bytes in, bytes out; the layout is told in `docs/click-log.md`.
//!
//! Each block has one writer and is written once: the header by the keeper when
//! it makes the file, the start block by the shard with its first click, the
//! seal by the keeper after the shard is done. Zero means "not written".

use std::fmt;

use super::frame::{self, Flaw, Framed, Salt, u16_at, u32_at, u64_at};
use super::lengths::{RECORD_BYTES_MAX, RECORD_BYTES_MAX_BEFORE_4};
use crate::limits::{SEGMENT_HEADER_BYTES, SEQUENCE_MAX};

/// The first eight bytes of every segment.
pub const MAGIC: [u8; 8] = *b"CAROMCLK";
/// Version of the page, of the frames and of clicks.
pub const VERSION: u16 = 4;
/// The oldest that is read. A click of an older version is one of this version that
/// has nothing of what came later: a tag since 3; reason, signals and tail since 4.
const VERSION_OLDEST: u16 = 2;
/// Version of what records hold.
pub const SCHEMA: u16 = 3;

/// Length of the header, bytes.
const HEADER_BYTES: usize = 96;
/// Where its MAC stands, and that one's length.
const HEADER_MAC_AT: usize = 84;
const HEADER_MAC_BYTES: usize = 8;
const IS_LISTED: u8 = 1;
const HAS_MAC: u8 = 2;
/// Where the second copy of the header stands: in another disk sector than the
/// first, because without its salt a segment cannot be read at all.
const HEADER_COPY_AT: usize = 2048;
/// Where the start block stands.
pub const START_AT: usize = 128;
/// Length of the start block, bytes.
pub const START_BYTES: usize = 24;
/// Where the tally of lost clicks stands.
pub const LOST_AT: usize = 192;
/// Where the seal stands.
pub const SEAL_AT: usize = 256;
/// Length of the seal, bytes.
pub const SEAL_BYTES: usize = 64;

const _: () = assert!(HEADER_BYTES <= START_AT && START_AT + START_BYTES <= LOST_AT);
const _: () = assert!(LOST_AT + 8 <= SEAL_AT && SEAL_AT + SEAL_BYTES <= HEADER_COPY_AT);
const _: () = assert!(HEADER_COPY_AT + HEADER_BYTES <= SEGMENT_HEADER_BYTES);

/// Ends the header: 8 bytes of BLAKE3, keyed, over all of it before this.
pub type HeaderMac = [u8; HEADER_MAC_BYTES];

/// What is known of a segment when its file is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The [`VERSION`] that it is written in.
    pub version: u16,
    /// Number of the segment within its shard; higher is later.
    pub number: u64,
    /// The run of the server: its start, Unix µs. Sequence numbers begin again
    /// with each run.
    pub run: u64,
    /// Number of the machine among those whose clicks are brought together.
    pub node: u16,
    /// Which shard, from 0.
    pub shard: u16,
    /// The CPU that the shard was pinned to.
    pub cpu: u16,
    /// Number of the key that signs the ids of its clicks.
    pub key: u8,
    /// Its folder has a list of segments that tells of it.
    pub is_listed: bool,
    /// What only who has the click key can make; see `origin`.
    pub mac: Option<HeaderMac>,
    /// Which boot of which machine (`/proc/sys/kernel/random/boot_id`); without
    /// it `made_monotonic_us` says nothing.
    pub boot: [u8; 16],
    /// When the file was made, Unix µs.
    pub made_us: u64,
    /// The same moment on `CLOCK_MONOTONIC`, µs.
    pub made_monotonic_us: u64,
    /// Length of the file until it is sealed, bytes.
    pub file_bytes: u64,
    /// Salt of all checksums in the segment but the header's own.
    pub salt: Salt,
}

/// Why a file cannot be read as a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentRefused {
    /// It does not begin like one.
    Foreign,
    /// It was written by another version, which is given.
    Version(u16),
    /// It begins like one, but neither copy of its header is whole.
    Damaged,
}

impl fmt::Display for SegmentRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("it is not a click segment"),
            Self::Version(version) => {
                write!(
                    f,
                    "it has format version {version}; this program reads versions \
                     {VERSION_OLDEST} to {VERSION}"
                )
            }
            Self::Damaged => f.write_str("both copies of its header are damaged"),
        }
    }
}

impl Header {
    /// The longest record of this version, bytes.
    #[must_use]
    pub fn record_bytes_max(&self) -> usize {
        if self.version < 4 { RECORD_BYTES_MAX_BEFORE_4 } else { RECORD_BYTES_MAX }
    }

    /// All of it that stands before the MAC.
    #[must_use]
    pub fn signed(&self) -> [u8; HEADER_MAC_AT] {
        let mut header = [0; HEADER_MAC_AT];
        header[..8].copy_from_slice(&MAGIC);
        header[8..10].copy_from_slice(&self.version.to_le_bytes());
        header[10..12].copy_from_slice(&SCHEMA.to_le_bytes());
        header[12..16].copy_from_slice(&(SEGMENT_HEADER_BYTES as u32).to_le_bytes());
        header[16..24].copy_from_slice(&self.number.to_le_bytes());
        header[24..32].copy_from_slice(&self.run.to_le_bytes());
        header[32..34].copy_from_slice(&self.node.to_le_bytes());
        header[34..36].copy_from_slice(&self.shard.to_le_bytes());
        header[36..38].copy_from_slice(&self.cpu.to_le_bytes());
        header[38] = self.key;
        let is_listed = if self.is_listed { IS_LISTED } else { 0 };
        header[39] = is_listed | if self.mac.is_some() { HAS_MAC } else { 0 };
        header[40..56].copy_from_slice(&self.boot);
        header[56..64].copy_from_slice(&self.made_us.to_le_bytes());
        header[64..72].copy_from_slice(&self.made_monotonic_us.to_le_bytes());
        header[72..80].copy_from_slice(&self.file_bytes.to_le_bytes());
        header[80..84].copy_from_slice(&self.salt.value().to_le_bytes());
        header
    }

    /// The first page of a new segment: both copies, and nothing else.
    #[must_use]
    pub fn page(&self) -> Box<[u8; SEGMENT_HEADER_BYTES]> {
        let mut header = [0; HEADER_BYTES];
        header[..HEADER_MAC_AT].copy_from_slice(&self.signed());
        header[HEADER_MAC_AT..][..HEADER_MAC_BYTES].copy_from_slice(&self.mac.unwrap_or_default());
        let checksum = crc32c::crc32c(&header[..HEADER_BYTES - 4]);
        header[HEADER_BYTES - 4..].copy_from_slice(&checksum.to_le_bytes());
        let mut page = Box::new([0; SEGMENT_HEADER_BYTES]);
        page[..HEADER_BYTES].copy_from_slice(&header);
        page[HEADER_COPY_AT..HEADER_COPY_AT + HEADER_BYTES].copy_from_slice(&header);
        page
    }

    /// Reads the header from the first page of a file, or from the copy when
    /// that is damaged. Any bytes will do.
    ///
    /// # Errors
    ///
    /// [`SegmentRefused`] when the file cannot be read.
    pub fn read(page: &[u8]) -> Result<Self, SegmentRefused> {
        match Self::read_copy(page) {
            Ok(header) => Ok(header),
            Err(first) => {
                let copy = page.get(HEADER_COPY_AT..).unwrap_or_default();
                Self::read_copy(copy).map_err(|second| match (first, second) {
                    (SegmentRefused::Foreign, second) => second,
                    (first, _) => first,
                })
            }
        }
    }

    fn read_copy(bytes: &[u8]) -> Result<Self, SegmentRefused> {
        if !bytes.starts_with(&MAGIC) {
            return Err(SegmentRefused::Foreign);
        }
        let Some(header) = bytes.get(..HEADER_BYTES) else {
            return Err(SegmentRefused::Damaged);
        };
        if crc32c::crc32c(&header[..HEADER_BYTES - 4]) != u32_at(header, HEADER_BYTES - 4) {
            return Err(SegmentRefused::Damaged);
        }
        let version = u16_at(header, 8);
        let is_known = (VERSION_OLDEST..=VERSION).contains(&version);
        if !is_known || u32_at(header, 12) as usize != SEGMENT_HEADER_BYTES {
            return Err(SegmentRefused::Version(version));
        }
        Ok(Self {
            version,
            number: u64_at(header, 16),
            run: u64_at(header, 24),
            node: u16_at(header, 32),
            shard: u16_at(header, 34),
            cpu: u16_at(header, 36),
            key: header[38],
            is_listed: header[39] & IS_LISTED != 0,
            mac: (header[39] & HAS_MAC != 0).then(|| {
                header[HEADER_MAC_AT..][..HEADER_MAC_BYTES].try_into().expect("eight bytes")
            }),
            boot: header[40..56].try_into().expect("sixteen bytes"),
            made_us: u64_at(header, 56),
            made_monotonic_us: u64_at(header, 64),
            file_bytes: u64_at(header, 72),
            salt: Salt::new(u32_at(header, 80)),
        })
    }
}

/// A block of the first page: written, not written yet, or damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageBlock<T> {
    /// It is there and whole.
    Written(T),
    /// Nothing has been written there (yet).
    Absent,
    /// Something is there, and it is no such block.
    Damaged(Flaw),
}

/// What the shard notes with its first record in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartBlock {
    /// Sequence number of the first record.
    pub first_sequence: u64,
    /// Time of the first record, Unix µs.
    pub first_us: u64,
}

impl StartBlock {
    /// The block, to be stored at [`START_AT`].
    #[must_use]
    pub fn encode(&self, salt: Salt) -> [u8; START_BYTES] {
        let mut block = [0; START_BYTES];
        block[8..16].copy_from_slice(&self.first_sequence.to_le_bytes());
        block[16..24].copy_from_slice(&self.first_us.to_le_bytes());
        frame::close(&mut block, salt);
        block
    }

    /// Reads the block from a segment's first page.
    #[must_use]
    pub fn read(page: &[u8], salt: Salt) -> PageBlock<Self> {
        read_block(page, START_AT, START_BYTES, salt, |payload| {
            let start = Self { first_sequence: u64_at(payload, 0), first_us: u64_at(payload, 8) };
            (1..=SEQUENCE_MAX).contains(&start.first_sequence).then_some(start)
        })
    }
}

/// The word at [`LOST_AT`]: clicks lost since the last record of a segment that
/// is full while none is ready. Good for as long as no gap record says it.
///
/// One aligned word, so that it can be kept up to date by a single store.
/// Counts over `u32::MAX` stay there.
#[must_use]
pub fn encode_lost(count: u64, salt: Salt) -> [u8; 8] {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let checksum = salt.checksum(&count.to_le_bytes());
    (u64::from(checksum) << 32 | u64::from(count)).to_le_bytes()
}

/// Reads the tally of lost clicks from a segment's first page.
#[must_use]
pub fn read_lost(page: &[u8], salt: Salt) -> PageBlock<u64> {
    let Some(word) = page.get(LOST_AT..LOST_AT + 8) else {
        return PageBlock::Damaged(Flaw::Cut);
    };
    if word == [0; 8] {
        PageBlock::Absent
    } else if salt.checksum(&word[..4]) != u32_at(word, 4) {
        PageBlock::Damaged(Flaw::Checksum)
    } else {
        PageBlock::Written(u64::from(u32_at(word, 0)))
    }
}

/// Why a segment was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealReason {
    /// The shard went on in the next one: it was full, old enough, or
    /// suspect.
    Rolled,
    /// The server stopped.
    Stopped,
}

/// The last word on a segment: what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Length of the file that counts, first page included, bytes.
    pub used_bytes: u64,
    /// Clicks recorded.
    pub clicks: u64,
    /// Clicks that gap records say are lost.
    pub lost: u64,
    /// Sequence number of the first click, recorded or lost.
    pub first_sequence: u64,
    /// Sequence number of the last click, recorded or lost.
    pub last_sequence: u64,
    /// Time of the last record, Unix µs.
    pub last_us: u64,
    /// Why.
    pub reason: SealReason,
    /// A sync failed, so what is on disk may not be what was written.
    pub suspect: bool,
    /// The clock was set back while it was written: clicks may be of times outside those
    /// of its first and its last record.
    pub set_back: bool,
}

impl Seal {
    /// The block, to be stored at [`SEAL_AT`].
    #[must_use]
    pub fn encode(&self, salt: Salt) -> [u8; SEAL_BYTES] {
        let mut block = [0; SEAL_BYTES];
        block[8..16].copy_from_slice(&self.used_bytes.to_le_bytes());
        block[16..24].copy_from_slice(&self.clicks.to_le_bytes());
        block[24..32].copy_from_slice(&self.lost.to_le_bytes());
        block[32..40].copy_from_slice(&self.first_sequence.to_le_bytes());
        block[40..48].copy_from_slice(&self.last_sequence.to_le_bytes());
        block[48..56].copy_from_slice(&self.last_us.to_le_bytes());
        block[56] = match self.reason {
            SealReason::Rolled => 1,
            SealReason::Stopped => 2,
        };
        block[57] = u8::from(self.suspect) | u8::from(self.set_back) << 1;
        frame::close(&mut block, salt);
        block
    }

    /// Reads the block from a segment's first page.
    #[must_use]
    pub fn read(page: &[u8], salt: Salt) -> PageBlock<Self> {
        read_block(page, SEAL_AT, SEAL_BYTES, salt, |payload| {
            let seal = Self {
                used_bytes: u64_at(payload, 0),
                clicks: u64_at(payload, 8),
                lost: u64_at(payload, 16),
                first_sequence: u64_at(payload, 24),
                last_sequence: u64_at(payload, 32),
                last_us: u64_at(payload, 40),
                reason: match payload[48] {
                    1 => SealReason::Rolled,
                    2 => SealReason::Stopped,
                    _ => return None,
                },
                suspect: payload[49] & 1 != 0,
                set_back: payload[49] & 2 != 0,
            };
            seal.can_be().then_some(seal)
        })
    }

    /// Whether its numbers do not contradict each other. Whoever counts with them can
    /// rely on it that nothing wraps.
    fn can_be(&self) -> bool {
        let Self { first_sequence: first, last_sequence: last, .. } = *self;
        let counted = self.clicks.checked_add(self.lost);
        1 <= first
            && first <= last
            && last <= SEQUENCE_MAX
            && counted.is_some_and(|counted| counted <= last - first + 1)
            && self.used_bytes >= SEGMENT_HEADER_BYTES as u64
    }
}

fn read_block<T>(
    page: &[u8],
    at: usize,
    bytes: usize,
    salt: Salt,
    decode: impl Fn(&[u8]) -> Option<T>,
) -> PageBlock<T> {
    match frame::open(page.get(at..).unwrap_or_default(), salt, bytes, bytes) {
        Framed::Whole(payload) => {
            decode(payload).map_or(PageBlock::Damaged(Flaw::Shape), PageBlock::Written)
        }
        Framed::Absent => PageBlock::Absent,
        Framed::Damaged(reason) => PageBlock::Damaged(reason),
    }
}

#[cfg(test)]
pub(super) mod tests;
