//! A count with the period that it is of, in one word.

/// Bits of a count: the largest cap, and no more.
const COUNT_BITS: u32 = 41;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
const TAG_MASK: u64 = u64::MAX >> COUNT_BITS;

const _: () = assert!(crate::limits::CAP_COUNT_MAX <= COUNT_MASK);

/// The low bits of the number of a period. Two periods that are counted at a time, and the
/// minutes of fifteen years, differ in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tag(u64);

impl Tag {
    /// Of the period with this number.
    #[inline]
    pub fn of(number: u64) -> Self {
        Self(number & TAG_MASK)
    }

    /// A period and the one after it have a word each, so that shards of which one is in
    /// the next already count both rightly.
    #[inline]
    pub fn side(self) -> usize {
        (self.0 & 1) as usize
    }

    /// Whether the other is of a later period, but not much: then a shard is late, and no
    /// clock was set back.
    #[inline]
    pub fn is_just_before(self, other: Self) -> bool {
        matches!(other.0.wrapping_sub(self.0) & TAG_MASK, 1..=2)
    }

    /// Whether the other is of a later period: less than half a round ahead.
    pub fn is_before(self, other: Self) -> bool {
        let ahead = other.0.wrapping_sub(self.0) & TAG_MASK;
        ahead != 0 && ahead <= TAG_MASK / 2
    }
}

/// See the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The period that is counted.
    pub tag: Tag,
    /// How many.
    pub count: u64,
}

impl Tally {
    /// Takes a word apart.
    #[inline]
    pub fn of(word: u64) -> Self {
        Self { tag: Tag(word >> COUNT_BITS), count: word & COUNT_MASK }
    }

    /// The word.
    #[inline]
    pub fn word(self) -> u64 {
        self.tag.0 << COUNT_BITS | self.count & COUNT_MASK
    }

    /// What it says of this period: of another it says nothing.
    #[inline]
    pub fn of_period(self, tag: Tag) -> u64 {
        if self.tag == tag { self.count } else { 0 }
    }
}

/// What a shard holds of a cap: how many it may still take in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// The period.
    pub tag: Tag,
    /// How many.
    pub left: u64,
    /// It is among those that the shard looks through.
    pub is_listed: bool,
}

impl Lease {
    /// Takes a word apart.
    #[inline]
    pub fn of(word: u64) -> Self {
        let tag = Tag(word >> 8 & TAG_MASK);
        Self { tag, left: word & 0xff, is_listed: word >> 63 != 0 }
    }

    /// The word.
    #[inline]
    pub fn word(self) -> u64 {
        u64::from(self.is_listed) << 63 | self.tag.0 << 8 | self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{CAP_COUNT_MAX, CAP_LEASE_MAX};

    #[test]
    fn words_say_what_was_put_into_them() {
        for number in [0, 1, 29_000_000, u64::MAX] {
            let tag = Tag::of(number);
            for count in [0, 1, CAP_COUNT_MAX] {
                let tally = Tally { tag, count };
                assert_eq!(Tally::of(tally.word()), tally);
                assert_eq!(tally.of_period(tag), count);
                assert_eq!(tally.of_period(Tag::of(number.wrapping_add(2))), 0);
            }
            for (left, is_listed) in [(0, false), (1, true), (CAP_LEASE_MAX, false)] {
                let lease = Lease { tag, left, is_listed };
                assert_eq!(Lease::of(lease.word()), lease);
            }
            assert_eq!(tag.side(), (number & 1) as usize);
            let next = Tag::of(number.wrapping_add(2));
            assert!(tag.is_before(next) && !next.is_before(tag) && !tag.is_before(tag));
        }
    }
}
