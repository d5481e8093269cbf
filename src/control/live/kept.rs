//! The generations that were served, as far as they can be taken back.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;

use super::served::Base;
use crate::control::journal::How;
use crate::links::{Change, Changes};

/// A table that was served, for people and programs.
#[derive(Debug, Clone, Serialize)]
pub struct Generation {
    /// Its number, which its clicks carry.
    pub generation: u32,
    /// When it was first served, RFC 3339.
    pub time: String,
    /// Who asked for it.
    pub who: String,
    /// How it came.
    pub how: How,
    /// The generation that was taken back, if one was.
    pub from: Option<u32>,
    /// How many links it has.
    pub links: usize,
    /// How many changes of single links lie over the files.
    pub changes: usize,
    /// What it was read from.
    pub files: Vec<String>,
}

/// One that can be taken back.
#[derive(Debug)]
pub struct Kept {
    pub about: Generation,
    /// What lies under the changes.
    pub base: Arc<Base>,
    /// The changes in force when it was first served; `None` where they alone made
    /// it another.
    pub changes: Option<Arc<Changes>>,
    /// How the changes before it come back.
    pub before: Before,
}

/// What it takes to come from the changes of a generation to those before it.
#[derive(Debug)]
pub enum Before {
    /// These keys were as said here.
    Keys(Vec<(String, Option<Change>)>),
    /// All changes were others.
    All(Arc<Changes>),
}

/// The newest tables, and the newest changes of them.
#[derive(Debug)]
pub struct Generations {
    /// Oldest first.
    kept: VecDeque<Kept>,
    /// How many tables, and as many changes.
    most: usize,
}

impl Generations {
    pub fn new(most: usize) -> Self {
        Self { kept: VecDeque::new(), most }
    }

    /// Adds the newest, and lets go of those over the limit.
    pub fn push(&mut self, kept: Kept) {
        self.kept.push_back(kept);
        let is_set = |kept: &Kept| kept.changes.is_none();
        if self.kept.iter().filter(|kept| is_set(kept)).count() > self.most
            && let Some(at) = self.kept.iter().position(is_set)
        {
            self.kept.remove(at);
        }
        if self.kept.iter().filter(|kept| !is_set(kept)).count() > self.most {
            // Together with the changes of the oldest table.
            let second = self.kept.iter().skip(1).position(|kept| !is_set(kept));
            self.kept.drain(..second.map_or(0, |at| at + 1));
        }
    }

    /// All, oldest first.
    pub fn list(&self) -> Vec<Generation> {
        self.kept.iter().map(|kept| kept.about.clone()).collect()
    }

    /// The number of the one before the newest.
    pub fn previous(&self) -> Option<u32> {
        let at = self.kept.len().checked_sub(2)?;
        Some(self.kept[at].about.generation)
    }

    /// What generation `number` served: its base and the changes over it, coming from
    /// the changes of now.
    pub fn find(&self, number: u32, now: &Changes) -> Option<(Arc<Base>, Changes)> {
        let at = self.kept.iter().position(|kept| kept.about.generation == number)?;
        let kept = &self.kept[at];
        let changes = match &kept.changes {
            Some(changes) => Changes::clone(changes),
            None => {
                let mut changes = now.clone();
                for later in self.kept.iter().skip(at + 1).rev() {
                    match &later.before {
                        Before::All(all) => changes = Changes::clone(all),
                        Before::Keys(keys) => {
                            for (key, change) in keys.iter().rev() {
                                changes.put(key, change.clone());
                            }
                        }
                    }
                }
                changes
            }
        };
        Some((kept.base.clone(), changes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::{OnBadLine, load};

    /// Generations by number: `t` a table, `s` a change of the key `/number`.
    fn generations(most: usize, kinds: &str) -> (Generations, Changes) {
        let mut generations = Generations::new(most);
        let mut changes = Changes::default();
        for (number, kind) in (1..).zip(kinds.chars()) {
            let about = Generation {
                generation: number,
                time: String::new(),
                who: String::new(),
                how: How::Set,
                from: None,
                links: 0,
                changes: 0,
                files: Vec::new(),
            };
            let table = Arc::new(load(&[], OnBadLine::Refuse).table.unwrap());
            let base = Arc::new(Base { table, files: Vec::new() });
            let kept = if kind == 't' {
                let now = Arc::new(changes.clone());
                Kept { about, base, changes: Some(now.clone()), before: Before::All(now) }
            } else {
                let key = format!("/{number}");
                let before = vec![(key.clone(), changes.put(&key, Some(Change::Unset)))];
                Kept { about, base, changes: None, before: Before::Keys(before) }
            };
            generations.push(kept);
        }
        (generations, changes)
    }

    fn check(most: usize, kinds: &str, want: &[u32]) {
        let (generations, changes) = generations(most, kinds);
        let list: Vec<u32> = generations.list().iter().map(|about| about.generation).collect();
        assert_eq!(list, want, "{kinds}");
        for number in list {
            // Changes are never reset here, so those of a generation are the `s` up to it.
            let made = kinds[..number as usize].chars().filter(|&kind| kind == 's').count();
            let earlier = generations.find(number, &changes).unwrap();
            assert_eq!(earlier.1.len(), made, "{kinds}: {number}");
        }
    }

    #[test]
    fn the_newest_are_kept() {
        check(2, "", &[]);
        check(2, "tt", &[1, 2]);
        check(2, "ttt", &[2, 3]);
        check(2, "tsss", &[1, 3, 4]);
        check(2, "tstst", &[3, 4, 5]);
        check(3, "tssttsst", &[4, 5, 6, 7, 8]);
        check(1, "tsssst", &[6]);
    }
}
