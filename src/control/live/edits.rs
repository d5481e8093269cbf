//! Changes of single links, as the desk makes them: those that wait together are
//! written and synced once, and shards are told of them in one patch.

use super::counting::{absent, count_keys};
use super::desk::Desk;
use super::editing::CheckedEdit;
use super::generations::KeptGeneration;
use super::journal::{Deed, Journal, KeyCounts, Recorded};
use super::not_done::{NotDone, Reason};
use super::opening::next;
use super::order::Order;
use super::sentences::{say_edited, unwritten};
use super::who::Who;
use super::wish::{Asker, Done, Wish, answer};
use super::writing::look_at;
use crate::limits::{EDITS_PER_GROUP_MAX, KEYS_PATCHED_MAX};
use crate::links::{Change, Changes, Patch};
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
        self.journal.as_mut().into_iter().for_each(look_at);
        match self.journal.take() {
            Some(mut journal) if !journal.is_due() => {
                self.edit_all(EditAsked { edit, who, reply }, &mut journal);
                // Where a write failed, what was refused may be in the file. It is written
                // anew at once, so that no start finds it there.
                match journal.is_suspect() {
                    true => self.write(journal, None),
                    false => self.journal = Some(journal),
                }
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
            Ok(made) => {
                if let Some(making) = &mut self.making {
                    group.iter().for_each(|asked| making.since.note(&asked.edit));
                }
                for (asked, made) in group.into_iter().zip(made) {
                    made.tell(asked);
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

    /// Makes the changes, has them written, and then served: each edit that changes
    /// anything makes a generation of its own. Where that fails, everything is as it was.
    fn serve_edits(
        &mut self,
        group: &[EditAsked],
        journal: &mut Journal,
    ) -> Result<Vec<EditMade>, Unmade> {
        let (mut before, mut patches) = (Before::new(), Vec::new());
        let at_us = unix_us();
        let made = self.make(group, &mut before, &mut patches);
        let made = made.and_then(|made| {
            if !before.is_empty() {
                let effective = group.iter().zip(&made).filter(|(_, made)| made.changed > 0);
                let records: Vec<_> =
                    effective.flat_map(|(asked, made)| made.records(asked, at_us)).collect();
                let written = journal.append(&records);
                written.map_err(|error| Unmade::Unwritten(unwritten(&error)))?;
            }
            Ok(made)
        });
        match &made {
            Ok(_) if before.is_empty() => {}
            Ok(made) => {
                let last = made.last().map_or(self.generation, |made| made.generation);
                self.shards.patch(patches, last);
                for (asked, made) in group.iter().zip(made) {
                    self.note(&asked.who, at_us, made);
                }
            }
            Err(_) => self.take_back(before, patches),
        }
        made
    }

    /// Makes the changes here. Returns what each edit made; `before` is what the keys were,
    /// `patches` what shards are to be told.
    fn make(
        &mut self,
        group: &[EditAsked],
        before: &mut Before,
        patches: &mut Vec<Patch>,
    ) -> Result<Vec<EditMade>, Unmade> {
        let (mut all, mut last) = (Vec::new(), self.generation);
        for asked in group {
            asked.edit.check(self.served.changes()).map_err(Unmade::Refused)?;
            let (was, generation) = (self.served.changes().clone(), next(last));
            let mut changed = 0;
            for (key, change) in asked.edit.keys(&was) {
                let old = was.get(&key).cloned();
                if old == change {
                    continue;
                }
                let patch = self.served.change(&key, change, generation);
                patches.extend(patch.map_err(|problem| {
                    let why = format_args!("{key}: {problem}; nothing is changed");
                    Unmade::Refused(NotDone::new(Reason::Wrong, why))
                })?);
                before.push((key, old));
                changed += 1;
            }
            if changed > 0 {
                last = generation;
            }
            let (changes, files) = (self.served.changes().clone(), &self.served.base().table);
            all.push(EditMade {
                generation: last,
                changed,
                keys: count_keys(files, &was, &changes),
                absent: absent(files, &was, &asked.edit),
                links: self.served.editor().len(),
                changes,
            });
        }
        Ok(all)
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
    fn note(&mut self, who: &Who, at_us: u64, made: &EditMade) {
        if made.changed == 0 {
            return;
        }
        self.generation = made.generation;
        self.generations.push(KeptGeneration {
            generation: made.generation,
            at_us,
            who: who.clone(),
            links: made.links,
            table: self.table,
            files: self.generations.files(),
            held: None,
            changes: made.changes.clone(),
            base: None,
        });
    }
}

/// What an edit made.
struct EditMade {
    /// The generation that has it.
    generation: u32,
    /// How many keys are other ones.
    changed: usize,
    keys: KeyCounts,
    /// Keys that were unset and had no link.
    absent: Vec<String>,
    /// How many links there are since then.
    links: usize,
    /// The changes in force since then.
    changes: Changes,
}

impl EditMade {
    /// As the journal tells it.
    fn records(&self, asked: &EditAsked, at_us: u64) -> Vec<Recorded> {
        let Self { generation, keys, links, .. } = *self;
        let counted = [Deed::Links(links), Deed::Counted { of: generation, keys }];
        let deeds = asked.edit.deeds().into_iter().chain(counted);
        deeds.map(|what| Recorded { generation, at_us, who: asked.who.clone(), what }).collect()
    }

    /// Tells whoever asked, and the operator.
    fn tell(self, asked: EditAsked) {
        let Self { generation, changed, keys, absent, changes, .. } = self;
        let changes = changes.len();
        if changed > 0 {
            say_edited(&asked.edit.verb(), &asked.who, changed, keys, generation, changes);
        }
        answer(asked.reply, Ok(Done::Edited { generation, changed, changes, keys, absent }));
    }
}
