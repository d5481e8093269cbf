//! Bounds of caps.

/// Largest `cap=`: beside it a word has room for the number of a period.
pub const CAP_COUNT_MAX: u64 = 1 << 40;
/// Most caps that are counted in one run of a server, those that were taken back among
/// them. Over it: the links are refused.
pub const CAPS_MAX: usize = 1 << 20;
/// Places in the first file of counts, at least. Each takes 16 bytes, and 32 for each shard.
pub const CAP_SLOTS_MIN: usize = 256;
/// Most files of counts in one run: each has twice the places of the one before.
pub const CAP_EXTENTS_MAX: usize = 16;
/// Most that a shard takes of a cap at once, to count it down alone. The less is left, the
/// less it takes, and near the end one by one.
pub const CAP_LEASE_MAX: u64 = 64;
/// A shard takes one part in so many, for each shard, of what is left.
pub const CAP_LEASE_SHARE: u64 = 4;
/// Caps of which a shard holds something at a time. Over it: it takes of others one by one.
pub const CAP_LEASES_MAX: usize = 4096;
/// How long a shard keeps what it does not use, milliseconds; up to twice as long.
pub const CAP_LEASE_IDLE_MS: u32 = 1_000;

const _: () = assert!(CAPS_MAX <= CAP_SLOTS_MIN << (CAP_EXTENTS_MAX - 1));
const _: () = assert!(CAP_LEASE_MAX <= u8::MAX as u64);
