//! What files tell of addresses: the country of each, and the named lists it is on. All
//! files are read and flattened before any request asks: what answers are two sorted arrays.
//!
//! ```text
//! bytes -> mmdb | lines | prefixes -> sink (ranges) -> flatten -> lookup (v4), lookup (v6)
//! ```

mod address;
mod builder;
mod code;
mod flatten;
mod known;
mod lines;
mod lookup;
mod mmdb;
mod prefixes;
mod problems;
mod ranges;
mod sink;
#[cfg(test)]
mod tests;

pub use builder::PlacesBuilder;
pub use known::Places;
pub use problems::{PlacesProblem, PlacesProblems};
