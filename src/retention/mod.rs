//! Retention: which segments of a click folder go because they are old, or because there
//! are too many; never one whose clicks a registered sink lacks, unless that is forced.
//!
//! ```text
//! folder + list + checkpoints ──▶ Survey ──▶ choose ──▶ Choice ──▶ carry_out: list, then files
//!                                   ages ──────┘ ▲
//!                                          clock ┘
//! ```
//!
//! `ages` and `choose` are pure. `keeping` is the thread of a server that does all this
//! beside serving; `carom clicks prune` does it once. `docs/click-log.md` says what is
//! promised.

mod ages;
mod carry_out;
mod choose;
mod clock;
mod keeping;
mod survey;
pub mod words;

use std::time::Duration;

pub use carry_out::{Pruned, carry_out, finish};
pub use choose::{Choice, Going, Held, Moment, choose};
pub use clock::doubted;
pub use keeping::Retention;
pub use survey::{Lacking, Survey, Surveyed, used_bytes};

/// What an operator wishes to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Segments whose last click is older go.
    pub keep: Option<Duration>,
    /// Segments whose last click is before this time go, Unix µs.
    pub before_us: Option<u64>,
    /// The oldest go until the segments of a folder take no more than this, bytes.
    pub disk_bytes_max: Option<u64>,
}

impl Rules {
    /// Whether nothing ever goes.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
