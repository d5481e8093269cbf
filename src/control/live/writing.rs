//! Writing much into the journal beside the serving. As long as that takes, it has the
//! journal.

use super::generations::{Generations, deeds};
use super::journal::{Deed, Journal, Recorded, TableServed};
use super::not_done::NotDone;
use super::sentences::unwritten;
use super::who::Who;
use crate::links::Changes;

/// The journal, and what is to be written into it.
pub struct ToWrite {
    pub journal: Journal,
    /// What stands in it, to write it anew if that is due.
    pub past: Past,
    /// What comes to it, if anything.
    pub more: Option<Told>,
}

/// What a whole journal tells.
pub struct Past {
    pub generations: Generations,
    pub changes: Changes,
    /// The last number that was given.
    pub last: u32,
}

/// What makes one generation of the one before.
pub struct Told {
    pub generation: u32,
    pub at_us: u64,
    pub who: Who,
    /// The table, if it is another.
    pub base: Option<TableServed>,
    pub before: Changes,
    pub after: Changes,
    /// How many links there are then.
    pub links: usize,
}

/// The journal again, and whether it was written.
pub struct Written {
    pub journal: Journal,
    pub result: Result<(), NotDone>,
}

/// Writes; what was written is on the disk when it returns.
pub fn write(to_write: ToWrite) -> Written {
    let ToWrite { mut journal, past, more } = to_write;
    let mut result = Ok(());
    if journal.is_due() {
        result = journal.rewrite(past.generations.records(&past.changes, past.last));
    }
    // One that only became long can be added to.
    if let Some(told) = more
        && !journal.is_suspect()
    {
        result = journal.append(&told.records());
    }
    Written { journal, result: result.map_err(|error| unwritten(&error)) }
}

impl Told {
    fn records(self) -> Vec<Recorded> {
        let Self { generation, at_us, who, base, before, after, links } = self;
        let is_table = base.is_some();
        let table = base.map(Deed::Base).into_iter();
        let count = (!is_table).then_some(Deed::Links(links));
        let record = |what| Recorded { generation, at_us, who: who.clone(), what };
        table.chain(deeds(&before, &after)).chain(count).map(record).collect()
    }
}
