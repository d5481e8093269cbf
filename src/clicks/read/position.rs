//! How far the clicks of one shard have been read, so that reading can go on
//! there at another time.

use super::reader::SegmentReader;
use crate::clicks::folder::SegmentFile;

/// A place behind one click, and before all later ones of its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Whose clicks.
    pub shard: u16,
    /// The run of the server that wrote the segment, Unix µs.
    pub run: u64,
    /// Number of the segment.
    pub segment: u64,
    /// Where in the segment the next record begins, bytes.
    pub offset: u64,
    /// The number that the next click of the run should have.
    pub sequence: u64,
}

impl Position {
    /// Whether `file` is the segment that this stands in.
    #[must_use]
    pub fn is_in(&self, file: &SegmentFile) -> bool {
        file.number == self.segment && run_of(file) == Some(self.run)
    }

    /// How many of the segments of the shard, by number, hold nothing behind
    /// this. The one that it stands in may get more, and does not count.
    ///
    /// A folder that was emptied numbers its segments from 1 again. Those are of
    /// a later run and all behind this.
    #[must_use]
    pub fn passed(&self, files: &[SegmentFile]) -> usize {
        let near = files.partition_point(|file| file.number <= self.segment);
        let last =
            files[..near].iter().rposition(|file| run_of(file).is_some_and(|run| run <= self.run));
        match last {
            Some(index) if self.is_in(&files[index]) => index,
            Some(index) => index + 1,
            None => 0,
        }
    }
}

/// Which run wrote a segment; `None` if that cannot be read.
fn run_of(file: &SegmentFile) -> Option<u64> {
    let reader = file.open().and_then(SegmentReader::open).ok()?.ok()?;
    Some(reader.header().run)
}
