//! Links: from text to a table, and from a request to the link that answers it.
//!
//! ```text
//! text -> formats -> key, status, target -> builder -> Table (shared)
//!                                                        |
//! host, path, query -> normalise -> ask -> prefetch -> find -> Hit -> Location
//! ```
//!
//! Pure: no socket, no file, no clock. Imports nothing of carom but `limits`.
//!
//! - A [`Table`] never changes. Each shard reads the same one through its own
//!   copy of the index ([`Links`]).
//! - Keys are kept in canonical form, so equal keys are equal bytes: hosts in
//!   lower case, paths [normalised](normalise()) and those of `nocase` keys in
//!   lower case, parameters sorted by name and spelled in one way.
//! - A key with placeholders is a pattern (`pattern.rs`): it lies among the prefixes,
//!   and is compared with a path segment by segment.
//! - A target is checked once, when it is loaded ([`targets::validate`]);
//!   whatever is in a table can stand in a header field as it is. What a
//!   visitor adds to it (`:splat`, `:name`, macros, a query) is encoded.
//! - Nothing here allocates for a request once [`Scratch`] has grown to its
//!   queries.
//!
//! Deliberately absent: weights, conditions
//! and rewrites. Each is a load error that says so.

mod bytes;
mod changes;
mod formats;
mod key;
mod link;
mod load;
mod table;
pub mod targets;

#[cfg(test)]
pub use changes::changes;
pub use changes::{Change, Changes, read_keys, read_lines};
pub use formats::{
    Columns, Format, HaproxyMatch, Help, Include, Included, Source, base, each_include,
};
pub use key::{Key, KeyScratch, normalise};
pub use link::{Answer, Link, Options, Origin, Status};
pub use load::{FileReport, Loaded, OnBadLine, Problem, Report, load};
pub use table::{
    AddProblem, Ask, Counts, DifferenceCounts, EditProblem, Editor, Hit, LinkDifference, Links,
    Listed, Memory, Patch, Scratch, Snapshot, Table, TableBuilder, compare, compiled,
};
pub use targets::{Captured, Fallback, QueryRule, Target, TooLong, Visit};

#[cfg(test)]
mod tests;
