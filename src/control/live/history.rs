//! What the journal tells of the past: the changes in force, and the generations that
//! were served.

use std::sync::Arc;

use super::generations::{Before, Generations, KeptGeneration, MadeBy};
use super::journal::changes::replay;
use super::journal::{Deed, Recorded, TableServed};
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
    pub base: Option<TableServed>,
}

/// Where the reading of a journal stands.
struct Retelling {
    changes: Changes,
    /// The same, unless something was changed since it was made.
    shared: Option<Arc<Changes>>,
    files: Arc<Vec<FileMark>>,
}

impl History {
    /// Of the records of a whole journal, with so many tables and changes.
    pub fn of(records: &[Recorded], keep: usize) -> Self {
        let mut retelling =
            Retelling { changes: Changes::default(), shared: None, files: Arc::default() };
        let mut generations = Generations::new(keep);
        let mut last_base = None;
        for group in records.chunk_by(|a, b| a.generation == b.generation) {
            let first = &group[0];
            let base = group.iter().find_map(|record| match &record.what {
                Deed::Base(base) => Some(base),
                _ => None,
            });
            let made = match base {
                Some(base) => {
                    let before = retelling.shared();
                    retelling.replay(group);
                    retelling.files = Arc::new(base.files.clone());
                    last_base = Some(base.clone());
                    MadeBy::Table { base: base.clone(), changes: retelling.shared(), before }
                }
                None => MadeBy::Keys(retelling.replay(group)),
            };
            if matches!(&made, MadeBy::Keys(keys) if keys.is_empty()) {
                continue;
            }
            let links = group.iter().rev().find_map(|record| match &record.what {
                Deed::Base(base) => Some(base.links),
                Deed::Links(links) => Some(*links),
                _ => None,
            });
            generations.push(KeptGeneration {
                generation: first.generation,
                at_us: first.at_us,
                who: first.who.clone(),
                links: links.unwrap_or_default(),
                changes: retelling.changes.len(),
                table: last_base.as_ref().map_or(0, |base: &TableServed| base.table),
                files: retelling.files.clone(),
                held: None,
                made,
            });
        }
        let last = records.last().map_or(0, |record| record.generation);
        Self { changes: retelling.changes, generations, last, base: last_base }
    }
}

impl Retelling {
    fn shared(&mut self) -> Arc<Changes> {
        self.shared.get_or_insert_with(|| Arc::new(self.changes.clone())).clone()
    }

    /// Does again what the records tell. Returns the keys that it changed, and what
    /// they were.
    fn replay(&mut self, records: &[Recorded]) -> Before {
        let mut before = Before::new();
        for record in records {
            match &record.what {
                Deed::Set { key, .. } | Deed::Unset { key } | Deed::Reset { key } => {
                    let old = self.changes.get(key).cloned();
                    before.entry(key.clone()).or_insert(old);
                }
                Deed::ResetAll => {
                    for (key, change) in self.changes.iter() {
                        before.entry(key.to_owned()).or_insert(Some(change.clone()));
                    }
                }
                Deed::Base(_) | Deed::Links(_) | Deed::Mark => continue,
            }
            replay(&record.what, &mut self.changes);
            self.shared = None;
        }
        before
    }
}
