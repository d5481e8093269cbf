//! Changes of single links, as the desk makes them: those that wait together are
//! written and synced once.

use std::collections::BTreeMap;

use super::desk::{Desk, answer};
use super::editing::{self, CheckedEdit};
use super::generations::{KeptGeneration, MadeBy};
use super::journal::{Deed, Recorded};
use super::opening::next;
use super::sentences::failed;
use super::served::Served;
use super::who::Who;
use super::wish::{Asker, Done, Edit, NotDone, Wish};
use crate::limits::{EDITS_PER_GROUP_MAX, KEYS_PATCHED_MAX};
use crate::links::{Change, Patch};
use crate::machine::clock::unix_us;

struct EditAsked {
    checked: CheckedEdit,
    who: Who,
    reply: Asker,
}

impl Desk {
    /// Does this edit and those that wait behind it: together they are written and
    /// synced once.
    pub(super) fn edit(&mut self, edit: Edit, who: Who, reply: Asker) {
        let mut group = Vec::new();
        let mut next = Some(Wish::Edit { edit, who, reply });
        while let Some(ask) = next {
            match ask {
                Wish::Edit { edit, who, reply } => match editing::check(&edit) {
                    Ok(checked) => group.push(EditAsked { checked, who, reply }),
                    Err(refusal) => answer(reply, Err(refusal)),
                },
                other => {
                    self.put_off = Some(other);
                    break;
                }
            }
            if group.len() == EDITS_PER_GROUP_MAX {
                break;
            }
            next = self.wishes.try_recv().ok();
        }
        if !group.is_empty() {
            self.edit_group(group);
        }
    }

    fn edit_group(&mut self, group: Vec<EditAsked>) {
        match self.serve_edits(&group) {
            Ok(counts) => {
                let (generation, changes) = (self.generation, self.served.changes().len());
                for (edit, changed) in group.into_iter().zip(counts) {
                    answer(edit.reply, Ok(Done::Edited { generation, changed, changes }));
                }
            }
            // One of them cannot be done; which, is found by doing each alone.
            Err(_) if group.len() > 1 => {
                group.into_iter().for_each(|edit| self.edit_group(vec![edit]));
            }
            Err(refusal) => {
                if let Some(edit) = group.into_iter().next() {
                    answer(edit.reply, Err(refusal));
                }
            }
        }
    }

    /// Makes the changes, has them written, and then served. Returns how many keys each
    /// edit changed. Where that fails, everything is as it was.
    fn serve_edits(&mut self, group: &[EditAsked]) -> Result<Vec<usize>, NotDone> {
        let generation = next(self.generation);
        let count: usize = group.iter().map(|edit| edit.checked.len(self.served.changes())).sum();
        if self.served.is_crowded() || count > KEYS_PATCHED_MAX {
            return self.serve_anew(group);
        }
        let (mut before, mut patches) = (Vec::new(), Vec::new());
        let made = self.make(group, generation, &mut before, &mut patches);
        let made = made.and_then(|counts| {
            if !before.is_empty() {
                self.write(&records(group, generation, self.served.editor().len()))?;
            }
            Ok(counts)
        });
        match made {
            Ok(_) if before.is_empty() => {}
            Ok(_) => {
                self.shards.patch(patches, generation);
                self.note(group, generation, before);
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
        before: &mut Vec<(String, Option<Change>)>,
        patches: &mut Vec<Patch>,
    ) -> Result<Vec<usize>, NotDone> {
        let mut counts = Vec::new();
        for edit in group {
            let from = before.len();
            for (key, change) in edit.checked.keys(self.served.changes()) {
                let old = self.served.changes().get(&key).cloned();
                if old == change {
                    continue;
                }
                let patch = self.served.change(&key, change, generation);
                patches.extend(patch.map_err(|problem| {
                    NotDone::new(422, format_args!("{key}: {problem}; nothing is changed"))
                })?);
                before.push((key, old));
            }
            counts.push(before.len() - from);
        }
        Ok(counts)
    }

    /// Undoes changes that were made here. Shards are told of them and of their undoing
    /// together: the next patches build on both.
    fn take_back(&mut self, before: Vec<(String, Option<Change>)>, mut patches: Vec<Patch>) {
        for (key, old) in before.into_iter().rev() {
            // What was there before has room.
            if let Ok(patch) = self.served.change(&key, old, self.generation) {
                patches.extend(patch);
            }
        }
        self.shards.patch(patches, self.generation);
    }

    /// The same with new replicas for all shards: there is too little room for patches.
    fn serve_anew(&mut self, group: &[EditAsked]) -> Result<Vec<usize>, NotDone> {
        let generation = next(self.generation);
        let mut changes = self.served.changes().clone();
        let mut before = Vec::new();
        let mut counts = Vec::new();
        for edit in group {
            let from = before.len();
            for (key, change) in edit.checked.keys(&changes) {
                if changes.get(&key) != change.as_ref() {
                    let old = changes.put(&key, change);
                    before.push((key, old));
                }
            }
            counts.push(before.len() - from);
        }
        let served = Served::new(self.served.base().clone(), &changes).map_err(NotDone::clash)?;
        let replicas = self.shards.replicate(|| served.replicate(generation)).map_err(failed)?;
        self.write(&records(group, generation, served.editor().len()))?;
        self.shards.swap(replicas, generation);
        self.served = served;
        self.note(group, generation, before);
        Ok(counts)
    }

    /// Remembers that the group is served.
    fn note(
        &mut self,
        group: &[EditAsked],
        generation: u32,
        before: Vec<(String, Option<Change>)>,
    ) {
        self.generation = generation;
        let mut keys = BTreeMap::new();
        for (key, change) in before {
            // What it was first is what it was before the group.
            keys.entry(key).or_insert(change);
        }
        self.generations.push(KeptGeneration {
            generation,
            at_us: unix_us(),
            who: group[0].who.clone(),
            links: self.served.editor().len(),
            changes: self.served.changes().len(),
            table: self.table,
            files: self.generations.files(),
            held: None,
            made: MadeBy::Keys(keys),
        });
    }
}

/// A group, as the journal tells it, and how many links there are since then.
fn records(group: &[EditAsked], generation: u32, links: usize) -> Vec<Recorded> {
    let at_us = unix_us();
    let told = group.iter().flat_map(|edit| {
        let who = &edit.who;
        edit.checked.deeds().into_iter().map(move |deed| (who.clone(), deed))
    });
    let links = (group[0].who.clone(), Deed::Links(links));
    let record = |(who, what)| Recorded { generation, at_us, who, what };
    told.chain([links]).map(record).collect()
}
