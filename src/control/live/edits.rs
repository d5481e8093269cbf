//! Changes of single links, as the desk makes them: those that wait together are
//! written and synced once, and shards are told of them in one patch.

use super::desk::Desk;
use super::editing::CheckedEdit;
use super::generations::KeptGeneration;
use super::journal::{Deed, Journal, Recorded};
use super::not_done::{NotDone, Reason};
use super::opening::next;
use super::order::Order;
use super::sentences::unwritten;
use super::who::Who;
use super::wish::{Asker, Done, Wish, answer};
use crate::limits::{EDITS_PER_GROUP_MAX, KEYS_PATCHED_MAX};
use crate::links::{Change, Patch};
use crate::machine::clock::unix_us;

struct EditAsked {
    edit: CheckedEdit,
    who: Who,
    reply: Asker,
}

/// Why edits are not made.
enum Unmade {
    /// One of them is wrong.
    Refused(NotDone),
    /// The journal has none of them.
    Unwritten(NotDone),
}

/// What keys were, in the order in which they were changed.
type Before = Vec<(String, Option<Change>)>;

impl Desk {
    /// Does this edit and those that wait behind it: together they are written and
    /// synced once.
    pub(super) fn edit(&mut self, edit: CheckedEdit, who: Who, reply: Asker) {
        match self.journal.take() {
            Some(mut journal) if !journal.is_due() => {
                self.edit_all(EditAsked { edit, who, reply }, &mut journal);
                self.journal = Some(journal);
            }
            // Before anything is changed: it is written anew from what is served.
            Some(due) => {
                self.wait(Wish::Edit { edit, who, reply });
                self.write(due, None);
            }
            None => self.wait(Wish::Edit { edit, who, reply }),
        }
    }

    fn edit_all(&mut self, first: EditAsked, journal: &mut Journal) {
        let (mut group, mut count) = (Vec::new(), 0);
        let EditAsked { edit, who, reply } = first;
        let mut next = Some(Wish::Edit { edit, who, reply });
        while let Some(wish) = next {
            let keys = match &wish {
                Wish::Edit { edit, .. } => edit.len(self.served.changes()),
                _ => 0,
            };
            match wish {
                Wish::Edit { edit, who, reply } if self.is_patch(count + keys) => {
                    count += keys;
                    group.push(EditAsked { edit, who, reply });
                }
                Wish::Edit { edit, who, reply } if group.is_empty() => {
                    self.order(Order::Edit { edit, who, reply });
                }
                other => {
                    self.put_back(other);
                    break;
                }
            }
            if group.len() == EDITS_PER_GROUP_MAX {
                break;
            }
            next = self.next_wish();
        }
        if !group.is_empty() {
            self.edit_group(group, journal);
        }
        if self.served.is_crowded() && !self.is_folding() {
            self.order(Order::Fold);
        }
    }

    /// Whether so many keys are changed by patches. One more than they are has room, so
    /// that their undoing has, too.
    fn is_patch(&self, keys: usize) -> bool {
        keys <= KEYS_PATCHED_MAX && self.served.editor().has_room_for(keys + 1)
    }

    fn edit_group(&mut self, group: Vec<EditAsked>, journal: &mut Journal) {
        match self.serve_edits(&group, journal) {
            Ok(counts) => {
                if let Some(making) = &mut self.making {
                    group.iter().for_each(|asked| making.since.note(&asked.edit));
                }
                let (generation, changes) = (self.generation, self.served.changes().len());
                for (edit, changed) in group.into_iter().zip(counts) {
                    answer(edit.reply, Ok(Done::Edited { generation, changed, changes }));
                }
            }
            Err(Unmade::Unwritten(refusal)) => {
                group.into_iter().for_each(|edit| answer(edit.reply, Err(refusal.clone())));
            }
            // One of them cannot be done; which, is found by doing each alone.
            Err(Unmade::Refused(_)) if group.len() > 1 => {
                group.into_iter().for_each(|edit| self.edit_group(vec![edit], journal));
            }
            Err(Unmade::Refused(refusal)) => {
                group.into_iter().for_each(|edit| answer(edit.reply, Err(refusal.clone())));
            }
        }
    }

    /// Makes the changes, has them written, and then served. Returns how many keys each
    /// edit changed. Where that fails, everything is as it was.
    fn serve_edits(
        &mut self,
        group: &[EditAsked],
        journal: &mut Journal,
    ) -> Result<Vec<usize>, Unmade> {
        let generation = next(self.generation);
        let (mut before, mut patches) = (Before::new(), Vec::new());
        let made = self.make(group, generation, &mut before, &mut patches);
        let made = made.and_then(|counts| {
            if !before.is_empty() {
                let records = records(group, generation, self.served.editor().len());
                let written = journal.append(&records);
                written.map_err(|error| Unmade::Unwritten(unwritten(&error)))?;
            }
            Ok(counts)
        });
        match made {
            Ok(_) if before.is_empty() => {}
            Ok(_) => {
                self.shards.patch(patches, generation);
                self.note(&group[0].who, generation);
            }
            Err(_) => self.take_back(before, patches),
        }
        made
    }

    /// Makes the changes here. Returns how many each edit made; `before` is what the
    /// keys were, `patches` what shards are to be told.
    fn make(
        &mut self,
        group: &[EditAsked],
        generation: u32,
        before: &mut Before,
        patches: &mut Vec<Patch>,
    ) -> Result<Vec<usize>, Unmade> {
        let mut counts = Vec::new();
        for asked in group {
            let from = before.len();
            for (key, change) in asked.edit.keys(self.served.changes()) {
                let old = self.served.changes().get(&key).cloned();
                if old == change {
                    continue;
                }
                let patch = self.served.change(&key, change, generation);
                patches.extend(patch.map_err(|problem| {
                    let why = format_args!("{key}: {problem}; nothing is changed");
                    Unmade::Refused(NotDone::new(Reason::Wrong, why))
                })?);
                before.push((key, old));
            }
            counts.push(before.len() - from);
        }
        Ok(counts)
    }

    /// Undoes changes that were made here. Shards are told of them and of their undoing
    /// together: the next patches build on both.
    fn take_back(&mut self, before: Before, mut patches: Vec<Patch>) {
        for (key, old) in before.into_iter().rev() {
            // What was there before has room.
            if let Ok(patch) = self.served.change(&key, old, self.generation) {
                patches.extend(patch);
            }
        }
        self.shards.patch(patches, self.generation);
    }

    /// Remembers what is served.
    fn note(&mut self, who: &Who, generation: u32) {
        self.generation = generation;
        self.generations.push(KeptGeneration {
            generation,
            at_us: unix_us(),
            who: who.clone(),
            links: self.served.editor().len(),
            table: self.table,
            files: self.generations.files(),
            held: None,
            changes: self.served.changes().clone(),
            base: None,
        });
    }
}

/// A group, as the journal tells it, and how many links there are since then.
fn records(group: &[EditAsked], generation: u32, links: usize) -> Vec<Recorded> {
    let at_us = unix_us();
    let told = group.iter().flat_map(|asked| {
        let who = &asked.who;
        asked.edit.deeds().into_iter().map(move |deed| (who.clone(), deed))
    });
    let links = (group[0].who.clone(), Deed::Links(links));
    let record = |(who, what)| Recorded { generation, at_us, who, what };
    told.chain([links]).map(record).collect()
}
