//! The maker's thread: what the shards may be waiting for.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::maker::SegmentMaker;
use super::open_segment::ServerRun;
use super::spare::Spare;
use super::trouble::{Reporter, mebibytes, remedy};
use crate::clicks::write::handover::Segment;
use crate::limits::{SEGMENT_RETRY_MS_MAX, SEGMENT_RETRY_MS_MIN, TROUBLE_QUIET_MS};
use crate::machine::slice::ask_for_short_slices;
use crate::pace;
use crate::words::counted;

const RETRY_MIN: Duration = Duration::from_millis(SEGMENT_RETRY_MS_MIN);
const RETRY_MAX: Duration = Duration::from_millis(SEGMENT_RETRY_MS_MAX);
const QUIET: Duration = Duration::from_millis(TROUBLE_QUIET_MS);

/// Segments of a shard that cannot be made.
#[derive(Debug)]
struct Failing {
    /// When the last one could not.
    failed: Instant,
    /// How long after that the next is tried.
    wait: Duration,
    /// Clicks that were lost when it was said that it began; `None` before that.
    lost_before: Option<u64>,
}

/// What is tried again, and what is said of it: where segments can be made one moment
/// and not the next, not every turn.
#[derive(Debug, Default)]
struct Retry {
    failing: Option<Failing>,
    /// When something was last said.
    said: Option<Instant>,
    /// Clicks that were lost when the first failure began of which nothing was said.
    lost_unsaid: Option<u64>,
}

impl Retry {
    /// When the next is to be tried, if the last one could not be made.
    fn due(&self) -> Option<Instant> {
        self.failing.as_ref().map(|failing| failing.failed + failing.wait)
    }

    /// One could not be made. Whether to say so.
    fn fail(&mut self, now: Instant, lost: u64) -> bool {
        let wait = |before: &Failing| (2 * before.wait).min(RETRY_MAX);
        let wait = self.failing.as_ref().map_or(RETRY_MIN, wait);
        let mut lost_before = self.failing.as_ref().and_then(|failing| failing.lost_before);
        let first_lost = *self.lost_unsaid.get_or_insert(lost);
        let may_say = self.said.is_none_or(|said| now.duration_since(said) >= QUIET);
        let is_news = lost_before.is_none() && may_say;
        if is_news {
            lost_before = Some(first_lost);
            self.said = Some(now);
        }
        if lost_before.is_some() {
            self.lost_unsaid = None;
        }
        self.failing = Some(Failing { failed: now, wait, lost_before });
        is_news
    }

    /// One was made. How many clicks were lost meanwhile, if that is to be said.
    fn succeed(&mut self, now: Instant, lost: u64) -> Option<u64> {
        let before = self.failing.take()?.lost_before?;
        self.said = Some(now);
        Some(lost - before)
    }
}

/// What runs on the maker's thread.
pub struct Making {
    /// What all segments have in common.
    pub run: ServerRun,
    /// The makers of each shard.
    pub shards: Vec<SegmentMaker>,
    retries: Vec<Retry>,
    /// How long a segment is written.
    pub segment_age: Duration,
    /// How often it is looked whether one is too old or suspect.
    pub pause: Duration,
    /// Where they are made while they cannot be made in the click folder.
    pub spare: Option<Spare>,
    /// The folder at the path is that of another server. The syncer's to change.
    pub is_barred: Arc<AtomicBool>,
    /// It is to end.
    pub stop: Arc<AtomicBool>,
    /// For the operator.
    pub reporter: Reporter,
}

impl Making {
    /// For these shards.
    pub fn new(
        run: ServerRun,
        shards: Vec<SegmentMaker>,
        [segment_age, pause]: [Duration; 2],
        spare: Option<Spare>,
        is_barred: Arc<AtomicBool>,
        stop: Arc<AtomicBool>,
        reporter: Reporter,
    ) -> Self {
        let retries = shards.iter().map(|_| Retry::default()).collect();
        Self { run, shards, retries, segment_age, pause, spare, is_barred, stop, reporter }
    }

    /// Until it is to stop. `syncer` is woken when there is something to seal.
    pub fn run(&mut self, syncer: &Thread) {
        // It works in pieces of a fraction of a millisecond, and is to be picked as
        // soon as a shard is. When it gives way, it is to lose no more than that.
        ask_for_short_slices();
        while !self.stop.load(Ordering::Acquire) {
            self.look_after();
            if self.shards.iter().any(|maker| !maker.handover().retired.is_empty()) {
                syncer.unpark();
            }
            let now = Instant::now();
            let due = self.retries.iter().filter_map(Retry::due).min();
            let rest = due.map_or(self.pause, |due| due.saturating_duration_since(now));
            thread::park_timeout(rest.min(self.pause));
        }
    }

    fn look_after(&mut self) {
        let now = Instant::now();
        for maker in &mut self.shards {
            maker.look(now);
            maker.give_back(now);
            maker.plan_roll(now, self.segment_age);
        }
        // While a shard is short of segments, it waits for this thread, not for its CPU.
        let is_short = self.shards.iter().any(SegmentMaker::is_short);
        pace::after_each_piece(if is_short { || {} } else { thread::yield_now });
        while self.prepare() {}
        if self.spare.as_ref().is_some_and(Spare::is_in_use) {
            self.shards.iter_mut().for_each(|maker| maker.evacuate(&self.run.folder));
            while self.prepare() {}
        }
        self.populate();
        self.shards.iter().for_each(SegmentMaker::ask_to_leave);
    }

    /// Makes a segment ready for each shard that wants one. Whether there may be
    /// another to make: one for each comes before two for one.
    fn prepare(&mut self) -> bool {
        let mut is_made = false;
        for (maker, retry) in self.shards.iter_mut().zip(&mut self.retries) {
            let now = Instant::now();
            // The one before may have taken a while.
            maker.look(now);
            if !maker.wants_segment(now) || retry.due().is_some_and(|due| now < due) {
                continue;
            }
            let lost = maker.handover().counts.lost.load(Ordering::Relaxed);
            let home = match self.is_barred.load(Ordering::Acquire) {
                true => Err(ErrorKind::ResourceBusy.into()),
                false => maker.create(&self.run),
            };
            match or_spare(home, maker, &self.run, self.spare.as_mut(), &self.reporter) {
                Ok(segment) => {
                    maker.handover().is_stuck.store(false, Ordering::Relaxed);
                    // Before the shard has it, which may be at once.
                    let populated = maker.populate();
                    let refused = maker.handover().ready.push(segment);
                    assert!(refused.is_ok(), "only the maker fills this queue");
                    is_made = true;
                    self.reporter.note(populated);
                    if let Some(lost) = retry.succeed(now, lost) {
                        self.reporter.say(format!(
                            "shard {} has a segment ready again; {} lost meanwhile",
                            maker.shard(),
                            counted(lost, "click")
                        ));
                    }
                }
                // There are as many as were wished.
                Err(_) if maker.has_reserve() => maker.do_without_spare(now + RETRY_MAX),
                Err(error) => {
                    maker.handover().is_stuck.store(true, Ordering::Relaxed);
                    if retry.fail(now, lost) {
                        self.reporter.say(format!(
                            "cannot make the next segment of shard {} ({} in {}): {error}. \
                             Redirects go on; once the segments that are ready are full, clicks \
                             are counted but not recorded. {}; this is tried again after 10 ms, \
                             then ever more rarely, at least once a second.",
                            maker.shard(),
                            mebibytes(maker.passage().room.smallest),
                            self.run.folder.display(),
                            remedy(&error),
                        ));
                    }
                }
            }
        }
        is_made
    }

    fn populate(&mut self) {
        for maker in &mut self.shards {
            self.reporter.note(maker.populate());
        }
    }
}

/// The segment that was made in the click folder, or one in the spare folder, if there is
/// one and it is needed.
fn or_spare(
    home: io::Result<Arc<Segment>>,
    maker: &mut SegmentMaker,
    run: &ServerRun,
    spare: Option<&mut Spare>,
    reporter: &Reporter,
) -> io::Result<Arc<Segment>> {
    let Some(spare) = spare else { return home };
    let now = Instant::now();
    let (made, said) = match home {
        Ok(segment) => (Ok(segment), spare.left(now, &run.folder)),
        Err(error) if maker.needs_spare() => match maker.create_in(run, spare.folder()) {
            Ok(segment) => (Ok(segment), spare.made(now, &run.folder, &error)),
            Err(second) => {
                let both = format!("{error}; nor in the spare folder: {second}");
                (Err(io::Error::new(error.kind(), both)), None)
            }
        },
        Err(error) => (Err(error), None),
    };
    said.into_iter().for_each(|sentence| reporter.say(sentence));
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_tried_again_soon_and_then_ever_more_rarely() {
        let (mut now, mut retry) = (Instant::now(), Retry::default());
        let mut waits = Vec::new();
        for turn in 0..9 {
            assert_eq!(retry.fail(now, 5), turn == 0, "said once");
            waits.push((retry.due().unwrap() - now).as_millis());
            now = retry.due().unwrap();
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        assert_eq!(retry.succeed(now, 12), Some(7));
        assert_eq!((retry.due(), retry.succeed(now, 12)), (None, None));
    }

    /// A line for the beginning, one for the end, and then none for a while.
    #[test]
    fn what_fails_now_and_then_is_not_said_each_time() {
        let (begun, mut retry) = (Instant::now(), Retry::default());
        let (mut begins, mut losses) = (Vec::new(), Vec::new());
        for lost in 0..=120 {
            let now = begun + Duration::from_millis(100) * lost;
            if retry.fail(now, u64::from(lost)) {
                begins.push(lost);
            }
            assert_eq!((retry.due().unwrap() - now).as_millis(), 10);
            losses.extend(retry.succeed(now, u64::from(lost) + 1));
        }
        assert_eq!((begins, losses), (vec![0, 100], vec![1, 100]));
    }
}
