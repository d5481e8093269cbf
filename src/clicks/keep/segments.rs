//! The segment files of one shard, on the keeper's side: made, faulted in,
//! synced and sealed here, so that the shard does none of it.

use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::clicks::folder::{self, SegmentFile};
use crate::clicks::format::frame::Salt;
use crate::clicks::format::segment::{Header, PageBlock, SEAL_AT, Seal, StartBlock, VERSION};
use crate::clicks::read::source::written_span;
use crate::clicks::write::handover::{ClickCounts, Handover, Retired, Segment};
use crate::clicks::write::map::SegmentMap;
use crate::disk;
use crate::limits::{POPULATE_AHEAD_BYTES, SEGMENT_HEADER_BYTES, SYNC_STEP_BYTES};
use crate::machine::clock::{monotonic_us, unix_us};

/// So many bytes ahead of the writer are faulted in anew before each sync: the
/// kernel may have written them back as zeros meanwhile, and watches them then.
const POPULATE_AGAIN_BYTES: usize = 1024 * 1024;
/// Suspect segments are left at once, but no more often than this: a disk that goes
/// on failing is no reason to fill it with short segments.
const FLEE_PAUSE: Duration = Duration::from_secs(10);
/// What the kernel writes back as one.
const PAGE_BYTES: usize = 4096;

/// What all segments of a run have in common.
#[derive(Debug)]
pub struct ServerRun {
    /// Where the files are.
    pub folder: PathBuf,
    /// The start of the server, Unix µs.
    pub run: u64,
    /// Which boot of which machine.
    pub boot: [u8; 16],
    /// Number of the machine.
    pub node: u16,
    /// Number of the key that signs click ids.
    pub key: u8,
    /// Size of each file until it is sealed.
    pub segment_bytes: u64,
}

/// A segment between its creation and its seal.
struct OpenSegment {
    segment: Arc<Segment>,
    file: File,
    path: PathBuf,
    populated: usize,
    synced: usize,
    /// How far the present sync is to go.
    sync_to: usize,
    /// How far the segment was written when the last sync began.
    used_before: usize,
    lost_synced: u64,
    /// When its first click was seen.
    begun: Option<Instant>,
    /// The shard is to go on in the next one.
    is_over: bool,
    /// A sync failed, and that was reported.
    suspect: bool,
    /// Faulting in failed, and that was reported.
    is_fragile: bool,
}

/// What can go wrong with a segment after it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Faulting it in.
    Populate,
    /// Bringing it to the disk.
    Sync,
    /// Sealing it.
    Seal,
    /// Deleting it unused.
    Delete,
}

/// What went wrong with a segment, for the operator.
#[derive(Debug)]
pub struct Trouble {
    path: PathBuf,
    work: Work,
    error: io::Error,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (work, means) = match self.work {
            Work::Populate => (
                "faulting in",
                "the file system does not keep the space that it promised; use ext4 or xfs",
            ),
            Work::Sync => (
                "syncing",
                "it is not tried again: the segment is marked suspect and may lack clicks after \
                 a power loss. The shard goes on in another; see to the disk",
            ),
            Work::Seal => ("sealing", "its clicks are there, but it stays unsealed"),
            Work::Delete => ("deleting the unused", "the next start tries again"),
        };
        write!(f, "{work} {} failed: {}; {means}", self.path.display(), self.error)
    }
}

/// The segments of one shard that are not sealed yet, oldest first.
pub struct SegmentFiles {
    shard: u16,
    cpu: u16,
    number: u64,
    /// Numbers before this have been given to clicks.
    pub used_up: u64,
    open: VecDeque<OpenSegment>,
    /// The meeting point with the shard's writer.
    pub handover: Arc<Handover>,
    /// Segments sealed so far.
    pub sealed: u64,
    /// When a suspect segment was last left.
    fled: Option<Instant>,
}

impl SegmentFiles {
    /// No files yet; the first one made will be `number`, and `reserve` are kept ready.
    pub fn new(shard: u16, cpu: u16, number: u64, reserve: usize) -> Self {
        Self {
            shard,
            cpu,
            number,
            used_up: number,
            open: VecDeque::new(),
            handover: Arc::new(Handover::new(reserve)),
            sealed: 0,
            fled: None,
        }
    }

    /// Makes the next segment, faulted in and safe from a power loss.
    ///
    /// # Errors
    ///
    /// Those of making the file; none is left then.
    pub fn create(&mut self, run: &ServerRun) -> io::Result<Arc<Segment>> {
        let path = run.folder.join(folder::segment_name(self.shard, self.number));
        let (file, map) = SegmentMap::create(&path, run.segment_bytes)?;
        let made = self.begin(run, &file, map);
        let segment = made.inspect_err(|_| drop(fs::remove_file(&path)))?;
        self.number += 1;
        self.open.push_back(OpenSegment {
            segment: segment.clone(),
            file,
            path,
            populated: 0,
            synced: 0,
            sync_to: 0,
            used_before: 0,
            lost_synced: 0,
            begun: None,
            is_over: false,
            suspect: false,
            is_fragile: false,
        });
        Ok(segment)
    }

    fn begin(&self, run: &ServerRun, file: &File, map: SegmentMap) -> io::Result<Arc<Segment>> {
        let mut salt = [0; 4];
        getrandom::fill(&mut salt)?;
        let salt = Salt::new(u32::from_ne_bytes(salt));
        let header = Header {
            version: VERSION,
            number: self.number,
            run: run.run,
            node: run.node,
            shard: self.shard,
            cpu: self.cpu,
            key: run.key,
            boot: run.boot,
            made_us: unix_us(),
            made_monotonic_us: monotonic_us(),
            file_bytes: run.segment_bytes,
            salt,
        };
        file.write_all_at(&header.page()[..], 0)?;
        file.sync_all()?;
        // The file's name must outlast a power loss as well as its bytes.
        disk::folder::sync(&run.folder)?;
        Ok(Arc::new(Segment::new(self.number, salt, map)))
    }

    /// Decides whether the shard is to leave the segment that it writes: after
    /// `age_max`, or because it is suspect.
    pub fn plan_roll(&mut self, now: Instant, age_max: Duration) {
        let is_begun = |open: &&mut OpenSegment| open.segment.used() > SEGMENT_HEADER_BYTES;
        let Some(open) = self.open.iter_mut().rev().find(is_begun) else {
            return;
        };
        let begun = *open.begun.get_or_insert(now);
        open.is_over |= now.duration_since(begun) >= age_max;
        let may_flee = self.fled.is_none_or(|at| now.duration_since(at) >= FLEE_PAUSE);
        if open.suspect && !open.is_over && may_flee {
            open.is_over = true;
            self.fled = Some(now);
        }
    }

    /// Asks the shard to leave it, if there is another that it can go on in. To
    /// be called after [`populate`](Self::populate), so that it does not fault there.
    pub fn ask_to_leave(&self) {
        let mut numbers = self.open.iter().rev().skip_while(|open| !open.is_over);
        let last = numbers.next().map_or(0, |open| open.segment.number);
        if self.open.back().is_some_and(|open| open.segment.number > last) {
            self.handover.leave.store(last, Ordering::Relaxed);
        }
    }

    /// Faults in what the writer will reach next.
    ///
    /// # Errors
    ///
    /// `Trouble` when the file system cannot keep its promise of space.
    pub fn populate(&mut self) -> Result<(), Trouble> {
        let mut is_near = true;
        for open in &mut self.open {
            if !is_near {
                break;
            }
            let map = open.segment.map();
            let used = open.segment.used();
            // The next segment's turn comes when this one's end is near. Made
            // ready too early, its pages would be written back as zeros, and
            // watched again, before they are needed.
            is_near = open.is_over || used + 4 * POPULATE_AHEAD_BYTES as usize >= map.bytes();
            let end = (used + POPULATE_AHEAD_BYTES as usize).min(map.bytes());
            // Half the distance at a time: a call for each page is no help.
            if end - open.populated < POPULATE_AHEAD_BYTES as usize / 2 && end < map.bytes() {
                continue;
            }
            let result = map.populate(open.populated..end);
            open.populated = end;
            if let Err(error) = result
                && !std::mem::replace(&mut open.is_fragile, true)
            {
                return Err(open.trouble(Work::Populate, error));
            }
        }
        Ok(())
    }

    /// Decides what the next sync is to write. Called twice in each interval.
    ///
    /// The page that a shard is writing is left out as long as it changes from
    /// one time to the next: while a page is on its way to the disk, a store
    /// into it waits for the disk. A page that the shard still writes at the
    /// second time is synced all the same, so no click waits longer than the
    /// interval.
    pub fn plan_sync(&mut self) {
        for open in &mut self.open {
            let used = open.segment.used();
            let page = used / PAGE_BYTES * PAGE_BYTES;
            open.sync_to = match used {
                SEGMENT_HEADER_BYTES => 0,
                _ if open.used_before / PAGE_BYTES * PAGE_BYTES == page => used,
                _ => page,
            };
            open.used_before = used;
        }
    }

    /// Decides to sync everything.
    pub fn plan_last_sync(&mut self) {
        for open in &mut self.open {
            open.sync_to = open.segment.used();
        }
    }

    /// Syncs one step of what was planned; whether there is more.
    ///
    /// # Errors
    ///
    /// `Trouble` when the sync failed, once for each segment. The range is not tried
    /// again.
    pub fn sync_step(&mut self) -> Result<bool, Trouble> {
        let lost = self.handover.counts.lost.load(Ordering::Relaxed);
        let mut open = self.open.iter_mut().skip_while(|open| !open.has_unsynced(lost));
        let Some(first) = open.next() else {
            return Ok(false);
        };
        let was_suspect = first.suspect;
        match first.sync(lost) {
            Ok(has_more) => Ok(has_more || open.any(|open| open.has_unsynced(lost))),
            Err(error) => {
                ClickCounts::add_one(&self.handover.counts.sync_errors);
                if was_suspect { Ok(true) } else { Err(error) }
            }
        }
    }

    /// Seals what the shard is done with. `Ok(false)` when there is nothing.
    ///
    /// # Errors
    ///
    /// `Trouble` when the segment stays unsealed or is suspect.
    pub fn seal_step(&mut self) -> Result<bool, Trouble> {
        let Some(Retired { segment, seal }) = self.handover.retired.pop() else {
            return Ok(false);
        };
        let place = self.open.iter().position(|open| open.segment.number == segment.number);
        let open = place.and_then(|place| self.open.remove(place)).expect("it was made here");
        drop(segment);
        match seal {
            Some(seal) => {
                self.sealed += 1;
                self.used_up = open.segment.number + 1;
                let was_suspect = open.suspect;
                match open.seal(seal) {
                    Err(trouble) if trouble.work == Work::Sync => {
                        ClickCounts::add_one(&self.handover.counts.sync_errors);
                        if !was_suspect {
                            return Err(trouble);
                        }
                    }
                    result => result?,
                }
            }
            None => {
                fs::remove_file(&open.path).map_err(|error| open.trouble(Work::Delete, error))?;
            }
        }
        Ok(true)
    }

    /// Deletes the segments that no shard has taken.
    ///
    /// # Errors
    ///
    /// `Trouble` when one cannot be deleted.
    pub fn discard_ready(&mut self) -> Result<(), Trouble> {
        while let Some(segment) = self.handover.ready.pop() {
            if let Some(place) = self.open.iter().position(|it| it.segment.number == segment.number)
            {
                let open = self.open.remove(place).expect("it was found there");
                fs::remove_file(&open.path).map_err(|error| open.trouble(Work::Delete, error))?;
            }
        }
        Ok(())
    }

    /// Whether the shard still has a segment.
    pub fn is_in_use(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether the shard should be given another segment.
    pub fn wants_segment(&self) -> bool {
        self.handover.wants_segment(self.open.len())
    }
}

impl OpenSegment {
    fn has_unsynced(&self, lost: u64) -> bool {
        self.sync_to > self.synced || (self.sync_to > 0 && lost != self.lost_synced)
    }

    /// Syncs up to [`SYNC_STEP_BYTES`]; whether there is more.
    fn sync(&mut self, lost: u64) -> Result<bool, Trouble> {
        let map = self.segment.map();
        let used = self.segment.used();
        // While the disk works, the writer must not fault. What fails here
        // fails again where it matters, in `populate`.
        let _ = map.populate(used..(used + POPULATE_AGAIN_BYTES).min(self.populated));
        let (begin, end) = (self.synced, self.sync_to.min(self.synced + SYNC_STEP_BYTES));
        // The tally of lost clicks stands in the first page.
        let first = if lost == self.lost_synced { 0 } else { SEGMENT_HEADER_BYTES };
        let result = map.sync(0..first).and_then(|()| map.sync(begin..end));
        // Passed over even when it failed: the kernel may have dropped the
        // pages, and a second try that succeeds would prove nothing.
        self.synced = end;
        self.lost_synced = lost;
        if let Err(error) = result {
            self.suspect = true;
            return Err(self.trouble(Work::Sync, error));
        }
        if end > used / PAGE_BYTES * PAGE_BYTES {
            let _ = map.populate(end..(end + 1).min(self.populated));
        }
        Ok(end < self.sync_to)
    }

    /// Data first, then the seal that vouches for it, then the length.
    fn seal(mut self, seal: Seal) -> Result<(), Trouble> {
        let map = self.segment.map();
        let rest = self.synced..self.segment.used();
        let result = map.sync(0..SEGMENT_HEADER_BYTES).and_then(|()| map.sync(rest));
        self.suspect |= result.is_err();
        self.write_seal(seal)?;
        result.map_err(|error| self.trouble(Work::Sync, error))
    }

    fn write_seal(&self, seal: Seal) -> Result<(), Trouble> {
        let block = Seal { suspect: self.suspect, ..seal }.encode(self.segment.salt);
        self.file
            .write_all_at(&block, SEAL_AT as u64)
            // A power loss must not leave a file that is cut and has no seal.
            .and_then(|()| self.file.sync_data())
            .and_then(|()| self.file.set_len(seal.used_bytes))
            .and_then(|()| self.file.sync_all())
            .map_err(|error| self.trouble(Work::Seal, error))
    }

    fn trouble(&self, work: Work, error: io::Error) -> Trouble {
        Trouble { path: self.path.clone(), work, error }
    }
}

/// Whether nothing was ever written into this segment: what is left of a ready
/// one after a kill.
///
/// # Errors
///
/// Those of reading it.
pub fn is_untouched(segment: &SegmentFile) -> io::Result<bool> {
    let file = File::open(&segment.path)?;
    let mut page = Vec::new();
    (&file).take(SEGMENT_HEADER_BYTES as u64).read_to_end(&mut page)?;
    let Ok(header) = Header::read(&page) else {
        // Killed while it was being made, or not ours: only zeros are nothing.
        return Ok(page.iter().all(|&byte| byte == 0)
            && written_span(&file, 0, file.metadata()?.len())?.is_none());
    };
    Ok(StartBlock::read(&page, header.salt) == PageBlock::Absent
        && Seal::read(&page, header.salt) == PageBlock::Absent
        && written_span(&file, SEGMENT_HEADER_BYTES as u64, file.metadata()?.len())?.is_none())
}
