//! What differs between two sets of links.
//!
//! Links that are served lie in tables: [`compare_snapshots`] looks each up by its key
//! in the other set, and holds nothing but what patches hold. Links of files are sorted
//! by [`compare`]. Both go by the native lines, so that the same links differ alike.

use core::cmp::Ordering;

use super::listed::Listed;
use super::shared::Table;
use super::snapshot::{ByKey, Snapshot};
use crate::links::key::fnv1a;
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
    pub fn count<L: PartialEq>(
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
pub fn compare_snapshots<'a>(
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

/// Links to compare: each as its key and what it answers, in text. They take the
/// length of their native lines and 16 bytes each.
#[derive(Debug, Default)]
pub struct LinkSet {
    text: Vec<u8>,
    /// The hash of each link's key, and where its text begins: two lines.
    links: Vec<(u64, usize)>,
}

/// A link as its native line says it, in two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkText<'a> {
    /// Its key, with ` nocase` behind one that matches in any case.
    pub key: &'a str,
    /// Target, status and options.
    pub answer: &'a str,
}

impl LinkSet {
    /// The links of a table, which is no longer needed then.
    pub fn of(table: &Table) -> LinkSet {
        let mut set = LinkSet::default();
        table.links().for_each(|link| set.push(&link));
        set
    }

    /// Takes a link.
    pub fn push(&mut self, link: &Listed<'_>) {
        let mut key = link.key().to_string();
        let line = link.to_string();
        let answer = line[key.len()..].trim_start();
        if link.key().nocase {
            key.push_str(" nocase");
        }
        self.links.push((fnv1a(&[key.as_bytes()]), self.text.len()));
        for line in [&key, answer] {
            self.text.extend_from_slice(line.as_bytes());
            self.text.push(b'\n');
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    fn at(&self, link: (u64, usize)) -> LinkText<'_> {
        let mut lines = self.text[link.1..].split(|&byte| byte == b'\n');
        let mut line =
            || core::str::from_utf8(lines.next().unwrap_or_default()).unwrap_or_default();
        LinkText { key: line(), answer: line() }
    }

    fn sort(&mut self) {
        let mut links = core::mem::take(&mut self.links);
        links.sort_unstable_by(|&one, &two| self.order(one, self, two));
        self.links = links;
    }

    /// Keys are read only where their hashes are equal.
    fn order(&self, own: (u64, usize), other: &LinkSet, theirs: (u64, usize)) -> Ordering {
        own.0.cmp(&theirs.0).then_with(|| self.at(own).key.cmp(other.at(theirs).key))
    }
}

/// Hands every difference between two sets to `take`, in no order that means
/// anything but always the same, and counts them. Each set is sorted once; nothing
/// else is held.
pub fn compare(
    old: &mut LinkSet,
    new: &mut LinkSet,
    mut take: impl FnMut(LinkDifference<LinkText<'_>>),
) -> DifferenceCounts {
    old.sort();
    new.sort();
    let (old, new) = (&*old, &*new);
    let mut counts = DifferenceCounts::default();
    let (mut left, mut right) =
        (old.links.iter().copied().peekable(), new.links.iter().copied().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return counts,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(&one), Some(&two)) => old.order(one, new, two),
        };
        let before = if order.is_le() { left.next() } else { None }.map(|link| old.at(link));
        let after = if order.is_ge() { right.next() } else { None }.map(|link| new.at(link));
        counts.count(before, after).map(&mut take);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::{Format, OnBadLine, Source, load};

    fn set(text: &str) -> LinkSet {
        let source = Source::new("l", text.as_bytes(), Format::Native);
        LinkSet::of(&load(&[source], OnBadLine::Refuse).table.unwrap())
    }

    fn differences(old: &str, new: &str) -> (Vec<String>, DifferenceCounts) {
        let mut lines = Vec::new();
        let counts = compare(&mut set(old), &mut set(new), |difference| {
            lines.push(match difference {
                LinkDifference::Added(link) => format!("+ {} {}", link.key, link.answer),
                LinkDifference::Removed(link) => format!("- {} {}", link.key, link.answer),
                LinkDifference::Changed { before, after } => {
                    assert_eq!(before.key, after.key);
                    format!("~ {} {} → {}", after.key, before.answer, after.answer)
                }
            });
        });
        lines.sort();
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
                "+ /e https://e/",
                "- /c 410",
                "~ /b https://b/ 301 query=keep cache=60 → https://b/ 308 query=keep cache=60",
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
