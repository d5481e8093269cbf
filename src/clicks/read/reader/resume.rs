//! Going on where reading ended at another time.

use std::io;

use super::SegmentReader;
use crate::clicks::read::event::SegmentEvent;
use crate::clicks::read::source::ReadAt;

impl<S: ReadAt> SegmentReader<S> {
    /// Begins at `offset`, where a record ends, instead of with the first one.
    /// The next record should have this number. What links are is not known there.
    pub fn skip_to(&mut self, offset: u64, sequence: u64) {
        self.at = offset;
        self.expected = Some(sequence);
        // The seal counts the clicks before it too.
        self.is_whole = false;
    }

    /// The same, but what stands before it is passed over, for what it says of links.
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub fn resume_at(&mut self, offset: u64, sequence: u64) -> io::Result<()> {
        self.expected = self.start.map(|start| start.first_sequence);
        // Somebody may write it still: the end of what is there is none of what was read.
        while self.at < offset && self.next(true)? != SegmentEvent::End {}
        if self.at != offset {
            self.links.forget();
        }
        self.told.clear();
        self.is_ended = false;
        self.skip_to(offset, sequence);
        Ok(())
    }
}
