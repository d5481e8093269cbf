//! What a server serves at first: its link files, and the changes of the journal
//! over them.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::edits;
use super::read::Files;
use crate::clicks::files::unix_us;
use crate::control::journal::{Base, How, Journal, Record, What, Who};
use crate::links::{Changes, Table};

/// What a server serves at first, before there are shards.
pub struct Opening {
    /// The table, with its number.
    pub table: Arc<Table>,
    /// How many changes lie over the link files.
    pub changes: usize,
    pub(super) files: Arc<Files>,
    /// The changes in force.
    pub(super) over: Changes,
    pub(super) journal: Journal,
    pub(super) base: Record,
}

impl Opening {
    /// Opens the journal in the state folder, and lays the changes in it over the
    /// link files, whose own table is `table`.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: the journal cannot be used, or what was changed
    /// does not go together with the link files.
    pub fn new(state: &Path, files: Files, table: Table) -> anyhow::Result<Self> {
        let (mut journal, records) = Journal::open(state)?;
        let mut over = Changes::default();
        records.iter().for_each(|record| edits::replay(&record.what, &mut over));
        let last = records.last().map_or(0, |record| record.generation);
        let generation = next(last);
        let table = match over.is_empty() {
            true => table,
            false => {
                let loaded = files.load(&over);
                let problems = files.set_problems(&loaded.report);
                match loaded.table.filter(|_| problems.is_empty()) {
                    Some(table) => table,
                    None => bail!(
                        "links that were set no longer go together with the link files: {}; mend \
                         the files, or move the journal in {} away to serve what they say",
                        problems.join("; "),
                        state.display()
                    ),
                }
            }
        };
        let marks = files.marks();
        let what = Base { how: How::Start, from: None, files: marks.clone(), link_files: marks };
        let who = Who::itself("start");
        let base = Record { generation, at_us: unix_us(), who, what: What::Base(what) };
        let all = || all_records(&base, &over, last);
        journal
            .append(std::slice::from_ref(&base), all)
            .with_context(|| format!("cannot write the journal of links in {}", state.display()))?;
        let table = Arc::new(table.with_generation(generation));
        Ok(Self { table, changes: over.len(), files: Arc::new(files), over, journal, base })
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
