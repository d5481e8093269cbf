//! Changing single links of a table that shards are answering from.
//!
//! The control side has an [`Editor`]: the table's links as each shard has them.
//! What it changes it writes down as a [`Patch`], and every shard that applies the
//! patches in their order has the same links again. A patch names places in index
//! and entries, so applying it searches for nothing and cannot fail.
//!
//! Entries of a table never change. New ones lie by themselves, under references
//! behind the table's end that are used again when they are free. An index slot
//! whose link is gone is marked as emptied and filled again later. What becomes
//! superfluous (hosts, depths, sets of parameters) stays until the links are
//! [folded](Editor::fold) into a new table: it makes no answer wrong.

use core::fmt;
use std::collections::HashSet;
use std::sync::Arc;

use super::admit::AddProblem;
use super::builder::TableBuilder;
use super::entries::{self, FORK, Parts};
use super::find::LookupScratch;
use super::fork::{ForkPlace, Shapes, shape_of_key};
use super::hash::hash_of;
use super::index::slot_of;
use super::links::Links;
use super::listed::Listed;
use super::patch::Patch;
use super::shared::Table;
use super::snapshot::{self, Snapshot};
use crate::limits::{PATCHED_ENTRIES_CROWDED, PATCHED_ENTRIES_MAX};
use crate::links::key::Key;
use crate::links::key::path::normalise;

/// Why a link cannot be set or unset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditProblem {
    /// What is wrong with the line or key, and its remedy.
    Refused(String),
    /// There is no room left for patches; the links are to be
    /// [folded](Editor::fold) first.
    Crowded,
}

impl fmt::Display for EditProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EditProblem::Refused(message) => f.write_str(message),
            EditProblem::Crowded => {
                f.write_str("too many links were changed one by one; reload the links first")
            }
        }
    }
}

impl std::error::Error for EditProblem {}

/// The links of a table and what was changed of them since; `edit.rs`
/// says how. It takes as much memory as one shard's index.
#[derive(Debug)]
pub struct Editor {
    links: Links,
    /// References of the table's entries that are no longer in use.
    gone: Arc<HashSet<u32>>,
    /// Numbers of patched entries that are free.
    free: Vec<usize>,
    /// Slots of the index that are not empty.
    used: usize,
    count: usize,
    patch: Patch,
}

impl Editor {
    /// An editor of the links that [`Links::replicate`] makes of this table.
    #[must_use]
    pub fn new(table: &Arc<Table>) -> Editor {
        let links = Links::replicate(table);
        Editor {
            used: links.index.used(),
            count: table.len(),
            links,
            gone: Arc::default(),
            free: Vec::new(),
            patch: Patch::default(),
        }
    }

    /// The table whose links they are, but for what was changed.
    #[must_use]
    pub fn table(&self) -> &Arc<Table> {
        self.links.table()
    }

    /// The links as they are now, for a new shard.
    #[must_use]
    pub fn links_for_shard(&self) -> Links {
        self.links.clone()
    }

    /// The links as they are now, to be asked.
    #[must_use]
    pub fn served(&self) -> &Links {
        &self.links
    }

    /// The links as they are now, to be looked at while these are changed on.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.links, &self.gone, self.count)
    }

    /// The link that answers a request for this path, which need not be normalised, on
    /// this host. It is looked up as a shard does, and nothing is copied.
    #[must_use]
    pub fn answering(&self, host: &[u8], path: &[u8], query: Option<&[u8]>) -> Option<Listed<'_>> {
        let mut room = Vec::new();
        let path = normalise(path, &mut room);
        let ask = self.links.ask(host, path);
        let hit = self.links.find(&ask, path, query, &mut LookupScratch::default())?;
        self.links.link(&hit)
    }

    /// How many links there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Every link there is: first those of the table in their order, then those that
    /// were set.
    pub fn links(&self) -> impl Iterator<Item = Listed<'_>> {
        let Links { table, hosts, patched, .. } = &self.links;
        snapshot::all(table, hosts, patched, &self.gone)
    }

    /// Whether it is time to [fold](Self::fold): there is room for as many patches
    /// again, but no longer for many more.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        let (used, used_max) = (self.used, self.links.index.used_max());
        let room = self.links.index.room();
        self.links.patched.len() - self.free.len() > PATCHED_ENTRIES_CROWDED
            || used > room + used_max.saturating_sub(room) / 2
    }

    /// A table of its own with all links, and the generation of the last patch.
    ///
    /// # Errors
    /// When they do not fit into one.
    pub fn fold(&self) -> Result<Table, AddProblem> {
        let bytes = self.links.table.entries.bytes();
        // An entry's head is counted by the builder.
        let mut builder =
            TableBuilder::with_capacity(self.count, bytes - 20 * self.count.min(bytes / 20));
        for link in self.links() {
            builder.add_listed(&link)?;
        }
        Ok(builder.finish().with_generation(self.links.generation))
    }

    /// Sets a link of another table, whether or not its key has one already.
    ///
    /// # Errors
    /// Why it cannot be; then nothing is changed.
    pub(in crate::links) fn put(
        &mut self,
        link: &Listed<'_>,
        generation: u32,
    ) -> Result<Patch, EditProblem> {
        self.has_room()?;
        self.put_link(link)?;
        Ok(self.finish(generation))
    }

    /// Takes the link with this key away. `None` if there is none.
    ///
    /// # Errors
    /// Why it cannot be; then nothing is changed.
    pub(in crate::links) fn take(
        &mut self,
        key: &Key<'_>,
        generation: u32,
    ) -> Result<Option<Patch>, EditProblem> {
        self.has_room()?;
        Ok(self.take_link(key).then(|| self.finish(generation)))
    }

    fn finish(&mut self, generation: u32) -> Patch {
        self.links.generation = generation;
        Patch { generation, ..core::mem::take(&mut self.patch) }
    }

    /// Whether so many changes, or their undoing, are never refused as
    /// [crowded](EditProblem::Crowded).
    #[must_use]
    pub fn has_room_for(&self, changes: usize) -> bool {
        // Each takes up to two new entries and two slots.
        let (entries, more) = (self.links.patched.len() - self.free.len(), 2 * changes);
        entries + more <= PATCHED_ENTRIES_MAX && self.used + more <= self.links.index.used_max()
    }

    fn has_room(&self) -> Result<(), EditProblem> {
        if self.has_room_for(1) { Ok(()) } else { Err(EditProblem::Crowded) }
    }

    fn put_link(&mut self, link: &Listed<'_>) -> Result<(), EditProblem> {
        let key = link.key();
        let shapes = self.shapes_with(&key);
        let shapes = shapes.map_err(|problem| EditProblem::Refused(problem.to_string()))?;
        let host = match self.links.hosts.of_key(&key) {
            Some(host) => host,
            None => {
                let mut hosts = (*self.links.hosts).clone();
                let host = hosts.take_key(&key);
                let hosts = Arc::new(hosts);
                self.patch.hosts = Some(Arc::clone(&hosts));
                self.patch.old_hosts = Some(core::mem::replace(&mut self.links.hosts, hosts));
                host
            }
        };
        let hash = hash_of(host, &key);
        let entry = Parts { host, ..link.parts() };
        match self.find(hash, host, &key) {
            Some((at, reference)) if self.links.get(reference).has(FORK) => {
                let (plain, _) = self.links.get(reference).fork();
                self.count += usize::from(plain == 0);
                let new = self.place(plain, &entry);
                if new != plain {
                    self.change_fork(at, hash, reference, |plain, _| *plain = new);
                }
            }
            Some((at, reference)) => {
                let new = self.place(reference, &entry);
                self.write(at, slot_of(hash, new));
            }
            None => {
                self.count += 1;
                let new = self.place(0, &entry);
                self.insert(hash, new);
            }
        }
        if let (Some(shapes), Some(place)) = (shapes, ForkPlace::of_key(host, &key)) {
            self.fork(&place, shapes);
        }
        Ok(())
    }

    /// The shapes that the fork of a key is to have; `None` if it needs none, or none
    /// that it does not have.
    fn shapes_with(&self, key: &Key<'_>) -> Result<Option<Shapes>, AddProblem> {
        let host = self.links.hosts.of_key(key);
        let Some(place) = ForkPlace::of_key(host.unwrap_or_default(), key) else {
            return Ok(None);
        };
        let fork = host.and_then(|_| self.find_fork(place.hash(), &place));
        let fork = fork.map(|(_, reference)| self.links.get(reference));
        let mut shapes = match fork {
            Some(entry) if entry.has(FORK) => Shapes::of(&entry),
            _ => Shapes::none(place.kind),
        };
        let mut shape = Vec::new();
        shape_of_key(key, &mut shape);
        Ok(shapes.add(&shape)?.then_some(shapes))
    }

    /// Gives the links that a fork leads to these shapes.
    fn fork(&mut self, place: &ForkPlace<'_>, shapes: Shapes) {
        let hash = place.hash();
        match self.find_fork(hash, place) {
            Some((at, reference)) if self.links.get(reference).has(FORK) => {
                self.change_fork(at, hash, reference, |_, own| *own = shapes);
            }
            found => {
                let plain = found.map_or(0, |(_, reference)| reference);
                let mut target = Vec::new();
                shapes.write(plain, &mut target);
                let new = self.place(0, &place.parts(&target));
                match found {
                    Some((at, _)) => self.write(at, slot_of(hash, new)),
                    None => self.insert(hash, new),
                }
            }
        }
    }

    fn change_fork(
        &mut self,
        at: usize,
        hash: u64,
        reference: u32,
        change: impl FnOnce(&mut u32, &mut Shapes),
    ) {
        let entry = self.links.get(reference);
        let (mut plain, mut shapes) = (entry.fork().0, Shapes::of(&entry));
        change(&mut plain, &mut shapes);
        let ForkPlace { host, kind, path } = ForkPlace::of_entry(&entry);
        let path = path.to_vec();
        let mut target = Vec::new();
        shapes.write(plain, &mut target);
        let new = self.place(reference, &ForkPlace { host, kind, path: &path }.parts(&target));
        self.write(at, slot_of(hash, new));
    }

    fn take_link(&mut self, key: &Key<'_>) -> bool {
        let Some(host) = self.links.hosts.of_key(key) else {
            return false;
        };
        let hash = hash_of(host, key);
        let Some((at, reference)) = self.find(hash, host, key) else {
            return false;
        };
        let gone = match self.links.get(reference) {
            entry if entry.has(FORK) => {
                let (plain, _) = entry.fork();
                if plain != 0 {
                    self.change_fork(at, hash, reference, |plain, _| *plain = 0);
                }
                plain
            }
            _ => {
                let emptied = self.links.index.emptied(at);
                self.used -= usize::from(emptied == 0);
                self.write(at, emptied);
                reference
            }
        };
        if gone == 0 {
            return false;
        }
        self.count -= 1;
        self.release(gone);
        true
    }

    /// The slot and reference of the entry with this key; of one without a query it
    /// may be a fork.
    fn find(&self, hash: u64, host: u32, key: &Key<'_>) -> Option<(usize, u32)> {
        self.links
            .index
            .slots(hash)
            .find(|&(_, reference)| self.links.get(reference).has_key(host, key))
    }

    /// The slot and reference of the fork there, or of the link that it would take the
    /// place of.
    fn find_fork(&self, hash: u64, place: &ForkPlace<'_>) -> Option<(usize, u32)> {
        self.links.index.slots(hash).find(|&(_, reference)| place.is(&self.links.get(reference)))
    }

    /// Stores an entry in place of another, or of none (0), and gives its reference.
    fn place(&mut self, old: u32, entry: &Parts<'_>) -> u32 {
        let base = self.links.table.entries.end();
        let number = match old.checked_sub(base) {
            Some(number) => number as usize,
            None => {
                if old != 0 {
                    Arc::make_mut(&mut self.gone).insert(old);
                }
                self.free.pop().unwrap_or(self.links.patched.len())
            }
        };
        self.put_entry(number, Some(entries::alone(entry)));
        // There is room: at most PATCHED_ENTRIES_MAX behind the last of a table.
        base + number as u32
    }

    /// The entry of a link that is gone is no longer needed.
    fn release(&mut self, reference: u32) {
        match reference.checked_sub(self.links.table.entries.end()) {
            None => {
                Arc::make_mut(&mut self.gone).insert(reference);
            }
            Some(number) => {
                self.put_entry(number as usize, None);
                self.free.push(number as usize);
            }
        }
    }

    fn put_entry(&mut self, number: usize, entry: Option<Arc<[u8]>>) {
        if self.links.patched.len() <= number {
            self.links.patched.resize(number + 1, None);
        }
        let old = core::mem::replace(&mut self.links.patched[number], entry.clone());
        self.patch.old_entries.extend(old);
        self.patch.entries.push((number, entry));
    }

    fn insert(&mut self, hash: u64, reference: u32) {
        let at = self.links.index.vacancy(hash);
        self.used += usize::from(self.links.index.slot(at) == 0);
        self.write(at, slot_of(hash, reference));
    }

    fn write(&mut self, at: usize, slot: u64) {
        if self.links.index.slot(at) != slot {
            self.links.index.write(at, slot);
            self.patch.slots.push((at, slot));
        }
    }
}

#[cfg(test)]
mod tests;
