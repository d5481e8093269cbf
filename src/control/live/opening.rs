//! What a server serves at first: its link files, and the changes of the journal
//! over them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;

use super::generations::{Generations, KeptGeneration};
use super::history::History;
use super::journal::{self, Journal, Recorded};
use super::served::Served;
use super::tables;
use super::who::{How, Who};
use super::writing::{self, Past, ToWrite, Told, Written};
use crate::links::Links;
use crate::machine::clock::unix_us;
use crate::say::say;
use crate::sources::{Base, FileMark};
use crate::words::counted;

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
    /// Those of before, and this one.
    pub(super) generations: Generations,
    /// The generation that was the first to serve its table.
    pub(super) table: u32,
    /// The link files, as they are.
    pub(super) link_files: Vec<FileMark>,
}

impl Opening {
    /// Opens the journal in the state folder, and lays the changes in it over the
    /// link files. `keep` tables and as many changes can be taken back.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: the journal cannot be used, or what was changed
    /// does not go together with the link files.
    pub fn new(state: &Path, base: Base, keep: usize) -> anyhow::Result<Self> {
        let (journal, records) = open_journal(state)?;
        let History { changes, mut generations, last, base: last_base } =
            History::of(&records, keep);
        let generation = next(last);
        let marks = base.files.clone();
        let promoted = last_base.and_then(|last| promoted(state, &last, &marks));
        let from = promoted.as_ref().map(|(number, ..)| *number);
        let (table, held, base) = match promoted {
            Some((_, table, base)) => (table, None, Arc::new(base)),
            None => {
                let base = Arc::new(base);
                (generation, Some(base.clone()), base)
            }
        };
        let served = Served::new(base, &changes).map_err(|why| {
            anyhow!(
                "a link that was set does not go together with the link files: {why}; mend the \
                 files, or move the journal in {} away to serve what they say",
                state.display()
            )
        })?;
        let links = served.editor().len();
        let files = served.base().files.clone();
        let link_files = marks.clone();
        let base = journal::TableServed {
            how: How::Start,
            from,
            files,
            link_files,
            table,
            saved: from,
            links,
        };
        let (at_us, who) = (unix_us(), Who::itself("start"));
        let past = Past { generations: generations.clone(), changes: changes.clone(), last };
        let more = Some(Told {
            generation,
            at_us,
            who: who.clone(),
            base: Some(base.clone()),
            before: changes.clone(),
            after: changes.clone(),
            links,
            undo: None,
            counts: None,
        });
        let Written { journal, result } = writing::write(ToWrite { journal, past, more });
        result.map_err(|refusal| anyhow!("{}: {refusal}", state.display()))?;
        generations.push(KeptGeneration {
            generation,
            at_us,
            who,
            links,
            table,
            files: Arc::new(base.files.clone()),
            held,
            changes,
            base: Some(base),
        });
        generations.retain_tables(|number| number == table || tables::is_there(state, number));
        // A table of the same number would be from before the journal was moved away.
        let is_new = from.is_none();
        tables::clean(state, |number| {
            generations.has_table(number) && !(is_new && number == table)
        });
        let state = state.to_owned();
        let link_files = marks;
        Ok(Self { served, generation, from, state, journal, generations, table, link_files })
    }

    /// A replica for one shard.
    pub fn replicate(&self) -> Links {
        self.served.replicate(self.generation)
    }
}

/// The journal, and what stands in it.
fn open_journal(state: &Path) -> anyhow::Result<(Journal, Vec<Recorded>)> {
    let (journal, records, torn) = Journal::open(state)?;
    if torn > 0 {
        say(format_args!(
            "warning: the journal of links ended in {} that are no whole record and are cut. A \
             change that was acknowledged is lost only if the disk lost it",
            counted(torn, "byte")
        ));
    }
    Ok((journal, records))
}

/// What was promoted last: its number, its table's, and the table, unless the link
/// files are what is to be served: because they are newer, which is said, or it
/// cannot be had.
fn promoted(
    state: &Path,
    last: &journal::TableServed,
    marks: &[FileMark],
) -> Option<(u32, u32, Base)> {
    let number = last.saved?;
    if last.link_files != marks {
        say(format_args!(
            "warning: the link files were changed after generation {number} was promoted, so what \
             they say is served; `carom links rollback` brings it back"
        ));
        return None;
    }
    match tables::open(state, last.table, last.files.clone()) {
        Ok(base) => Some((number, last.table, base)),
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
