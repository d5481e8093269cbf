//! Who is at the other end of a connection.

use std::net::IpAddr;

/// An address as clicks keep it: IPv4 as v4-mapped IPv6 (RFC 4291 §2.5.5.2).
pub(super) fn peer_bytes(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}
