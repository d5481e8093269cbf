//! The frame around all that is written into a segment after its creation:
//! `u32` length, `u32` checksum, payload. Records, the start block and the seal
//! share it, so there is one rule for "written", "not written" and "damaged".

use std::fmt;

/// The first word of a frame: length and checksum.
pub const FRAME_BYTES: usize = 8;

/// What a segment mixes into the checksum of each of its frames.
///
/// It is drawn at random for each segment, so neither a page left over from
/// another file nor bytes that a visitor smuggled into a path or a user agent
/// can pass for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt {
    value: u32,
    /// CRC32C of `value`, from which each checksum goes on.
    seed: u32,
}

impl Salt {
    /// The salt with this value, as it stands in a segment's header.
    #[must_use]
    pub fn new(value: u32) -> Self {
        let seed = crc32c::crc32c(&value.to_le_bytes());
        Self { value, seed }
    }

    /// The value that [`Salt::new`] was given.
    #[must_use]
    pub fn value(self) -> u32 {
        self.value
    }

    /// CRC32C (RFC 3720 appendix B.4) of the salt, little-endian, followed by
    /// `bytes`.
    #[must_use]
    pub fn checksum(self, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(self.seed, bytes)
    }
}

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The bytes end before the frame does.
    Cut,
    /// The length is not one that a frame can have.
    Length,
    /// The checksum does not fit the bytes.
    Checksum,
    /// The checksum fits, but the fields contradict each other.
    Shape,
    /// Nothing is written where the seal or a later record says there is.
    Hole,
    /// The sequence number does not follow the ones before it.
    Sequence,
    /// The seal's count and the records do not agree.
    Count,
    /// It says that a string stands where there is none.
    Reference,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cut => "it ends too early",
            Self::Length => "its length cannot be right",
            Self::Checksum => "its checksum does not fit",
            Self::Shape => "its fields contradict each other",
            Self::Hole => "nothing is written there",
            Self::Sequence => "its sequence number is out of order",
            Self::Count => "the seal counts another number of records",
            Self::Reference => "it refers to a string that is not there",
        })
    }
}

/// What the bytes at a place turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framed<'a> {
    /// A whole frame: the bytes after its first word.
    Whole(&'a [u8]),
    /// The first word is zero: nothing has been written here (yet).
    Absent,
    /// Something is there, and it is no frame.
    Damaged(Flaw),
}

/// Writes the first word of a frame whose payload is already in place.
///
/// `frame` is the whole frame: its length is what is written as the length.
pub fn close(frame: &mut [u8], salt: Salt) {
    debug_assert!(frame.len() > FRAME_BYTES && frame.len().is_multiple_of(8));
    let length = frame.len() as u64;
    let checksum = salt.checksum(&frame[FRAME_BYTES..]);
    // In one store, as it is read as one word.
    let word = u64::from(checksum) << 32 | length;
    frame[..FRAME_BYTES].copy_from_slice(&word.to_le_bytes());
}

/// Looks at the start of `bytes` for a frame of `bytes_min..=bytes_max` bytes.
#[must_use]
pub fn open(bytes: &[u8], salt: Salt, bytes_min: usize, bytes_max: usize) -> Framed<'_> {
    let Some((word, _)) = bytes.split_first_chunk::<FRAME_BYTES>() else {
        return Framed::Damaged(Flaw::Cut);
    };
    if *word == [0; FRAME_BYTES] {
        return Framed::Absent;
    }
    let length = u32_at(bytes, 0) as usize;
    if !length.is_multiple_of(8) || !(bytes_min..=bytes_max).contains(&length) {
        return Framed::Damaged(Flaw::Length);
    }
    let Some(payload) = bytes.get(FRAME_BYTES..length) else {
        return Framed::Damaged(Flaw::Cut);
    };
    if salt.checksum(payload) != u32_at(bytes, 4) {
        return Framed::Damaged(Flaw::Checksum);
    }
    Framed::Whole(payload)
}

/// The `u16` at `at`, little-endian. `bytes` must reach that far.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// The `u32` at `at`, little-endian. `bytes` must reach that far.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// The `u64` at `at`, little-endian. `bytes` must reach that far.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl Fn(&mut Vec<u8>), expected: Framed<'_>) {
        let mut bytes = vec![7; 24];
        close(&mut bytes, Salt::new(5));
        change(&mut bytes);
        assert_eq!(open(&bytes, Salt::new(5), 16, 64), expected);
    }

    #[test]
    fn whole() {
        check(|_| (), Framed::Whole(&[7; 16]));
    }
    #[test]
    fn what_follows_does_not_matter() {
        check(|b| b.extend([1, 2, 3]), Framed::Whole(&[7; 16]));
    }
    #[test]
    fn a_zero_word_is_not_written() {
        check(|b| b[..8].fill(0), Framed::Absent);
    }
    #[test]
    fn a_checksum_without_a_length_is_damage() {
        check(|b| b[..4].fill(0), Framed::Damaged(Flaw::Length));
    }
    #[test]
    fn a_length_over_the_bound_is_damage() {
        check(|b| b[0] = 72, Framed::Damaged(Flaw::Length));
    }
    #[test]
    fn an_odd_length_is_damage() {
        check(|b| b[0] = 25, Framed::Damaged(Flaw::Length));
    }
    #[test]
    fn a_changed_payload_is_damage() {
        check(|b| b[23] ^= 1, Framed::Damaged(Flaw::Checksum));
    }
    #[test]
    fn a_cut_frame_is_damage() {
        check(|b| b.truncate(23), Framed::Damaged(Flaw::Cut));
    }
    #[test]
    fn no_bytes_are_damage() {
        check(Vec::clear, Framed::Damaged(Flaw::Cut));
    }
    #[test]
    fn another_salt_is_damage() {
        let mut bytes = [7; 24];
        close(&mut bytes, Salt::new(5));
        assert_eq!(open(&bytes, Salt::new(6), 16, 64), Framed::Damaged(Flaw::Checksum));
    }
}
