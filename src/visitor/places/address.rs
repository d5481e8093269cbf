//! Addresses and networks as people and files write them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::problems::shown;

/// What begins an IPv4 address that is written as an IPv6 address (RFC 4291 §2.5.5.2).
const MAPPED: u128 = 0xffff << 32;

/// A range of addresses, with its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    V4(u32, u32),
    V6(u128, u128),
}

/// An IPv4 address that is written as an IPv6 address.
#[inline]
pub fn mapped(address: u128) -> Option<u32> {
    (address & !u128::from(u32::MAX) == MAPPED).then_some(address as u32)
}

impl Range {
    /// One of IPv6 addresses; those of IPv4 that are written so are IPv4.
    pub fn v6(first: u128, last: u128) -> Self {
        match (mapped(first), mapped(last)) {
            (Some(first), Some(last)) => Self::V4(first, last),
            _ => Self::V6(first, last),
        }
    }

    fn of(first: IpAddr, last: IpAddr) -> Option<Self> {
        match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => Some(Self::V4(first.into(), last.into())),
            (IpAddr::V6(first), IpAddr::V6(last)) => Some(Self::v6(first.into(), last.into())),
            _ => None,
        }
    }

    fn is_in_order(self) -> bool {
        match self {
            Self::V4(first, last) => first <= last,
            Self::V6(first, last) => first <= last,
        }
    }
}

/// A network, `192.0.2.0/24`, or a single address.
///
/// # Errors
///
/// What is wrong, and what would be right.
pub fn network(text: &str) -> Result<Range, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(single(address));
    }
    let Some(network) = parsed(text) else {
        return Err(format!(
            "`{}` is no network; write an address, or one with the length of its prefix: \
             192.0.2.0/24, 2001:db8::/32",
            shown(text)
        ));
    };
    if network.trunc() != network {
        let right = network.trunc();
        return Err(format!("`{text}` has bits set behind its prefix; write {right}"));
    }
    let range = Range::of(network.network(), network.broadcast());
    // Both ends are of one family.
    range.ok_or_else(|| format!("`{text}` is no network; write 192.0.2.0/24"))
}

/// An octet that begins with a zero, which some programs take for octal, is no number.
fn parsed(text: &str) -> Option<IpNet> {
    let (address, length) = text.split_once('/')?;
    let is_number = length.bytes().all(|byte| byte.is_ascii_digit());
    let length = length.parse().ok().filter(|_| is_number)?;
    IpNet::new(address.parse().ok()?, length).ok()
}

/// A range from one address to another, each as text or, as some files have it, as a
/// number. Numbers that fit are IPv4 addresses.
///
/// # Errors
///
/// The same.
pub fn between(first: &str, last: &str) -> Result<Range, String> {
    let range = match (first.parse::<u128>(), last.parse::<u128>()) {
        (Ok(first), Ok(last)) => match (u32::try_from(first), u32::try_from(last)) {
            (Ok(first), Ok(last)) => Range::V4(first, last),
            _ => Range::v6(first, last),
        },
        _ => {
            let (from, to) = (address(first)?, address(last)?);
            Range::of(from, to).ok_or_else(|| {
                format!("`{first}` and `{last}` are of two families; write both as IPv4 or IPv6")
            })?
        }
    };
    if range.is_in_order() {
        return Ok(range);
    }
    Err(format!("`{first}` is behind `{last}`; write the first address before the last"))
}

/// An address alone.
fn address(text: &str) -> Result<IpAddr, String> {
    text.parse()
        .map_err(|_| format!("`{}` is no address; write 192.0.2.0 or 2001:db8::", shown(text)))
}

fn single(address: IpAddr) -> Range {
    match address {
        IpAddr::V4(v4) => Range::V4(v4.into(), v4.into()),
        IpAddr::V6(v6) => Range::v6(v6.into(), v6.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let check = |text: &str, want| assert_eq!(network(text), Ok(want), "{text}");
        check("192.0.2.0/24", Range::V4(0xc000_0200, 0xc000_02ff));
        check("192.0.2.7", Range::V4(0xc000_0207, 0xc000_0207));
        check("0.0.0.0/0", Range::V4(0, u32::MAX));
        check("::ffff:192.0.2.0/120", Range::V4(0xc000_0200, 0xc000_02ff));
        check("::/0", Range::V6(0, u128::MAX));
        check("2001:db8::/32", Range::V6(0x2001_0db8 << 96, (0x2001_0db9 << 96) - 1));
    }

    #[test]
    fn what_is_no_network_says_what_would_be() {
        let check = |text: &str, want: &str| {
            let said = network(text).unwrap_err();
            assert!(said.contains(want), "{text}: {said}");
        };
        check("10.0.0.1/8", "`10.0.0.1/8` has bits set behind its prefix; write 10.0.0.0/8");
        check("2001:db8::1/32", "write 2001:db8::/32");
        check("10.0.0.0/33", "is no network; write an address");
        check("010.0.0.0/8", "is no network");
        check("example.com", "is no network");
    }

    #[test]
    fn ranges() {
        let check = |first: &str, last: &str, want| {
            assert_eq!(between(first, last), Ok(want), "{first} {last}");
        };
        check("1.0.0.0", "1.0.0.255", Range::V4(0x0100_0000, 0x0100_00ff));
        check("16777216", "16777471", Range::V4(0x0100_0000, 0x0100_00ff));
        check("::", "::5", Range::V6(0, 5));
        check("0", "281470681743359", Range::V6(0, MAPPED - 1));
        check("281470698520576", "281470698520831", Range::V4(0x0100_0000, 0x0100_00ff));
        for (first, last) in [("1.0.0.1", "1.0.0.0"), ("1.0.0.0", "::1"), ("x", "1"), ("5", "4")] {
            assert!(between(first, last).is_err(), "{first} {last}");
        }
    }
}
