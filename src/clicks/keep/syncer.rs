//! The segments of one shard, as the syncer sees them: synced and sealed, or deleted
//! unused. Any call here may wait for the disk. What the list of segments is to tell of
//! them is gathered in `listed`.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::open_segment::{OpenSegment, Passage, ServerRun};
use super::trouble::{Trouble, Work};
use crate::clicks::format::listed::{Actor, Contents, DeletedWhy, Listed, ListedEvent};
use crate::clicks::format::segment::{PageBlock, SEAL_AT, START_AT, START_BYTES, Seal, StartBlock};
use crate::clicks::list::digest::digest;
use crate::clicks::write::handover::{ClickCounts, Retired};
use crate::disk;
use crate::limits::{SEGMENT_HEADER_BYTES, SYNC_STEP_BYTES};

/// So many bytes ahead of the writer are faulted in anew before each sync: the
/// kernel may have written them back as zeros meanwhile, and watches them then.
const POPULATE_AGAIN_BYTES: usize = 1024 * 1024;
/// What the kernel writes back as one.
const PAGE_BYTES: usize = 4096;

/// What only the syncer knows of a segment.
struct OwnSegment {
    shared: Arc<OpenSegment>,
    /// Its first page and its name outlast a power loss, or that failed.
    is_named: bool,
    synced: usize,
    /// How far the present sync is to go.
    sync_to: usize,
    /// How far the segment was written when the last sync began.
    used_before: usize,
    lost_synced: u64,
}

/// The segments of one shard that are not sealed yet, oldest first.
pub struct SegmentSyncer {
    folder: PathBuf,
    shard: u16,
    run: u64,
    open: VecDeque<OwnSegment>,
    /// Those that no shard has used. They go once the list tells so.
    unused: Vec<Arc<OpenSegment>>,
    /// What the list does not tell yet.
    pub listed: Vec<Listed>,
    passage: Arc<Passage>,
    /// Numbers before this have been given to clicks.
    pub used_up: u64,
    /// Segments that are suspect.
    pub suspects: u64,
    /// Syncs that worked.
    pub syncs: u64,
}

impl SegmentSyncer {
    /// The other end of `passage` of a shard of this run, whose segments are in `folder`;
    /// the first of them will be `number`.
    pub fn new(run: &ServerRun, shard: u16, number: u64, passage: Arc<Passage>) -> Self {
        Self {
            folder: run.folder.clone(),
            shard,
            run: run.run,
            open: VecDeque::new(),
            unused: Vec::new(),
            listed: Vec::new(),
            passage,
            used_up: number,
            suspects: 0,
            syncs: 0,
        }
    }

    /// What it shares with the maker.
    pub fn passage(&self) -> &Passage {
        &self.passage
    }

    /// Takes over what was made.
    fn receive(&mut self) {
        while let Some(shared) = self.passage.made.pop() {
            let event = ListedEvent::Begun { run: self.run, salt: shared.segment.salt };
            self.list(shared.segment.number, event);
            self.open.push_back(OwnSegment {
                shared,
                is_named: false,
                synced: 0,
                sync_to: 0,
                used_before: 0,
                lost_synced: 0,
            });
        }
    }

    fn list(&mut self, number: u64, event: ListedEvent) {
        self.listed.push(Listed { shard: self.shard, number, event });
    }

    /// Decides what the next sync is to write. Called twice in each interval.
    ///
    /// The page that a shard is writing is left out as long as it changes from
    /// one time to the next: while a page is on its way to the disk, a store
    /// into it waits for the disk. A page that the shard still writes at the
    /// second time is synced all the same, so no click waits longer than the
    /// interval.
    pub fn plan_sync(&mut self) {
        self.receive();
        for own in &mut self.open {
            let used = own.shared.segment.used();
            let page = used / PAGE_BYTES * PAGE_BYTES;
            own.sync_to = match used {
                SEGMENT_HEADER_BYTES => 0,
                _ if own.used_before / PAGE_BYTES * PAGE_BYTES == page => used,
                _ => page,
            };
            own.used_before = used;
        }
    }

    /// Decides to sync everything.
    pub fn plan_last_sync(&mut self) {
        self.receive();
        for own in &mut self.open {
            own.sync_to = own.shared.segment.used();
        }
    }

    /// Syncs one step of what was planned; whether there is more.
    ///
    /// # Errors
    ///
    /// `Trouble` when the sync failed, once for each segment. The range is not tried
    /// again.
    pub fn sync_step(&mut self) -> Result<bool, Trouble> {
        let lost = self.passage.handover.counts.lost.load(Ordering::Relaxed);
        let Some(at) = self.open.iter().position(|own| own.has_unsynced(lost)) else {
            return Ok(false);
        };
        let own = &mut self.open[at];
        let result = own.sync(&self.folder, lost);
        let shared = own.shared.clone();
        self.judge(&shared, result)?;
        Ok(self.open.iter().any(|own| own.has_unsynced(lost)))
    }

    /// Makes one segment outlast a power loss before its first click; whether there
    /// may be another.
    ///
    /// # Errors
    ///
    /// `Trouble` when that failed.
    pub fn name_step(&mut self) -> Result<bool, Trouble> {
        self.receive();
        let Some(own) = self.open.iter_mut().find(|own| !own.is_named) else {
            return Ok(false);
        };
        let result = own.bring(&self.folder, 0..SEGMENT_HEADER_BYTES);
        let shared = own.shared.clone();
        self.judge(&shared, result).map(|()| true)
    }

    /// Counts how a sync of a segment went. A failure is said once for each segment.
    fn judge(&mut self, shared: &OpenSegment, result: io::Result<()>) -> Result<(), Trouble> {
        let Err(error) = result else {
            self.syncs += 1;
            return Ok(());
        };
        ClickCounts::add_one(&self.passage.handover.counts.sync_errors);
        if shared.is_suspect.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.suspects += 1;
        Err(shared.trouble(Work::Sync, error))
    }

    /// Whether the shard is done with some segment.
    pub fn has_retired(&self) -> bool {
        !self.passage.handover.retired.is_empty()
    }

    /// Seals what the shard is done with. `Ok(false)` when there is nothing.
    ///
    /// # Errors
    ///
    /// `Trouble` when the segment is suspect, not cut or not deleted.
    pub fn seal_step(&mut self) -> Result<bool, Trouble> {
        let Some(Retired { segment, seal }) = self.passage.handover.retired.pop() else {
            return Ok(false);
        };
        // Whatever comes back was on its way here before the shard had it.
        self.receive();
        let place = self.open.iter().position(|own| own.shared.segment.number == segment.number);
        let own = place.and_then(|place| self.open.remove(place)).expect("it was made here");
        own.shared.is_retired.store(true, Ordering::Release);
        let result = match seal {
            Some(seal) => self.seal(own, seal),
            None => {
                self.leave_unused(own.shared);
                Ok(())
            }
        };
        self.passage.open.fetch_sub(1, Ordering::AcqRel);
        result.map(|()| true)
    }

    /// Data first, then the seal that vouches for it, then the length.
    fn seal(&mut self, mut own: OwnSegment, seal: Seal) -> Result<(), Trouble> {
        let shared = own.shared.clone();
        let (segment, first) = (&shared.segment, 0..SEGMENT_HEADER_BYTES);
        let rest = own.synced..segment.used();
        let result = own.bring(&self.folder, rest);
        let data = self.judge(&shared, result);
        self.used_up = segment.number + 1;
        let put = |is_suspect| {
            let block = Seal { suspect: is_suspect, ..seal }.encode(segment.salt);
            // What cannot be faulted in was said when it was made.
            let _ = segment.map().populate(first.clone());
            segment.put(SEAL_AT, &block);
            segment.map().sync(first.clone())
        };
        let result = put(shared.is_suspect.load(Ordering::Acquire));
        let is_sealed = result.is_ok();
        let sealed = self.judge(&shared, result);
        if !is_sealed {
            // As far as it can still be told.
            let _ = put(true);
        }
        self.passage.sealed.fetch_add(1, Ordering::AcqRel);
        let contents = self.contents(&shared, &seal);
        self.list(segment.number, ListedEvent::Sealed(contents));
        data.and(sealed)?;
        // A power loss must not leave a file that is cut and has no seal.
        if is_sealed { cut(&shared, seal.used_bytes) } else { Ok(()) }
    }

    /// What the list is to tell of a segment that holds its seal.
    fn contents(&self, shared: &OpenSegment, seal: &Seal) -> Contents {
        let segment = &shared.segment;
        let mut page = [0; START_AT + START_BYTES];
        segment.copy(&mut page, 0);
        let from_us = match StartBlock::read(&page, segment.salt) {
            PageBlock::Written(start) => start.first_us,
            _ => seal.last_us,
        };
        let read = |bytes: &mut [u8], at: u64| Ok(segment.copy(bytes, at as usize));
        Contents {
            run: self.run,
            salt: segment.salt,
            first: seal.first_sequence,
            last: seal.last_sequence,
            clicks: seal.clicks,
            lost: seal.lost,
            bytes: seal.used_bytes,
            from_us,
            to_us: seal.last_us,
            digest: digest(seal.used_bytes, read).unwrap_or_default(),
        }
    }

    /// Leaves the segments that no shard has taken to [`delete_unused`](Self::delete_unused).
    pub fn discard_ready(&mut self) {
        self.receive();
        while let Some(segment) = self.passage.handover.ready.pop() {
            let is_it = |own: &OwnSegment| own.shared.segment.number == segment.number;
            if let Some(place) = self.open.iter().position(is_it) {
                let own = self.open.remove(place).expect("it was found there");
                self.passage.open.fetch_sub(1, Ordering::AcqRel);
                self.leave_unused(own.shared);
            }
        }
    }

    fn leave_unused(&mut self, shared: Arc<OpenSegment>) {
        let event = ListedEvent::Deleted { by: Actor::Server, why: DeletedWhy::Unused };
        self.list(shared.segment.number, event);
        self.unused.push(shared);
    }

    /// Whether there are any to delete.
    pub fn has_unused(&self) -> bool {
        !self.unused.is_empty()
    }

    /// Deletes what was not used. To be called when the list tells that.
    ///
    /// # Errors
    ///
    /// `Trouble` when one cannot be deleted.
    pub fn delete_unused(&mut self) -> Result<(), Trouble> {
        let mut result = Ok(());
        for shared in self.unused.drain(..) {
            let deleted = fs::remove_file(&shared.path);
            result = result.and(deleted.map_err(|error| shared.trouble(Work::Delete, error)));
        }
        result
    }

    /// Whether the shard still has a segment.
    pub fn is_in_use(&self) -> bool {
        !self.open.is_empty()
    }
}

impl OwnSegment {
    fn has_unsynced(&self, lost: u64) -> bool {
        self.sync_to > self.synced || (self.sync_to > 0 && lost != self.lost_synced)
    }

    /// Brings `range` to the disk. Before that counts, its first page and its name in
    /// the folder are brought there too.
    fn bring(&mut self, folder: &std::path::Path, range: std::ops::Range<usize>) -> io::Result<()> {
        let map = self.shared.segment.map();
        if self.is_named {
            return map.sync(range);
        }
        // What fails is not tried again, as the kernel may say yes the second time.
        self.is_named = true;
        map.sync(0..SEGMENT_HEADER_BYTES.max(range.end))?;
        disk::folder::sync(folder)
    }

    /// Syncs up to [`SYNC_STEP_BYTES`].
    fn sync(&mut self, folder: &std::path::Path, lost: u64) -> io::Result<()> {
        let shared = self.shared.clone();
        let map = shared.segment.map();
        let used = shared.segment.used();
        let populated = shared.populated.load(Ordering::Acquire);
        // While the disk works, the writer must not fault. What fails here
        // fails again where it matters, in `populate` of the maker.
        let again = (used + POPULATE_AGAIN_BYTES).min(populated);
        let _ = map.populate(used.min(again)..again);
        let (begin, end) = (self.synced, self.sync_to.min(self.synced + SYNC_STEP_BYTES));
        // The tally of lost clicks stands in the first page.
        let first = if lost == self.lost_synced { 0 } else { SEGMENT_HEADER_BYTES };
        let result = map.sync(0..first).and_then(|()| self.bring(folder, begin..end));
        // Passed over even when it failed: the kernel may have dropped the
        // pages, and a second try that succeeds would prove nothing.
        self.synced = end;
        self.lost_synced = lost;
        if result.is_ok() && end > used / PAGE_BYTES * PAGE_BYTES {
            let _ = map.populate(end..(end + 1).min(populated.max(end)));
        }
        result
    }
}

fn cut(shared: &OpenSegment, bytes: u64) -> Result<(), Trouble> {
    let file = File::options().write(true).open(&shared.path);
    file.and_then(|file| file.set_len(bytes).and_then(|()| file.sync_all()))
        .map_err(|error| shared.trouble(Work::Cut, error))
}
