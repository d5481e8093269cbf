//! What the writer of a shard and the keeper share: segments on their way to
//! the shard and back, and the figures.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;

use crossbeam_queue::ArrayQueue;

use super::map::SegmentMap;
use crate::clicks::format::frame::{FRAME_BYTES, Salt};
use crate::clicks::format::lengths::{CLICK_ROOM_MAX, GAP_BYTES};
use crate::clicks::format::segment::Seal;
use crate::limits::{SEGMENT_BYTES_MIN, SEGMENT_HEADER_BYTES, SEGMENTS_WAITING_MAX};

/// The first page, the longest click with its strings and a gap: less is no
/// segment, bytes.
const SEGMENT_ROOM_MIN: usize = SEGMENT_HEADER_BYTES + CLICK_ROOM_MAX + GAP_BYTES;
const _: () = assert!(SEGMENT_ROOM_MIN as u64 <= SEGMENT_BYTES_MIN);

/// A segment that can be written.
#[derive(Debug)]
pub struct Segment {
    /// Its number within the shard.
    pub number: u64,
    /// Salt of its checksums.
    pub salt: Salt,
    map: Arc<SegmentMap>,
    /// Bytes that hold committed records, first page included.
    used: AtomicUsize,
}

impl Segment {
    /// A segment over `map`, whose first page already holds its header.
    #[must_use]
    pub fn new(number: u64, salt: Salt, map: impl Into<Arc<SegmentMap>>) -> Self {
        let map = map.into();
        assert!(map.bytes() >= SEGMENT_ROOM_MIN, "a segment has room for any click");
        Self { number, salt, map, used: AtomicUsize::new(SEGMENT_HEADER_BYTES) }
    }

    /// The memory. Once the segment is sealed, another may be written in it.
    #[must_use]
    pub fn map(&self) -> &Arc<SegmentMap> {
        &self.map
    }

    /// Stores `frame` at `at`, both multiples of 8, so that its first word
    /// becomes visible last.
    ///
    /// Who reads the file, now or after a kill, therefore finds the whole frame
    /// or a zero word.
    pub fn put(&self, at: usize, frame: &[u8]) {
        let words = &self.map.words()[at / 8..][..frame.len() / 8];
        // The image of the bytes, whatever the order of bytes in a word here.
        let (first, rest) = frame.split_first_chunk::<FRAME_BYTES>().expect("a frame");
        // Four to a turn: the compiler unrolls no loop of atomics.
        let (fours, ones) = rest.as_chunks::<8>().0.as_chunks::<4>();
        let (fours_of_words, ones_of_words) = words[1..].as_chunks::<4>();
        for (words, [a, b, c, d]) in fours_of_words.iter().zip(fours) {
            words[0].store(u64::from_ne_bytes(*a), Ordering::Relaxed);
            words[1].store(u64::from_ne_bytes(*b), Ordering::Relaxed);
            words[2].store(u64::from_ne_bytes(*c), Ordering::Relaxed);
            words[3].store(u64::from_ne_bytes(*d), Ordering::Relaxed);
        }
        for (word, bytes) in ones_of_words.iter().zip(ones) {
            word.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
        }
        words[0].store(u64::from_ne_bytes(*first), Ordering::Release);
    }

    /// Copies what stands from `at` on, a multiple of 8, into `bytes`, as far as it goes;
    /// how many bytes those are.
    pub fn copy(&self, bytes: &mut [u8], at: usize) -> usize {
        let words = self.map.words().get(at / 8..).unwrap_or_default();
        let count = bytes.len().min(words.len() * 8);
        let (whole, rest) = bytes[..count].as_chunks_mut::<8>();
        let (fours_of_words, ones_of_words) = words[..whole.len()].as_chunks::<4>();
        let (fours, ones) = whole.as_chunks_mut::<4>();
        for ([a, b, c, d], words) in fours.iter_mut().zip(fours_of_words) {
            *a = words[0].load(Ordering::Relaxed).to_ne_bytes();
            *b = words[1].load(Ordering::Relaxed).to_ne_bytes();
            *c = words[2].load(Ordering::Relaxed).to_ne_bytes();
            *d = words[3].load(Ordering::Relaxed).to_ne_bytes();
        }
        for (bytes, word) in ones.iter_mut().zip(ones_of_words) {
            *bytes = word.load(Ordering::Relaxed).to_ne_bytes();
        }
        if !rest.is_empty() {
            let word = words[count / 8].load(Ordering::Relaxed).to_ne_bytes();
            rest.copy_from_slice(&word[..rest.len()]);
        }
        count
    }

    /// Tells the keeper how far the segment is written.
    pub fn set_used(&self, bytes: usize) {
        self.used.store(bytes, Ordering::Release);
    }

    /// How far the segment is written, bytes.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }
}

/// A segment that its shard is done with.
#[derive(Debug)]
pub struct Retired {
    /// The segment.
    pub segment: Arc<Segment>,
    /// What it holds; `None` if nothing was ever written.
    pub seal: Option<Seal>,
}

/// Figures of a shard, for metrics. They only grow.
#[derive(Debug, Default)]
pub struct ClickCounts {
    /// Clicks recorded.
    pub clicks: AtomicU64,
    /// Clicks counted but not recorded.
    pub lost: AtomicU64,
    /// Of the clicks recorded, those that may be gone with their disk or their file. The
    /// keeper's to change.
    pub doubtful: AtomicU64,
    /// Failed syncs of its segments.
    pub sync_errors: AtomicU64,
}

impl ClickCounts {
    /// Adds one. For the only thread that ever adds: it needs no locked
    /// instruction. Whoever acquires the figure sees what was stored before.
    pub fn add_one(counter: &AtomicU64) {
        counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Release);
    }
}

/// The meeting point of one writer and the keeper. Neither waits for the other.
#[derive(Debug)]
pub struct Handover {
    /// Segments that the writer may begin.
    pub ready: ArrayQueue<Arc<Segment>>,
    /// Segments that the keeper has to seal.
    pub retired: ArrayQueue<Retired>,
    /// The shard is to go on in another segment than those up to this number, as
    /// soon as one is ready.
    pub leave: AtomicU64,
    /// The keeper failed to make the next segment, and tries again.
    pub is_stuck: AtomicBool,
    /// Figures.
    pub counts: ClickCounts,
    /// Whom to wake; unset while there is no keeper.
    pub keeper: OnceLock<Thread>,
}

impl Handover {
    /// An empty one, of a shard for which `reserve` segments are kept ready.
    #[must_use]
    pub fn new(reserve: usize) -> Self {
        Self::with_room(reserve, SEGMENTS_WAITING_MAX)
    }

    /// An empty one, of a shard for which at most `ready` segments are ready at once,
    /// while at most `waiting` wait to be sealed.
    #[must_use]
    pub fn with_room(ready: usize, waiting: usize) -> Self {
        Self {
            ready: ArrayQueue::new(ready),
            retired: ArrayQueue::new(1 + ready + waiting),
            leave: AtomicU64::new(0),
            is_stuck: AtomicBool::new(false),
            counts: ClickCounts::default(),
            keeper: OnceLock::new(),
        }
    }

    /// Whether the shard should be given another segment, where `open` of its segments
    /// are not sealed yet.
    #[must_use]
    pub fn wants_segment(&self, open: usize) -> bool {
        !self.ready.is_full() && open < self.retired.capacity()
    }

    /// Asks the keeper to look now. At most a futex wake; never waits.
    pub fn wake(&self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.unpark();
        }
    }
}
