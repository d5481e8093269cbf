//! What a table may hold, whether it is made whole or changed link by link.

use core::fmt;

use super::entries::{Entry, PATTERN, PREFIX, Parts};
use crate::limits::{LINKS_MAX, PATTERNS_MAX, QUERY_SHAPES_BYTES_MAX, QUERY_SHAPES_MAX};
use crate::links::bytes::shown;
use crate::links::key::query::rank;
use crate::links::key::{Key, pattern};
use crate::links::link::{Else, Link, Origin, Status};
use crate::links::targets::{CheckedTarget, NAMES, SPLAT, unknown_name};

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

/// The entry of a link, if its parts go together; all but its host's number is there.
/// Its options are written into `room`.
pub(super) fn entry_of<'a>(
    link: &Link<'a>,
    room: &'a mut Vec<u8>,
) -> Result<Parts<'a>, AddProblem> {
    let Link { key, status, target, mut options, .. } = *link;
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
    let target = target.map_or(&[][..], CheckedTarget::bytes);
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
    options.store(room);
    Ok(Parts {
        id: options.id.unwrap_or_else(|| key.id()),
        host: 0,
        status,
        flags,
        path: key.path,
        query: key.query,
        target,
        options: room,
    })
}

/// Whether a new key, if it has placeholders, may lie beside those of its host with the
/// same beginning. They are among the entries that lie under its hash.
pub(super) fn pattern_beside<'a>(
    key: &Key<'_>,
    host: u32,
    under_hash: impl Iterator<Item = Entry<'a>>,
) -> Result<(), AddProblem> {
    let is_beside = |entry: &Entry<'_>| {
        let is_pattern = entry.has(PATTERN) && entry.host() == host;
        is_pattern && pattern::literal(entry.path()) == key.literal()
    };
    let is_full =
        key.pattern && under_hash.filter(is_beside).take(PATTERNS_MAX).count() == PATTERNS_MAX;
    if is_full { Err(AddProblem::TooManyPatterns) } else { Ok(()) }
}

/// The sets of parameters by which the links of one path are told apart, in the order
/// in which they are tried.
#[derive(Debug, Default)]
pub(super) struct QueryShapes {
    sorted: Vec<Box<[u8]>>,
    /// Of all of them, with what parts them.
    bytes: usize,
}

impl QueryShapes {
    /// Those of a fork.
    pub(super) fn of<'a>(shapes: impl Iterator<Item = &'a [u8]>) -> QueryShapes {
        let sorted: Vec<Box<[u8]>> = shapes.map(Box::from).collect();
        QueryShapes { bytes: sorted.iter().map(|shape| shape.len() + 1).sum(), sorted }
    }

    /// Adds one. Says whether it is new.
    pub(super) fn add(&mut self, shape: &[u8]) -> Result<bool, AddProblem> {
        let Err(at) = self.sorted.binary_search_by(|known| rank(known).cmp(&rank(shape))) else {
            return Ok(false);
        };
        let bytes = self.bytes + shape.len() + 1;
        if self.sorted.len() == QUERY_SHAPES_MAX || bytes > QUERY_SHAPES_BYTES_MAX {
            return Err(AddProblem::TooManyShapes);
        }
        self.bytes = bytes;
        self.sorted.insert(at, shape.into());
        Ok(true)
    }

    /// In the order in which they are tried.
    pub(super) fn sorted(&self) -> &[Box<[u8]>] {
        &self.sorted
    }
}
