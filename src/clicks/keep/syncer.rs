//! The segments of one shard, as the syncer sees them: synced and sealed, or deleted
//! unused. Any call here may wait for the disk. What the list of segments is to tell of
//! them is gathered in `listed`.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::doubt::Fate;
use super::open_segment::{OpenSegment, Passage, ServerRun};
use super::own_segment::OwnSegment;
use super::stage::Staged;
use super::trouble::{Trouble, Work};
use crate::clicks::format::listed::{Actor, Contents, DeletedWhy, Listed, ListedEvent};
use crate::clicks::format::segment::{PageBlock, SEAL_AT, START_AT, START_BYTES, Seal, StartBlock};
use crate::clicks::list::digest::digest;
use crate::clicks::write::handover::{ClickCounts, Retired};
use crate::limits::SEGMENT_HEADER_BYTES;

/// Images of segments that could not be brought to the disk, for each shard. Over it:
/// they are removed, as each takes the memory of a segment.
const IMAGES_LEFT_MAX: usize = 2;

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
    /// The shard is done with this one, and its file cannot be made yet.
    stuck: Option<Retired>,
    /// Images that are left in the stage.
    images_left: usize,
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
            stuck: None,
            images_left: 0,
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
            let (run, salt) = (self.run, shared.segment.salt);
            let event = ListedEvent::Begun { run, salt, is_staged: shared.staged.is_some() };
            self.list(shared.segment.number, event);
            self.open.push_back(OwnSegment::new(shared));
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
        self.open.iter_mut().for_each(|own| own.plan_sync(clicks));
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
        let can_sync = |own: &OwnSegment| own.has_unsynced(lost) && own.shared.has_file();
        let Some(at) = self.open.iter().position(can_sync) else {
            return Ok(false);
        };
        let own = &mut self.open[at];
        let result = own.sync(lost);
        let shared = own.shared.clone();
        self.judge(&shared, result)?;
        Ok(self.open.iter().any(can_sync))
    }

    /// Makes one segment outlast a power loss before its first click; whether there
    /// may be another.
    ///
    /// # Errors
    ///
    /// `Trouble` when that failed.
    pub fn name_step(&mut self) -> Result<bool, Trouble> {
        self.receive();
        let Some(own) = self.open.iter_mut().find(|own| !own.is_named && own.shared.has_file())
        else {
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

    /// Whether the shard is done with some segment that can be sealed, or tried.
    pub fn has_retired(&self) -> bool {
        match &self.stuck {
            Some(stuck) => self
                .own(stuck.segment.number)
                .is_some_and(|at| self.open[at].shared.staged.as_ref().is_none_or(Staged::may_try)),
            None => !self.passage.handover.retired.is_empty(),
        }
    }

    /// Whether the shard has left some segment that is not sealed.
    pub fn has_left(&self) -> bool {
        self.stuck.is_some() || !self.passage.handover.retired.is_empty()
    }

    /// Whether some segment stays in the stage, as its file cannot be made.
    pub fn is_stuck(&self) -> bool {
        self.stuck.is_some()
    }

    /// Makes the files of all segments that are to have one by now.
    ///
    /// # Errors
    ///
    /// Those of making a file.
    pub fn make_files(&mut self) -> io::Result<()> {
        self.receive();
        self.open.iter().try_for_each(|own| own.shared.make_file())
    }

    fn own(&self, number: u64) -> Option<usize> {
        self.open.iter().position(|own| own.shared.segment.number == number)
    }

    /// Seals what the shard is done with. `Ok(false)` when there is nothing, or its file
    /// cannot be made.
    ///
    /// # Errors
    ///
    /// `Trouble` when the segment is suspect, not cut or not deleted.
    pub fn seal_step(&mut self) -> Result<bool, Trouble> {
        let next = self.stuck.take().or_else(|| self.passage.handover.retired.pop());
        let Some(Retired { segment, seal }) = next else {
            return Ok(false);
        };
        // Whatever comes back was on its way here before the shard had it.
        self.receive();
        let place = self.own(segment.number).expect("it was made here");
        let shared = &self.open[place].shared;
        shared.is_retired.store(true, Ordering::Release);
        if seal.is_some() && !shared.has_file() {
            self.stuck = Some(Retired { segment, seal });
            return Ok(false);
        }
        let own = self.open.remove(place).expect("it was found there");
        let shared = own.shared.clone();
        let result = match seal {
            Some(seal) => {
                let sealed = self.seal(own, seal);
                let is_on_disk = sealed.is_ok() && !shared.is_suspect.load(Ordering::Acquire);
                self.leave_stage(&shared, is_on_disk);
                sealed
            }
            None => {
                self.leave_unused(shared);
                Ok(())
            }
        };
        self.passage.open.fetch_sub(1, Ordering::AcqRel);
        result.map(|()| true)
    }

    /// Gives back the image of a segment that is on the disk. The last ones that are not,
    /// as it failed, are left for the next start.
    fn leave_stage(&mut self, shared: &OpenSegment, is_on_disk: bool) {
        let Some(staged) = &shared.staged else { return };
        if !is_on_disk && self.images_left < IMAGES_LEFT_MAX {
            self.images_left += 1;
            return;
        }
        // What cannot be removed is found by the next start, as on the disk already.
        let _ = match is_on_disk {
            true => staged.give_back(&shared.segment, shared.populated.load(Ordering::Acquire)),
            false => staged.remove_image(),
        };
    }

    /// Data first, then the seal that vouches for it, then the length.
    fn seal(&mut self, mut own: OwnSegment, seal: Seal) -> Result<(), Trouble> {
        let shared = own.shared.clone();
        let (segment, first) = (&shared.segment, 0..SEGMENT_HEADER_BYTES);
        let is_anew = own.begin_again(&mut self.sentences);
        let result = own.bring(own.synced..segment.used());
        if is_anew && result.is_ok() && !segment.map().is_broken() {
            // All of it was written once more, and not from what the kernel may have
            // dropped.
            self.suspects -= u64::from(shared.is_suspect.swap(false, Ordering::AcqRel));
        }
        let data = self.judge(&shared, result);
        self.used_up = segment.number + 1;
        let put = |is_suspect| {
            let block = Seal { suspect: is_suspect, ..seal }.encode(segment.salt);
            // What cannot be faulted in was said when it was made.
            let _ = segment.map().populate(first.clone());
            segment.put(SEAL_AT, &block);
            shared.sync(first.clone())
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
            if let Some(place) = self.own(segment.number) {
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
        for shared in std::mem::take(&mut self.unused) {
            let deleted = delete(&shared);
            self.leave_stage(&shared, deleted.is_ok());
            result = result.and(deleted);
        }
        result
    }

    /// Whether the shard still has a segment.
    pub fn is_in_use(&self) -> bool {
        !self.open.is_empty()
    }
}

fn delete(shared: &OpenSegment) -> Result<(), Trouble> {
    // What bears its name now is another, or it has no file yet.
    if Fate::of(shared).is_away() || shared.staged.as_ref().is_some_and(|it| !it.is_made()) {
        return Ok(());
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
