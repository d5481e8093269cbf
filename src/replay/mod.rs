//! What other links would have answered: a real access log, answered with the links
//! of now and with those that are to come, and every request whose reply is another.
//!
//! ```text
//! log file ── line ──▶ request ── head ──▶ dry shard (old links) ──▶ reply ┐
//!              (sample)             └────▶ dry shard (new links) ──▶ reply ┴▶ changed replies, totals
//! ```
//!
//! A dry shard answers as one that serves does, but without sockets, and writes its
//! clicks nowhere. `cli` reads the arguments and shows how far it is.

mod access_log;
mod changed_replies;
mod dry_shard;
mod log_file;
mod rerun;
mod sample;
mod totals;

pub use access_log::{LogLine, LoggedRequest, read};
pub use dry_shard::{DryShard, Pieces};
pub use log_file::LogFile;
pub use rerun::{Rerun, RerunOptions};
pub use sample::Sample;
pub use totals::Totals;
