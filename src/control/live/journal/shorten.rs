//! Making a journal short: what is outdated is left out, what is told of the newest
//! changes stays as it is. Records in, records out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::changes::deed_of;
use super::in_force::{By, InForce};
use super::record::{Deed, Recorded};
use crate::links::{Change, Changes};

/// What a shorter journal still has to tell.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The generations that can be rolled back to.
    pub kept: BTreeSet<u32>,
    /// The changes in force.
    pub changes: &'a Changes,
    /// The last number that was given. What is told of a later one does not count.
    pub last: u32,
    /// Bytes of records that are kept as they are, about: those of the newest changes.
    pub log_bytes: usize,
}

/// Makes of the records of a whole journal those that say the same, but for old changes
/// that are no longer told. `None`: they do not tell what is in force.
pub fn shorten(
    records: impl Iterator<Item = Recorded>,
    wanted: &Wanted<'_>,
) -> Option<Vec<Recorded>> {
    let mut short = Short::default();
    let mut newest: VecDeque<(Vec<Recorded>, usize)> = VecDeque::new();
    let mut bytes = 0;
    for record in records.take_while(|record| record.generation <= wanted.last) {
        let size = size_of(&record);
        bytes += size;
        match newest.back_mut() {
            Some((group, group_bytes)) if group[0].generation == record.generation => {
                group.push(record);
                *group_bytes += size;
            }
            _ => newest.push_back((vec![record], size)),
        }
        while bytes > wanted.log_bytes && newest.len() > 1 {
            if let Some((group, size)) = newest.pop_front() {
                bytes -= size;
                short.leave(group, &wanted.kept);
            }
        }
    }
    // One by itself may be too much, too.
    if bytes > wanted.log_bytes
        && let Some((group, _)) = newest.pop_front()
    {
        short.leave(group, &wanted.kept);
    }
    short.end();
    let Short { mut records, mut in_force, .. } = short;
    for record in newest.into_iter().flat_map(|(group, _)| group) {
        in_force.replay(&record, |_, _| {});
        records.push(record);
    }
    in_force.are(wanted.changes).then_some(records)
}

/// About as long as it is in the journal.
fn size_of(record: &Recorded) -> usize {
    // Names, numbers and brackets.
    const REST: usize = 80;
    REST + match &record.what {
        Deed::Set { key, line } => key.len() + line.len(),
        Deed::Unset { key } | Deed::Reset { key } => key.len(),
        Deed::Base(table) => {
            table.files.iter().chain(&table.link_files).map(|file| REST + file.name.len()).sum()
        }
        Deed::Staged { files, .. } => files.iter().map(String::len).sum(),
        _ => 0,
    }
}

/// What is left of records that are not kept as they are.
#[derive(Default)]
struct Short {
    records: Vec<Recorded>,
    in_force: InForce,
    /// Keys that were changed since the last generation that is kept: what they were
    /// then, and what changed them last.
    touched: BTreeMap<Arc<str>, (Option<Change>, Arc<By>)>,
    /// The generation that was left out last.
    last: Option<Recorded>,
}

impl Short {
    /// Takes the records of a generation, of which only what is needed is told.
    fn leave(&mut self, group: Vec<Recorded>, kept: &BTreeSet<u32>) {
        let touched = &mut self.touched;
        for record in &group {
            self.in_force.replay(record, |change, by| {
                let was = touched.entry(change.key).or_insert_with(|| (change.old, by.clone()));
                was.1 = by.clone();
            });
        }
        self.last = group.last().cloned();
        if !kept.contains(&group[0].generation) {
            // Of one that was cut before nothing else is told either.
            return;
        }
        self.tell_touched();
        let is_whole = |record: &Recorded| matches!(record.what, Deed::Base(_) | Deed::Links(_));
        self.records.extend(group.into_iter().filter(is_whole));
    }

    /// Tells what is another since the last generation that is kept.
    fn tell_touched(&mut self) {
        let mut told = Vec::new();
        for (key, (old, by)) in std::mem::take(&mut self.touched) {
            let now = self.in_force.get(&key).map(|(change, _)| change);
            let By { generation, at_us, who } = &*by;
            let (generation, at_us) = (*generation, *at_us);
            let tell = |what| Recorded { generation, at_us, who: who.clone(), what };
            // One that went and came back is no older than that.
            if now.is_some() && now == old.as_ref() {
                told.push(tell(deed_of(&key, None)));
            }
            if now.is_some() || old.is_some() {
                told.push(tell(deed_of(&key, now)));
            }
        }
        told.sort_by_key(|record| record.generation);
        self.records.append(&mut told);
    }

    /// Nothing more is left out.
    fn end(&mut self) {
        self.tell_touched();
        if let Some(last) = self.last.take() {
            self.records.push(Recorded { what: Deed::Cut, ..last });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::live::history::History;
    use crate::control::live::journal::{Log, TableServed};
    use crate::control::live::who::{How, Who};

    fn table(generation: u32) -> Deed {
        Deed::Base(TableServed {
            how: How::Reload,
            from: None,
            files: Vec::new(),
            link_files: Vec::new(),
            table: generation,
            saved: None,
            links: 1,
        })
    }

    fn deed(random: &mut fastrand::Rng) -> Deed {
        let key = format!("/{}", random.u8(..12));
        match random.u8(..20) {
            0 => Deed::ResetAll,
            1..6 => Deed::Unset { key },
            6..10 => Deed::Reset { key },
            _ => Deed::Set { line: format!("{key} https://t.example/{}", random.u8(..4)), key },
        }
    }

    /// A random journal: the first generation is a table, each has who made it.
    fn journal(random: &mut fastrand::Rng, generations: u32) -> Vec<Recorded> {
        let mut records = Vec::new();
        for generation in 1..=generations {
            let who = Who { name: format!("user {generation}"), uid: Some(generation) };
            let mut deeds = match generation == 1 || random.u8(..6) == 0 {
                true => vec![table(generation)],
                false => vec![],
            };
            let is_table = !deeds.is_empty();
            deeds.extend((0..random.usize(1..5)).map(|_| deed(random)));
            deeds.extend((!is_table).then_some(Deed::Links(1)));
            records.extend(deeds.into_iter().map(|what| Recorded {
                generation,
                at_us: u64::from(generation) * 10,
                who: who.clone(),
                what,
            }));
        }
        records
    }

    fn generations(history: &History) -> Vec<(String, Option<Changes>)> {
        let list = history.generations.list().into_iter();
        let changes = |number| history.generations.find(number).map(|found| found.changes);
        list.map(|it| (format!("{it:?}"), changes(it.generation))).collect()
    }

    fn log(records: &[Recorded]) -> Log {
        let mut log = Log::default();
        records.iter().for_each(|record| log.take(record.clone()));
        log
    }

    #[test]
    fn a_shorter_journal_says_the_same() {
        let mut random = fastrand::Rng::with_seed(11);
        for _ in 0..300 {
            let last = random.u32(1..40);
            let mut records = journal(&mut random, last);
            // Again and again, as a server does it.
            for log_bytes in [100_000, random.usize(..6_000), random.usize(..3_000), 0] {
                let history = History::of(&records, 3);
                let kept = history.generations.numbers().collect();
                let wanted = Wanted { kept, changes: &history.changes, last, log_bytes };
                let short = shorten(records.iter().cloned(), &wanted).unwrap();
                let again = History::of(&short, 3);
                assert_eq!(generations(&again), generations(&history));
                assert_eq!(again.changes, history.changes);
                assert_eq!(again.base, history.base);
                assert!(short.is_sorted_by_key(|record| record.generation));
                let (before, after) = (log(&records), log(&short));
                assert!(
                    before
                        .entries
                        .iter()
                        .rev()
                        .zip(after.entries.iter().rev())
                        .all(|(a, b)| a == b)
                );
                for (key, _) in history.changes.iter() {
                    assert_eq!(before.in_force.get(key), after.in_force.get(key), "{key}");
                }
                assert_eq!(
                    after.is_cut,
                    before.is_cut || after.entries.len() < before.entries.len()
                );
                records = short;
            }
            assert!(log(&records).entries.is_empty());
        }
    }

    #[test]
    fn its_length_does_not_grow_with_the_past() {
        let mut random = fastrand::Rng::with_seed(3);
        let records = journal(&mut random, 5_000);
        let history = History::of(&records, 3);
        let kept = history.generations.numbers().collect();
        let wanted = Wanted { kept, changes: &history.changes, last: 5_000, log_bytes: 1_000 };
        let short = shorten(records.into_iter(), &wanted).unwrap();
        // Twelve keys for each of six generations and now, and the newest.
        assert!(short.len() < 7 * 13 + 20, "{}", short.len());
    }

    #[test]
    fn what_is_not_in_force_is_not_believed() {
        let mut random = fastrand::Rng::with_seed(5);
        let records = journal(&mut random, 9);
        let mut changes = History::of(&records, 3).changes;
        // What came of a write that failed does not count.
        let late = Recorded { generation: 10, what: Deed::ResetAll, ..records[0].clone() };
        let with_late = records.iter().cloned().chain([late]);
        fn wanted(changes: &Changes) -> Wanted<'_> {
            Wanted { kept: BTreeSet::new(), changes, last: 9, log_bytes: 0 }
        }
        assert!(shorten(with_late, &wanted(&changes)).is_some());
        changes.put("/other", Some(Change::Unset));
        assert!(shorten(records.into_iter(), &wanted(&changes)).is_none());
    }
}
