//! Where the readers of files put what they find.

use super::ranges::Claims;
use crate::limits::PLACE_RANGES_MAX;

/// What a file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Countries of addresses.
    Countries,
    /// Addresses alone.
    Addresses,
}

/// Where a reader puts what it finds.
pub struct Sink<'a> {
    pub name: &'a str,
    pub wanted: Wanted,
    pub file: u16,
    pub claims: &'a mut Claims,
    /// Ranges that there is still room for.
    pub room: usize,
}

/// That there is no room for more ranges.
pub fn too_many() -> String {
    format!(
        "all files together have more than {PLACE_RANGES_MAX} ranges; take files of countries \
         alone, or fewer lists"
    )
}
