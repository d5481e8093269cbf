//! A segment between its creation and its seal, as the two threads of the keeper
//! share it, and what is counted of those of one shard.

use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crossbeam_queue::ArrayQueue;

use super::stage::Staged;
use super::trouble::{Trouble, Work};
use crate::clicks::folder::SegmentFile;
use crate::clicks::format::list_line::ListKeys;
use crate::clicks::format::segment::{Header, PageBlock, Seal, StartBlock};
use crate::clicks::read::source::written_span;
use crate::clicks::write::handover::{Handover, Segment};
use crate::disk::identity::FileId;
use crate::limits::{
    SEGMENT_BYTES_FIRST, SEGMENT_HEADER_BYTES, SEGMENTS_READY_MAX, SEGMENTS_WAITING_MAX,
    SMALL_SEGMENTS_BYTES,
};

/// What all segments of a run have in common.
#[derive(Clone, Debug)]
pub struct ServerRun {
    /// Where the files are.
    pub folder: PathBuf,
    /// The start of the server, Unix µs.
    pub run: u64,
    /// Which boot of which machine.
    pub boot: [u8; 16],
    /// Number of the machine.
    pub node: u16,
    /// The newest of them signs click ids; with what is derived from it, headers are.
    pub keys: ListKeys,
    /// Size of the largest files until they are sealed, whole pages.
    pub segment_bytes: u64,
}

/// A segment that is made and not sealed. Its file is open only as its map, unless it is
/// written in a stage.
#[derive(Debug)]
pub struct OpenSegment {
    /// What the shard writes.
    pub segment: Arc<Segment>,
    /// Its file.
    pub path: PathBuf,
    /// Which file it was made as: this one, or its image in the stage.
    pub id: FileId,
    /// How far it was faulted in, bytes. The maker's to change.
    pub populated: AtomicUsize,
    /// A sync failed. The syncer's to change.
    pub is_suspect: AtomicBool,
    /// The shard is done with it. The syncer's to change.
    pub is_retired: AtomicBool,
    /// Its file is not under its name, was cut, or is on a disk that is given up.
    pub is_forsaken: AtomicBool,
    /// Where it is written, if not in its file.
    pub staged: Option<Staged>,
}

impl OpenSegment {
    /// One that was just made in its file.
    pub fn new(segment: Arc<Segment>, path: PathBuf, id: FileId) -> Self {
        Self {
            segment,
            path,
            id,
            populated: AtomicUsize::new(0),
            is_suspect: AtomicBool::new(false),
            is_retired: AtomicBool::new(false),
            is_forsaken: AtomicBool::new(false),
            staged: None,
        }
    }

    /// Whether the shard is to leave it at once, as what it stores there may be in no
    /// file, or in none that is found.
    pub fn must_be_left(&self) -> bool {
        self.is_forsaken.load(Ordering::Acquire) || self.segment.map().is_broken()
    }

    /// What went wrong with it.
    pub fn trouble(&self, work: Work, error: io::Error) -> Trouble {
        Trouble { path: self.path.clone(), work, error }
    }

    /// Makes its file, if that is the syncer's to do and not done yet.
    ///
    /// # Errors
    ///
    /// Those of making it. They were said.
    pub fn make_file(&self) -> io::Result<()> {
        match &self.staged {
            Some(staged) => staged.make(&self.path, self.segment.map().bytes()),
            None => Ok(()),
        }
    }

    /// Whether it has a file, or gets one now.
    pub fn has_file(&self) -> bool {
        self.staged.as_ref().is_none_or(Staged::may_try) && self.make_file().is_ok()
    }

    /// Waits until the bytes of `range` are in its file on the disk.
    ///
    /// # Errors
    ///
    /// Those of writing and syncing.
    pub fn sync(&self, range: Range<usize>) -> io::Result<()> {
        match &self.staged {
            Some(staged) => staged.write(self.segment.map(), range),
            None => self.segment.map().sync(range),
        }
    }
}

/// How many segments of a shard there may be, and how large they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Size of the smallest ones, with which a shard begins, bytes.
    pub smallest: u64,
    /// Size of the largest, bytes: the smallest, doubled so often and then cut.
    pub largest: u64,
    /// Kept ready at least.
    pub reserve: usize,
    /// Kept ready at most.
    pub ready: usize,
    /// All of these together, bytes.
    pub ready_bytes: u64,
    /// Waiting to be sealed, at most, beside as many as are to be ready.
    pub waiting: usize,
    /// All of these together, bytes.
    pub waiting_bytes: u64,
}

impl Room {
    /// Of segments that are never larger than this. Small ones may be more than the reserve,
    /// but take no more space than the reserve of the largest, or
    /// [`SMALL_SEGMENTS_BYTES`].
    pub fn new(largest: u64, reserve: usize) -> Self {
        let smallest = largest.min(SEGMENT_BYTES_FIRST);
        let fit = ((SMALL_SEGMENTS_BYTES / smallest) as usize).min(SEGMENTS_READY_MAX);
        let bytes = |count: usize| (fit as u64 * smallest).max(count as u64 * largest);
        Self {
            smallest,
            largest,
            reserve,
            ready: reserve.max(fit),
            ready_bytes: bytes(reserve),
            waiting: SEGMENTS_WAITING_MAX.max(fit),
            waiting_bytes: bytes(SEGMENTS_WAITING_MAX),
        }
    }
}

/// Some of the segments of a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// How many.
    pub count: usize,
    /// Their sizes together, bytes.
    pub bytes: u64,
}

/// What the maker and the syncer of one shard share. Neither waits for the other.
#[derive(Debug)]
pub struct Passage {
    /// The meeting point with the shard's writer.
    pub handover: Arc<Handover>,
    /// How many segments there may be.
    pub room: Room,
    /// Segments on their way from the maker to the syncer. Each is here before the
    /// shard has it, so the syncer knows whatever comes back.
    pub made: ArrayQueue<Arc<OpenSegment>>,
    /// Segments that are made and not sealed. The maker adds, the syncer takes off.
    pub open: AtomicUsize,
    /// Segments sealed.
    pub sealed: AtomicU64,
}

impl Passage {
    /// Of a shard that has no segments yet.
    pub fn new(room: Room) -> Self {
        Self {
            handover: Arc::new(Handover::with_room(room.ready, room.waiting)),
            room,
            made: ArrayQueue::new(1 + room.ready + room.waiting),
            open: AtomicUsize::new(0),
            sealed: AtomicU64::new(0),
        }
    }

    /// Segments that the shard has or had, and that are not sealed.
    pub fn unsealed(&self) -> usize {
        let ready = self.handover.ready.len();
        self.open.load(Ordering::Acquire).saturating_sub(ready)
    }
}

/// Whether nothing was ever written into this segment: what is left of a ready
/// one after a kill.
///
/// # Errors
///
/// Those of reading it.
pub fn is_untouched(segment: &SegmentFile) -> io::Result<bool> {
    let file = segment.open()?;
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
