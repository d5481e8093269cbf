//! What a segment holds, piece by piece.

use crate::clicks::format::frame::Flaw;
use crate::clicks::format::gap::Gap;
use crate::clicks::format::undelivered::Undelivered;

/// One thing that was found in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentEvent {
    /// A click; [`SegmentReader::click`](super::reader::SegmentReader::click) is what it
    /// says.
    Click {
        /// Where in the file.
        offset: u64,
        /// Its number.
        sequence: u64,
        /// When, Unix µs.
        time_us: u64,
    },
    /// What a link was; [`SegmentReader::link`](super::reader::SegmentReader::link) knows
    /// it from now on.
    Link {
        /// Where in the file.
        offset: u64,
    },
    /// Clicks whose reply never left, as their connection ended before. Which ones is not
    /// told: they are among those before it.
    Undelivered(Undelivered),
    /// Clicks that the server counted but had no room for. Times are 0 where
    /// it was killed before it could note them.
    Lost(Gap),
    /// Numbers that no record has: clicks that were recorded and are gone.
    Missing {
        /// The first such number.
        from: u64,
        /// How many.
        count: u64,
    },
    /// Bytes that should be a record, or a part of the first page, and are not.
    Damage {
        /// Where in the file.
        offset: u64,
        /// How many.
        bytes: u64,
        /// What is wrong where they begin.
        reason: Flaw,
    },
    /// The last record was being written when the server was killed. Its reply
    /// was never sent.
    TornTail {
        /// Where in the file.
        offset: u64,
        /// How many bytes of it were written.
        bytes: u64,
    },
    /// There is nothing more; in a live segment, nothing more yet.
    End,
}
