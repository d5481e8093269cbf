//! Making a table, link by link.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::admit::{AddProblem, entry_of, kind_of};
use super::entries::{Arena, PATTERN, Parts};
use super::fork::{ForkPlace, Shapes, shape_of_key};
use super::hash::hash_of;
use super::hosts::Hosts;
use super::index::{Index, Stored};
use super::listed::Listed;
use super::shared::{Counts, Table};
use crate::limits::{INDEX_SPARE, LINKS_MAX};
use crate::links::key::Key;
use crate::links::link::{Link, Options, Origin, RuleLine, RuleLines, Status};
use crate::pace;

/// What putting a link into an index takes, about: a cache miss.
const INSERT_NS: u32 = 40;

/// What a fork takes until the table is finished, beside the bytes of its entry, about.
const FORK_BYTES: usize = 256;

/// A table in the making.
#[derive(Debug)]
pub struct TableBuilder {
    entries: Arena,
    index: Index,
    hosts: Hosts,
    added: Vec<Added>,
    forks: Vec<Fork>,
    /// What the forks' entries will take, bytes.
    fork_bytes: usize,
    /// From host number, kind and path to a place in `forks`.
    fork_at: HashMap<Box<[u8]>, usize>,
    /// Room for such a key, and for a shape.
    fork_key: Vec<u8>,
    shape: Vec<u8>,
    /// Room for the options of a link.
    options: Vec<u8>,
    counts: Counts,
}

/// What is remembered of a link until the table is finished.
#[derive(Clone, Copy, Debug)]
struct Added {
    hash: u64,
    reference: u32,
    origin: Origin,
}

/// A fork in the making.
#[derive(Debug)]
struct Fork {
    host: u32,
    kind: u8,
    path: Box<[u8]>,
    shapes: Shapes,
}

/// What a key adds to the entry of its fork, bytes, at most.
fn fork_size(key: &Key<'_>) -> usize {
    // A shape of a pattern is less than three times as long: each placeholder of at
    // least three bytes takes nine.
    let query = if key.pattern { key.path } else { key.query };
    match ForkPlace::of_key(0, key) {
        None => 0,
        Some(place) => {
            let parts = Parts { query, options: query, ..place.parts(&[0; 32]) };
            Arena::size_of(&parts) + query.len()
        }
    }
}

impl Default for TableBuilder {
    fn default() -> TableBuilder {
        TableBuilder::with_capacity(0, 0)
    }
}

impl TableBuilder {
    /// An empty table with memory set aside for so many links and so many
    /// bytes of keys and targets. Both may be wrong: it grows.
    pub fn with_capacity(links: usize, text_bytes: usize) -> TableBuilder {
        let links = links.min(LINKS_MAX);
        TableBuilder {
            // A head and the alignment, less the spaces of a line.
            entries: Arena::with_capacity(text_bytes + links * 22),
            index: Index::with_room(links),
            hosts: Hosts::new(),
            added: Vec::with_capacity(links),
            forks: Vec::new(),
            fork_bytes: 0,
            fork_at: HashMap::new(),
            fork_key: Vec::new(),
            shape: Vec::new(),
            options: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Whether some key in it has rules.
    pub(in crate::links) fn has_rules(&self) -> bool {
        self.counts.with_rules > 0
    }

    /// How many links it has.
    pub(in crate::links) fn len(&self) -> usize {
        self.added.len()
    }

    /// What it takes at most when one more link is added, while it is made and when it is
    /// served with so many copies of its index, bytes.
    pub(in crate::links) fn bytes(&self, copies: usize) -> u64 {
        let links = self.added.len() + 1;
        let grown = if links > self.index.room() { Index::bytes_for(links * 2) } else { 0 };
        let forks = self.forks.len() * FORK_BYTES + 3 * self.fork_bytes;
        let bytes = self.entries.bytes() + self.hosts.bytes() + self.index.bytes() + grown + forks;
        bytes as u64 + TableBuilder::bytes_for(links + self.forks.len(), copies)
    }

    /// What so many links take when a table of them is finished and served with so many
    /// copies of its index, beside their entries and the index they are made with, bytes.
    pub(in crate::links) fn bytes_for(links: usize, copies: usize) -> u64 {
        let indexes = Index::bytes_for(INDEX_SPARE + links) * (1 + copies);
        (indexes + links * size_of::<Added>()) as u64
    }

    /// Adds a link.
    ///
    /// # Errors
    /// Why it cannot be added; the table is then as it was.
    pub fn add(&mut self, link: &Link<'_>) -> Result<(), AddProblem> {
        let mut room = core::mem::take(&mut self.options);
        let entry = entry_of(link, &mut room);
        let added = entry.and_then(|entry| self.add_entry(&link.key, entry, link.origin));
        self.options = room;
        added
    }

    /// Adds the lines of a key that has rules. `options` are stored ones, with the rules
    /// behind them, and all else is of the first line.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub(in crate::links) fn add_lines(
        &mut self,
        key: &Key<'_>,
        id: Option<u64>,
        first: &RuleLine<'_>,
        origin: Origin,
    ) -> Result<(), AddProblem> {
        let entry = Parts {
            id: id.unwrap_or_else(|| key.id()),
            host: 0,
            status: first.status,
            flags: kind_of(key) | first.blanks,
            path: key.path,
            query: key.query,
            target: first.target,
            options: first.options,
        };
        self.add_entry(key, entry, origin)
    }

    /// Adds a link of another table.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub(in crate::links) fn add_listed(&mut self, link: &Listed<'_>) -> Result<(), AddProblem> {
        self.add_entry(&link.key(), link.parts(), Origin::default())
    }

    /// Adds an entry of a key; all but its host's number is there.
    fn add_entry(
        &mut self,
        key: &Key<'_>,
        entry: Parts<'_>,
        origin: Origin,
    ) -> Result<(), AddProblem> {
        let size = Arena::size_of(&entry) + fork_size(key);
        if self.added.len() >= LINKS_MAX || !self.entries.have_room(self.fork_bytes + size) {
            return Err(AddProblem::TableFull);
        }
        let host = self.hosts.take_key(key);
        let hash = hash_of(host, key);
        let entry = Parts { host, ..entry };
        let under_hash = || self.index.candidates(hash).map(|at| (at, self.entries.get(at)));
        if let Some((reference, _)) = under_hash().find(|(_, other)| other.has_key(host, key)) {
            let at = self.added.partition_point(|added| added.reference < reference);
            return Err(AddProblem::Duplicate(self.added[at].origin));
        }
        if let Some(place) = ForkPlace::of_key(host, key) {
            self.add_shape(&place, key)?;
        }
        let reference = self.entries.push(&entry);
        self.added.push(Added { hash, reference, origin });
        if self.added.len() > self.index.room() {
            self.grow();
        } else {
            self.index.insert(hash, reference);
        }
        self.counts.prefixes += usize::from(key.prefix);
        self.counts.placeholders += usize::from(key.pattern);
        self.counts.nocase += usize::from(key.loose.nocase);
        self.counts.slash += usize::from(key.loose.slash);
        self.counts.punctuation += usize::from(key.loose.punctuation);
        self.counts.with_query += usize::from(!key.query.is_empty());
        self.counts.gone += usize::from(entry.status == Status::Gone);
        if Options::have_rules(entry.options) {
            self.counts.with_rules += 1;
            let Parts { status, target, options, .. } = entry;
            let lines = RuleLines::of(status, target, 0, options);
            self.counts.caps += lines.filter(|line| line.rule.cap().is_some()).count();
        }
        Ok(())
    }

    fn add_shape(&mut self, place: &ForkPlace<'_>, key: &Key<'_>) -> Result<(), AddProblem> {
        let &ForkPlace { host, kind, path } = place;
        shape_of_key(key, &mut self.shape);
        self.fork_key.clear();
        self.fork_key.extend_from_slice(&host.to_le_bytes());
        self.fork_key.push(kind);
        self.fork_key.extend_from_slice(path);
        let at = match self.fork_at.get(&self.fork_key[..]) {
            Some(&at) => at,
            None => {
                let fork = Fork { host, kind, path: path.into(), shapes: Shapes::none(kind) };
                self.forks.push(fork);
                let at = self.forks.len() - 1;
                self.fork_at.insert(self.fork_key.as_slice().into(), at);
                at
            }
        };
        if self.forks[at].shapes.add(&self.shape)? {
            self.fork_bytes += fork_size(key);
        }
        Ok(())
    }

    fn grow(&mut self) {
        self.index = Index::with_room(self.added.len() * 2);
        for added in &self.added {
            self.index.insert(added.hash, added.reference);
            pace::done(INSERT_NS);
        }
    }

    /// Makes the table, with generation 0.
    pub fn finish(mut self) -> Table {
        let mut forks = Vec::with_capacity(self.forks.len());
        let mut target = Vec::new();
        // Plain links that are reached through a fork and so leave the index.
        let mut behind = HashSet::new();
        for Fork { host, kind, path, shapes } in core::mem::take(&mut self.forks) {
            let place = ForkPlace { host, kind, path: &path };
            match kind {
                PATTERN => self.counts.placeholder_shapes += shapes.len(),
                _ => self.counts.query_shapes += shapes.len(),
            }
            let hash = place.hash();
            let mut under_hash = self.index.candidates(hash);
            let plain = under_hash.find(|&at| place.is(&self.entries.get(at)));
            behind.extend(plain);
            shapes.write(plain.unwrap_or(0), &mut target);
            forks.push((hash, self.entries.push(&place.parts(&target))));
        }
        let mut index =
            Index::with_room(INDEX_SPARE + self.added.len() - behind.len() + forks.len());
        for added in &self.added {
            if behind.is_empty() || !behind.contains(&added.reference) {
                index.insert(added.hash, added.reference);
                pace::done(INSERT_NS);
            }
        }
        for (hash, reference) in forks {
            index.insert(hash, reference);
        }
        self.counts.links = self.added.len();
        self.counts.hosts = self.hosts.count();
        Table {
            generation: 0,
            entries: self.entries.finish(),
            index: Stored::Made(index),
            hosts: Arc::new(self.hosts),
            counts: self.counts,
        }
    }
}
