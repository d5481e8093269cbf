//! How often a line may answer, counted by all shards together, and never once too often.
//!
//! A shard asks its [`ShardCaps`]:
//!
//! ```text
//! caps.is_open(link, line, cap, zone, unix_us)         may the line answer once more? uses nothing
//! caps.take(link, line, cap, zone, unix_us, sequence)  it answers: one is used; `false` if none is left
//! caps.give_back(sequence)                             ... but there was no click, as its reply was
//!                                                      too long or is refused: before the next one
//! caps.tick(ms)                                        once a turn, and always where nothing happens
//! ```
//!
//! `sequence` is the number that the shard's next click will have. Where `is_open` said
//! yes, `take` at the same time does too. A click that is lost has used one.
//!
//! Whoever serves links has a `CapRoom`, whose `admit` gives each cap its slot before
//! shards answer from links with it; a cap without a slot lets nothing through.
//! [`ShardCaps::in_memory`] makes slots by itself.
//!
//! What each shard *took* of a cap in a period stands in words that it alone writes, in a
//! mapped file. What was *granted* to shards, so what they took and what they may still take
//! by themselves (their *leases*), stands in memory: it is granted while it is less than the
//! cap, a lease at a time. So neither a kill nor a lease that is lost with its shard can make
//! a count wrong.

mod calendar;
mod cap;
mod counts;
mod extent;
mod kept;
mod room;
mod shard;
mod tally;

pub use calendar::{Calendar, NEVER_US, PeriodSpan};
pub use cap::{Cap, CapLine, Period};
pub use counts::{CapCounts, CapStanding};
pub use extent::{CapKey, Heap, Room};
pub use kept::{KeptCap, KeptCaps, Pending};
pub use room::{CapRoom, NoCapRoom};
pub use shard::ShardCaps;
