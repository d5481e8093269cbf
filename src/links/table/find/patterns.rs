//! Finding the link of a path among keys with placeholders: one look-up for each shape
//! that those have which begin as the path does, however many they are.

use super::super::entries::{Entry, FORK, PATTERN, PREFIX};
use super::super::hash::{hash, seed};
use super::super::links::Links;
use super::Past;
use crate::links::key::{pattern, shape};

impl Links {
    /// The first of the patterns that match `path` and whose literal beginning ends at
    /// `end`, and where in `path` its rest begins. `hash` is that of the beginning.
    #[cold]
    pub(super) fn pattern(
        &self,
        hash_there: u64,
        host: u32,
        path: &[u8],
        end: usize,
        spelled: &mut Vec<u8>,
        past: impl Past,
    ) -> Option<(Entry<'_>, usize)> {
        let (literal, behind) = path.split_at_checked(end)?;
        let mut there = self.index.candidates(hash_there).map(|reference| self.get(reference));
        let fork = there.find(|it| it.has(FORK) && it.is(host, PATTERN, literal, &[]))?;
        let (_, mut shapes) = fork.fork();
        shapes.find_map(|shape| {
            spelled.clear();
            spelled.extend_from_slice(literal);
            let rest = shape::spell(shape, behind, spelled)?;
            let hash = hash(seed(host, true), spelled);
            let mut found = self.index.candidates(hash).map(|reference| self.get(reference));
            let entry = found.find(|entry| {
                let is_pattern = entry.has(PATTERN) && !entry.has(FORK) && entry.host() == host;
                is_pattern && pattern::is_spelled(entry.path(), entry.has(PREFIX), spelled)
            })?;
            (!past.has(&entry)).then_some((entry, end + rest))
        })
    }
}
