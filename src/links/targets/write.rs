//! From a target and a request to a `Location`.

use core::fmt;
use std::sync::Arc;

use super::blanks::{Blank, CLICK_ID, NAMES, SPLAT, next_blank};
use super::check::CheckedTarget;
use super::parameters::{QueryRule, join};
use super::visit::{UrlPart, Visit};
use crate::limits::{CLICK_ID_BYTES, LOCATION_BYTES_MAX};

/// What stands for a click id that is not known yet.
const ID_UNKNOWN: [u8; CLICK_ID_BYTES] = [b'0'; CLICK_ID_BYTES];

/// The `Location` would be longer than [`LOCATION_BYTES_MAX`]: the visitor
/// sent too much of what the target asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the location would be longer than {LOCATION_BYTES_MAX} bytes")
    }
}

impl std::error::Error for TooLong {}

/// The target of a link that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    bytes: &'a [u8],
    blanks: u8,
    query: QueryRule,
}

impl<'a> From<CheckedTarget<'a>> for Target<'a> {
    fn from(checked: CheckedTarget<'a>) -> Target<'a> {
        Target::stored(checked.bytes, checked.blanks)
    }
}

impl<'a> Target<'a> {
    /// What a table kept of a [`CheckedTarget`] target; empty for a 410.
    #[inline]
    pub(in crate::links) const fn stored(bytes: &'a [u8], blanks: u8) -> Target<'a> {
        Target { bytes, blanks, query: QueryRule::Drop }
    }

    /// That of a link which is gone.
    pub(in crate::links) const fn none() -> Target<'a> {
        Target::stored(&[], 0)
    }

    /// The same with this rule for what a visitor sends.
    #[must_use]
    pub(in crate::links) fn with_query(self, query: QueryRule) -> Target<'a> {
        Target { query, ..self }
    }

    /// As it was written; empty for a link that is gone.
    #[inline]
    #[must_use]
    pub fn text(&self) -> &'a [u8] {
        self.bytes
    }

    /// The whole `Location` if it is the same for every request, which is so
    /// unless something is filled in or added. Empty for a link that is gone.
    #[inline]
    pub fn plain(&self) -> Option<&'a [u8]> {
        (self.blanks == 0 && self.query == QueryRule::Drop).then_some(self.bytes)
    }

    /// Whether it holds `{clickid}`, so that the `Location` has to be [written
    /// again](Self::write_with_id) when the id is known.
    #[inline]
    pub fn has_click_id(&self) -> bool {
        self.blanks & CLICK_ID != 0
    }

    /// Whether it holds a macro, so that two visitors of one URL may be sent to
    /// different places.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.blanks & !(SPLAT | NAMES) != 0
    }

    /// Appends the `Location` of a visit to `out`, with zeros for every
    /// `{clickid}`.
    ///
    /// What may not stand at its place is encoded, so that a visitor can add
    /// neither a parameter nor a fragment. What comes from the path (`:splat`,
    /// `:name`, `{slug}`) keeps its escapes; of it `?` and `#` are encoded, and behind the
    /// target's path also `&`, `=`, `+`, `;`, `*`. Of values all is encoded but
    /// letters, digits, `-`, `.`, `_`, `~`.
    ///
    /// # Errors
    /// [`TooLong`], with `out` as it was, if more than
    /// [`LOCATION_BYTES_MAX`] bytes would be appended.
    pub fn write(&self, visit: &Visit<'_>, out: &mut Vec<u8>) -> Result<(), TooLong> {
        self.write_with_id(visit, &ID_UNKNOWN, out)
    }

    /// The same with `id` for every `{clickid}`. The `Location` is as long as
    /// that of [`write`](Self::write).
    ///
    /// # Errors
    /// Those of [`write`](Self::write).
    pub fn write_with_id(
        &self,
        visit: &Visit<'_>,
        id: &[u8; CLICK_ID_BYTES],
        out: &mut Vec<u8>,
    ) -> Result<(), TooLong> {
        let start = out.len();
        match self.blanks {
            0 => out.extend_from_slice(self.bytes),
            _ => self.fill(visit, id, out),
        }
        if self.query != QueryRule::Drop && out.len() - start <= LOCATION_BYTES_MAX {
            join(self.query, visit.query, start, out);
        }
        if out.len() - start > LOCATION_BYTES_MAX {
            out.truncate(start);
            return Err(TooLong);
        }
        Ok(())
    }

    /// Appends the target with everything filled in; it may end early where it is
    /// too long.
    fn fill(&self, visit: &Visit<'_>, id: &[u8; CLICK_ID_BYTES], out: &mut Vec<u8>) {
        let start = out.len();
        let mut part = UrlPart::Path;
        let mut done = 0;
        let has_names = self.blanks & NAMES != 0;
        while let Some((blank, at, end)) = next_blank(self.bytes, done, has_names) {
            let text = &self.bytes[done..at];
            out.extend_from_slice(text);
            part = part_behind(part, text);
            done = end;
            if blank == Blank::Query && part == UrlPart::Query && self.stands_alone(at, end) {
                // Without a query there is nothing to part from what is beside it.
                if !visit.push_query(out) {
                    match self.bytes.get(end) {
                        Some(b'&') => done += 1,
                        _ => out.truncate(out.len() - 1),
                    }
                }
            } else {
                visit.push(blank, part, id, out);
            }
            if out.len() - start > LOCATION_BYTES_MAX {
                return;
            }
        }
        out.extend_from_slice(&self.bytes[done..]);
    }

    /// Whether what stands there is no part of a parameter.
    fn stands_alone(&self, at: usize, end: usize) -> bool {
        let begins = matches!(self.bytes[..at].last(), Some(b'?' | b'&'));
        begins && matches!(self.bytes.get(end), None | Some(b'&' | b'#'))
    }
}

/// The part of a URL that `text` ends in, if it begins in `part`.
fn part_behind(part: UrlPart, text: &[u8]) -> UrlPart {
    text.iter().fold(part, |part, byte| match (part, byte) {
        (_, b'#') => UrlPart::Fragment,
        (UrlPart::Path, b'?') => UrlPart::Query,
        (part, _) => part,
    })
}

/// A target that belongs to no table: where unknown keys are sent.
#[derive(Clone, Debug)]
pub struct Fallback {
    bytes: Arc<[u8]>,
    blanks: u8,
}

impl Fallback {
    /// `None` for a target with `:splat`, which nothing can fill.
    #[must_use]
    pub fn new(checked: CheckedTarget<'_>) -> Option<Fallback> {
        let fallback = Fallback { bytes: checked.bytes.into(), blanks: checked.blanks };
        (!checked.has_splat()).then_some(fallback)
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> Target<'_> {
        Target::stored(&self.bytes, self.blanks)
    }

    /// The URL as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes).expect("a target is ASCII")
    }
}

#[cfg(test)]
mod tests;
