//! The two hashes that the documentation names: SipHash-1-3 of splits, FNV-1a of link ids.

/// SipHash with one round a block and three at the end (Aumasson and Bernstein 2012).
pub fn siphash_1_3(key: &[u8; 16], bytes: &[u8]) -> u64 {
    let word = |part: &[u8]| u64::from_le_bytes(part.try_into().unwrap());
    let (k0, k1) = (word(&key[..8]), word(&key[8..]));
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len() / 8 * 8 + 7, 0);
    padded.push(bytes.len() as u8);
    for block in padded.chunks(8) {
        v[3] ^= word(block);
        round(&mut v);
        v[0] ^= word(block);
    }
    v[2] ^= 0xff;
    (0..3).for_each(|_| round(&mut v));
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

fn round(v: &mut [u64; 4]) {
    let [a, b, c, d] = v;
    *a = a.wrapping_add(*b);
    *b = b.rotate_left(13) ^ *a;
    *a = a.rotate_left(32);
    *c = c.wrapping_add(*d);
    *d = d.rotate_left(16) ^ *c;
    *a = a.wrapping_add(*d);
    *d = d.rotate_left(21) ^ *a;
    *c = c.wrapping_add(*b);
    *b = b.rotate_left(17) ^ *c;
    *c = c.rotate_left(32);
}

/// FNV-1a of 64 bits.
pub fn fnv_1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[test]
fn hashes_are_the_known_ones() {
    use std::hash::{DefaultHasher, Hasher};
    // What the standard library hashes with is SipHash-1-3 with a key of zeros.
    for size in 0..40 {
        let bytes: Vec<u8> = (0..size).collect();
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        assert_eq!(siphash_1_3(&[0; 16], &bytes), hasher.finish(), "{size}");
    }
    // Of docs/links.md.
    assert_eq!(fnv_1a("/go/summer-deal"), 0xe014_47c5_e8ea_a6a1);
    assert_eq!(fnv_1a("go.example.com/amz/*"), 0xd9ad_a644_ce84_2e52);
    assert_eq!(fnv_1a("/old/page?id=7"), 0x07c5_bf7b_47df_2c2d);
}
