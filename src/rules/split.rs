//! Which part of a split a visitor is in, without a cookie: a keyed hash of who asks, so
//! that the answer is the same after a restart and on every machine that has the key.

use core::fmt;
use core::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use super::asked::Asked;
use super::bytes::{cut, cut_slice};
use super::query;
use crate::words::visible;

/// What begins an IPv4 address (RFC 4291 §2.5.5.2).
const IPV4_MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// The key of a machine's splits, or of several that answer alike.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SplitKey(pub [u8; 16]);

/// It does not show its bytes.
impl fmt::Debug for SplitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SplitKey")
    }
}

/// What keeps a visitor in a part of a split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sticky<'a> {
    /// Address and user agent.
    #[default]
    Visitor,
    /// The address.
    Ip,
    /// Nothing.
    Off,
    /// The value of the parameter with this name; without it as `Visitor`.
    Query(&'a [u8]),
}

impl<'a> Sticky<'a> {
    /// Reads what stands behind `sticky=`.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn parse(value: &'a [u8]) -> Result<Self, String> {
        match value {
            b"visitor" => Ok(Self::Visitor),
            b"ip" => Ok(Self::Ip),
            b"off" => Ok(Self::Off),
            other => match other.strip_prefix(b"query:") {
                Some(name) if (1..=255).contains(&name.len()) => Ok(Self::Query(name)),
                _ => Err(format!(
                    "sticky={} is not known; write visitor, ip, off or query:NAME",
                    visible(&String::from_utf8_lossy(other))
                )),
            },
        }
    }

    /// Appends it.
    pub fn store(&self, out: &mut Vec<u8>) {
        match self {
            Self::Visitor => out.push(0),
            Self::Ip => out.push(1),
            Self::Off => out.push(2),
            Self::Query(name) => {
                out.extend([3, name.len() as u8]);
                out.extend_from_slice(name);
            }
        }
    }

    /// Takes what was stored.
    pub fn read(rest: &mut &'a [u8]) -> Self {
        match cut(rest) {
            [0] => Self::Visitor,
            [1] => Self::Ip,
            [2] => Self::Off,
            [_] => {
                let [size] = cut(rest);
                Self::Query(cut_slice(rest, usize::from(size)))
            }
        }
    }
}

impl fmt::Display for Sticky<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Visitor => f.write_str("visitor"),
            Self::Ip => f.write_str("ip"),
            Self::Off => f.write_str("off"),
            Self::Query(name) => write!(f, "query:{}", String::from_utf8_lossy(name)),
        }
    }
}

/// Where visitors are in splits.
#[derive(Clone, Copy, Debug)]
pub struct Splits {
    key: SplitKey,
    /// Those that are in no part for long.
    rolls: u64,
}

impl Splits {
    /// With this key. `begin` is where the numbers of those begin that nothing keeps in
    /// a part.
    #[must_use]
    pub fn new(key: SplitKey, begin: u64) -> Self {
        Self { key, rolls: begin }
    }

    /// A number for who asks for a link: any is as likely as any other, and the same
    /// visitor has the same.
    pub fn hash(&mut self, sticky: Sticky<'_>, asked: &Asked<'_>, link: u64) -> u64 {
        let mut hash = SipHasher13::new_with_key(&self.key.0);
        let parameter = match sticky {
            Sticky::Query(name) => query::values(asked.query.unwrap_or_default(), name).next(),
            _ => None,
        };
        match (sticky, parameter) {
            (Sticky::Off, _) => {
                self.rolls = self.rolls.wrapping_add(1);
                hash.write(&[3]);
                hash.write(&self.rolls.to_le_bytes());
            }
            (Sticky::Query(_), Some(value)) => {
                hash.write(&[2]);
                hash.write(value);
            }
            (Sticky::Ip, _) => {
                hash.write(&[1]);
                hash.write(who(&asked.address));
            }
            (Sticky::Visitor | Sticky::Query(_), _) => {
                hash.write(&[0]);
                hash.write(who(&asked.address));
                hash.write(asked.user_agent);
            }
        }
        hash.write(&link.to_le_bytes());
        hash.finish()
    }
}

/// What of an address stays the same for one visitor: of IPv6 the /64.
fn who(address: &[u8; 16]) -> &[u8] {
    match address.strip_prefix(&IPV4_MAPPED) {
        Some(v4) => v4,
        None => &address[..8],
    }
}

/// The point of a hash among so many weights in all: below `sum`.
#[must_use]
pub fn point(hash: u64, sum: u64) -> u64 {
    ((u128::from(hash) * u128::from(sum)) >> 64) as u64
}

/// Where in a range, of so many weights in all, a hash is, as another hash: those that are
/// in the range are as evenly spread again.
#[must_use]
pub fn within(hash: u64, sum: u64, (begin, end): (u64, u64)) -> u64 {
    let at = (u128::from(hash) * u128::from(sum)).saturating_sub(u128::from(begin) << 64);
    (at / u128::from((end - begin).max(1))) as u64
}
