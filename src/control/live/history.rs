//! What the journal tells of the past: the changes in force, and the generations that
//! were served.

use std::sync::Arc;

use super::edits;
use super::kept::{Before, Generations, Kept, Made};
use crate::control::journal::{Base, Record, What};
use crate::links::Changes;
use crate::sources::FileMark;

/// See the [module](self).
pub struct History {
    /// The changes in force.
    pub changes: Changes,
    /// The newest generations, none of them with its table.
    pub generations: Generations,
    /// The last number that was given.
    pub last: u32,
    /// The last whole table.
    pub base: Option<Base>,
}

/// Where the reading of a journal stands.
struct Reader {
    changes: Changes,
    /// The same, unless something was changed since it was made.
    shared: Option<Arc<Changes>>,
    files: Arc<Vec<FileMark>>,
}

impl History {
    /// Of the records of a whole journal, with so many tables and changes.
    pub fn of(records: &[Record], keep: usize) -> Self {
        let mut reader =
            Reader { changes: Changes::default(), shared: None, files: Arc::default() };
        let mut generations = Generations::new(keep);
        let mut last_base = None;
        for group in records.chunk_by(|a, b| a.generation == b.generation) {
            let first = &group[0];
            let base = group.iter().find_map(|record| match &record.what {
                What::Base(base) => Some(base),
                _ => None,
            });
            let made = match base {
                Some(base) => {
                    let before = reader.shared();
                    reader.replay(group);
                    reader.files = Arc::new(base.files.clone());
                    last_base = Some(base.clone());
                    Made::Table { base: base.clone(), changes: reader.shared(), before }
                }
                None => Made::Keys(reader.replay(group)),
            };
            if matches!(&made, Made::Keys(keys) if keys.is_empty()) {
                continue;
            }
            let links = group.iter().rev().find_map(|record| match &record.what {
                What::Base(base) => Some(base.links),
                What::Links(links) => Some(*links),
                _ => None,
            });
            generations.push(Kept {
                generation: first.generation,
                at_us: first.at_us,
                who: first.who.clone(),
                links: links.unwrap_or_default(),
                changes: reader.changes.len(),
                table: last_base.as_ref().map_or(0, |base: &Base| base.table),
                files: reader.files.clone(),
                held: None,
                made,
            });
        }
        let last = records.last().map_or(0, |record| record.generation);
        Self { changes: reader.changes, generations, last, base: last_base }
    }
}

impl Reader {
    fn shared(&mut self) -> Arc<Changes> {
        self.shared.get_or_insert_with(|| Arc::new(self.changes.clone())).clone()
    }

    /// Does again what the records tell. Returns the keys that it changed, and what
    /// they were.
    fn replay(&mut self, records: &[Record]) -> Before {
        let mut before = Before::new();
        for record in records {
            match &record.what {
                What::Set { key, .. } | What::Unset { key } | What::Reset { key } => {
                    let old = self.changes.get(key).cloned();
                    before.entry(key.clone()).or_insert(old);
                }
                What::ResetAll => {
                    for (key, change) in self.changes.iter() {
                        before.entry(key.to_owned()).or_insert(Some(change.clone()));
                    }
                }
                What::Base(_) | What::Links(_) | What::Mark => continue,
            }
            edits::replay(&record.what, &mut self.changes);
            self.shared = None;
        }
        before
    }
}
