//! The hashes by which links are found.

use core::hash::Hasher as _;

use fxhash::FxHasher64;

use crate::links::key::{Key, pattern};

/// A hash of `bytes`, begun from `state`, which may be another hash: so a path
/// is hashed once, and its queries go on from there. All its bits are good.
///
/// fxhash of each 8-byte word, and behind each most of MurmurHash3's
/// finaliser. fxhash alone is not enough: a word's last byte reaches only the
/// top bits, which meet the next word's first byte, and so a quarter of the
/// keys `/go/000000` to `/go/099999` have the same 64 bits as another. Only
/// keys that the operator supplied are ever inserted, so its lack of flood
/// resistance does no harm.
#[inline]
pub(super) fn hash(state: u64, bytes: &[u8]) -> u64 {
    // Multiplied, so that no byte can make up for a different length.
    let size = bytes.len() as u64;
    let mut state = state ^ size.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = step(state ^ u64::from_le_bytes(*word));
    }
    if rest.is_empty() {
        return state;
    }
    // The end is read once more with what comes before it: one load instead of
    // one for each byte.
    let last = match (bytes.last_chunk::<8>(), bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(last), ..) => u64::from_le_bytes(*last),
        (None, Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    step(state ^ last)
}

#[inline]
fn step(word: u64) -> u64 {
    let mut hasher = FxHasher64::default();
    hasher.write_u64(word);
    let hash = hasher.finish();
    let hash = (hash ^ hash >> 32).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 32
}

/// Where hashing of a path under this host begins. A prefix, or what stands before
/// placeholders, must not meet the exact path that it ends with. Host numbers are small
/// and near each other, so they are mixed; otherwise a path could make up for one.
#[inline]
pub(super) fn seed(host: u32, prefix: bool) -> u64 {
    step(u64::from(host) << 1 | u64::from(prefix))
}

/// The hash by which the entry of a key is found.
pub(super) fn hash_of(host: u32, key: &Key<'_>) -> u64 {
    if key.pattern {
        return hash(seed(host, true), &pattern::spelled(key.path, key.prefix));
    }
    with_query(hash(seed(host, key.prefix), key.path), key.query)
}

/// The hash of a key whose path has hash `path`.
#[inline]
pub(super) fn with_query(path: u64, query: &[u8]) -> u64 {
    if query.is_empty() { path } else { hash(path, query) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `keys` share a tag (the low half) or a slot (the high
    /// half) with another, and how many would if the hash were random.
    fn check(keys: impl Iterator<Item = u64>) {
        let hashes: Vec<u64> = keys.collect();
        let count = hashes.len() as f64;
        let expected = count * count / 2.0 / f64::from(u32::MAX);
        for shift in [0, 32] {
            let mut halves: Vec<u32> = hashes.iter().map(|hash| (hash >> shift) as u32).collect();
            halves.sort_unstable();
            halves.dedup();
            let collisions = count - halves.len() as f64;
            assert!(collisions < expected * 3.0 + 8.0, "{collisions} of {count}, {expected}");
        }
    }

    #[test]
    fn keys_that_people_number_do_not_collide() {
        let path = |n: u32, text: &str| hash(0, text.replace('N', &n.to_string()).as_bytes());
        for text in ["/N", "/go/N", "/go/00N", "/a/product-N.html", "/N/N", "/x?id=N"] {
            check((0..50_000).map(|n| path(n, text)));
        }
        check((0..50_000).map(|n| hash(0, format!("/go/{n:06}").as_bytes())));
        check((0..50_000).map(|n| hash(0, format!("/go/{n:06x}").as_bytes())));
        check((0..50_000).map(|n| hash(hash(0, b"/x"), format!("id={n}&k={}", n % 7).as_bytes())));
        // Many hosts with the same few paths.
        check((0..50_000).map(|n| hash(seed(n / 20, false), format!("/{}", n % 20).as_bytes())));
    }

    #[test]
    fn every_length_and_every_byte_counts() {
        let text = b"/go/summer-deal/2025/x";
        let mut seen = std::collections::HashSet::new();
        for size in 0..=text.len() {
            assert!(seen.insert(hash(0, &text[..size])));
            for at in 0..size {
                let mut other = text[..size].to_vec();
                other[at] ^= 0x80;
                assert!(seen.insert(hash(0, &other)), "{size} {at}");
            }
        }
    }
}
