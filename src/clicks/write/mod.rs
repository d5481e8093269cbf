//! The shard's side: appends clicks to a segment in memory, and never waits.

pub mod dictionary;
pub mod handover;
pub mod map;
pub mod names;
pub mod privacy;
pub mod writer;
