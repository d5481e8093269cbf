//! A link: a key and what it answers. Its status, its target, and the options that say
//! when, where and how long it holds.

mod answer;
mod lines;
mod options;
mod pick;
mod status;
mod times;
mod written;

pub use answer::LinkAnswer;
pub use lines::RuleLine;
pub(super) use lines::{RuleLines, put};
#[cfg(test)]
pub(super) use options::KNOWN;
pub use options::Options;
pub(super) use options::{Else, Setting};
pub use pick::{Picked, Picking, Tried};
pub use status::Status;
pub use written::{Link, Origin};
