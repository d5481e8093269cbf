//! The keeper: two threads that do for all shards what could make them wait. One makes
//! segments and faults them in ahead of the writers, the other syncs and seals.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use rustix::io::Errno;

use super::catch_up::CatchUp;
use super::list_begin::open_list;
use super::list_keeping::ListKeeping;
use super::maker::SegmentMaker;
use super::making::Making;
use super::numbers::Numbers;
use super::open_segment::{Passage, ServerRun, is_untouched};
use super::spare;
use super::syncer::SegmentSyncer;
use super::syncing::Syncing;
use super::trouble::{Reporter, mebibytes};
use super::unstage;
use super::watch::Watch;
use crate::clicks::folder::{self, Listing, Lock, SegmentFile, Stray};
use crate::clicks::format::id::{ClickKeys, Signer};
use crate::clicks::format::list_line::ListKeys;
use crate::clicks::format::listed::{Actor, DeletedWhy, Listed, ListedEvent};
use crate::clicks::list::file::SegmentList;
use crate::clicks::list::known::KnownSegments;
use crate::clicks::write::handover::Handover;
use crate::clicks::write::writer::Writer;
use crate::limits::{
    SEGMENT_BYTES_FIRST, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, SEGMENT_NUMBER_MAX,
    SEGMENT_NUMBERS_AHEAD, SEGMENTS_READY_MAX,
};
use crate::machine::boot::boot_id;
use crate::machine::clock::unix_us;
use crate::words::counted;

/// Longest time between two looks at the shards.
const LOOK: Duration = Duration::from_secs(1);
/// Shortest time between two syncs: an interval of zero is no reason to spin.
const PAUSE_MIN: Duration = Duration::from_millis(1);
/// Segments are whole pages.
const PAGE_BYTES: u64 = 4096;

/// What the operator wishes.
pub struct KeeperOptions {
    /// Size of the largest segment files, bytes; rounded up to whole pages. Within
    /// `SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX`. The first ones have `SEGMENT_BYTES_FIRST` at
    /// most, and sizes follow the rate of clicks.
    pub segment_bytes: u64,
    /// Segments kept ready for each shard, within `1..=SEGMENTS_READY_MAX`. More if they
    /// are small, so that they cover a second of clicks.
    pub reserve: usize,
    /// How long a segment is written after its first click, before the shard goes on
    /// in the next one.
    pub segment_age: Duration,
    /// How long a click may wait to be synced, apart from the disk's own time.
    pub sync_interval: Duration,
    /// A folder in memory in which segments are written, if they are not to be written
    /// in their files. They are brought there by each sync.
    pub stage: Option<PathBuf>,
    /// Number of this machine among those whose clicks are brought together.
    pub node: u16,
    /// Where segments are made while none can be made in the click folder.
    pub spare: Option<PathBuf>,
    /// The keys that sign click ids.
    pub keys: ClickKeys,
    /// Takes a sentence for the operator's log. Called on the keeper's threads, one at a time.
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
    /// Of those recorded, clicks that may be gone with their disk or their file.
    pub doubtful: u64,
    /// Segments sealed.
    pub segments: u64,
    /// Failed syncs; the segments concerned are marked suspect.
    pub sync_errors: u64,
}

/// One of the keeper's threads.
struct Worker {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    /// Nothing is ever sent; its other end goes with the thread.
    end: Receiver<()>,
}

impl Worker {
    fn start(
        name: &str,
        stop: Arc<AtomicBool>,
        work: impl FnOnce() + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (ended, end): (Sender<()>, _) = channel();
        let run = move || {
            work();
            drop(ended);
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
        let thread = thread.context("cannot start a thread of the click keeper")?;
        Ok(Self { thread, stop, end })
    }

    /// Lets it end; whether it did by `deadline`, if there is one.
    fn end(self, deadline: Option<Instant>) -> bool {
        self.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.end.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
                return false;
            }
        }
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        true
    }
}

/// The keeper of one click folder. Dropping it stops it like
/// [`finish`](Self::finish).
pub struct Keeper {
    /// Maker and syncer.
    workers: Option<[Worker; 2]>,
    passages: Vec<Arc<Passage>>,
    handovers: Vec<Arc<Handover>>,
    reporter: Reporter,
}

impl Keeper {
    /// Takes the folder, makes the first segments, and starts the threads.
    /// Returns a writer for each of `shards`, in their order.
    ///
    /// The threads inherit the CPUs of the caller: call this before pinning.
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
        check(&options)?;
        folder::make(dir)?;
        let run = new_run(dir, &options);
        let lock = Lock::take(dir, run.run)?;
        let reporter = Reporter::new(options.report);
        let (spare, spare_lock) = spare::open(dir, options.spare.as_deref(), run.run)?.unzip();
        let mut numbers = Numbers::open(dir)?;
        let (mut list, said) = open_list(dir, &options.keys)?;
        said.into_iter().for_each(|said| reporter.say(said));
        let stage =
            unstage::open(&run, options.stage.as_deref(), shards.len(), &mut list, &reporter)?;
        let watch = Watch::new(lock, spare_lock, stage.clone(), run.run);
        let (mut makers, mut syncers) =
            adopt(&run, shards, options.reserve, (&mut numbers, &mut list), &reporter)?;
        makers.iter_mut().for_each(|maker| maker.write_in(stage.clone()));
        let mut writers = Vec::with_capacity(makers.len());
        let made = makers.iter_mut().try_for_each(|maker| {
            let first = maker.create(&run)?;
            let keys = options.keys.clone();
            let signer = Signer { keys, node: options.node, shard: maker.shard() };
            writers.push(Writer::new(maker.handover().clone(), first, signer));
            for _ in 0..options.reserve {
                let next = maker.create(&run)?;
                maker.handover().ready.push(next).expect("the queue is new");
            }
            Ok(())
        });
        let made = made.and_then(|()| syncers.iter_mut().try_for_each(SegmentSyncer::make_files));
        if let Err(error) = made {
            let sentence = no_space(&run, makers.len(), options.reserve, error);
            drop(writers);
            syncers.iter_mut().for_each(discard);
            return Err(sentence);
        }
        makers.iter_mut().for_each(|maker| reporter.note(maker.populate()));
        let passages: Vec<_> = makers.iter().map(|maker| maker.passage().clone()).collect();
        let handovers: Vec<_> = makers.iter().map(|maker| maker.handover().clone()).collect();
        // Twice in an interval: see `SegmentSyncer::plan_sync`.
        let pause = (options.sync_interval / 2).max(PAUSE_MIN);
        let times = [options.segment_age, pause.min(LOOK)];

        let stop = Arc::new(AtomicBool::new(false));
        let found = CatchUp::start(&run, stop.clone(), reporter.clone())?;
        let folder = run.folder.clone();
        let kept = (numbers, ListKeeping::new(list, found, reporter.clone()));
        let (stopped, said) = (stop.clone(), reporter.clone());
        let is_barred = watch.is_barred().clone();
        let mut syncing = Syncing::new(folder, syncers, kept, watch, pause, stopped, said);
        syncing.stage = stage;
        let syncer = Worker::start("clicks-sync", stop, move || syncing.run())?;
        let wake: Thread = syncer.thread.thread().clone();
        let stop = Arc::new(AtomicBool::new(false));
        let mut making =
            Making::new(run, makers, times, spare, is_barred, stop.clone(), reporter.clone());
        let maker = Worker::start("clicks", stop, move || making.run(&wake))?;
        for handover in &handovers {
            let _ = handover.keeper.set(maker.thread.thread().clone());
        }
        Ok((Self { workers: Some([maker, syncer]), passages, handovers, reporter }, writers))
    }

    /// The figures of each shard, in the order of [`open`](Self::open).
    #[must_use]
    pub fn handovers(&self) -> &[Arc<Handover>] {
        &self.handovers
    }

    /// Seals and syncs everything, deletes what was not used, and ends the
    /// threads. All writers must have been closed: the segment of one that was
    /// not stays unsealed, and that is reported.
    pub fn finish(mut self) -> Summary {
        self.stop(None)
    }

    /// The same, until `deadline`. What is not sealed by then is reported and left to
    /// the thread, which ends with the process as a kill would end it.
    pub fn finish_by(mut self, deadline: Instant) -> Summary {
        self.stop(Some(deadline))
    }

    fn stop(&mut self, deadline: Option<Instant>) -> Summary {
        let Some([maker, syncer]) = self.workers.take() else {
            return Summary::default();
        };
        // Nothing more is made once what was not used is deleted.
        maker.end(deadline);
        if !syncer.end(deadline) {
            let unsealed: usize = self.passages.iter().map(|passage| passage.unsealed()).sum();
            let what = match unsealed {
                0 => "what was sealed last may not be synced. It is".to_owned(),
                _ => format!(
                    "{} not sealed, and the last clicks there may not be synced. They are",
                    counted(unsealed as u64, "segment")
                ),
            };
            self.reporter.say(format!(
                "the disk did not take everything in time: {what} in the files, or in the stage, \
                 unless the machine dies now; the next start goes on from there as after a kill. See \
                 to the disk, or give it longer with --drain-timeout"
            ));
        }
        let mut summary = Summary::default();
        for passage in &self.passages {
            let counts = &passage.handover.counts;
            summary.clicks += counts.clicks.load(Ordering::Relaxed);
            summary.lost += counts.lost.load(Ordering::Relaxed);
            summary.doubtful += counts.doubtful.load(Ordering::Relaxed);
            summary.segments += passage.sealed.load(Ordering::Acquire);
            summary.sync_errors += counts.sync_errors.load(Ordering::Relaxed);
        }
        summary
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop(None);
    }
}

fn check(options: &KeeperOptions) -> anyhow::Result<()> {
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
    ensure!(
        options.stage.is_none() || options.spare.is_none(),
        "--clicks-stage and --clicks-spare cannot be used together: segments are made in the \
         stage, so nothing tells in time that they have to go elsewhere. Use the stage for a disk \
         that is slow or frozen now and then, and the spare folder for one that may be gone"
    );
    Ok(())
}

/// What all segments have in common that are made from now on.
fn new_run(dir: &Path, options: &KeeperOptions) -> ServerRun {
    ServerRun {
        folder: dir.to_owned(),
        run: unix_us(),
        boot: boot_id(),
        node: options.node,
        keys: ListKeys::new(&options.keys),
        segment_bytes: options.segment_bytes.next_multiple_of(PAGE_BYTES),
    }
}

/// Maker and syncer of each shard, which number on from those in the folder, and from
/// those that were.
fn adopt(
    run: &ServerRun,
    shards: &[ShardInfo],
    reserve: usize,
    (numbers, list): (&mut Numbers, &mut SegmentList),
    reporter: &Reporter,
) -> anyhow::Result<(Vec<SegmentMaker>, Vec<SegmentSyncer>)> {
    let dir = &run.folder;
    let cannot_read = || format!("cannot read the click folder {}", dir.display());
    let cannot = || format!("cannot read the list of segments of {}", dir.display());
    let known = KnownSegments::of_folder(dir).with_context(cannot)?.unwrap_or_default();
    // Also where somebody has removed or changed the file of numbers.
    let next = |shard| numbers.next(shard).max(known.used(shard as u16).saturating_add(1));
    let mut next: Vec<u64> = (0..shards.len()).map(next).collect();
    let Listing { segments, strays, .. } = folder::look(dir).with_context(cannot_read)?;
    for Stray { named, why } in strays {
        reporter.say(format!("{}: {why}", named.path.display()));
        if let Some(next) = next.get_mut(usize::from(named.shard))
            && named.number < SEGMENT_NUMBER_MAX
        {
            *next = (named.number + 1).max(*next);
        }
    }
    let mut unused = Vec::new();
    for segment in segments {
        let before = known.get(segment.shard, segment.number);
        // One that held something was emptied, and stays missing.
        if before.is_none_or(|known| known.contents.is_none())
            && is_untouched(&segment).with_context(cannot_read)?
        {
            unused.push(segment);
        } else if segment.number < SEGMENT_NUMBER_MAX
            && let Some(next) = next.get_mut(usize::from(segment.shard))
        {
            *next = segment.number.saturating_add(1).max(*next);
        }
    }
    delete_unused(&unused, list)?;
    let mut both = (Vec::new(), Vec::new());
    for (shard, (info, next)) in shards.iter().zip(next).enumerate() {
        numbers
            .use_up(shard, next.saturating_add(SEGMENT_NUMBERS_AHEAD))
            .with_context(|| format!("cannot write into the click folder {}", dir.display()))?;
        let maker = SegmentMaker::new(shard as u16, info.cpu, next, reserve, run.segment_bytes);
        both.1.push(SegmentSyncer::new(run, shard as u16, next, maker.passage().clone()));
        both.0.push(maker);
    }
    Ok(both)
}

/// Deletes what a killed server had made ready. The list tells so first.
fn delete_unused(unused: &[SegmentFile], list: &mut SegmentList) -> anyhow::Result<()> {
    let event = ListedEvent::Deleted { by: Actor::Server, why: DeletedWhy::Unused };
    let listed =
        |segment: &SegmentFile| Listed { shard: segment.shard, number: segment.number, event };
    let listed: Vec<_> = unused.iter().map(listed).collect();
    let told = list.append(&listed).and_then(|_| list.sync());
    told.with_context(|| format!("cannot add to the list of segments {}", list.path().display()))?;
    for segment in unused {
        fs::remove_file(&segment.path)
            .with_context(|| format!("cannot delete the unused {}", segment.path.display()))?;
    }
    Ok(())
}

fn discard(files: &mut SegmentSyncer) {
    // What cannot be deleted is empty and deleted at the next start.
    while files.seal_step().unwrap_or(true) {}
    files.discard_ready();
    let _ = files.delete_unused();
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
    let bytes = run.segment_bytes.min(SEGMENT_BYTES_FIRST);
    let need = mebibytes(segments * bytes);
    let segments = counted(segments, "click segment");
    let size = mebibytes(bytes);
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
