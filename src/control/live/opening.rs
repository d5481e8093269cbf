//! What a server serves at first: its link files, and the changes of the journal
//! over them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};

use super::edits;
use super::saved::{clean, load_saved};
use super::served::{Base, Served};
use crate::clicks::files::unix_us;
use crate::control::journal::{self, FileMark, How, Journal, Record, What, Who};
use crate::control::say;
use crate::links::{Changes, Links};

/// What a server serves at first, before there are shards.
pub struct Opening {
    /// The links, with the changes over them.
    pub served: Served,
    /// Their number.
    pub generation: u32,
    /// The generation that is served again, if not what the link files say.
    pub from: Option<u32>,
    pub(super) state: PathBuf,
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
        let (mut journal, records, torn) = Journal::open(state)?;
        if torn > 0 {
            say(format_args!(
                "warning: the journal of links ended in {torn} bytes that are no whole record; \
                 they are cut. A change that was acknowledged is lost only if the disk lost it"
            ));
        }
        clean(state);
        let mut changes = Changes::default();
        records.iter().for_each(|record| edits::replay(&record.what, &mut changes));
        let last = records.last().map_or(0, |record| record.generation);
        let generation = next(last);
        let marks = base.files.clone();
        let last_base = records.iter().rev().find_map(|record| match &record.what {
            What::Base(base) => Some(base),
            _ => None,
        });
        let promoted = last_base.and_then(|last| promoted(state, last, &marks));
        let from = promoted.as_ref().map(|(number, _)| *number);
        let base = promoted.map_or(base, |(_, base)| base);
        let served = Served::new(Arc::new(base), &changes).map_err(|why| {
            anyhow!(
                "a link that was set does not go together with the link files: {why}; mend the \
                 files, or move the journal in {} away to serve what they say",
                state.display()
            )
        })?;
        let files = served.base().files.clone();
        let what = journal::Base { how: How::Start, from, files, link_files: marks, saved: from };
        let who = Who::itself("start");
        let base = Record { generation, at_us: unix_us(), who, what: What::Base(what) };
        let all = || all_records(&base, &changes, last);
        journal
            .append(std::slice::from_ref(&base), all)
            .with_context(|| format!("cannot write the journal of links in {}", state.display()))?;
        Ok(Self { state: state.to_owned(), served, generation, from, journal, base })
    }

    /// A replica for one shard.
    pub fn replicate(&self) -> Links {
        self.served.replicate(self.generation)
    }
}

/// The table that was promoted last, and its number, unless the link files are what
/// is to be served: because they are newer, which is said, or it cannot be had.
fn promoted(state: &Path, last: &journal::Base, marks: &[FileMark]) -> Option<(u32, Base)> {
    let number = last.saved?;
    if last.link_files != marks {
        say(format_args!(
            "warning: the link files were changed after generation {number} was promoted, so what \
             they say is served; `carom links stage` and `promote` bring other files back"
        ));
        return None;
    }
    match load_saved(state, number, last.files.clone()) {
        Ok(base) => Some((number, base)),
        Err(error) => {
            say(format_args!(
                "warning: generation {number}, which was promoted, cannot be served again: \
                 {error:#}; what the link files say is served"
            ));
            None
        }
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
