//! Links that were set or unset one by one. They lie over those of the link
//! files until they are reset.

use std::collections::BTreeMap;

/// What became of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It answers as this line of the native format says.
    Set(String),
    /// It has no link, whatever the files say.
    Unset,
}

/// Changes by the canonical text of their key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    by_key: BTreeMap<String, Change>,
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
            Some(change) => self.by_key.insert(key.to_owned(), change),
            None => self.by_key.remove(key),
        }
    }

    /// The links that are set, as a file of the native format.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for change in self.by_key.values() {
            if let Change::Set(line) = change {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::changes;
    use super::*;

    #[test]
    fn a_change_can_be_taken_back() {
        let mut changes = changes("/a https://a.example/", "/b");
        assert_eq!((changes.len(), changes.lines()), (2, "/a https://a.example/\n".to_owned()));
        assert_eq!(changes.put("/b", None), Some(Change::Unset));
        assert_eq!(changes.put("/c", None), None);
        assert!(changes.put("/a", None).is_some() && changes.is_empty());
    }
}
