//! What the address of a visitor tells.

use super::country::Country;

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
