//! What was found in a ledger: counted for the exit status, told for people.

use std::fmt;
use std::ops::AddAssign;

use super::event::SegmentEvent;
use crate::clicks::format::segment::Header;
use crate::words::counted;

/// What was read, and what was wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Segment files with anything in them.
    pub files: u64,
    /// Clicks read.
    pub clicks: u64,
    /// Records that say what a link was.
    pub links: u64,
    /// Clicks whose reply never left. They are among `clicks`.
    pub undelivered: u64,
    /// Clicks that the server counted but could not record.
    pub lost: u64,
    /// Clicks that were recorded and are gone.
    pub missing: u64,
    /// In how many places they are missing.
    pub gaps: u64,
    /// Bytes that hold no record though they should.
    pub damaged_bytes: u64,
    /// Records that a kill cut short. Their replies were not sent.
    pub torn_tails: u64,
    /// Segments still being written.
    pub live: u64,
    /// Segments without a seal that nobody writes: the server was killed.
    pub unsealed: u64,
    /// Segments whose sync failed while they were written.
    pub suspect: u64,
    /// Files that could not be read as segments.
    pub unreadable: u64,
    /// Segments that are gone and that carom did not delete.
    pub gone: u64,
    /// Segments that are not what the list says, or of which it should tell.
    pub changed: u64,
    /// What is wrong with the lists of segments.
    pub list_flaws: u64,
    /// Segments that hold nothing of the time that was asked for, and were not
    /// read.
    pub passed_over: u64,
}

impl Tally {
    /// Whether every click that was answered has been read. A torn tail and a
    /// missing seal are what a kill leaves, and cost no click.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let clicks = [self.lost, self.missing, self.damaged_bytes, self.unreadable];
        clicks == [0; 4] && [self.gone, self.changed, self.list_flaws] == [0; 3]
    }

    /// Adds what was found. Returns a sentence about it if it is bad.
    pub fn add(&mut self, event: &SegmentEvent) -> Option<String> {
        Some(match *event {
            SegmentEvent::Click { .. } => {
                self.clicks += 1;
                return None;
            }
            SegmentEvent::Link { .. } => {
                self.links += 1;
                return None;
            }
            SegmentEvent::Undelivered(undelivered) => {
                self.undelivered = self.undelivered.saturating_add(undelivered.count);
                return None;
            }
            SegmentEvent::Lost(gap) => {
                self.lost = self.lost.saturating_add(gap.count);
                format!("{} lost for want of a ready segment", counted(gap.count, "click"))
            }
            SegmentEvent::Missing { from, count } => {
                self.missing = self.missing.saturating_add(count);
                self.gaps += 1;
                format!("{} missing, from number {from} on", counted(count, "click"))
            }
            SegmentEvent::Damage { offset, bytes, reason } => {
                self.damaged_bytes = self.damaged_bytes.saturating_add(bytes);
                format!("{} damaged, from byte {offset} on: {reason}", counted(bytes, "byte"))
            }
            SegmentEvent::TornTail { offset, bytes } => {
                self.torn_tails += 1;
                format!(
                    "the server was killed while it wrote the record at byte {offset}, with {} of it \
                     written; its reply was not sent",
                    counted(bytes, "byte")
                )
            }
            SegmentEvent::End => return None,
        })
    }

    /// Whether there is nothing to say but how many clicks there are.
    #[must_use]
    pub fn is_ordinary(&self) -> bool {
        self.is_whole() && [self.torn_tails, self.unsealed, self.suspect] == [0; 3]
    }

    /// All that is to be said beside the number of clicks, each part with a comma
    /// before it.
    #[must_use]
    pub fn findings(&self) -> String {
        let gaps = format!("missing in {} places", self.gaps);
        let parts = [
            (self.missing, "click", if self.gaps > 1 { &*gaps } else { "missing" }),
            (self.lost, "click", "lost for want of space"),
            (self.undelivered, "click", "whose reply was not delivered"),
            (self.damaged_bytes, "byte", "damaged"),
            (self.torn_tails, "torn tail", ""),
            (self.unreadable, "file", "unreadable"),
            (self.gone, "segment", "gone"),
            (self.changed, "segment", "not as listed"),
            (self.list_flaws, "finding", "in the list of segments"),
            (self.suspect, "segment", "suspect (a sync failed)"),
            (self.unsealed, "segment", "not sealed (the server was killed)"),
            (self.live, "segment", "being written"),
            (self.passed_over, "segment", "outside that time not read"),
        ];
        let said = parts.into_iter().filter(|(count, ..)| *count > 0);
        let said = said.map(|(count, thing, what)| {
            format!(", {} {what}", counted(count, thing)).trim_end().to_owned()
        });
        said.collect()
    }
}

/// The totals, in one line.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (clicks, segments) = (counted(self.clicks, "click"), counted(self.files, "segment"));
        write!(f, "{clicks} in {segments}")?;
        f.write_str(&self.findings())?;
        f.write_str(if self.is_whole() { "; nothing is missing" } else { "" })
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        // What files say may be more than can be counted. Too much stays too much.
        let add = |count: &mut u64, more: u64| *count = count.saturating_add(more);
        add(&mut self.files, other.files);
        add(&mut self.clicks, other.clicks);
        add(&mut self.links, other.links);
        add(&mut self.undelivered, other.undelivered);
        add(&mut self.lost, other.lost);
        add(&mut self.missing, other.missing);
        add(&mut self.gaps, other.gaps);
        add(&mut self.damaged_bytes, other.damaged_bytes);
        add(&mut self.torn_tails, other.torn_tails);
        add(&mut self.live, other.live);
        add(&mut self.unsealed, other.unsealed);
        add(&mut self.suspect, other.suspect);
        add(&mut self.unreadable, other.unreadable);
        add(&mut self.gone, other.gone);
        add(&mut self.changed, other.changed);
        add(&mut self.list_flaws, other.list_flaws);
        add(&mut self.passed_over, other.passed_over);
    }
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentState {
    /// Its server was done with it.
    Sealed,
    /// A server is writing it, or has yet to seal it.
    Live,
    /// Its server was killed.
    Unsealed,
    /// It is gone, and carom did not delete it.
    Gone,
    /// It cannot be read.
    Unreadable,
}

impl SegmentState {
    /// The word for it in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Live => "live",
            Self::Unsealed => "unsealed",
            Self::Gone => "gone",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What one segment held.
#[derive(Clone, Debug)]
pub struct SegmentReport {
    /// Its path.
    pub name: String,
    /// What it says of itself, if it can be read.
    pub header: Option<Header>,
    /// What became of it.
    pub state: SegmentState,
    /// It is not the one that carom has at its place.
    pub is_strange: bool,
    /// What was read.
    pub tally: Tally,
    /// What is wrong with it; so many findings as are shown, and the number of the
    /// rest.
    pub notes: Vec<String>,
}

impl SegmentReport {
    /// Nothing was read yet.
    #[must_use]
    pub fn new(name: String, state: SegmentState) -> Self {
        let (header, is_strange) = (None, false);
        Self { name, header, state, is_strange, tally: Tally::default(), notes: Vec::new() }
    }
}
