//! Links that were set or unset one by one. They lie over those of the link
//! files until they are reset.

use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

/// What became of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It answers as this line of the native format says.
    Set(Arc<str>),
    /// It has no link, whatever the files say.
    Unset,
}

/// Changes by the canonical text of their key. A copy shares what it has in common with
/// the original: it costs nothing, and what differs is found without a look at the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    by_key: OrdMap<Arc<str>, Change>,
}

impl Changes {
    /// How many keys are changed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// What became of this key, if anything.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Change> {
        self.by_key.get(key)
    }

    /// All, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Change)> {
        self.by_key.iter().map(|(key, change)| (&**key, change))
    }

    /// Changes a key; with `None` it is again as the files say. Returns what it was.
    pub fn put(&mut self, key: &str, change: Option<Change>) -> Option<Change> {
        match change {
            Some(change) => self.by_key.insert(key.into(), change),
            None => self.by_key.remove(key),
        }
    }

    /// What makes `later` of these: each key that differs, in order, and what becomes of
    /// it.
    pub fn until<'a>(
        &'a self,
        later: &'a Self,
    ) -> impl Iterator<Item = (&'a Arc<str>, Option<&'a Change>)> {
        self.by_key.diff(&later.by_key).map(|item| match item {
            DiffItem::Add(key, change) | DiffItem::Update { new: (key, change), .. } => {
                (key, Some(change))
            }
            DiffItem::Remove(key, _) => (key, None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::changes;
    use super::*;

    #[test]
    fn a_change_can_be_taken_back() {
        let mut changes = changes("/a https://a.example/", "/b");
        assert_eq!(changes.len(), 2);
        assert_eq!(changes.put("/b", None), Some(Change::Unset));
        assert_eq!(changes.put("/c", None), None);
        assert!(changes.put("/a", None).is_some() && changes.is_empty());
    }

    #[test]
    fn what_differs_makes_the_one_of_the_other() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut first = Changes::default();
        for _ in 0..200 {
            let mut second = first.clone();
            for _ in 0..random.usize(..40) {
                let key = format!("/{}", random.u8(..99));
                let change = [None, Some(Change::Unset), Some(Change::Set(key.as_str().into()))];
                second.put(&key, change[random.usize(..3)].clone());
            }
            let (mut made, before) = (first.clone(), first.clone());
            let mut count = 0;
            for (key, change) in first.until(&second) {
                assert_ne!(before.get(key), change, "{key}");
                made.put(key, change.cloned());
                count += 1;
            }
            assert_eq!((&made, count == 0), (&second, first == second));
            first = second;
        }
    }
}
