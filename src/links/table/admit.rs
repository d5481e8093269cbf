//! What a table may hold, whether it is made whole or changed link by link.

use core::fmt;

use super::entries::{PATTERN, PREFIX, Parts};
use crate::limits::{LINKS_MAX, PATTERN_SHAPES_MAX, QUERY_SHAPES_MAX};
use crate::links::bytes::shown;
use crate::links::key::{Key, pattern};
use crate::links::link::{Else, Link, Options, Origin, Status};
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
    /// Keys with placeholders and the same beginning have them in too many places.
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
                "keys that begin as this one does have their placeholders, or text beside them, in more than {PATTERN_SHAPES_MAX} different places; use fewer, or `/*`"
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

/// A link whose parts go together.
#[derive(Clone, Copy, Debug)]
pub(in crate::links) struct AdmittedLink<'a> {
    /// What is filled into its target.
    pub(in crate::links) blanks: u8,
    /// Empty for nowhere.
    pub(in crate::links) target: &'a [u8],
    /// As they are kept.
    pub(in crate::links) options: Options<'a>,
}

/// Checks whether the parts of a link go together.
///
/// # Errors
/// What does not.
pub(in crate::links) fn admit<'a>(link: &Link<'a>) -> Result<AdmittedLink<'a>, AddProblem> {
    let Link { key, status, target, mut options, .. } = *link;
    let mut blanks = 0;
    match target {
        None if status != Status::Gone => return Err(AddProblem::NoTarget(status)),
        Some(_) if status == Status::Gone => return Err(AddProblem::GoneWithTarget),
        Some(target) => blanks |= target.blanks(),
        None => {}
    }
    if status == Status::Gone
        && let Some(name) = options.of_redirects()
    {
        return Err(AddProblem::GoneWithOption(name));
    }
    if (blanks | options.blanks()) & SPLAT != 0 && !key.prefix {
        return Err(AddProblem::SplatWithoutPrefix);
    }
    let target = target.map_or(&[][..], CheckedTarget::bytes);
    if key.pattern && pattern::names(key.path).next().is_some() {
        let other = options.otherwise.as_ref().map_or(&[][..], |otherwise| otherwise.url);
        for url in [target, other] {
            if let Some(name) = unknown_name(key.path, url) {
                return Err(AddProblem::UnknownPlaceholder(shown(name)));
            }
        }
        if unknown_name(b"", target).is_some() {
            blanks |= NAMES;
        }
        options.otherwise = options.otherwise.map(Else::with_names);
        options.folds = key.loose.nocase && pattern::has_letters_between(key.path);
    }
    Ok(AdmittedLink { blanks, target, options })
}

/// Those flags of an entry that say what its key is.
pub(super) fn kind_of(key: &Key<'_>) -> u8 {
    (if key.prefix { PREFIX } else { 0 }) | (if key.pattern { PATTERN } else { 0 })
}

/// The entry of a link, if its parts go together; all but its host's number is there.
/// Its options are written into `room`.
pub(super) fn entry_of<'a>(
    link: &Link<'a>,
    room: &'a mut Vec<u8>,
) -> Result<Parts<'a>, AddProblem> {
    let AdmittedLink { blanks, target, options } = admit(link)?;
    options.store(room);
    let Link { key, status, .. } = *link;
    Ok(Parts {
        id: options.id.unwrap_or_else(|| key.id()),
        host: 0,
        status,
        flags: kind_of(&key) | blanks,
        path: key.path,
        query: key.query,
        target,
        options: room,
    })
}
