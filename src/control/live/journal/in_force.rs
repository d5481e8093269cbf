//! The changes in force as the journal tells them, each with what made it so.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::changes::change_of;
use super::record::{Deed, Recorded};
use crate::control::live::who::Who;
use crate::links::{Change, Changes};

/// What made a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The generation that it made.
    pub generation: u32,
    /// When, microseconds since the Unix epoch.
    pub at_us: u64,
    /// Who asked for it.
    pub who: Who,
}

/// A key, and what a change made of it; `None`: it is as the files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// As keys are written.
    pub key: Arc<str>,
    /// What it was before.
    pub old: Option<Change>,
    /// What it is since then.
    pub new: Option<Change>,
}

/// Keys that are not as the files say.
#[derive(Debug, Default)]
pub struct InForce {
    by_key: BTreeMap<Arc<str>, (Change, Arc<By>)>,
    /// What made the last of them: records of one change share it.
    last: Option<Arc<By>>,
}

impl InForce {
    /// Does again what a record tells. Each key that is another by that goes to `take`.
    pub fn replay(&mut self, record: &Recorded, mut take: impl FnMut(KeyChange, &Arc<By>)) {
        let by = self.by(record);
        if let Some((key, new)) = change_of(&record.what) {
            let old = self.put(key, new.clone(), &by);
            if old != new {
                let key = key.into();
                take(KeyChange { key, old, new }, &by);
            }
        } else if record.what == Deed::ResetAll {
            for (key, (old, _)) in std::mem::take(&mut self.by_key) {
                take(KeyChange { key, old: Some(old), new: None }, &by);
            }
        }
    }

    fn by(&mut self, record: &Recorded) -> Arc<By> {
        let Recorded { generation, at_us, who, .. } = record;
        if let Some(last) = &self.last
            && (&last.generation, &last.at_us, &last.who) == (generation, at_us, who)
        {
            return last.clone();
        }
        let by = By { generation: *generation, at_us: *at_us, who: who.clone() };
        self.last.insert(Arc::new(by)).clone()
    }

    /// Changes a key, and returns what it was. What is the same again is as old as it was.
    fn put(&mut self, key: &str, change: Option<Change>, by: &Arc<By>) -> Option<Change> {
        let Some(change) = change else {
            return self.by_key.remove(key).map(|(old, _)| old);
        };
        match self.by_key.get_mut(key) {
            Some((old, _)) if *old == change => Some(change),
            Some(there) => Some(std::mem::replace(there, (change, by.clone())).0),
            None => {
                self.by_key.insert(key.into(), (change, by.clone()));
                None
            }
        }
    }

    /// What became of this key, and what made it so.
    pub fn get(&self, key: &str) -> Option<&(Change, Arc<By>)> {
        self.by_key.get(key)
    }

    /// Whether these changes are in force, and no others.
    pub fn are(&self, changes: &Changes) -> bool {
        let is_there = |(key, change)| self.get(key).is_some_and(|(it, _)| it == change);
        self.by_key.len() == changes.len() && changes.iter().all(is_there)
    }
}
