//! Writing much into the journal beside the serving. As long as that takes, it has the
//! journal.

use std::io;

use super::generations::{Generations, deeds};
use super::journal::{Deed, Journal, KeyCounts, Recorded, TableServed, Wanted, shorten};
use super::not_done::NotDone;
use super::sentences::unwritten;
use super::who::Who;
use crate::limits::JOURNAL_LOG_BYTES;
use crate::links::Changes;
use crate::machine::clock::unix_us;
use crate::say::say;

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
    /// The generation whose changes it takes back, if it does.
    pub undo: Option<u32>,
    /// How many links it changes, if that is known.
    pub counts: Option<KeyCounts>,
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
    look_at(&mut journal);
    if journal.is_due() {
        result = make_short(&mut journal, &past);
    }
    // One that only became long can be added to.
    if let Some(told) = more
        && !journal.is_suspect()
    {
        result = journal.append(&told.records());
        if result.is_err() {
            // What was refused may be in the file; no start is to find it there. Where that
            // fails, too, it is tried again before more is written.
            let _ = make_short(&mut journal, &past);
        }
    }
    Written { journal, result: result.map_err(|error| unwritten(&error)) }
}

/// Looks whether the journal is still there as it was written. Where it is not, it is due
/// to be written anew before anything is added.
pub fn look_at(journal: &mut Journal) {
    if journal.look() {
        say(format_args!(
            "warning: the journal of links {} was removed, replaced or changed by another; it is \
             written anew from what is served. While a server runs, leave it alone",
            journal.path().display()
        ));
    }
}

/// Writes the journal anew, with what it tells of the newest changes. Where its file does
/// not say what is in force, as after a disk that failed, it is made of what is known here.
fn make_short(journal: &mut Journal, past: &Past) -> io::Result<()> {
    let Past { generations, changes, last } = past;
    let kept = generations.numbers().collect();
    let wanted = Wanted { kept, changes, last: *last, log_bytes: JOURNAL_LOG_BYTES };
    let records = journal.records().ok();
    match records.and_then(|records| shorten(records, &wanted)) {
        Some(short) => journal.rewrite(short.into_iter().chain([mark(*last)])),
        None => journal.rewrite(generations.records(changes, *last)),
    }
}

/// Numbers up to this one were given.
fn mark(last: u32) -> Recorded {
    let who = Who::itself("rewritten");
    Recorded { generation: last, at_us: unix_us(), who, what: Deed::Mark }
}

impl Told {
    fn records(self) -> Vec<Recorded> {
        let Self { generation, at_us, who, base, before, after, links, undo, counts } = self;
        let is_table = base.is_some();
        let table = base.map(Deed::Base).into_iter();
        let count = (!is_table).then_some(Deed::Links(links));
        let record = |what| Recorded { generation, at_us, who: who.clone(), what };
        let undo = undo.map(|of| Deed::Undo { of });
        let counted = counts.map(|keys| Deed::Counted { of: generation, keys });
        let deeds = table.chain(deeds(&before, &after)).chain(count);
        deeds.chain(undo).chain(counted).map(record).collect()
    }
}
