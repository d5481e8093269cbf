//! Making ready what is to be served next, beside the serving: that takes seconds where
//! there are millions of links or changes.

use std::path::Path;
use std::sync::Arc;

use super::editing::CheckedEdit;
use super::not_done::{NotDone, Reason};
use super::sentences::failed;
use super::served::Served;
use super::tables;
use crate::control::shards::Shards;
use crate::links::{Change, Changes, EditProblem, Links, Patch};
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
}

/// Makes it ready.
pub fn make(task: Task, state: &Path, shards: &Shards) -> Result<Ready, NotDone> {
    let Task { from, mut changes, edit, is_for_shards } = task;
    let before = changes.clone();
    if let Some(edit) = edit {
        for (key, change) in edit.keys(&before) {
            changes.put(&key, change);
        }
    }
    let served = match from {
        From::Served(mut served) => {
            served.lay(&changes).map_err(NotDone::clash)?;
            *served
        }
        From::Table(base) => Served::new(base, &changes).map_err(NotDone::clash)?,
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
    let changed = before.until(&changes).count();
    let replicas = match is_for_shards {
        // Their number is known only when they are served.
        true => shards.replicate(|| served.replicate(0)).map_err(failed)?,
        false => Vec::new(),
    };
    Ok(Ready { served, replicas, changed })
}

impl Ready {
    /// Lays one more change over it, which came while it was made.
    ///
    /// # Errors
    ///
    /// As [`Served::change`].
    pub fn change(&mut self, key: &str, change: Option<Change>) -> Result<(), EditProblem> {
        if let Some(patch) = self.served.change(key, change, 0)? {
            let patch = Patch::all(vec![patch], 0);
            self.replicas.iter_mut().for_each(|links| links.apply(&patch));
        }
        Ok(())
    }
}
