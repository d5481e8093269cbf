//! The journal of links: every change that was acknowledged, in a file that is
//! only ever added to, so that it outlasts a crash.
//!
//! `record.rs` says what stands in it and is pure; `file.rs` keeps it on the disk;
//! `changes.rs` is how changes of links become records, and records changes; `in_force.rs`
//! does them again, and knows who made each; `log.rs` tells of each change that was made;
//! `shorten.rs` leaves out what is outdated.

pub mod changes;
mod file;
mod in_force;
mod log;
mod record;
mod shorten;

pub use file::{Journal, Records};
pub use in_force::{By, InForce, KeyChange};
pub use log::{Entry, Happened, Log};
pub use record::{
    Damage, Deed, HEADER, KeyCounts, Recorded, TableServed, WholeGroups, decode, encode,
};
pub use shorten::{Wanted, shorten};
