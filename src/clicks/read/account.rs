//! What is known of all that was read, kept while it is read.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use super::compare::{FolderList, ListNote, Weight};
use super::tally::{SegmentReport, SegmentState, Tally};
use crate::clicks::format::segment::Header;

/// What is known of the segments that are done with.
#[derive(Debug)]
pub(super) struct Account {
    /// The segments together.
    pub tally: Tally,
    /// What is wrong with them and with those that are read now.
    pub notes: Vec<String>,
    /// Each of them, where somebody wants to know.
    pub reports: Option<Vec<SegmentReport>>,
    /// Segments without anything of this time (Unix µs) are passed over.
    pub times: Range<u64>,
    /// The lists that segments are compared with.
    pub lists: Vec<FolderList>,
    /// What is to be said of them.
    pub list_notes: Vec<ListNote>,
}

impl Default for Account {
    fn default() -> Self {
        let times = 0..u64::MAX;
        Self {
            tally: Tally::default(),
            notes: Vec::new(),
            reports: None,
            times,
            lists: Vec::new(),
            list_notes: Vec::new(),
        }
    }
}

impl Account {
    /// Notes what is wrong with a segment.
    pub fn note(&mut self, report: &mut SegmentReport, sentence: String) {
        self.notes.push(format!("{}: {sentence}", report.name));
        report.notes.push(sentence);
    }

    /// A file that is no segment, or cannot be opened.
    pub fn cannot_read(&mut self, name: String, why: &impl fmt::Display) {
        let mut report = SegmentReport::new(name, SegmentState::Unreadable);
        report.tally.unreadable = 1;
        self.note(&mut report, format!("cannot be read: {why}"));
        self.finish(report);
    }

    /// The list of a folder, if its segments are compared with one.
    pub fn list(&mut self, folder: &Path) -> Option<&mut FolderList> {
        self.lists.iter_mut().find(|list| list.folder == folder && list.is_there())
    }

    /// Tells that there is no list in a folder with a segment that one tells of.
    pub fn miss_list(&mut self, folder: &Path, header: &Header) {
        let Some(list) = self.lists.iter_mut().find(|list| list.folder == folder) else { return };
        if header.is_listed
            && let Some(missed) = list.miss()
        {
            self.tally.list_flaws += u64::from(missed.weight == Weight::Flaw);
            self.list_notes.push(missed);
        }
    }

    /// A segment is done with.
    pub fn finish(&mut self, report: SegmentReport) {
        self.tally += report.tally;
        if let Some(reports) = &mut self.reports {
            reports.push(report);
        }
    }
}
