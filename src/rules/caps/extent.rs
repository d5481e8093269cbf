//! Places in which caps are counted, in memory that all shards share; most often that of
//! a file.
//!
//! | words | |
//! |---|---|
//! | 512 | head: magic, format, run, number of the extent, shards, slots |
//! | 8 for each shard | what the shard is about to take: where, and the number of its click |
//! | 4 for each slot | key: link; line, period and that the slot is taken; since when it is counted, Unix µs; 0 |
//! | 4 for each shard and slot | what the shard took: two periods; what it holds, and of which cap |
//!
//! Each word has one that writes it: those of a shard that shard, and all others the
//! control side, which never takes back a key while shards count.

use core::fmt;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::cap::{CapLine, Period};
use super::tally::{Tag, Tally};
use crate::limits::{CAP_SLOTS_MIN, CAPS_MAX, SHARDS_MAX};

/// `CAROMCAP`.
const MAGIC: u64 = u64::from_be_bytes(*b"CAROMCAP");
const FORMAT: u64 = 1;

/// Words of the head: a page.
const HEAD_WORDS: usize = 512;
const RUN_AT: usize = 2;
const NUMBER_AT: usize = 3;
const SHARDS_AT: usize = 4;
const SLOTS_AT: usize = 5;
const BOOT_AT: usize = 6;
const CLEAN_AT: usize = 8;
/// Words of what a shard is about to take: a cache line.
const INTENT_WORDS: usize = 8;
const KEY_WORDS: usize = 4;
const SINCE_AT: usize = 2;
/// Words of a shard for each slot.
const SHARE_WORDS: usize = 4;
const IS_TAKEN: u64 = 1 << 63;

/// Memory for an extent.
pub trait Room: fmt::Debug + Send + Sync {
    /// Its words, zero at first.
    fn words(&self) -> &[AtomicU64];

    /// Whether what is stored may be in no file any more, and what was stored be forgotten.
    fn is_broken(&self) -> bool;

    /// Waits until all of it is on the disk.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn sync(&self) -> io::Result<()>;
}

/// Memory that ends with the process.
#[derive(Debug)]
pub struct Heap(Box<[AtomicU64]>);

impl Heap {
    /// So many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self((0..bytes / 8).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Room for Heap {
    fn words(&self) -> &[AtomicU64] {
        &self.0
    }

    fn is_broken(&self) -> bool {
        false
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// The cap of a line: another period is another cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CapKey {
    /// Id of the link.
    pub link: u64,
    /// Number of the line within its key, from 1.
    pub line: u8,
    /// Its [`Period`], as a number.
    period: u8,
}

impl CapKey {
    /// That of this line.
    #[inline]
    #[must_use]
    pub fn new(link: u64, line: u8, period: Period) -> Self {
        Self { link, line, period: period as u8 }
    }

    /// That of a line.
    #[must_use]
    pub fn of(line: &CapLine) -> Self {
        Self::new(line.link, line.line, line.cap.period)
    }

    /// How long it counts.
    #[must_use]
    pub fn period(self) -> Period {
        Period::numbered(self.period)
    }

    #[inline]
    fn word(self) -> u64 {
        IS_TAKEN | u64::from(self.period) << 8 | u64::from(self.line)
    }

    fn read([link, word]: [u64; 2]) -> Option<Self> {
        let [line, period, ..] = word.to_le_bytes();
        (word & IS_TAKEN != 0).then_some(Self { link, line, period })
    }

    /// A multiplication by the golden ratio spreads ids that are small numbers, too.
    #[inline]
    fn hash(self) -> u64 {
        let mixed = self.link ^ self.word().rotate_left(40);
        (mixed ^ mixed >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// How large an extent is, and where in it everything lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Shards that count.
    pub shards: usize,
    /// Slots, a power of two.
    pub slots: usize,
}

impl Layout {
    /// With room for so many caps, and some more.
    #[must_use]
    pub fn for_caps(caps: usize, shards: usize) -> Self {
        // A quarter stays free, so that a key is found soon.
        let slots = (caps + caps.div_ceil(3)).next_power_of_two().max(CAP_SLOTS_MIN);
        Self { shards, slots }
    }

    /// Caps that have room.
    #[must_use]
    pub fn caps(self) -> usize {
        self.slots - self.slots / 4
    }

    /// Bytes of it all.
    #[must_use]
    pub fn bytes(self) -> u64 {
        (self.share_at(self.shards, 0) * size_of::<u64>()) as u64
    }

    fn keys_at(self) -> usize {
        HEAD_WORDS + self.shards * INTENT_WORDS
    }

    fn share_at(self, shard: usize, slot: usize) -> usize {
        self.keys_at() + self.slots * KEY_WORDS + (shard * self.slots + slot) * SHARE_WORDS
    }

    fn is_possible(self) -> bool {
        let slots = CAP_SLOTS_MIN..=2 * CAPS_MAX;
        self.slots.is_power_of_two()
            && slots.contains(&self.slots)
            && (1..=SHARDS_MAX).contains(&self.shards)
    }
}

/// What the head of an extent says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtentHead {
    /// Since when the server runs that counts, Unix µs.
    pub run: u64,
    /// Which of the extents of that run.
    pub number: usize,
    /// The boot of the machine.
    pub boot: [u64; 2],
    /// All was counted and is on the disk.
    pub is_clean: bool,
    /// See [`Layout`].
    pub layout: Layout,
}

/// What a shard was about to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// Which extent, slot and [side](Tag::side).
    pub place: IntentPlace,
    /// What it will have taken there in that period, its low bits.
    pub count: u32,
    /// The number of the click; 0 if there is none.
    pub sequence: u64,
}

/// See [`Intent`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntentPlace {
    /// Number of the extent.
    pub extent: usize,
    /// Number of the slot.
    pub slot: usize,
    /// See [`Tag::side`].
    pub side: usize,
}

impl IntentPlace {
    #[inline]
    fn word(self, count: u32) -> u64 {
        (self.extent as u64) << 56
            | (self.slot as u64) << 33
            | (self.side as u64) << 32
            | u64::from(count)
    }

    fn of(word: u64) -> (Self, u32) {
        let (extent, slot) = ((word >> 56) as usize, (word >> 33 & 0x7f_ffff) as usize);
        (Self { extent, slot, side: (word >> 32 & 1) as usize }, word as u32)
    }
}

const _: () = assert!(2 * CAPS_MAX <= 1 << 23);

/// See the file.
#[derive(Debug)]
pub struct Extent {
    room: Box<dyn Room>,
    layout: Layout,
    /// What was given to shards of each slot, in two periods: what they took, and what they
    /// hold. It ends with the process, as what shards took says all.
    granted: Box<[[AtomicU64; 2]]>,
}

impl Extent {
    /// Begins to count in `room`, whose words are zero.
    ///
    /// # Panics
    ///
    /// If the room is too small.
    #[must_use]
    pub fn begin(room: Box<dyn Room>, head: &ExtentHead) -> Self {
        let layout = head.layout;
        let words = room.words();
        assert!(words.len() as u64 * 8 >= layout.bytes(), "there is room for it all");
        words[RUN_AT].store(head.run, Relaxed);
        words[NUMBER_AT].store(head.number as u64, Relaxed);
        words[SHARDS_AT].store(layout.shards as u64, Relaxed);
        words[SLOTS_AT].store(layout.slots as u64, Relaxed);
        for (word, boot) in words[BOOT_AT..].iter().zip(head.boot) {
            word.store(boot, Relaxed);
        }
        words[1].store(FORMAT, Relaxed);
        words[0].store(MAGIC, Release);
        let granted = (0..layout.slots).map(|_| Default::default()).collect();
        Self { room, layout, granted }
    }

    /// Its memory.
    #[must_use]
    pub fn room(&self) -> &dyn Room {
        &*self.room
    }

    /// See [`Layout`].
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// See [`Room::is_broken`].
    #[inline]
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.room.is_broken()
    }

    /// Brings all that was counted to the disk, and then says that it is there. To be done
    /// once nothing is counted any more.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub fn finish(&self) -> io::Result<()> {
        self.room.sync()?;
        self.room.words()[CLEAN_AT].store(1, Release);
        self.room.sync()
    }

    /// The slot of a cap.
    #[inline]
    #[must_use]
    pub fn find(&self, key: CapKey) -> Option<usize> {
        let keys = self.keys();
        let (mut slot, wanted) = (self.first_slot(key), key.word());
        loop {
            match keys[slot * KEY_WORDS + 1].load(Acquire) {
                0 => return None,
                word if word == wanted && keys[slot * KEY_WORDS].load(Relaxed) == key.link => {
                    return Some(slot);
                }
                _ => slot = (slot + 1) & (self.layout.slots - 1),
            }
        }
    }

    /// Gives a cap that has none the next free slot. Never the last one: a search ends
    /// there.
    pub fn add(&self, key: CapKey, since_us: u64) -> usize {
        let keys = self.keys();
        let mut slot = self.first_slot(key);
        while keys[slot * KEY_WORDS + 1].load(Relaxed) != 0 {
            slot = (slot + 1) & (self.layout.slots - 1);
        }
        keys[slot * KEY_WORDS].store(key.link, Relaxed);
        keys[slot * KEY_WORDS + SINCE_AT].store(since_us, Relaxed);
        keys[slot * KEY_WORDS + 1].store(key.word(), Release);
        slot
    }

    /// Since when the cap of a slot is counted, Unix µs.
    #[must_use]
    pub fn since_us(&self, slot: usize) -> u64 {
        self.keys()[slot * KEY_WORDS + SINCE_AT].load(Relaxed)
    }

    /// Notes what was counted of a cap before the run.
    pub fn restore(&self, slot: usize, since_us: u64, tallies: [Tally; 2]) {
        self.keys()[slot * KEY_WORDS + SINCE_AT].store(since_us, Relaxed);
        for (side, tally) in tallies.into_iter().enumerate() {
            self.share(0, slot)[side].store(tally.word(), Relaxed);
            self.granted[slot][side].store(tally.word(), Relaxed);
        }
    }

    /// What was given to shards of the cap, of this side's period.
    #[inline]
    #[must_use]
    pub fn granted(&self, slot: usize, side: usize) -> &AtomicU64 {
        &self.granted[slot][side]
    }

    /// The words of a shard for a slot: what it took in two periods, what it holds, and of
    /// which cap.
    #[inline]
    #[must_use]
    pub fn share(&self, shard: usize, slot: usize) -> &[AtomicU64; SHARE_WORDS] {
        let at = self.layout.share_at(shard, slot);
        self.room.words()[at..].first_chunk().expect("a layout ends where the room does")
    }

    /// Notes what a shard is about to take: where first, as then the number of the click
    /// is still that of one that there is.
    #[inline]
    pub fn intend(&self, shard: usize, intent: Intent) {
        let words = &self.room.words()[HEAD_WORDS + shard * INTENT_WORDS..];
        words[0].store(intent.place.word(intent.count), Release);
        words[1].store(intent.sequence, Release);
    }

    /// How many all shards took of a cap in a period.
    #[must_use]
    pub fn used(&self, slot: usize, tag: Tag) -> u64 {
        let of_shard = |shard| Tally::of(self.share(shard, slot)[tag.side()].load(Relaxed));
        (0..self.layout.shards).map(|shard| of_shard(shard).of_period(tag)).sum()
    }

    #[inline]
    fn first_slot(&self, key: CapKey) -> usize {
        (key.hash() >> (64 - self.layout.slots.trailing_zeros())) as usize
    }

    #[inline]
    fn keys(&self) -> &[AtomicU64] {
        &self.room.words()[self.layout.keys_at()..]
    }
}

/// An extent as it stands in a file. Any of its words may be wrong.
#[derive(Debug)]
pub struct StoredExtent<'a> {
    /// What it says of itself.
    pub head: ExtentHead,
    words: &'a [u64],
}

impl<'a> StoredExtent<'a> {
    /// The one in these words, if it is one and whole.
    #[must_use]
    pub fn read(words: &'a [u64]) -> Option<Self> {
        let head = words.first_chunk::<HEAD_WORDS>()?;
        let size = |at: usize| usize::try_from(head[at]).ok();
        let layout = Layout { shards: size(SHARDS_AT)?, slots: size(SLOTS_AT)? };
        let is_one = (head[0], head[1]) == (MAGIC, FORMAT) && layout.is_possible();
        if !is_one || (words.len() as u64) * 8 < layout.bytes() {
            return None;
        }
        let boot = [head[BOOT_AT], head[BOOT_AT + 1]];
        let (run, number, is_clean) = (head[RUN_AT], size(NUMBER_AT)?, head[CLEAN_AT] == 1);
        Some(Self { head: ExtentHead { run, number, boot, is_clean, layout }, words })
    }

    /// What a shard was about to take last.
    #[must_use]
    pub fn intent(&self, shard: usize) -> Intent {
        let words = &self.words[HEAD_WORDS + shard * INTENT_WORDS..];
        let (place, count) = IntentPlace::of(words[0]);
        Intent { place, count, sequence: words[1] }
    }

    /// The cap of a slot, and since when it is counted, Unix µs.
    #[must_use]
    pub fn key(&self, slot: usize) -> Option<(CapKey, u64)> {
        let at = self.head.layout.keys_at() + slot * KEY_WORDS;
        let key = CapKey::read([self.words[at], self.words[at + 1]])?;
        Some((key, self.words[at + SINCE_AT]))
    }

    /// What a shard took of it in two periods.
    #[must_use]
    pub fn taken(&self, shard: usize, slot: usize) -> [Tally; 2] {
        let at = self.head.layout.share_at(shard, slot);
        [self.words[at], self.words[at + 1]].map(Tally::of)
    }
}
