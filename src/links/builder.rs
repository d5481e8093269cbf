//! Making a table, link by link.

use core::fmt;
use std::collections::{HashMap, HashSet};

use super::entries::{self, Entries, FORK, PREFIX, Parts};
use super::hash;
use super::index::Index;
use super::key::Key;
use super::query::{rank, shape_of};
use super::status::Status;
use super::table::{Counts, Hosts, Table};
use super::target::Checked;
use crate::limits::{LINKS_MAX, QUERY_SHAPES_MAX};

/// Where a link was written: the caller's number of its file, and its line
/// counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Number of the file.
    pub file: u32,
    /// Line within it.
    pub line: u32,
}

/// Why a good key and a good target cannot become a link of this table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddProblem {
    /// The key is there already, from this place.
    Duplicate(Origin),
    /// A redirect without a target.
    NoTarget(Status),
    /// A 410 with a target.
    GoneWithTarget,
    /// A target with `:splat` under a key that is no prefix.
    SplatWithoutPrefix,
    /// The key's path has links with too many different sets of parameters.
    TooManyShapes,
    /// The table is full.
    TableFull,
}

impl fmt::Display for AddProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddProblem::Duplicate(origin) => {
                write!(f, "this key is already defined at line {}; remove one of them", origin.line)
            }
            AddProblem::NoTarget(status) => write!(
                f,
                "a {} needs a target; write https://host/path, or status 410 for what is gone",
                status.code()
            ),
            AddProblem::GoneWithTarget => {
                write!(f, "a 410 has no target; leave out the target, or write a redirect's status")
            }
            AddProblem::SplatWithoutPrefix => write!(
                f,
                "the target has :splat but the key is no prefix; end the key with `/*`, or leave out :splat"
            ),
            AddProblem::TooManyShapes => write!(
                f,
                "links of this path use more than {QUERY_SHAPES_MAX} different sets of query parameters; use fewer"
            ),
            AddProblem::TableFull => write!(
                f,
                "the table is full: at most {LINKS_MAX} links and 16 GiB of keys and targets"
            ),
        }
    }
}

impl std::error::Error for AddProblem {}

/// A table in the making.
#[derive(Debug)]
pub struct TableBuilder {
    entries: Entries,
    index: Index,
    hosts: Hosts,
    added: Vec<Added>,
    forks: Vec<Fork>,
    /// What the forks' entries will take, bytes.
    fork_bytes: usize,
    /// From host number and path to a place in `forks`.
    fork_at: HashMap<Box<[u8]>, usize>,
    /// Room for such a key, and for a shape.
    fork_key: Vec<u8>,
    shape: Vec<u8>,
    counts: Counts,
}

/// What is remembered of a link until the table is finished.
#[derive(Clone, Copy, Debug)]
struct Added {
    hash: u64,
    reference: u32,
    origin: Origin,
}

/// A path with links that differ in their query.
#[derive(Debug)]
struct Fork {
    host: u32,
    path: Box<[u8]>,
    /// In the order of their first appearance.
    shapes: Vec<Box<[u8]>>,
}

/// What the entry of a key's fork takes if it needs one, bytes.
fn fork_size(key: &Key<'_>) -> usize {
    match key.query {
        [] => 0,
        _ => Entries::size_of(key.path, &[], &entries::fork_words(0, 0)),
    }
}

/// Where hashing of a path under this host begins. A prefix must not meet the
/// exact path that it ends with.
#[inline]
pub(super) fn seed(host: u32, prefix: bool) -> u64 {
    hash::seed(u64::from(host) << 1 | u64::from(prefix))
}

/// The hash of a key whose path has hash `path`.
#[inline]
pub(super) fn with_query(path: u64, query: &[u8]) -> u64 {
    if query.is_empty() { path } else { hash::hash(path, query) }
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
            entries: Entries::with_capacity(text_bytes + links * 22),
            index: Index::with_room(links),
            hosts: Hosts::new(),
            added: Vec::with_capacity(links),
            forks: Vec::new(),
            fork_bytes: 0,
            fork_at: HashMap::new(),
            fork_key: Vec::new(),
            shape: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Adds a link.
    ///
    /// # Errors
    /// Why it cannot be added; the table is then as it was.
    pub fn add(
        &mut self,
        key: &Key<'_>,
        status: Status,
        target: Option<Checked<'_>>,
        origin: Origin,
    ) -> Result<(), AddProblem> {
        let mut flags = if key.prefix { PREFIX } else { 0 };
        match target {
            None if status != Status::Gone => return Err(AddProblem::NoTarget(status)),
            Some(_) if status == Status::Gone => return Err(AddProblem::GoneWithTarget),
            Some(target) if target.has_splat() && !key.prefix => {
                return Err(AddProblem::SplatWithoutPrefix);
            }
            Some(target) => flags |= target.blanks(),
            None => {}
        }
        let target = target.map_or(&[][..], Checked::bytes);
        let size = Entries::size_of(key.path, key.query, target) + fork_size(key);
        if self.added.len() >= LINKS_MAX || !self.entries.have_room(self.fork_bytes + size) {
            return Err(AddProblem::TableFull);
        }
        let host = match key.nocase {
            false => self.hosts.intern(key.host),
            true => self.hosts.intern_twin(key.host),
        };
        let hash = with_query(hash::hash(seed(host, key.prefix), key.path), key.query);
        let entry =
            Parts { id: key.id(), host, status, flags, path: key.path, query: key.query, target };
        if let Some(reference) = self.twin(hash, &entry) {
            let at = self.added.partition_point(|added| added.reference < reference);
            return Err(AddProblem::Duplicate(self.added[at].origin));
        }
        if !key.query.is_empty() {
            self.add_shape(host, key)?;
        }
        let reference = self.entries.push(&entry);
        self.added.push(Added { hash, reference, origin });
        if self.added.len() > self.index.room() {
            self.grow();
        } else {
            self.index.insert(hash, reference);
        }
        if key.prefix {
            let depth = memchr::memchr_iter(b'/', key.path).count();
            self.hosts.add_depth(host, depth);
        }
        self.counts.prefixes += usize::from(key.prefix);
        self.counts.nocase += usize::from(key.nocase);
        self.counts.with_query += usize::from(!key.query.is_empty());
        self.counts.gone += usize::from(status == Status::Gone);
        Ok(())
    }

    /// The entry with the same key, if there is one.
    fn twin(&self, hash: u64, entry: &Parts<'_>) -> Option<u32> {
        let prefix = entry.flags & PREFIX;
        self.index.candidates(hash).find(|&reference| {
            let other = self.entries.get(reference);
            other.is(entry.host, prefix, entry.path, entry.query)
        })
    }

    fn add_shape(&mut self, host: u32, key: &Key<'_>) -> Result<(), AddProblem> {
        shape_of(key.query, &mut self.shape);
        self.fork_key.clear();
        self.fork_key.extend_from_slice(&host.to_le_bytes());
        self.fork_key.extend_from_slice(key.path);
        let at = match self.fork_at.get(&self.fork_key[..]) {
            Some(&at) => at,
            None => {
                self.forks.push(Fork { host, path: key.path.into(), shapes: Vec::new() });
                self.fork_bytes += fork_size(key);
                let at = self.forks.len() - 1;
                self.fork_at.insert(self.fork_key.as_slice().into(), at);
                at
            }
        };
        let shapes = &mut self.forks[at].shapes;
        if !shapes.iter().any(|shape| **shape == *self.shape) {
            if shapes.len() == QUERY_SHAPES_MAX {
                return Err(AddProblem::TooManyShapes);
            }
            shapes.push(self.shape.as_slice().into());
        }
        Ok(())
    }

    fn grow(&mut self) {
        self.index = Index::with_room(self.added.len() * 2);
        for added in &self.added {
            self.index.insert(added.hash, added.reference);
        }
    }

    /// Makes the table, with generation 0.
    pub fn finish(mut self) -> Table {
        let mut shape_lists = Vec::new();
        let mut list_at = HashMap::new();
        let mut forks = Vec::with_capacity(self.forks.len());
        // Plain links that are reached through a fork and so leave the index.
        let mut behind = HashSet::new();
        for mut fork in core::mem::take(&mut self.forks) {
            self.counts.query_shapes += fork.shapes.len();
            fork.shapes.sort_by_key(|shape| rank(shape));
            let list = *list_at.entry(fork.shapes).or_insert_with_key(|shapes: &Vec<_>| {
                shape_lists.push(shapes.clone().into_boxed_slice());
                shape_lists.len() as u32 - 1
            });
            let hash = hash::hash(seed(fork.host, false), &fork.path);
            let mut entry = Parts {
                id: 0,
                host: fork.host,
                status: Status::Gone,
                flags: 0,
                path: &fork.path,
                query: &[],
                target: &[],
            };
            let plain = self.twin(hash, &entry);
            behind.extend(plain);
            let words = entries::fork_words(plain.unwrap_or(0), list);
            entry.flags = FORK;
            entry.target = &words;
            forks.push((hash, self.entries.push(&entry)));
        }
        let mut index = Index::with_room(self.added.len() - behind.len() + forks.len());
        for added in &self.added {
            if behind.is_empty() || !behind.contains(&added.reference) {
                index.insert(added.hash, added.reference);
            }
        }
        for (hash, reference) in forks {
            index.insert(hash, reference);
        }
        self.entries.shrink();
        self.counts.links = self.added.len();
        self.counts.hosts = self.hosts.count();
        Table {
            generation: 0,
            entries: self.entries,
            index,
            hosts: self.hosts,
            shape_lists,
            counts: self.counts,
        }
    }
}
