//! Room for caps: each gets its slot before a shard answers from links that have it.

use std::io;
use std::sync::Arc;

use super::counts::CapCounts;
use super::extent::{CapKey, Extent, ExtentHead, Layout, Room};
use super::kept::KeptCap;
use crate::limits::{CAP_EXTENTS_MAX, CAPS_MAX};

/// The one that makes room for caps: the control side.
#[derive(Clone, Debug)]
pub struct CapRoom {
    counts: Arc<CapCounts>,
    /// What all extents say of themselves; each has its own number and layout.
    head: ExtentHead,
    /// Caps that have a slot, and caps in the last extent.
    admitted: usize,
    in_last: usize,
}

/// Why caps have no room.
#[derive(Debug)]
pub enum NoCapRoom {
    /// There are more than are counted in one run.
    TooMany,
    /// There is no memory, or no space on the disk.
    Io(io::Error),
}

impl CapRoom {
    /// None yet, in this run and boot.
    #[must_use]
    pub fn new(shards: usize, run: u64, boot: [u64; 2]) -> Self {
        let layout = Layout { shards, slots: 0 };
        let head = ExtentHead { run, number: 0, boot, is_clean: false, layout };
        let counts = Arc::new(CapCounts::new(shards));
        Self { counts, head, admitted: 0, in_last: 0 }
    }

    /// What shards count with.
    #[must_use]
    pub fn counts(&self) -> &Arc<CapCounts> {
        &self.counts
    }

    /// Gives each of these caps a slot that has none. To be done before a shard answers
    /// from links with them. They are counted since
    /// now; `make` makes memory for the extent with this number.
    ///
    /// # Errors
    ///
    /// See [`NoCapRoom`]. Then nothing has changed.
    pub fn admit(
        &mut self,
        keys: impl Iterator<Item = CapKey>,
        unix_us: u64,
        make: impl FnOnce(usize, u64) -> io::Result<Box<dyn Room>>,
    ) -> Result<(), NoCapRoom> {
        let mut new: Vec<CapKey> = keys.filter(|key| self.counts.find(*key).is_none()).collect();
        new.sort_unstable();
        new.dedup();
        if new.is_empty() {
            return Ok(());
        }
        if self.admitted + new.len() > CAPS_MAX {
            return Err(NoCapRoom::TooMany);
        }
        let fits = self.last().is_some_and(|last| self.in_last + new.len() <= last.layout().caps());
        if !fits {
            self.grow(new.len(), make)?;
        }
        self.admitted += new.len();
        self.in_last += new.len();
        let last = self.last().expect("it was just made, if there was none");
        for key in new {
            last.add(key, unix_us);
        }
        Ok(())
    }

    /// Notes what was counted of a cap before this run, where that has a slot.
    pub fn restore(&self, kept: &KeptCap) {
        if let Some((_, extent, slot)) = self.counts.find(kept.key) {
            extent.restore(slot, kept.since_us, kept.tallies());
        }
    }

    fn last(&self) -> Option<&Extent> {
        self.counts.extents().last()
    }

    fn grow(
        &mut self,
        caps: usize,
        make: impl FnOnce(usize, u64) -> io::Result<Box<dyn Room>>,
    ) -> Result<(), NoCapRoom> {
        let number = self.counts.extents().count();
        let twice = self.last().map_or(0, |last| 2 * last.layout().caps());
        let layout = Layout::for_caps(caps.max(twice).min(CAPS_MAX), self.counts.shards());
        if number == CAP_EXTENTS_MAX {
            return Err(NoCapRoom::TooMany);
        }
        let room = make(number, layout.bytes()).map_err(NoCapRoom::Io)?;
        let extent = Extent::begin(room, &ExtentHead { number, layout, ..self.head });
        assert!(self.counts.add(extent), "only one makes room");
        self.in_last = 0;
        Ok(())
    }
}
