//! The part of a segment that a reader has in memory.

use std::io;
use std::ops::Range;

use super::source::ReadAt;

/// How much is read in one go, bytes.
const WINDOW_BYTES: usize = 256 * 1024;

/// A part of a file.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    /// Where in the file it begins.
    at: u64,
}

impl Window {
    /// Up to `bytes_max` bytes of the file from `at` on, and none from `end` on.
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub(super) fn view(
        &mut self,
        source: &impl ReadAt,
        at: u64,
        bytes_max: usize,
        end: u64,
    ) -> io::Result<&[u8]> {
        let want = (bytes_max as u64).min(end.saturating_sub(at)) as usize;
        let window_end = self.at + self.bytes.len() as u64;
        if at < self.at || at + want as u64 > window_end {
            let bytes = (WINDOW_BYTES as u64).min(end.saturating_sub(at)) as usize;
            self.bytes.resize(bytes, 0);
            let count = source.read_at(&mut self.bytes, at)?;
            self.bytes.truncate(count);
            self.at = at;
        }
        let begin = (at - self.at) as usize;
        let bytes = &self.bytes[begin.min(self.bytes.len())..];
        Ok(&bytes[..want.min(bytes.len())])
    }

    /// Where in the window a record of the file stands that was just viewed.
    pub(super) fn range(&self, at: u64, bytes: usize) -> Range<usize> {
        let begin = (at - self.at) as usize;
        begin..begin + bytes
    }

    /// What stands there, until the next view.
    pub(super) fn get(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// Forgets what was read: it may have changed since.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }
}
