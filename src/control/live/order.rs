//! What is ordered to be served as a whole, on its way: ordered, being made ready, on its
//! way into the journal.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::editing::CheckedEdit;
use super::journal::{KeyCounts, TableServed};
use super::making::Ready;
use super::reading::WasRead;
use super::who::Who;
use super::wish::Asker;
use super::writing::Told;
use crate::links::{Changes, Report};

/// What is to be made ready and served.
pub enum Order {
    /// The link files, which were read again.
    Read { read: Box<WasRead>, who: Who, replies: Vec<Asker> },
    /// What is staged.
    Promote { who: Who, reply: Asker },
    /// An earlier generation: this one, or the one before.
    Rollback { to: Option<u32>, who: Who, reply: Asker },
    /// More changes than shards are told of one by one.
    Edit { edit: CheckedEdit, who: Who, reply: Asker },
    /// The same links, with room for changes again.
    Fold,
    /// What is staged, with the changes of now; it is not served, but compared.
    Restage { reply: Asker },
}

/// What is being made ready.
pub struct Making {
    pub what: What,
    pub who: Who,
    /// What was changed since it was begun.
    pub since: Touched,
    /// How many keys an edit changes, and of what.
    pub changed: usize,
    pub keys: KeyCounts,
    /// Keys that it unsets and that had no link.
    pub absent: Vec<String>,
    /// What it takes, about, bytes.
    pub bytes: u64,
}

/// Keys that were set, unset or reset, even to what they were.
#[derive(Default)]
pub struct Touched {
    keys: BTreeSet<Arc<str>>,
    /// All were reset.
    all: bool,
}

impl Touched {
    /// Notes what an edit names.
    pub fn note(&mut self, edit: &CheckedEdit) {
        match edit {
            CheckedEdit::Keys(keys) => self.keys.extend(keys.iter().map(|(key, _)| (**key).into())),
            CheckedEdit::Undo(undo) => {
                self.keys.extend(undo.keys.iter().map(|key| key.key.clone()));
            }
            CheckedEdit::All => *self = Self { keys: BTreeSet::new(), all: true },
        }
    }

    /// What lies over it, of those that did so far, when each of these keys is as it is
    /// `now`.
    pub fn laid_over(&self, changes: &Changes, now: &Changes) -> Changes {
        if self.all {
            return now.clone();
        }
        let mut changes = changes.clone();
        for key in &self.keys {
            changes.put(key, now.get(key).cloned());
        }
        changes
    }
}

/// What becomes of it.
pub enum What {
    Read {
        report: Report,
        took: Duration,
        /// Why countries and lists stay as they were, if they should not.
        places_stay: Option<String>,
        replies: Vec<Asker>,
    },
    Promote(Asker),
    /// The generation, and its table's number.
    Rollback {
        number: u32,
        table: u32,
        reply: Asker,
    },
    Edit {
        /// As it is called in sentences.
        verb: String,
        /// The generation that it takes back, if it does.
        undone: Option<u32>,
        reply: Asker,
    },
    Fold,
    Restage(Asker),
}

/// What is served as soon as it is in the journal.
pub struct Turn {
    pub making: Making,
    pub ready: Ready,
    pub generation: u32,
    pub at_us: u64,
    /// The table, if it is another.
    pub base: Option<TableServed>,
}

impl Turn {
    /// What the journal is told, where these changes are in force.
    pub fn told(&self, before: &Changes) -> Told {
        Told {
            generation: self.generation,
            at_us: self.at_us,
            who: self.making.who.clone(),
            base: self.base.clone(),
            before: before.clone(),
            after: self.ready.served.changes().clone(),
            links: self.ready.served.editor().len(),
            undo: match self.making.what {
                What::Edit { undone, .. } => undone,
                _ => None,
            },
            counts: matches!(self.making.what, What::Edit { .. }).then_some(self.making.keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::live::editing::{Edit, check};
    use crate::links::changes;

    /// What lies over links with `/x`, `/r` and `/z` set as of then, after these edits, which
    /// left `now` in force.
    fn lies(edits: &[Edit], now: &str) -> Vec<String> {
        let then = changes("/x https://then/\n/r https://then/\n/z https://then/", "");
        let mut since = Touched::default();
        edits.iter().for_each(|edit| since.note(&check(edit).unwrap()));
        let laid = since.laid_over(&then, &changes(now, ""));
        laid.iter().map(|(key, _)| format!("{key} {}", laid.get(key) == then.get(key))).collect()
    }

    #[test]
    fn what_was_touched_is_as_it_is_now() {
        let set = |lines: &str| Edit::Set {
            name: "f".into(),
            lines: lines.into(),
            schemes: crate::links::Schemes::NONE,
            defaults: crate::links::Defaults::default(),
            places: None,
        };
        let reset = |keys: &str| Edit::Reset {
            name: "f".into(),
            keys: keys.into(),
            defaults: crate::links::Defaults::default(),
        };
        // Whether each key is as of then.
        assert_eq!(lies(&[], ""), ["/r true", "/x true", "/z true"]);
        // Set to what it is anyway, or to something else and back.
        let now = "/x https://now/";
        assert_eq!(lies(&[set(now)], now), ["/r true", "/x false", "/z true"]);
        let there_and_back = [set("/x https://other/"), set(now)];
        assert_eq!(lies(&there_and_back, now), ["/r true", "/x false", "/z true"]);
        // Reset although it was not changed.
        assert_eq!(lies(&[reset("/r")], now), ["/x true", "/z true"]);
        assert_eq!(lies(&[Edit::ResetAll], ""), [""; 0]);
        assert_eq!(lies(&[set("/a 410"), Edit::ResetAll, set(now)], now), ["/x false"]);
    }
}
