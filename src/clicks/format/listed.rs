//! What the list of segments tells of one: that it was begun, what it held when it was
//! done with, and that it was deleted or found gone.

use super::frame::Salt;

/// A digest of a whole file, as `b3sum` gives it (BLAKE3).
pub type Digest = [u8; 32];

/// Who did what the list tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// `carom serve`.
    Server,
    /// `carom ship --delete-shipped`.
    Ship,
    /// `carom clicks prune`.
    Prune,
    /// A later version of carom, which names it.
    Later,
}

/// Why a segment was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeletedWhy {
    /// Nothing was ever written into it.
    Unused,
    /// Every registered sink has its clicks, and its time was up.
    Shipped,
    /// Its last click was older than `--keep` says.
    TooOld,
    /// Its last click was before `--before`.
    Before,
    /// The click folder took more than `--max-disk` says.
    MaxDisk,
    /// What a later version of carom has for a reason.
    Later,
}

impl DeletedWhy {
    /// What it means, for people.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Unused => "never used",
            Self::Shipped => "every sink had them",
            Self::TooOld => "older than --keep",
            Self::Before => "before --before",
            Self::MaxDisk => "over --max-disk",
            Self::Later => "for a reason of a later version",
        }
    }
}

impl Actor {
    /// Its command, for people.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Server => "the server",
            Self::Ship => "ship --delete-shipped",
            Self::Prune => "clicks prune",
            Self::Later => "a later version",
        }
    }
}

/// Who deleted a segment, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deletion {
    /// By whom.
    pub by: Actor,
    /// Why.
    pub why: DeletedWhy,
}

/// What a segment holds that is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The run of the server that wrote it, Unix µs.
    pub run: u64,
    /// Salt of its checksums.
    pub salt: Salt,
    /// Number of its first click, recorded or lost.
    pub first: u64,
    /// Number of its last one.
    pub last: u64,
    /// Clicks recorded.
    pub clicks: u64,
    /// Clicks counted and not recorded.
    pub lost: u64,
    /// Length of the file, bytes.
    pub bytes: u64,
    /// Time of its first click, Unix µs.
    pub from_us: u64,
    /// Time of its last one.
    pub to_us: u64,
    /// Of the whole file; `None` where nobody has taken it.
    pub digest: Option<Digest>,
}

/// What a start found that somebody else had done. The list tells it, so that it stays a
/// finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// The segment was put there, or its header changed: the list does not tell of it, and
    /// carom did not sign it. What is in it counts nowhere.
    Unlisted,
    /// Its image in the stage was removed or emptied after a kill.
    ImageGone,
    /// Its image was not the same as what had been synced.
    ImageChanged,
    /// The list was removed. Told at [`LIST_PLACE`].
    ListGone,
    /// The file that says how long the list was when it was synced was removed. Told at
    /// [`LIST_PLACE`].
    HeadGone,
}

/// Shard and number that stand for the list itself. No segment has the number 0.
pub const LIST_PLACE: (u16, u64) = (0, 0);

/// What happened to a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedEvent {
    /// The list begins. Told at [`LIST_PLACE`].
    Made,
    /// Its file was made.
    Begun {
        /// The run of the server, Unix µs.
        run: u64,
        /// Salt of its checksums.
        salt: Salt,
        /// It is written in a stage, and its file comes later.
        is_staged: bool,
    },
    /// Its server sealed it.
    Sealed(Contents),
    /// A later start found it so: its server was killed, or is older than the list.
    Found(Contents),
    /// It is deleted.
    Deleted {
        /// By whom.
        by: Actor,
        /// Why.
        why: DeletedWhy,
    },
    /// A start found it gone, and carom did not delete it.
    Gone,
    /// A start found what somebody else had done.
    Harmed(Harm),
}

/// One entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Whose segment.
    pub shard: u16,
    /// Its number.
    pub number: u64,
    /// What happened.
    pub event: ListedEvent,
}
