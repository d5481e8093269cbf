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
    match deed {
        Deed::Set { key, line } => {
            changes.put(key, Some(Change::Set(line.as_str().into())));
        }
        Deed::Unset { key } => {
            changes.put(key, Some(Change::Unset));
        }
        Deed::Reset { key } => {
            changes.put(key, None);
        }
        Deed::ResetAll => *changes = Changes::default(),
        Deed::Base(_) | Deed::Links(_) | Deed::Mark => {}
    }
}
