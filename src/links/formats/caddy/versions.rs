//! What Caddy looks at before a `redir`, in the order of this and of older versions.

use std::collections::HashMap;

use super::redir::Redir;
use super::sorted::{Rank, Version, is_unknown, order};
use crate::links::formats::claimed::Claimed;
use crate::links::formats::region::Region;
use crate::links::formats::rivals::Rivals;

/// The line of what comes first, and whether that is no link.
type First = (u32, bool);

/// What comes before keys of a site, by the number of their `redir`.
#[derive(Default)]
struct Before(HashMap<(usize, Vec<u8>), First>);

/// The `redir`s of a site, in the order of this version, and what is to be said of keys.
pub(super) struct Orders {
    pub(super) order: Vec<usize>,
    old: Before,
    new: Before,
    is_unknown: bool,
}

/// A key, and whether it answers in any case.
pub(super) type KeyOf = (Vec<u8>, bool);

impl Orders {
    /// Of `redir`s, with the keys of each; those that are no links have none.
    pub(super) fn of(redirs: &[Redir<'_>], keys: &[Vec<KeyOf>]) -> Orders {
        let ranks = redirs.iter();
        let ranks = ranks.map(|redir| Rank { path: redir.path, is_matched: redir.is_matched });
        let ranks: Vec<Rank<'_>> = ranks.collect();
        let [new, old] = [Version::New, Version::Old].map(|version| order(&ranks, version));
        let [is_first, was_first] = [&new, &old].map(|order| Before::of(redirs, keys, order));
        Orders { order: new, old: was_first, new: is_first, is_unknown: is_unknown(&ranks) }
    }

    /// What is to be said of a key of the `redir` with this number, besides what is said of
    /// the order of rows.
    pub(super) fn said(&self, at: usize, key: &[u8]) -> Option<String> {
        if self.is_unknown {
            return Some(
                "Caddy's order of so many redirs, with paths and without, is not known here"
                    .to_owned(),
            );
        }
        let place = (at, key.to_vec());
        let (line, is_no_link) = *self.old.0.get(&place)?;
        match (self.new.0.contains_key(&place), is_no_link) {
            (true, _) => None,
            (false, true) => Some(format!(
                "Caddy before 2.10.1 looks at line {line} first, which is no link here"
            )),
            (false, false) => {
                Some(format!("Caddy before 2.10.1 takes line {line}, which comes first there"))
            }
        }
    }
}

impl Before {
    fn of(redirs: &[Redir<'_>], keys: &[Vec<KeyOf>], order: &[usize]) -> Before {
        let mut before = Before::default();
        let (mut rivals, mut claimed) = (Rivals::new(true), Claimed::default());
        // What `/a*` is for besides its keys.
        let mut begun = Claimed::default();
        let mut known: HashMap<Vec<u8>, u32> = HashMap::new();
        for &at in order {
            let line = redirs[at].line;
            if keys[at].is_empty() {
                claimed.add(&redirs[at].regions(), line);
            }
            for (key, any_case) in &keys[at] {
                let folded = key.to_ascii_lowercase();
                let rival = rivals.pass_spelled(&folded, line, *any_case);
                let same = known.get(&folded).copied().filter(|it| *it != line);
                let region = || Region::of_key(key, *any_case);
                let first = match rival.or(same).or_else(|| begun.before(&region())) {
                    Some(line) => Some((line, false)),
                    None => claimed.before(&region()).map(|line| (line, true)),
                };
                known.entry(folded).or_insert(line);
                before.0.extend(first.map(|first| ((at, key.clone()), first)));
            }
            if !keys[at].is_empty() && redirs[at].path.ends_with('*') {
                begun.add(&redirs[at].regions(), line);
            }
        }
        before
    }
}
