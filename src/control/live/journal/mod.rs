//! The journal of links: every change that was acknowledged, in a file that is
//! only ever added to, so that it outlasts a crash.
//!
//! `record.rs` says what stands in it and is pure; `file.rs` keeps it on the disk;
//! `changes.rs` is how changes of links become records, and records changes.

pub mod changes;
mod file;
mod record;

pub use file::Journal;
pub use record::{Damage, Deed, HEADER, Recorded, TableServed, WholeGroups, decode, encode};
