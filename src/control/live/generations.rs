//! The generations that were served, as far as they can be taken back.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::generation::Generation;
use super::journal::changes::deed_of;
use super::journal::{Deed, Recorded, TableServed};
use super::who::{How, Who};
use crate::links::Changes;
use crate::machine::clock::unix_us;
use crate::sources::{Base, FileMark};

/// One that can be taken back.
#[derive(Debug, Clone)]
pub struct KeptGeneration {
    pub generation: u32,
    /// When it was first served, microseconds since the Unix epoch.
    pub at_us: u64,
    pub who: Who,
    /// How many links it has.
    pub links: usize,
    /// The generation that was the first to serve its table.
    pub table: u32,
    /// What that was read from.
    pub files: Arc<Vec<FileMark>>,
    /// The table itself, until it is on the disk.
    pub held: Option<Arc<Base>>,
    /// What lies over the table.
    pub changes: Changes,
    /// The table, if it came with this generation; else only the changes are others.
    pub base: Option<TableServed>,
}

/// What a generation served.
#[derive(Debug)]
pub struct Recalled {
    pub table: u32,
    pub files: Vec<FileMark>,
    /// The table itself, if it is not on the disk.
    pub held: Option<Arc<Base>>,
    pub changes: Changes,
}

impl Generations {
    /// The tables that are kept in memory.
    pub fn held(&self) -> impl Iterator<Item = &Arc<Base>> {
        self.kept.iter().filter_map(|kept| kept.held.as_ref())
    }
}

impl KeptGeneration {
    /// For people and programs.
    pub fn about(&self) -> Generation {
        let (how, from) = match &self.base {
            Some(base) => (base.how, base.from),
            None => (How::Set, None),
        };
        Generation {
            generation: self.generation,
            time: time(self.at_us),
            who: self.who.to_string(),
            how,
            from,
            links: self.links,
            changes: self.changes.len(),
            files: self.files.iter().map(|file| file.name.clone()).collect(),
        }
    }

    fn is_table(&self) -> bool {
        self.base.is_some()
    }
}

/// The newest tables, and the newest changes of them. A copy is cheap.
#[derive(Debug, Clone)]
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
        let mut count = self.kept.iter().filter(|kept| !kept.is_table()).count();
        if count > self.most
            && let Some(oldest) = self.kept.iter().position(|kept| !kept.is_table())
        {
            self.kept.remove(oldest);
            count -= 1;
        }
        if self.kept.len() - count > self.most {
            // Together with the changes of the oldest table.
            let second = self.kept.iter().skip(1).position(KeptGeneration::is_table);
            self.kept.drain(..second.map_or(0, |at| at + 1));
        }
    }

    /// Lets go of those whose table is not to be had.
    pub fn retain_tables(&mut self, is_there: impl Fn(u32) -> bool) {
        self.kept.retain(|kept| is_there(kept.table));
    }

    /// All, oldest first.
    pub fn list(&self) -> Vec<Generation> {
        self.kept.iter().map(KeptGeneration::about).collect()
    }

    /// Their numbers, oldest first.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.kept.iter().map(|kept| kept.generation)
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

    /// What generation `number` served.
    pub fn find(&self, number: u32) -> Option<Recalled> {
        let kept = self.kept.iter().find(|kept| kept.generation == number)?;
        let same = self.kept.iter().filter(|other| other.table == kept.table);
        let held = same.filter_map(|kept| kept.held.clone()).next();
        let (files, changes) = (kept.files.to_vec(), kept.changes.clone());
        Some(Recalled { table: kept.table, files, held, changes })
    }

    /// The records that tell the same as a whole journal: these generations, up to the
    /// changes of `now`, and that numbers up to `last` were given.
    pub fn records(&self, now: &Changes, last: u32) -> impl Iterator<Item = Recorded> {
        let none = Changes::default();
        let before = [none].into_iter().chain(self.kept.iter().map(|kept| kept.changes.clone()));
        let kept = self.kept.iter().zip(before).flat_map(|(kept, before)| {
            let mut told: Vec<Deed> = kept.base.clone().map(Deed::Base).into_iter().collect();
            told.extend(deeds(&before, &kept.changes));
            told.extend((!kept.is_table()).then_some(Deed::Links(kept.links)));
            let (generation, at_us) = (kept.generation, kept.at_us);
            told.into_iter().map(move |what| Recorded {
                generation,
                at_us,
                who: kept.who.clone(),
                what,
            })
        });
        let newest = self.kept.back().map(|kept| kept.changes.clone()).unwrap_or_default();
        let rest: Vec<Deed> = deeds(&newest, now).chain([Deed::Mark]).collect();
        kept.chain(rest.into_iter().map(move |what| Recorded {
            generation: last,
            at_us: unix_us(),
            who: Who::itself("rewritten"),
            what,
        }))
    }
}

/// A time for people and programs, RFC 3339, of microseconds since the Unix epoch.
pub fn time(at_us: u64) -> String {
    let time = Timestamp::from_microsecond(at_us as i64).unwrap_or_default();
    time.strftime("%FT%TZ").to_string()
}

/// What the journal tells where changes become others.
pub fn deeds<'a>(before: &'a Changes, after: &'a Changes) -> impl Iterator<Item = Deed> + 'a {
    before.until(after).map(|(key, change)| deed_of(key, change))
}

#[cfg(test)]
mod tests {
    use super::super::history::History;
    use super::*;
    use crate::links::Change;

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
            let base = TableServed {
                how: How::Reload,
                from: None,
                files: Vec::new(),
                link_files: Vec::new(),
                table,
                saved: None,
                links: 0,
            };
            if kind == 's' {
                changes.put(&format!("/{number}"), Some(Change::Unset));
            }
            generations.push(KeptGeneration {
                generation: number,
                at_us: 0,
                who: Who::itself("test"),
                links: 0,
                table,
                files: Arc::default(),
                held: None,
                changes: changes.clone(),
                base: (kind != 's').then_some(base),
            });
        }
        (generations, changes)
    }

    /// Which there are, and that each has its table and changes: these are never reset
    /// here, so those of a generation are the `s` up to it.
    fn has(generations: &Generations, kinds: &str, want: &[u32]) {
        let list = generations.list();
        let numbers: Vec<u32> = list.iter().map(|about| about.generation).collect();
        assert_eq!(numbers, want, "{kinds}");
        for about in list {
            let kinds = &kinds[..about.generation as usize];
            let made = kinds.chars().filter(|&kind| kind == 's').count();
            let found = generations.find(about.generation).unwrap();
            assert_eq!((found.changes.len(), about.changes), (made, made), "{kinds}");
            let newest = kinds.rfind(['t', 'r']).unwrap();
            let table = if kinds[newest..].starts_with('r') { 1 } else { newest + 1 };
            assert_eq!(found.table as usize, table, "{kinds}");
        }
    }

    fn check(most: usize, kinds: &str, want: &[u32]) {
        let (generations, changes) = generations(most, kinds);
        has(&generations, kinds, want);
        // The same is told by a journal that is rewritten.
        let records: Vec<Recorded> = generations.records(&changes, 9).collect();
        let history = History::of(&records, most);
        assert_eq!((&history.changes, history.last), (&changes, 9));
        has(&history.generations, kinds, want);
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
        let (mut generations, _) = generations(9, kinds);
        generations.retain_tables(|table| !gone.contains(&table));
        has(&generations, kinds, want);
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
