//! Taking one change back, and listing those in force: the journal tells what keys were
//! before, and who made them what they are.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::editing::Undo;
use super::generations::time;
use super::journal::changes::change_of;
use super::journal::{Deed, Happened, InForce, Log, Recorded, Records};
use super::not_done::{NotDone, Reason};
use super::sentences::{changed_since, unread};
use super::served::Served;
use super::wish::{Done, InForceNow, MadeBy};
use crate::links::{Change, Changes};
use crate::sources::Base;

/// The records of the journal in this state folder.
fn records(state: &Path) -> Result<Records, NotDone> {
    Records::open(state).map_err(|error| unread(&error))
}

/// Keys, of which alone what the journal tells is held; `None`: all.
type Wanted = Option<HashSet<String>>;

/// Whether a record tells of keys that are wanted, or of no single key.
fn is_wanted(wanted: &Wanted, record: &Recorded) -> bool {
    match (wanted, change_of(&record.what)) {
        (Some(wanted), Some((key, _))) => wanted.contains(key),
        _ => true,
    }
}

/// The keys that this generation names.
fn named(state: &Path, generation: u32) -> Result<Wanted, NotDone> {
    let mut keys = HashSet::new();
    for record in records(state)?.filter(|record| record.generation == generation) {
        match change_of(&record.what) {
            Some((key, _)) => keys.insert(key.to_owned()),
            None if record.what == Deed::ResetAll => return Ok(None),
            None => continue,
        };
    }
    Ok(Some(keys))
}

/// What takes back the change that made this generation.
///
/// # Errors
///
/// It is not in the log or is none of single links, or its keys were changed again and it
/// is not forced.
pub fn find(state: &Path, of: u32, is_forced: bool) -> Result<Undo, NotDone> {
    let wanted = named(state, of)?;
    let mut log = Log::default();
    let told = records(state)?.filter(|record| is_wanted(&wanted, record));
    told.for_each(|record| log.take(record));
    let Some(entry) = log.of(of) else {
        let error = format_args!(
            "generation {of} is not in the log, so nothing is undone; `carom links log` lists \
             what can be undone"
        );
        return Err(NotDone::new(Reason::Unknown, error));
    };
    if let Happened::Table(table) = &entry.what {
        let error = format_args!(
            "generation {of} is a whole table ({}) and no change of single links, so nothing is \
             undone; `carom links rollback` serves an earlier one again",
            table.how
        );
        return Err(NotDone::new(Reason::NotNow, error));
    }
    let keys = std::mem::take(&mut entry.keys);
    let names: HashSet<&str> = keys.iter().map(|key| &*key.key).collect();
    let later = log.entries.iter().filter(|entry| entry.generation > of);
    let mut again = later.flat_map(|entry| entry.keys.iter().map(|key| (key, entry.generation)));
    match again.find(|(key, _)| names.contains(&*key.key)) {
        Some((key, by)) if !is_forced => Err(changed_since(of, &key.key, Some(by))),
        _ => Ok(Undo { of, keys, is_forced }),
    }
}

/// The changes that lie over what is served.
pub struct Over {
    base: Arc<Base>,
    changes: Changes,
    generation: u32,
}

impl Over {
    /// Those of now.
    pub fn of(served: &Served, generation: u32) -> Self {
        let (base, changes) = (served.base().clone(), served.changes().clone());
        Self { base, changes, generation }
    }

    /// The first so many of them, and who made each.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn list(self, state: &Path, most: usize) -> Result<Done, NotDone> {
        let Self { base, changes, generation } = self;
        let keys = changes.iter().take(most).map(|(key, _)| key.to_owned());
        let wanted = Some(keys.collect());
        let mut in_force = InForce::default();
        for record in records(state)?.filter(|record| is_wanted(&wanted, record)) {
            in_force.replay(&record, |_, _| {});
        }
        let list = changes.iter().take(most).map(|(key, change)| InForceNow {
            key: key.to_owned(),
            old: base.table.link(key).map(|link| link.to_string()),
            new: match change {
                Change::Set(line) => Some(line.to_string()),
                Change::Unset => None,
            },
            made: made(&in_force, key, change),
        });
        Ok(Done::Changes { generation, total: changes.len(), changes: list.collect() })
    }
}

/// What made this key so. The journal may tell of another change by now.
fn made(in_force: &InForce, key: &str, change: &Change) -> Option<MadeBy> {
    let (there, by) = in_force.get(key)?;
    (there == change).then(|| MadeBy {
        who: by.who.to_string(),
        time: time(by.at_us),
        generation: by.generation,
    })
}
