//! The links that one shard answers from.

use std::sync::Arc;

use super::entries::{Entry, NOTHING};
use super::hit::Hit;
use super::hosts::Hosts;
use super::index::Index;
use super::listed::Listed;
use super::patch::Patch;
use super::shared::Table;

/// The links as one shard holds them: the table, which all shards share, and
/// an index of its own.
#[derive(Clone, Debug)]
pub struct Links {
    pub(super) table: Arc<Table>,
    pub(super) index: Index,
    pub(super) generation: u32,
    /// The table's, or those of the last [`Patch`] that added one.
    pub(super) hosts: Arc<Hosts>,
    /// Entries that are not in the table: references go on here behind its end.
    pub(super) patched: Vec<Option<Arc<[u8]>>>,
}

impl Links {
    /// A shard's links over `table`. Copies the index; call it on the core that
    /// will use it, so that the copy lies in that core's memory.
    pub fn replicate(table: &Arc<Table>) -> Links {
        Links {
            table: Arc::clone(table),
            index: table.index.copy(),
            generation: table.generation(),
            hosts: Arc::clone(&table.hosts),
            patched: Vec::new(),
        }
    }

    /// The same links under this number: a table can be served again.
    #[must_use]
    pub fn with_generation(self, generation: u32) -> Links {
        Links { generation, ..self }
    }

    /// The number under which they are served; every click carries it.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The table behind them.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// Makes the change of a patch. They are links of the table that the patch's
    /// [`Editor`](super::Editor) was made for, and have every earlier patch of it.
    pub fn apply(&mut self, patch: &Patch) {
        self.generation = patch.generation;
        for &(at, slot) in &patch.slots {
            self.index.write(at, slot);
        }
        for (number, entry) in &patch.entries {
            if self.patched.len() <= *number {
                self.patched.resize(*number + 1, None);
            }
            self.patched[*number].clone_from(entry);
        }
        if let Some(hosts) = &patch.hosts {
            self.hosts = Arc::clone(hosts);
        }
    }

    /// The link of a hit, with its key.
    #[must_use]
    pub fn link<'a>(&'a self, hit: &Hit<'a>) -> Option<Listed<'a>> {
        Listed::of(hit.entry, &self.hosts)
    }

    #[inline]
    pub(super) fn get(&self, reference: u32) -> Entry<'_> {
        match self.table.entries.get(reference) {
            Some(entry) => entry,
            None => self.patched(reference),
        }
    }

    #[cold]
    fn patched(&self, reference: u32) -> Entry<'_> {
        let number = reference.checked_sub(self.table.entries.end());
        let bytes = number.and_then(|number| self.patched.get(number as usize)?.as_deref());
        bytes.and_then(Entry::of_bytes).unwrap_or(NOTHING)
    }
}
