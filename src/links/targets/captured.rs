//! What of a visitor's path is filled into a target.

use crate::links::key::pattern;

/// The parts of a request's normalised path that a target can have: what follows
/// its prefix, and what it has in place of a key's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Captured<'a> {
    path: &'a [u8],
    splat_start: usize,
    /// Empty for a key without placeholders.
    pattern: &'a [u8],
}

impl<'a> Captured<'a> {
    pub(in crate::links) const fn new(
        path: &'a [u8],
        splat_start: usize,
        pattern: &'a [u8],
    ) -> Captured<'a> {
        Captured { path, splat_start, pattern }
    }

    /// What stands for `:splat`.
    #[inline]
    pub(super) fn splat(&self) -> &'a [u8] {
        self.path.get(self.splat_start..).unwrap_or_default()
    }

    /// What stands for `:name`.
    pub(super) fn named(&self, name: &[u8]) -> &'a [u8] {
        pattern::capture(self.pattern, self.path, name).unwrap_or_default()
    }
}
