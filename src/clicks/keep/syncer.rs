//! The segments of one shard, as the syncer sees them: synced and sealed, or deleted
//! unused. Any call here may wait for the disk. What the list of segments is to tell of
//! them is gathered in `listed`.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::doubt::{Doubt, Fate};
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
pub(super) struct OwnSegment {
    pub(super) shared: Arc<OpenSegment>,
    /// Its first page and its name outlast a power loss, or that failed.
    is_named: bool,
    synced: usize,
    /// How far the present sync is to go.
    sync_to: usize,
    /// How far the segment was written when the last sync began.
    used_before: usize,
    lost_synced: u64,
    /// What may be gone of it.
    pub(super) doubt: Doubt,
}

/// The segments of one shard that are not sealed yet, oldest first.
pub struct SegmentSyncer {
    shard: u16,
    run: u64,
    pub(super) open: VecDeque<OwnSegment>,
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
    /// Clicks of the segments that the shard has left.
    pub(super) clicks_left: u64,
    /// What operators are to be told.
    pub sentences: Vec<String>,
}

impl SegmentSyncer {
    /// The other end of `passage` of a shard of this run; the first of its segments will
    /// be `number`.
    pub fn new(run: &ServerRun, shard: u16, number: u64, passage: Arc<Passage>) -> Self {
        Self {
            shard,
            run: run.run,
            open: VecDeque::new(),
            unused: Vec::new(),
            listed: Vec::new(),
            passage,
            used_up: number,
            suspects: 0,
            syncs: 0,
            clicks_left: 0,
            sentences: Vec::new(),
        }
    }

    /// What it shares with the maker.
    pub fn passage(&self) -> &Passage {
        &self.passage
    }

    /// Takes over what was made.
    pub(super) fn receive(&mut self) {
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
                doubt: Doubt::new(),
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
        let clicks = self.passage.handover.counts.clicks.load(Ordering::Acquire);
        for own in &mut self.open {
            let used = own.shared.segment.used();
            own.doubt.plan(used, clicks);
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
        let clicks = self.passage.handover.counts.clicks.load(Ordering::Acquire);
        for own in &mut self.open {
            own.sync_to = own.shared.segment.used();
            own.doubt.plan(own.sync_to, clicks);
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
        let result = own.sync(lost);
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
        let result = own.bring(0..SEGMENT_HEADER_BYTES);
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
        let result = own.bring(rest);
        let data = self.judge(&shared, result);
        self.used_up = segment.number + 1;
        let put = |is_suspect| {
            let block = Seal { suspect: is_suspect, ..seal }.encode(segment.salt);
            // What cannot be faulted in was said when it was made.
            let _ = segment.map().populate(first.clone());
            segment.put(SEAL_AT, &block);
            segment.map().sync(first.clone())
        };
        own.doubt.plan(segment.used(), self.clicks_left + seal.clicks);
        own.synced = segment.used();
        own.note_synced(data.is_ok());
        own.doubt.fate = Fate::of(&shared);
        let is_suspect = || shared.is_suspect.load(Ordering::Acquire);
        let result = put(is_suspect() || own.doubt.fate.is_damaged());
        if segment.map().is_broken() {
            // Perhaps only just now, by the seal.
            own.doubt.fate = Fate::of(&shared);
        }
        let is_sealed = result.is_ok();
        own.note_synced(is_sealed);
        let sealed = self.judge(&shared, result);
        if !is_sealed {
            // As far as it can still be told.
            let _ = put(true);
        }
        self.passage.sealed.fetch_add(1, Ordering::AcqRel);
        let is_sound = !is_suspect() && !own.doubt.fate.is_damaged();
        let (first, is_whole) = (self.clicks_left, own.doubt.fate == Fate::Whole);
        self.clicks_left += seal.clicks;
        if is_suspect() || !is_whole {
            self.doubt(&mut own, first, self.clicks_left);
        }
        let contents = self.contents(&shared, &seal, is_sound);
        self.list(segment.number, ListedEvent::Sealed(contents));
        data.and(sealed)?;
        // A power loss must not leave a file that is cut and has no seal.
        if is_sealed && is_whole { cut(&shared, seal.used_bytes) } else { Ok(()) }
    }

    /// Counts, and says once, what may be gone of a segment that holds the clicks after
    /// `first` up to `last`.
    pub(super) fn doubt(&mut self, own: &mut OwnSegment, first: u64, last: u64) {
        if !own.shared.is_suspect.swap(true, Ordering::AcqRel) {
            self.suspects += 1;
        }
        let gone = own.doubt.clicks(first, last);
        let more = own.doubt.count(gone);
        self.passage.handover.counts.doubtful.fetch_add(more, Ordering::Relaxed);
        let sentence = own.doubt.sentence(&own.shared.path, last - first, gone);
        if !std::mem::replace(&mut own.doubt.is_said, true) {
            self.sentences.extend(sentence);
        }
    }

    /// What the list is to tell of a segment that holds its seal.
    fn contents(&self, shared: &OpenSegment, seal: &Seal, is_sound: bool) -> Contents {
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
            // What was stored and what is in the file may be two things.
            digest: match is_sound {
                true => digest(seal.used_bytes, read).unwrap_or_default(),
                false => None,
            },
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
            result = result.and(delete(&shared));
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
    fn bring(&mut self, range: std::ops::Range<usize>) -> io::Result<()> {
        let map = self.shared.segment.map();
        if self.is_named {
            return map.sync(range);
        }
        // What fails is not tried again, as the kernel may say yes the second time.
        self.is_named = true;
        map.sync(0..SEGMENT_HEADER_BYTES.max(range.end))?;
        disk::folder::sync(disk::folder::of(&self.shared.path))
    }

    /// A sync went so. Once one failed, what is on the disk ends there.
    fn note_synced(&mut self, is_ok: bool) {
        let is_suspect = self.shared.is_suspect.load(Ordering::Acquire);
        if is_ok && !is_suspect && !self.shared.segment.map().is_broken() {
            self.doubt.synced(self.synced);
        }
    }

    /// Syncs up to [`SYNC_STEP_BYTES`].
    fn sync(&mut self, lost: u64) -> io::Result<()> {
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
        let result = map.sync(0..first).and_then(|()| self.bring(begin..end));
        // Passed over even when it failed: the kernel may have dropped the
        // pages, and a second try that succeeds would prove nothing.
        self.synced = end;
        self.lost_synced = lost;
        self.note_synced(result.is_ok());
        if result.is_ok() && end > used / PAGE_BYTES * PAGE_BYTES {
            let _ = map.populate(end..(end + 1).min(populated.max(end)));
        }
        result
    }
}

fn delete(shared: &OpenSegment) -> Result<(), Trouble> {
    if Fate::of(shared).is_away() {
        return Ok(()); // what bears its name now is another
    }
    match fs::remove_file(&shared.path) {
        // Its disk is given up, and that was said. The next start tries again.
        Err(_) if shared.is_forsaken.load(Ordering::Acquire) => Ok(()),
        removed => removed.map_err(|error| shared.trouble(Work::Delete, error)),
    }
}

fn cut(shared: &OpenSegment, bytes: u64) -> Result<(), Trouble> {
    let file = File::options().write(true).open(&shared.path);
    file.and_then(|file| file.set_len(bytes).and_then(|()| file.sync_all()))
        .map_err(|error| shared.trouble(Work::Cut, error))
}
