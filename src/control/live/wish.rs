//! What can be asked of the desk, and what it answers.

use std::fmt;

use serde::Serialize;
use tokio::sync::oneshot;

use super::editing::CheckedEdit;
use super::generation::Generation;
use super::look::ExportSender;
use super::who::Who;
use crate::links::{Problem, Report};
use crate::sources::Sources;
use crate::words::counted;

/// Where an answer goes. Whoever waits may have gone.
pub type Asker = oneshot::Sender<Result<Done, NotDone>>;

/// Something the desk is asked to do.
pub enum Wish {
    /// Read the link files again and serve what they say.
    Reload { who: Who, reply: Option<Asker> },
    /// Read these files, to be looked at and promoted.
    Stage { sources: Sources, who: Who, reply: Asker },
    /// Serve what is staged.
    Promote { who: Who, reply: Asker },
    /// Forget what is staged.
    Discard { reply: Asker },
    /// Serve an earlier generation again: this one, or the one before.
    Rollback { to: Option<u32>, who: Who, reply: Asker },
    /// Change single links.
    Edit { edit: CheckedEdit, who: Who, reply: Asker },
    /// Which generations there are.
    Generations { reply: Asker },
    /// All links there are, as a file of the native format, in pieces.
    Export { to: ExportSender },
    /// Which link answers this URL.
    Show { url: String, reply: Asker },
    /// What a promotion would change.
    Differences { reply: Asker },
    /// The server stops.
    Stop,
}

/// Changes of single links: all of them or none.
#[derive(Debug)]
pub enum Edit {
    /// The links of this text in the native format, called this in messages.
    Set { name: String, lines: String },
    /// Keys whose links are taken away, one a line.
    Unset { name: String, keys: String },
    /// Keys that are as the files say again, one a line.
    Reset { name: String, keys: String },
    /// All keys.
    ResetAll,
}

/// What was done, or is so.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Done {
    /// A table is staged.
    Staged { links: usize, left_out: usize, files: Vec<String>, read_ms: u64, changes: usize },
    /// Another table is served.
    Served(Generation),
    /// Links were changed.
    Edited { generation: u32, changed: usize, changes: usize },
    /// What was staged is forgotten.
    Discarded { links: usize },
    /// Links that differ: each line begins with `+` or `-`.
    Differences { added: usize, removed: usize, changed: usize, lines: Vec<String> },
    /// A link, and whether it was set.
    Shown { generation: u32, link: Option<String>, id: Option<String>, is_set: bool },
    /// The generations there are, oldest first.
    Generations { serving: u32, staged: Option<usize>, generations: Vec<Generation> },
}

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

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}
