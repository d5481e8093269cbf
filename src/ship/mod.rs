//! Shipping: clicks from the segment files of a folder to a sink, as a process
//! that knows only the files, so that trouble here cannot touch serving.
//!
//! ```text
//! segments ──▶ Ledger ──▶ ClickBatch ──▶ Sink
//!                ▲          │ where it ends, before it is sent
//!                └─ Checkpoint (what the sink has; what is in flight)
//! ```
//!
//! A batch is what lies between two positions in each shard. Its end is kept in
//! the checkpoint before the sink gets anything of it, and the checkpoint goes on
//! only when the sink has all of it. Whatever happens in between, the same clicks
//! are read again and sent under the same number. `docs/shipping.md` says what
//! that promises.

pub mod batch;
pub mod checkpoint;
pub mod lag;
mod places;
mod progress;
pub mod pruned;
pub mod register;
pub mod sinks;
pub mod space;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::clicks::{ClickKeys, Ledger, Tally, folder};
use crate::limits::{LAG_REPORT_MS, SINK_RETRY_MS_MAX};
use crate::words::counted;
use batch::ClickBatch;
use checkpoint::{Checkpoint, InFlight};
use progress::Progress;
use sinks::{Address, Sink};

/// How often a followed folder is looked at.
const POLL: Duration = Duration::from_millis(100);
/// How often it is said how far behind the sink is.
const REPORT: Duration = Duration::from_millis(LAG_REPORT_MS);
/// How long after its first failure a sink is tried again; then twice as long
/// each time.
const RETRY_FIRST: Duration = Duration::from_millis(SINK_RETRY_MS_MAX / 100);
const RETRY_MAX: Duration = Duration::from_millis(SINK_RETRY_MS_MAX);

/// What is to be shipped, where, and how.
pub struct ShipPlan {
    /// The click folder.
    pub clicks: PathBuf,
    /// The sink.
    pub address: Address,
    /// The name it is registered under; without one it gets all that there is, and nobody
    /// remembers it.
    pub name: Option<String>,
    /// What signed the ids of the clicks; without it they have none.
    pub keys: Option<ClickKeys>,
    /// The file that they are from.
    pub key_file: PathBuf,
    /// Most clicks in a batch.
    pub batch_clicks: usize,
    /// Whether to go on with what is written later, and how long a click may wait
    /// then for a batch to be full.
    pub follow: Option<Duration>,
    /// Whether to delete segments that every sink has, this long after they were
    /// last written.
    pub delete_after: Option<Duration>,
    /// Whether to keep to itself how far behind the sink is, while it ships.
    pub is_quiet: bool,
}

/// What was shipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shipped {
    /// Clicks that the sink has acknowledged.
    pub clicks: u64,
    /// Batches they came in.
    pub batches: u64,
    /// Segments deleted.
    pub deleted: u64,
    /// Clicks of a batch in flight that could not be read again: the ledger was
    /// damaged since.
    pub gone: u64,
    /// Clicks that were deleted before the sink had them, because somebody insisted.
    pub pruned: u64,
    /// What was read, and what was wrong with it.
    pub tally: Tally,
}

impl Shipped {
    /// Whether the sink has every click that was answered.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.tally.is_whole() && [self.gone, self.pruned] == [0; 2]
    }
}

/// Ships to one sink.
pub struct Shipper<'a> {
    plan: ShipPlan,
    progress: Progress,
    sink: Box<dyn Sink>,
    batch: ClickBatch,
    shipped: Shipped,
    stop: &'a AtomicBool,
    say: &'a mut dyn FnMut(&str),
    report_at: Instant,
    /// What was said last, so that it is not said again while nothing happens.
    report: String,
}

impl<'a> Shipper<'a> {
    /// Takes the checkpoint of the sink, or registers it if it has a name. `say` gets
    /// sentences for the operator; shipping ends soon after `stop` is set.
    ///
    /// # Errors
    ///
    /// A sentence when the folder or the sink cannot be used.
    pub fn open(
        plan: ShipPlan,
        stop: &'a AtomicBool,
        say: &'a mut dyn FnMut(&str),
    ) -> anyhow::Result<Self> {
        let (clicks, name) = (&*plan.clicks, plan.name.as_deref());
        let address = progress::address(clicks, name, &plan.address, say);
        let sink = address.open()?;
        let progress = Progress::open(clicks, name, &address)?;
        let number = progress.checkpoint().batches + 1;
        let batch = ClickBatch::new(number, plan.batch_clicks, plan.keys.clone());
        let (shipped, report_at) = (Shipped::default(), Instant::now() + REPORT);
        let report = String::new();
        Ok(Self { plan, progress, sink, batch, shipped, stop, say, report_at, report })
    }

    /// Ships what there is, and with [`ShipPlan::follow`] what comes, until stopped.
    ///
    /// # Errors
    ///
    /// A sentence when reading, the sink or the checkpoint fails. All that is not
    /// acknowledged is shipped the next time.
    pub fn run(mut self) -> anyhow::Result<Shipped> {
        self.send_again()?;
        let mut ledger = self.resume()?;
        // What earlier ledgers had read, and what all had when the last batch was sent.
        let (mut before, mut sent) = (Tally::default(), Tally::default());
        let mut waits_since = None;
        loop {
            self.batch.fill(&mut ledger)?;
            if self.lacks_what_is_gone() {
                // What was not sent is read again, from behind what is gone.
                self.batch.clear(self.checkpoint().batches + 1);
                ledger = self.resume()?;
                before = sent;
                waits_since = None;
                continue;
            }
            self.note(&mut ledger);
            let has_all = !self.batch.is_full();
            let is_last = self.is_stopped() || has_all && self.plan.follow.is_none();
            let due = *waits_since.get_or_insert_with(Instant::now) + self.patience();
            if self.batch.is_empty() {
                waits_since = None;
            } else if !has_all || is_last || Instant::now() >= due {
                self.ship()?;
                sent = before;
                sent += ledger.tally();
                waits_since = None;
            }
            self.look_after()?;
            if is_last {
                break;
            }
            if has_all {
                thread::sleep(POLL);
                ledger.update()?;
            }
        }
        self.delete()?;
        before += ledger.tally();
        self.shipped.tally = before;
        Ok(self.shipped)
    }

    /// The clicks that the sink lacks, behind those that were deleted before it had them:
    /// that is said, and counted.
    fn resume(&mut self) -> anyhow::Result<Ledger> {
        let ShipPlan { clicks, name, .. } = &self.plan;
        if let Some(name) = name.as_deref().filter(|name| pruned::is_told(clicks, name)) {
            let files = folder::list(clicks)
                .with_context(|| format!("cannot read the click folder {}", clicks.display()))?;
            let progress = &mut self.progress;
            let gone = pruned::take(clicks, name, |segments| {
                let mut gone = 0;
                progress.keep(|checkpoint| gone = checkpoint.pass_over(segments, &files))?;
                Ok(gone)
            })?;
            self.shipped.pruned += gone;
            if gone > 0 {
                (self.say)(&format!(
                    "{} deleted by `carom clicks prune --force` before this sink had {}; what \
                     comes behind is shipped",
                    counted(gone, "click"),
                    if gone == 1 { "it" } else { "them" }
                ));
            }
        }
        Ledger::resume(&self.plan.clicks, &self.checkpoint().positions)
    }

    /// Whether something was deleted since, before the sink had it.
    fn lacks_what_is_gone(&self) -> bool {
        let ShipPlan { clicks, name, .. } = &self.plan;
        name.as_ref().is_some_and(|name| pruned::is_told(clicks, name))
    }

    fn checkpoint(&self) -> &Checkpoint {
        self.progress.checkpoint()
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn patience(&self) -> Duration {
        self.plan.follow.unwrap_or_default()
    }

    /// Sends the batch once more that was in flight when the last process ended.
    fn send_again(&mut self) -> anyhow::Result<()> {
        let checkpoint = self.progress.checkpoint();
        let Some(in_flight) = &checkpoint.in_flight else {
            return Ok(());
        };
        let (number, clicks) = (checkpoint.batches + 1, in_flight.clicks);
        let mut ledger = Ledger::resume(&self.plan.clicks, &checkpoint.positions)?;
        ledger.end_at(&in_flight.ends);
        self.batch.fill_again(&mut ledger)?;
        let found = self.batch.len() as u64;
        if found != clicks {
            self.shipped.gone += clicks.saturating_sub(found);
            (self.say)(&format!(
                "batch {number} was in flight with {}, of which {found} can still be read; it is \
                 sent with those",
                counted(clicks, "click")
            ));
        }
        self.note(&mut ledger);
        self.send()
    }

    /// Ships the batch.
    fn ship(&mut self) -> anyhow::Result<()> {
        self.batch.sort();
        if let Some(refusal) = self.persist(|sink, batch| sink.admit(batch))? {
            bail!(refusal);
        }
        let (clicks, ends) = (self.batch.len() as u64, self.batch.ends());
        self.progress.keep(|it| it.in_flight = Some(InFlight { clicks, ends }))?;
        self.send()
    }

    /// Sends the batch until the sink has it, notes that in the checkpoint, and
    /// begins the next.
    fn send(&mut self) -> anyhow::Result<()> {
        self.batch.sort();
        self.persist(|sink, batch| sink.send(batch))?;
        self.shipped.clicks += self.batch.len() as u64;
        self.shipped.batches += 1;
        self.progress.keep(Checkpoint::acknowledge)?;
        self.batch.clear(self.checkpoint().batches + 1);
        Ok(())
    }

    /// Does something with the sink and the batch, again and again if it fails and may
    /// recover.
    fn persist<T>(
        &mut self,
        mut attempt: impl FnMut(&mut dyn Sink, &ClickBatch) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut pause = RETRY_FIRST;
        loop {
            let error = match attempt(&mut *self.sink, &self.batch) {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let tries_again = self.plan.follow.is_some() && self.sink.may_recover();
            if !tries_again || self.is_stopped() {
                return Err(error).with_context(|| {
                    format!(
                        "batch {} is not shipped, and is sent again next time",
                        self.batch.number
                    )
                });
            }
            (self.say)(&format!("{error:#}; tried again in {pause:?}, meanwhile clicks wait"));
            let until = Instant::now() + pause;
            while Instant::now() < until && !self.is_stopped() {
                thread::sleep(POLL.min(pause));
            }
            pause = (2 * pause).min(RETRY_MAX);
        }
    }

    fn note(&mut self, ledger: &mut Ledger) {
        for note in ledger.take_notes() {
            (self.say)(&note);
        }
        if let Some(note) = self.batch.gone_keys.take_note(&self.plan.key_file) {
            (self.say)(&note);
        }
    }

    /// Every now and then, says how far behind the sink is, and makes room.
    fn look_after(&mut self) -> anyhow::Result<()> {
        if Instant::now() < self.report_at {
            return Ok(());
        }
        self.delete()?;
        if !self.plan.is_quiet {
            let lag = lag::of(&self.plan.clicks, &self.checkpoint().positions)?;
            let batches = counted(self.shipped.batches, "batch");
            let clicks = counted(self.shipped.clicks, "click");
            let report = format!("{clicks} shipped in {batches}; {lag}");
            if report != self.report {
                (self.say)(&report);
                self.report = report;
            }
        }
        self.report_at = Instant::now() + REPORT;
        Ok(())
    }

    fn delete(&mut self) -> anyhow::Result<()> {
        if let Some(keep_for) = self.plan.delete_after {
            let keys = self.plan.keys.as_ref();
            self.shipped.deleted += space::delete_shipped(&self.plan.clicks, keys, keep_for)?;
        }
        Ok(())
    }
}
