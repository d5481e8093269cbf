//! Where damage of a segment was told of.

use std::ops::Range;

/// How many ranges are remembered one by one.
const RANGES_MAX: usize = 64;

/// Ranges of a file. Where there are too many, one for the rest.
#[derive(Debug, Default)]
pub(super) struct DamagedRanges(Vec<Range<u64>>);

impl DamagedRanges {
    /// Remembers one. They come in order.
    pub(super) fn add(&mut self, range: Range<u64>) {
        if self.0.len() < RANGES_MAX {
            self.0.push(range);
        } else if let Some(last) = self.0.last_mut() {
            last.end = last.end.max(range.end);
        }
    }

    /// Whether damage at this offset was told of.
    pub(super) fn contain(&self, offset: u64) -> bool {
        self.0.iter().any(|range| range.contains(&offset))
    }
}
