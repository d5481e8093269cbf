//! The hash that names a link.

/// FNV-1a, 64 bits (draft-eastlake-fnv), of `parts` one after the other.
pub(super) fn fnv1a(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for &byte in parts.iter().copied().flatten() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of the FNV draft, §5.
    #[test]
    fn fnv_is_fnv() {
        assert_eq!(fnv1a(&[]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(&[b"a"]), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(&[b"foo", b"", b"bar"]), 0x8594_4171_f739_67e8);
    }
}
