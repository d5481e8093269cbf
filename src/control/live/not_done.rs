//! Why something was not done.

use std::fmt;

use crate::links::{Problem, Report, TooLarge};
use crate::words::counted;

/// Why something was not done.
#[derive(Debug, Clone)]
pub struct NotDone {
    /// Which kind of reason.
    pub reason: Reason,
    /// A sentence with its remedy.
    pub error: String,
    /// The lines that are wrong.
    pub problems: Vec<Problem>,
}

/// Kinds of reasons why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// What is wished is not said as it is to be said.
    NotUnderstood,
    /// Links, keys or files are wrong.
    Wrong,
    /// There is no such thing.
    Unknown,
    /// It does not go together with what is served or staged now.
    NotNow,
    /// The disk failed.
    Disk,
    /// The server stops, or has too much to do.
    Unavailable,
}

impl NotDone {
    pub fn new(reason: Reason, error: impl fmt::Display) -> Self {
        Self { reason, error: error.to_string(), problems: Vec::new() }
    }

    /// More waits than may.
    pub fn busy() -> Self {
        Self::new(
            Reason::Unavailable,
            "too much waits to be done already, so nothing is changed; try again in a moment",
        )
    }

    /// A change that does not go together with the files it lies over, and why.
    pub fn clash(why: String) -> Self {
        Self::new(
            Reason::Wrong,
            format_args!(
                "a link that was set does not go together with these files: {why}; nothing is \
                 changed. Mend the files, or reset its key with `carom links reset`"
            ),
        )
    }

    /// Bad lines, and `so` what was not done for them.
    pub fn bad_lines(report: Report, so: &str) -> Self {
        let count = report.problems.len();
        let them = if count == 1 { "it" } else { "them" };
        let count = counted(count, "bad line");
        let error = format!("{count}, so {so}; mend {them} and try again");
        Self { reason: Reason::Wrong, error, problems: report.problems }
    }
}

impl From<TooLarge> for NotDone {
    fn from(why: TooLarge) -> Self {
        Self::new(Reason::Wrong, format_args!("{why}; nothing is changed"))
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}
