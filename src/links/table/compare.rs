//! What differs between two sets of links. They lie in tables: each is looked up by its
//! key in the other set, and nothing is held but what patches hold. Links differ where
//! their native lines do.

use super::listed::Listed;
use super::snapshot::{ByKey, Snapshot};
use crate::pace;

/// What looking a key up takes, about: some cache misses.
const LOOKUP_NS: u32 = 300;

/// A link that is not the same in two sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkDifference<L> {
    /// It is only in the new one.
    Added(L),
    /// It is only in the old one.
    Removed(L),
    /// It answers something else.
    Changed {
        /// As it is in the old one.
        before: L,
        /// As it is in the new one.
        after: L,
    },
}

/// How many links there are of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DifferenceCounts {
    /// Only in the new set.
    pub added: usize,
    /// Only in the old one.
    pub removed: usize,
    /// In both, and not the same.
    pub changed: usize,
    /// The same in both.
    pub same: usize,
}

impl DifferenceCounts {
    /// Whether there are none.
    pub fn are_none(&self) -> bool {
        (self.added, self.removed, self.changed) == (0, 0, 0)
    }

    /// Counts a key by its link in the old and its link in the new set. Gives how they
    /// differ.
    fn count<L: PartialEq>(
        &mut self,
        before: Option<L>,
        after: Option<L>,
    ) -> Option<LinkDifference<L>> {
        let (count, difference) = match (before, after) {
            (None, None) => return None,
            (None, Some(after)) => (&mut self.added, Some(LinkDifference::Added(after))),
            (Some(before), None) => (&mut self.removed, Some(LinkDifference::Removed(before))),
            (Some(before), Some(after)) if before == after => (&mut self.same, None),
            (Some(before), Some(after)) => {
                (&mut self.changed, Some(LinkDifference::Changed { before, after }))
            }
        };
        *count += 1;
        difference
    }
}

/// Hands every difference between two snapshots to `take` and counts them: first what
/// is new or changed, in the order of the new one, then what is only in the old one, in
/// its order.
pub fn compare<'a>(
    old: &'a Snapshot,
    new: &'a Snapshot,
    mut take: impl FnMut(LinkDifference<Listed<'a>>),
) -> DifferenceCounts {
    let mut counts = DifferenceCounts::default();
    let by_key = ByKey::of(old);
    for after in new.links() {
        counts.count(by_key.get(&after.key()), Some(after)).map(&mut take);
        pace::done(LOOKUP_NS);
    }
    if counts.same + counts.changed == old.len() {
        return counts;
    }
    let by_key = ByKey::of(new);
    for before in old.links() {
        if by_key.get(&before.key()).is_none() {
            counts.count(Some(before), None).map(&mut take);
        }
        pace::done(LOOKUP_NS);
    }
    counts
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::links::{Format, OnBadLine, Source, load};

    fn set(text: &str) -> Snapshot {
        let source = Source::new("l", text.as_bytes(), Format::Native);
        Arc::new(load(&[source], OnBadLine::Refuse).table.unwrap()).into()
    }

    /// Every difference in its order.
    fn differences(old: &str, new: &str) -> (Vec<String>, DifferenceCounts) {
        let mut lines = Vec::new();
        let (old, new) = (set(old), set(new));
        let counts = compare(&old, &new, |difference| {
            lines.push(match difference {
                LinkDifference::Added(link) => format!("+ {link}"),
                LinkDifference::Removed(link) => format!("- {link}"),
                LinkDifference::Changed { before, after } => {
                    assert_eq!(before.key(), after.key());
                    let key = after.key().to_string();
                    format!("~ {before} →{}", &after.to_string()[key.len()..])
                }
            });
        });
        (lines, counts)
    }

    #[test]
    fn what_differs() {
        let (lines, counts) = differences(
            "/a https://a/\n/b https://b/ 301 cache=60 query=keep\n/c 410\n/d https://d/ nocase\n",
            "/d https://d/\n/%61 https://a/ 302 query=drop\n/b https://b/ 308 query=keep cache=60\n/D https://d/ nocase\n/e https://e/\n",
        );
        assert_eq!(
            lines,
            [
                "+ /d https://d/",
                "~ /b https://b/ 301 query=keep cache=60 → https://b/ 308 query=keep cache=60",
                "+ /e https://e/",
                "- /c 410",
            ]
        );
        assert_eq!(counts, DifferenceCounts { added: 2, removed: 1, changed: 1, same: 2 });
        assert!(!counts.are_none());
    }

    #[test]
    fn the_same_links_in_another_order() {
        let (lines, counts) = differences("/a https://a/\n/b 410\n", "/b 410\n/a https://a/\n");
        assert_eq!((lines.len(), counts.same, counts.are_none()), (0, 2, true));
        assert_eq!((set("/b 410").len(), set("").is_empty()), (1, true));
    }
}
