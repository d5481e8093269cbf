//! What the journal tells of the past, change by change.

use std::collections::VecDeque;

use super::in_force::{InForce, KeyChange};
use super::record::{Deed, KeyCounts, Recorded, TableServed};
use crate::control::live::who::Who;

/// One change of what is served, or of what is staged.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The generation that it made; of what is staged, the one that was served.
    pub generation: u32,
    /// Microseconds since the Unix epoch.
    pub at_us: u64,
    /// Who asked for it.
    pub who: Who,
    /// What it was.
    pub what: Happened,
    /// The keys that were set, unset or reset by it.
    pub keys: Vec<KeyChange>,
    /// How many links it changed; `None`: they were not counted.
    pub counts: Option<KeyCounts>,
    /// How many links there were then, if that is known.
    pub links: Option<usize>,
}

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Happened {
    /// Another table was served.
    Table(TableServed),
    /// Links were set, unset or reset.
    Edit,
    /// The changes of another generation were taken back.
    Undo(u32),
    /// Link files were staged.
    Staged(Vec<String>),
    /// What was staged was forgotten.
    Discarded,
}

/// All that the journal still tells.
#[derive(Debug, Default)]
pub struct Log {
    /// Oldest first.
    pub entries: VecDeque<Entry>,
    /// The changes in force.
    pub in_force: InForce,
    /// Whether there were others before.
    pub is_cut: bool,
}

impl Log {
    /// Goes on with the next record of the journal.
    pub fn take(&mut self, record: Recorded) {
        let Recorded { generation, at_us, who, what } = &record;
        let entry = |what, links| Entry {
            generation: *generation,
            at_us: *at_us,
            who: who.clone(),
            what,
            keys: Vec::new(),
            counts: None,
            links,
        };
        match what {
            Deed::Base(table) => {
                let (table, links) = (Happened::Table(table.clone()), table.links);
                self.entries.push_back(entry(table, Some(links)));
            }
            Deed::Staged { files, links } => {
                self.entries.push_back(entry(Happened::Staged(files.clone()), Some(*links)));
            }
            Deed::Discarded => self.entries.push_back(entry(Happened::Discarded, None)),
            Deed::Counted { of, keys } => {
                if let Some(entry) = self.of(*of) {
                    entry.counts = Some(*keys);
                }
            }
            Deed::Links(count) => {
                if let Some(entry) = self.of(*generation) {
                    entry.links = Some(*count);
                }
            }
            Deed::Undo { of } => {
                let of = *of;
                if let Some(entry) = self.of(*generation) {
                    entry.what = Happened::Undo(of);
                }
            }
            Deed::Cut => {
                self.entries.clear();
                self.is_cut = true;
            }
            Deed::Set { .. } | Deed::Unset { .. } | Deed::Reset { .. } | Deed::ResetAll => {
                let mut keys = Vec::new();
                self.in_force.replay(&record, |key, _| keys.push(key));
                if keys.is_empty() {
                    return;
                }
                if self.of(*generation).is_none() {
                    self.entries.push_back(entry(Happened::Edit, None));
                }
                if let Some(entry) = self.of(*generation) {
                    entry.keys.append(&mut keys);
                }
            }
            Deed::Mark => {}
        }
    }

    /// What made this generation.
    pub fn of(&mut self, generation: u32) -> Option<&mut Entry> {
        let is_it = |entry: &&mut Entry| entry.generation == generation && entry.has_number();
        self.entries.iter_mut().rev().find(is_it)
    }
}

impl Entry {
    /// Whether its generation is its own.
    pub fn has_number(&self) -> bool {
        !matches!(self.what, Happened::Staged(_) | Happened::Discarded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::Change;

    fn record(generation: u32, what: Deed) -> Recorded {
        Recorded { generation, at_us: generation.into(), who: Who::itself("test"), what }
    }

    fn set(key: &str, target: &str) -> Deed {
        Deed::Set { key: key.into(), line: format!("{key} {target}") }
    }

    fn unset(key: &str) -> Deed {
        Deed::Unset { key: key.into() }
    }

    fn log(records: Vec<(u32, Deed)>) -> Log {
        let mut log = Log::default();
        records.into_iter().for_each(|(generation, what)| log.take(record(generation, what)));
        log
    }

    fn side(change: &Option<Change>) -> &str {
        match change {
            None => "files",
            Some(Change::Unset) => "unset",
            Some(Change::Set(line)) => line,
        }
    }

    /// Each entry: its generation and its keys, before and after.
    fn told(log: &Log) -> Vec<String> {
        let entry = |entry: &Entry| {
            let keys = entry.keys.iter();
            let keys = keys.map(|key| format!(" {}>{}", side(&key.old), side(&key.new)));
            format!("{}{}", entry.generation, keys.collect::<String>())
        };
        log.entries.iter().map(entry).collect()
    }

    #[test]
    fn keys_are_told_as_they_were_and_are() {
        let log = log(vec![
            (2, set("/a", "1")),
            (2, unset("/b")),
            (3, set("/a", "1")),
            (4, set("/a", "2")),
            (5, Deed::Reset { key: "/c".into() }),
            (6, Deed::ResetAll),
        ]);
        let want = ["2 files>/a 1 files>unset", "4 /a 1>/a 2", "6 /a 2>files unset>files"];
        assert_eq!(told(&log), want);
    }

    #[test]
    fn what_is_told_later_goes_to_its_generation() {
        let keys = KeyCounts { added: 1, changed: 2, removed: 3 };
        let mut log = log(vec![
            (2, set("/a", "1")),
            (2, Deed::Links(7)),
            (2, Deed::Staged { files: vec!["f".into()], links: 9 }),
            (3, set("/b", "1")),
            (3, Deed::Undo { of: 2 }),
            (3, Deed::Counted { of: 2, keys }),
            (3, Deed::Discarded),
        ]);
        assert_eq!(told(&log), ["2 files>/a 1", "2", "3 files>/b 1", "3"]);
        let second = log.of(2).unwrap();
        assert_eq!((second.links, second.counts), (Some(7), Some(keys)));
        assert_eq!(log.of(3).unwrap().what, Happened::Undo(2));
        assert!(log.of(4).is_none() && !log.is_cut);
    }

    #[test]
    fn what_is_left_of_older_changes_is_no_entry() {
        let log = log(vec![(2, set("/a", "1")), (4, Deed::Cut), (5, set("/a", "2"))]);
        assert_eq!(told(&log), ["5 /a 1>/a 2"]);
        assert!(log.is_cut);
    }
}
