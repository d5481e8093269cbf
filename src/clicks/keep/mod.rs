//! The keeper's side: what could make a shard wait. It makes, faults in, syncs and
//! seals segments, and keeps the numbers and keys that outlive a server.

pub mod ip_keys;
pub mod keeper;
pub mod numbers;
pub mod segments;
