//! What other links would have answered: a real access log, answered with the links
//! of now and with those that are to come, and every request whose reply is another.
//!
//! ```text
//! log file ── line ──▶ request ── head ──▶ trial (old links) ──▶ reply ┐
//!              (sample)             └────▶ trial (new links) ──▶ reply ┴▶ changed replies, totals
//! ```
//!
//! A trial is a shard as visitors get it, but without sockets, and its clicks are
//! written nowhere. `cli` reads the arguments and shows how far it is.

mod access_log;
mod changed_replies;
mod log_file;
mod rerun;
mod sample;
mod totals;
mod trial;

pub use access_log::{LogLine, LoggedRequest, read};
pub use log_file::LogFile;
pub use rerun::{Rerun, RerunOptions};
pub use sample::Sample;
pub use trial::{Pieces, Trial};
