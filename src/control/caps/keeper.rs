//! Room for caps, and how they stand, while a server runs.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::files::CapFiles;
use super::opening;
use super::rows::{CapRow, rows};
use crate::limits::CAPS_MAX;
use crate::machine::clock::unix_us;
use crate::rules::caps::{
    Calendar, Cap, CapKey, CapLine, CapRoom, Heap, NoCapRoom, Room, ShardCaps,
};
use crate::say::say;

/// Makes room for caps, and says how they stand.
#[derive(Debug)]
pub struct CapKeeper {
    /// `None`: they are counted in memory.
    files: Option<CapFiles>,
    room: Mutex<CapRoom>,
    is_said: AtomicBool,
}

impl CapKeeper {
    /// Opens or makes the file, for a server that counts the caps of `lines` with so many
    /// shards. The click folder must be that server's by now: what a killed one has not
    /// written there is not counted.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: the file cannot be read or made, or there are too many
    /// caps.
    pub fn open(
        state: &Path,
        clicks: &Path,
        shards: usize,
        lines: &[CapLine],
    ) -> anyhow::Result<Arc<Self>> {
        let files = CapFiles::new(state);
        let room = opening::open(&files, clicks, shards, lines)?;
        Ok(Arc::new(Self::of(Some(files), room)))
    }

    /// One that counts in memory.
    #[cfg(test)]
    pub fn in_memory(shards: usize) -> Arc<Self> {
        Arc::new(Self::of(None, CapRoom::new(shards, 0, [0; 2])))
    }

    fn of(files: Option<CapFiles>, room: CapRoom) -> Self {
        Self { files, room: Mutex::new(room), is_said: AtomicBool::new(false) }
    }

    /// What a shard counts with.
    pub fn shard(&self, number: usize) -> ShardCaps {
        ShardCaps::new(self.room().counts().clone(), number)
    }

    /// Makes room for the caps of links that are to be served.
    ///
    /// # Errors
    ///
    /// A sentence: there can be none. Then those without room let nothing through.
    pub fn admit(&self, keys: impl Iterator<Item = CapKey>) -> Result<(), String> {
        let mut room = self.room();
        let was_empty = room.counts().extents().next().is_none();
        let make = |number, bytes| match &self.files {
            Some(files) => files.make(number, bytes),
            None => {
                let heap: Box<dyn Room> = Box::new(Heap::new(bytes));
                Ok(heap)
            }
        };
        room.admit(keys, unix_us(), make).map_err(|no| self.sentence(&no))?;
        let is_new = was_empty && room.counts().extents().next().is_some();
        match &self.files {
            Some(files) if is_new => {
                files.name_first().map_err(|error| self.sentence(&NoCapRoom::Io(error)))
            }
            _ => Ok(()),
        }
    }

    /// How often this line of a link has answered in the present period of its cap.
    pub fn used(&self, link: u64, line: u8, cap: &Cap, zone: &[u8]) -> u64 {
        let span = Calendar::default().at(zone, cap.period, unix_us());
        self.room().counts().standing(CapKey::new(link, line, cap.period), cap, span).used
    }

    /// How these caps stand.
    pub fn rows(&self, lines: &[CapLine]) -> Vec<CapRow> {
        let counts = self.room().counts().clone();
        rows(lines, unix_us(), |key, cap, span| counts.standing(key, cap, span))
    }

    /// Says once if the disk of the file is gone.
    pub fn look(&self) {
        let room = self.room();
        if room.counts().is_broken() && !self.is_said.swap(true, Ordering::Relaxed) {
            let path = self.files.as_ref().map(CapFiles::path).unwrap_or_default();
            say(format_args!(
                "error: the disk no longer has {}, in which caps are counted, so that lines with a \
                 cap answer nothing any more. Mend the disk, and start carom again",
                path.display()
            ));
        }
    }

    /// Brings everything to the disk. To be done when all shards have ended.
    pub fn finish(&self) {
        let room = self.room();
        if let Err(error) = room.counts().extents().try_for_each(|extent| extent.finish()) {
            say(format_args!(
                "warning: what was counted of caps may not be on the disk: {error}; after a loss of \
                 power the next start counts them anew from the click log"
            ));
        }
    }

    fn sentence(&self, no: &NoCapRoom) -> String {
        match no {
            NoCapRoom::TooMany => format!(
                "there are more than {CAPS_MAX} caps, those among them that were taken back since \
                 the start; start carom again, or take some out"
            ),
            NoCapRoom::Io(error) => {
                let path = self.files.as_ref().map(CapFiles::path).unwrap_or_default();
                format!(
                    "cannot make {}, in which caps are counted: {error}; make room there",
                    path.display()
                )
            }
        }
    }

    fn room(&self) -> MutexGuard<'_, CapRoom> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
