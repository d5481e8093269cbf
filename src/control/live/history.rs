//! What the journal tells of the past: the changes in force, and the generations that
//! were served.

use std::sync::Arc;

use super::generations::{Generations, KeptGeneration};
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

impl History {
    /// Of the records of a whole journal, with so many tables and changes.
    pub fn of(records: &[Recorded], keep: usize) -> Self {
        let mut history = Self {
            changes: Changes::default(),
            generations: Generations::new(keep),
            last: records.last().map_or(0, |record| record.generation),
            base: None,
        };
        let mut files: Arc<Vec<FileMark>> = Arc::default();
        for group in records.chunk_by(|a, b| a.generation == b.generation) {
            let (mut base, mut links) = (None, None);
            for record in group {
                match &record.what {
                    Deed::Base(table) => {
                        links = Some((table.links, record));
                        base = Some(table.clone());
                    }
                    Deed::Links(count) => links = Some((*count, record)),
                    deed => replay(deed, &mut history.changes),
                }
            }
            if let Some(base) = &base {
                files = Arc::new(base.files.clone());
                history.base = Some(base.clone());
            }
            // Of others the journal has only what is left of their changes.
            let Some((links, told)) = links else { continue };
            history.generations.push(KeptGeneration {
                generation: group[0].generation,
                at_us: told.at_us,
                who: told.who.clone(),
                links,
                table: history.base.as_ref().map_or(0, |base| base.table),
                files: files.clone(),
                held: None,
                changes: history.changes.clone(),
                base,
            });
        }
        history
    }
}
