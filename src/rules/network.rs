//! Addresses and networks as conditions have them.

use core::net::{IpAddr, Ipv6Addr};

use crate::words::visible;

/// A network of IPv6, or of IPv4 as v4-mapped addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: u128,
    /// Bits of the address that are given, of 128.
    bits: u8,
}

impl Network {
    /// Reads `192.0.2.0/24`, `2001:db8::/32`, or one address.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let shown = visible(&String::from_utf8_lossy(text)).to_string();
        let wrong = || {
            format!(
                "IP={shown} is no address; write 192.0.2.7, 192.0.2.0/24, 2001:db8::/32 or @LIST"
            )
        };
        let network = Self::of_text(text).ok_or_else(wrong)?;
        let exact = Self { address: network.address & mask(network.bits), ..network };
        if exact != network {
            return Err(format!("IP={shown} has bits behind its prefix; write {}", exact.text()));
        }
        Ok(network)
    }

    fn of_text(text: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(text).ok()?;
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => {
                let is_number = bits.bytes().all(|digit| digit.is_ascii_digit());
                (address, Some(bits.parse::<u8>().ok().filter(|_| is_number)?))
            }
            None => (text, None),
        };
        let (address, own) = match address.parse().ok()? {
            IpAddr::V4(address) => (address.to_ipv6_mapped(), 32),
            IpAddr::V6(address) => (address, 128),
        };
        let bits = bits.unwrap_or(own);
        (bits <= own).then(|| Self { address: address.to_bits(), bits: bits + (128 - own) })
    }

    /// As it is stored: a zero, which begins no name of a list, address and bits.
    pub fn store(&self) -> [u8; 18] {
        let mut bytes = [0; 18];
        bytes[1..17].copy_from_slice(&self.address.to_be_bytes());
        bytes[17] = self.bits;
        bytes
    }

    /// What was stored so.
    #[inline]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 18] = bytes.try_into().ok().filter(|bytes: &&[u8; 18]| bytes[0] == 0)?;
        let (address, rest) = bytes[1..].split_first_chunk()?;
        Some(Self { address: u128::from_be_bytes(*address), bits: rest[0].min(128) })
    }

    /// Whether an address is in it. One of IPv4 is in none of IPv6, such as `::/0`, though it
    /// is kept as one.
    #[inline]
    pub fn has(&self, address: &[u8; 16]) -> bool {
        let address = u128::from_be_bytes(*address);
        let is_v4 = address >> 32 == 0xffff;
        (address ^ self.address) & mask(self.bits) == 0 && !(is_v4 && self.bits < 96)
    }

    /// As it is written.
    pub fn text(&self) -> String {
        let v6 = Ipv6Addr::from_bits(self.address);
        match v6.to_ipv4_mapped().filter(|_| self.bits >= 96) {
            Some(v4) if self.bits == 128 => v4.to_string(),
            Some(v4) => format!("{v4}/{}", self.bits - 96),
            None if self.bits == 128 => v6.to_string(),
            None => format!("{v6}/{}", self.bits),
        }
    }
}

fn mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let check = |text: &str, address: &str, want: bool| {
            let network = Network::parse(text.as_bytes()).unwrap();
            assert_eq!(network.text(), text);
            let address = match address.parse().unwrap() {
                IpAddr::V4(address) => address.to_ipv6_mapped(),
                IpAddr::V6(address) => address,
            };
            assert_eq!(network.has(&address.octets()), want, "{text} {address}");
        };
        check("192.0.2.0/24", "192.0.2.255", true);
        check("192.0.2.0/24", "192.0.3.0", false);
        check("192.0.2.7", "192.0.2.7", true);
        check("192.0.2.7", "192.0.2.6", false);
        check("0.0.0.0/0", "1.2.3.4", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("2001:db8::/32", "2001:db8:ffff::", true);
        check("::/0", "2001:db8::1", true);
        check("::/0", "1.2.3.4", false);
        check("::/64", "::1", true);
        check("::/64", "1.2.3.4", false);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |text: &str, want: &str| {
            let problem = Network::parse(text.as_bytes()).unwrap_err();
            assert!(problem.contains(want), "{text}: {problem}");
        };
        check("10.0.0.1/8", "write 10.0.0.0/8");
        check("2001:db8::1/32", "write 2001:db8::/32");
        check("10.0.0.0/33", "is no address");
        check("10.0.0.0/+8", "is no address");
        check("example", "is no address");
    }
}
