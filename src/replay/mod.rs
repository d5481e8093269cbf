//! What other links would have answered: a real access log, answered with the links
//! of now and with those that are to come, and every request whose reply is another.
//!
//! ```text
//! log file ── line ──▶ request ── head ──▶ dry shard (old links) ──▶ reply ┐
//!              (sample)             └────▶ dry shard (new links) ──▶ reply ┴▶ changed replies, totals
//! ```
//!
//! A log may be packed, and each of its lines tells of which of the `formats` it is.
//! A dry shard answers as one that serves does, but without sockets, and writes its
//! clicks nowhere. `cli` reads the arguments and shows how far it is.

mod changed_replies;
mod dry_shard;
mod formats;
mod log_file;
mod logged;
mod not_understood;
mod rerun;
mod sample;
mod totals;

pub use dry_shard::{DryShard, Pieces};
pub use formats::{LogColumns, LogFormat, LogReader};
pub use log_file::LogFile;
pub use logged::{LogLine, LoggedRequest};
pub use rerun::{Rerun, RerunOptions};
pub use sample::Sample;
pub use totals::Totals;
