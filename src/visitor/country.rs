//! Countries by their codes of two letters (ISO 3166-1 alpha-2).

/// A country, as its two capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country(pub [u8; 2]);

impl Country {
    /// Of a visitor whose country is not known.
    pub const UNKNOWN: Self = Self(*b"ZZ");
}
