//! What the address of a visitor tells.

use super::country::Country;
use crate::limits::LIST_NAME_BYTES_MAX;

/// What is known of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it is.
    pub country: Country,
    /// Which named lists it is on: a bit for each, in their order.
    pub lists: u64,
}

impl Place {
    /// Of an address of which nothing is known.
    pub const UNKNOWN: Self = Self { country: Country::UNKNOWN, lists: 0 };
}

/// Whether a list may be called so.
#[must_use]
pub fn is_list_name(name: &[u8]) -> bool {
    let is_good = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=LIST_NAME_BYTES_MAX).contains(&name.len()) && name.iter().all(is_good)
}
