//! A link as it was written, each part checked by itself.

use super::options::Options;
use super::status::Status;
use crate::links::key::Key;
use crate::links::targets::CheckedTarget;
use crate::rules::Rule;

/// Where a link was written: the caller's number of its file, and its line
/// counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Number of the file.
    pub file: u32,
    /// Line within it.
    pub line: u32,
}

/// A link to be added to a table.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// What it answers to.
    pub key: Key<'a>,
    /// What it answers with.
    pub status: Status,
    /// Where it sends; `None` for a 410.
    pub target: Option<CheckedTarget<'a>>,
    /// What else it says.
    pub options: Options<'a>,
    /// When it answers, if it is one of several lines of its key.
    pub rule: Rule<'a>,
    /// Where it was written.
    pub origin: Origin,
}
