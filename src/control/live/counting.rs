//! How many keys a generation added, changed and removed. Of single links that is known
//! when they are changed; tables are compared by a worker.

use std::sync::Arc;

use super::editing::CheckedEdit;
use super::journal::KeyCounts;
use super::who::Who;
use crate::limits::CHANGES_SHOWN;
use crate::links::{Change, Changes, Snapshot, Table, compare};

/// Two tables that were served one after the other.
pub struct ToCount {
    pub generation: u32,
    pub who: Who,
    pub before: Snapshot,
    pub after: Snapshot,
    /// The table of the one before, which is there for that long.
    pub table: Arc<Table>,
}

/// What was counted.
pub struct Counted {
    pub generation: u32,
    pub who: Who,
    pub keys: KeyCounts,
}

/// Compares two tables.
pub fn count(to_count: ToCount) -> Counted {
    let ToCount { generation, who, before, after, .. } = to_count;
    let counts = compare(&before, &after, |_| {});
    let (added, changed, removed) = (counts.added, counts.changed, counts.removed);
    Counted { generation, who, keys: KeyCounts { added, changed, removed } }
}

/// How many keys are other ones when `after` lies over these files, in the place of `before`.
pub fn count_keys(files: &Table, before: &Changes, after: &Changes) -> KeyCounts {
    let mut keys = KeyCounts::default();
    for (key, change) in before.until(after) {
        let had = line(files, key, before.get(key));
        let has = line(files, key, change);
        match (had, has) {
            (None, Some(_)) => keys.added += 1,
            (Some(_), None) => keys.removed += 1,
            (had, has) if had != has => keys.changed += 1,
            _ => {}
        }
    }
    keys
}

/// The first keys that an edit unsets although they have no link.
pub fn absent(files: &Table, before: &Changes, edit: &CheckedEdit) -> Vec<String> {
    let CheckedEdit::Keys(keys) = edit else { return Vec::new() };
    let unset = keys.iter().filter(|(_, change)| *change == Some(Change::Unset));
    let absent = unset.filter(|(key, _)| line(files, key, before.get(key)).is_none());
    absent.map(|(key, _)| key.clone()).take(CHANGES_SHOWN).collect()
}

/// The line that a key has with this change over the files.
pub fn line(files: &Table, key: &str, change: Option<&Change>) -> Option<String> {
    match change {
        Some(Change::Set(line)) => Some(line.to_string()),
        Some(Change::Unset) => None,
        None => files.link(key).map(|link| link.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::{Format, OnBadLine, Source, changes, load};

    const FILE: &str = "/a https://a.example/\n/b https://b.example/\n";

    fn check(before: (&str, &str), after: (&str, &str), want: [usize; 3]) {
        let source = Source::new("f", FILE.as_bytes(), Format::Native);
        let table = load(&[source], OnBadLine::Refuse).table.unwrap();
        let [before, after] = [before, after].map(|(lines, unset)| changes(lines, unset));
        let KeyCounts { added, changed, removed } = count_keys(&table, &before, &after);
        assert_eq!([added, changed, removed], want);
    }

    #[test]
    fn keys_are_counted_by_what_they_answered() {
        check(("", ""), ("/a 410\n/c 410", "/b"), [1, 1, 1]);
        check(("/a 410\n/c 410", "/b"), ("", ""), [1, 1, 1]);
        check(("/a 410", "/x"), ("", "/x\n/y"), [0, 1, 0]);
        check(("", ""), ("/a https://a.example/", ""), [0, 0, 0]);
        check(("/c 410", ""), ("", "/c"), [0, 0, 1]);
    }
}
