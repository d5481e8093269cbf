//! Which of sorted ranges an address is in.
//!
//! The first bits of an address give a *part* of the ranges; the more ranges there are, the
//! more bits. A part with many of them is cut into equal steps between its first and its last
//! start, about as many as starts: addresses are given out in blocks of like sizes, so few
//! starts share a step. What is left is searched by halves. So a look-up waits for a part, a
//! step where there is one, and a few ranges that lie side by side.

use super::flatten::Flat;
use super::ranges::Address;
use crate::pace;

/// Most bits of an address that lead to a part. Registries give out IPv4 from all of them,
/// and IPv6 from a few hundred beginnings of 16 bits.
const V4_BITS_MAX: u32 = 20;
const V6_BITS_MAX: u32 = 16;
/// Ranges of a part that is not cut into steps: what a cache line holds.
const PLAIN_PART_RANGES: usize = 8;
/// What a range takes while the index is made, about.
const RANGE_NS: u32 = 5;

/// Ranges, found by address.
#[derive(Debug)]
pub struct Lookup<A: Address> {
    /// In order; the first begins at the lowest address.
    ranges: Box<[Begin<A::Packed>]>,
    /// Bits of an address behind those that lead to a part.
    bits: u32,
    /// One for each value of the first bits, and one behind them.
    parts: Box<[Part<A>]>,
    /// For each step of each part: the first of the ranges that begin in it or behind it.
    steps: Box<[u32]>,
}

/// Where a range begins, and what holds from there on.
#[derive(Clone, Copy, Debug)]
struct Begin<P> {
    at: P,
    value: u16,
}

#[derive(Clone, Copy, Debug, Default)]
struct Part<A> {
    /// The first of its ranges, or of those behind it.
    first: u32,
    /// The first of its steps.
    step: u32,
    /// How many steps, less one; 0: it is not cut.
    steps: u32,
    /// Bits of an address within one step.
    bits: u32,
    /// Where its first range begins, if it is cut.
    begins: A,
}

impl<A: Address> Lookup<A> {
    /// Of ranges of which the first begins at the lowest address.
    pub fn new(Flat { starts, values }: Flat<A>) -> Self {
        let most = if A::BITS == u32::BITS { V4_BITS_MAX } else { V6_BITS_MAX };
        let first_bits = starts.len().ilog2().clamp(1, most);
        let bits = A::BITS - first_bits;
        let mut parts = Vec::with_capacity((1 << first_bits) + 1);
        let (mut steps, mut at) = (Vec::new(), 0);
        for top in 0..1 << first_bits {
            let first = at;
            at += starts[first..].iter().take_while(|start| start.without(bits) == top).count();
            parts.push(cut(&starts[first..at], first as u32, &mut steps));
            pace::done(RANGE_NS * (1 + (at - first) as u32));
        }
        parts.push(Part { first: starts.len() as u32, ..Part::default() });
        let begins = starts.iter().zip(&values);
        let begins = begins.map(|(start, &value)| Begin { at: start.packed(), value });
        Self { ranges: begins.collect(), bits, parts: parts.into(), steps: steps.into() }
    }

    /// What holds at an address.
    #[inline]
    pub fn find(&self, address: A) -> u16 {
        let top = address.without(self.bits) as usize;
        let part = &self.parts[top];
        let (mut from, mut to) = (part.first as usize, self.parts[top + 1].first as usize);
        if part.steps > 0 {
            if address < part.begins {
                return self.ranges[from - 1].value;
            }
            let step = address.above(part.begins).without(part.bits).min(u64::from(part.steps));
            let at = part.step as usize + step as usize;
            (from, to) = (self.steps[at] as usize, self.steps[at + 1] as usize);
        }
        let packed = address.packed();
        let behind = from + self.ranges[from..to].partition_point(|begin| begin.at <= packed);
        // The first range begins at the lowest address.
        self.ranges[behind - 1].value
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.ranges) + size_of_val(&*self.parts) + size_of_val(&*self.steps)
    }
}

/// Cuts a part into steps, if it has many starts.
fn cut<A: Address>(starts: &[A], first: u32, steps: &mut Vec<u32>) -> Part<A> {
    let plain = Part { first, step: steps.len() as u32, ..Part::default() };
    let [lowest, .., highest] = starts else { return plain };
    if starts.len() <= PLAIN_PART_RANGES {
        return plain;
    }
    let span = highest.above(*lowest);
    let wanted = usize::BITS - starts.len().leading_zeros();
    let bits = span.len().saturating_sub(wanted);
    let count = span.without(bits);
    let mut at = 0;
    for step in 0..=count {
        steps.push(first + at as u32);
        at += starts[at..].iter().take_while(|it| it.above(*lowest).without(bits) == step).count();
    }
    // Behind the last step.
    steps.push(first + starts.len() as u32);
    Part { steps: count as u32, bits, begins: *lowest, ..plain }
}
