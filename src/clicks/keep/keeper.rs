//! The keeper: one thread that does for all shards what could make them wait.
//! It makes segments, faults them in ahead of the writers, syncs and seals.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use rustix::io::Errno;

use super::numbers::Numbers;
use super::segments::{self, SegmentFiles, ServerRun, Trouble};
use crate::clicks::folder::{self, Lock};
use crate::clicks::format::id::{ClickKeys, Signer};
use crate::clicks::write::handover::Handover;
use crate::clicks::write::writer::Writer;
use crate::disk;
use crate::limits::{SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, SEGMENTS_READY_MAX};
use crate::machine::clock::unix_us;
use crate::pace;
use crate::words::counted;

/// How long after a failure the next segment is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Shortest time between two syncs: an interval of zero is no reason to spin.
const PAUSE_MIN: Duration = Duration::from_millis(1);
/// SegmentFiles are whole pages.
const PAGE_BYTES: u64 = 4096;

/// What the operator wishes.
pub struct KeeperOptions {
    /// Size of a segment file, bytes; rounded up to whole pages. Within
    /// `SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX`.
    pub segment_bytes: u64,
    /// Segments kept ready for each shard, within `1..=SEGMENTS_READY_MAX`.
    pub reserve: usize,
    /// How long a segment is written after its first click, before the shard goes on
    /// in the next one.
    pub segment_age: Duration,
    /// How long a click may wait to be synced, apart from the disk's own time.
    pub sync_interval: Duration,
    /// Number of this machine among those whose clicks are brought together.
    pub node: u16,
    /// The keys that sign click ids.
    pub keys: ClickKeys,
    /// Takes a sentence for the operator's log. Called on the keeper's thread.
    pub report: Box<dyn Fn(String) + Send>,
}

/// What the keeper notes about a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardInfo {
    /// The CPU that it is pinned to.
    pub cpu: u16,
}

/// What a run wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Clicks recorded.
    pub clicks: u64,
    /// Clicks counted but not recorded.
    pub lost: u64,
    /// Segments sealed.
    pub segments: u64,
    /// Failed syncs; the segments concerned are marked suspect.
    pub sync_errors: u64,
}

/// The keeper of one click folder. Dropping it stops it like
/// [`finish`](Self::finish).
pub struct Keeper {
    thread: Option<JoinHandle<Summary>>,
    stop: Arc<AtomicBool>,
    handovers: Vec<Arc<Handover>>,
}

impl Keeper {
    /// Takes the folder, makes the first segments, and starts the thread.
    /// Returns a writer for each of `shards`, in their order.
    ///
    /// The thread inherits the CPUs of the caller: call this before pinning.
    ///
    /// Segments of earlier runs are left as they are, except those that were
    /// made ready and never written, which are deleted.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: the folder cannot be made or is held by
    /// another server, or there is no space for the first segments.
    pub fn open(
        dir: &Path,
        shards: &[ShardInfo],
        options: KeeperOptions,
    ) -> anyhow::Result<(Self, Vec<Writer>)> {
        ensure!(
            (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&options.segment_bytes),
            "--segment-size must be between {SEGMENT_BYTES_MIN} and {SEGMENT_BYTES_MAX} bytes, \
             not {}",
            options.segment_bytes
        );
        ensure!(
            (1..=SEGMENTS_READY_MAX).contains(&options.reserve),
            "--reserve must be between 1 and {SEGMENTS_READY_MAX} segments, not {}",
            options.reserve
        );
        folder::make(dir)?;
        let run = ServerRun {
            folder: dir.to_owned(),
            run: unix_us(),
            boot: boot(),
            node: options.node,
            key: options.keys.newest(),
            segment_bytes: options.segment_bytes.next_multiple_of(PAGE_BYTES),
        };
        let lock = Lock::take(dir, run.run)?;
        let mut numbers = Numbers::open(dir)?;
        let mut shards = adopt(dir, shards, options.reserve, &mut numbers)?;
        let mut writers = Vec::with_capacity(shards.len());
        let made = shards.iter_mut().zip(0..).try_for_each(|(files, shard)| {
            let first = files.create(&run)?;
            let signer = Signer { keys: options.keys.clone(), node: options.node, shard };
            writers.push(Writer::new(files.handover.clone(), first, signer));
            for _ in 0..options.reserve {
                let next = files.create(&run)?;
                files.handover.ready.push(next).expect("the queue is new");
            }
            Ok(())
        });
        if let Err(error) = made {
            let sentence = no_space(&run, shards.len(), options.reserve, error);
            drop(writers);
            shards.iter_mut().for_each(discard);
            return Err(sentence);
        }

        let stop = Arc::new(AtomicBool::new(false));
        let handovers: Vec<_> = shards.iter().map(|files| files.handover.clone()).collect();
        let mut tender = Tender {
            run,
            retry_at: vec![None; shards.len()],
            lost_before: vec![0; shards.len()],
            shards,
            numbers,
            options,
            stop: stop.clone(),
            _lock: lock,
        };
        tender.populate();
        let thread = thread::Builder::new()
            .name("clicks".to_owned())
            .spawn(move || tender.run())
            .context("cannot start the click keeper's thread")?;
        for handover in &handovers {
            let _ = handover.keeper.set(thread.thread().clone());
        }
        Ok((Self { thread: Some(thread), stop, handovers }, writers))
    }

    /// The figures of each shard, in the order of [`open`](Self::open).
    #[must_use]
    pub fn handovers(&self) -> &[Arc<Handover>] {
        &self.handovers
    }

    /// Seals and syncs everything, deletes what was not used, and ends the
    /// thread. All writers must have been closed: the segment of one that was
    /// not stays unsealed, and that is reported.
    pub fn finish(mut self) -> Summary {
        self.stop()
    }

    fn stop(&mut self) -> Summary {
        let Some(thread) = self.thread.take() else {
            return Summary::default();
        };
        self.stop.store(true, Ordering::Release);
        thread.thread().unpark();
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The files of each shard, numbered on from those in the folder, and from those
/// that were.
fn adopt(
    dir: &Path,
    shards: &[ShardInfo],
    reserve: usize,
    numbers: &mut Numbers,
) -> anyhow::Result<Vec<SegmentFiles>> {
    let cannot_read = || format!("cannot read the click folder {}", dir.display());
    let mut next: Vec<u64> = (0..shards.len()).map(|shard| numbers.next(shard)).collect();
    for segment in folder::list(dir).with_context(cannot_read)? {
        if segments::is_untouched(&segment).with_context(cannot_read)? {
            fs::remove_file(&segment.path)
                .with_context(|| format!("cannot delete the unused {}", segment.path.display()))?;
        } else if let Some(next) = next.get_mut(usize::from(segment.shard)) {
            *next = segment.number.saturating_add(1).max(*next);
        }
    }
    for (shard, &next) in next.iter().enumerate() {
        numbers
            .use_up(shard, next)
            .with_context(|| format!("cannot write into the click folder {}", dir.display()))?;
    }
    let shards = shards.iter().zip(next).enumerate();
    Ok(shards
        .map(|(index, (info, next))| SegmentFiles::new(index as u16, info.cpu, next, reserve))
        .collect())
}

fn discard(files: &mut SegmentFiles) {
    // What cannot be deleted is empty and deleted at the next start.
    while files.seal_step().unwrap_or(true) {}
    let _ = files.discard_ready();
}

/// Why the first segments could not be made.
fn no_space(
    run: &ServerRun,
    shard_count: usize,
    reserve: usize,
    error: std::io::Error,
) -> anyhow::Error {
    let segments = (shard_count * (1 + reserve)) as u64;
    let folder = run.folder.display();
    let need = mebibytes(segments * run.segment_bytes);
    let segments = counted(segments, "click segment");
    let size = mebibytes(run.segment_bytes);
    let free = rustix::fs::statvfs(&run.folder)
        .map_or_else(|_| "unknown".to_owned(), |fs| mebibytes(fs.f_bavail * fs.f_frsize));
    let advice = match Errno::from_io_error(&error) {
        Some(Errno::OPNOTSUPP) => {
            "this file system cannot reserve space (fallocate); use one that can, such as ext4 or \
             xfs"
        }
        Some(Errno::FBIG) => {
            "this process may not write files that large (RLIMIT_FSIZE); raise LimitFSIZE= in the \
             unit or `ulimit -f`, or make segments smaller with --segment-size"
        }
        _ => {
            "free some space, make segments smaller with --segment-size or fewer with --reserve, \
             or use another folder with --clicks"
        }
    };
    anyhow!(error).context(format!(
        "cannot make {segments} of {size} in {folder} ({need} needed, {free} free); \
         {advice}"
    ))
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0))
}

/// Which boot of which machine; zeros where the kernel does not say.
fn boot() -> [u8; 16] {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    u128::from_str_radix(&text.trim().replace('-', ""), 16).unwrap_or_default().to_be_bytes()
}

/// What runs on the keeper's thread.
struct Tender {
    run: ServerRun,
    shards: Vec<SegmentFiles>,
    numbers: Numbers,
    /// When to try again to make a segment for a shard that has none ready.
    retry_at: Vec<Option<Instant>>,
    /// Clicks that were lost when a shard's trouble began.
    lost_before: Vec<u64>,
    options: KeeperOptions,
    stop: Arc<AtomicBool>,
    _lock: Lock,
}

impl Tender {
    fn run(&mut self) -> Summary {
        // A shard may be waiting for this CPU.
        pace::after_each_piece(thread::yield_now);
        // Twice in an interval: see `SegmentFiles::plan_sync`.
        let pause = (self.options.sync_interval / 2).max(PAUSE_MIN);
        let mut sync_at = Instant::now() + pause;
        while !self.stop.load(Ordering::Acquire) {
            self.look_after();
            self.seal();
            let now = Instant::now();
            if now >= sync_at {
                self.shards.iter_mut().for_each(SegmentFiles::plan_sync);
                self.sync();
                sync_at = Instant::now() + pause;
            }
            let rest = sync_at.saturating_duration_since(Instant::now());
            thread::park_timeout(rest.min(RETRY));
        }
        self.seal();
        for index in 0..self.shards.len() {
            let result = self.shards[index].discard_ready();
            self.note(result);
            if self.shards[index].is_in_use() {
                let sentence = format!(
                    "clicks: shard {index} was not closed; its last segment \
                     stays unsealed"
                );
                (self.options.report)(sentence);
            }
        }
        self.shards.iter_mut().for_each(SegmentFiles::plan_last_sync);
        self.sync();
        if let Err(error) = disk::folder::sync(&self.run.folder) {
            let sentence = format!("clicks: syncing {} failed: {error}", self.run.folder.display());
            (self.options.report)(sentence);
        }
        self.summary()
    }

    /// What a shard may be waiting for, which comes before all else.
    fn look_after(&mut self) {
        let now = Instant::now();
        for files in &mut self.shards {
            files.plan_roll(now, self.options.segment_age);
        }
        while self.prepare() {}
        self.populate();
        self.shards.iter().for_each(SegmentFiles::ask_to_leave);
    }

    /// Makes a segment ready for each shard that wants one. Whether there may be
    /// another to make: one for each comes before two for one.
    fn prepare(&mut self) -> bool {
        let mut is_made = false;
        for index in 0..self.shards.len() {
            let files = &mut self.shards[index];
            let is_time = self.retry_at[index].is_none_or(|at| Instant::now() >= at);
            if !files.wants_segment() || !is_time {
                continue;
            }
            let lost = files.handover.counts.lost.load(Ordering::Relaxed);
            match files.create(&self.run) {
                Ok(segment) => {
                    files.handover.is_stuck.store(false, Ordering::Relaxed);
                    // Before the shard has it, which may be at once.
                    let populated = files.populate();
                    let refused = files.handover.ready.push(segment);
                    assert!(refused.is_ok(), "only the keeper fills this queue");
                    is_made = true;
                    if self.retry_at[index].take().is_some() {
                        let lost = counted(lost - self.lost_before[index], "click");
                        (self.options.report)(format!(
                            "clicks: shard {index} has a segment ready again; {lost} lost \
                             meanwhile"
                        ));
                    }
                    self.note(populated);
                }
                Err(error) => {
                    files.handover.is_stuck.store(true, Ordering::Relaxed);
                    if self.retry_at[index].is_none() {
                        self.lost_before[index] = lost;
                        (self.options.report)(format!(
                            "clicks: cannot make the next segment of shard {index} ({} in {}): \
                             {error}. Redirects go on; once the present segment is full, clicks \
                             are counted but not recorded. Free some space; this is tried again \
                             every second.",
                            mebibytes(self.run.segment_bytes),
                            self.run.folder.display(),
                        ));
                    }
                    self.retry_at[index] = Some(Instant::now() + RETRY);
                }
            }
        }
        is_made
    }

    fn populate(&mut self) {
        for index in 0..self.shards.len() {
            let result = self.shards[index].populate();
            self.note(result);
        }
    }

    fn sync(&mut self) {
        for index in 0..self.shards.len() {
            while self.step(index, SegmentFiles::sync_step) {
                self.look_after();
            }
        }
    }

    fn seal(&mut self) {
        for index in 0..self.shards.len() {
            let sealed = self.shards[index].sealed;
            while self.step(index, SegmentFiles::seal_step) {
                self.look_after();
            }
            if self.shards[index].sealed > sealed
                && let Err(error) = self.numbers.use_up(index, self.shards[index].used_up)
            {
                (self.options.report)(format!(
                    "clicks: cannot note in {} which segment numbers are used up: {error}; this is \
                     tried again with the next segment",
                    self.run.folder.display()
                ));
            }
        }
    }

    /// One step for a shard; whether there may be another.
    fn step(&mut self, index: usize, step: fn(&mut SegmentFiles) -> Result<bool, Trouble>) -> bool {
        match step(&mut self.shards[index]) {
            Ok(more) => more,
            Err(trouble) => {
                self.note(Err(trouble));
                true
            }
        }
    }

    fn note(&self, result: Result<(), Trouble>) {
        if let Err(trouble) = result {
            (self.options.report)(format!("clicks: {trouble}"));
        }
    }

    fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for files in &self.shards {
            summary.clicks += files.handover.counts.clicks.load(Ordering::Relaxed);
            summary.lost += files.handover.counts.lost.load(Ordering::Relaxed);
            summary.segments += files.sealed;
            summary.sync_errors += files.handover.counts.sync_errors.load(Ordering::Relaxed);
        }
        summary
    }
}
