//! What was found in a ledger: counted for the exit status, told for people.

use std::fmt;

use super::reader::Event;

/// What was read, and what was wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Segment files with anything in them.
    pub files: u64,
    /// Clicks read.
    pub clicks: u64,
    /// Clicks that the server counted but could not record.
    pub lost: u64,
    /// Clicks that were recorded and are gone.
    pub missing: u64,
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
}

impl Tally {
    /// Whether every click that was answered has been read. A torn tail and a
    /// missing seal are what a kill leaves, and cost no click.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.lost + self.missing + self.damaged_bytes + self.unreadable == 0
    }

    /// Adds what was found. Returns a sentence about it if it is bad.
    pub fn add(&mut self, event: &Event) -> Option<String> {
        Some(match *event {
            Event::Click { .. } => {
                self.clicks += 1;
                return None;
            }
            Event::Lost(gap) => {
                self.lost += gap.count;
                format!("{} clicks were lost for want of a ready segment", gap.count)
            }
            Event::Missing { from, count } => {
                self.missing += count;
                format!("{count} clicks are missing, from number {from} on")
            }
            Event::Damage { offset, bytes, reason } => {
                self.damaged_bytes += bytes;
                format!("{bytes} bytes from byte {offset} on are damaged: {reason}")
            }
            Event::TornTail { offset, bytes } => {
                self.torn_tails += 1;
                format!(
                    "the server was killed while it wrote the record at byte {offset} ({bytes} \
                     bytes of it are there); its reply was not sent"
                )
            }
            Event::End => return None,
        })
    }
}

/// The totals, in one line.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        let (clicks, files) = (self.clicks, self.files);
        write!(f, "{clicks} click{} in {files} segment{}", plural(clicks), plural(files))?;
        for (count, thing, what) in [
            (self.missing, "click", "missing"),
            (self.lost, "click", "lost for want of space"),
            (self.damaged_bytes, "byte", "damaged"),
            (self.torn_tails, "torn tail", ""),
            (self.unreadable, "file", "unreadable"),
            (self.suspect, "segment", "suspect (a sync failed)"),
            (self.unsealed, "segment", "not sealed (the server was killed)"),
            (self.live, "segment", "being written"),
        ] {
            if count > 0 {
                let text = format!(", {count} {thing}{} {what}", plural(count));
                f.write_str(text.trim_end())?;
            }
        }
        f.write_str(if self.is_whole() { "; nothing is missing" } else { "" })
    }
}
