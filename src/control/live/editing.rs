//! Changes of single links: what an edit means, checked whole.

use super::journal::changes::deed_of;
use super::journal::{Deed, KeyChange};
use super::not_done::{NotDone, Reason};
use super::sentences::changed_since;
use crate::links::{Change, Changes, Defaults, PlaceNames, Schemes, read_keys, read_lines};

/// Changes of single links: all of them or none.
#[derive(Debug)]
pub enum Edit {
    /// The links of this text in the native format, called this in messages. Targets may
    /// have these schemes. What a line does not say itself is as `defaults` say.
    Set {
        name: String,
        lines: String,
        schemes: Schemes,
        defaults: Defaults,
        /// What is known of addresses, if that is known.
        places: Option<PlaceNames>,
    },
    /// Keys whose links are taken away, one a line.
    Unset { name: String, keys: String, defaults: Defaults },
    /// Keys that are as the files say again, one a line.
    Reset { name: String, keys: String, defaults: Defaults },
    /// All keys.
    ResetAll,
}

/// An edit that can be done.
#[derive(Debug)]
pub enum CheckedEdit {
    /// Each key, and what becomes of it; `None`: it is as the files say again.
    Keys(Vec<(String, Option<Change>)>),
    /// Every key is as the files say again.
    All,
    /// A change of before is taken back.
    Undo(Undo),
}

/// What takes a change back.
#[derive(Debug)]
pub struct Undo {
    /// The generation that it made.
    pub of: u32,
    /// What its keys were before it, and what it made of them.
    pub keys: Vec<KeyChange>,
    /// Also where keys are something else by now.
    pub is_forced: bool,
}

/// Checks every line of an edit.
///
/// # Errors
///
/// With all lines that are wrong, and when there is none.
pub fn check(edit: &Edit) -> Result<CheckedEdit, NotDone> {
    let keys = match edit {
        Edit::Set { name, lines, schemes, defaults, places } => {
            read_lines(name, lines, schemes, defaults, places.as_ref()).map(|links| {
                links.into_iter().map(|(key, line)| (key, Some(Change::Set(line.into())))).collect()
            })
        }
        Edit::Unset { name, keys, defaults } => read_keys(name, keys, defaults)
            .map(|keys| keys.into_iter().map(|key| (key, Some(Change::Unset))).collect()),
        Edit::Reset { name, keys, defaults } => read_keys(name, keys, defaults)
            .map(|keys| keys.into_iter().map(|key| (key, None)).collect()),
        Edit::ResetAll => return Ok(CheckedEdit::All),
    };
    let keys: Vec<_> = keys.map_err(|report| NotDone::bad_lines(report, "nothing is changed"))?;
    if keys.is_empty() {
        let message = "no link is named, so nothing is changed; name at least one";
        return Err(NotDone::new(Reason::NotUnderstood, message));
    }
    Ok(CheckedEdit::Keys(keys))
}

impl CheckedEdit {
    /// How many keys that are.
    pub fn len(&self, changes: &Changes) -> usize {
        match self {
            Self::Keys(keys) => keys.len(),
            Self::All => changes.len(),
            Self::Undo(undo) => undo.keys.len(),
        }
    }

    /// What it does to each key, where these changes are in force.
    pub fn keys(&self, changes: &Changes) -> Vec<(String, Option<Change>)> {
        match self {
            Self::Keys(keys) => keys.clone(),
            Self::All => changes.iter().map(|(key, _)| (key.to_owned(), None)).collect(),
            Self::Undo(Undo { keys, .. }) => {
                keys.iter().map(|key| (key.key.to_string(), key.old.clone())).collect()
            }
        }
    }

    /// Whether it can be done where these changes are in force.
    ///
    /// # Errors
    ///
    /// A key that is to be taken back is something else by now.
    pub fn check(&self, changes: &Changes) -> Result<(), NotDone> {
        match self {
            Self::Undo(Undo { of, keys, is_forced: false }) => {
                match keys.iter().find(|key| changes.get(&key.key) != key.new.as_ref()) {
                    Some(key) => Err(changed_since(*of, &key.key, None)),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The generation whose changes it takes back, if it does.
    pub fn undone(&self) -> Option<u32> {
        match self {
            Self::Undo(undo) => Some(undo.of),
            _ => None,
        }
    }

    /// What is done to keys, in one word or few.
    pub fn verb(&self) -> String {
        match self {
            Self::Undo(undo) => format!("undo of {}", undo.of),
            Self::All => "reset".to_owned(),
            Self::Keys(keys) => match keys.first() {
                Some((_, Some(Change::Unset))) => "unset".to_owned(),
                Some((_, None)) => "reset".to_owned(),
                _ => "set".to_owned(),
            },
        }
    }

    /// As the journal tells it.
    pub fn deeds(&self) -> Vec<Deed> {
        match self {
            Self::All => vec![Deed::ResetAll],
            Self::Keys(keys) => {
                keys.iter().map(|(key, change)| deed_of(key, change.as_ref())).collect()
            }
            Self::Undo(Undo { of, keys, .. }) => {
                let keys = keys.iter().map(|key| deed_of(&key.key, key.old.as_ref()));
                keys.chain([Deed::Undo { of: *of }]).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::live::journal::changes::replay;

    fn set(lines: &str) -> Edit {
        let (name, lines) = ("f".into(), lines.into());
        Edit::Set {
            name,
            lines,
            schemes: Schemes::NONE,
            defaults: Defaults::default(),
            places: None,
        }
    }

    /// The keys that an edit changes, and what the journal makes of all so far.
    fn apply(changes: &mut Changes, edit: &Edit) -> Vec<String> {
        let mut told = changes.clone();
        let checked = check(edit).unwrap();
        let mut keys = checked.keys(changes);
        keys.retain(|(key, change)| changes.get(key) != change.as_ref());
        for (key, change) in &keys {
            changes.put(key, change.clone());
        }
        checked.deeds().iter().for_each(|deed| replay(deed, &mut told));
        assert_eq!(told, *changes, "{edit:?}");
        keys.into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn the_journal_tells_what_was_done() {
        let mut changes = Changes::default();
        let keys = |keys: &str| ("f".to_owned(), keys.to_owned());
        assert_eq!(apply(&mut changes, &set("/a https://a/\n/b 410")), ["/a", "/b"]);
        assert_eq!(apply(&mut changes, &set("/a https://a/\n/b 410")), [""; 0]);
        let (name, text) = keys("/a\n/c");
        assert_eq!(
            apply(&mut changes, &Edit::Unset { name, keys: text, defaults: Defaults::default() }),
            ["/a", "/c"]
        );
        let (name, text) = keys("/a\n/d");
        assert_eq!(
            apply(&mut changes, &Edit::Reset { name, keys: text, defaults: Defaults::default() }),
            ["/a"]
        );
        assert_eq!(apply(&mut changes, &Edit::ResetAll), ["/b", "/c"]);
        assert!(changes.is_empty());
    }

    #[test]
    fn all_lines_are_checked() {
        let refusal = check(&set("/a https://a/\nb\n/c nowhere")).unwrap_err();
        assert_eq!((refusal.reason, refusal.problems.len()), (Reason::Wrong, 2));
        assert_eq!(refusal.error, "2 bad lines, so nothing is changed; mend them and try again");
        assert_eq!(check(&set("# nothing")).unwrap_err().reason, Reason::NotUnderstood);
    }
}
