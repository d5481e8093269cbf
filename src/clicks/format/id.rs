//! Click ids: where the record of a click stands, signed, in 26 characters.
//! Bytes in, bytes out; `docs/click-log.md` says how to verify one in any
//! language.
//!
//! An id is 128 bits, the first the highest: what [`ClickPlace`] holds, which key
//! signed it, and a MAC over all that. So it finds its click without an index,
//! ids sort as their clicks stand, and nobody without a key can make one.

use std::fmt;

use siphasher::sip::SipHasher24;

use crate::limits::{CLICK_ID_BYTES, CLICK_KEYS_MAX, SEGMENT_BYTES_MAX, SHARDS_MAX};

// How many bits of an id tell what.
const NODE_BITS: u32 = 16;
const SHARD_BITS: u32 = 10;
const SEGMENT_BITS: u32 = 32;
/// Records begin at multiples of 8.
const WORD_BITS: u32 = 28;
const KEY_BITS: u32 = 2;
const MAC_BITS: u32 = 40;

/// What is signed: all bits before the MAC, as bytes.
const SIGNED_BYTES: usize = ((u128::BITS - MAC_BITS) / 8) as usize;

const _: () =
    assert!(NODE_BITS + SHARD_BITS + SEGMENT_BITS + WORD_BITS + KEY_BITS + MAC_BITS == u128::BITS);
const _: () = assert!(MAC_BITS.is_multiple_of(8));
const _: () = assert!(NODE_BITS == u16::BITS);
const _: () = assert!(SHARDS_MAX <= 1 << SHARD_BITS);
const _: () = assert!(SEGMENT_BYTES_MAX / 8 <= 1 << WORD_BITS);
const _: () = assert!(CLICK_KEYS_MAX == 1 << KEY_BITS);
// 25 characters of 5 bits, and one that holds the 3 highest.
const _: () = assert!(CLICK_ID_BYTES * 5 - 2 == u128::BITS as usize);

/// Crockford's base32 (crockford.com/base32.html), in lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Where the record of a click stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClickPlace {
    /// Number of the machine (`serve --node`).
    pub node: u16,
    /// Which of its shards, from 0.
    pub shard: u16,
    /// Number of the segment within that shard.
    pub segment: u64,
    /// Where in the segment file, bytes: a multiple of 8. 0, where no record
    /// can stand, for a click that was counted as lost.
    pub offset: u64,
}

impl ClickPlace {
    /// Whether there is a record, and not merely a click that was counted as
    /// lost.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.offset != 0
    }

    /// The bits before the key's; `None` for what has no room in them.
    fn pack(&self) -> Option<u128> {
        let word = self.offset / 8;
        let fits = u32::from(self.shard) >> SHARD_BITS == 0
            && self.segment >> SEGMENT_BITS == 0
            && word >> WORD_BITS == 0
            && self.offset.is_multiple_of(8);
        let mut bits = u128::from(self.node);
        bits = bits << SHARD_BITS | u128::from(self.shard);
        bits = bits << SEGMENT_BITS | u128::from(self.segment);
        bits = bits << WORD_BITS | u128::from(word);
        fits.then_some(bits)
    }

    fn unpack(bits: u128) -> Self {
        let low = |bits: u128, count: u32| (bits & ((1 << count) - 1)) as u64;
        let (word, bits) = (low(bits, WORD_BITS), bits >> WORD_BITS);
        let (segment, bits) = (low(bits, SEGMENT_BITS), bits >> SEGMENT_BITS);
        let (shard, bits) = (low(bits, SHARD_BITS), bits >> SHARD_BITS);
        let node = low(bits, NODE_BITS);
        Self { node: node as u16, shard: shard as u16, segment, offset: word * 8 }
    }
}

/// An id as it was read or signed; [`ClickKeys::open`] tells whether it is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClickId(u128);

impl ClickId {
    /// The id with these bits, the first the highest.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Its bits, the first the highest.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The id as text, in lower case.
    #[must_use]
    pub fn text(self) -> [u8; CLICK_ID_BYTES] {
        std::array::from_fn(|at| {
            let digit = self.0 >> (5 * (CLICK_ID_BYTES - 1 - at)) & 31;
            ALPHABET[digit as usize]
        })
    }

    /// Reads the text of an id as Crockford wants it read: in either case, `i`
    /// and `l` as 1, `o` as 0. Hyphens, which no id of ours has, are refused.
    ///
    /// # Errors
    ///
    /// [`IdRefused::Shape`].
    pub fn parse(text: &[u8]) -> Result<Self, IdRefused> {
        let text: &[u8; CLICK_ID_BYTES] = text.try_into().map_err(|_| IdRefused::Shape)?;
        let mut bits = 0;
        for (at, character) in text.iter().enumerate() {
            let digit = match character.to_ascii_lowercase() {
                b'i' | b'l' => 1,
                b'o' => 0,
                other => ALPHABET.iter().position(|&it| it == other).ok_or(IdRefused::Shape)?,
            };
            // The first has room for three bits; more would be lost.
            if at == 0 && digit >= 8 {
                return Err(IdRefused::Shape);
            }
            bits = bits << 5 | digit as u128;
        }
        Ok(Self(bits))
    }
}

impl fmt::Display for ClickId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        f.pad(str::from_utf8(&text).expect("the alphabet is ASCII"))
    }
}

/// Why an id is not taken for one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdRefused {
    /// It is not 26 characters of the alphabet.
    Shape,
    /// It says that this key signed it, which is not there.
    UnknownKey(u8),
    /// The MAC does not fit the rest.
    Forged,
}

impl fmt::Display for IdRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => write!(
                f,
                "not a click id: one has {CLICK_ID_BYTES} characters, digits and letters without u, \
                 the first 0 to 7"
            ),
            Self::UnknownKey(id) => write!(
                f,
                "it is signed with key {id}, which is not in the key file; give the file of the \
                 server that made it with --click-key"
            ),
            Self::Forged => f.write_str(
                "its MAC does not fit: it was mistyped or forged, or another server's key signed it",
            ),
        }
    }
}

impl std::error::Error for IdRefused {}

/// The keys that sign ids, by their number. The newest signs, all verify.
#[derive(Clone)]
pub struct ClickKeys {
    keys: [Option<SipHasher24>; CLICK_KEYS_MAX],
    newest: u8,
}

/// Keys are secret: their numbers are all that is shown.
impl fmt::Debug for ClickKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.numbers()).finish()
    }
}

impl ClickKeys {
    /// Reads the text of a key file: a line for each key, oldest first, its
    /// number, its 16 bytes as hex digits, and, if wanted, when it was made
    /// (RFC 3339). `#` begins a comment.
    ///
    /// # Errors
    ///
    /// The first line that is bad, without what it says: that may be a secret.
    pub fn parse(text: &str) -> Result<Self, BadKeys> {
        let mut keys = [None; CLICK_KEYS_MAX];
        let mut newest = None;
        for (at, line) in text.lines().enumerate() {
            let line = line.split_once('#').map_or(line, |(before, _)| before);
            let mut words = line.split_ascii_whitespace();
            let Some(id) = words.next() else {
                continue;
            };
            let bad = |what| BadKeys { line: at + 1, what };
            let id: u8 = id.parse().map_err(|_| bad(BadKey::Number))?;
            let slot = keys.get_mut(usize::from(id)).ok_or(bad(BadKey::Number))?;
            let key = words.next().and_then(key_of).ok_or(bad(BadKey::Digits))?;
            if words.next().is_some_and(|date| date.parse::<jiff::Timestamp>().is_err()) {
                return Err(bad(BadKey::Date));
            }
            if words.next().is_some() {
                return Err(bad(BadKey::Rest));
            }
            if slot.replace(SipHasher24::new_with_key(&key)).is_some() {
                return Err(bad(BadKey::Twice(id)));
            }
            newest = Some(id);
        }
        let lines = text.lines().count();
        let newest = newest.ok_or(BadKeys { line: lines.max(1), what: BadKey::None })?;
        Ok(Self { keys, newest })
    }

    /// The text of a new key file: one key with this number, of 16 random bytes, made at
    /// `made` (RFC 3339).
    #[must_use]
    pub fn generate(number: u8, random: [u8; 16], made: &str) -> String {
        let digits = u128::from_be_bytes(random);
        format!(
            "# ClickKeys that sign the click ids of this carom. Keep them secret, and keep them:\n\
             # without its key no id can be verified. One a line: number 0 to 3, 32 hex\n\
             # digits, when it was made. The last line signs, all lines verify.\n\
             {number} {digits:032x} {made}\n"
        )
    }

    /// The numbers of all keys.
    pub fn numbers(&self) -> impl Iterator<Item = u8> {
        (0..).zip(&self.keys).filter(|(_, key)| key.is_some()).map(|(number, _)| number)
    }

    /// The 16 bytes of a key, to derive another secret from; `None` if it is not there.
    #[must_use]
    pub fn secret(&self, key: u8) -> Option<[u8; 16]> {
        Some((*self.keys.get(usize::from(key))?)?.key())
    }

    /// The number of the newest key. Segments note it, because with another one
    /// the ids of their clicks would be others.
    #[must_use]
    pub fn newest(&self) -> u8 {
        self.newest
    }

    /// The id of the click at `place`. What an id cannot tell, a shard or a
    /// segment number that has no room in it, gives the id of a lost click.
    #[must_use]
    pub fn sign(&self, place: ClickPlace) -> ClickId {
        self.sign_as(self.newest, place).expect("it is there")
    }

    /// The id that the click at `place` got when `key` was the newest; `None`
    /// if that key is not there.
    #[must_use]
    pub fn sign_as(&self, key: u8, place: ClickPlace) -> Option<ClickId> {
        let nowhere = ClickPlace { shard: 0, segment: 0, offset: 0, ..place };
        let bits = place.pack().or_else(|| nowhere.pack()).expect("that has room");
        let signed = bits << KEY_BITS | u128::from(key);
        let key = (*self.keys.get(usize::from(key))?)?;
        Some(ClickId(signed << MAC_BITS | mac(&key, signed)))
    }

    /// Where the click stands whose id this is.
    ///
    /// The comparison may take longer the more of a MAC is right: ids are opened
    /// for the operator, whom nobody can time, and never for a visitor.
    ///
    /// # Errors
    ///
    /// [`IdRefused`] when none of these keys has signed it.
    pub fn open(&self, id: ClickId) -> Result<ClickPlace, IdRefused> {
        let signed = id.0 >> MAC_BITS;
        let number = (signed & ((1 << KEY_BITS) - 1)) as u8;
        let key = self.keys[usize::from(number)].ok_or(IdRefused::UnknownKey(number))?;
        if signed << MAC_BITS | mac(&key, signed) != id.0 {
            return Err(IdRefused::Forged);
        }
        Ok(ClickPlace::unpack(signed >> KEY_BITS))
    }
}

/// Signs the ids of one shard.
#[derive(Clone, Debug)]
pub struct Signer {
    /// With these.
    pub keys: ClickKeys,
    /// Number of the machine.
    pub node: u16,
    /// Which shard.
    pub shard: u16,
}

impl Signer {
    /// The id of the click at `offset` in `segment`; 0 for one that is lost.
    #[must_use]
    pub fn sign(&self, segment: u64, offset: u64) -> ClickId {
        self.keys.sign(ClickPlace { node: self.node, shard: self.shard, segment, offset })
    }
}

/// The first bytes that SipHash-2-4 gives for the signed bits.
fn mac(key: &SipHasher24, signed: u128) -> u128 {
    let bytes = (signed << MAC_BITS).to_be_bytes();
    // The order in which its authors write the hash is little-endian.
    let hash = key.hash(&bytes[..SIGNED_BYTES]).swap_bytes();
    u128::from(hash >> (u64::BITS - MAC_BITS))
}

fn key_of(digits: &str) -> Option<[u8; 16]> {
    let is_hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let key = u128::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some(key.to_be_bytes())
}

/// What is wrong with a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadKeys {
    /// In which line, from 1.
    pub line: usize,
    what: BadKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BadKey {
    Number,
    Digits,
    Date,
    Rest,
    Twice(u8),
    None,
}

impl fmt::Display for BadKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            BadKey::Number => f.write_str("a line begins with the number of its key, 0 to 3"),
            BadKey::Digits => f.write_str(
                "behind its number a key has 32 hex digits, as `openssl rand -hex 16` makes them",
            ),
            BadKey::Date => f.write_str("when the key was made is written 2025-01-31T08:00:00Z"),
            BadKey::Rest => {
                f.write_str("there is more than number, key and date; put it behind a #")
            }
            BadKey::Twice(id) => write!(
                f,
                "key {id} is there already; give the new key a number that is free, or remove the \
                 oldest"
            ),
            BadKey::None => f.write_str(
                "there is no key; write `0` and the 32 hex digits of `openssl rand -hex 16`, or \
                 delete the file to have one made",
            ),
        }
    }
}

impl std::error::Error for BadKeys {}

#[cfg(test)]
mod tests;
