//! The bounds of what is known of addresses: countries and lists.

/// Most named lists: one bit each of what is known of an address. Over it: an error at
/// start.
pub const PLACE_LISTS_MAX: usize = 64;
/// Longest name of a list, bytes. Over it: an error at start.
pub const LIST_NAME_BYTES_MAX: usize = 32;
/// Largest file of countries or of a list, and what one may unpack to, bytes. Over it: it
/// is refused, and what was known stays.
pub const PLACE_FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Most ranges that all files say together. Each takes up to 48 bytes while they are read.
/// Over it: the same.
pub const PLACE_RANGES_MAX: usize = 8_000_000;
/// Most networks that are looked at in one MMDB file, those without data too. A whole
/// database of cities has a fourth. Over it: the same, as its tree goes in circles.
pub const MMDB_NETWORKS_MAX: usize = 32_000_000;
/// How often the same part of such a tree may be met on different ways, on average. Over it:
/// the same.
pub const MMDB_SHARED_MAX: usize = 16;
/// Most different pairs of a country and the lists beside it: their numbers have 16 bits.
/// Over it: the same.
pub const PLACES_DIFFERENT_MAX: usize = 1 << 16;

const _: () = assert!(PLACE_LISTS_MAX <= u64::BITS as usize);
// Ranges and the gaps between them are numbered in 32 bits.
const _: () = assert!(PLACE_RANGES_MAX < (u32::MAX / 4) as usize);
const _: () = assert!(PLACES_DIFFERENT_MAX - 1 <= u16::MAX as usize);
