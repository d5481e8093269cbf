//! What of a visitor's path is filled into a target.

use crate::links::key::pattern;

/// The parts of a request's normalised path that a target can have: what follows
/// its prefix, and what it has in place of a key's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Captured<'a> {
    path: &'a [u8],
    splat_start: usize,
    key: CapturedBy<'a>,
}

/// What captures them: a key with placeholders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::links) struct CapturedBy<'a> {
    /// Empty for a key without.
    pub(in crate::links) pattern: &'a [u8],
    /// Whether it ends with `*`.
    pub(in crate::links) with_rest: bool,
    /// Whether its text is in lower case, and the path's need not be.
    pub(in crate::links) folded: bool,
}

impl CapturedBy<'_> {
    /// A key without placeholders.
    pub(in crate::links) const NOTHING: CapturedBy<'static> =
        CapturedBy { pattern: &[], with_rest: false, folded: false };
}

impl<'a> Captured<'a> {
    pub(in crate::links) const fn new(
        path: &'a [u8],
        splat_start: usize,
        key: CapturedBy<'a>,
    ) -> Captured<'a> {
        Captured { path, splat_start, key }
    }

    /// What stands for `:splat`.
    #[inline]
    pub(super) fn splat(&self) -> &'a [u8] {
        self.path.get(self.splat_start..).unwrap_or_default()
    }

    /// What stands for `:name`.
    pub(super) fn named(&self, name: &[u8]) -> &'a [u8] {
        let CapturedBy { pattern, with_rest, folded } = self.key;
        pattern::capture(pattern, with_rest, folded, self.path, name).unwrap_or_default()
    }
}
