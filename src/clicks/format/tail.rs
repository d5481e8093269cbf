//! What only some clicks tell. It stands behind the fields that every click has, and
//! begins with its own length, so that later versions can tell more: a reader takes
//! what it knows, and what a shorter tail leaves out is 0.

use super::frame::u64_at;

/// The tail of a click, as this version writes it, bytes.
pub const TAIL_BYTES: usize = 12;

/// What a click may tell beside the rest. A click that tells none of it has no tail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// A hash of who the visitor is, of which the key dies with its day; 0 for none.
    pub visitor: u64,
    /// The country of the address, as two letters (ISO 3166-1); zeros for none.
    pub country: [u8; 2],
    /// Whom the address comes from.
    pub ip_from: AddressSource,
    /// How the connection was encrypted.
    pub tls: TlsSession,
}

/// Whom a visitor's address comes from: one of these, or a number below 16 that a later
/// version has a name for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressSource(u8);

impl AddressSource {
    /// It is not told.
    pub const UNTOLD: Self = Self(0);
    /// The peer of the connection.
    pub const PEER: Self = Self(1);
    /// A PROXY header at the beginning of the connection.
    pub const PROXY: Self = Self(2);
    /// A header field of the request, such as `X-Forwarded-For`.
    pub const FORWARDED: Self = Self(3);

    /// That of the low bits of its byte in a record.
    pub(super) const fn of(byte: u8) -> Self {
        Self(byte & 15)
    }

    /// The number for it in a record, and the word for it in output.
    #[must_use]
    pub fn number_and_word(self) -> (u8, Option<&'static str>) {
        let word = match self {
            Self::PEER => "peer",
            Self::PROXY => "proxy",
            Self::FORWARDED => "forwarded",
            _ => return (self.0, None),
        };
        (self.0, Some(word))
    }
}

/// A version of TLS, and whether its session was resumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlsSession(u8);

impl TlsSession {
    /// No TLS, or it is not told.
    pub const NONE: Self = Self(0);
    /// A new session of TLS 1.2.
    pub const V12: Self = Self(1);
    /// A new session of TLS 1.3.
    pub const V13: Self = Self(2);
    const RESUMED: u8 = 1 << 3;

    /// That of the high bits of its byte in a record, moved to the low ones.
    pub(super) const fn of(bits: u8) -> Self {
        Self(bits & 15)
    }

    /// The same, resumed.
    #[must_use]
    pub const fn resumed(self) -> Self {
        Self(self.0 | Self::RESUMED)
    }

    /// Whether it was resumed.
    #[must_use]
    pub const fn is_resumed(self) -> bool {
        self.0 & Self::RESUMED != 0
    }

    /// The number for its version in a record, and the word for it in output.
    #[must_use]
    pub fn number_and_word(self) -> (u8, Option<&'static str>) {
        match self.0 & !Self::RESUMED {
            1 => (1, Some("1.2")),
            2 => (2, Some("1.3")),
            other => (other, None),
        }
    }
}

impl Tail {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // Asked of every click that is written: one look at all four bytes.
        let [first, second] = self.country;
        let rest = u32::from_ne_bytes([first, second, self.ip_from.0, self.tls.0]);
        self.visitor == 0 && rest == 0
    }

    /// The tail of a record.
    pub(super) fn encode(&self) -> [u8; TAIL_BYTES] {
        let mut bytes = [0; TAIL_BYTES];
        bytes[0] = TAIL_BYTES as u8;
        bytes[1] = self.ip_from.0 | self.tls.0 << 4;
        bytes[2..4].copy_from_slice(&self.country);
        bytes[4..12].copy_from_slice(&self.visitor.to_le_bytes());
        bytes
    }

    /// The tail at the beginning of `bytes`, and what stands behind it. Of a longer
    /// one it is what this version knows.
    pub(super) fn split_off(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let length = usize::from(*bytes.first()?);
        if length == 0 {
            return None; // its length is a part of it
        }
        let (told, behind) = bytes.split_at_checked(length)?;
        let mut known = [0; TAIL_BYTES];
        let count = length.min(TAIL_BYTES);
        known[..count].copy_from_slice(&told[..count]);
        let tail = Self {
            visitor: u64_at(&known, 4),
            country: [known[2], known[3]],
            ip_from: AddressSource::of(known[1]),
            tls: TlsSession::of(known[1] >> 4),
        };
        Some((tail, behind))
    }
}
