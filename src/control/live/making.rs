//! Making ready what is to be served next, beside the serving: that takes seconds where
//! there are millions of links or changes.

use std::path::Path;
use std::sync::Arc;

use super::counting::{absent, count_keys};
use super::editing::CheckedEdit;
use super::journal::KeyCounts;
use super::not_done::{NotDone, Reason};
use super::sentences::failed;
use super::served::Served;
use super::tables;
use crate::control::shards::Shards;
use crate::limits::KEYS_PATCHED_MAX;
use crate::links::{Changes, EditProblem, Links, Patch, TableRoom, check_lay};
use crate::rules::caps::CapKey;
use crate::sources::{Base, FileMark};

/// What is to be made ready.
pub struct Task {
    pub from: From,
    /// The changes that are to lie over it.
    pub changes: Changes,
    /// Changes that come on top of those.
    pub edit: Option<CheckedEdit>,
    /// Whether shards are to have it.
    pub is_for_shards: bool,
    /// Memory for what is made, where it may be refused for want of that.
    pub room: Option<TableRoom>,
}

/// Where the links come from.
pub enum From {
    /// Links with changes over them, which may be others.
    Served(Box<Served>),
    /// A table.
    Table(Arc<Base>),
    /// The table of a kept generation, on the disk.
    Kept { generation: u32, table: u32, files: Vec<FileMark> },
}

/// What can be served.
pub struct Ready {
    pub served: Served,
    /// One for each shard, if it is for them.
    pub replicas: Vec<Links>,
    /// How many keys the edit changed.
    pub changed: usize,
    /// Of what, where the table is the same.
    pub keys: KeyCounts,
    /// Keys that the edit unset and that had no link.
    pub absent: Vec<String>,
    /// Caps that were laid over it.
    pub caps: Vec<CapKey>,
}

/// Why nothing was made ready.
pub struct Unmade {
    pub refusal: NotDone,
    /// The links that were handed over, as they were.
    pub staged: Option<Box<Served>>,
}

impl std::convert::From<NotDone> for Unmade {
    fn from(refusal: NotDone) -> Self {
        Self { refusal, staged: None }
    }
}

/// Makes it ready.
pub fn make(task: Task, state: &Path, shards: &Shards) -> Result<Ready, Unmade> {
    let Task { from, mut changes, edit, is_for_shards, room } = task;
    let before = changes.clone();
    if let Some(edit) = &edit {
        edit.check(&before)?;
        for (key, change) in edit.keys(&before) {
            changes.put(&key, change);
        }
    }
    let served = match from {
        From::Served(mut served) => {
            let (base, were) = (served.base().clone(), served.changes().clone());
            match served.lay(&changes) {
                Ok(()) => *served,
                Err(why) => {
                    drop(served);
                    let staged = Served::new(base, &were).ok().map(Box::new);
                    return Err(Unmade { refusal: NotDone::clash(why), staged });
                }
            }
        }
        From::Table(base) => {
            if let Some(room) = room {
                check_lay(&base.table, &changes, room).map_err(NotDone::from)?;
            }
            Served::new(base, &changes).map_err(NotDone::clash)?
        }
        From::Kept { generation, table, files } => {
            let base = tables::open(state, table, files).map_err(|error| {
                NotDone::new(
                    Reason::Disk,
                    format_args!(
                        "generation {generation} cannot be had again: {error:#}; nothing is \
                         changed. Roll back to another, or stage its files"
                    ),
                )
            })?;
            Served::new(Arc::new(base), &changes).map_err(NotDone::clash)?
        }
    };
    if is_for_shards {
        let caps = served.editor().links().flat_map(|link| link.cap_keys());
        let room = shards.caps().admit(caps);
        room.map_err(|why| {
            NotDone::new(Reason::NotNow, format_args!("{why}; nothing is changed"))
        })?;
    }
    let changed = before.until(&changes).count();
    let replicas = match is_for_shards {
        // Their number is known only when they are served.
        true => shards.replicate(|| served.replicate(0)).map_err(failed)?,
        false => Vec::new(),
    };
    let files = &served.base().table;
    let keys = count_keys(files, &before, &changes);
    let absent = edit.map_or(Vec::new(), |edit| absent(files, &before, &edit));
    Ok(Ready { served, replicas, changed, keys, absent, caps: Vec::new() })
}

impl Ready {
    /// Lays these changes over it in the place of its own, unless they are too many to be
    /// made one by one. Whether all are laid.
    ///
    /// # Errors
    ///
    /// As [`Served::change`]; then some are.
    pub fn lay_singly(&mut self, changes: &Changes) -> Result<bool, EditProblem> {
        let before = self.served.changes().clone();
        let mut later = before.until(changes);
        for (key, change) in later.by_ref().take(KEYS_PATCHED_MAX) {
            if let Some(patch) = self.served.change(key, change.cloned(), 0)? {
                let patch = Patch::all(vec![patch], 0);
                self.caps.extend(patch.caps());
                self.replicas.iter_mut().for_each(|links| links.apply(&patch));
            }
        }
        Ok(later.next().is_none())
    }
}
