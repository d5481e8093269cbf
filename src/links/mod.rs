//! Links: from text to a table, and from a request to the link that answers it.
//!
//! ```text
//! text -> formats -> load -> key, target, link -> table::builder -> Table (shared)
//!                                                                     |
//! host, path, query -> key::path, key::host -> Links::ask -> prefetch -> find -> Hit
//!                                                                     |
//!                    Location <- targets::write <- LinkAnswer <- options at that time
//! ```
//!
//! Pure: no socket, no file, no clock. Each wing knows those above it alone:
//!
//! | wing | what it holds |
//! |---|---|
//! | `bytes` | which bytes may stand where in a URL |
//! | `key` | what a link answers to, in one spelling: host, path, pattern, query |
//! | `targets` | where a link sends: what may stand there, what is filled in |
//! | `link` | a link: key, status, target, options, and what it answers at a time |
//! | `table` | all links: made whole, copied for shards, found, patched, compared, compiled |
//! | `explain` | why a request is answered as it is, for people |
//! | `formats` | link files of many programs, each line as a row (knows no table) |
//! | `load` | from files to a table, and a report of every line that is wrong |
//! | `changes` | links that are set and unset one by one, as people write them |
//!
//! - A [`Table`] never changes. Each shard reads the same one through its own copy of the
//!   index ([`Links`]); an [`Editor`] makes the [`Patch`]es that change single links.
//! - Keys are kept in canonical form, so equal keys are equal bytes.
//! - A target is checked once, when it is loaded ([`CheckedTarget`]): whatever is in a
//!   table can stand in a header field as it is. What a visitor adds to it (`:splat`,
//!   `:name`, macros, a query) is encoded.
//! - Nothing here allocates for a request once [`LookupScratch`] has grown to its queries.
//!
//! Several lines of one key are its rules ([`crate::rules`]). Deliberately absent:
//! rewrites. Each is a load error that says so.

mod bytes;
mod key;
mod targets;

mod link;
mod table;

mod explain;

mod formats;
mod load;
mod room;

mod changes;

#[cfg(test)]
pub use changes::changes;
pub use changes::{Change, Changes, check_lay, lay_over, read_keys, read_lines};
pub use explain::{
    AnswerExplained, AskedFor, Explained, Explaining, KeyExplained, LineExplained, UsedOf,
};
pub use formats::{
    Columns, Defaults, Format, HaproxyMatch, Help, Include, Included, Parted, PlaceNames, Source,
    ZoneName, base, each_include, host, prefix,
};
pub use key::{Key, KeyScratch, Loose, normalise};
pub use link::{Link, LinkAnswer, Options, Origin, Picked, Picking, RuleLine, Status, Tried};
pub use load::{FileReport, Loaded, OnBadLine, Problem, Report, load, load_within};
pub use room::{TableRoom, TooLarge};
pub use table::{
    AddProblem, Counts, DifferenceCounts, EditProblem, Editor, Hit, LinkDifference, Links, Listed,
    Lookup, LookupScratch, Memory, Patch, Snapshot, Table, TableBuilder, compare, compiled,
};
pub use targets::{Captured, CheckedTarget, Fallback, Schemes, Target, TooLong, Visit};

#[cfg(test)]
mod tests;
