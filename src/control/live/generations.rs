//! The generations that were served, as far as they can be taken back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::generation::Generation;
use super::journal::changes::deed_of;
use super::journal::{self, Deed, Recorded};
use super::who::{How, Who};
use crate::links::{Change, Changes};
use crate::machine::clock::unix_us;
use crate::sources::{Base, FileMark};

/// One that can be taken back.
#[derive(Debug)]
pub struct KeptGeneration {
    pub generation: u32,
    /// When it was first served, microseconds since the Unix epoch.
    pub at_us: u64,
    pub who: Who,
    /// How many links it has.
    pub links: usize,
    /// How many changes lie over its table.
    pub changes: usize,
    /// The generation that was the first to serve its table.
    pub table: u32,
    /// What that was read from.
    pub files: Arc<Vec<FileMark>>,
    /// The table itself, until it is on the disk.
    pub held: Option<Arc<Base>>,
    pub made: MadeBy,
}

/// What made a generation another than the one before.
#[derive(Debug)]
pub enum MadeBy {
    /// A whole table: these changes lie over it, those lay over the one before.
    Table { base: journal::TableServed, changes: Arc<Changes>, before: Arc<Changes> },
    /// Changes alone, of these keys; before it they were as said here.
    Keys(Before),
}

/// Keys, and what they were.
pub type Before = BTreeMap<String, Option<Change>>;

/// What a generation served.
#[derive(Debug)]
pub struct Recalled {
    pub table: u32,
    pub files: Vec<FileMark>,
    /// The table itself, if it is not on the disk.
    pub held: Option<Arc<Base>>,
    pub changes: Changes,
}

impl KeptGeneration {
    /// For people and programs.
    pub fn about(&self) -> Generation {
        let (how, from) = match &self.made {
            MadeBy::Table { base, .. } => (base.how, base.from),
            MadeBy::Keys(_) => (How::Set, None),
        };
        let time = Timestamp::from_microsecond(self.at_us as i64).unwrap_or_default();
        Generation {
            generation: self.generation,
            time: time.strftime("%FT%TZ").to_string(),
            who: self.who.to_string(),
            how,
            from,
            links: self.links,
            changes: self.changes,
            files: self.files.iter().map(|file| file.name.clone()).collect(),
        }
    }

    fn is_table(&self) -> bool {
        matches!(self.made, MadeBy::Table { .. })
    }
}

/// The newest tables, and the newest changes of them.
#[derive(Debug)]
pub struct Generations {
    /// Oldest first. Changes come behind their table.
    kept: VecDeque<KeptGeneration>,
    /// How many tables, and as many changes.
    most: usize,
}

impl Generations {
    pub fn new(most: usize) -> Self {
        Self { kept: VecDeque::new(), most }
    }

    /// Adds the newest, and lets go of those over the limit.
    pub fn push(&mut self, kept: KeptGeneration) {
        if self.kept.is_empty() && !kept.is_table() {
            return;
        }
        self.kept.push_back(kept);
        let count = self.kept.iter().filter(|kept| !kept.is_table()).count();
        if count > self.most {
            self.join_oldest_changes();
        }
        if self.kept.len() - count.min(self.most) > self.most {
            // Together with the changes of the oldest table.
            let second = self.kept.iter().skip(1).position(KeptGeneration::is_table);
            self.kept.drain(..second.map_or(0, |at| at + 1));
        }
    }

    /// Lets go of the oldest changes; the generation behind them takes theirs over.
    fn join_oldest_changes(&mut self) {
        let Some(at) = self.kept.iter().position(|kept| !kept.is_table()) else { return };
        let Some(KeptGeneration { made: MadeBy::Keys(mut older), .. }) = self.kept.remove(at)
        else {
            return;
        };
        match self.kept.get_mut(at).map(|next| &mut next.made) {
            Some(MadeBy::Keys(newer)) => {
                // What a key was first is what it was before both.
                for (key, change) in std::mem::take(newer) {
                    older.entry(key).or_insert(change);
                }
                *newer = older;
            }
            Some(MadeBy::Table { before, .. }) => {
                let before = Arc::make_mut(before);
                for (key, change) in older {
                    before.put(&key, change);
                }
            }
            None => {}
        }
    }

    /// Lets go of those whose table is not to be had.
    pub fn retain_tables(&mut self, is_there: impl Fn(u32) -> bool) {
        let mut gone_before = None;
        for mut kept in std::mem::take(&mut self.kept) {
            match (&mut kept.made, &gone_before) {
                (MadeBy::Table { before, .. }, _) if !is_there(kept.table) => {
                    gone_before.get_or_insert(before.clone());
                    continue;
                }
                (MadeBy::Keys(_), Some(_)) => continue,
                (MadeBy::Table { before, .. }, Some(earlier)) => {
                    *before = earlier.clone();
                    gone_before = None;
                }
                (_, None) => {}
            }
            self.kept.push_back(kept);
        }
    }

    /// All, oldest first.
    pub fn list(&self) -> Vec<Generation> {
        self.kept.iter().map(KeptGeneration::about).collect()
    }

    /// The number of the one before the newest.
    pub fn previous(&self) -> Option<u32> {
        let at = self.kept.len().checked_sub(2)?;
        Some(self.kept[at].generation)
    }

    /// What the table of the newest was read from.
    pub fn files(&self) -> Arc<Vec<FileMark>> {
        self.kept.back().map(|kept| kept.files.clone()).unwrap_or_default()
    }

    /// Whether one of them is of this table.
    pub fn has_table(&self, table: u32) -> bool {
        self.kept.iter().any(|kept| kept.table == table)
    }

    /// The newest table that is not on the disk.
    pub fn unstored(&self) -> Option<(u32, Arc<Base>)> {
        self.kept.iter().rev().find_map(|kept| Some((kept.table, kept.held.clone()?)))
    }

    /// Lets go of the memory of a table that is on the disk now.
    pub fn is_stored(&mut self, table: u32) {
        for kept in self.kept.iter_mut().filter(|kept| kept.table == table) {
            kept.held = None;
        }
    }

    /// What generation `number` served, coming from the changes of now.
    pub fn find(&self, number: u32, now: &Changes) -> Option<Recalled> {
        let at = self.kept.iter().position(|kept| kept.generation == number)?;
        let kept = &self.kept[at];
        let changes = match &kept.made {
            MadeBy::Table { changes, .. } => Changes::clone(changes),
            MadeBy::Keys(_) => {
                let mut changes = Arc::new(now.clone());
                self.kept.iter().skip(at + 1).rev().for_each(|later| later.undo(&mut changes));
                Arc::unwrap_or_clone(changes)
            }
        };
        let (table, files) = (kept.table, kept.files.to_vec());
        let same = self.kept.iter().filter(|kept| kept.table == table);
        let held = same.filter_map(|kept| kept.held.clone()).next();
        Some(Recalled { table, files, held, changes })
    }

    /// The records that tell the same as a whole journal: these generations, up to the
    /// changes of `now`, and that numbers up to `last` were given.
    pub fn records(&self, now: &Changes, last: u32) -> Vec<Recorded> {
        let rewritten = |what| Recorded {
            generation: last,
            at_us: unix_us(),
            who: Who::itself("rewritten"),
            what,
        };
        let all = |changes: &Changes| -> Vec<Deed> {
            changes.iter().map(|(key, change)| deed_of(key, Some(change))).collect()
        };
        let mut told = vec![vec![rewritten(Deed::Mark)]];
        let mut state = Arc::new(now.clone());
        for (at, kept) in self.kept.iter().enumerate().rev() {
            let mut whats = Vec::new();
            match &kept.made {
                MadeBy::Table { base, changes, before } => {
                    whats.push(Deed::Base(base.clone()));
                    if at == 0 || before != changes {
                        whats.push(Deed::ResetAll);
                        whats.extend(all(changes));
                    }
                }
                MadeBy::Keys(before) => {
                    whats.extend(before.keys().map(|key| deed_of(key, state.get(key))));
                    whats.push(Deed::Links(kept.links));
                }
            }
            let (generation, at_us) = (kept.generation, kept.at_us);
            let record = |what| Recorded { generation, at_us, who: kept.who.clone(), what };
            told.push(whats.into_iter().map(record).collect());
            kept.undo(&mut state);
        }
        if self.kept.is_empty() {
            told.push(all(now).into_iter().map(rewritten).collect());
        }
        told.into_iter().rev().flatten().collect()
    }
}

impl KeptGeneration {
    /// From the changes in force in it to those before.
    fn undo(&self, changes: &mut Arc<Changes>) {
        match &self.made {
            MadeBy::Table { before, .. } => *changes = Arc::clone(before),
            MadeBy::Keys(before) => {
                let changes = Arc::make_mut(changes);
                for (key, change) in before {
                    changes.put(key, change.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::History;
    use super::*;

    /// Generations by number: `t` a table, `s` a change of the key `/number`, `r` the
    /// first table again.
    fn generations(most: usize, kinds: &str) -> (Generations, Changes) {
        let mut generations = Generations::new(most);
        let mut changes = Changes::default();
        let mut table = 1;
        for (number, kind) in (1..).zip(kinds.chars()) {
            table = match kind {
                't' => number,
                'r' => 1,
                _ => table,
            };
            let made = if kind == 's' {
                let key = format!("/{number}");
                let before = changes.put(&key, Some(Change::Unset));
                MadeBy::Keys([(key, before)].into())
            } else {
                let now = Arc::new(changes.clone());
                let base = journal::TableServed {
                    how: How::Reload,
                    from: None,
                    files: Vec::new(),
                    link_files: Vec::new(),
                    table,
                    saved: None,
                    links: 0,
                };
                MadeBy::Table { base, changes: now.clone(), before: now }
            };
            generations.push(KeptGeneration {
                generation: number,
                at_us: 0,
                who: Who::itself("test"),
                links: 0,
                changes: changes.len(),
                table,
                files: Arc::default(),
                held: None,
                made,
            });
        }
        (generations, changes)
    }

    /// Which there are, and that each has its table and changes: these are never reset
    /// here, so those of a generation are the `s` up to it.
    fn has(generations: &Generations, changes: &Changes, kinds: &str, want: &[u32]) {
        let list = generations.list();
        let numbers: Vec<u32> = list.iter().map(|about| about.generation).collect();
        assert_eq!(numbers, want, "{kinds}");
        for about in list {
            let kinds = &kinds[..about.generation as usize];
            let made = kinds.chars().filter(|&kind| kind == 's').count();
            let found = generations.find(about.generation, changes).unwrap();
            assert_eq!((found.changes.len(), about.changes), (made, made), "{kinds}");
            let newest = kinds.rfind(['t', 'r']).unwrap();
            let table = if kinds[newest..].starts_with('r') { 1 } else { newest + 1 };
            assert_eq!(found.table as usize, table, "{kinds}");
        }
    }

    fn check(most: usize, kinds: &str, want: &[u32]) {
        let (generations, changes) = generations(most, kinds);
        has(&generations, &changes, kinds, want);
        // The same is told by a journal that is rewritten.
        let records = generations.records(&changes, 9);
        let history = History::of(&records, most);
        assert_eq!((&history.changes, history.last), (&changes, 9));
        has(&history.generations, &changes, kinds, want);
        assert_eq!(history.generations.list().len(), generations.list().len());
    }

    #[test]
    fn the_newest_are_kept() {
        // Changes before a table that outlive them in it.
        check(2, "tstss", &[1, 3, 4, 5]);
        check(1, "tststs", &[5, 6]);
        check(2, "", &[]);
        check(2, "tt", &[1, 2]);
        check(2, "ttt", &[2, 3]);
        check(2, "tsss", &[1, 3, 4]);
        check(2, "tstst", &[3, 4, 5]);
        check(3, "tssttsst", &[4, 5, 6, 7, 8]);
        check(1, "tsssst", &[6]);
        check(3, "tsssstsrs", &[1, 5, 6, 7, 8, 9]);
    }

    /// Those that are left when these tables cannot be had.
    fn check_gone(kinds: &str, gone: &[u32], want: &[u32]) {
        let (mut generations, changes) = generations(9, kinds);
        generations.retain_tables(|table| !gone.contains(&table));
        has(&generations, &changes, kinds, want);
    }

    #[test]
    fn tables_that_are_gone_take_their_changes_along() {
        check_gone("tsts", &[], &[1, 2, 3, 4]);
        check_gone("tsts", &[1], &[3, 4]);
        check_gone("tststs", &[3], &[1, 2, 5, 6]);
        check_gone("tststsrsts", &[3, 5], &[1, 2, 7, 8, 9, 10]);
        check_gone("tststsrsts", &[1], &[3, 4, 5, 6, 9, 10]);
        check_gone("tsts", &[1, 3], &[]);
    }
}
