//! The server looks at its own files: whether the click folder is still the one that it
//! holds, with its lock file, and each segment that is being written, or is to be, still
//! the file that it was made as.

use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::doubt::Fate;
use super::numbers::Numbers;
use super::stage::Stage;
use super::syncer::SegmentSyncer;
use super::trouble::Reporter;
use crate::clicks::folder::{self, Lock};
use crate::clicks::spares;
use crate::disk::hold::HoldRefused;
use crate::limits::{SEGMENT_HEADER_BYTES, WATCH_MS};

/// The click folder, as it is held.
#[derive(Debug)]
pub struct Watch {
    lock: Lock,
    /// That of the spare folder.
    spare: Option<Lock>,
    /// Those of folders that were at the path before: their segments are still open.
    before: Vec<Lock>,
    /// Where segments are written, if not on the disk itself.
    stage: Option<Arc<Stage>>,
    run: u64,
    due: Instant,
    /// No folder can be had at the path, and that was said.
    is_lacking: bool,
    is_barred: Arc<AtomicBool>,
}

impl Watch {
    /// Of a folder, and perhaps a spare one, that were taken for this run; and its stage.
    pub fn new(lock: Lock, spare: Option<Lock>, stage: Option<Arc<Stage>>, run: u64) -> Self {
        let (due, is_barred) = (Instant::now(), Arc::default());
        Self { lock, spare, before: Vec::new(), stage, run, due, is_lacking: false, is_barred }
    }

    /// Set while no segment may be made, as the folder is that of another server.
    pub fn is_barred(&self) -> &Arc<AtomicBool> {
        &self.is_barred
    }

    /// Looks if it is time to; when it is the next time.
    pub fn turn(
        &mut self,
        now: Instant,
        shards: &mut [SegmentSyncer],
        numbers: &Numbers,
        reporter: &Reporter,
    ) -> Instant {
        if now >= self.due {
            // First, so that there is where to begin anew.
            if self.lock.0.is_away() {
                self.begin_anew(numbers, reporter);
            } else {
                self.look_at_lock(reporter);
            }
            self.look_at_spare();
            self.stage.iter().for_each(|stage| stage.look());
            shards.iter_mut().for_each(SegmentSyncer::look_at_files);
            self.due = now + Duration::from_millis(WATCH_MS);
        }
        self.due
    }

    /// The end of the run. A spare folder that holds nothing is not named any more.
    pub fn end(&self) {
        let clicks = self.lock.0.path();
        let is_empty = |spare: &PathBuf| folder::list(spare).is_ok_and(|all| all.is_empty());
        let named = spares::read(clicks).unwrap_or_default();
        let left: Vec<_> = named.into_iter().filter(|spare| !is_empty(spare)).collect();
        // The next start tries again.
        let _ = spares::write(clicks, &left);
    }

    /// Takes the folder that is at the path now, or makes one.
    fn begin_anew(&mut self, numbers: &Numbers, reporter: &Reporter) {
        let path = self.lock.0.path().to_owned();
        let was_there = path.is_dir();
        // One that was there before, and came back, is held already.
        let is_it = |before: &Lock| before.0.path() == path && !before.0.is_away();
        let known = self.before.iter().position(is_it);
        let begun = match known {
            Some(known) => Ok(self.before.remove(known)),
            None => folder::make(&path).and_then(|()| Lock::take(&path, self.run)),
        };
        self.is_barred.store(begun.is_err() && path.is_dir(), Ordering::Release);
        match begun {
            Ok(lock) => {
                let spare = self.spare.iter().map(|spare| spare.0.path().to_owned());
                // Readers that do not know of it see what it holds as missing.
                let _ = spares::write(&path, &spare.collect::<Vec<_>>());
                self.stage.iter().for_each(|stage| stage.be_named_again());
                let written = numbers.write_again();
                let old = mem::replace(&mut self.lock, lock);
                self.is_lacking = false;
                reporter.say(gone_on(&old, was_there));
                self.before.push(old);
                if let Err(error) = written {
                    reporter.say(format!(
                        "cannot note in {} which segment numbers are used up: {error}; this is \
                         tried again later",
                        path.display()
                    ));
                }
            }
            Err(error) if !mem::replace(&mut self.is_lacking, true) => reporter.say(format!(
                "the click folder {} is gone (it {}), and there is no other to go on in: {error:#}. What \
                 cannot be recorded is counted as lost; this is tried again",
                path.display(),
                self.lock.0.whereabouts()
            )),
            Err(_) => {}
        }
    }

    /// Holds the spare folder that is at the path now. Whether segments can be made there
    /// is said where one is needed.
    fn look_at_spare(&mut self) {
        let Some(lock) = &mut self.spare else { return };
        let path = lock.0.path().to_owned();
        if !lock.0.is_away() {
            let _ = lock.0.renew();
        } else if let Ok(taken) = folder::make(&path).and_then(|()| Lock::take(&path, self.run)) {
            self.before.push(mem::replace(lock, taken));
        }
    }

    fn look_at_lock(&mut self, reporter: &Reporter) {
        let renewed = self.lock.0.renew();
        let path = self.lock.0.path().display();
        match renewed {
            Ok(false) => {}
            Ok(true) => reporter.say(format!(
                "the lock file in {path} was removed or replaced, and was made again. The folder \
                 was held all the time; leave its lock file alone"
            )),
            Err(HoldRefused::Held(by)) if !mem::replace(&mut self.is_lacking, true) => {
                reporter.say(format!(
                    "the lock file in {path} was replaced by one that {by} holds; stop that \
                     process, as two servers must not write into one folder"
                ));
            }
            Err(_) => {} // it is tried again the next time
        }
    }
}

fn gone_on(old: &Lock, was_there: bool) -> String {
    let folder = old.0.path().display();
    let new = if was_there { "another that is there now" } else { "one that was made there" };
    format!(
        "the click folder {folder} is gone (it {}). Clicks go on in {new}. All segments before are in \
         the old one, and what the server remembered (.state: the keys of click ids, changes of \
         links, checkpoints of sinks). Move what is in it back into {folder}, or bring it back \
         from a copy, before the next start; no segment has the number of another",
        old.0.whereabouts()
    )
}

impl SegmentSyncer {
    /// Looks at the file of each segment that is not sealed. The shard is to leave those
    /// that are not as they were made. What is gone is counted and said when it has, or
    /// the next time, should there be none to go on in.
    pub fn look_at_files(&mut self) {
        self.receive();
        let mut is_news = false;
        let mut current = None;
        let mut images = Vec::new();
        for (at, own) in self.open.iter_mut().enumerate() {
            let fate = Fate::of(&own.shared);
            // What is in a stage is brought to the disk again when the shard has left it.
            let is_doubtful = fate != Fate::Whole && !own.has_image();
            if own.shared.segment.used() > SEGMENT_HEADER_BYTES {
                current = (own.doubt.fate != Fate::Whole && is_doubtful).then_some(at);
            }
            if let Some(staged) = &own.shared.staged
                && staged.is_image_away()
                && !own.shared.is_forsaken.swap(true, Ordering::AcqRel)
            {
                is_news = true;
                images.extend(staged.sentence());
            }
            if fate == Fate::Whole {
                continue;
            }
            let is_forsaken = fate.is_away() || matches!(fate, Fate::Cut(_) | Fate::ImageCut);
            is_news |= is_forsaken && !own.shared.is_forsaken.swap(true, Ordering::AcqRel);
            own.doubt.fate = fate;
        }
        self.sentences.append(&mut images);
        if is_news {
            self.passage().handover.wake();
        }
        // Clicks are told apart only where the shard has left no other segment.
        if let Some(at) = current.filter(|_| !self.has_left()) {
            let recorded = self.passage().handover.counts.clicks.load(Ordering::Acquire);
            let mut own = self.open.remove(at).expect("it is there");
            self.doubt(&mut own, self.clicks_left, recorded.max(self.clicks_left));
            self.open.insert(at, own);
        }
    }
}
