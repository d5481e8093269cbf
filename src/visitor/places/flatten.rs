//! From ranges that overlap to ranges that do not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::ranges::{Address, Claim};
use crate::pace;
use crate::visitor::country::Country;

/// What a range takes in one pass, about.
const RANGE_NS: u32 = 60;

/// Where it begins that something else is known of addresses, and what.
pub struct Flat<A> {
    pub starts: Vec<A>,
    pub values: Vec<u16>,
}

/// Of ranges that overlap one holds at each address: of the last file that says something,
/// the shortest; of two as long, the later. Those that follow are in order and apart.
pub fn countries<A: Address>(mut claims: Vec<Claim<A>>) -> Vec<Claim<A>> {
    // A stable sort keeps the order of the lines.
    claims.sort_by_key(|claim| claim.first);
    let mut flat: Vec<Claim<A>> = Vec::with_capacity(claims.len());
    let mut open = BinaryHeap::new();
    let (mut next, mut at) = (0, A::default());
    loop {
        while open.peek().is_some_and(|&(_, _, top): &(_, _, usize)| claims[top].last < at) {
            open.pop();
        }
        if open.is_empty() {
            let Some(claim) = claims.get(next) else { return flat };
            at = claim.first;
        }
        while let Some(claim) = claims.get(next).filter(|claim| claim.first <= at) {
            open.push((claim.file, Reverse(claim.last.above(claim.first)), next));
            next += 1;
        }
        let Some(&(_, _, top)) = open.peek() else { continue };
        let until = match claims.get(next) {
            Some(claim) => claims[top].last.min(claim.first.previous()),
            None => claims[top].last,
        };
        put(&mut flat, Claim { first: at, last: until, ..claims[top] });
        match until.next() {
            Some(after) => at = after,
            None => return flat,
        }
        pace::done(RANGE_NS);
    }
}

/// Ranges of a list, in order and apart.
pub fn list<A: Address>(mut claims: Vec<Claim<A>>) -> Vec<Claim<A>> {
    claims.sort_unstable_by_key(|claim| claim.first);
    let mut flat: Vec<Claim<A>> = Vec::new();
    for claim in claims {
        match flat.last_mut() {
            Some(before) if before.last.next().is_none_or(|after| claim.first <= after) => {
                before.last = before.last.max(claim.last);
            }
            _ => flat.push(claim),
        }
        pace::done(RANGE_NS);
    }
    flat
}

fn put<A: Address>(flat: &mut Vec<Claim<A>>, claim: Claim<A>) {
    match flat.last_mut() {
        Some(before)
            if before.last.next() == Some(claim.first) && before.country == claim.country =>
        {
            before.last = claim.last;
        }
        _ => flat.push(claim),
    }
}

/// Lays layers, each in order and apart, over each other: the first is countries, the
/// others lists. `number` gives each pair its number, or says that there are too many.
pub fn layers<A: Address, E>(
    layers: &[Vec<Claim<A>>],
    mut number: impl FnMut(Country, u64) -> Result<u16, E>,
) -> Result<Flat<A>, E> {
    let mut country = Country::UNKNOWN;
    let (mut lists, mut cursors) = (0_u64, vec![0_usize; layers.len()]);
    let mut flat = Flat { starts: vec![A::default()], values: vec![number(country, lists)?] };
    // Where a layer changes next. An even cursor: there one of its ranges begins.
    let mut edges: BinaryHeap<Reverse<(A, usize)>> = BinaryHeap::new();
    let begin = |layer: usize, at: usize| Some(Reverse((layers[layer].get(at)?.first, layer)));
    edges.extend((0..layers.len()).filter_map(|layer| begin(layer, 0)));
    while let Some(&Reverse((at, _))) = edges.peek() {
        while let Some(&Reverse((same, layer))) = edges.peek()
            && same == at
        {
            edges.pop();
            let claim = &layers[layer][cursors[layer] / 2];
            let begins = cursors[layer].is_multiple_of(2);
            cursors[layer] += 1;
            match layer.checked_sub(1) {
                None if begins => country = claim.country,
                None => country = Country::UNKNOWN,
                Some(bit) if begins => lists |= 1 << bit,
                Some(bit) => lists &= !(1 << bit),
            }
            match begins {
                true => edges.extend(claim.last.next().map(|after| Reverse((after, layer)))),
                false => edges.extend(begin(layer, cursors[layer] / 2)),
            }
        }
        let value = number(country, lists)?;
        if flat.starts.last() == Some(&at) {
            flat.values.pop();
            flat.starts.pop();
        }
        if flat.values.last() != Some(&value) {
            flat.starts.push(at);
            flat.values.push(value);
        }
        pace::done(RANGE_NS);
    }
    Ok(flat)
}
