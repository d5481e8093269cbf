//! The thread of a server that deletes what is not to be kept, beside serving. It shares
//! nothing with the threads of the click log: like `carom ship`, it knows only the files.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};

use super::carry_out::{Pruned, carry_out};
use super::choose::{Choice, Moment, choose};
use super::clock::{ClockState, ClockTrust, gap_us};
use super::survey::{Survey, used_bytes};
use super::{Rules, words};
use crate::clicks::{Actor, ClickKeys};
use crate::limits::{RETENTION_LOOK_MS, RETENTION_RETRY_MS, RETENTION_SAY_MS};
use crate::machine::background;
use crate::machine::clock::unix_us;

const LOOK: Duration = Duration::from_millis(RETENTION_LOOK_MS);
const RETRY: Duration = Duration::from_millis(RETENTION_RETRY_MS);
const SAY: Duration = Duration::from_millis(RETENTION_SAY_MS);
/// What is known of the clock is kept at least so often, µs.
const SAVE_US: u64 = 3_600_000_000;
/// Of the thread's time, no more than one part in so many is for looking at what stays.
const REST: u32 = 100;

/// Takes sentences for the operator.
type Say = Box<dyn Fn(&str) + Send>;

/// The thread. Dropped, it is told to end, and nobody waits for it: what it has begun, the
/// next start finishes.
pub struct Retention {
    stop: Arc<AtomicBool>,
    thread: Thread,
}

impl Retention {
    /// Starts it for this click folder, whose list `keys` sign.
    ///
    /// # Errors
    ///
    /// A sentence when there can be no thread.
    pub fn start(clicks: PathBuf, rules: Rules, keys: ClickKeys, say: Say) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let looking = Looking::new(clicks, rules, keys, say, stop.clone());
        let thread = thread::Builder::new().name("retention".into()).spawn(move || looking.run());
        let thread = thread.context("cannot start the thread of --keep and --max-disk")?;
        Ok(Self { stop, thread: thread.thread().clone() })
    }
}

impl Drop for Retention {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Something that is said once in a while, as long as it lasts.
#[derive(Default)]
struct Nagging {
    said: Option<(Instant, String)>,
}

impl Nagging {
    /// Says it, unless that was said a short while ago; nothing ends it.
    fn say(&mut self, sentence: Option<String>, say: &Say) {
        let Some(sentence) = sentence else {
            self.said = None;
            return;
        };
        if self.said.as_ref().is_none_or(|(at, _)| at.elapsed() >= SAY) {
            say(&sentence);
            self.said = Some((Instant::now(), sentence));
        }
    }
}

struct Looking {
    clicks: PathBuf,
    rules: Rules,
    keys: ClickKeys,
    say: Say,
    stop: Arc<AtomicBool>,
    clock: Option<ClockTrust>,
    /// What it was found to be, and when that was kept, Unix µs.
    is_doubted: bool,
    saved_us: u64,
    /// By a clock that nobody sets, µs.
    looked_us: Option<u64>,
    /// When the next segment is old enough, Unix µs.
    due_us: u64,
    /// How long it took to see what is used.
    look_took: Duration,
    /// When what could not go is looked at again.
    retry_at: Instant,
    failed: Nagging,
    doubted: Nagging,
    held: Nagging,
    over: Nagging,
    /// What went and was not said yet.
    went: Option<Pruned>,
    went_said: Option<Instant>,
}

impl Looking {
    fn new(
        clicks: PathBuf,
        rules: Rules,
        keys: ClickKeys,
        say: Say,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            clicks,
            rules,
            keys,
            say,
            stop,
            clock: None,
            is_doubted: false,
            saved_us: 0,
            looked_us: None,
            due_us: 0,
            look_took: Duration::ZERO,
            retry_at: Instant::now(),
            failed: Nagging::default(),
            doubted: Nagging::default(),
            held: Nagging::default(),
            over: Nagging::default(),
            went: None,
            went_said: None,
        }
    }

    fn run(mut self) {
        background::begin();
        while !self.stop.load(Ordering::Acquire) {
            let failed = self.look().err().map(|error| {
                format!(
                    "nothing is deleted by {}: {error:#}. Clicks are recorded all the same, and it \
                     is tried again",
                    words::flags(&self.rules)
                )
            });
            if failed.is_some() {
                self.retry_at = Instant::now() + RETRY;
            }
            self.failed.say(failed, &self.say);
            self.say_what_went();
            // Where there are very many segments, a look takes long.
            thread::park_timeout(LOOK.max(self.look_took * REST / 2));
        }
    }

    fn look(&mut self) -> anyhow::Result<()> {
        let now_us = unix_us();
        let is_trusted = self.trust(now_us);
        let begun = Instant::now();
        let is_over = match self.rules.disk_bytes_max {
            Some(bytes_max) => used_bytes(&self.clicks)? > bytes_max,
            None => false,
        };
        self.look_took = begun.elapsed();
        let is_due = is_trusted && self.rules.keep.is_some() && now_us >= self.due_us;
        if !(is_over || is_due) || Instant::now() < self.retry_at {
            return Ok(());
        }
        let survey = Survey::of(&self.clicks, now_us)?;
        let moment = Moment { now_us, is_trusted };
        let choice = choose(&survey, &self.rules, moment, false, Survey::is_free);
        carry_out(&self.clicks, &survey, &choice, Actor::Server, &self.keys)?;
        if let Some(went) = Pruned::of(&survey, &choice, None) {
            self.went.get_or_insert(Pruned { segments: 0, clicks: 0, bytes: 0, ..went }).add(&went);
        }
        self.note_what_stays(&survey, &choice, now_us);
        self.retry_at = Instant::now() + RETRY.max(begun.elapsed() * REST);
        if choice.held.is_empty() && choice.over_bytes == 0 {
            self.retry_at = begun;
        }
        Ok(())
    }

    /// Says what is held, and when the next is due.
    fn note_what_stays(&mut self, survey: &Survey, choice: &Choice, now_us: u64) {
        let held = words::held(&self.clicks, &self.rules, survey, choice);
        self.held.say(held, &self.say);
        let over = (choice.over_bytes > 0 && choice.held.is_empty())
            .then(|| words::over(&self.rules, choice.over_bytes));
        self.over.say(over, &self.say);
        let Some(keep) = self.rules.keep else { return };
        let mut goes = vec![false; survey.segments.len()];
        choice.goes.iter().for_each(|going| goes[going.segment] = true);
        let stays = survey.segments.iter().zip(goes).filter(|(_, goes)| !goes);
        let keep_us = u64::try_from(keep.as_micros()).unwrap_or(u64::MAX);
        let due = stays.filter_map(|(it, _)| Some(it.last_us?.saturating_add(keep_us))).min();
        // What is sealed from now on is no older than that.
        self.due_us = due.unwrap_or(u64::MAX).min(now_us.saturating_add(keep_us));
        if self.due_us <= now_us {
            self.due_us = now_us + RETRY.as_micros() as u64;
        }
    }

    /// Whether the clock may be believed. It is looked at each time, so that it is known how
    /// it goes.
    fn trust(&mut self, now_us: u64) -> bool {
        let Some(keep) = self.rules.keep else { return false };
        let passed_us = boot_us();
        let elapsed_us = self.looked_us.replace(passed_us).map(|at| passed_us.saturating_sub(at));
        let mut clock = match self.clock {
            Some(clock) => clock,
            // One that cannot be read is begun anew.
            None => {
                ClockTrust::load(&self.clicks).ok().flatten().unwrap_or(ClockTrust::new(now_us))
            }
        };
        let state = clock.look(now_us, elapsed_us, keep);
        self.clock = Some(clock);
        let is_stale = now_us.abs_diff(self.saved_us) >= (gap_us(keep) / 8).min(SAVE_US);
        let is_doubted = state != ClockState::Trusted;
        if is_stale || is_doubted != self.is_doubted {
            // Without it the next start knows less; what fails there is said where it matters.
            let _ = clock.save(&self.clicks);
            self.saved_us = now_us;
        }
        self.is_doubted = is_doubted;
        let doubted = match state {
            ClockState::Trusted => None,
            ClockState::Doubted { known_us, left_us } => Some(format!(
                "the clock says {}, and should say about {}: nothing is deleted by --keep until \
                 it is set right, or has gone on for another {} from there. What is older can be \
                 deleted with `carom clicks prune {} --before TIME`",
                words::time(now_us),
                words::time(known_us),
                words::duration(left_us),
                self.clicks.display()
            )),
        };
        self.doubted.say(doubted, &self.say);
        !is_doubted
    }

    fn say_what_went(&mut self) {
        let is_early = self.went_said.is_some_and(|said| said.elapsed() < SAY);
        if let Some(went) = self.went.take_if(|_| !is_early) {
            (self.say)(&format!(
                "deleted by {}: {}",
                words::flags(&self.rules),
                words::went(&went)
            ));
            self.went_said = Some(Instant::now());
        }
    }
}

/// Since the machine was started, also while it slept, µs.
fn boot_us() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1_000
}
