//! What answers where an address is.

use std::fmt;

use super::address::mapped;
use super::lookup::Lookup;
use crate::visitor::place::Place;

/// What is known of all addresses.
pub struct Places {
    /// The names of the lists, in the order of their bits.
    pub(super) names: Vec<String>,
    pub(super) has_countries: bool,
    pub(super) v4: Lookup<u32>,
    pub(super) v6: Lookup<u128>,
    /// Each place that some address has, by its number.
    pub(super) places: Vec<Place>,
    /// Ranges of the files.
    pub(super) ranges: usize,
}

impl Places {
    /// What is known of an address (IPv4 as v4-mapped IPv6).
    #[inline]
    pub fn of(&self, address: &[u8; 16]) -> Place {
        let whole = u128::from_be_bytes(*address);
        let number = match mapped(whole) {
            Some(v4) => self.v4.find(v4),
            None => self.v6.find(whole),
        };
        self.places[usize::from(number)]
    }

    /// The number of a list, which is that of its bit.
    pub fn list(&self, name: &[u8]) -> Option<u32> {
        self.names.iter().position(|it| it.as_bytes() == name).map(|bit| bit as u32)
    }

    /// The names of the lists, in the order of their bits.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether some file tells of countries.
    pub fn has_countries(&self) -> bool {
        self.has_countries
    }

    /// How many ranges the files had.
    pub fn ranges(&self) -> usize {
        self.ranges
    }

    /// What it takes, bytes.
    pub fn bytes(&self) -> usize {
        self.v4.bytes() + self.v6.bytes() + self.places.len() * size_of::<Place>()
    }
}

/// Not all ranges one by one.
impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (names, ranges) = (&self.names, self.ranges);
        f.debug_struct("Places").field("names", names).field("ranges", &ranges).finish()
    }
}
