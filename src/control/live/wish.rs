//! What can be asked of the desk, and what it answers.

use std::fmt;

use serde::Serialize;
use tokio::sync::oneshot;

use super::generation::Generation;
use super::who::Who;
use crate::links::{Problem, Report};
use crate::sources::Sources;

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
    Edit { edit: Edit, who: Who, reply: Asker },
    /// Which generations there are.
    Generations { reply: Asker },
    /// All links there are.
    Export { reply: Asker },
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
    /// A file of the native format.
    Exported(String),
    /// The generations there are, oldest first.
    Generations { serving: u32, staged: Option<usize>, generations: Vec<Generation> },
}

/// Why something was not done.
#[derive(Debug)]
pub struct NotDone {
    /// Which kind of reason, as an HTTP status.
    pub status: u16,
    /// A sentence with its remedy.
    pub error: String,
    /// The lines that are wrong.
    pub problems: Vec<Problem>,
}

impl NotDone {
    pub fn new(status: u16, error: impl fmt::Display) -> Self {
        Self { status, error: error.to_string(), problems: Vec::new() }
    }

    /// A change that does not go together with the files it lies over, and why.
    pub fn clash(why: String) -> Self {
        Self::new(
            422,
            format_args!(
                "a link that was set does not go together with these files: {why}; nothing is \
                 changed. Mend the files, or reset its key with `carom links reset`"
            ),
        )
    }

    /// Bad lines, and `so` what was not done for them.
    pub fn bad_lines(report: Report, so: &str) -> Self {
        let error = match report.problems.len() {
            1 => format!("1 bad line, so {so}; mend it and try again"),
            count => format!("{count} bad lines, so {so}; mend them and try again"),
        };
        Self { status: 422, error, problems: report.problems }
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}
