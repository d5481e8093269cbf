//! What only the syncer knows of a segment, and how its bytes get to the disk.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::doubt::{Doubt, Fate};
use super::open_segment::OpenSegment;
use crate::disk;
use crate::limits::{SEGMENT_HEADER_BYTES, SYNC_STEP_BYTES};
use crate::words::counted;

/// So many bytes ahead of the writer are faulted in anew before each sync: the
/// kernel may have written them back as zeros meanwhile, and watches them then.
const POPULATE_AGAIN_BYTES: usize = 1024 * 1024;
/// What the kernel writes back as one.
const PAGE_BYTES: usize = 4096;

/// A segment, as the syncer has it.
pub struct OwnSegment {
    /// What the maker knows of it too.
    pub shared: Arc<OpenSegment>,
    /// Its first page and its name outlast a power loss, or that failed.
    pub is_named: bool,
    /// So many bytes were brought to the disk, or tried.
    pub synced: usize,
    /// How far the present sync is to go.
    pub sync_to: usize,
    /// How far the segment was written when the last sync began.
    used_before: usize,
    lost_synced: u64,
    /// What may be gone of it.
    pub doubt: Doubt,
}

impl OwnSegment {
    /// Of a segment of which nothing is on the disk.
    pub fn new(shared: Arc<OpenSegment>) -> Self {
        Self {
            shared,
            is_named: false,
            synced: 0,
            sync_to: 0,
            used_before: 0,
            lost_synced: 0,
            doubt: Doubt::new(),
        }
    }

    /// Decides what the next sync is to write, now that the shard has recorded so many
    /// `clicks`.
    pub fn plan_sync(&mut self, clicks: u64) {
        let used = self.shared.segment.used();
        self.doubt.plan(used, clicks);
        let page = used / PAGE_BYTES * PAGE_BYTES;
        self.sync_to = match used {
            SEGMENT_HEADER_BYTES => 0,
            _ if self.used_before / PAGE_BYTES * PAGE_BYTES == page => used,
            _ => page,
        };
        self.used_before = used;
    }

    /// Whether the disk lacks something that it is to have. `lost` clicks were lost so far.
    pub fn has_unsynced(&self, lost: u64) -> bool {
        self.sync_to > self.synced || (self.sync_to > 0 && lost != self.lost_synced)
    }

    /// Brings `range` to the disk. Before that counts, its first page and its name in
    /// the folder are brought there too.
    pub fn bring(&mut self, range: Range<usize>) -> io::Result<()> {
        if self.is_named {
            return self.shared.sync(range);
        }
        // What fails is not tried again, as the kernel may say yes the second time.
        self.is_named = true;
        self.shared.sync(0..SEGMENT_HEADER_BYTES.max(range.end))?;
        disk::folder::sync(disk::folder::of(&self.shared.path))
    }

    /// A sync went so. Once one failed, what is on the disk ends there.
    pub fn note_synced(&mut self, is_ok: bool) {
        let is_suspect = self.shared.is_suspect.load(Ordering::Acquire);
        if is_ok && !is_suspect && !self.shared.segment.map().is_broken() {
            self.doubt.synced(self.synced);
        }
    }

    /// Syncs up to [`SYNC_STEP_BYTES`].
    pub fn sync(&mut self, lost: u64) -> io::Result<()> {
        let shared = self.shared.clone();
        let map = shared.segment.map();
        let used = shared.segment.used();
        let populated = shared.populated.load(Ordering::Acquire);
        let is_staged = shared.staged.is_some();
        // While the disk works, the writer must not fault. What fails here
        // fails again where it matters, in `populate` of the maker.
        let again = (used + POPULATE_AGAIN_BYTES).min(populated);
        if !is_staged {
            let _ = map.populate(used.min(again)..again);
        }
        let (begin, end) = (self.synced, self.sync_to.min(self.synced + SYNC_STEP_BYTES));
        // The tally of lost clicks stands in the first page.
        let first = if lost == self.lost_synced { 0 } else { SEGMENT_HEADER_BYTES };
        let result = shared.sync(0..first).and_then(|()| self.bring(begin..end));
        // Passed over even when it failed: the kernel may have dropped the
        // pages, and a second try that succeeds would prove nothing.
        self.synced = end;
        self.lost_synced = lost;
        self.note_synced(result.is_ok());
        if !is_staged && result.is_ok() && end > used / PAGE_BYTES * PAGE_BYTES {
            let _ = map.populate(end..(end + 1).min(populated.max(end)));
        }
        result
    }

    /// Whether all that was recorded in it is in its image in a stage, whatever becomes of
    /// its file.
    pub fn has_image(&self) -> bool {
        let map = self.shared.segment.map();
        self.shared.staged.as_ref().is_some_and(|staged| !staged.is_image_cut(map))
    }

    /// Has all of it brought to the disk once more, if it is in a stage and its file does
    /// not have what was brought there: a sync failed, or the file was cut, or is not
    /// under its name. Whether that is so; and what operators are told.
    pub fn begin_again(&mut self, sentences: &mut Vec<String>) -> bool {
        let shared = self.shared.clone();
        let Some(staged) = shared.staged.as_ref().filter(|_| self.has_image()) else {
            return false;
        };
        let fate = Fate::of(&shared);
        let what = match &fate {
            Fate::Cut(bytes) => format!("was cut to {}", counted(*bytes, "byte")),
            Fate::Removed => "was removed".to_owned(),
            Fate::Moved(to) => format!("was moved to {}", to.display()),
            Fate::Gone => "was replaced or hidden".to_owned(),
            _ if !shared.is_suspect.load(Ordering::Acquire) => return false,
            _ => String::new(),
        };
        if !what.is_empty() {
            let is_cut = matches!(fate, Fate::Cut(_));
            if staged.make_again(&shared.path, shared.segment.map().bytes(), is_cut).is_err() {
                return false;
            }
            sentences.push(format!(
                "{} {what} while it was written. It was made again with all that was recorded in \
                 it, which is in the stage; find out who does that in the click folder",
                shared.path.display()
            ));
        }
        (self.is_named, self.synced) = (false, 0);
        true
    }
}
