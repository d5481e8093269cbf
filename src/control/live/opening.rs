//! What a server serves at first: its link files, and the changes of the journal
//! over them.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};

use super::edits;
use super::served::{Base, Served};
use crate::clicks::files::unix_us;
use crate::control::journal::{self, How, Journal, Record, What, Who};
use crate::links::{Changes, Links};

/// What a server serves at first, before there are shards.
pub struct Opening {
    /// The links, with the changes over them.
    pub served: Served,
    /// Their number.
    pub generation: u32,
    pub(super) journal: Journal,
    pub(super) base: Record,
}

impl Opening {
    /// Opens the journal in the state folder, and lays the changes in it over the
    /// link files.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: the journal cannot be used, or what was changed
    /// does not go together with the link files.
    pub fn new(state: &Path, base: Base) -> anyhow::Result<Self> {
        let (mut journal, records) = Journal::open(state)?;
        let mut changes = Changes::default();
        records.iter().for_each(|record| edits::replay(&record.what, &mut changes));
        let last = records.last().map_or(0, |record| record.generation);
        let generation = next(last);
        let served = Served::new(Arc::new(base), &changes).map_err(|why| {
            anyhow!(
                "a link that was set does not go together with the link files: {why}; mend the \
                 files, or move the journal in {} away to serve what they say",
                state.display()
            )
        })?;
        let marks = served.base().files.clone();
        let what =
            journal::Base { how: How::Start, from: None, files: marks.clone(), link_files: marks };
        let who = Who::itself("start");
        let base = Record { generation, at_us: unix_us(), who, what: What::Base(what) };
        let all = || all_records(&base, &changes, last);
        journal
            .append(std::slice::from_ref(&base), all)
            .with_context(|| format!("cannot write the journal of links in {}", state.display()))?;
        Ok(Self { served, generation, journal, base })
    }

    /// A replica for one shard.
    pub fn replicate(&self) -> Links {
        self.served.replicate(self.generation)
    }
}

/// The number that comes after this one. 0 is none.
pub fn next(generation: u32) -> u32 {
    generation.wrapping_add(1).max(1)
}

/// The records that say the same as a whole journal.
pub fn all_records(base: &Record, changes: &Changes, last: u32) -> Vec<Record> {
    let record =
        |what| Record { generation: last, at_us: unix_us(), who: Who::itself("rewritten"), what };
    let base = Record { generation: base.generation.min(last), ..base.clone() };
    let changes = changes.iter().map(|(key, change)| edits::what(key, Some(change)));
    std::iter::once(base).chain(changes.chain([What::Mark]).map(record)).collect()
}
