//! In which order Caddy looks at the `redir`s of a site. Those under one path come by its length,
//! the longest first; others stay where they are, as far as the sort that Caddy uses lets them.

use core::cmp::Ordering;

/// What a `redir` is sorted by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rank<'p> {
    /// Its one path; empty where it has none, or several.
    pub(super) path: &'p str,
    pub(super) is_matched: bool,
}

/// How versions sort.
#[derive(Clone, Copy, Debug)]
pub(super) enum Version {
    /// Since 2.10.1: without the `*` at the end, and by letters where the length is the same.
    New,
    /// Before: by length alone.
    Old,
}

/// Which redirects Caddy sorts in one go, as Go's `SliceStable` does, by insertion.
const BLOCK: usize = 20;

/// Whether paths and other matchers are sorted among each other, so that the outcome depends
/// on where all of them stand.
pub(super) fn is_mixed(ranks: &[Rank<'_>]) -> bool {
    let is_single = |rank: &Rank<'_>| !rank.path.is_empty();
    let other = ranks.iter().any(|rank| !is_single(rank) && rank.is_matched);
    other && ranks.iter().any(is_single)
}

/// Whether the order of so many cannot be told.
pub(super) fn is_unknown(ranks: &[Rank<'_>]) -> bool {
    ranks.len() > BLOCK && is_mixed(ranks)
}

/// The numbers of all, in their order.
pub(super) fn order(ranks: &[Rank<'_>], version: Version) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ranks.len()).collect();
    if !is_mixed(ranks) || ranks.len() > BLOCK {
        order.sort_by(|&one, &other| compare(&ranks[one], &ranks[other], version));
        return order;
    }
    for end in 1..order.len() {
        let mut at = end;
        while at > 0 && compare(&ranks[order[at]], &ranks[order[at - 1]], version) == Ordering::Less
        {
            order.swap(at, at - 1);
            at -= 1;
        }
    }
    order
}

fn compare(one: &Rank<'_>, other: &Rank<'_>, version: Version) -> Ordering {
    if one.path.is_empty() || other.path.is_empty() {
        // A path and another matcher are the same to it, which is no order of three.
        return other.is_matched.cmp(&one.is_matched);
    }
    let longest = |one: &str, other: &str| other.len().cmp(&one.len());
    let [bare, other_bare] = [one.path, other.path].map(|it| it.strip_suffix('*').unwrap_or(it));
    match version {
        Version::Old => longest(one.path, other.path),
        Version::New if bare == other_bare => one.path.len().cmp(&other.path.len()),
        Version::New => longest(bare, other_bare).then_with(|| bare.cmp(other_bare)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sorts paths; `@` is a matcher without one, `*` none.
    fn check(paths: &str, version: Version, want: &str) {
        let paths: Vec<&str> = paths.split(' ').collect();
        let ranks: Vec<Rank<'_>> = paths.iter().map(|path| rank_of(path)).collect();
        let sorted: Vec<&str> = order(&ranks, version).into_iter().map(|at| paths[at]).collect();
        assert_eq!(sorted.join(" "), want);
    }

    fn rank_of(path: &str) -> Rank<'_> {
        let path_or_none = if path.starts_with('/') { path } else { "" };
        Rank { path: path_or_none, is_matched: path != "*" }
    }

    #[test]
    fn longer_paths_come_first() {
        check("* /a /b/c", Version::New, "/b/c /a *");
        check("/a* /ab", Version::New, "/ab /a*");
        check("/a* /ab", Version::Old, "/a* /ab");
        check("/a* /a", Version::New, "/a /a*");
        check("/a /a*", Version::Old, "/a* /a");
        check("/b /a", Version::New, "/a /b");
        check("/b /a", Version::Old, "/b /a");
        check("/a @ /a/b", Version::New, "/a @ /a/b");
        check("@ /a /a/b *", Version::New, "@ /a/b /a *");
    }
}
