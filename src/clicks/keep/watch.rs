//! The server looks at its own files: whether each segment that is being written, or
//! is to be, is still the file that it was made as.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::doubt::Fate;
use super::syncer::SegmentSyncer;
use crate::limits::{SEGMENT_HEADER_BYTES, WATCH_MS};

/// When it is looked.
#[derive(Debug)]
pub struct Watch {
    due: Instant,
}

impl Watch {
    /// One that looks at once.
    pub fn new() -> Self {
        Self { due: Instant::now() }
    }

    /// Looks if it is time to; when it is the next time.
    pub fn turn(&mut self, now: Instant, shards: &mut [SegmentSyncer]) -> Instant {
        if now >= self.due {
            shards.iter_mut().for_each(SegmentSyncer::look_at_files);
            self.due = now + Duration::from_millis(WATCH_MS);
        }
        self.due
    }
}

impl SegmentSyncer {
    /// Looks at the file of each segment that is not sealed. The shard is to leave those
    /// that are not as they were made. What is gone is counted and said when it has, or
    /// the next time, should there be none to go on in.
    pub fn look_at_files(&mut self) {
        self.receive();
        let mut is_news = false;
        let mut current = None;
        for (at, own) in self.open.iter_mut().enumerate() {
            let fate = Fate::of(&own.shared);
            if own.shared.segment.used() > SEGMENT_HEADER_BYTES {
                current = (own.doubt.fate != Fate::Whole && fate != Fate::Whole).then_some(at);
            }
            if fate == Fate::Whole {
                continue;
            }
            let is_forsaken = fate.is_away() || matches!(fate, Fate::Cut(_));
            is_news |= is_forsaken && !own.shared.is_forsaken.swap(true, Ordering::AcqRel);
            own.doubt.fate = fate;
        }
        if is_news {
            self.passage().handover.wake();
        }
        // Clicks are told apart only where the shard has left no other segment.
        if let Some(at) = current.filter(|_| !self.has_retired()) {
            let recorded = self.passage().handover.counts.clicks.load(Ordering::Acquire);
            let mut own = self.open.remove(at).expect("it is there");
            self.doubt(&mut own, self.clicks_left, recorded.max(self.clicks_left));
            self.open.insert(at, own);
        }
    }
}
