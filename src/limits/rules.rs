//! Bounds of rules.

/// Lines of one key: a click has a byte for the number of the one that answered, and a
/// split keeps those that are left in 64 bits. Over it: a load error.
pub const RULE_LINES_MAX: usize = 64;
/// Conditions of one line. Over it: a load error.
pub const CONDITIONS_MAX: usize = 16;
/// Values of one condition. Over it: a load error.
pub const CONDITION_VALUES_MAX: usize = 64;
/// Largest `weight=`.
pub const WEIGHT_MAX: u32 = 1_000_000;
/// Keys with rules none of which fits that are passed over for one request. Then there is
/// no link.
pub const PAST_MAX: usize = 32;
/// Visitors that `carom links test --repeat` makes up.
pub const TEST_VISITORS_MAX: u64 = 1_000_000;

const _: () = assert!(RULE_LINES_MAX <= u64::BITS as usize);
