//! What clicks keep of a visitor's address. The rule is applied before a click is
//! written: what is not stored cannot leak.

use std::fmt;

use siphasher::sip128::SipHasher24;

/// The first byte of a hash. `fc00::/8` is the half of the unique local addresses
/// that no standard assigns (RFC 4193 §3.1: L is 0), so no visitor has such an
/// address, and a hash goes wherever an IPv6 address goes.
const HASH_MARK: u8 = 0xfc;
/// What begins an IPv4 address as clicks keep it (RFC 4291 §2.5.5.2).
const IPV4_MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/// What begins a 6to4 address; its IPv4 address follows (RFC 3056 §2).
const SIX_TO_FOUR: [u8; 2] = [0x20, 0x02];

/// A key of hashes. Who has it can find the address of a hash by trying all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IpKey(pub [u8; 16]);

/// It does not show its bytes.
impl fmt::Debug for IpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IpKey")
    }
}

/// What is done to each address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// Nothing.
    Full,
    /// IPv4 addresses are cut to their /24, others to their /48.
    Truncate,
    /// All but the first byte is a keyed hash of the address (SipHash-2-4).
    Hash(IpKey),
}

impl Privacy {
    /// What is kept of `ip`, an IPv6 address or a v4-mapped one.
    #[must_use]
    pub fn apply(self, ip: [u8; 16]) -> [u8; 16] {
        match self {
            Self::Full => ip,
            Self::Truncate => truncate(ip),
            Self::Hash(IpKey(key)) => {
                let mut hash = SipHasher24::new_with_key(&key).hash(&ip).as_bytes();
                hash[0] = HASH_MARK;
                hash
            }
        }
    }
}

fn truncate(mut ip: [u8; 16]) -> [u8; 16] {
    if ip.starts_with(&IPV4_MAPPED) {
        ip[15] = 0;
        return ip;
    }
    ip[6..].fill(0);
    if ip.starts_with(&SIX_TO_FOUR) {
        ip[5] = 0; // its /48 is a whole IPv4 address
    }
    ip
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};

    use super::*;

    fn kept(privacy: Privacy, ip: &str) -> String {
        let ip = match ip.parse().unwrap() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Ipv6Addr::from(privacy.apply(ip.octets())).to_canonical().to_string()
    }

    #[track_caller]
    fn check(privacy: Privacy, ip: &str, expected: &str) {
        assert_eq!(kept(privacy, ip), expected);
    }

    const KEY: IpKey = IpKey(*b"0123456789abcdef");

    #[test]
    fn full() {
        check(Privacy::Full, "192.0.2.7", "192.0.2.7");
        check(Privacy::Full, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6");
    }

    #[test]
    fn truncated() {
        check(Privacy::Truncate, "192.0.2.7", "192.0.2.0");
        check(Privacy::Truncate, "255.255.255.255", "255.255.255.0");
        check(Privacy::Truncate, "2001:db8:1:2:3:4:5:6", "2001:db8:1::");
        check(Privacy::Truncate, "::1", "::");
        check(Privacy::Truncate, "2002:c000:207:1::1", "2002:c000:200::");
        check(Privacy::Truncate, "64:ff9b::192.0.2.7", "64:ff9b::");
    }

    /// Reckoned by another program after the SipHash paper: a change would make two
    /// of each visitor of the day.
    #[test]
    fn hashed() {
        check(Privacy::Hash(KEY), "192.0.2.7", "fc6d:fcb:8b8c:fe28:62a:5d43:2f45:f709");
        check(Privacy::Hash(KEY), "2001:db8::1", "fc1e:3757:42f9:1bda:f3ba:f08c:a5ab:8c55");
    }

    #[test]
    fn another_key_or_address_is_another_hash() {
        let hash = kept(Privacy::Hash(KEY), "192.0.2.7");
        assert_ne!(hash, kept(Privacy::Hash(KEY), "192.0.2.8"));
        assert_ne!(hash, kept(Privacy::Hash(IpKey([0; 16])), "192.0.2.7"));
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", Privacy::Hash(KEY)), "Hash(IpKey)");
    }
}
