//! The syncer's end of the list of segments.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::trouble::Reporter;
use crate::clicks::format::listed::Listed;
use crate::clicks::list::file::SegmentList;
use crate::limits::{LIST_WAITING_MAX, TROUBLE_QUIET_MS};

/// How long after it failed adding to it is tried again.
const RETRY: Duration = Duration::from_millis(100);
const QUIET: Duration = Duration::from_millis(TROUBLE_QUIET_MS);

/// Adds to the list, now or as soon as that is possible.
pub struct ListKeeping {
    file: SegmentList,
    /// What it does not tell yet: of no more segments than there are.
    waiting: Vec<Listed>,
    /// What is found beside serving; gone when all was looked at.
    found: Receiver<Vec<Listed>>,
    is_dirty: bool,
    failed: Option<Instant>,
    said: Option<Instant>,
    reporter: Reporter,
}

impl ListKeeping {
    /// Of this file; what `found` hands over is added too.
    pub fn new(file: SegmentList, found: Receiver<Vec<Listed>>, reporter: Reporter) -> Self {
        let (waiting, is_dirty) = (Vec::new(), false);
        Self { file, waiting, found, is_dirty, failed: None, said: None, reporter }
    }

    /// To be added. Where there are too many that could not be, the next start finds the
    /// rest.
    pub fn note(&mut self, listed: impl Iterator<Item = Listed>) {
        self.waiting.extend(listed);
        self.waiting.truncate(LIST_WAITING_MAX);
    }

    /// Waits for what is still being looked at.
    pub fn finish(&mut self) {
        self.failed = None;
        self.waiting.extend(self.found.iter().flatten());
    }

    /// Adds what is to be added. If that fails, it is tried again later.
    pub fn write(&mut self) {
        self.waiting.extend(self.found.try_iter().flatten());
        let now = Instant::now();
        let is_early = self.failed.is_some_and(|failed| now.duration_since(failed) < RETRY);
        if self.waiting.is_empty() || is_early {
            return;
        }
        match self.file.append(&self.waiting) {
            Ok(is_back) => {
                self.waiting.clear();
                (self.failed, self.is_dirty) = (None, true);
                if is_back {
                    let path = self.file.path();
                    self.reporter.say(format!(
                        "{} was removed or replaced while this server held it; it is put back as \
                         it was. See to who did that: the list is what tells of clicks that are \
                         removed",
                        path.display()
                    ));
                }
            }
            Err(error) => self.fail("add to", &error),
        }
    }

    /// Makes what was added outlast a power loss.
    pub fn sync(&mut self) {
        if std::mem::take(&mut self.is_dirty)
            && let Err(error) = self.file.sync()
        {
            self.fail("sync", &error);
        }
    }

    fn fail(&mut self, what: &str, error: &std::io::Error) {
        let now = Instant::now();
        self.failed = Some(now);
        if self.said.is_none_or(|said| now.duration_since(said) >= QUIET) {
            self.said = Some(now);
            self.reporter.say(format!(
                "cannot {what} the list of segments {}: {error}. Clicks are recorded all the same, \
                 and it is tried again; until then a segment that is removed may not be missed",
                self.file.path().display()
            ));
        }
    }
}
