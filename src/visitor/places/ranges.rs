//! The ranges that files say, as they were read.

use super::address::Range;
use crate::visitor::country::Country;

/// A range of a file, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<A> {
    pub first: A,
    pub last: A,
    /// Of a list: nothing.
    pub country: Country,
    /// Which file it is from: a later one goes before an earlier one.
    pub file: u16,
}

/// All ranges that are told of countries, or of one list.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    pub v4: Vec<Claim<u32>>,
    pub v6: Vec<Claim<u128>>,
}

impl Claims {
    pub fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    pub fn push(&mut self, range: Range, country: Country, file: u16) {
        match range {
            Range::V4(first, last) => self.v4.push(Claim { first, last, country, file }),
            Range::V6(first, last) => self.v6.push(Claim { first, last, country, file }),
        }
    }

    /// The same for ranges that come in order and never overlap: one that continues the one
    /// before is one with it.
    pub fn push_next(&mut self, range: Range, country: Country, file: u16) {
        let is_grown = match range {
            Range::V4(first, last) => grow(self.v4.last_mut(), first, last, country, file),
            Range::V6(first, last) => grow(self.v6.last_mut(), first, last, country, file),
        };
        if !is_grown {
            self.push(range, country, file);
        }
    }

    /// As they were when there were so many.
    pub fn cut_back(&mut self, (v4, v6): (usize, usize)) {
        self.v4.truncate(v4);
        self.v6.truncate(v6);
    }

    pub fn lens(&self) -> (usize, usize) {
        (self.v4.len(), self.v6.len())
    }
}

fn grow<A: Address>(
    before: Option<&mut Claim<A>>,
    first: A,
    last: A,
    country: Country,
    file: u16,
) -> bool {
    match before {
        Some(before)
            if before.last.next() == Some(first)
                && before.country == country
                && before.file == file =>
        {
            before.last = last;
            true
        }
        _ => false,
    }
}

/// An address as a number.
pub trait Address: Copy + Ord + Default {
    /// Bits that it has.
    const BITS: u32;
    /// It without the room that it would take to lie as the processor likes it best.
    type Packed: Copy + Ord;
    /// See there.
    fn packed(self) -> Self::Packed;
    /// The one after it, if there is one.
    fn next(self) -> Option<Self>;
    /// The one before it. There is one.
    fn previous(self) -> Self;
    /// How far `self` is above a lower one.
    fn above(self, lower: Self) -> Self;
    /// It without its last `bits`, as far as 64 bits hold it.
    fn without(self, bits: u32) -> u64;
    /// Bits that it takes, leading zeros apart.
    fn len(self) -> u32;
}

macro_rules! address {
    ($number:ty, $packed:ty, $pack:expr) => {
        impl Address for $number {
            const BITS: u32 = <$number>::BITS;
            type Packed = $packed;

            #[inline]
            fn packed(self) -> $packed {
                $pack(self)
            }

            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn previous(self) -> Self {
                self - 1
            }

            #[inline]
            fn above(self, lower: Self) -> Self {
                self - lower
            }

            #[inline]
            fn without(self, bits: u32) -> u64 {
                u64::try_from(self >> bits).unwrap_or(u64::MAX)
            }

            fn len(self) -> u32 {
                Self::BITS - self.leading_zeros()
            }
        }
    };
}

address!(u32, u32, |it| it);
address!(u128, [u64; 2], |it| [(it >> 64) as u64, it as u64]);
