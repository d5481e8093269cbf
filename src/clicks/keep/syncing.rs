//! The syncer's thread: what waits for the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::list_keeping::ListKeeping;
use super::numbers::Numbers;
use super::stage::Stage;
use super::syncer::SegmentSyncer;
use super::trouble::{Reporter, Trouble};
use super::watch::Watch;
use crate::disk;
use crate::limits::{SEGMENT_NUMBERS_AHEAD, SEGMENTS_READY_MAX, TROUBLE_QUIET_MS};
use crate::machine::slice::ask_for_short_slices;
use crate::pace;
use crate::words::counted;

/// Most segments of a shard that can be made before one of them is sealed.
const OPEN_MAX: u64 = 1 + 2 * SEGMENTS_READY_MAX as u64;
const TROUBLE: Duration = Duration::from_millis(TROUBLE_QUIET_MS);

/// Syncs that fail.
#[derive(Clone, Copy, Debug)]
struct Failing {
    /// When the last one did, and how many had worked by then.
    failed: Instant,
    syncs: u64,
    /// Suspect segments before it began.
    suspects_before: u64,
}

/// What runs on the syncer's thread.
pub struct Syncing {
    /// Where the segments are.
    pub folder: PathBuf,
    /// The syncers of each shard.
    pub shards: Vec<SegmentSyncer>,
    /// The numbers that are used up.
    pub numbers: Numbers,
    /// The list of segments.
    pub list: ListKeeping,
    watch: Watch,
    failing: Option<Failing>,
    /// When it was last said that numbers cannot be noted.
    numbers_said: Option<Instant>,
    /// Between two syncs.
    pub pause: Duration,
    /// It is to seal and sync everything, and to end.
    pub stop: Arc<AtomicBool>,
    /// For the operator.
    pub reporter: Reporter,
    /// Where segments are written, if not on the disk itself.
    pub stage: Option<Arc<Stage>>,
}

impl Syncing {
    /// For these shards.
    pub fn new(
        folder: PathBuf,
        shards: Vec<SegmentSyncer>,
        (numbers, list): (Numbers, ListKeeping),
        watch: Watch,
        pause: Duration,
        stop: Arc<AtomicBool>,
        reporter: Reporter,
    ) -> Self {
        Self {
            folder,
            shards,
            numbers,
            list,
            watch,
            failing: None,
            numbers_said: None,
            pause,
            stop,
            reporter,
            stage: None,
        }
    }

    /// Until it is to stop.
    pub fn run(&mut self) {
        ask_for_short_slices();
        // A shard may be waiting for this CPU.
        pace::after_each_piece(thread::yield_now);
        let mut sync_at = Instant::now() + self.pause;
        let mut is_syncing = false;
        while !self.stop.load(Ordering::Acquire) {
            // First, as it makes room for the segments after them.
            self.seal();
            self.keep_list();
            is_syncing = is_syncing && self.step(SegmentSyncer::sync_step);
            if is_syncing {
                continue;
            }
            let now = Instant::now();
            let watch_at = self.watch.turn(now, &mut self.shards, &self.numbers, &self.reporter);
            if now >= sync_at {
                self.shards.iter_mut().for_each(SegmentSyncer::plan_sync);
                self.keep_list();
                self.list.sync();
                (is_syncing, sync_at) = (true, now + self.pause);
                continue;
            }
            self.say_when_over(now);
            if self.step(SegmentSyncer::name_step) {
                continue;
            }
            if !self.shards.iter().any(SegmentSyncer::has_retired) {
                let until = sync_at.min(watch_at);
                thread::park_timeout(until.saturating_duration_since(Instant::now()));
            }
        }
        self.end();
    }

    fn end(&mut self) {
        if let Some(stage) = &self.stage {
            stage.hurry();
        }
        self.seal();
        for index in 0..self.shards.len() {
            self.shards[index].discard_ready();
            if let (Some(stage), true) = (&self.stage, self.shards[index].is_stuck()) {
                self.reporter.say(format!(
                    "the last segments of shard {index} cannot be made on the disk; their clicks stay \
                     in the stage {}, and the next start brings them to the disk. Until then they \
                     are in memory only",
                    stage.folder().display()
                ));
            } else if self.shards[index].is_in_use() {
                self.reporter
                    .say(format!("shard {index} was not closed; its last segment stays unsealed"));
            }
        }
        self.shards.iter_mut().for_each(SegmentSyncer::plan_last_sync);
        self.list.finish();
        self.keep_list();
        self.list.sync();
        while self.step(SegmentSyncer::sync_step) {}
        if let Err(error) = disk::folder::sync(&self.folder) {
            self.reporter.say(format!("syncing {} failed: {error}", self.folder.display()));
        }
        for (index, shard) in self.shards.iter().enumerate().filter(|(_, it)| !it.is_stuck()) {
            // Otherwise some numbers are left out.
            let _ = self.numbers.settle(index, shard.used_up);
        }
        self.watch.end();
        if let Some(failing) = self.failing {
            let suspects =
                counted(self.suspects().saturating_sub(failing.suspects_before), "segment");
            self.reporter.say(format!("syncs failed to the end; {suspects} marked suspect"));
        }
    }

    /// Brings the list up to date, and then deletes what it says is deleted.
    fn keep_list(&mut self) {
        for shard in &mut self.shards {
            self.list.note(shard.listed.drain(..));
        }
        self.list.write();
        if self.shards.iter().any(SegmentSyncer::has_unused) {
            self.list.sync();
        }
        for index in 0..self.shards.len() {
            let result = self.shards[index].delete_unused();
            self.note(index, result);
        }
    }

    /// One step for each shard; whether there may be another.
    fn step(&mut self, step: fn(&mut SegmentSyncer) -> Result<bool, Trouble>) -> bool {
        let mut has_more = false;
        for index in 0..self.shards.len() {
            match step(&mut self.shards[index]) {
                Ok(more) => has_more |= more,
                Err(trouble) => {
                    self.note(index, Err(trouble));
                    has_more = true;
                }
            }
        }
        has_more
    }

    fn seal(&mut self) {
        self.say_doubts();
        // One of each at a time, so that none waits for all those of another.
        while self.shards.iter().any(SegmentSyncer::has_retired) {
            for index in 0..self.shards.len() {
                let result = self.shards[index].seal_step();
                self.note(index, result.map(drop));
                self.note_numbers(index);
            }
            self.say_doubts();
        }
    }

    /// What was found of segments whose files are not what they were.
    fn say_doubts(&mut self) {
        let sentences = self.shards.iter_mut().flat_map(|shard| shard.sentences.drain(..));
        sentences.for_each(|sentence| self.reporter.say(sentence));
    }

    /// Numbers are noted ahead, so that a power loss that takes a segment before its
    /// name was synced does not take its number too.
    fn note_numbers(&mut self, index: usize) {
        let used_up = self.shards[index].used_up;
        if used_up + OPEN_MAX <= self.numbers.next(index) {
            return;
        }
        if let Err(error) = self.numbers.use_up(index, used_up + SEGMENT_NUMBERS_AHEAD)
            && self.failing.is_none()
            && self.numbers_said.is_none_or(|said| said.elapsed() >= TROUBLE)
        {
            self.numbers_said = Some(Instant::now());
            self.reporter.say(format!(
                "cannot note in {} which segment numbers are used up: {error}; this is tried again \
                 with the next segment",
                self.folder.display()
            ));
        }
    }

    fn suspects(&self) -> u64 {
        self.shards.iter().map(|shard| shard.suspects).sum()
    }

    fn syncs(&self) -> u64 {
        self.shards.iter().map(|shard| shard.syncs).sum()
    }

    /// Says what went wrong; of syncs that go on failing only the first.
    fn note(&mut self, index: usize, result: Result<(), Trouble>) {
        let Err(trouble) = result else {
            return;
        };
        if !trouble.is_sync() {
            return self.reporter.note(Err(trouble));
        }
        let (failed, syncs) = (Instant::now(), self.syncs());
        match &mut self.failing {
            Some(failing) => (failing.failed, failing.syncs) = (failed, syncs),
            None => {
                debug_assert!(self.shards[index].suspects > 0);
                let suspects_before = self.suspects() - 1;
                self.failing = Some(Failing { failed, syncs, suspects_before });
                self.reporter.note(Err(trouble));
            }
        }
    }

    fn say_when_over(&mut self, now: Instant) {
        let syncs = self.syncs();
        let is_over =
            |it: &mut Failing| now.duration_since(it.failed) >= TROUBLE && syncs > it.syncs;
        if let Some(over) = self.failing.take_if(is_over) {
            let suspects = counted(self.suspects().saturating_sub(over.suspects_before), "segment");
            self.reporter.say(format!("syncs work again; {suspects} marked suspect meanwhile"));
        }
    }
}
