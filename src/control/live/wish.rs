//! What can be asked of the desk, and what it answers.

use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::editing::CheckedEdit;
use super::generation::Generation;
use super::journal::KeyCounts;
use super::not_done::NotDone;
use super::testing::{TestQuestion, Tested};
use super::who::Who;
use crate::control::caps::CapRow;
use crate::sources::Sources;

/// Where an answer goes. Whoever waits may have gone.
pub struct Asker {
    tell: oneshot::Sender<Result<Done, NotDone>>,
    /// Room that what is asked for takes until it is answered.
    _room: Option<OwnedSemaphorePermit>,
}

/// Where an answer comes.
pub type Answer = oneshot::Receiver<Result<Done, NotDone>>;

impl Asker {
    /// One that asks, with the room that this takes, and where the answer comes.
    pub fn new(room: Option<OwnedSemaphorePermit>) -> (Self, Answer) {
        let (tell, answer) = oneshot::channel();
        (Self { tell, _room: room }, answer)
    }
}

/// Where an export goes. There is room for a few pieces.
pub type ExportSender = mpsc::Sender<ExportPiece>;

/// A piece of an export.
#[derive(Debug)]
pub enum ExportPiece {
    /// Some of its bytes.
    Text(Vec<u8>),
    /// It was whole.
    End,
}

/// Something the desk is asked to do.
pub enum Wish {
    /// Read the link files again and serve what they say; where it is forced, also when
    /// most links are lost by that.
    Reload { who: Who, is_forced: bool, reply: Option<Asker> },
    /// Read these files, to be looked at and promoted.
    Stage { sources: Box<Sources>, who: Who, reply: Asker },
    /// Serve what is staged.
    Promote { who: Who, reply: Asker },
    /// Forget what is staged.
    Discard { who: Who, reply: Asker },
    /// Serve an earlier generation again: this one, or the one before.
    Rollback { to: Option<u32>, who: Who, reply: Asker },
    /// Take back the change that made this generation.
    Undo { of: u32, is_forced: bool, who: Who, reply: Asker },
    /// Which changes lie over the files; so many of them.
    Changes { most: usize, reply: Asker },
    /// Change single links.
    Edit { edit: CheckedEdit, who: Who, reply: Asker },
    /// Which generations there are.
    Generations { reply: Asker },
    /// All links there are, as a file of the native format, in pieces.
    Export { to: ExportSender },
    /// Which link answers this URL.
    Show { url: String, reply: Asker },
    /// What a visitor would be answered, and why.
    Test { question: Box<TestQuestion>, reply: Asker },
    /// How caps stand.
    Caps { reply: Asker },
    /// What a promotion would change.
    Differences { reply: Asker },
    /// The server stops.
    Stop,
}

impl Wish {
    /// The server itself wishes that the link files are read again.
    pub fn reload(who: Who) -> Self {
        Self::Reload { who, is_forced: false, reply: None }
    }
}

/// A link of a file, and the change in force that answers in its place.
#[derive(Debug, Serialize)]
pub struct Hidden {
    pub key: String,
    /// The line of the link.
    pub file: String,
    /// The line that was set; `None`: the key was unset.
    pub by: Option<String>,
}

/// A change in force.
#[derive(Debug, Serialize)]
pub struct InForceNow {
    pub key: String,
    /// What the link files say, if they have the key.
    pub old: Option<String>,
    /// The line that was set; `None`: the key was unset.
    pub new: Option<String>,
    /// What made it so, as far as the journal tells.
    #[serde(flatten)]
    pub made: Option<MadeBy>,
}

/// Who changed something, and when.
#[derive(Debug, Serialize)]
pub struct MadeBy {
    pub who: String,
    /// RFC 3339.
    pub time: String,
    pub generation: u32,
}

/// What was done, or is so.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Done {
    /// A table is staged.
    Staged { links: usize, left_out: usize, files: Vec<String>, read_ms: u64, changes: usize },
    /// Another table is served.
    Served(Generation),
    /// Links were changed; some of the keys that were unset had none.
    Edited {
        generation: u32,
        changed: usize,
        changes: usize,
        keys: KeyCounts,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        absent: Vec<String>,
    },
    /// What was staged is forgotten.
    Discarded { links: usize },
    /// Links that differ: each line begins with `+` or `-`. Links of what is staged that
    /// changes in force hide.
    Differences {
        added: usize,
        removed: usize,
        changed: usize,
        lines: Vec<String>,
        hidden: usize,
        hides: Vec<Hidden>,
    },
    /// The changes in force, as many as are wanted, in the order of their keys.
    Changes { generation: u32, total: usize, changes: Vec<InForceNow> },
    /// A link, and whether it was set.
    Shown {
        generation: u32,
        link: Option<String>,
        id: Option<String>,
        is_set: bool,
        /// What the server itself answers in place of a link.
        #[serde(skip_serializing_if = "Option::is_none")]
        built_in: Option<&'static str>,
    },
    /// What a visitor is answered, and why.
    Tested {
        generation: u32,
        #[serde(flatten)]
        tested: Tested,
    },
    /// How caps stand, in the order of their links.
    Caps { caps: Vec<CapRow> },
    /// The generations there are, oldest first.
    Generations { serving: u32, staged: Option<usize>, generations: Vec<Generation> },
}

/// Tells whoever asked.
pub fn answer(reply: Asker, answer: Result<Done, NotDone>) {
    // They may have gone.
    let _ = reply.tell.send(answer);
}
