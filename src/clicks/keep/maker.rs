//! The segments of one shard, as the maker sees them: made, faulted in and left. No
//! call here waits for the disk to write.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::ErrorKind::{FileTooLarge, OutOfMemory, QuotaExceeded, StorageFull};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::demand::Demand;
use super::open_segment::{Held, OpenSegment, Passage, Room, ServerRun};
use super::stage::{Image, Stage};
use super::trouble::{Trouble, Work};
use crate::clicks::folder;
use crate::clicks::format::frame::Salt;
use crate::clicks::format::origin;
use crate::clicks::format::segment::{Header, VERSION};
use crate::clicks::write::handover::{Handover, Retired, Segment};
use crate::clicks::write::map::SegmentMap;
use crate::disk::{self, identity::FileId};
use crate::limits::{POPULATE_AHEAD_BYTES, SEGMENT_HEADER_BYTES, SEGMENTS_WAITING_MAX};
use crate::machine::clock::{monotonic_us, unix_us};

/// Suspect segments are left at once, but no more often than this: a disk that goes
/// on failing is no reason to fill it with short segments.
const FLEE_PAUSE: Duration = Duration::from_secs(10);
/// With so much left in its segment, a shard needs no other for a moment.
const ROOMY_BYTES: usize = 1024 * 1024;

/// What only the maker knows of a segment.
struct OwnSegment {
    shared: Arc<OpenSegment>,
    /// When its first click was seen.
    begun: Option<Instant>,
    /// The shard is to go on in the next one.
    is_over: bool,
    /// Faulting in failed, and that was reported.
    is_fragile: bool,
}

/// The segments of one shard that it is not done with, oldest first.
pub struct SegmentMaker {
    shard: u16,
    cpu: u16,
    number: u64,
    open: VecDeque<OwnSegment>,
    /// Bytes written into those that are not in `open` any more.
    written_before: u64,
    demand: Demand,
    passage: Arc<Passage>,
    stage: Option<Arc<Stage>>,
    /// When a suspect segment was last left.
    fled: Option<Instant>,
    /// Until then no more are made than the reserve.
    no_spare_until: Option<Instant>,
    /// A sync failed since a segment was last made in the click folder.
    is_home_bad: bool,
    /// Failed syncs that are known here.
    sync_errors: u64,
}

impl SegmentMaker {
    /// No files yet; the first one made will be `number`, `reserve` are kept ready at
    /// least, and none is larger than `largest` bytes, whole pages.
    pub fn new(shard: u16, cpu: u16, number: u64, reserve: usize, largest: u64) -> Self {
        let room = Room::new(largest, reserve);
        Self {
            shard,
            cpu,
            number,
            open: VecDeque::new(),
            written_before: 0,
            demand: Demand::new(room, Instant::now()),
            passage: Arc::new(Passage::new(room)),
            stage: None,
            fled: None,
            no_spare_until: None,
            is_home_bad: false,
            sync_errors: 0,
        }
    }

    /// From now on segments are made in this stage, if there is one, as long as it has room.
    pub(super) fn write_in(&mut self, stage: Option<Arc<Stage>>) {
        self.stage = stage;
    }

    /// Whose segments they are.
    pub fn shard(&self) -> u16 {
        self.shard
    }

    /// What it shares with the syncer.
    pub fn passage(&self) -> &Arc<Passage> {
        &self.passage
    }

    /// The meeting point with the shard's writer.
    pub fn handover(&self) -> &Arc<Handover> {
        &self.passage.handover
    }

    /// Makes the next segment, one of the smallest where there is no space for a larger
    /// one. It is not yet safe from a power loss. A number that a file has, which somebody
    /// has put there meanwhile, is left out.
    ///
    /// # Errors
    ///
    /// Those of making the file; none is left then.
    pub fn create(&mut self, run: &ServerRun) -> io::Result<Arc<Segment>> {
        let home = run.folder.clone();
        let made = self.create_fitting(|maker, bytes| {
            let staged = maker.create_staged(run, bytes);
            staged.unwrap_or_else(|| maker.create_file(run, &home, bytes))
        });
        self.is_home_bad &= made.is_err();
        made
    }

    /// The same in another folder.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn create_in(&mut self, run: &ServerRun, at: &Path) -> io::Result<Arc<Segment>> {
        self.create_fitting(|maker, bytes| maker.create_file(run, at, bytes))
    }

    fn create_fitting(
        &mut self,
        mut create: impl FnMut(&mut Self, u64) -> io::Result<Arc<Segment>>,
    ) -> io::Result<Arc<Segment>> {
        let smallest = self.passage.room.smallest;
        let bytes = self.demand.next_bytes(self.is_behind());
        let made = create(self, bytes).or_else(|error| match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge | OutOfMemory if bytes > smallest => {
                create(self, smallest)
            }
            _ => Err(error),
        })?;
        self.demand.note_made(made.map().bytes() as u64);
        Ok(made)
    }

    /// One of so many `bytes` in the stage, if there is one and it has room.
    fn create_staged(&mut self, run: &ServerRun, bytes: u64) -> Option<io::Result<Arc<Segment>>> {
        let stage = self.stage.clone()?;
        let (name, path) = loop {
            let name = folder::segment_name(self.shard, self.number);
            let path = run.folder.join(&name);
            match path.symlink_metadata() {
                Ok(_) => self.number += 1,
                Err(_) => break (name, path),
            }
        };
        let Image { file, map, populated, staged } = stage.create(&name, bytes)?;
        let made = self.begin(run, &file, map, bytes);
        Some(made.inspect_err(|_| drop(staged.remove_image())).map(|segment| {
            let shared = OpenSegment::new(segment, path, staged.image_id());
            let populated = AtomicUsize::new(populated);
            self.hand_over(OpenSegment { populated, staged: Some(staged), ..shared })
        }))
    }

    fn create_file(&mut self, run: &ServerRun, at: &Path, bytes: u64) -> io::Result<Arc<Segment>> {
        let (path, file, map) = loop {
            let path = at.join(folder::segment_name(self.shard, self.number));
            match SegmentMap::create(&path, bytes) {
                Ok((file, map)) => break (path, file, map),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => self.number += 1,
                Err(error) => return Err(error),
            }
        };
        let made = self.begin(run, &file, Arc::new(map), bytes);
        let made = made.and_then(|segment| Ok((segment, FileId::of(&file.metadata()?))));
        let (segment, id) = made.inspect_err(|_| drop(fs::remove_file(&path)))?;
        Ok(self.hand_over(OpenSegment::new(segment, path, id)))
    }

    /// Has the syncer know of a segment that was made.
    fn hand_over(&mut self, shared: OpenSegment) -> Arc<Segment> {
        self.number += 1;
        let (segment, shared) = (shared.segment.clone(), Arc::new(shared));
        self.passage.open.fetch_add(1, Ordering::AcqRel);
        let refused = self.passage.made.push(shared.clone());
        assert!(refused.is_ok(), "there are no more segments than have room here");
        self.open.push_back(OwnSegment { shared, begun: None, is_over: false, is_fragile: false });
        segment
    }

    fn begin(
        &self,
        run: &ServerRun,
        file: &File,
        map: Arc<SegmentMap>,
        bytes: u64,
    ) -> io::Result<Arc<Segment>> {
        let mut salt = [0; 4];
        getrandom::fill(&mut salt)?;
        let salt = Salt::new(u32::from_ne_bytes(salt));
        let mut header = Header {
            version: VERSION,
            number: self.number,
            run: run.run,
            node: run.node,
            shard: self.shard,
            cpu: self.cpu,
            key: run.keys.newest(),
            is_listed: true,
            mac: None,
            boot: run.boot,
            made_us: unix_us(),
            made_monotonic_us: monotonic_us(),
            file_bytes: bytes,
            salt,
        };
        origin::sign(&mut header, &run.keys);
        file.write_all_at(&header.page()[..], 0)?;
        Ok(Arc::new(Segment::new(self.number, salt, map)))
    }

    /// Looks how much is written, and forgets what the shard is done with.
    pub fn look(&mut self, now: Instant) {
        let written = |own: &OwnSegment| (own.shared.segment.used() - SEGMENT_HEADER_BYTES) as u64;
        self.open.retain(|own| {
            let is_retired = own.shared.is_retired.load(Ordering::Acquire);
            self.written_before += if is_retired { written(own) } else { 0 };
            !is_retired
        });
        let written: u64 = self.open.iter().map(written).sum();
        let is_dry = self.handover().ready.is_empty();
        self.demand.learn(now, self.written_before + written, is_dry);
    }

    /// What the shard may begin. These are the last that were made.
    fn ready(&self) -> Held {
        let count = self.handover().ready.len();
        Held { count, bytes: bytes_of(self.open.iter().rev().take(count)) }
    }

    /// What it has left, beside this, and is not sealed.
    fn waiting(&self, ready: Held) -> Held {
        let others = self.passage.open.load(Ordering::Acquire).saturating_sub(ready.count);
        let left = self.open.len().saturating_sub(ready.count + 1);
        Held { count: others.saturating_sub(1), bytes: bytes_of(self.open.iter().take(left)) }
    }

    /// Whether those that are full wait for the disk.
    fn is_behind(&self) -> bool {
        self.waiting(self.ready()).count > SEGMENTS_WAITING_MAX / 2
    }

    /// Size of the next segment, bytes.
    pub fn next_bytes(&self) -> u64 {
        self.demand.next_bytes(self.is_behind())
    }

    /// Whether the shard should be given another segment.
    pub fn wants_segment(&self, now: Instant) -> bool {
        let has_spare = self.no_spare_until.is_none_or(|until| now >= until);
        let room = &self.passage.room;
        let ready = self.ready();
        let waiting = self.waiting(ready);
        let is_wanted = match has_spare {
            true => self.demand.wants(ready, self.next_bytes()),
            false => ready.count < room.reserve,
        };
        // Where the disk takes nothing, what was to be ready waits in the end, too.
        is_wanted
            && ready.count + waiting.count < room.ready + room.waiting
            && ready.bytes + waiting.bytes < room.ready_bytes + room.waiting_bytes
    }

    /// Whether as many are ready as were wished.
    pub fn has_reserve(&self) -> bool {
        self.handover().ready.len() >= self.passage.room.reserve
    }

    /// More than the reserve cannot be made, and is not tried again before `until`.
    pub fn do_without_spare(&mut self, until: Instant) {
        self.no_spare_until = Some(until);
    }

    /// Whether the shard will soon have none to go on in.
    pub fn is_short(&self) -> bool {
        self.demand.is_short(self.ready())
    }

    /// Decides whether the shard is to leave the segment that it writes: after
    /// `age_max`, because it is suspect, or because its file is not what it was.
    pub fn plan_roll(&mut self, now: Instant, age_max: Duration) {
        let errors = self.handover().counts.sync_errors.load(Ordering::Relaxed);
        self.is_home_bad |= errors > std::mem::replace(&mut self.sync_errors, errors);
        let mut is_any_unused = false;
        for own in &mut self.open {
            if own.shared.must_be_left() && !std::mem::replace(&mut own.is_over, true) {
                is_any_unused |= own.shared.segment.used() == SEGMENT_HEADER_BYTES;
            }
        }
        if is_any_unused {
            self.withdraw();
        }
        let is_begun = |own: &&mut OwnSegment| own.shared.segment.used() > SEGMENT_HEADER_BYTES;
        let Some(own) = self.open.iter_mut().rev().find(is_begun) else {
            return;
        };
        let begun = *own.begun.get_or_insert(now);
        own.is_over |= now.duration_since(begun) >= age_max;
        let may_flee = self.fled.is_none_or(|at| now.duration_since(at) >= FLEE_PAUSE);
        if own.shared.is_suspect.load(Ordering::Acquire) && !own.is_over && may_flee {
            own.is_over = true;
            self.fled = Some(now);
        }
    }

    /// Whether the shard should go on in a spare folder, where no segment can be made in
    /// the click folder.
    pub fn needs_spare(&self) -> bool {
        self.is_home_bad || !self.has_reserve()
    }

    /// Has the shard leave all that is in the click folder `home`, in which nothing can be
    /// made, if syncs fail there too: the disk is gone, not merely full.
    pub fn evacuate(&mut self, home: &Path) {
        if !self.is_home_bad {
            return;
        }
        let mut is_any_unused = false;
        for own in &mut self.open {
            if disk::folder::of(&own.shared.path) == home
                && !std::mem::replace(&mut own.is_over, true)
                && own.shared.segment.used() == SEGMENT_HEADER_BYTES
            {
                own.shared.is_forsaken.store(true, Ordering::Release);
                is_any_unused = true;
            }
        }
        if is_any_unused {
            self.withdraw();
        }
    }

    /// Takes back the oldest that is ready, if that has been much larger for a while than
    /// the next one would be, which is made in its place.
    pub fn give_back(&mut self, now: Instant) {
        let Some(current) = self.open.len().checked_sub(1 + self.ready().count) else { return };
        let Some(oldest) = self.open.get(current + 1) else { return };
        let oldest_bytes = oldest.shared.segment.map().bytes() as u64;
        let segment = &self.open[current].shared.segment;
        // The shard goes on there meanwhile.
        let is_roomy = segment.map().bytes() - segment.used() >= ROOMY_BYTES;
        if self.demand.gives_back(now, oldest_bytes) && is_roomy {
            self.handover().ready.pop().into_iter().for_each(|unused| self.retire(unused));
        }
    }

    /// Takes back what is ready, as some of it is not in its place any more. All of it:
    /// what was put back would come after later ones.
    fn withdraw(&self) {
        while let Some(segment) = self.handover().ready.pop() {
            self.retire(segment);
        }
    }

    fn retire(&self, segment: Arc<Segment>) {
        let refused = self.handover().retired.push(Retired { segment, seal: None });
        assert!(refused.is_ok(), "there are no more segments than have room here");
    }

    /// Asks the shard to leave it, if there is another that it can go on in. To
    /// be called after [`populate`](Self::populate), so that it does not fault there.
    pub fn ask_to_leave(&self) {
        let mut over = self.open.iter().rev().skip_while(|own| !own.is_over);
        let last = over.next().map_or(0, |own| own.shared.segment.number);
        if self.open.back().is_some_and(|own| own.shared.segment.number > last) {
            self.handover().leave.store(last, Ordering::Relaxed);
        }
    }

    /// Faults in what the writer will reach next.
    ///
    /// # Errors
    ///
    /// `Trouble` when the file system cannot keep its promise of space.
    pub fn populate(&mut self) -> Result<(), Trouble> {
        let near = 4 * POPULATE_AHEAD_BYTES as usize;
        let mut ahead = 0;
        for own in &mut self.open {
            // The next segment's turn comes when this one's end is near. Made
            // ready too early, its pages would be written back as zeros, and
            // watched again, before they are needed.
            if ahead > near {
                break;
            }
            let map = own.shared.segment.map();
            let used = own.shared.segment.used();
            if !own.is_over {
                ahead += map.bytes() - used;
            }
            let end = (used + POPULATE_AHEAD_BYTES as usize).min(map.bytes());
            let populated = own.shared.populated.load(Ordering::Relaxed);
            // Memory that is used again may be faulted in further than it is needed.
            let more = end.saturating_sub(populated);
            // Half the distance at a time: a call for each page is no help.
            let is_little = more < POPULATE_AHEAD_BYTES as usize / 2 && end < map.bytes();
            if more == 0 || is_little {
                continue;
            }
            let result = map.populate(populated..end);
            own.shared.populated.store(end, Ordering::Release);
            if let Err(error) = result
                && !std::mem::replace(&mut own.is_fragile, true)
            {
                return Err(own.shared.trouble(Work::Populate, error));
            }
        }
        Ok(())
    }
}

fn bytes_of<'a>(segments: impl Iterator<Item = &'a OwnSegment>) -> u64 {
    segments.map(|own| own.shared.segment.map().bytes() as u64).sum()
}

#[cfg(test)]
mod tests;
