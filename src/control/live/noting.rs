//! What the log is told that changes nothing of what is served: what was staged, and what a
//! table changed, which is counted once it is served and stands in the journal behind it.

use super::counting::{Counted, ToCount};
use super::desk::Desk;
use super::journal::{Deed, Recorded};
use super::sentences::of_keys;
use super::who::Who;
use super::writing::look_at;
use crate::machine::clock::unix_us;
use crate::say::say;

impl Desk {
    /// Has a table compared with the one before. One at a time: what waits holds memory,
    /// so of those that are served meanwhile only the last is counted.
    pub(super) fn count(&mut self, to_count: ToCount) {
        if self.counting.is_some() {
            self.to_count = Some(to_count);
        } else {
            self.counting = Some(to_count.table.clone());
            self.workers.counter.hand(to_count);
        }
    }

    pub(super) fn have_counted(&mut self, counted: Counted) {
        let Counted { generation, who, keys } = counted;
        self.counting = None;
        if let Some(next) = self.to_count.take() {
            self.count(next);
        }
        say(format_args!("generation {generation}: {}", of_keys(keys)));
        self.write_down(who, Deed::Counted { of: generation, keys });
    }

    /// Has the log tell of something that changes nothing of what is served, as soon as the
    /// journal is there.
    pub(super) fn write_down(&mut self, who: Who, what: Deed) {
        let generation = self.generation;
        self.notes.push(Recorded { generation, at_us: unix_us(), who, what });
        self.write_notes();
    }

    pub(super) fn write_notes(&mut self) {
        let Some(journal) = &mut self.journal else { return };
        look_at(journal);
        if self.notes.is_empty() || journal.is_suspect() {
            return;
        }
        let mut notes = std::mem::take(&mut self.notes);
        // What was served meanwhile stands before them.
        notes.iter_mut().for_each(|note| note.generation = self.generation);
        if let Err(error) = journal.append(&notes) {
            say(format_args!(
                "warning: the log lacks what was staged or counted: the journal cannot be written: \
                 {error}; free space in the state folder, or mend its disk"
            ));
        }
    }
}
