//! Forks: entries that are no links, but say where links are that one look-up cannot find.
//!
//! A fork of queries lies where a path or a `/*` prefix does of which some links differ
//! only in their query, and has the sets of parameters that they ask for. A fork of
//! patterns lies at their literal beginning, and has their shapes. Both have them in the
//! order in which they are tried, so that the first that is found answers.

use core::cmp::Ordering;

use super::admit::AddProblem;
use super::entries::{Entry, FORK, PATTERN, PREFIX, Parts};
use super::hash::{hash, seed};
use crate::limits::{
    PATTERN_SHAPES_BYTES_MAX, PATTERN_SHAPES_MAX, QUERY_SHAPES_BYTES_MAX, QUERY_SHAPES_MAX,
};
use crate::links::key::query::{rank, shape_of};
use crate::links::key::{Key, pattern, shape};
use crate::links::link::Status;

// A size stands before each.
const _: () = assert!(4 + QUERY_SHAPES_BYTES_MAX + 2 * QUERY_SHAPES_MAX <= u16::MAX as usize);
const _: () = assert!(4 + PATTERN_SHAPES_BYTES_MAX + 2 * PATTERN_SHAPES_MAX <= u16::MAX as usize);

/// Where a fork lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct ForkPlace<'a> {
    pub(super) host: u32,
    /// That of the links that it leads to: 0, [`PREFIX`] or, for a fork of patterns,
    /// [`PATTERN`].
    pub(super) kind: u8,
    pub(super) path: &'a [u8],
}

impl<'a> ForkPlace<'a> {
    /// That of the fork that leads to a key, whose host has this number; `None` if it is
    /// found without one.
    pub(super) fn of_key(host: u32, key: &Key<'a>) -> Option<ForkPlace<'a>> {
        let kind = match key {
            Key { pattern: true, .. } => PATTERN,
            Key { query: [], .. } => return None,
            Key { prefix: true, .. } => PREFIX,
            _ => 0,
        };
        Some(ForkPlace { host, kind, path: key.literal() })
    }

    /// That of a fork that is there.
    pub(super) fn of_entry(entry: &Entry<'a>) -> ForkPlace<'a> {
        ForkPlace { host: entry.host(), kind: entry.kind(), path: entry.path() }
    }

    /// The hash by which it is found.
    pub(super) fn hash(&self) -> u64 {
        hash(seed(self.host, self.kind != 0), self.path)
    }

    /// Whether the fork is this entry, or would take its place: the link of queries'
    /// path without one.
    pub(super) fn is(&self, entry: &Entry<'_>) -> bool {
        let is_there = entry.is(self.host, self.kind, self.path, &[]);
        is_there && (self.kind != PATTERN || entry.has(FORK))
    }

    /// The entry of a fork there, whose target [`write_fork`] wrote.
    pub(super) fn parts(&self, words: &'a [u8]) -> Parts<'a> {
        Parts {
            id: 0,
            host: self.host,
            status: Status::Gone,
            flags: FORK | self.kind,
            path: self.path,
            query: &[],
            target: words,
            options: &[],
        }
    }
}

/// Writes what a fork has to have for a key into `out`.
pub(super) fn shape_of_key(key: &Key<'_>, out: &mut Vec<u8>) {
    match key.pattern {
        true => pattern::write_shape(key.path, key.prefix, out),
        false => shape_of(key.query, out),
    }
}

/// The shapes of a fork, in the order in which they are tried.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    of_patterns: bool,
    sorted: Vec<Box<[u8]>>,
    /// Of all of them.
    bytes: usize,
}

impl Shapes {
    /// None, for a fork of this kind.
    pub(super) fn none(kind: u8) -> Shapes {
        Shapes { of_patterns: kind == PATTERN, ..Shapes::default() }
    }

    /// Those of a fork.
    pub(super) fn of(entry: &Entry<'_>) -> Shapes {
        let sorted: Vec<Box<[u8]>> = entry.fork().1.map(Box::from).collect();
        let bytes = sorted.iter().map(|shape| shape.len()).sum();
        Shapes { of_patterns: entry.kind() == PATTERN, sorted, bytes }
    }

    fn order(&self, one: &[u8], other: &[u8]) -> Ordering {
        if self.of_patterns { shape::order(one, other) } else { rank(one).cmp(&rank(other)) }
    }

    /// Adds one. Says whether it is new.
    pub(super) fn add(&mut self, shape: &[u8]) -> Result<bool, AddProblem> {
        let Err(at) = self.sorted.binary_search_by(|known| self.order(known, shape)) else {
            return Ok(false);
        };
        let bytes = self.bytes + shape.len();
        let (count_max, bytes_max, problem) = match self.of_patterns {
            true => (PATTERN_SHAPES_MAX, PATTERN_SHAPES_BYTES_MAX, AddProblem::TooManyPatterns),
            false => (QUERY_SHAPES_MAX, QUERY_SHAPES_BYTES_MAX, AddProblem::TooManyShapes),
        };
        if self.sorted.len() == count_max || bytes > bytes_max {
            return Err(problem);
        }
        self.bytes = bytes;
        self.sorted.insert(at, shape.into());
        Ok(true)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Writes the target of a fork into `out`: the reference of the link without a query
    /// or 0, and the shapes, each behind its size.
    pub(super) fn write(&self, plain: u32, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&plain.to_le_bytes());
        for shape in &self.sorted {
            out.extend_from_slice(&(shape.len() as u16).to_le_bytes());
            out.extend_from_slice(shape);
        }
    }
}
