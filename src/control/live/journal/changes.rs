//! Changes of single links, as the journal tells them.

use super::record::Deed;
use crate::links::{Change, Changes};

/// The change of one key, as the journal tells it.
pub fn deed_of(key: &str, change: Option<&Change>) -> Deed {
    let key = key.to_owned();
    match change {
        Some(Change::Set(line)) => Deed::Set { key, line: line.to_string() },
        Some(Change::Unset) => Deed::Unset { key },
        None => Deed::Reset { key },
    }
}

/// Does again what the journal tells.
pub fn replay(deed: &Deed, changes: &mut Changes) {
    if let Some((key, change)) = change_of(deed) {
        changes.put(key, change);
    }
    if matches!(deed, Deed::ResetAll) {
        *changes = Changes::default();
    }
}

/// The key that the journal names, and what became of it; `None`: it is as the files say
/// again.
pub fn change_of(deed: &Deed) -> Option<(&str, Option<Change>)> {
    match deed {
        Deed::Set { key, line } => Some((key, Some(Change::Set(line.as_str().into())))),
        Deed::Unset { key } => Some((key, Some(Change::Unset))),
        Deed::Reset { key } => Some((key, None)),
        _ => None,
    }
}
