//! Making a table, link by link.

use core::fmt;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::entries::{self, Arena, Entry, PATTERN, PREFIX, Parts, fork_of};
use super::hash::{hash, hash_of, seed};
use super::hosts::Hosts;
use super::index::{Index, Stored};
use super::listed::Listed;
use super::shared::{Counts, Table};
use crate::limits::{
    INDEX_SPARE, LINKS_MAX, PATTERNS_MAX, QUERY_SHAPES_BYTES_MAX, QUERY_SHAPES_MAX,
};
use crate::links::bytes::shown;
use crate::links::key::Key;
use crate::links::key::pattern;
use crate::links::key::query::{rank, shape_of};
use crate::links::link::{Else, Link, Origin, Status};
use crate::links::targets::{Checked, NAMES, SPLAT, unknown_name};
use crate::pace;

/// What putting a link into an index takes, about: a cache miss.
const INSERT_NS: u32 = 40;

/// Why a good key and a good target cannot become a link of this table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddProblem {
    /// The key is there already, from this place.
    Duplicate(Origin),
    /// A redirect without a target.
    NoTarget(Status),
    /// A 410 with a target.
    GoneWithTarget,
    /// A 410 with this option, which says nothing of what is gone.
    GoneWithOption(&'static str),
    /// A target with `:splat` under a key that is no prefix.
    SplatWithoutPrefix,
    /// A target with `:name` under a key whose placeholders have other names.
    UnknownPlaceholder(String),
    /// There are too many keys with placeholders and the same beginning.
    TooManyPatterns,
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
            AddProblem::GoneWithOption(name) => write!(
                f,
                "{name}= says nothing of a 410, which sends nobody anywhere; leave it out, or write a redirect's status and a target"
            ),
            AddProblem::SplatWithoutPrefix => write!(
                f,
                "the target has :splat but the key is no prefix; end the key with `/*`, or leave out :splat"
            ),
            AddProblem::UnknownPlaceholder(name) => write!(
                f,
                "the target has `:{name}` but the key has no such placeholder; write a name that it has, or %3A for the colon"
            ),
            AddProblem::TooManyPatterns => write!(
                f,
                "more than {PATTERNS_MAX} keys with placeholders begin as this one does; use fewer, or `/*`"
            ),
            AddProblem::TooManyShapes => write!(
                f,
                "links of this path use more than {QUERY_SHAPES_MAX} different sets of query parameters, or very long ones; use fewer"
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
    entries: Arena,
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

/// A path with links that differ in their query.
#[derive(Debug)]
struct Fork {
    host: u32,
    path: Box<[u8]>,
    shapes: Vec<Box<[u8]>>,
    /// Bytes of all of them, with what parts them.
    shape_bytes: usize,
}

/// What a key adds to the entry of its path's fork, bytes, at most.
fn fork_size(key: &Key<'_>) -> usize {
    match key.query {
        [] => 0,
        query => Arena::size_of(&Parts { query, ..fork_of(0, key.path, &[0; 8]) }),
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

    /// Adds a link.
    ///
    /// # Errors
    /// Why it cannot be added; the table is then as it was.
    pub fn add(&mut self, link: &Link<'_>) -> Result<(), AddProblem> {
        let Link { key, status, target, options, origin } = link;
        let (key, status) = (key, *status);
        let mut flags = if key.prefix { PREFIX } else { 0 } | if key.pattern { PATTERN } else { 0 };
        match target {
            None if status != Status::Gone => return Err(AddProblem::NoTarget(status)),
            Some(_) if status == Status::Gone => return Err(AddProblem::GoneWithTarget),
            Some(target) => flags |= target.blanks(),
            None => {}
        }
        if status == Status::Gone
            && let Some(name) = options.of_redirects()
        {
            return Err(AddProblem::GoneWithOption(name));
        }
        if (flags | options.blanks()) & SPLAT != 0 && !key.prefix {
            return Err(AddProblem::SplatWithoutPrefix);
        }
        let target = target.map_or(&[][..], Checked::bytes);
        let mut options = *options;
        if key.pattern {
            let other = options.otherwise.as_ref().map_or(&[][..], |otherwise| otherwise.url);
            for url in [target, other] {
                if let Some(name) = unknown_name(key.path, url) {
                    return Err(AddProblem::UnknownPlaceholder(shown(name)));
                }
            }
            if unknown_name(b"", target).is_some() {
                flags |= NAMES;
            }
            options.otherwise = options.otherwise.map(Else::with_names);
        }
        let mut stored = core::mem::take(&mut self.options);
        options.store(&mut stored);
        let entry = Parts {
            id: options.id.unwrap_or_else(|| key.id()),
            host: 0,
            status,
            flags,
            path: key.path,
            query: key.query,
            target,
            options: &stored,
        };
        let added = self.add_entry(key, entry, *origin);
        self.options = stored;
        added
    }

    /// Adds a link of another table.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub(super) fn add_listed(&mut self, link: &Listed<'_>) -> Result<(), AddProblem> {
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
        if let Some(reference) = self.twin(hash, &entry) {
            let at = self.added.partition_point(|added| added.reference < reference);
            return Err(AddProblem::Duplicate(self.added[at].origin));
        }
        if key.pattern && self.patterns(hash, host, key.literal()).count() == PATTERNS_MAX {
            return Err(AddProblem::TooManyPatterns);
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
        self.counts.prefixes += usize::from(key.prefix);
        self.counts.placeholders += usize::from(key.pattern);
        self.counts.nocase += usize::from(key.nocase);
        self.counts.with_query += usize::from(!key.query.is_empty());
        self.counts.gone += usize::from(entry.status == Status::Gone);
        Ok(())
    }

    /// The entry with the same key, if there is one.
    fn twin(&self, hash: u64, entry: &Parts<'_>) -> Option<u32> {
        if entry.flags & PATTERN != 0 {
            let literal = pattern::literal(entry.path);
            let mut patterns = self.patterns(hash, entry.host, literal);
            let twin = patterns.find(|(_, other)| {
                let ends = other.has(PREFIX) == (entry.flags & PREFIX != 0);
                ends && pattern::is_same(other.path(), entry.path)
            });
            return twin.map(|(reference, _)| reference);
        }
        let prefix = entry.flags & PREFIX;
        self.index.candidates(hash).find(|&reference| {
            let other = self.entries.get(reference);
            other.is(entry.host, prefix, entry.path, entry.query)
        })
    }

    /// The entries of keys with placeholders behind this beginning.
    fn patterns(
        &self,
        hash: u64,
        host: u32,
        literal: &[u8],
    ) -> impl Iterator<Item = (u32, Entry<'_>)> {
        let candidates = self.index.candidates(hash);
        let entries = candidates.map(|reference| (reference, self.entries.get(reference)));
        entries.filter(move |(_, entry)| {
            let is_pattern = entry.has(PATTERN) && entry.host() == host;
            is_pattern && pattern::literal(entry.path()) == literal
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
                let fork = Fork { host, path: key.path.into(), shapes: Vec::new(), shape_bytes: 0 };
                self.forks.push(fork);
                let at = self.forks.len() - 1;
                self.fork_at.insert(self.fork_key.as_slice().into(), at);
                at
            }
        };
        let fork = &mut self.forks[at];
        if !fork.shapes.iter().any(|shape| **shape == *self.shape) {
            let bytes = fork.shape_bytes + 1 + self.shape.len();
            if fork.shapes.len() == QUERY_SHAPES_MAX || bytes > QUERY_SHAPES_BYTES_MAX {
                return Err(AddProblem::TooManyShapes);
            }
            fork.shape_bytes = bytes;
            fork.shapes.push(self.shape.as_slice().into());
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
        for mut fork in core::mem::take(&mut self.forks) {
            self.counts.query_shapes += fork.shapes.len();
            fork.shapes.sort_by(|a, b| rank(a).cmp(&rank(b)));
            let hash = hash(seed(fork.host, false), &fork.path);
            let plain = self.twin(hash, &Parts { flags: 0, ..fork_of(fork.host, &fork.path, &[]) });
            behind.extend(plain);
            entries::write_fork(plain.unwrap_or(0), &fork.shapes, &mut target);
            let entry = fork_of(fork.host, &fork.path, &target);
            forks.push((hash, self.entries.push(&entry)));
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
